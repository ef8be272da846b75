//! Tile-parts: where they lie, by TLM or from SOT to SOT, and their headers (T.800 A.4.2, A.7).

use std::ops::Range;

use super::coding_segments::CodingSegments;
use super::marker::{self, Next, code};
use super::{Coding, Header};
use crate::bytes::{Ahead, Bytes};
use crate::error::Error;

/// Most tile-parts of a tile (T.800 A.4.2: TPsot has 8 bits, and 255 is not allowed).
const MAX_PARTS_OF_TILE: usize = 255;

/// More tile-parts than this are refused: each costs memory.
const MAX_PARTS: usize = 1 << 20;

/// Bytes of SOT with its marker.
const SOT_LENGTH: usize = 12;

/// What follows the last tile-part.
const EOC: [u8; 2] = code::EOC.to_be_bytes();

/// Where a tile-part lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Isot.
    pub tile: u16,
    /// Its place among all tile-parts of the codestream, as PPM counts them.
    pub ordinal: u32,
    /// Offset of its SOT.
    pub start: usize,
    /// Offset of what follows it; beyond the end of a codestream that is cut.
    pub end: usize,
}

/// The places of tile-parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// Ordered by tile, in each tile as in the codestream.
    pub all: Vec<Place>,
    /// Whether they lead to the end of the codestream: else there may be more behind damage.
    pub whole: bool,
}

/// A tile as the headers of its tile-parts describe it.
#[derive(Clone, Debug)]
pub(crate) struct Tile {
    /// How it is coded.
    pub coding: Coding,
    /// Its tile-parts, in their order.
    pub parts: Vec<TilePart>,
    /// Whether these are all, with all of their bytes: then packets that they do not hold are empty.
    pub whole: bool,
}

/// What the header of a tile-part says about its packets.
#[derive(Clone, Debug)]
pub(crate) struct TilePart {
    /// Its place among all tile-parts of the codestream.
    pub ordinal: u32,
    /// The bytes of its packets, as far as the codestream has them.
    pub packets: Range<usize>,
    /// Whether the codestream ends before it does.
    pub cut: bool,
    /// The lengths of its packets (Iplt) in the order of Zplt.
    pub packet_lengths: Vec<Range<usize>>,
    /// Its packet headers (Ippt) in the order of Zppt.
    pub packet_headers: Vec<Range<usize>>,
}

/// SOT: T.800 A.4.2.
struct Start {
    tile: u16,
    /// Psot; 0 if the tile-part goes to the end of the codestream.
    length: u32,
    /// TPsot.
    part: u8,
    /// TNsot: how many tile-parts the tile has; 0 if this one does not say.
    parts: u8,
}

/// The places of all tile-parts.
///
/// TLM is believed if `trust` says so, but for its sum; the SOT that it points at must be compared by whoever goes there. Else
/// each SOT is visited. What lies behind damage is left out.
///
/// # Errors
/// [`Error::Damaged`] for a tile that SIZ has no place for: its tiles are not those that were coded;
/// [`Error::TooLarge`] for more tile-parts than any picture has.
pub(crate) fn places(codestream: Bytes, header: &Header, trust: bool) -> Result<Places, Error> {
    let by_tlm = if trust { places_by_tlm(codestream, header)? } else { None };
    let mut places = match by_tlm {
        Some(all) => Places { all, whole: true },
        None => places_by_sot(codestream, header)?,
    };
    // Stable: tile-parts of a tile stay in their order.
    places.all.sort_by_key(|place| place.tile);
    Ok(places)
}

impl Places {
    /// The tile-parts of one tile.
    pub(crate) fn of(&self, tile: u32) -> &[Place] {
        let before = |place: &Place| u32::from(place.tile) < tile;
        let rest = &self.all[self.all.partition_point(before)..];
        &rest[..rest.partition_point(|place| u32::from(place.tile) == tile)]
    }
}

/// TLM: T.800 A.7.1. None if there is none, or it does not fit the codestream.
fn places_by_tlm(codestream: Bytes, header: &Header) -> Result<Option<Vec<Place>>, Error> {
    let segments =
        header.tile_part_lengths.iter().filter_map(|range| codestream.slice(range.clone()).transpose());
    let Some((places, end)) = places_told(segments.collect::<Result<_, _>>()?, header.end) else {
        return Ok(None);
    };
    // What follows the last tile-part is EOC, or nothing.
    let fits = end == codestream.length() || codestream.has(end, EOC)?;
    let numbers = places.iter().all(|place| u32::from(place.tile) < header.tiles());
    Ok((fits && numbers && !places.is_empty() && places.len() <= MAX_PARTS).then_some(places))
}

/// The places that segments of TLM tell, from `start` on, and where the last ends.
fn places_told(mut segments: Vec<&[u8]>, mut start: usize) -> Option<(Vec<Place>, usize)> {
    segments.sort_by_key(|segment| segment.first().copied());
    let mut places = Vec::new();
    for segment in segments {
        let (&[_, sizes], entries) = segment.split_first_chunk()?;
        let tile_bytes = usize::from(sizes >> 4 & 3);
        let length_bytes = if sizes & 0x40 == 0 { 2 } else { 4 };
        for entry in entries.chunks_exact(tile_bytes + length_bytes) {
            let (tile, length) = entry.split_at_checked(tile_bytes)?;
            let number = |bytes: &[u8]| bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
            // Without numbers there is one tile-part for each tile.
            let tile = if tile.is_empty() { places.len() as u64 } else { number(tile) };
            let end = start.checked_add(usize::try_from(number(length)).ok()?)?;
            let ordinal = u32::try_from(places.len()).ok()?;
            places.push(Place { tile: u16::try_from(tile).ok()?, ordinal, start, end });
            start = end;
        }
    }
    Some((places, start))
}

/// From SOT to SOT.
fn places_by_sot(codestream: Bytes, header: &Header) -> Result<Places, Error> {
    let (mut all, mut start) = (Vec::new(), header.end);
    let length = codestream.length();
    while let Some(sot) = codestream.slice(start..start.saturating_add(SOT_LENGTH))?.and_then(Start::read) {
        let end = match sot.length {
            0 if codestream.has(length - EOC.len(), EOC)? => length - EOC.len(),
            // Without EOC it may be cut.
            0 => length + 1,
            length => start.saturating_add(length as usize),
        };
        if u32::from(sot.tile) >= header.tiles() {
            let (tile, tiles) = (sot.tile, header.tiles());
            return Err(Error::damaged(format!("a tile-part of tile {tile}, where SIZ has {tiles}")));
        }
        if end < start + SOT_LENGTH {
            break;
        }
        if all.len() == MAX_PARTS {
            return Err(Error::too_large(format!("more than {MAX_PARTS} tile-parts")));
        }
        all.push(Place { tile: sot.tile, ordinal: all.len() as u32, start, end });
        start = end;
    }
    Ok(Places { all, whole: codestream.has(start, EOC)? })
}

impl Start {
    /// The SOT in so many bytes, if they are one.
    fn read(bytes: &[u8]) -> Option<Self> {
        let &[0xff, 0x90, 0, 10, i1, i0, p3, p2, p1, p0, part, parts] = bytes else { return None };
        let (tile, length) = (u16::from_be_bytes([i1, i0]), u32::from_be_bytes([p3, p2, p1, p0]));
        Some(Self { tile, length, part, parts })
    }
}

impl Tile {
    /// Reads the headers of the tile-parts of a tile. None if one of them is not there: the places are wrong.
    ///
    /// # Errors
    /// [`Error::Damaged`] if the first of them cannot be read, or the tile has none; others that cannot be read
    /// are left out with all that follow.
    pub(crate) fn read(
        codestream: Bytes,
        header: &Header,
        places: &Places,
        number: u32,
    ) -> Result<Option<Self>, Error> {
        let (mut coding, mut parts, mut count) = (CodingSegments::default(), Vec::new(), 0);
        for place in places.of(number).iter().take(MAX_PARTS_OF_TILE) {
            let end = place.end.max(place.start.saturating_add(SOT_LENGTH));
            let mut ahead = Ahead::new(codestream.until(end), place.start);
            let sot = ahead.slice(place.start, SOT_LENGTH)?.and_then(Start::read);
            let Some(sot) = sot.filter(|sot| sot.fits(place)) else { return Ok(None) };
            count = count.max(usize::from(sot.parts));
            if usize::from(sot.part) != parts.len() {
                break;
            }
            match TilePart::read(&mut ahead, codestream.length(), header, place, &mut coding) {
                Ok(part) => parts.push(part),
                Err(error) if parts.is_empty() || error == Error::Unavailable => return Err(error),
                Err(_) => break,
            }
        }
        if parts.is_empty() {
            return Err(Error::damaged("a tile without its first tile-part"));
        }
        if coding.high_throughput && !header.high_throughput {
            return Err(Error::unsupported("High-Throughput JPEG 2000 in a tile of an image that is not"));
        }
        // Where no tile-part says how many there are, the end of the codestream shows that there are no more.
        let are_all = match count {
            0 => places.whole && parts.len() == places.of(number).len(),
            _ => parts.len() >= count,
        };
        let whole = are_all && parts.last().is_some_and(|last| !last.cut);
        Ok(Some(Self { coding: coding.over(header.coding.clone())?, parts, whole }))
    }
}

impl Start {
    fn fits(&self, place: &Place) -> bool {
        self.tile == place.tile && (self.length == 0 || self.length as usize == place.end - place.start)
    }
}

impl TilePart {
    /// Reads a header that lies `ahead` in a codestream of `length` bytes.
    fn read(
        ahead: &mut Ahead,
        length: usize,
        header: &Header,
        place: &Place,
        coding: &mut CodingSegments,
    ) -> Result<Self, Error> {
        let end = place.end.min(length);
        let (mut lengths, mut headers) = (Vec::new(), Vec::new());
        let mut at = place.start + SOT_LENGTH;
        loop {
            let segment = match marker::next(ahead, at)? {
                Next::Segment(segment) => segment,
                Next::End(code::SOD, after) => {
                    let packets = after..end;
                    let cut = place.end > length;
                    let (packet_lengths, packet_headers) = (in_order(lengths), in_order(headers));
                    return Ok(Self { ordinal: place.ordinal, packets, cut, packet_lengths, packet_headers });
                }
                Next::End(..) => return Err(Error::damaged("a tile-part without SOD")),
            };
            let number = segment.parameters.rest.first().copied();
            let content = segment.start + 1..segment.end();
            match (segment.code, number) {
                (code::PLT, Some(number)) => lengths.push((number, content)),
                (code::PPT, Some(number)) => headers.push((number, content)),
                (code, _) => coding.read(code, segment.parameters, header.components.len())?,
            }
            at = segment.end();
        }
    }
}

impl Header {
    /// The packet headers of PPM, joined, and which of these bytes each tile-part of the codestream has
    /// (T.800 A.7.4). None if there is no PPM.
    ///
    /// # Errors
    /// [`Error::Damaged`] if it is cut.
    pub(crate) fn packed_headers(&self, codestream: Bytes) -> Result<Option<Packed>, Error> {
        if self.packed_packet_headers.is_empty() {
            return Ok(None);
        }
        let mut contents = Vec::new();
        for range in &self.packed_packet_headers {
            if let Some((number, content)) = codestream.slice(range.clone())?.and_then(<[u8]>::split_first) {
                contents.push((*number, content));
            }
        }
        let joined = in_order(contents).concat();
        let (mut parts, mut at) = (Vec::new(), 0);
        while let Some(length) = joined.get(at..).and_then(|rest| rest.first_chunk()) {
            let start = at + 4;
            at = start.saturating_add(u32::from_be_bytes(*length) as usize);
            if at > joined.len() {
                return Err(Error::damaged("packed packet headers that are cut"));
            }
            if parts.len() < MAX_PARTS {
                parts.push(start..at);
            }
        }
        Ok(Some((joined, parts)))
    }
}

/// Packet headers, and where those of each tile-part lie in them.
type Packed = (Vec<u8>, Vec<Range<usize>>);

/// The contents of marker segments in the order of their numbers.
fn in_order<T>(mut segments: Vec<(u8, T)>) -> Vec<T> {
    segments.sort_by_key(|(number, _)| *number);
    segments.into_iter().map(|(_, content)| content).collect()
}
