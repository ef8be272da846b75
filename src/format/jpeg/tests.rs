//! Streams that are not as they should be: the pixels are those of the sound one, or there are none.

use turbojpeg::{Compressor, Image, PixelFormat, ScalingFactor, Subsamp};

use super::Decoder;
use super::assemble::mended;
use super::marker::{self, DRI, SOF0, SOS, Segment};
use crate::error::MasterError;
use crate::watch::Watch;

const SIDE: usize = 64;

fn sample(x: usize, y: usize, channel: usize) -> u8 {
    let noise = ((x * 7919 + y * 104_729 + channel * 31) as u32).wrapping_mul(2_654_435_761) >> 27;
    (100.0 + 80.0 * ((x + 20 * channel) as f64 / 9.0).sin() * (y as f64 / 7.0).cos() + f64::from(noise)) as u8
}

fn encoded(
    rows: std::ops::Range<usize>,
    format: PixelFormat,
    sampling: Subsamp,
    change: impl Fn(&mut Compressor),
) -> Vec<u8> {
    let (channels, height) = (format.size(), rows.len());
    let places = rows.flat_map(|y| (0..SIDE).map(move |x| (x, y)));
    let pixels: Vec<u8> = places.flat_map(|(x, y)| (0..channels).map(move |c| sample(x, y, c))).collect();
    let image = Image { pixels: &pixels[..], width: SIDE, pitch: SIDE * channels, height, format };
    let mut compressor = Compressor::new().expect("a compressor");
    compressor.set_quality(85).expect("in range");
    compressor.set_subsamp(sampling).expect("known");
    change(&mut compressor);
    compressor.compress_to_vec(image).expect("a JPEG")
}

/// Gray in eight rows of blocks with a restart marker between them: what comes before the data, and the data of each.
fn restarting() -> (Vec<u8>, Vec<Vec<u8>>) {
    let strips: Vec<_> =
        (0..8).map(|n| encoded(n * 8..n * 8 + 8, PixelFormat::GRAY, Subsamp::Gray, |_| {})).collect();
    let start = strips[0].windows(2).position(|two| two == [0xff, 0xda]).expect("a scan");
    let mut head = strips[0][..start].to_vec();
    let frame = head.windows(2).position(|two| two == [0xff, 0xc0]).expect("a frame");
    head[frame + 5..frame + 7].copy_from_slice(&(SIDE as u16).to_be_bytes());
    marker::push(DRI, &[&[0, 8]], &mut head);
    head.extend(&strips[0][start..start + 10]);
    (head, strips.iter().map(|strip| strip[start + 10..strip.len() - 2].to_vec()).collect())
}

/// The data of rows with these numbers between them.
fn joined(head: &[u8], rows: &[Vec<u8>], number: impl Fn(usize) -> usize) -> Vec<u8> {
    let mut stream = head.to_vec();
    for (n, row) in rows.iter().enumerate() {
        if n > 0 {
            stream.extend([0xff, 0xd0 + (number(n - 1) % 8) as u8]);
        }
        stream.extend(row);
    }
    stream.extend([0xff, 0xd9]);
    stream
}

fn decoded(stream: &[u8]) -> Result<Vec<u8>, MasterError> {
    let decoder = Decoder::open(stream)?;
    let header = decoder.header();
    let format = if header.subsamp == Subsamp::Gray { PixelFormat::GRAY } else { PixelFormat::RGB };
    let (width, height, pitch) = (header.width, header.height, header.width * format.size());
    let mut pixels = vec![0; pitch * height];
    let image = Image { pixels: &mut pixels[..], width, pitch, height, format };
    decoder.decode(ScalingFactor::ONE, image, &Watch::unlimited()).map(|()| pixels)
}

/// Streams of every kind that there is in Huffman codes.
fn kinds() -> Vec<(&'static str, Vec<u8>)> {
    let (rgb, gray) = (PixelFormat::RGB, PixelFormat::GRAY);
    let progressive = |compressor: &mut Compressor| compressor.set_progressive(true).expect("set");
    let (head, rows) = restarting();
    vec![
        ("gray", encoded(0..61, gray, Subsamp::Gray, |_| {})),
        ("4:4:4", encoded(0..61, rgb, Subsamp::None, |_| {})),
        ("4:2:0", encoded(0..61, rgb, Subsamp::Sub2x2, |_| {})),
        ("restarts", joined(&head, &rows, |n| n)),
        ("progressive gray", encoded(0..61, gray, Subsamp::Gray, progressive)),
        ("progressive 4:4:4", encoded(0..61, rgb, Subsamp::None, progressive)),
        ("progressive 4:2:0", encoded(0..61, rgb, Subsamp::Sub2x2, progressive)),
        ("a scan for each component", one_by_one()),
    ]
}

/// Red, green and blue in scans of their own, as three gray pictures.
fn one_by_one() -> Vec<u8> {
    let gray = encoded(0..64, PixelFormat::GRAY, Subsamp::Gray, |_| {});
    let (mut stream, mut rest) = (vec![0xff, 0xd8], &gray[2..]);
    loop {
        let Segment { marker, content, after } = marker::next(rest).expect("whole").expect("a marker");
        rest = after;
        match marker {
            SOF0 => {
                let components = [3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0];
                marker::push(marker, &[&content[..5], &components], &mut stream);
            }
            SOS => break,
            _ => marker::push(marker, &[content], &mut stream),
        }
    }
    for id in 1..=3 {
        marker::push(SOS, &[&[1, id, 0, 0, 63, 0]], &mut stream);
        stream.extend(&rest[..rest.len() - 2]);
    }
    stream.extend([0xff, 0xd9]);
    stream
}

#[test]
fn sound_streams_stay_what_they_are() {
    for (what, stream) in kinds() {
        assert!(mended(&stream, &Watch::unlimited()).as_deref() == Some(&stream[..]), "{what}");
    }
}

#[test]
fn what_carries_no_pixels_does_not_matter() {
    for (what, stream) in kinds() {
        let whole = decoded(&stream).expect("whole");
        let body = &stream[..stream.len() - 2];
        for zeros in [1, 2, 700] {
            let padded = [body, &vec![0; zeros], &[0xff, 0xd9]].concat();
            assert_eq!(decoded(&padded), Ok(whole.clone()), "{what}: {zeros} zeros before EOI");
        }
        for end in [&[][..], &[0], &[0; 9], &[7, 1, 9, 0xff, 0xd9], &[0xff, 0xff, 0xff, 0xd9], &[0xff]] {
            assert_eq!(decoded(&[body, end].concat()), Ok(whole.clone()), "{what}: {end:?} at the end");
        }
        assert_eq!(decoded(&[&stream[..], &[1, 2, 0xff, 0xd8, 0xff]].concat()), Ok(whole), "{what}: more");
    }
}

#[test]
fn bytes_before_any_marker_are_passed_over() {
    for (what, stream) in kinds() {
        let whole = decoded(&stream).expect("whole");
        let start = stream.windows(2).position(|two| two == [0xff, 0xda]).expect("a scan");
        let is_marker = |at: &usize| stream[*at] == 0xff && stream.get(at + 1).is_some_and(|next| *next > 0);
        let places: Vec<_> = (start + 20..stream.len()).filter(is_marker).collect();
        for at in places {
            let odd = [&stream[..at], &[3, 0, 0xff, 0], &stream[at..]].concat();
            assert_eq!(decoded(&odd), Ok(whole.clone()), "{what}: bytes at {at}");
        }
    }
}

#[test]
fn numbers_of_restarts_do_not_matter_but_their_places_do() {
    let (head, rows) = restarting();
    let whole = decoded(&joined(&head, &rows, |n| n)).expect("whole");
    for shift in 0..8 {
        assert_eq!(decoded(&joined(&head, &rows, |n| n + shift)), Ok(whole.clone()), "{shift} too far");
        for wrong in 0..7 {
            let one = joined(&head, &rows, |n| if n == wrong { n + shift } else { n });
            assert_eq!(decoded(&one), Ok(whole.clone()), "{wrong} is {shift} too far");
        }
    }
    for lost in 0..8 {
        let fewer = [&rows[..lost], &rows[lost + 1..]].concat();
        assert!(decoded(&joined(&head, &fewer, |n| n)).is_err(), "row {lost} is missing");
        assert!(decoded(&joined(&head, &fewer, |n| if n < lost { n } else { n + 1 })).is_err());
    }
}

/// libjpeg-turbo reports only its first warning.
#[test]
fn a_harmless_warning_hides_no_other() {
    let (head, mut rows) = restarting();
    rows[1].extend([1, 2, 3]);
    assert!(decoded(&joined(&head, &rows, |n| n)).is_ok());
    assert!(decoded(&joined(&head, &rows, |n| n + 3)).is_ok());
    for later in 2..8 {
        let mut damaged = rows.clone();
        let length = damaged[later].len();
        damaged[later].truncate(length - 4);
        for shift in [0, 3] {
            let said = decoded(&joined(&head, &damaged, |n| n + shift));
            assert!(matches!(said, Err(MasterError::Damaged(_))), "row {later}");
        }
    }
}

#[test]
fn what_is_cut_is_damaged() {
    for (what, stream) in kinds() {
        let start = stream.windows(2).position(|two| two == [0xff, 0xda]).expect("a scan");
        for length in (start..stream.len() - 40).step_by(5) {
            for end in [&[][..], &[0xff, 0xd9], &[0, 0, 0, 0xff, 0xd9]] {
                let cut = [&stream[..length], end].concat();
                // A picture in several scans may end behind any of them, if it says so.
                let may_end = what.contains("scan") || what.contains("progressive");
                if end.is_empty() || !may_end {
                    assert!(decoded(&cut).is_err(), "{what}: {length} bytes and {end:?}");
                }
            }
        }
    }
}

/// Whatever a byte is turned to, no panic; and what is said to be whole is decoded without a warning.
#[test]
fn noise_is_mended_to_what_decodes_or_not_at_all() {
    let mut state = 1u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(state) * below as u64) >> 32) as usize
    };
    let mut met = 0;
    for (what, stream) in kinds() {
        for _ in 0..400 {
            let mut damaged = stream.clone();
            for _ in 0..1 + random(2) {
                let at = 2 + random(damaged.len() - 2);
                damaged[at] = random(256) as u8;
            }
            let _ = decoded(&damaged);
            if let Some(mended) = mended(&damaged, &Watch::unlimited()) {
                met += usize::from(decoded(&mended).is_ok());
                assert!(
                    super::assemble::mended(&mended, &Watch::unlimited()).as_deref() == Some(&mended[..]),
                    "{what}"
                );
            }
        }
    }
    assert!(met > 500, "the test is blind: {met}");
}
