//! What applications put into markers APPn: what components mean, EXIF, XMP and the ICC profile. Pure.
//! JFIF 1.02; Adobe Technical Note 5116; EXIF 2.32 section 4.7.2; XMP part 3, section 1.1.3; ICC.1:2022 annex B.4.

use std::borrow::Cow;

use super::marker::{self, APP0, APP1, APP2, APP13, APP14};
use crate::metadata::Blocks;
use crate::metadata::kept::{self, Resolution};

/// What EXIF begins with in APP1.
pub(crate) const EXIF: &[u8] = b"Exif\0\0";

/// What XMP begins with in APP1.
pub(crate) const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// What each part of an ICC profile begins with in APP2. Its number follows, from 1, and how many there are, a byte each.
pub(crate) const ICC_PROFILE: &[u8] = b"ICC_PROFILE\0";

/// What the image resources of Photoshop begin with in APP13, each part of them.
const PHOTOSHOP: &[u8] = b"Photoshop 3.0\0";

/// What APP0 of JFIF begins with.
const JFIF: &[u8] = b"JFIF\0";

/// What APP14 of Adobe begins with.
const ADOBE: &[u8] = b"Adobe";

/// What APP0 of JFIF and APP14 of Adobe say that components mean, as libjpeg takes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// Three components are YCbCr, one is gray.
    pub jfif: bool,
    /// Adobe's transform. 0: components are stored as they are meant, not as YCbCr.
    pub adobe: Option<u8>,
}

impl Meaning {
    /// Reads a marker, if it is one of these. A later one overrides those before it.
    pub(crate) fn note(&mut self, marker: u8, content: &[u8]) {
        match marker {
            APP0 => self.jfif |= content.len() >= 14 && content.starts_with(JFIF),
            APP14 => {
                if let Some([_, _, _, _, _, _, transform, ..]) = content.strip_prefix(ADOBE) {
                    self.adobe = Some(*transform);
                }
            }
            _ => {}
        }
    }

    /// Appends markers that say the same of so many components. A version of JFIF does not matter, and a transform that
    /// is unknown stands for the one that so many components can have.
    pub(crate) fn push(self, components: usize, stream: &mut Vec<u8>) {
        if self.jfif {
            marker::push(APP0, &[JFIF, b"\x01\x01\0\0\x01\0\x01\0\0"], stream);
        }
        if let Some(transform) = self.adobe {
            let transform = match (transform, components) {
                (0, _) => 0,
                (_, 4) => 2,
                _ => 1,
            };
            marker::push(APP14, &[ADOBE, &[0, 100, 0, 0, 0, 0, transform]], stream);
        }
    }
}

/// EXIF, XMP and IPTC in the markers before the first scan: the first of each.
pub(crate) fn blocks(bytes: &[u8]) -> Blocks<'_> {
    let parts = marker::before_scan(bytes).filter(|found| found.marker == APP13);
    let resources: Vec<&[u8]> = parts.filter_map(|part| part.content.strip_prefix(PHOTOSHOP)).collect();
    Blocks {
        exif: exif(bytes).map(Cow::Borrowed),
        xmp: named(bytes, XMP).map(Cow::Borrowed),
        iptc: kept::iptc(&resources.concat()),
        texts: Vec::new(),
        resolution: density(bytes),
    }
}

/// The resolution in APP0 of JFIF, if it has a unit.
fn density(bytes: &[u8]) -> Option<Resolution> {
    let mut found = marker::before_scan(bytes).filter(|found| found.marker == APP0);
    let [_, _, unit @ 1..=2, x @ .., _, _] = found.find_map(|of| of.content.get(..14)?.strip_prefix(JFIF))?
    else {
        return None;
    };
    let &[x0, x1, y0, y1] = x else { return None };
    let (x, y) = (u16::from_be_bytes([x0, x1]), u16::from_be_bytes([y0, y1]));
    // Inches and centimetres have the numbers 2 and 3 in a TIFF.
    (x > 0 && y > 0).then_some(Resolution { x: x.into(), y: y.into(), unit: u16::from(*unit) + 1 })
}

/// The block of EXIF.
pub(crate) fn exif(bytes: &[u8]) -> Option<&[u8]> {
    named(bytes, EXIF)
}

/// What follows a name in the first marker APP1 that has it.
fn named<'a>(bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut found = marker::before_scan(bytes).filter(|found| found.marker == APP1);
    found.find_map(|found| found.content.strip_prefix(name))
}

/// The ICC profile in the markers before the first scan.
pub(crate) fn icc_profile(bytes: &[u8]) -> Option<Vec<u8>> {
    profile_parts(bytes).map(|parts| parts.concat()).filter(|profile| !profile.is_empty())
}

/// Whether there are parts of a profile, but not each of them once: then it is left out.
pub(crate) fn has_broken_profile(bytes: &[u8]) -> bool {
    profile_parts(bytes).is_none()
}

/// The parts of a profile in their order; none if there is no profile. None if they are not numbered from 1 to the
/// number of parts that each of them states.
fn profile_parts(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts: Vec<(u8, u8, &[u8])> = marker::before_scan(bytes)
        .filter(|found| found.marker == APP2)
        .filter_map(|found| match found.content.strip_prefix(ICC_PROFILE)? {
            [number, count, part @ ..] => Some((*number, *count, part)),
            _ => None,
        })
        .collect();
    parts.sort_by_key(|(number, ..)| *number);
    let count = parts.len();
    let is_whole = parts
        .iter()
        .zip(1..)
        .all(|(part, number)| (usize::from(part.0), usize::from(part.1)) == (number, count));
    is_whole.then(|| parts.into_iter().map(|(.., part)| part).collect())
}

#[cfg(test)]
mod tests {
    use super::super::header::tests::sample;
    use super::*;

    #[test]
    fn a_profile_is_joined_from_its_parts() {
        let mut file = marker::START.to_vec();
        let push = |number: u8, text: &[u8], file: &mut Vec<u8>| {
            marker::push(APP2, &[ICC_PROFILE, &[number, 2], text], file);
        };
        push(2, b"file", &mut file);
        marker::push(APP2, &[b"MPF\0"], &mut file);
        push(1, b"pro", &mut file);
        file.extend(&sample(marker::SOF0)[2..]);
        assert_eq!(icc_profile(&file).as_deref(), Some(&b"profile"[..]));
        assert_eq!(icc_profile(&sample(marker::SOF0)), None);
        assert_eq!(icc_profile(&[]), None);
    }
}
