//! What applications put into markers APPn: what components mean, EXIF, XMP and the ICC profile. Pure.
//! JFIF 1.02; Adobe Technical Note 5116; EXIF 2.32 section 4.7.2; XMP part 3, section 1.1.3; ICC.1:2022 annex B.4.

use super::marker::{self, APP0, APP1, APP2, APP14};
use crate::metadata::{Exif, Metadata, Xmp};

/// What EXIF begins with in APP1.
pub(crate) const EXIF: &[u8] = b"Exif\0\0";

/// What XMP begins with in APP1.
pub(crate) const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// What each part of an ICC profile begins with in APP2. Its number follows, from 1, and how many there are, a byte each.
pub(crate) const ICC_PROFILE: &[u8] = b"ICC_PROFILE\0";

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

/// EXIF and XMP in the markers before the first scan: the first of each.
pub(crate) fn metadata(bytes: &[u8]) -> Metadata {
    Metadata {
        exif: exif(bytes).map_or_else(Exif::default, Exif::read),
        xmp: named(bytes, XMP).and_then(Xmp::read),
    }
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
