//! Which packets a precinct has, and where they lie: random access to a codestream.
//! Pure on its bytes. A tile is indexed when it is first asked for, from PLT if that is there, else by reading its
//! packet headers once; few tiles are kept in mind if they are large.

mod precinct;
mod table;
#[cfg(test)]
mod tests;

pub use precinct::{CodeBlock, Precinct, PrecinctBand, Segment};
pub(super) use table::Table;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::codestream::{self, Coding, Header, Place};
use super::layout;
use crate::error::MasterError;
use table::PackedHeaders;

/// Tiles are kept as long as they have together no more packets than this; each takes 12 bytes.
const MAX_PACKETS_KEPT: usize = 1 << 22;

/// The index of a codestream.
pub struct Index {
    /// The main header.
    pub header: Header,
    tiles: RefCell<Tiles>,
}

/// A tile that is indexed.
pub struct Tile {
    /// How it is coded.
    pub coding: Coding,
    /// Where its parts lie.
    pub layout: layout::Tile,
    header: codestream::Tile,
    table: Table,
    origin: Origin,
    packed: Option<PackedHeaders>,
}

/// Where a table comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// PLT, or a state from elsewhere: packets may disagree.
    Told,
    /// The packets agree as far as they can be read.
    Walked,
    /// As `Told`; packets disagree, but reading them all did not lead further.
    Disputed,
}

#[derive(Default)]
struct Tiles {
    /// Ordered by tile.
    places: Vec<Place>,
    /// Tables of an index before this.
    kept: BTreeMap<u32, (Vec<u64>, Vec<u32>)>,
    read: BTreeMap<u32, Rc<Tile>>,
    packets: usize,
}

impl Index {
    /// Reads the main header and finds the tile-parts of a codestream, which begins with SOC.
    ///
    /// # Errors
    /// [`MasterError`] of [`Header::read`]; [`MasterError::Unsupported`] for High-Throughput JPEG 2000;
    /// [`MasterError::TooLarge`] if there are more tile-parts than any master has.
    pub fn read(codestream: &[u8]) -> Result<Self, MasterError> {
        let header = Header::read(codestream)?;
        if header.high_throughput {
            return Err(MasterError::unsupported("an index of High-Throughput JPEG 2000"));
        }
        let places = codestream::places(codestream, &header, true)?;
        Ok(Self { header, tiles: RefCell::new(Tiles { places, ..Tiles::default() }) })
    }

    /// The code-blocks of one precinct with their segments of all layers.
    ///
    /// `tile` is one of `header.tiles()`, `component`, `resolution` and `precinct` are of its layout.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if the tile has no such precinct, if one of its packets is not there, or if their
    /// headers contradict themselves; [`MasterError::TooLarge`] if the tile has more of anything than masters have.
    pub fn precinct(
        &self,
        codestream: &[u8],
        tile: u32,
        component: usize,
        resolution: usize,
        precinct: u32,
    ) -> Result<Precinct, MasterError> {
        let indexed = self.tile(codestream, tile)?;
        let first = indexed.precinct(codestream, component, resolution, precinct);
        if first.is_ok() || indexed.origin != Origin::Told {
            return first;
        }
        let walked = self.tiles.borrow_mut().insert(tile, indexed.walked_anew(codestream)?);
        walked.precinct(codestream, component, resolution, precinct)
    }

    /// A tile, 0 to `header.tiles() - 1`, which is indexed if it was not yet.
    ///
    /// # Errors
    /// [`MasterError`] if its headers cannot be read, or tell of more than any master has.
    pub fn tile(&self, codestream: &[u8], number: u32) -> Result<Rc<Tile>, MasterError> {
        if let Some(tile) = self.tiles.borrow().read.get(&number) {
            return Ok(tile.clone());
        }
        let mut tiles = self.tiles.borrow_mut();
        let header = tiles.header(codestream, &self.header, number)?;
        let tile = Tile::new(codestream, &self.header, number, header, tiles.kept.remove(&number))?;
        Ok(tiles.insert(number, tile))
    }

    /// The tables of the tiles whose packet headers were read to find them, by number.
    pub(super) fn walked_tables(&self) -> Vec<(u32, Rc<Tile>)> {
        let tiles = self.tiles.borrow();
        let walked =
            tiles.read.iter().filter(|(_, tile)| tile.origin == Origin::Walked && tile.packed.is_none());
        walked.map(|(number, tile)| (*number, tile.clone())).collect()
    }

    /// Uses these tables for tiles that are not indexed yet.
    pub(super) fn keep(&mut self, tables: BTreeMap<u32, (Vec<u64>, Vec<u32>)>) {
        self.tiles.get_mut().kept = tables;
    }
}

impl Tiles {
    /// The headers of a tile. TLM is given up if it does not lead to them.
    fn header(
        &mut self,
        codestream: &[u8],
        main: &Header,
        number: u32,
    ) -> Result<codestream::Tile, MasterError> {
        if let Some(tile) = codestream::Tile::read(codestream, main, self.places_of(number))? {
            return Ok(tile);
        }
        self.places = codestream::places(codestream, main, false)?;
        let tile = codestream::Tile::read(codestream, main, self.places_of(number))?;
        tile.ok_or_else(|| MasterError::damaged(format!("tile {number} is not where it was")))
    }

    fn places_of(&self, number: u32) -> &[Place] {
        let before = |place: &Place| u32::from(place.tile) < number;
        let rest = &self.places[self.places.partition_point(before)..];
        &rest[..rest.partition_point(|place| u32::from(place.tile) == number)]
    }

    fn insert(&mut self, number: u32, tile: Tile) -> Rc<Tile> {
        let tile = Rc::new(tile);
        if let Some(old) = self.read.remove(&number) {
            self.packets -= old.weight();
        }
        if self.packets + tile.weight() > MAX_PACKETS_KEPT {
            self.read.clear();
            self.packets = 0;
        }
        self.packets += tile.weight();
        self.read.insert(number, tile.clone());
        tile
    }
}

impl Tile {
    fn new(
        codestream: &[u8],
        main: &Header,
        number: u32,
        header: codestream::Tile,
        kept: Option<(Vec<u64>, Vec<u32>)>,
    ) -> Result<Self, MasterError> {
        let layout = layout::Tile::new(main, number, &header.coding)?;
        let packed = PackedHeaders::of(codestream, main, &header)?;
        let kept = kept
            .and_then(|(starts, lengths)| Table::from_parts(&layout, header.coding.layers, starts, lengths));
        let told = match (&packed, kept) {
            (Some(_), _) => None,
            (None, Some(kept)) => Some(kept),
            (None, None) => Table::told(codestream, &header, &layout)?,
        };
        let (table, origin) = match told {
            Some(table) => (table, Origin::Told),
            None => (Table::walked(codestream, &header, &layout, packed.as_ref())?.0, Origin::Walked),
        };
        Ok(Self { coding: header.coding.clone(), layout, header, table, origin, packed })
    }

    /// What this tile is after its packets were found to disagree with its table.
    fn walked_anew(&self, codestream: &[u8]) -> Result<Self, MasterError> {
        let (walked, complete) = Table::walked(codestream, &self.header, &self.layout, None)?;
        // Behind damage the table is a better guide than packet headers that cannot be read.
        let (table, origin) =
            if complete { (walked, Origin::Walked) } else { (self.table.clone(), Origin::Disputed) };
        let (coding, layout, header) = (self.coding.clone(), self.layout.clone(), self.header.clone());
        Ok(Self { coding, layout, header, table, origin, packed: None })
    }

    /// The offsets and lengths of its packets, by precinct and layer.
    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// What it costs to keep it, in packets: at least what its headers cost.
    fn weight(&self) -> usize {
        self.table.starts.len() + 256
    }
}
