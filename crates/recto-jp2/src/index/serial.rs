//! An index as bytes, so that packet headers need to be read once only: the tables of tiles that have no PLT.
//! Pure: the caller decides what they are bound to, and where they are saved. Forged bytes lead to packets that
//! contradict themselves, whereupon the packet headers are read, or to wrong pixels.

use std::collections::BTreeMap;

use super::Index;
use super::table::Parts;

impl Index {
    /// What was learnt from packet headers, for [`Index::restore_index`]. None if that is too little to be worth saving
    /// since the index was read, or since this last gave something.
    pub fn dirty_index(&self) -> Option<Vec<u8>> {
        if self.is_dirty() { self.to_bytes() } else { None }
    }

    /// Restores what [`Index::dirty_index`] gave for the same codestream. Bytes of any other form are ignored.
    pub fn restore_index(&mut self, bytes: &[u8]) {
        if let Some(tables) = tables(bytes) {
            self.restore(tables);
        }
    }

    /// As [`Index::dirty_index`], however little it is. None if it is nothing.
    #[doc(hidden)]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        for (tile, (starts, lengths)) in self.take_tables()? {
            bytes.extend(tile.to_le_bytes());
            bytes.extend((starts.len() as u32).to_le_bytes());
            bytes.extend(starts.iter().flat_map(|start| start.to_le_bytes()));
            bytes.extend(lengths.iter().flat_map(|length| length.to_le_bytes()));
        }
        Some(bytes)
    }
}

/// The tables in what [`Index::to_bytes`] gave, by tile; None if it is something else.
fn tables(mut bytes: &[u8]) -> Option<BTreeMap<u32, Parts>> {
    let mut tables = BTreeMap::new();
    while let Some((tile, rest)) = bytes.split_first_chunk() {
        let (count, rest) = rest.split_first_chunk()?;
        let count = u32::from_le_bytes(*count) as usize;
        let (starts, rest) = rest.split_at_checked(count.checked_mul(8)?)?;
        let (lengths, rest) = rest.split_at_checked(count.checked_mul(4)?)?;
        let starts = starts.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        let lengths = lengths.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
        tables.insert(u32::from_le_bytes(*tile), (starts, lengths));
        bytes = rest;
    }
    bytes.is_empty().then_some(tables)
}
