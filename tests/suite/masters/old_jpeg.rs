//! Old-style JPEG, as several kinds of programs understood TIFF 6.0 section 22: parts of a stream in all places where
//! they are found. Made of the streams of libjpeg-turbo, which also decodes them alone; libtiff reads the files too.

use recto::picture::{Dimensions, Rect};
use turbojpeg::{Image, PixelFormat, Subsamp};

use super::damage::check_noise;
use crate::judge::writer::{Tiff, cut};
use crate::judge::{Bench, Picture, quantised, recto, rendered, run, samples, smooth, text};

/// Rows of whole MCUs, except the last.
const SIZE: Dimensions = Dimensions::new(203, 117);
const STRIP: u32 = 48;
const WINDOW: Rect = Rect::new(31, 13, 159, 101);

/// A picture in one stream or several, and how libjpeg-turbo decodes these.
struct Streams {
    count: u32,
    subsampling: Subsamp,
    streams: Vec<Stream>,
    decoded: Picture,
}

/// A JPEG stream and its parts.
struct Stream {
    whole: Vec<u8>,
    /// From SOI to the end of SOS.
    header: Vec<u8>,
    /// The entropy-coded data.
    data: Vec<u8>,
}

impl Stream {
    fn of(whole: Vec<u8>) -> Self {
        let sos = whole.windows(2).position(|marker| marker == [0xff, 0xda]).expect("SOS");
        let (header, rest) = whole.split_at(sos + 2 + usize::from(whole[sos + 3]));
        let (header, data) = (header.to_vec(), rest[..rest.len() - 2].to_vec());
        Self { whole, header, data }
    }

    /// The contents of the segments of a marker, without the number of the table that begins them.
    fn tables(&self, marker: u8, class: u8) -> Vec<Vec<u8>> {
        let (mut rest, mut found) = (&self.header[2..], Vec::new());
        while let [0xff, kind, high, low, ..] = rest {
            let (segment, after) = rest.split_at(2 + usize::from(u16::from_be_bytes([*high, *low])));
            if *kind == marker && segment[4] & 0xf0 == class {
                found.push(segment[5..].to_vec());
            }
            rest = after;
        }
        found
    }
}

impl Streams {
    /// One stream for every `height` rows, `width` columns of them.
    fn new(count: u32, subsampling: Subsamp, (width, height): (u32, u32)) -> Self {
        let level = |(x, y, channel)| quantised(smooth(x, y, channel), 256) as u8;
        let rows: Vec<u8> = samples(SIZE, count).map(level).collect();
        let sides = (width as usize, height as usize);
        let format = if count == 1 { PixelFormat::GRAY } else { PixelFormat::RGB };
        let mut decoded = Picture::of(SIZE, count, |_, _, _| 0);
        let (mut left, mut top, mut streams) = (0, 0, Vec::new());
        for pixels in cut(&rows, SIZE.width as usize, count as usize, sides) {
            let (pitch, height) = (sides.0 * count as usize, pixels.len() / (sides.0 * count as usize));
            let image = Image { pixels: &pixels[..], width: sides.0, pitch, height, format };
            let stream = turbojpeg::compress(image, 85, subsampling).expect("compressed").to_vec();
            let back = turbojpeg::decompress(&stream, format).expect("decompressed");
            for y in 0..height.min(SIZE.height as usize - top) {
                let row = width.min(SIZE.width - left as u32) as usize * count as usize;
                let to = ((top + y) * SIZE.width as usize + left) * count as usize;
                decoded.pixels[to..to + row].copy_from_slice(&back.pixels[y * back.pitch..][..row]);
            }
            streams.push(Stream::of(stream));
            left += sides.0;
            if left >= SIZE.width as usize {
                (left, top) = (0, top + sides.1);
            }
        }
        Self { count, subsampling, streams, decoded }
    }

    /// A TIFF of these pieces, with `before` in front of them, from its byte 8 on.
    fn tiff(&self, before: &[u8], pieces: Vec<Vec<u8>>) -> Tiff {
        let photometric = if self.count == 1 { 1 } else { 6 };
        let (mut at, mut offsets) = (8 + before.len() as u64, Vec::new());
        for piece in &pieces {
            offsets.push(at);
            at += piece.len() as u64;
        }
        let lengths: Vec<u64> = pieces.iter().map(|piece| piece.len() as u64).collect();
        let rows = if self.streams.len() == 1 { SIZE.height } else { STRIP };
        let (across, down) = (self.subsampling.mcu_width() / 8, self.subsampling.mcu_height() / 8);
        Tiff::new(SIZE.width, SIZE.height, photometric, self.count as u16, 8)
            .with(259, &[6])
            .with(273, &offsets)
            .with(279, &lengths)
            .with(530, &[across as u64, down as u64])
            .strips(rows, [vec![before.to_vec()], pieces].concat())
    }

    /// Quantisation, DC and AC tables one after the other, and tags with the offsets of those of each component.
    fn tables(&self) -> (Vec<u8>, Vec<(u16, Vec<u64>)>) {
        let (mut blob, mut tags) = (Vec::new(), Vec::new());
        for (tag, marker, class) in [(519, 0xdb, 0), (520, 0xc4, 0), (521, 0xc4, 0x10)] {
            let mut offsets = Vec::new();
            for table in self.streams[0].tables(marker, class) {
                offsets.push(8 + blob.len() as u64);
                blob.extend(table);
            }
            offsets.resize(self.count as usize, offsets[offsets.len() - 1]);
            tags.push((tag, offsets));
        }
        (blob, tags)
    }

    /// A TIFF as TIFF 6.0 asks for it: tables that tags point to, and data.
    fn by_tables(&self) -> Tiff {
        let (tables, tags) = self.tables();
        let tiff = self.tiff(&tables, self.data()).with(512, &[1]);
        tags.iter().fold(tiff, |tiff, (tag, values)| tiff.with(*tag, values))
    }

    fn data(&self) -> Vec<Vec<u8>> {
        self.streams.iter().map(|stream| stream.data.clone()).collect()
    }

    fn whole(&self) -> Vec<Vec<u8>> {
        self.streams.iter().map(|stream| stream.whole.clone()).collect()
    }

    /// The file shows what the streams do.
    fn check(&self, tiff: &Tiff, what: &str) {
        self.check_file(&tiff.bytes(), what);
    }

    fn check_file(&self, file: &[u8], what: &str) {
        let bench = Bench::new();
        let master = bench.file("old.tif", file);
        rendered(&master, "full/max").assert_near(&self.decoded, 0, what);
        let part = rendered(&master, &format!("{WINDOW}/max"));
        part.assert_near(&self.decoded.crop(WINDOW), 0, &format!("a window of {what}"));
    }

    /// So says libtiff, which spreads chroma in another way.
    fn check_by_libtiff(&self, tiff: &Tiff, what: &str) {
        self.check(tiff, what);
        let bench = Bench::new();
        let (master, judged) = (bench.file("old.tif", &tiff.bytes()), bench.path("judged.tif"));
        run("tiff2rgba", &["-c", "none", "-n", text(&master), text(&judged)]);
        let judged = bench.judged(&judged, "");
        let expected = match self.count {
            1 => Picture::of(SIZE, 3, |x, y, _| self.decoded.pixel(x, y)[0]),
            _ => self.decoded.clone(),
        };
        let tolerance = if matches!(self.subsampling, Subsamp::Sub2x2 | Subsamp::Sub2x1) { 20 } else { 2 };
        judged.assert_near(&expected, tolerance, &format!("libtiff, {what}"));
    }
}

const KINDS: [(u32, Subsamp); 4] =
    [(1, Subsamp::Gray), (3, Subsamp::None), (3, Subsamp::Sub2x2), (3, Subsamp::Sub2x1)];

/// One stream is the picture, whatever strips there are.
#[test]
fn a_stream_of_all() {
    for (count, subsampling) in KINDS {
        let made = Streams::new(count, subsampling, (SIZE.width, SIZE.height));
        let stream = &made.streams[0];
        let (length, start) = (stream.whole.len() as u64, stream.header.len() as u64);
        let tiff = made.tiff(&[], vec![stream.whole.clone()]).with(512, &[1]);
        made.check_by_libtiff(&tiff.clone().with(513, &[8]).with(514, &[length]), "a stream");
        let inner = tiff.clone().with(513, &[8]).with(514, &[length]);
        let inner = inner.with(273, &[8 + start]).with(279, &[stream.data.len() as u64]);
        made.check_by_libtiff(&inner, "a stream, and its data as a strip");
        made.check_by_libtiff(&tiff, "a stream as a strip");
        made.check_by_libtiff(&tiff.clone().with(513, &[8]), "a stream without its length");
        let lie = tiff.with(513, &[8]).with(514, &[0xffff_0000]);
        made.check_by_libtiff(&lie, "a stream longer than the file");
    }
}

#[test]
fn headers_apart_from_data() {
    for (count, subsampling) in KINDS {
        for height in [SIZE.height, STRIP] {
            let made = Streams::new(count, subsampling, (SIZE.width, height));
            // It gives the rows of all strips.
            let header = &mut made.streams[0].header.clone();
            let sof = header.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("SOF");
            header[sof + 5..sof + 7].copy_from_slice(&(SIZE.height as u16).to_be_bytes());
            let what = format!("{count} of {subsampling:?}, strips of {height}");
            let apart = made.tiff(header, made.data()).with(513, &[8]).with(514, &[header.len() as u64]);
            made.check_by_libtiff(&apart, &format!("headers apart, {what}"));
            let mut first = made.data();
            first[0] = [&header[..], &first[0]].concat();
            made.check_by_libtiff(&made.tiff(&[], first), &format!("headers in the first piece, {what}"));
            made.check(&made.tiff(&[], made.whole()), &format!("whole streams, {what}"));
            made.check_by_libtiff(&made.by_tables(), &format!("tables, {what}"));
        }
    }
}

/// Restarts after each row of MCUs, numbered through all strips; the one between two strips ends the first, or is left
/// out. Each row is made as a stream of its own, which is what a restart makes of it.
#[test]
fn restarts_within_strips() {
    let made = Streams::new(1, Subsamp::Gray, (SIZE.width, 8));
    let rows_per_strip = 3;
    let interval = SIZE.width.div_ceil(8) as u8;
    let scan = made.streams[0].header.len() - 10;
    let (tables, sos) = made.streams[0].header.split_at(scan);
    let header = [tables, &[0xff, 0xdd, 0, 4, 0, interval], sos].concat();
    let marked = |(n, stream): (usize, &Stream)| [&stream.data[..], &[0xff, 0xd0 | (n as u8 % 8)]].concat();
    let rows: Vec<Vec<u8>> = made.streams.iter().enumerate().map(marked).collect();
    for with_last in [true, false] {
        let strip = |rows: &[Vec<u8>]| {
            let mut strip = rows.concat();
            strip.truncate(strip.len() - if with_last { 0 } else { 2 });
            strip
        };
        let strips: Vec<Vec<u8>> = rows.chunks(rows_per_strip).map(strip).collect();
        let tiff = made.tiff(&header, strips).with(513, &[8]).with(514, &[header.len() as u64]);
        let tiff = tiff.with(278, &[8 * rows_per_strip as u64]);
        made.check(&tiff, &format!("restarts between strips: {with_last}"));
    }
}

#[test]
fn tiles() {
    let made = Streams::new(3, Subsamp::Sub2x2, (64, 48));
    let tiff = made.by_tables();
    let (offsets, lengths) = (value(&tiff, 273), value(&tiff, 279));
    let tiff = tiff.with(322, &[64]).with(323, &[48]).with(324, &offsets).with(325, &lengths);
    made.check(&tiff, "tiles");
}

fn value(tiff: &Tiff, tag: u16) -> Vec<u64> {
    tiff.tags.iter().find(|(have, _)| *have == tag).expect("set").1.clone()
}

/// Some writers leave out what the stream has too, or call YCbCr by another name.
#[test]
fn tags_that_are_missing_or_wrong() {
    let made = Streams::new(3, Subsamp::Sub2x2, (SIZE.width, SIZE.height));
    let length = made.streams[0].whole.len() as u64;
    let tiff = made.tiff(&[], made.whole()).with(513, &[8]).with(514, &[length]);
    for missing in [&[258, 277, 530][..], &[262], &[273, 279], &[278]] {
        made.check_file(&without(tiff.bytes(), missing), &format!("without {missing:?}"));
    }
    made.check_by_libtiff(&tiff.with(262, &[2]), "called RGB");
}

/// A file with these tags under a number that means nothing.
fn without(mut file: Vec<u8>, missing: &[u16]) -> Vec<u8> {
    let directory = u32::from_le_bytes([file[4], file[5], file[6], file[7]]) as usize;
    let entries = file.len() - 4;
    for entry in file[directory + 2..entries].chunks_mut(12) {
        if missing.contains(&u16::from_le_bytes([entry[0], entry[1]])) {
            entry[..2].copy_from_slice(&65_000u16.to_le_bytes());
        }
    }
    file
}

#[test]
fn what_is_missing_is_an_error() {
    let made = Streams::new(3, Subsamp::Sub2x2, (SIZE.width, STRIP));
    let bench = Bench::new();
    let header = &made.streams[0].header;
    let apart = made.tiff(header, made.data()).with(513, &[8]).with(514, &[header.len() as u64]);
    let mut cut_off = apart.clone();
    cut_off.pieces[2].truncate(100);
    for (what, tiff) in [
        ("no tables", made.tiff(&[], made.data())),
        ("a strip that ends", cut_off.with(279, &made.data().iter().map(|_| 100).collect::<Vec<u64>>())),
        ("headers that end", apart.clone().with(514, &[100])),
        ("planes", apart.with(284, &[2])),
    ] {
        let output = recto(&bench.file("old.tif", &tiff.bytes()), "full/max/0/default.png");
        assert_eq!(output.status.code(), Some(1), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn noise_in_old_style_jpeg() {
    let made = Streams::new(3, Subsamp::Sub2x2, (SIZE.width, STRIP));
    check_noise(&made.by_tables().bytes(), "tables", 16 * 12 * 8, |file| file);
    let header = &made.streams[0].header;
    let apart = made.tiff(header, made.data()).with(513, &[8]).with(514, &[header.len() as u64]);
    check_noise(&apart.bytes(), "headers apart", 14 * 12 * 8, |file| file);
}
