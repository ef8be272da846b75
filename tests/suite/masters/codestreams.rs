//! JPEG 2000 in TIFF: tiles that OpenJPEG makes, put into files of every kind that is about, and files of libvips.
//! Without loss, so that every sample must be what was put in.

use recto::picture::{Dimensions, Rect};

use super::damage::check_noise;
use crate::judge::writer::{Tiff, cut};
use crate::judge::{Bench, Picture, Raw, quantised, rendered, run, samples, smooth, text, tone};

const SIZE: Dimensions = Dimensions::new(203, 117);
const WINDOW: Rect = Rect::new(31, 13, 159, 101);

/// Samples of one codestream, by column, row and component.
#[derive(Clone, Copy)]
struct Piece<'a> {
    size: (u32, u32),
    bits: u32,
    /// As opj_compress takes it: the number of components, or how each is subsampled.
    components: &'a [(u32, u32)],
    transform: bool,
}

impl Piece<'_> {
    /// The codestream that OpenJPEG makes of it, without loss.
    fn codestream(&self, bench: &Bench, value: impl Fn(u32, u32, u32) -> u32) -> Vec<u8> {
        let mut planes = Vec::new();
        for (channel, (across, down)) in self.components.iter().enumerate() {
            for y in (0..self.size.1).step_by(*down as usize) {
                for x in (0..self.size.0).step_by(*across as usize) {
                    let sample = value(x, y, channel as u32).to_be_bytes();
                    planes.extend(&sample[if self.bits > 8 { 2 } else { 3 }..]);
                }
            }
        }
        let source = bench.file("piece.raw", &planes);
        let target = bench.path("piece.j2k");
        let steps: Vec<String> = self.components.iter().map(|(x, y)| format!("{x}x{y}")).collect();
        let ((width, height), count) = (self.size, self.components.len());
        let layout = format!("{width},{height},{count},{},u@{}", self.bits, steps.join(":"));
        let transform = if self.transform { "1" } else { "0" };
        run(
            "opj_compress",
            &["-i", text(&source), "-F", &layout, "-o", text(&target), "-n", "4", "-mct", transform],
        );
        std::fs::read(target).expect("a codestream")
    }
}

/// Codestreams of `side`, each of the samples from its place on; those at the edges are cropped or not.
fn pieces(
    bench: &Bench,
    (across, down): (u32, u32),
    cropped: bool,
    piece: &Piece,
    value: impl Fn(u32, u32, u32) -> u32,
) -> Vec<Vec<u8>> {
    let mut codestreams = Vec::new();
    for top in (0..SIZE.height).step_by(down as usize) {
        for left in (0..SIZE.width).step_by(across as usize) {
            let inside = (across.min(SIZE.width - left), down.min(SIZE.height - top));
            let size = if cropped { inside } else { (across, down) };
            let piece = Piece { size, ..*piece };
            codestreams.push(piece.codestream(bench, |x, y, c| value(left + x, top + y, c)));
        }
    }
    codestreams
}

fn check(bench: &Bench, tiff: &Tiff, expected: &Picture, tolerance: u8, what: &str) {
    let master = bench.file("m.tif", &tiff.bytes());
    rendered(&master, "full/max").assert_near(expected, tolerance, what);
    let part = rendered(&master, &format!("{WINDOW}/max"));
    part.assert_near(&expected.crop(WINDOW), tolerance, &format!("a window of {what}"));
}

#[test]
fn every_number_of_samples_and_depth() {
    let bench = Bench::new();
    for (photometric, count, bits) in [(1, 1, 8), (0, 1, 16), (2, 3, 8), (2, 3, 16), (2, 4, 8), (1, 1, 12)] {
        let has_alpha = count == 4;
        let level = |x, y, channel| quantised(tone(x, y, channel), 1 << bits);
        let most = (1 << bits) - 1;
        let expected = Picture::of(SIZE, count, |x, y, channel| {
            let light = ((level(x, y, channel) * 255 + most / 2) / most) as u8;
            if photometric == 0 { 255 - light } else { light }
        });
        let components = vec![(1, 1); count as usize];
        for (compression, cropped, big_endian) in [(34_712, false, false), (33_005, true, true)] {
            let piece = Piece { size: (0, 0), bits, components: &components, transform: count == 3 };
            let tiles = pieces(&bench, (64, 80), cropped, &piece, level);
            let tiff = Tiff::new(SIZE.width, SIZE.height, photometric, count as u16, bits as u16);
            let tiff = tiff.with(259, &[compression]).tiles(64, 80, tiles);
            let tiff = if has_alpha { tiff.with(338, &[2]) } else { tiff };
            let tiff = Tiff { big_endian, ..tiff };
            check(&bench, &tiff, &expected, 0, &format!("{count} of {bits} bits, {compression}"));
        }
    }
}

#[test]
fn strips_and_planes() {
    let bench = Bench::new();
    let level = |x, y, channel| quantised(tone(x, y, channel), 256);
    let expected = Picture::of(SIZE, 3, |x, y, channel| level(x, y, channel) as u8);
    let start = || Tiff::new(SIZE.width, SIZE.height, 2, 3, 8).with(259, &[34_712]);
    let together = Piece { size: (0, 0), bits: 8, components: &[(1, 1); 3], transform: true };
    let strips = pieces(&bench, (SIZE.width, 40), true, &together, level);
    check(&bench, &start().strips(40, strips), &expected, 0, "strips");
    let alone = Piece { components: &[(1, 1)], transform: false, ..together };
    let planes =
        (0..3).flat_map(|channel| pieces(&bench, (64, 64), false, &alone, |x, y, _| level(x, y, channel)));
    let planes = planes.collect();
    check(&bench, &start().with(284, &[2]).tiles(64, 64, planes), &expected, 0, "planes");
}

/// What libtiff shows of the same luma and chroma without compression.
#[test]
fn luma_and_chroma_of_aperio() {
    let bench = Bench::new();
    // The chroma of four columns is the same, so that none is lost where two share it.
    let code = |x: u32, y: u32, channel| {
        let x = if channel == 0 { x } else { x / 4 * 4 };
        16 + quantised(smooth(x, y, channel), 220)
    };
    let rows: Vec<u8> = samples(SIZE, 3).map(|(x, y, channel)| code(x, y, channel) as u8).collect();
    let plain = Tiff::new(SIZE.width, SIZE.height, 6, 3, 8).with(530, &[1, 1]);
    let plain = bench.file("plain.tif", &plain.strips(SIZE.height, vec![rows]).bytes());
    let judged = bench.path("judged.tif");
    run("tiff2rgba", &["-c", "none", "-n", text(&plain), text(&judged)]);
    let judged = bench.judged(&judged, "");
    for (photometric, chroma) in [(2, (1, 1)), (6, (1, 1)), (2, (2, 1)), (6, (2, 1))] {
        let components = [(1, 1), chroma, chroma];
        let piece = Piece { size: (0, 0), bits: 8, components: &components, transform: false };
        let tiff = Tiff::new(SIZE.width, SIZE.height, photometric, 3, 8)
            .with(259, &[33_003])
            .with(530, &[2, 2])
            .tiles(64, 64, pieces(&bench, (64, 64), false, &piece, code));
        // libtiff computes with tables of whole numbers.
        check(&bench, &tiff, &judged, 2, &format!("photometric {photometric}, chroma {chroma:?}"));
    }
    // What calls itself RGB is, though the file says otherwise.
    let piece = Piece { size: (0, 0), bits: 8, components: &[(1, 1); 3], transform: true };
    let tiff = Tiff::new(SIZE.width, SIZE.height, 6, 3, 8).with(259, &[33_005]).tiles(
        64,
        64,
        pieces(&bench, (64, 64), false, &piece, code),
    );
    check(&bench, &tiff, &Picture::of(SIZE, 3, |x, y, c| code(x, y, c) as u8), 0, "33005");
}

#[test]
fn files_of_libvips() {
    let bench = Bench::new();
    for (bands, interpretation) in [(1, "b-w"), (3, "srgb"), (4, "srgb")] {
        let level = |(x, y, band)| quantised(tone(x, y, band), 256) as u8;
        let bytes = samples(SIZE, bands).map(level).collect();
        let raw = Raw { size: SIZE, bands, format: "uchar", interpretation, bytes };
        for options in ["[compression=jp2k,lossless,tile,pyramid]", "[compression=jp2k,Q=60,tile]"] {
            let file = bench.vips_tiff("vips.tif", &raw, options);
            let judged = bench.judged(&file, "");
            // Three bands it stores as luma and chroma, and cuts off fractions on the way back.
            rendered(&file, "full/max").assert_near(&judged, 2, &format!("{bands} bands {options}"));
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let bench = Bench::new();
    let level = |x, y, channel| quantised(tone(x, y, channel), 256);
    let piece = |size, count: usize| {
        let components = vec![(1, 1); count];
        Piece { size, bits: 8, components: &components, transform: false }.codestream(&bench, level)
    };
    for (what, codestream) in [
        ("too small", piece((63, 64), 3)),
        ("too large", piece((64, 65), 3)),
        ("too few components", piece((64, 64), 1)),
        ("too many components", piece((64, 64), 5)),
        ("no codestream", cut(&[0; 64 * 64 * 3], 64, 3, (64, 64)).remove(0)),
    ] {
        let tiff = Tiff::new(64, 64, 2, 3, 8).with(259, &[34_712]).tiles(64, 64, vec![codestream]);
        let file = bench.file("odd.tif", &tiff.bytes());
        let output = crate::judge::recto(&file, "full/max/0/default.png");
        assert_eq!(output.status.code(), Some(1), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn noise_in_codestreams() {
    let bench = Bench::new();
    let level = |x, y, channel| quantised(tone(x, y, channel), 256);
    let piece = Piece { size: (0, 0), bits: 8, components: &[(1, 1); 3], transform: true };
    let tiles = pieces(&bench, (64, 64), false, &piece, level);
    let tiff = Tiff::new(SIZE.width, SIZE.height, 2, 3, 8).with(259, &[34_712]).tiles(64, 64, tiles);
    check_noise(&tiff.bytes(), "JPEG 2000 in TIFF", 14 * 12 * 8, |file| file);
}
