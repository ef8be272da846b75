//! What the headers of a codestream say of how it is stored, and of what it takes to reach a part of it.

use super::{Image, convert};
use crate::error::MasterError;
use crate::picture::Dimensions;
use crate::source::Bytes;

/// How a codestream is stored (T.800 annex A).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The size of its tiles; that of the image, if that is one tile.
    pub tile: Dimensions,
    /// How many tiles there are.
    pub tiles: u32,
    /// How often the image can be halved.
    pub halvings: u8,
    /// The order of packets: LRCP, RLCP, RPCL, PCRL or CPRL.
    pub progression: String,
    /// How many layers of quality there are.
    pub layers: u16,
    /// Whether the wavelet is the reversible 5/3; else it is the 9/7, and something was lost.
    pub reversible: bool,
    /// Whether it is High-Throughput JPEG 2000 (T.814).
    pub high_throughput: bool,
    /// Whether its header says how long the tile-parts are.
    pub has_tlm: bool,
    /// Whether the header of its first tile says how long the packets are; None of High-Throughput JPEG 2000, whose
    /// packets are not looked for.
    pub has_plt: Option<bool>,
    /// Bytes of the packets of its first tile.
    pub tile_bytes: u64,
    /// Bits of a sample of the first component.
    pub bits: u8,
    /// How many components there are.
    pub components: usize,
}

impl Image {
    /// How its codestream is stored. Reads the header of the first tile.
    ///
    /// # Errors
    /// [`MasterError`] if that cannot be read.
    pub fn told<'a>(&self, bytes: impl Into<Bytes<'a>>) -> Result<Told, MasterError> {
        let (bytes, header) = (bytes.into(), self.header());
        let announce = convert::announcer(bytes, self.file.codestream.start);
        let codestream = self.file.codestream_of(bytes, &announce);
        let packets = self.index().map(|index| index.told_of_packets(codestream, 0)).transpose()?;
        Ok(Told {
            tile: match header.is_tiled() {
                true => Dimensions::new(header.tile.width, header.tile.height),
                false => Dimensions::new(header.image.width, header.image.height),
            },
            tiles: header.tiles(),
            halvings: self.halvings,
            progression: format!("{:?}", header.coding.progression).to_uppercase(),
            layers: header.coding.layers,
            reversible: header.coding.components.iter().all(|component| component.reversible),
            high_throughput: header.high_throughput,
            has_tlm: header.tells_tile_part_lengths(),
            has_plt: packets.map(|(has_lengths, _)| has_lengths),
            tile_bytes: packets.map_or(self.file.codestream.len() as u64, |(_, bytes)| bytes),
            bits: header.components.first().map_or(0, |component| component.precision),
            components: header.components.len(),
        })
    }
}
