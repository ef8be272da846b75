//! JPEG streams as libjpeg-turbo gets them: with all that it needs to decode them, and without what it only warns of, in
//! markers before the first scan. Pure. ITU-T T.81 annex B; JFIF 1.02; Adobe Technical Note 5116.

use super::segment::{self, Segment};
use crate::error::MasterError;

/// What APP0 of JFIF and APP14 of Adobe say that components mean, as libjpeg takes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meaning {
    /// Three components are YCbCr, one is gray.
    pub jfif: bool,
    /// Adobe's transform. 0: components are stored as they are meant, not as YCbCr.
    pub adobe: Option<u8>,
}

impl Meaning {
    /// Takes in a marker, if it is one of these. A later one overrules those before it.
    pub fn note(&mut self, marker: u8, content: &[u8]) {
        match (marker, content) {
            (0xe0, [b'J', b'F', b'I', b'F', 0, ..]) if content.len() >= 14 => self.jfif = true,
            (0xee, [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform, ..]) => {
                self.adobe = Some(*transform);
            }
            _ => {}
        }
    }

    /// Appends markers that say the same of so many components. A version of JFIF does not matter, and a transform that
    /// is unknown stands for the one that so many components can have.
    pub fn push(self, components: usize, stream: &mut Vec<u8>) {
        if self.jfif {
            segment::push(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0", stream);
        }
        if let Some(transform) = self.adobe {
            let transform = match (transform, components) {
                (0, _) => 0,
                (_, 4) => 2,
                _ => 1,
            };
            segment::push(0xee, &[b'A', b'd', b'o', b'b', b'e', 0, 100, 0, 0, 0, 0, transform], stream);
        }
    }
}

/// Appends `part`, a JPEG or its tables alone, without SOI, without the markers of applications and comments, without
/// bytes between markers, and with nothing of an end but what follows the first scan.
///
/// # Errors
/// [`MasterError::Damaged`] if it does not begin as a JPEG does, or ends in a marker before its first scan.
pub fn append(part: &[u8], stream: &mut Vec<u8>) -> Result<(), MasterError> {
    let start = part.strip_prefix(&[0xff, 0xd8]);
    let mut rest = start.ok_or_else(|| MasterError::damaged("JPEG data that do not begin with SOI"))?;
    let mut frame = 0;
    while let Some(Segment { marker, content, after }) = segment::next(rest)? {
        match marker {
            0x01 | 0xd0..=0xd7 | 0xe0..=0xef | 0xfe => {}
            0xd9 => break,
            0xda => {
                push_scan(frame, content, stream);
                stream.extend_from_slice(after);
                break;
            }
            0xc4 | 0xc8 | 0xcc => segment::push(marker, content, stream),
            0xc0..=0xcf => {
                frame = marker;
                push_frame(marker, content, after, stream);
            }
            _ => segment::push(marker, content, stream),
        }
        rest = after;
    }
    Ok(())
}

/// Appends a frame header with the height that DNL tells, if it has none.
fn push_frame(marker: u8, content: &[u8], after: &[u8], stream: &mut Vec<u8>) {
    segment::push(marker, content, stream);
    if let [_, high, low, ..] = content {
        let height = segment::height(u16::from_be_bytes([*high, *low]), after).to_be_bytes();
        let at = stream.len() - content.len() + 1;
        stream[at..at + 2].copy_from_slice(&height);
    }
}

/// Appends SOS. The scans of a sequential frame have all coefficients, whatever its last parameters are (T.81 B.2.3).
pub(super) fn push_scan(frame: u8, content: &[u8], stream: &mut Vec<u8>) {
    segment::push(0xda, content, stream);
    let parameters = content.first().map_or(0, |count| 1 + 2 * usize::from(*count));
    if matches!(frame, 0xc0 | 0xc1 | 0xc9) && content.len() == parameters + 3 {
        let at = stream.len() - 3;
        stream[at..].copy_from_slice(&[0, 63, 0]);
    }
}
