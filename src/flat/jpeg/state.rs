//! An index as bytes, so that the data of a master need to be read once only.
//! Pure: what it is bound to, and where it is kept, the caller knows. Bytes that are damaged are of no use; bytes that
//! are made up lead to data that contradict themselves, or to wrong pixels.

use super::index::{Index, Places};

/// What a state begins with: a name and the version of the form.
const MAGIC: &[u8; 8] = b"recto\0f\x01";

impl Index {
    /// The places that were found, bound to `identity`: all that tells one version of the master from another.
    pub fn to_bytes(&self, identity: &[u8]) -> Vec<u8> {
        let Places { rows, offsets, predictors } = &self.places;
        let mut bytes = MAGIC.to_vec();
        bytes.extend((identity.len() as u64).to_le_bytes());
        bytes.extend(identity);
        // A JPEG has at most 65,535 rows.
        bytes.extend((rows.len() as u32).to_le_bytes());
        bytes.extend(rows.iter().flat_map(|row| row.to_le_bytes()));
        bytes.extend((offsets.len() as u32).to_le_bytes());
        bytes.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
        bytes.extend(predictors.iter().flat_map(|predictor| predictor.to_le_bytes()));
        bytes.extend(libdeflater::crc32(&bytes).to_le_bytes());
        bytes
    }

    /// The index of the file of these `bytes`, of which [`Index::to_bytes`] gave the `state` for the same `identity`.
    /// None if the state is something else.
    pub fn from_bytes(bytes: &[u8], state: &[u8], identity: &[u8]) -> Option<Self> {
        Self::with(bytes, places(state, identity)?)
    }
}

/// The places in a state; None if it is none, or not bound to this identity.
fn places(state: &[u8], identity: &[u8]) -> Option<Places> {
    let (state, checksum) = state.split_last_chunk()?;
    if libdeflater::crc32(state) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let (length, rest) = state.strip_prefix(MAGIC)?.split_first_chunk()?;
    if u64::from_le_bytes(*length) != identity.len() as u64 {
        return None;
    }
    let (count, rest) = rest.strip_prefix(identity)?.split_first_chunk()?;
    let (rows, rest) = rest.split_at_checked((u32::from_le_bytes(*count) as usize).checked_mul(8)?)?;
    let (count, rest) = rest.split_first_chunk()?;
    let (offsets, rest) = rest.split_at_checked((u32::from_le_bytes(*count) as usize).checked_mul(4)?)?;
    let (predictors, []) = rest.as_chunks() else { return None };
    Some(Places {
        rows: rows.as_chunks().0.iter().map(|row| u64::from_le_bytes(*row)).collect(),
        offsets: offsets.as_chunks().0.iter().map(|offset| u32::from_le_bytes(*offset)).collect(),
        predictors: predictors.iter().map(|predictor| i16::from_le_bytes(*predictor)).collect(),
    })
}
