//! Masters of every kind over an object that has only the bytes announced: they must give the same results as the same
//! file on disk.

mod jp2;
mod opening;

use std::io::Write;

use super::*;
use crate::error::Error;
use crate::ifd::{Field, Layout, tag};
use crate::picture::{Channels, Depth, Dimensions};
use crate::pyramid::{self, Compression, Pixels, Settings, Subsampling, Tags};
use crate::source::object::tests::Remote;
use crate::source::{Found, Opened};

const SIZE: Dimensions = Dimensions { width: 300, height: 200 };
const TILE: u32 = 64;

/// The values of bytes that were not announced: each leads to another mistake when it is read.
const POISONS: [u8; 3] = [0, 0xff, 0x5a];

/// A query to a master.
#[derive(Clone, Copy, Debug)]
enum Query {
    Pages,
    IccProfile(usize),
    Metadata,
    Window(usize, Rect),
    DeepWindow(usize, Rect),
    Stored(usize, Tile),
}

/// A file that was found, with these contents.
fn found(bytes: &[u8], page: u32) -> Found {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("written");
    let identity = Identity::of(&file.metadata().expect("there"));
    Found { opened: Opened::File(file), identity, source: 0, path: String::new(), page }
}

fn on_disk(bytes: &[u8], page: u32) -> Master {
    Master::read(found(bytes, page), None).expect("a master")
}

fn far_away(bytes: &[u8], page: u32, poison: u8) -> (Rc<Remote>, Result<Master, Error>) {
    let remote = Rc::new(Remote::new(bytes.to_vec(), poison));
    (Rc::clone(&remote), Master::of(remote, found(bytes, page), None))
}

fn answer(master: &Master, query: Query) -> String {
    let decoder = &mut Decoder::default();
    match query {
        Query::Pages => format!("{:?}", master.pages()),
        Query::IccProfile(level) => format!("{:?}", master.icc_profile(level)),
        Query::Metadata => format!("{:?}", master.metadata()),
        Query::Window(level, window) => format!("{:?}", master.decode::<u8>(decoder, level, window)),
        Query::DeepWindow(level, window) => format!("{:?}", master.decode::<u16>(decoder, level, window)),
        Query::Stored(level, tile) => format!("{:?}", master.stored(level, tile)),
    }
}

/// All queries to a master of this description.
fn queries(description: &Description) -> Vec<Query> {
    let mut queries = vec![Query::Pages, Query::Metadata];
    for (number, level) in description.levels.iter().enumerate() {
        let Dimensions { width, height } = level.dimensions;
        let (right, bottom) = (width.min(40), height.min(30));
        let corner = Rect::new(width - right, height - bottom, right, bottom);
        let (columns, rows) = (width.div_ceil(level.tile.width), height.div_ceil(level.tile.height));
        queries.extend([
            Query::IccProfile(number),
            Query::Window(number, Rect::whole(level.dimensions)),
            Query::Window(number, Rect::new(width / 3, height / 3, width / 4, height / 4)),
            Query::DeepWindow(number, corner),
            Query::Stored(number, Tile { column: 0, row: 0 }),
            Query::Stored(number, Tile { column: columns - 1, row: rows - 1 }),
        ]);
    }
    queries
}

/// Runs all queries on a page, each on a newly opened master. Returns whether the file was fetched as a whole.
#[track_caller]
fn check(what: &str, bytes: &[u8], page: u32) -> bool {
    let master = on_disk(bytes, page);
    let mut was_whole = false;
    for query in queries(&master.description) {
        let expected = answer(&master, query);
        assert!(expected.starts_with("Ok"), "{what}: {query:?}: {expected}");
        for poison in POISONS {
            let (remote, other) = far_away(bytes, page, poison);
            let other = other.unwrap_or_else(|error| panic!("{what}, {poison:#x}: {error}"));
            assert_eq!(other.description, master.description, "{what}, {poison:#x}");
            assert_eq!(other.scale(), master.scale(), "{what}, {poison:#x}");
            assert!(answer(&other, query) == expected, "{what}, {poison:#x}: {query:?}");
            was_whole |= remote.was_whole.get();
        }
    }
    was_whole
}

/// The samples of a row of a picture, different everywhere.
fn row(y: u32, width: u32) -> impl Iterator<Item = u8> {
    (0..width).map(move |x| ((x * x / 37) ^ (y * y / 29) ^ (x * y / 41)) as u8)
}

/// A TIFF being written: its pieces come first, the directories that describe them last.
struct Tiff {
    layout: Layout,
    bytes: Vec<u8>,
}

impl Tiff {
    fn new(layout: Layout) -> Self {
        Self { layout, bytes: layout.header(0).expect("short") }
    }

    /// Adds the pieces of a gray picture, each as `stored` makes it of its rows; returns the fields that describe it.
    fn add(
        &mut self,
        size: Dimensions,
        piece: Dimensions,
        stored: impl Fn(Vec<u8>) -> Vec<u8>,
    ) -> Vec<Field> {
        let (mut offsets, mut counts) = (Vec::new(), Vec::new());
        for top in (0..size.height).step_by(piece.height as usize) {
            for left in (0..size.width).step_by(piece.width as usize) {
                let rows = top..top + piece.height;
                let part = |y| row(y, left + piece.width).skip(left as usize);
                let bytes = stored(rows.flat_map(part).collect());
                offsets.push(self.bytes.len() as u64);
                counts.push(bytes.len() as u64);
                self.bytes.extend(bytes);
            }
        }
        vec![
            Field::long(tag::IMAGE_WIDTH, size.width),
            Field::long(tag::IMAGE_LENGTH, size.height),
            Field::long(tag::TILE_WIDTH, piece.width),
            Field::long(tag::TILE_LENGTH, piece.height),
            Field::offsets(tag::TILE_OFFSETS, self.layout, &offsets).expect("short"),
            Field::offsets(tag::TILE_BYTE_COUNTS, self.layout, &counts).expect("short"),
        ]
    }

    /// Writes a directory; returns where it is.
    fn directory(&mut self, fields: Vec<Field>, last: bool) -> u64 {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let at = self.bytes.len() as u64;
        self.bytes.extend(self.layout.directory(fields, at, last).expect("short"));
        at
    }

    /// The file, whose first directory is at `first`.
    fn file(mut self, first: u64) -> Vec<u8> {
        let header = self.layout.header(first).expect("short");
        self.bytes[..header.len()].copy_from_slice(&header);
        self.bytes
    }
}

/// What a directory says of a gray picture beside its pieces.
fn gray() -> Vec<Field> {
    vec![
        Field::shorts(tag::BITS_PER_SAMPLE, &[8]),
        Field::shorts(tag::PHOTOMETRIC_INTERPRETATION, &[1]),
        Field::shorts(tag::SAMPLES_PER_PIXEL, &[1]),
    ]
}

/// The fields of a directory that a server carries on.
fn words() -> Vec<Field> {
    let xmp = format!("<rdf:RDF>{}</rdf:RDF>", "<!-- history -->".repeat(600));
    vec![
        Field::text(tag::ARTIST, "A. Photographer of long standing"),
        Field::rationals(tag::X_RESOLUTION, &[300]),
        Field::rationals(tag::Y_RESOLUTION, &[300]),
        Field::bytes(tag::ICC_PROFILE, &row(3, 20_000).collect::<Vec<_>>()),
        Field::octets(tag::XMP, xmp.as_bytes()),
    ]
}

/// Three levels of tiles, all in the chain or those that are reduced below the first.
fn levels(layout: Layout, below: bool) -> Vec<u8> {
    let mut tiff = Tiff::new(layout);
    let tile = Dimensions::new(TILE, TILE);
    let mut directories = Vec::new();
    for halvings in 0..3 {
        let size = Dimensions::new(SIZE.width >> halvings, SIZE.height >> halvings);
        let mut fields = [tiff.add(size, tile, |rows| rows), gray()].concat();
        if halvings > 0 {
            fields.push(Field::long(tag::NEW_SUBFILE_TYPE, 1));
        }
        directories.push(fields);
    }
    directories[0].extend(words());
    let first = match below {
        false => {
            let last = directories.len() - 1;
            let places: Vec<u64> = directories
                .into_iter()
                .enumerate()
                .map(|(number, fields)| tiff.directory(fields, number == last))
                .collect();
            places[0]
        }
        true => {
            let reduced = directories.split_off(1);
            let places: Vec<u64> = reduced.into_iter().map(|fields| tiff.directory(fields, true)).collect();
            directories[0].push(Field::offsets(tag::SUB_IFDS, layout, &places).expect("short"));
            tiff.directory(directories.remove(0), true)
        }
    };
    tiff.file(first)
}

/// A pyramid as the writer makes it.
fn written(compression: Compression) -> Vec<u8> {
    let directory = tempfile::tempdir().expect("a directory");
    let target = directory.path().join("pyramid.tif");
    let icc_profile = Some(row(5, 9000).collect());
    let pixels = Pixels { size: SIZE, channels: Channels::Rgb, depth: Depth::Eight };
    let tags = Tags { icc_profile, ..Tags::default() };
    let settings = Settings { tile_side: TILE, tags, ..Settings::new(pixels, compression) };
    let rows = |first: u32, band: &mut [u8]| {
        let rows = band.chunks_exact_mut(3 * SIZE.width as usize).zip(first..);
        rows.for_each(|(out, y)| out.iter_mut().zip(row(y, 3 * SIZE.width)).for_each(|(out, of)| *out = of));
        Ok(())
    };
    pyramid::write(&target, &settings, rows, |_| ()).expect("written");
    std::fs::read(&target).expect("there")
}

#[test]
fn pyramids_announce_what_they_read() {
    for (layout, below) in
        [(Layout::Classic, false), (Layout::Big, false), (Layout::Classic, true), (Layout::Big, true)]
    {
        let bytes = levels(layout, below);
        let what = format!("{layout:?}, {}", if below { "SubIFDs" } else { "chain" });
        assert_eq!(on_disk(&bytes, 1).description.levels.len(), 3, "{what}");
        assert!(!check(&what, &bytes, 1), "{what}");
    }
    for compression in
        [Compression::Jpeg { quality: 80, subsampling: Subsampling::S420 }, Compression::Deflate { level: 1 }]
    {
        let (what, bytes) = (format!("{compression:?}"), written(compression));
        assert!(on_disk(&bytes, 1).description.levels.len() > 2, "{what}");
        assert!(!check(&what, &bytes, 1), "{what}");
    }
}

#[test]
fn what_a_pyramid_announces_is_little() {
    let bytes = levels(Layout::Classic, true);
    let (remote, master) = far_away(&bytes, 1, 0);
    let headers = remote.announced.get();
    // With the profile and the XMP, and places that hold most directories.
    let others = 20_000 + 9_700 + 2 * 4096;
    assert!(headers < bytes.len() as u64 / 40 + others, "{headers} of {}", bytes.len());
    let master = master.expect("a master");
    let tile = Rect::new(TILE, TILE, TILE, TILE);
    answer(&master, Query::Window(0, tile));
    let more = remote.announced.get() - headers;
    assert!((4096..5000).contains(&more), "{more} for a tile");
}

#[test]
fn pages_announce_what_they_read() {
    let mut tiff = Tiff::new(Layout::Classic);
    let sizes = [Dimensions::new(90, 60), Dimensions::new(300, 40), Dimensions::new(77, 99)];
    let pages: Vec<_> = sizes
        .iter()
        .map(|size| [tiff.add(*size, Dimensions::new(TILE, TILE), |rows| rows), gray()].concat())
        .collect();
    let places: Vec<_> =
        pages.into_iter().enumerate().map(|(n, fields)| tiff.directory(fields, n == 2)).collect();
    let bytes = tiff.file(places[0]);
    for (page, size) in (1..).zip(sizes) {
        assert_eq!(on_disk(&bytes, page).description.dimensions(), size);
        assert!(!check(&format!("page {page}"), &bytes, page));
    }
}

/// Palettes, floating point numbers whose range has to be found out, masks, byte counts that are wrong.
#[test]
fn odd_tiffs_announce_what_they_read() {
    let layout = Layout::Classic;
    let tile = Dimensions::new(TILE, TILE);
    let as_floats = |rows: Vec<u8>| -> Vec<u8> {
        rows.iter().flat_map(|sample| f32::from(*sample).to_le_bytes()).collect()
    };
    let palette: Vec<u16> = (0..768).map(|n| n * 83).collect();
    let single = |more: Vec<Field>, without: u16, stored: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        let mut tiff = Tiff::new(layout);
        let mut fields = [tiff.add(SIZE, tile, stored), gray()].concat();
        fields.retain(|field| field.tag() != without && more.iter().all(|of| of.tag() != field.tag()));
        let first = tiff.directory([fields, more].concat(), true);
        tiff.file(first)
    };
    let colours =
        vec![Field::shorts(tag::PHOTOMETRIC_INTERPRETATION, &[3]), Field::shorts(tag::COLOR_MAP, &palette)];
    let floats = vec![Field::shorts(tag::BITS_PER_SAMPLE, &[32]), Field::shorts(tag::SAMPLE_FORMAT, &[3])];
    assert!(!check("palette", &single(colours, 0, &|rows| rows), 1));
    assert!(!check("floating point", &single(floats, 0, &as_floats), 1));
    assert!(!check("no byte counts", &single(Vec::new(), tag::TILE_BYTE_COUNTS, &|rows| rows), 1));

    let mut tiff = Tiff::new(layout);
    let main = [tiff.add(SIZE, tile, |rows| rows), gray()].concat();
    let mask = [tiff.add(SIZE, tile, |rows| rows), gray(), vec![Field::long(tag::NEW_SUBFILE_TYPE, 4)]];
    let first = tiff.directory(main, false);
    tiff.directory(mask.concat(), true);
    let bytes = tiff.file(first);
    assert_eq!(on_disk(&bytes, 1).description.channels, Channels::GrayAlpha);
    assert!(!check("mask", &bytes, 1));
}

#[test]
fn flat_masters_are_got_as_a_whole() {
    let Dimensions { width, height } = SIZE;
    let pixels: Vec<u8> = (0..height).flat_map(|y| row(y, width)).collect();
    let (wide, high) = (width as usize, height as usize);
    let image = turbojpeg::Image {
        pixels: &pixels[..],
        width: wide,
        pitch: wide,
        height: high,
        format: turbojpeg::PixelFormat::GRAY,
    };
    let jpeg = turbojpeg::compress(image, 85, turbojpeg::Subsamp::Gray).expect("compressed").to_vec();
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().expect("a PNG");
    writer.write_image_data(&pixels).and_then(|()| writer.finish()).expect("a PNG");
    let mut gif = Vec::new();
    let palette: Vec<u8> = (0..=255).flat_map(|gray| [gray; 3]).collect();
    let mut encoder = gif::Encoder::new(&mut gif, width as u16, height as u16, &palette).expect("a GIF");
    let frame = gif::Frame::from_indexed_pixels(width as u16, height as u16, pixels.clone(), None);
    encoder.write_frame(&frame).expect("a frame");
    drop(encoder);
    for (what, bytes) in [("JPEG", jpeg), ("PNG", png), ("GIF", gif)] {
        assert!(check(what, &bytes, 1), "{what}");
    }
}

#[test]
fn a_connection_that_breaks_is_an_error_and_no_smaller_master() {
    let bytes = levels(Layout::Classic, true);
    let whole = on_disk(&bytes, 1);
    let opened = |announcements| {
        let remote = Rc::new(Remote::new(bytes.clone(), 0));
        remote.lasts.set(announcements);
        (Rc::clone(&remote), Master::of(remote, found(&bytes, 1), None))
    };
    let mut refused = 0;
    let (remote, master) = loop {
        let (remote, master) = opened(refused);
        match master {
            Ok(master) => break (remote, master),
            Err(_) => refused += 1,
        }
    };
    assert!(refused > 20, "{refused} announcements were needed");
    assert_eq!(master.description, whole.description);
    remote.lasts.set(0);
    let tile = Rect::new(0, 0, 9, 9);
    assert!(master.decode::<u8>(&mut Decoder::default(), 0, tile).is_err() && !master.is_whole());
    assert!(master.icc_profile(0).is_err() && master.metadata().is_err() && master.pages().is_err());
    leaves_nothing_behind(&remote, &master, &whole, "pyramid");
}

/// A master whose bytes could not be had for a while is as good as new when they can: what was found out of it meanwhile
/// was not kept.
#[track_caller]
fn leaves_nothing_behind(remote: &Remote, master: &Master, whole: &Master, what: &str) {
    let queries = || queries(&whole.description).into_iter().step_by(3);
    for query in queries() {
        for lasts in 0..3 {
            remote.mend();
            remote.lasts.set(lasts);
            answer(master, query);
        }
    }
    remote.mend();
    for query in queries() {
        assert!(answer(master, query) == answer(whole, query), "{what}: {query:?}");
    }
}
