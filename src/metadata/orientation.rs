//! How a picture is shown, by the EXIF that any format may carry: how it is turned, and whether its colours are Adobe RGB.
//! Pure. EXIF 2.32 sections 4.6.4 to 4.6.7; DCF 2.0, which names the colours.

use crate::ifd::tag;
use crate::metadata::ExifField;
use crate::picture::Orientation;

/// ColorSpace of anything but sRGB.
const UNCALIBRATED: f64 = 65_535.0;

/// ColorSpace of Adobe RGB by some cameras, against the standard.
const ADOBE_RGB: f64 = 2.0;

/// The orientation that a block of EXIF gives, if it is one of the eight; as a number of any type.
pub(crate) fn exif_orientation(exif: &[u8]) -> Option<Orientation> {
    let number = ExifField::find(exif, &[], tag::ORIENTATION)?.number()?;
    (1..=8).find(|value| f64::from(*value) == number).map(Orientation::from_tag)
}

/// Whether a block of EXIF says that colours are Adobe RGB (1998).
pub(crate) fn is_adobe_rgb(exif: &[u8]) -> bool {
    let space = ExifField::find(exif, &[tag::EXIF_IFD], tag::COLOR_SPACE).and_then(|field| field.number());
    let path = [tag::EXIF_IFD, tag::INTEROPERABILITY_IFD];
    let index = || ExifField::find(exif, &path, tag::INTEROPERABILITY_INDEX)?.bytes();
    match space {
        Some(UNCALIBRATED) => index().is_some_and(|index| index.starts_with(b"R03")),
        space => space == Some(ADOBE_RGB),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The shortest EXIF with an orientation.
    pub(crate) fn exif(tag: u16) -> Vec<u8> {
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
    fn an_orientation_may_be_a_number_of_any_type() {
        let six = Some(Orientation::from_tag(6));
        let little = |kind: u8, value: [u8; 4]| {
            [&b"II\x2a\0\x08\0\0\0\x01\0\x12\x01"[..], &[kind, 0, 1, 0, 0, 0], &value, &[0; 4]].concat()
        };
        // BYTE, SHORT, LONG, and those with a sign.
        for kind in [1, 3, 4, 6, 8, 9] {
            assert_eq!(exif_orientation(&little(kind, [6, 0, 0, 0])), six, "type {kind}");
        }
        let big = |kind: u8, value: [u8; 4]| {
            [&b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0"[..], &[kind, 0, 0, 0, 1], &value, &[0; 4]].concat()
        };
        for (kind, value) in [(1, [6, 0, 0, 0]), (3, [0, 6, 0, 0]), (4, [0, 0, 0, 6]), (9, [0, 0, 0, 6])] {
            assert_eq!(exif_orientation(&big(kind, value)), six, "type {kind}");
        }
        assert_eq!(exif_orientation(&little(4, [6, 0, 1, 0])), None);
        assert_eq!(exif_orientation(&little(9, [250, 255, 255, 255])), None, "-6");
    }

    /// EXIF with a colour space and an index of interoperability.
    pub(crate) fn colours(space: u16, index: &[u8; 4]) -> Vec<u8> {
        let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
            [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value].concat()
        };
        let directory = |entries: &[Vec<u8>]| {
            [&(entries.len() as u16).to_le_bytes()[..], &entries.concat(), &[0; 4]].concat()
        };
        let space = [space.to_le_bytes(), [0; 2]].concat().try_into().expect("four bytes");
        [
            b"II\x2a\0\x08\0\0\0".to_vec(),
            directory(&[entry(tag::EXIF_IFD, 4, 1, [26, 0, 0, 0])]),
            directory(&[
                entry(tag::COLOR_SPACE, 3, 1, space),
                entry(tag::INTEROPERABILITY_IFD, 4, 1, [56, 0, 0, 0]),
            ]),
            directory(&[entry(tag::INTEROPERABILITY_INDEX, 2, 4, *index)]),
        ]
        .concat()
    }

    #[test]
    fn adobe_rgb_is_told_in_two_ways() {
        for (space, index, expected) in [
            (0xffff, b"R03\0", true),
            (2, b"R98\0", true),
            (0xffff, b"R98\0", false),
            (1, b"R03\0", false),
            (0, b"R03\0", false),
        ] {
            assert_eq!(is_adobe_rgb(&colours(space, index)), expected, "{space} {index:?}");
        }
        let whole = colours(0xffff, b"R03\0");
        for length in 0..whole.len() - 8 {
            assert!(!is_adobe_rgb(&whole[..length]), "{length} bytes");
        }
        assert!(!is_adobe_rgb(&exif(6)));
    }
}
