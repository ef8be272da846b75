//! Which packets a precinct has, and where they lie: random access to a codestream.
//! Pure on its bytes. A tile is indexed when it is first asked for, from PLT if that is there, else by reading its
//! packet headers once; the larger tiles are, the fewer of them stay indexed.

mod precinct;
mod serial;
mod table;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

pub use precinct::{CodeBlock, Precinct, PrecinctBand, Segment};
pub use table::Table;

use crate::bytes::{Bytes, STEP};
use crate::codestream::{self, Coding, ComponentCoding, Header, Place, Places, layout};
use crate::error::Error;
use table::{PackedHeaders, Parts};

/// Bytes that a packet takes in a table: its offset and its length.
const PACKET_BYTES: usize = 12;

/// Tiles stay indexed as long as they have together no more packets than this.
const MAX_PACKETS_KEPT: usize = 1 << 22;

/// A table is worth saving if it took reading this many code-blocks and packets: a millisecond.
const WORTH_KEEPING: u64 = 1 << 14;

/// Packets that are longer on average are passed over one by one, without the bytes between their headers.
const LONG_PACKET: u64 = 64 << 10;

/// The same of what is far away: all between the headers takes as long as waiting for the next one, or less.
const FAR_PACKET: u64 = 2 << 20;

/// A tile-part that is no longer is fetched whole with its header.
const SHORT_PART: usize = 256 << 10;

/// The index of a codestream.
pub struct Index {
    /// The main header.
    pub header: Header,
    tiles: RefCell<Tiles>,
}

/// A tile that is indexed.
pub struct Tile {
    /// Where its parts lie.
    pub layout: layout::Tile,
    /// Where its packets lie.
    pub table: Table,
    /// The source of that table.
    pub origin: Origin,
    header: codestream::Tile,
    packed: Option<PackedHeaders>,
}

/// Where a table comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// PLT: packet headers may disagree.
    Plt,
    /// A restored table: packet headers may disagree.
    Restored,
    /// The packet headers, as far as they can be read.
    Walked,
    /// PLT or a restored table; packet headers disagree, but reading them all did not lead further.
    Disputed,
}

#[derive(Default)]
struct Tiles {
    places: Places,
    /// Restored tables, of tiles that were not used yet.
    restored: BTreeMap<u32, Parts>,
    /// The number of their packets.
    restored_packets: usize,
    read: BTreeMap<u32, Rc<Tile>>,
    packets: usize,
    /// The cost of reading packet headers since their tables were last taken.
    dirty: u64,
    /// The cost before that.
    taken: u64,
}

impl Index {
    /// Reads the main header and finds the tile-parts of a codestream, which begins with SOC.
    ///
    /// # Errors
    /// [`Error`] of [`Header::read`]; [`Error::Unsupported`] for High-Throughput JPEG 2000;
    /// [`Error::TooLarge`] if there are more tile-parts than any picture has.
    pub fn read<'a>(codestream: impl Into<Bytes<'a>>) -> Result<Self, Error> {
        let codestream = codestream.into();
        let header = Header::read(codestream)?;
        if header.high_throughput {
            return Err(Error::unsupported("an index of High-Throughput JPEG 2000"));
        }
        let places = codestream::places(codestream, &header, true)?;
        Ok(Self { header, tiles: RefCell::new(Tiles { places, ..Tiles::default() }) })
    }

    /// How often the image can be halved. For an image of one tile its header counts as well; for many that would take
    /// too long, and no file is known to differ.
    pub fn levels<'a>(&self, codestream: impl Into<Bytes<'a>>) -> u8 {
        let most = self.header.levels();
        let tile = match self.header.is_tiled() {
            true => None,
            false => self.tiles.borrow_mut().header(codestream.into(), &self.header, 0).ok(),
        };
        tile.map_or(most, |tile| tile.coding.levels().min(most))
    }

    /// The code-blocks of one precinct with their segments of all layers.
    ///
    /// `tile` is one of `header.tiles()`, `component`, `resolution` and `precinct` are of its layout.
    ///
    /// # Errors
    /// [`Error::Damaged`] if the tile has no such precinct, if one of its packets is not there, or if their
    /// headers contradict themselves; [`Error::TooLarge`] if the tile has more of anything than pictures have.
    #[doc(hidden)]
    pub fn precinct<'a>(
        &self,
        codestream: impl Into<Bytes<'a>>,
        tile: u32,
        component: usize,
        resolution: usize,
        precinct: u32,
    ) -> Result<Precinct, Error> {
        let codestream = codestream.into();
        let indexed = self.tile(codestream, tile)?;
        let first = indexed.precinct(codestream, component, resolution, precinct);
        let may_be_wrong = matches!(indexed.origin, Origin::Plt | Origin::Restored);
        if !may_be_wrong || matches!(first, Ok(_) | Err(Error::Stopped)) {
            return first;
        }
        let walked = self.tiles.borrow_mut().insert(tile, indexed.walked_anew(codestream)?);
        walked.precinct(codestream, component, resolution, precinct)
    }

    /// A tile, 0 to [`Header::tiles`] less 1, which is indexed if it was not yet.
    ///
    /// # Errors
    /// [`Error`] if its headers cannot be read, or declare more than any picture has.
    #[doc(hidden)]
    pub fn tile<'a>(&self, codestream: impl Into<Bytes<'a>>, number: u32) -> Result<Rc<Tile>, Error> {
        if let Some(tile) = self.tiles.borrow().read.get(&number) {
            return Ok(tile.clone());
        }
        let (mut tiles, codestream) = (self.tiles.borrow_mut(), codestream.into());
        let header = tiles.header(codestream, &self.header, number)?;
        let restored = tiles.restored.remove(&number);
        tiles.restored_packets -= restored.as_ref().map_or(0, |(starts, _)| starts.len());
        let tile = Tile::new(codestream, &self.header, number, header, restored)?;
        Ok(tiles.insert(number, tile))
    }

    /// Whether the headers of a tile say how long its packets are (PLT), and the bytes of all of them.
    ///
    /// # Errors
    /// [`Error`] if its headers cannot be read.
    pub fn told_of_packets<'a>(
        &self,
        codestream: impl Into<Bytes<'a>>,
        number: u32,
    ) -> Result<(bool, u64), Error> {
        let header = self.tiles.borrow_mut().header(codestream.into(), &self.header, number)?;
        let has_lengths = header.parts.iter().all(|part| !part.packet_lengths.is_empty());
        Ok((has_lengths, header.parts.iter().map(|part| part.packets.len() as u64).sum()))
    }

    /// The first bytes of the tile-parts of a tile that is not indexed yet, as far as its headers are first read ahead; at
    /// full size all of those that are short, of which nearly all is needed.
    pub(crate) fn heads(&self, codestream: Bytes, number: u32, reduction: u8) -> Vec<Range<usize>> {
        let tiles = self.tiles.borrow();
        let head = |place: &Place| {
            let end = place.end.min(codestream.length());
            let start = place.start.min(end);
            let is_needed = reduction == 0 && end - start <= SHORT_PART;
            if is_needed { start..end } else { start..end.min(start.saturating_add(STEP)) }
        };
        match tiles.read.contains_key(&number) {
            true => Vec::new(),
            false => tiles.places.of(number).iter().map(head).collect(),
        }
    }

    /// The bytes that will be read from the first to the last when this tile is asked for. None if it is indexed, if it
    /// has PLT, or if packets are so long that few of their bytes are read on the way.
    pub(crate) fn unread(&self, codestream: Bytes, number: u32) -> Vec<Range<usize>> {
        let mut tiles = self.tiles.borrow_mut();
        if tiles.read.contains_key(&number) || tiles.restored.contains_key(&number) {
            return Vec::new();
        }
        let Ok(header) = tiles.header(codestream, &self.header, number) else { return Vec::new() };
        let Ok(layout) = layout::Tile::new(&self.header, number, &header.coding) else { return Vec::new() };
        let bytes: usize = header.parts.iter().map(|part| part.packets.len()).sum();
        let packets = u64::from(layout.precincts) * u64::from(header.coding.layers);
        let has_plt = header.parts.iter().all(|part| !part.packet_lengths.is_empty());
        let long = if codestream.is_complete() { LONG_PACKET } else { FAR_PACKET };
        match has_plt || bytes as u64 > packets.saturating_mul(long) {
            true => Vec::new(),
            false => header.parts.into_iter().map(|part| part.packets).collect(),
        }
    }

    /// Whether packet headers had to be read, now or before, to find out where others are: nothing else tells. Known once
    /// a tile was read.
    pub fn was_walked(&self) -> bool {
        let tiles = self.tiles.borrow();
        tiles.dirty > 0 || tiles.taken > 0
    }

    /// About how much memory it takes now.
    pub fn bytes(&self) -> usize {
        let tiles = self.tiles.borrow();
        (tiles.packets + tiles.restored_packets) * PACKET_BYTES + size_of_val(&tiles.places.all[..])
    }

    /// Whether reading packet headers has cost so much since the tables were last taken that they are worth saving.
    pub(crate) fn is_dirty(&self) -> bool {
        let tiles = self.tiles.borrow();
        // The caller stores all of them each time: so the more there are, the more must be new.
        tiles.dirty >= WORTH_KEEPING.max(tiles.taken / 4)
    }

    /// The tables of the tiles that have no PLT, by number; None if there are no new ones since they were last taken.
    pub(crate) fn take_tables(&self) -> Option<BTreeMap<u32, Parts>> {
        let mut tiles = self.tiles.borrow_mut();
        tiles.taken += match std::mem::take(&mut tiles.dirty) {
            0 => return None,
            dirty => dirty,
        };
        let mut tables = tiles.restored.clone();
        for (number, tile) in tiles.read.iter().filter(|(_, tile)| tile.packed.is_none()) {
            if matches!(tile.origin, Origin::Walked | Origin::Restored) {
                tables.insert(*number, tile.table.to_parts());
            }
        }
        Some(tables)
    }

    /// Uses these tables for tiles that are not indexed yet.
    pub(crate) fn restore(&mut self, tables: BTreeMap<u32, Parts>) {
        let tiles = self.tiles.get_mut();
        tiles.restored_packets = tables.values().map(|(starts, _)| starts.len()).sum();
        tiles.taken = tiles.restored_packets as u64;
        tiles.restored = tables;
    }
}

impl Tiles {
    /// The headers of a tile. TLM is given up if it does not lead to them.
    fn header(&mut self, codestream: Bytes, main: &Header, number: u32) -> Result<codestream::Tile, Error> {
        if let Some(tile) = codestream::Tile::read(codestream, main, &self.places, number)? {
            return Ok(tile);
        }
        self.places = codestream::places(codestream, main, false)?;
        let tile = codestream::Tile::read(codestream, main, &self.places, number)?;
        tile.ok_or_else(|| Error::damaged(format!("tile {number} is not where it was")))
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
        if tile.origin == Origin::Walked && tile.packed.is_none() {
            self.dirty += tile.effort().max(1);
        }
        self.read.insert(number, tile.clone());
        tile
    }
}

impl Tile {
    /// How it is coded.
    pub fn coding(&self) -> &Coding {
        &self.header.coding
    }

    fn new(
        codestream: Bytes,
        main: &Header,
        number: u32,
        header: codestream::Tile,
        restored: Option<Parts>,
    ) -> Result<Self, Error> {
        let layout = layout::Tile::new(main, number, &header.coding)?;
        let packed = PackedHeaders::of(codestream, main, &header)?;
        let layers = header.coding.layers;
        let restored =
            restored.filter(|_| packed.is_none()).and_then(|parts| Table::from_parts(&layout, layers, parts));
        let from_plt = match &packed {
            None if restored.is_none() => Table::from_plt(codestream, &header, &layout)?,
            _ => None,
        };
        let (table, origin) = match (restored, from_plt) {
            (Some(table), _) => (table, Origin::Restored),
            (_, Some(table)) => (table, Origin::Plt),
            _ => (Table::walked(codestream, &header, &layout, packed.as_ref())?.0, Origin::Walked),
        };
        Ok(Self { layout, header, table, origin, packed })
    }

    /// Its table by the packet headers, and whether that is all of them and nothing else.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if there are more packets or code-blocks than any picture needs.
    pub fn walked<'a>(&self, codestream: impl Into<Bytes<'a>>) -> Result<(Table, bool), Error> {
        Table::walked(codestream.into(), &self.header, &self.layout, self.packed.as_ref())
    }

    /// The tile indexed anew, after its packets were found to disagree with its table.
    fn walked_anew(&self, codestream: Bytes) -> Result<Self, Error> {
        let (walked, complete) = self.walked(codestream)?;
        // After damage the table is more reliable than packet headers that cannot be read.
        let (table, origin) =
            if complete { (walked, Origin::Walked) } else { (self.table.clone(), Origin::Disputed) };
        let (layout, header) = (self.layout.clone(), self.header.clone());
        Ok(Self { layout, header, table, origin, packed: None })
    }

    /// About how many code-blocks and packets its packet headers describe, each layer counted.
    pub(crate) fn effort(&self) -> u64 {
        let blocks = |(part, coding): (&layout::TileComponent, &ComponentCoding)| {
            part.rect.dimensions().area() >> (coding.block.0 + coding.block.1)
        };
        let blocks: u64 = self.layout.components.iter().zip(&self.coding().components).map(blocks).sum();
        (blocks + 4 * u64::from(self.layout.precincts)) * u64::from(self.coding().layers)
    }

    /// What it costs to keep it, in packets of a table.
    fn weight(&self) -> usize {
        let resolutions: usize = self.layout.components.iter().map(|of| of.resolutions.len()).sum();
        let packed = self.packed.as_ref().map_or(0, |packed| packed.bytes.len());
        self.table.len() + 16 * (resolutions + self.header.parts.len() + 1) + packed / 8
    }
}
