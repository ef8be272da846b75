//! An index as bytes, so that packet headers need to be read once only: the tables of tiles that have no PLT.
//! Pure: what it is bound to, and where it is kept, the caller knows. Bytes that are damaged are of no use; bytes that
//! are made up lead to packets that contradict themselves, whereupon the packet headers are read, or to wrong pixels.

use std::collections::BTreeMap;

use super::index::{Index, Parts};

/// What a state begins with: a name and the version of the form.
const MAGIC: &[u8; 8] = b"recto\0j\x01";

impl Index {
    /// The tables that were found by reading packet headers, bound to `identity`: all that tells one version of the
    /// master from another. None if none was found since the index was read, or since
    /// this was last asked for.
    pub fn to_bytes(&self, identity: &[u8]) -> Option<Vec<u8>> {
        let tables = self.take_news()?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend((identity.len() as u64).to_le_bytes());
        bytes.extend(identity);
        for (tile, (starts, lengths)) in tables {
            bytes.extend(tile.to_le_bytes());
            bytes.extend((starts.len() as u32).to_le_bytes());
            bytes.extend(starts.iter().flat_map(|start| start.to_le_bytes()));
            bytes.extend(lengths.iter().flat_map(|length| length.to_le_bytes()));
        }
        bytes.extend(libdeflater::crc32(&bytes).to_le_bytes());
        Some(bytes)
    }

    /// Takes the tables that [`Index::to_bytes`] gave for the same `identity`. Bytes that are something else are let be.
    pub fn recall(&mut self, state: &[u8], identity: &[u8]) {
        if let Some(tables) = tables(state, identity) {
            self.keep(tables);
        }
    }
}

/// The tables in a state, by tile; None if it is none, or not bound to this identity.
fn tables(state: &[u8], identity: &[u8]) -> Option<BTreeMap<u32, Parts>> {
    let (state, checksum) = state.split_last_chunk()?;
    if libdeflater::crc32(state) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let (length, rest) = state.strip_prefix(MAGIC)?.split_first_chunk()?;
    if u64::from_le_bytes(*length) != identity.len() as u64 {
        return None;
    }
    let mut rest = rest.strip_prefix(identity)?;
    let mut tables = BTreeMap::new();
    while let Some((tile, after)) = rest.split_first_chunk() {
        let (count, after) = after.split_first_chunk()?;
        let count = u32::from_le_bytes(*count) as usize;
        let (starts, after) = after.split_at_checked(count.checked_mul(8)?)?;
        let (lengths, after) = after.split_at_checked(count.checked_mul(4)?)?;
        let starts = starts.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        let lengths = lengths.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        tables.insert(u32::from_le_bytes(*tile), (starts, lengths));
        rest = after;
    }
    Some(tables)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jp2::index::Precinct;
    use crate::jp2::index::tests::{precincts, samples};
    use crate::jp2::openjpeg::sample::Sample;

    fn recalled(codestream: &[u8], state: &[u8], identity: &[u8]) -> Index {
        let mut index = Index::read(codestream).expect("an index");
        index.recall(state, identity);
        index
    }

    #[test]
    fn a_state_spares_reading_packet_headers() {
        for mut sample in samples() {
            sample.plt = false;
            let codestream = sample.codestream();
            let index = Index::read(&codestream).expect("an index");
            assert_eq!(index.to_bytes(b"it"), None, "nothing was read yet");
            let first: Vec<_> =
                (0..index.header.tiles()).map(|tile| precincts(&index, &codestream, tile)).collect();
            let state = index.to_bytes(b"it").expect("a state");
            let again = recalled(&codestream, &state, b"it");
            let second: Vec<_> =
                (0..again.header.tiles()).map(|tile| precincts(&again, &codestream, tile)).collect();
            assert!(first == second, "{sample:?}");
            assert_eq!(again.to_bytes(b"it"), None, "nothing was read anew: {sample:?}");
            let other = recalled(&codestream, &state, b"is");
            other.tile(&codestream, 0).expect("a tile");
            assert!(other.to_bytes(b"is").is_some(), "a state of something else is of no use");
        }
    }

    #[test]
    fn a_damaged_state_is_of_no_use() {
        let codestream = Sample { progression: 2, layers: 2, ..Sample::default() }.codestream();
        let index = Index::read(&codestream).expect("an index");
        let right = precincts(&index, &codestream, 0);
        let state = index.to_bytes(b"").expect("a state");
        for at in 0..state.len() {
            let mut damaged = state.clone();
            damaged[at] ^= 0x11;
            assert!(tables(&damaged, b"").is_none() && tables(&state[..at], b"").is_none(), "byte {at}");
            // Made up: with the checksum that it should have.
            let end = damaged.len() - 4;
            let checksum = libdeflater::crc32(&damaged[..end]);
            damaged[end..].copy_from_slice(&checksum.to_le_bytes());
            let index = recalled(&codestream, &damaged, b"");
            let found = precincts(&index, &codestream, 0);
            assert_eq!(found.len(), right.len());
            let whole = |precinct: &Result<Precinct, _>| precinct.is_ok();
            assert!(found.iter().all(whole), "packet headers are read instead: byte {at}");
        }
    }
}
