//! The checksum of a picture: of what its pixels are, however they are stored. Pure. FIPS 180-4 (SHA-256).

use sha2::{Digest, Sha256};

use super::{AnyRaster, Sample};
use crate::picture::{Channels, Depth, Dimensions};

/// The SHA-256 of a line of text, `WIDTHxHEIGHT CHANNELS BITS` with a line feed at its end, and of all samples: rows from
/// the top, pixels from the left, the samples of a pixel together, those of 16 bits with the most significant byte first.
/// So `(printf '640x480 3 8\n'; vips rawsave ...) | sha256sum` gives the same.
pub struct Checksum(Sha256);

impl Checksum {
    /// Of a picture, before its first row.
    pub fn new(size: Dimensions, channels: Channels, depth: Depth) -> Self {
        let line = format!("{}x{} {} {}\n", size.width, size.height, channels.count(), depth.bits());
        Self(Sha256::new_with_prefix(line))
    }

    /// Adds the next rows.
    pub fn rows(&mut self, rows: &AnyRaster) {
        match rows {
            AnyRaster::Eight(raster) => self.0.update(&raster.pixels),
            AnyRaster::Sixteen(raster) => self.0.update(u16::big_endian(&raster.pixels)),
        }
    }

    /// The checksum, in hexadecimal.
    pub fn end(self) -> String {
        hexadecimal(&self.0.finalize())
    }
}

/// The digits of a number.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Raster;

    #[test]
    fn a_checksum_is_of_a_line_and_all_samples() {
        // printf '2x1 1 16\n\001\002\003\004' | sha256sum
        let size = Dimensions::new(2, 1);
        let pixels = vec![0x0102u16, 0x0304];
        let rows = AnyRaster::Sixteen(Raster { dimensions: size, channels: Channels::Gray, pixels });
        let mut checksum = Checksum::new(size, Channels::Gray, Depth::Sixteen);
        checksum.rows(&rows);
        let expected = "7e85d36032b1f69b6fda69eaadcf5f888acf1634e4850747b4f6960efa21535d";
        assert_eq!(checksum.end(), expected);
    }
}
