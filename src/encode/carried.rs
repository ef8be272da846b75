//! What goes into a file beside its pixels, and how JPEG, WebP and JP2 hold it: their encoders write pixels only, so it
//! is inserted into the finished file.
//! ISO/IEC 10918-5 (JFIF), ICC.1:2022 annex B, XMP part 3, RFC 9649 (WebP), T.800 annex I.

use crate::format::jpeg::app::{EXIF, ICC_PROFILE, XMP};
use crate::format::jpeg::marker::{self, APP0, APP1, APP2, START, Segment};
use crate::metadata::Metadata;
use crate::picture::Format;

/// The profile and metadata of a file; none by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// The ICC profile of the pixels. Without one they are sRGB.
    pub profile: Option<Vec<u8>>,
    /// Its EXIF and XMP.
    pub metadata: Metadata,
}

impl Carried {
    /// Whether there is neither.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A finished file of `format` with what it is to carry; None if that would be lost: only a JPEG can take it after
/// encoding, whatever its pixels are.
pub fn into_file(file: Vec<u8>, format: Format, carried: &Carried) -> Option<Vec<u8>> {
    match format {
        Format::Jpg => Some(into_jpeg(file, carried)),
        _ => carried.is_empty().then_some(file),
    }
}

/// A JPEG file with what it is to carry, in marker segments after that of JFIF. What is too long for them is left out.
pub(super) fn into_jpeg(file: Vec<u8>, carried: &Carried) -> Vec<u8> {
    if carried.is_empty() {
        return file;
    }
    let after_jfif = match file.strip_prefix(&START).and_then(marker::here) {
        Some(Segment { marker: APP0, after, .. }) => file.len() - after.len(),
        _ => 2,
    };
    let mut segments = Vec::new();
    let mut add = |marker, parts: &[&[u8]]| {
        if parts.iter().map(|part| part.len()).sum::<usize>() <= marker::LONGEST {
            marker::push(marker, parts, &mut segments);
        }
    };
    let Metadata { exif, xmp } = &carried.metadata;
    exif.block().iter().for_each(|exif| add(APP1, &[EXIF, exif]));
    xmp.iter().for_each(|xmp| add(APP1, &[XMP, xmp.text().as_bytes()]));
    let parts =
        carried.profile.as_deref().unwrap_or_default().chunks(marker::LONGEST - ICC_PROFILE.len() - 2);
    // Parts are numbered in a byte.
    if let Ok(count @ 1..) = u8::try_from(parts.len()) {
        (1..=count).zip(parts).for_each(|(number, part)| add(APP2, &[ICC_PROFILE, &[number, count], part]));
    }
    spliced(&file, after_jfif, &segments)
}

fn spliced(file: &[u8], at: usize, inserted: &[u8]) -> Vec<u8> {
    let (before, after) = file.split_at(at.min(file.len()));
    [before, inserted, after].concat()
}

/// A WebP file with what it is to carry: in the extended form, the profile before the pixels and the rest behind them.
pub(super) fn into_webp(file: Vec<u8>, size: (u32, u32), has_alpha: bool, carried: &Carried) -> Vec<u8> {
    if carried.is_empty() {
        return file;
    }
    // libwebp writes the extended form itself where alpha has a chunk of its own.
    let pixels = match &file[12..] {
        [b'V', b'P', b'8', b'X', rest @ ..] => &rest[14..],
        plain => plain,
    };
    let (exif, xmp) = (carried.metadata.exif.block(), &carried.metadata.xmp);
    let flag = |there: bool, bit: u32| u32::from(there) << bit;
    let flags = flag(carried.profile.is_some(), 5)
        | flag(has_alpha, 4)
        | flag(exif.is_some(), 3)
        | flag(xmp.is_some(), 2);
    let side = |side: u32| (side - 1).to_le_bytes();
    let (width, height) = (side(size.0), side(size.1));
    let header = [&flags.to_le_bytes(), &width[..3], &height[..3]].concat();
    let mut body = [b"WEBP", &chunk(b"VP8X", &header)[..]].concat();
    carried.profile.iter().for_each(|profile| body.extend(chunk(b"ICCP", profile)));
    body.extend_from_slice(pixels);
    exif.iter().for_each(|exif| body.extend(chunk(b"EXIF", exif)));
    xmp.iter().for_each(|xmp| body.extend(chunk(b"XMP ", xmp.text().as_bytes())));
    [b"RIFF", &(body.len() as u32).to_le_bytes()[..], &body].concat()
}

/// A chunk of RIFF, filled up to an even length.
fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let padding = vec![0; content.len() % 2];
    [name, &(content.len() as u32).to_le_bytes()[..], content, &padding].concat()
}

/// A JP2 file whose colours are those of a profile: its box Colour Specification, which names a colour space
/// (I.5.3.3), becomes one with the profile in it. A file without that box stays as it is.
pub(super) fn into_jp2(file: Vec<u8>, carried: &Carried) -> Vec<u8> {
    let Some(profile) = &carried.profile else { return file };
    // OpenJPEG has just written these boxes, within the first hundred bytes.
    let place = |name: &[u8]| file.windows(4).take(256).position(|word| word == name).map(|at| at - 4);
    let (Some(header), Some(colour)) = (place(b"jp2h"), place(b"colr")) else {
        return file;
    };
    let length = |at: usize| u32::from_be_bytes([file[at], file[at + 1], file[at + 2], file[at + 3]]);
    let (header_length, colour_length) = (length(header), length(colour));
    let specification = [&[2, 0, 0][..], profile].concat();
    let new_length = specification.len() as u32 + 8;
    [
        &file[..header],
        &(header_length - colour_length + new_length).to_be_bytes(),
        &file[header + 4..colour],
        &new_length.to_be_bytes(),
        b"colr",
        &specification,
        &file[colour + colour_length as usize..],
    ]
    .concat()
}
