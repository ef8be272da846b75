//! The code-blocks of a precinct, and the bytes of each.

use std::ops::Range;

use super::Tile;
use super::table::{MAX_BLOCK_VISITS, PackedHeaders};
use crate::bytes::Bytes;
use crate::codestream::layout::Resolution;
use crate::codestream::{self, BandKind, Header};
use crate::error::Error;
use crate::geometry::Rect;
use crate::packet::{Contribution, Headers, Position, Source};

/// The code-blocks of one precinct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precinct {
    /// Those of each subband: LL, or HL, LH and HH.
    pub bands: Vec<PrecinctBand>,
}

/// The code-blocks of one precinct in one subband.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrecinctBand {
    /// The subband.
    pub kind: BandKind,
    /// Code-blocks in a row of them; 0 if there are none.
    pub columns: u32,
    /// The code-blocks along rows.
    pub blocks: Vec<CodeBlock>,
}

/// A code-block as its packets describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeBlock {
    /// Where it lies in the subband. Not empty.
    pub rect: Rect,
    /// Number of its most significant bit-planes that are all zero, 0 to 127.
    pub zero_planes: u8,
    /// Its codeword segments; none if it is zero.
    pub segments: Vec<Segment>,
}

/// A codeword segment (T.800 D.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Number of coding passes, at least 1.
    pub passes: u32,
    /// Where its bytes lie in the codestream: a range for each layer that adds any, to be joined.
    pub ranges: Vec<Range<usize>>,
}

impl Tile {
    /// The code-blocks of one precinct with their segments of all layers.
    ///
    /// # Errors
    /// As [`super::Index::precinct`].
    pub(crate) fn precinct(
        &self,
        codestream: Bytes,
        component: usize,
        resolution: usize,
        precinct: u32,
    ) -> Result<Precinct, Error> {
        let none = || Error::damaged(format!("no precinct {precinct} in resolution {resolution} of a tile"));
        let of =
            self.layout.components.get(component).and_then(|component| component.resolutions.get(resolution));
        let of = of.filter(|of| precinct < of.precincts()).ok_or_else(none)?;
        let style = self.header.coding.components[component].style;
        let mut headers = Headers::default();
        let count = headers.reset(of, precinct)?;
        if count * u64::from(self.header.coding.layers) > MAX_BLOCK_VISITS {
            return Err(Error::too_large(format!(
                "{count} code-blocks of {} layers",
                self.header.coding.layers
            )));
        }
        let (mut found, mut contributions) = (Precinct::new(of, precinct), Vec::new());
        for layer in 0..self.header.coding.layers {
            codestream.check()?;
            let (bytes, header) = self.table.extent(of, precinct, layer).ok_or_else(|| {
                Error::damaged(format!(
                    "layer {layer} of precinct {precinct}, resolution {resolution}, component {component} is missing"
                ))
            })?;
            if bytes.is_empty() && self.packed.is_none() {
                continue;
            }
            let source = self.source(codestream, &bytes)?;
            let at = Position { packet: bytes.start, header };
            let (body, next) = headers.read(source, at, layer, style, &mut contributions)?;
            if next.packet != bytes.end {
                let (claimed, is) = (bytes.len(), next.packet - bytes.start);
                return Err(Error::damaged(format!("a packet of {claimed} bytes that has {is}")));
            }
            found.add(&contributions, body);
        }
        for (number, band) in found.bands.iter_mut().enumerate() {
            for (index, block) in band.blocks.iter_mut().enumerate() {
                block.zero_planes = headers.zero_planes(number, index);
            }
        }
        Ok(found)
    }

    /// Where those packets of a precinct lie that were found.
    pub(crate) fn packets(
        &self,
        resolution: &Resolution,
        precinct: u32,
    ) -> impl Iterator<Item = Range<usize>> {
        let layers = 0..self.header.coding.layers;
        layers.filter_map(move |layer| Some(self.table.extent(resolution, precinct, layer)?.0))
    }

    /// The source of a packet that lies in `bytes`.
    fn source<'a>(&'a self, codestream: Bytes<'a>, bytes: &Range<usize>) -> Result<Source<'a>, Error> {
        if bytes.end > codestream.length() {
            return Err(Error::damaged("a codestream that is shorter than it was"));
        }
        Ok(Source {
            codestream: codestream.until(bytes.end),
            packed_headers: self.packed.as_ref().map(|packed| &packed.bytes[..]),
            sop: self.header.coding.sop,
            eph: self.header.coding.eph,
        })
    }
}

impl Precinct {
    /// The code-blocks of a precinct, none of which has segments yet.
    fn new(resolution: &Resolution, precinct: u32) -> Self {
        let bands = resolution.blocks(precinct).map(|(kind, grid)| {
            let places = (0..grid.rows).flat_map(|row| (0..grid.columns).map(move |column| (column, row)));
            let empty = |(column, row)| CodeBlock {
                rect: grid.block(column, row),
                zero_planes: 0,
                segments: Vec::new(),
            };
            PrecinctBand { kind, columns: grid.columns, blocks: places.map(empty).collect() }
        });
        Self { bands: bands.collect() }
    }

    /// Adds the contents of a packet whose body begins at `at`.
    fn add(&mut self, contributions: &[Contribution], mut at: usize) {
        for contribution in contributions {
            let segments = &mut self.bands[contribution.band].blocks[contribution.block].segments;
            if contribution.begins {
                segments.push(Segment { passes: 0, ranges: Vec::new() });
            }
            let end = at + contribution.length as usize;
            if let Some(segment) = segments.last_mut() {
                segment.passes += u32::from(contribution.passes);
                if at < end {
                    segment.ranges.push(at..end);
                }
            }
            at = end;
        }
    }
}

impl PackedHeaders {
    /// The packet headers of a tile that PPM or PPT hold, if they do (T.800 A.7.4, A.7.5).
    pub(super) fn of(
        codestream: Bytes,
        main: &Header,
        tile: &codestream::Tile,
    ) -> Result<Option<Self>, Error> {
        let all = main.packed_headers(codestream)?;
        if all.is_none() && tile.parts.iter().all(|part| part.packet_headers.is_empty()) {
            return Ok(None);
        }
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for part in &tile.parts {
            if let Some((joined, ranges)) = &all {
                let own = ranges.get(part.ordinal as usize).cloned().unwrap_or_default();
                bytes.extend_from_slice(&joined[own]);
            }
            for range in &part.packet_headers {
                bytes.extend_from_slice(codestream.slice(range.clone())?.unwrap_or_default());
            }
            ends.push(bytes.len());
        }
        Ok(Some(Self { bytes, ends }))
    }
}
