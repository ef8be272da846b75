//! How a picture is turned to be shown, by the metadata that any format may carry.
//! Pure. EXIF 2.32 section 4.6.4; XMP (ISO 16684-1), where it stands under the same name and numbers.

use image::metadata::Orientation as ExifOrientation;

use crate::geometry::Orientation;

/// A packet of XMP is looked through no further: it tells this at its beginning.
const MAX_XMP: usize = 1 << 20;

/// The orientation that a block of EXIF tells, if it tells one that makes sense. Some writers put the name of JPEG's
/// segment before the block wherever it stands.
pub fn exif_orientation(exif: &[u8]) -> Option<Orientation> {
    let block = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let told = ExifOrientation::from_exif_chunk(block)?;
    Some(Orientation::from_tag(told.to_exif().into()))
}

/// The orientation that a packet of XMP in UTF-8 tells as attribute or element, if it tells one that makes sense.
pub fn xmp_orientation(xmp: &[u8]) -> Option<Orientation> {
    let xmp = &xmp[..xmp.len().min(MAX_XMP)];
    let name = b"tiff:Orientation";
    let place = xmp.windows(name.len()).position(|window| window == name)?;
    let mut digits = xmp[place + name.len()..].iter().skip_while(|byte| b" \t\r\n='\">".contains(byte));
    match (digits.next()?, digits.next()?) {
        (digit @ b'1'..=b'8', b'"' | b'\'' | b'<') => Some(Orientation::from_tag((digit - b'0').into())),
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The shortest EXIF that tells an orientation.
    pub fn exif(tag: u16) -> Vec<u8> {
        let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
        exif.extend(tag.to_be_bytes());
        exif.extend([0; 6]);
        exif
    }

    #[test]
    fn broken_exif_is_ignored() {
        for tag in 1..=8 {
            assert_eq!(exif_orientation(&exif(tag)), Some(Orientation::from_tag(tag)));
            assert_eq!(exif_orientation(&exif(tag)[6..]), Some(Orientation::from_tag(tag)));
        }
        let whole = exif(6);
        for length in 0..whole.len() - 8 {
            assert_eq!(exif_orientation(&whole[..length]), None, "{length} bytes");
        }
        for tag in [0, 9, 6 << 8] {
            assert_eq!(exif_orientation(&exif(tag)), None, "{tag}");
        }
    }

    #[test]
    fn xmp_tells_it_in_two_ways() {
        let six = Some(Orientation::from_tag(6));
        assert_eq!(xmp_orientation(b"<rdf:Description tiff:Make=\"x\" tiff:Orientation=\"6\"/>"), six);
        assert_eq!(xmp_orientation(b"<tiff:Orientation> 6</tiff:Orientation>"), six);
        for none in
            [&b"tiff:Orientation=\"9\""[..], b"tiff:Orientation=\"66\"", b"tiff:Orientation", b"", b"6"]
        {
            assert_eq!(xmp_orientation(none), None);
        }
    }
}
