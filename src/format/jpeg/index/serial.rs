//! An index as bytes, so that the data of a master need to be read once only.
//! Pure: the caller decides what it is bound to, and where it is saved. Forged bytes lead to data that contradict
//! themselves, or to wrong pixels.

use super::{Index, Places};

impl Index {
    /// The places that were found.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Places { rows, offsets, predictors } = &self.places;
        let mut bytes = Vec::new();
        // A JPEG has at most 65,535 rows.
        bytes.extend((rows.len() as u32).to_le_bytes());
        bytes.extend(rows.iter().flat_map(|row| row.to_le_bytes()));
        bytes.extend((offsets.len() as u32).to_le_bytes());
        bytes.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
        bytes.extend(predictors.iter().flat_map(|predictor| predictor.to_le_bytes()));
        bytes
    }

    /// The index of the file of these `bytes`, of which [`Index::to_bytes`] gave the `state`. None if the state is
    /// something else.
    pub fn from_bytes(bytes: &[u8], state: &[u8]) -> Option<Self> {
        Self::with(bytes, places(state)?)
    }
}

/// The places in a state; None if it is none.
fn places(state: &[u8]) -> Option<Places> {
    let (count, rest) = state.split_first_chunk()?;
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
