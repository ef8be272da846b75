//! JPEG streams as libjpeg-turbo gets them: with all that it needs to decode them, and without what it only warns of, in
//! markers before the first scan ([`append`]), or anywhere ([`mended`]). Pure. ITU-T T.81 annex B.

mod mend;

pub(super) use mend::mended;

use super::frame::{FrameHeader, ScanHeader, WHOLE_BLOCKS};
use super::header::Header;
use super::marker::{
    self, APP0, APP15, COM, DAC, DHT, EOI, JPG, RST0, RST7, SOF0, SOF1, SOF9, SOF15, SOS, START, Segment, TEM,
};
use crate::error::MasterError;

/// A whole file in a buffer of its own, since bytes of a map may change under a decoder written in C. Its components mean
/// what `header` has read there.
///
/// # Errors
/// As [`append`].
pub(super) fn whole(bytes: &[u8], header: &Header) -> Result<Vec<u8>, MasterError> {
    let mut copy = Vec::with_capacity(bytes.len());
    copy.extend(START);
    header.meaning.push(header.components, &mut copy);
    append(bytes, &mut copy)?;
    Ok(copy)
}

/// Appends `part`, a JPEG or its tables alone, without SOI, without the markers of applications and comments, without
/// bytes between markers, and with nothing of an end but what follows the first scan.
///
/// # Errors
/// [`MasterError::Damaged`] if it does not begin as a JPEG does, or ends in a marker before its first scan.
pub(crate) fn append(part: &[u8], stream: &mut Vec<u8>) -> Result<(), MasterError> {
    let start = part.strip_prefix(&START);
    let mut rest = start.ok_or_else(|| MasterError::damaged("JPEG data that do not begin with SOI"))?;
    let mut frame = 0;
    while let Some(Segment { marker, content, after }) = marker::next(rest)? {
        match marker {
            TEM | RST0..=RST7 | APP0..=APP15 | COM => {}
            EOI => break,
            SOS => {
                push_scan(frame, content, stream);
                stream.extend_from_slice(after);
                break;
            }
            SOF0..=SOF15 if !matches!(marker, DHT | JPG | DAC) => {
                frame = marker;
                push_frame(marker, content, after, stream);
            }
            _ => marker::push(marker, &[content], stream),
        }
        rest = after;
    }
    Ok(())
}

/// Appends a frame header with the height that DNL gives, if it has none.
fn push_frame(marker: u8, content: &[u8], after: &[u8], stream: &mut Vec<u8>) {
    match (FrameHeader::read(content), content) {
        (Some((frame, _)), [bits, _, _, rest @ ..]) => {
            marker::push(marker, &[&[*bits], &frame.height(after).to_be_bytes(), rest], stream);
        }
        _ => marker::push(marker, &[content], stream),
    }
}

/// Appends SOS. The scans of a sequential frame have all coefficients, whatever their last parameters are (T.81 B.2.3).
fn push_scan(frame: u8, content: &[u8], stream: &mut Vec<u8>) {
    marker::push(SOS, &[content], stream);
    if matches!(frame, SOF0 | SOF1 | SOF9) && ScanHeader::read(content).is_some() {
        let at = stream.len() - WHOLE_BLOCKS.len();
        stream[at..].copy_from_slice(&WHOLE_BLOCKS);
    }
}
