//! Where each packet of a tile lies: a table filled from PLT, or by reading one packet header after the other.

use std::ops::Range;

use crate::bytes::Bytes;
use crate::codestream::layout::{Resolution, Tile};
use crate::codestream::progression::{Packet, packets};
use crate::codestream::{Coding, Progression, Tile as TileHeader};
use crate::error::Error;
use crate::packet::{Contribution, Headers, Position, Source};

/// More packets than this in a tile are refused: a component of 10 gigapixels in precincts of 256 samples' side and
/// ten layers has half of it.
const MAX_PACKETS: u64 = 1 << 22;

/// Packet headers of more code-blocks than this, each counted in every layer, are not read.
pub(super) const MAX_BLOCK_VISITS: u64 = 1 << 27;

/// More code-blocks than this are not remembered at once, as they have to be where layers come one after the other.
const MAX_BLOCKS: u64 = 1 << 22;

/// After so many packets and code-blocks whose headers were read, some 50 us, it is asked whether to go on.
const UNCHECKED: u64 = 1 << 10;

/// The start of a packet that was not found.
const ABSENT: u64 = u64::MAX;

/// Where the packets of a tile lie: for each precinct in the order of the layout, its layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    layers: u16,
    /// Offset of each packet in the codestream; `ABSENT` if it is not there.
    starts: Vec<u64>,
    /// Number of bytes of each packet in the codestream.
    lengths: Vec<u32>,
    /// Offset of each packet's header in the packed packet headers; empty if there are none.
    headers: Vec<u32>,
}

/// The offset and the length of each packet of a tile: for each precinct in the order of the layout, its layers.
pub(crate) type Parts = (Vec<u64>, Vec<u32>);

/// Where a packet lies: the bytes in the codestream, and the offset of its header if headers are packed.
pub(crate) type Extent = (Range<usize>, usize);

/// The packed packet headers of a tile (PPM or PPT), and which of them each tile-part has.
pub(crate) struct PackedHeaders {
    pub bytes: Vec<u8>,
    pub ends: Vec<usize>,
}

impl Table {
    /// A table of no packets yet.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if there would be more than any picture needs.
    fn new(layout: &Tile, layers: u16, packed: bool) -> Result<Self, Error> {
        let count = u64::from(layout.precincts) * u64::from(layers);
        if count > MAX_PACKETS {
            return Err(Error::too_large(format!("a tile of {count} packets")));
        }
        let count = count as usize;
        let headers = vec![0; if packed { count } else { 0 }];
        Ok(Self { layers, starts: vec![ABSENT; count], lengths: vec![0; count], headers })
    }

    /// The table of these offsets and lengths, if they are as many as the tile has packets.
    pub(super) fn from_parts(layout: &Tile, layers: u16, (starts, lengths): Parts) -> Option<Self> {
        let count = u64::from(layout.precincts) * u64::from(layers);
        let fits = starts.len() == lengths.len() && starts.len() as u64 == count;
        fits.then_some(Self { layers, starts, lengths, headers: Vec::new() })
    }

    /// The offsets and the lengths. Of no use where packet headers are packed.
    pub(super) fn to_parts(&self) -> Parts {
        (self.starts.clone(), self.lengths.clone())
    }

    /// Number of packets.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The table by PLT, if it is there in every tile-part and adds up to its length (T.800 A.7.3).
    ///
    /// # Errors
    /// As [`Table::walked`].
    pub(super) fn from_plt(
        codestream: Bytes,
        header: &TileHeader,
        layout: &Tile,
    ) -> Result<Option<Self>, Error> {
        if header.parts.iter().any(|part| part.packet_lengths.is_empty() && !part.packets.is_empty()) {
            return Ok(None);
        }
        let mut table = Self::new(layout, header.coding.layers, false)?;
        let mut sequence = packets(layout, &header.coding);
        for part in &header.parts {
            let mut at = part.packets.start;
            for segment in &part.packet_lengths {
                codestream.check()?;
                for length in packet_lengths(codestream.slice(segment.clone())?.unwrap_or_default()) {
                    let (Some(packet), Some(length)) = (sequence.next(), length) else { return Ok(None) };
                    let Some(end) = at.checked_add(length as usize) else { return Ok(None) };
                    if end <= part.packets.end {
                        table.set(layout, packet, at..end, 0);
                    } else if !part.cut {
                        return Ok(None);
                    }
                    at = end;
                }
            }
            if at != part.packets.end && !part.cut {
                return Ok(None);
            }
        }
        drop(sequence);
        Ok(Some(table))
    }

    /// The table by the packet headers, each read in its turn, and whether all packets were found and nothing else:
    /// those after damage, or beyond the end, are not found. Of a tile whose tile-parts are all there and end early,
    /// the other packets are empty: encoders leave them out to keep to a size.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if there are more packets or code-blocks than any picture needs; [`Error::Stopped`].
    pub(super) fn walked(
        codestream: Bytes,
        header: &TileHeader,
        layout: &Tile,
        packed: Option<&PackedHeaders>,
    ) -> Result<(Self, bool), Error> {
        let mut table = Self::new(layout, header.coding.layers, packed.is_some())?;
        let mut states = States::new(&header.coding, layout);
        let mut sequence = packets(layout, &header.coding).peekable();
        let mut header_at = 0;
        for (number, part) in header.parts.iter().enumerate() {
            let header_end = packed.map(|packed| packed.ends[number]);
            let source = Source {
                codestream: codestream.until(part.packets.end),
                packed_headers: packed.zip(header_end).map(|(packed, end)| &packed.bytes[..end]),
                sop: header.coding.sop,
                eph: header.coding.eph,
            };
            let mut at = Position { packet: part.packets.start, header: header_at };
            while header_end.map_or(at.packet < part.packets.end, |end| at.header < end) {
                let Some(packet) = sequence.next() else { return Ok((table, false)) };
                let next = match states.read(source, at, packet) {
                    Ok(next) => next,
                    Err(Error::Damaged { .. }) => return Ok((table, false)),
                    Err(error) => return Err(error),
                };
                table.set(layout, packet, at.packet..next.packet, at.header);
                at = next;
            }
            header_at = header_end.unwrap_or(0);
        }
        let complete = sequence.peek().is_none();
        if let (Some(last), None) = (header.parts.last().filter(|_| header.whole), packed) {
            for packet in sequence {
                table.set(layout, packet, last.packets.end..last.packets.end, 0);
            }
        }
        Ok((table, complete))
    }

    /// Where a packet of the resolution lies, if it was found.
    pub fn extent(&self, resolution: &Resolution, precinct: u32, layer: u16) -> Option<Extent> {
        let slot =
            (resolution.first_precinct + precinct) as usize * usize::from(self.layers) + usize::from(layer);
        let start = usize::try_from(*self.starts.get(slot).filter(|start| **start != ABSENT)?).ok()?;
        let end = start.checked_add(*self.lengths.get(slot)? as usize)?;
        Some((start..end, self.headers.get(slot).map_or(0, |header| *header as usize)))
    }

    fn set(&mut self, layout: &Tile, packet: Packet, bytes: Range<usize>, header: usize) {
        let slot = slot(layout, packet) * usize::from(self.layers) + usize::from(packet.layer);
        // A packet lies in a tile-part, whose length has 32 bits, unless that is the last: then it is not found.
        if let Ok(length) = u32::try_from(bytes.len()) {
            self.starts[slot] = bytes.start as u64;
            self.lengths[slot] = length;
        }
        if let Some(at) = self.headers.get_mut(slot) {
            *at = header as u32;
        }
    }
}

/// The number of a packet's precinct among all of the tile.
fn slot(layout: &Tile, packet: Packet) -> usize {
    (resolution(layout, packet).first_precinct + packet.precinct) as usize
}

fn resolution(layout: &Tile, packet: Packet) -> &Resolution {
    &layout.components[usize::from(packet.component)].resolutions[usize::from(packet.resolution)]
}

/// The lengths in a PLT, seven bits in a byte; None for one that is 0, cut, or has more than 32 bits.
fn packet_lengths(bytes: &[u8]) -> impl Iterator<Item = Option<u32>> + '_ {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (mut length, mut more) = (0u64, !rest.is_empty());
        if !more {
            return None;
        }
        while more {
            let Some((byte, after)) = rest.split_first() else { return Some(None) };
            length = length << 7 | u64::from(byte & 0x7f);
            (rest, more) = (after, byte & 0x80 != 0);
            if length > u64::from(u32::MAX) {
                return Some(None);
            }
        }
        Some(u32::try_from(length).ok().filter(|length| *length > 0))
    })
}

/// What packet headers have said about the precincts that are not done yet.
struct States<'a> {
    coding: &'a Coding,
    layout: &'a Tile,
    /// One for all if the layers of a precinct follow each other, else one for each precinct.
    states: Vec<Option<(Headers, u64)>>,
    contributions: Vec<Contribution>,
    blocks: u64,
    visits: u64,
    /// Packets and code-blocks since the reader was last asked whether to go on.
    unchecked: u64,
}

impl<'a> States<'a> {
    fn new(coding: &'a Coding, layout: &'a Tile) -> Self {
        let by_layer = matches!(coding.progression, Progression::Lrcp | Progression::Rlcp);
        let interleaved = coding.layers > 1 && (by_layer || !coding.changes.is_empty());
        let count = if interleaved { layout.precincts as usize } else { 1 };
        let states = std::iter::repeat_with(|| None).take(count).collect();
        Self { coding, layout, states, contributions: Vec::new(), blocks: 0, visits: 0, unchecked: 0 }
    }

    /// Reads the header of a packet that begins at `at`; gives where the next begins.
    fn read(&mut self, source: Source, at: Position, packet: Packet) -> Result<Position, Error> {
        let resolution = resolution(self.layout, packet);
        let shared = self.states.len() == 1;
        let place = if shared { 0 } else { slot(self.layout, packet) };
        let (headers, count) = self.states[place].get_or_insert_default();
        if packet.layer == 0 {
            *count = headers.reset(resolution, packet.precinct)?;
            self.blocks += if shared { 0 } else { *count };
        }
        self.visits += *count;
        if self.visits > MAX_BLOCK_VISITS || self.blocks > MAX_BLOCKS {
            return Err(Error::too_large(format!("a tile of {} code-blocks", self.blocks.max(self.visits))));
        }
        self.unchecked += *count + 1;
        if self.unchecked > UNCHECKED {
            self.unchecked = 0;
            source.codestream.check()?;
        }
        let style = self.coding.components[usize::from(packet.component)].style;
        headers.read(source, at, packet.layer, style, &mut self.contributions).map(|(_, next)| next)
    }
}
