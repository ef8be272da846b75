//! Files that cannot be carried over as they are, made such that they can: with the same coefficients.

use turbojpeg::{Transform, Transformer};

use crate::error::MasterError;
use crate::format::jpeg::MAX_SCANS;
use crate::format::jpeg::assemble;
use crate::format::jpeg::decoder::decode_sound;
use crate::format::jpeg::header::Header;
use crate::format::jpeg::marker::{self, SOS};
use crate::watch::Watch;

/// Bytes that [`baseline`] takes for a file of `length` bytes: all coefficients, the file, and what becomes of it.
pub(super) fn cost(header: &Header, length: usize) -> u64 {
    header.samples.saturating_mul(2).saturating_add(4 * length as u64)
}

/// The coefficients of a file of 8 bits in one baseline scan, by libjpeg-turbo. What the file says about itself is left
/// out, but for what its components mean.
///
/// # Errors
/// [`MasterError`] if the file is damaged, of another kind, or `watch` ends the work.
pub fn baseline(bytes: &[u8], watch: &Watch) -> Result<Vec<u8>, MasterError> {
    let header = Header::read(bytes)?;
    let stream = assemble::whole(bytes, &header)?;
    if has_many_scans(&stream)? {
        return Err(MasterError::damaged(format!("a JPEG of more than {MAX_SCANS} scans")));
    }
    let mut transform = Transform::default();
    transform.copy_none = true;
    let mut made = Vec::new();
    decode_sound(&stream, watch, |stream| {
        made = Transformer::new()?.transform_to_vec(&transform, stream)?;
        Ok::<_, turbojpeg::Error>(())
    })?;
    // libjpeg-turbo says of components what it has found out; here it matters what the file has said.
    assemble::whole(&made, &header)
}

/// More would take its time for each.
fn has_many_scans(stream: &[u8]) -> Result<bool, MasterError> {
    let (mut rest, mut scans) = (stream, 0);
    while let Some(found) = marker::next(rest)? {
        scans += usize::from(found.marker == SOS);
        rest = found.after;
    }
    Ok(scans > MAX_SCANS)
}

/// The file with the same coefficients and nothing that a decoder would have to pass over, if every bit of them is there
/// although the data are not as they should be: their end is missing, or bytes are left over. None if it is damaged.
pub fn mended(bytes: &[u8], watch: &Watch) -> Option<Vec<u8>> {
    let header = Header::read(bytes).ok()?;
    assemble::mended(&assemble::whole(bytes, &header).ok()?, watch)
}
