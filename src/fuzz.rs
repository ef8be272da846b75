//! What the fuzz targets call, one function for each: any bytes go in, and nothing comes of it but an end. What has to be
//! true of whatever bytes is asserted. Only in the build of the targets, which know nothing else of this crate.

use std::io::{self, Read, Write};
use std::num::{NonZeroU32, NonZeroU64};

use recto_iiif::{ImageRequest, ImageService, Offer, Target, Tiling};

use crate::config::Config;
use crate::encode::Encodings;
use crate::fastcgi::{self, params};
use crate::format::flat::Picture;
use crate::format::jpeg::carry::{Scale, Source};
use crate::format::jpeg::{Index, Layout};
use crate::format::{Stored, tiff};
use crate::ifd::File;
use crate::metadata::{Exif, Packet, exif_orientation, is_adobe_rgb};
use crate::passthrough::{Conversion, Passthrough};
use crate::picture::{Depth, Dimensions, Limits, Orientation, Rect};
use crate::watch::Watch;

/// JPEG 2000.
pub mod jp2 {
    pub use crate::format::jp2::fuzz::{boxes, image};
    pub use recto_jp2::fuzz::{block, headers, index};
}

/// Pages and levels of one TIFF that are looked at.
const PAGES: u32 = 4;

/// Most pixels that are decoded at a time, so that inputs stay quick.
const AREA: u64 = 1 << 18;

/// A TIFF: the directories of its pages, and windows of every level.
pub fn tiff(bytes: &[u8]) {
    let Ok((file, first)) = File::open(bytes) else { return };
    for page in 1..=tiff::Pyramid::count_pages(&file, first).min(PAGES) {
        let Ok(Some(pyramid)) = tiff::Pyramid::read(&file, first, page) else { continue };
        let _ = (pyramid.description(), pyramid.exif_and_xmp(bytes));
        for (number, level) in pyramid.levels.iter().enumerate() {
            let _ = pyramid.icc_profile(bytes, number);
            tiff_windows(&file, level);
        }
    }
}

fn tiff_windows(file: &File, level: &tiff::Image) {
    let mut decoder = tiff::WindowDecoder::default();
    for window in corners(level.dimensions) {
        let _ = tiff::ranges(file, level, window);
        let _ = match level.depth() {
            Depth::Eight => decoder.decode::<u8>(file, level, window).map(drop),
            Depth::Sixteen => decoder.decode::<u16>(file, level, window).map(drop),
        };
    }
}

/// A JPEG file: whole, in windows by an index, and in bands beside tiles of its coefficients, which all have to be the
/// same pixels.
pub fn jpeg(bytes: &[u8]) {
    let Some(picture) = flat(bytes, |bytes| bytes.starts_with(&[0xff, 0xd8])) else { return };
    carried(bytes, &picture);
    let Some(index) = Index::build(bytes, &Watch::unlimited()) else { return };
    for (number, level) in picture.description.levels.iter().enumerate() {
        if !picture.has_windows(number) || level.dimensions.area() > AREA {
            continue;
        }
        let whole = picture.decode(bytes, number, Depth::Eight, &Watch::unlimited());
        for window in corners(level.dimensions) {
            let _ = picture.range(&index, number, window);
            if let (Ok(whole), Ok(part)) =
                (&whole, picture.decode_window(bytes, &index, number, window, &Watch::unlimited()))
            {
                assert_eq!(whole.part::<u8>(window).pixels, part.pixels, "level {number}, {window}");
            }
        }
    }
}

fn carried(bytes: &[u8], picture: &Picture) {
    let Ok(source) = Source::read(bytes) else { return };
    for (number, scale) in [Scale::Full, Scale::Half].into_iter().enumerate() {
        let Some(level) = picture.description.levels.get(number) else { return };
        let Ok(rows) = source.rows(64, Some(scale)) else { return };
        if source.size().area() > AREA {
            return;
        }
        let Ok(rows) = rows.collect::<Result<Vec<_>, _>>() else { return };
        if let Ok(whole) = picture.decode(bytes, number, Depth::Eight, &Watch::unlimited()) {
            let bands = rows.iter().filter_map(|row| row.band.as_ref());
            let pixels: Vec<u8> =
                bands.flat_map(|band| band.decode().expect("as the whole").pixels).collect();
            assert_eq!(whole.part::<u8>(Rect::whole(level.dimensions)).pixels, pixels, "level {number}");
        }
    }
}

/// A PNG, GIF, BMP or WebP: its head, what it says about itself, and its pixels.
pub fn image(bytes: &[u8]) {
    flat(bytes, |bytes| !bytes.starts_with(&[0xff, 0xd8]));
}

fn flat(bytes: &[u8], is_meant: impl Fn(&[u8]) -> bool) -> Option<Picture> {
    if !is_meant(bytes) || !Picture::recognises(bytes) {
        return None;
    }
    let picture = Picture::read(bytes).ok()?;
    let _ = (picture.metadata(bytes), picture.icc_profile(bytes));
    for (number, level) in picture.description.levels.iter().enumerate() {
        if level.dimensions.area() <= AREA {
            let _ = picture.decode(bytes, number, Depth::Sixteen, &Watch::unlimited());
        }
    }
    Some(picture)
}

/// A JPEG tile that is passed through: how it is turned and whether without colours, its width and height in the image;
/// the rest is its stream.
pub fn jpeg_tile(bytes: &[u8]) {
    let Some((&[how, width, height], stream)) = bytes.split_first_chunk() else { return };
    let Some((stored, samples)) = Layout::read(stream).map(|jpeg| (jpeg.size, jpeg.components.len())) else {
        return;
    };
    let part = |of: u32, share: u8| if share == 255 { of } else { 1 + u32::from(share) % of.max(1) };
    let conversion = Conversion {
        stored,
        samples,
        size: Dimensions::new(part(stored.width, width), part(stored.height, height)),
        turn: Orientation { mirrored: how & 4 != 0, quarters: how & 3 },
        gray: how & 8 != 0,
        growth: f64::INFINITY,
        encodings: Encodings::default(),
    };
    if stored.area() <= AREA {
        let _ = Passthrough::default().file(Stored::Jpeg(stream.to_vec()), &conversion);
    }
}

/// What processes of a host say to each other about objects of stores, and the heads of block files.
pub fn blocks(bytes: &[u8]) {
    crate::blocks::fuzz::any(bytes);
}

/// A block of EXIF. What is written of it has to be read again as the same.
pub fn exif(bytes: &[u8]) {
    let _ = (exif_orientation(bytes), is_adobe_rgb(bytes));
    if let Some(block) = Exif::read(bytes).block() {
        assert_eq!(Exif::read(&block).block().as_ref(), Some(&block));
    }
}

/// A packet of XMP. Once it is made upright, nothing in it says otherwise.
pub fn xmp(bytes: &[u8]) {
    let packet = Packet::read(bytes);
    if let Some(upright) = packet.upright() {
        let orientation = Packet::read(upright.as_bytes()).orientation();
        assert!(orientation.is_none_or(|orientation| orientation == Orientation::UPRIGHT), "{upright}");
    }
}

/// FastCGI records: how many bytes come at a time, then what comes. Neither the request nor the replies depend on how it
/// was cut. Their parameters are also read alone, and written again.
pub fn fastcgi(bytes: &[u8]) {
    let Some((&step, sent)) = bytes.split_first() else { return };
    let outcome = |step: usize| {
        let mut peer = Peer { left: sent, step, written: Vec::new() };
        let read = fastcgi::read_request(&mut peer, &mut fastcgi::Assembly::default());
        let request = read.map_err(|error| error.to_string());
        (request, peer.written)
    };
    assert_eq!(outcome(usize::from(step).max(1)), outcome(usize::MAX));
    if let Ok(pairs) = params::decode(sent) {
        let written = params::encode(pairs.iter().map(|(name, value)| (&name[..], &value[..])));
        assert_eq!(params::decode(&written), Ok(pairs));
    }
}

/// What NGINX sends, `step` bytes at a time, then no more.
struct Peer<'a> {
    left: &'a [u8],
    step: usize,
    written: Vec<u8>,
}

impl Read for Peer<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (now, later) = self.left.split_at(self.step.min(self.left.len()).min(buffer.len()));
        buffer[..now.len()].copy_from_slice(now);
        self.left = later;
        Ok(now.len())
    }
}

impl Write for Peer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The URL of a request: width and height of an image and of its tiles, of two bytes each, colours, then the URL. What it
/// means stays within the limits, and its canonical form is canonical.
pub fn url(bytes: &[u8]) {
    let Some((&[w1, w0, h1, h0, tile, how], uri)) = bytes.split_first_chunk() else { return };
    let Ok(Target::Image { version, identifier, request }) = recto_iiif::parse(uri) else { return };
    let side = |high, low| u32::from(u16::from_be_bytes([high, low])).max(1);
    let tile = Dimensions::new(u32::from(tile) + 1, u32::from(tile) + 1);
    let tiling = Tiling { image: Dimensions::new(side(w1, w0), side(h1, h0)), tile };
    let limits = limits(how);
    let offer = &Offer::default();
    let service = ImageService { version, tiling, has_colour: how & 1 == 0, limits, offer };
    let resolve = |request: &ImageRequest| service.resolve(request);
    let Ok(derivative) = resolve(&request) else { return };
    let canvas = derivative.canvas();
    assert!(canvas.width <= limits.max_width.get() && canvas.height <= limits.max_height.get(), "{canvas}");
    assert!(canvas.area() <= limits.max_area.get(), "{canvas}");
    for spelled in [service.canonical(&derivative), service.customary(&derivative)] {
        let again = recto_iiif::base_uri("/iiif", version, &identifier) + "/" + &spelled;
        let Ok(Target::Image { version: of, identifier: same, request }) =
            recto_iiif::parse(again.as_bytes())
        else {
            panic!("{again} cannot be read");
        };
        assert!(of == version && same == identifier, "{again}");
        assert_eq!(resolve(&request).as_ref().ok(), Some(&derivative), "{again}");
    }
}

fn limits(how: u8) -> Limits {
    let side = NonZeroU32::MIN.saturating_add(u32::from(how >> 1) * 97);
    let max_area = NonZeroU64::from(side).saturating_mul(NonZeroU64::MIN.saturating_add(2999));
    Limits { max_width: side, max_height: side, max_area }
}

/// A configuration.
pub fn config(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Config::parse(text);
    }
}

/// Windows in the first and the last corner.
fn corners(size: Dimensions) -> [Rect; 2] {
    let (width, height) = (size.width.min(300), size.height.min(300));
    [Rect::new(0, 0, width, height), Rect::new(size.width - width, size.height - height, width, height)]
}
