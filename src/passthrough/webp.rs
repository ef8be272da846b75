//! A WebP tile: sent whole or not at all. Google's WebP container specification (RFC 9649).

use super::{Conversion, size_estimate};
use crate::picture::Orientation;

/// The file, if it holds one picture of the right size and nothing else.
pub(super) fn file(mut file: Vec<u8>, conversion: &Conversion) -> Option<Vec<u8>> {
    let is_whole =
        conversion.size == conversion.stored && conversion.turn == Orientation::UPRIGHT && !conversion.gray;
    let [b'R', b'I', b'F', b'F', s0, s1, s2, s3, b'W', b'E', b'B', b'P', chunk @ ..] = &file[..] else {
        return None;
    };
    let size = |bytes: [u8; 4]| usize::try_from(u32::from_le_bytes(bytes)).ok();
    let length = size([*s0, *s1, *s2, *s3])?.checked_add(8)?;
    let is_lossless = chunk.starts_with(b"VP8L");
    // The extended form (VP8X) may hold profiles and animations.
    let (b"VP8 " | b"VP8L", rest) = chunk.split_first_chunk::<4>()? else { return None };
    let content = size(*rest.first_chunk()?)?;
    let fills = 20 + content.checked_next_multiple_of(2)? == length;
    let features = webp::BitstreamFeatures::new(&file)?;
    let fits = (features.width(), features.height()) == (conversion.stored.width, conversion.stored.height)
        && !features.has_animation()
        // libwebp leaves out an alpha channel that is opaque everywhere.
        && (conversion.samples == 4 || !features.has_alpha());
    let grows = size_estimate::of_webp(is_lossless, &conversion.encodings.webp) > conversion.growth;
    if grows || !is_whole || !fills || !fits || length > file.len() {
        return None;
    }
    file.truncate(length);
    Some(file)
}
