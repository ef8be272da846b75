//! The boxes of a file before its codestream.
//! Pure. T.800 annex I; T.801 M.11.1 (reader requirements).

use super::Frame;
use super::codestream::{END, Tiles};
use super::colour::{Colours, colours};
use crate::format::jp2::file::{EXIF, SIGNATURE, XMP};
use crate::picture::Depth;

/// IPTC in a box, as ExifTool and others have it: records of IIM follow.
const IPTC: [u8; 16] =
    [0x33, 0xc7, 0xa4, 0xd2, 0xb8, 0x1d, 0x47, 0x23, 0xa0, 0xba, 0xf1, 0xa3, 0xe0, 0x97, 0xad, 0x38];

/// What a file says besides its pixels. All of it is optional.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Around {
    /// The ICC profile of the pixels; one that is not of their colour space is left out.
    pub(crate) icc_profile: Option<Vec<u8>>,
    /// Pixels in a metre of the original: across, and down.
    pub(crate) per_metre: Option<(f64, f64)>,
    /// A block of EXIF: a TIFF without pixels.
    pub(crate) exif: Option<Vec<u8>>,
    /// A packet of XMP.
    pub(crate) xmp: Option<Vec<u8>>,
    /// Records of IPTC's IIM.
    pub(crate) iptc: Option<Vec<u8>>,
}

/// All that stands before the first tile-part. The codestream is the last box, so that it may be longer than the length
/// of a box can tell.
pub(crate) fn head(frame: &Frame, around: &Around, tiles: &Tiles, comment: &str) -> Vec<u8> {
    let mut head = before_codestream(frame, around);
    let main_header = tiles.main_header(frame, comment);
    let length = 8 + main_header.len() as u64 + tiles.bytes() + END.len() as u64;
    // 0: to the end of the file (T.800 table I.1). OpenJPEG does not read lengths of 64 bits.
    head.extend(u32::try_from(length).unwrap_or(0).to_be_bytes());
    head.extend(b"jp2c");
    head.extend(main_header);
    head
}

fn before_codestream(frame: &Frame, around: &Around) -> Vec<u8> {
    let colours = colours(frame.channels, around.icc_profile.as_deref());
    let mut boxes = SIGNATURE.to_vec();
    match colours.are_jpx {
        false => boxes.extend(boxed(b"ftyp", &[b"jp2 ", &[0; 4], b"jp2 "])),
        true => {
            boxes.extend(boxed(b"ftyp", &[b"jpx ", &[0; 4], b"jpx "]));
            // One feature, both to understand all of the file and to show it: JPEG 2000 without restrictions (5).
            boxes.extend(boxed(b"rreq", &[&[1, 0x80, 0x80, 0, 1, 0, 5, 0x80, 0, 0]]));
        }
    }
    boxes.extend(header(frame, &colours, around.per_metre));
    let identified: [(&[u8], _); 3] = [(EXIF, &around.exif), (&XMP, &around.xmp), (&IPTC, &around.iptc)];
    for (identifier, content) in identified {
        content.iter().for_each(|content| boxes.extend(boxed(b"uuid", &[identifier, content])));
    }
    boxes
}

/// The JP2 header box (T.800 I.5.3).
fn header(frame: &Frame, colours: &Colours, per_metre: Option<(f64, f64)>) -> Vec<u8> {
    let (size, count) = (frame.size, frame.channels.count() as u16);
    let bits = match frame.depth {
        Depth::Eight => 7,
        Depth::Sixteen => 15,
    };
    let (height, width) = (size.height.to_be_bytes(), size.width.to_be_bytes());
    // Compression 7 is JPEG 2000; the colour space is known; nobody claims rights in a box.
    let image = boxed(b"ihdr", &[&height, &width, &count.to_be_bytes(), &[bits, 7, 0, 0]]);
    let definitions = if frame.channels.has_alpha() { channel_definitions(count) } else { Vec::new() };
    let resolution = per_metre.and_then(|(across, down)| Some([fraction(down)?, fraction(across)?]));
    let resolution = resolution.map_or_else(Vec::new, |[down, across]| {
        let captured = [&down[..4], &across[..4], &down[4..], &across[4..]];
        boxed(b"res ", &[&boxed(b"resc", &captured)])
    });
    boxed(b"jp2h", &[&image, &colours.boxes, &definitions, &resolution])
}

/// The last channel is opacity of all of the picture, the others are colours in their order (T.800 I.5.3.6).
fn channel_definitions(count: u16) -> Vec<u8> {
    let colours = (0..count - 1).flat_map(|channel| [channel, 0, channel + 1]);
    let numbers = [count].into_iter().chain(colours).chain([count - 1, 1, 0]);
    boxed(b"cdef", &[&numbers.flat_map(u16::to_be_bytes).collect::<Vec<_>>()])
}

/// A resolution as numerator, denominator and power of ten (T.800 I.5.3.7.1); None if it has none. In 254ths: what was
/// said in dots per inch stays exact.
fn fraction(per_metre: f64) -> Option<[u8; 5]> {
    let exponent = (per_metre / 25.6).log10().floor();
    let numerator = (per_metre / 10f64.powf(exponent) * 254.0).round();
    if !(per_metre > 0.0 && (-100.0..100.0).contains(&exponent) && (1.0..65_536.0).contains(&numerator)) {
        return None;
    }
    let [a, b] = (numerator as u16).to_be_bytes();
    Some([a, b, 0, 254, (exponent as i8).cast_unsigned()])
}

/// A box with these contents, one after the other; less than 4 GiB.
pub(super) fn boxed(kind: &[u8; 4], contents: &[&[u8]]) -> Vec<u8> {
    let contents = contents.concat();
    let length = contents.len() as u32 + 8;
    [&length.to_be_bytes(), &kind[..], &contents].concat()
}
