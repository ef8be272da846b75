//! An index as bytes, so that packet headers need to be read once only: the tables of tiles that have no PLT.
//! Pure: what it is bound to, and where it is kept, the caller knows. Bytes that are made up lead to packets that
//! contradict themselves, whereupon the packet headers are read, or to wrong pixels.

use std::collections::BTreeMap;

use super::index::{Index, Parts};

impl Index {
    /// The tables that were found by reading packet headers. None if none was found since the index was read, or since
    /// this was last asked for.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for (tile, (starts, lengths)) in self.take_news()? {
            bytes.extend(tile.to_le_bytes());
            bytes.extend((starts.len() as u32).to_le_bytes());
            bytes.extend(starts.iter().flat_map(|start| start.to_le_bytes()));
            bytes.extend(lengths.iter().flat_map(|length| length.to_le_bytes()));
        }
        Some(bytes)
    }

    /// Takes the tables that [`Index::to_bytes`] gave for the same file. Bytes that are something else are let be.
    pub fn recall(&mut self, state: &[u8]) {
        if let Some(tables) = tables(state) {
            self.keep(tables);
        }
    }
}

/// The tables in a state, by tile; None if it is none.
fn tables(mut state: &[u8]) -> Option<BTreeMap<u32, Parts>> {
    let mut tables = BTreeMap::new();
    while let Some((tile, rest)) = state.split_first_chunk() {
        let (count, rest) = rest.split_first_chunk()?;
        let count = u32::from_le_bytes(*count) as usize;
        let (starts, rest) = rest.split_at_checked(count.checked_mul(8)?)?;
        let (lengths, rest) = rest.split_at_checked(count.checked_mul(4)?)?;
        let starts = starts.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        let lengths = lengths.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        tables.insert(u32::from_le_bytes(*tile), (starts, lengths));
        state = rest;
    }
    state.is_empty().then_some(tables)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jp2::index::Precinct;
    use crate::jp2::index::tests::{precincts, samples};
    use crate::jp2::openjpeg::sample::Sample;

    fn recalled(codestream: &[u8], state: &[u8]) -> Index {
        let mut index = Index::read(codestream).expect("an index");
        index.recall(state);
        index
    }

    #[test]
    fn a_state_spares_reading_packet_headers() {
        for mut sample in samples() {
            sample.plt = false;
            let codestream = sample.codestream();
            let index = Index::read(&codestream).expect("an index");
            assert_eq!(index.to_bytes(), None, "nothing was read yet");
            let first: Vec<_> =
                (0..index.header.tiles()).map(|tile| precincts(&index, &codestream, tile)).collect();
            let state = index.to_bytes().expect("a state");
            let again = recalled(&codestream, &state);
            let second: Vec<_> =
                (0..again.header.tiles()).map(|tile| precincts(&again, &codestream, tile)).collect();
            assert!(first == second, "{sample:?}");
            assert_eq!(again.to_bytes(), None, "nothing was read anew: {sample:?}");
        }
    }

    #[test]
    fn a_made_up_state_is_found_out() {
        let codestream = Sample { progression: 2, layers: 2, ..Sample::default() }.codestream();
        let index = Index::read(&codestream).expect("an index");
        let right = precincts(&index, &codestream, 0);
        let state = index.to_bytes().expect("a state");
        for at in 0..state.len() {
            let mut damaged = state.clone();
            damaged[at] ^= 0x11;
            for wrong in [&damaged[..], &state[..at]] {
                let found = precincts(&recalled(&codestream, wrong), &codestream, 0);
                assert_eq!(found.len(), right.len());
                let whole = |precinct: &Result<Precinct, _>| precinct.is_ok();
                assert!(found.iter().all(whole), "packet headers are read instead: byte {at}");
            }
        }
    }
}
