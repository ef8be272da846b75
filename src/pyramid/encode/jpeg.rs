//! JPEG tiles as abbreviated streams, whose tables are in the file once. Standard Huffman tables: better ones for all
//! tiles would want a look at all of them first.
//! TIFF Technical Note 2. ITU-T T.81 B.2 and B.5.

use turbojpeg::{Colorspace, Compressor, Image, PixelFormat, Subsamp, compressed_buf_len};

use super::failed;
use crate::picture::Channels;
use crate::pyramid::{Error, Result, Subsampling};

/// Encodes tiles of one kind.
pub(super) struct Encoder {
    compressor: Compressor,
    format: PixelFormat,
    side: usize,
    tables: Vec<u8>,
    /// Room for the stream that the library makes.
    stream: Vec<u8>,
}

impl Encoder {
    /// For gray, RGB or inks.
    ///
    /// # Errors
    /// [`Error::Encoder`] if the library refuses them.
    pub(super) fn new(
        channels: Channels,
        side: usize,
        quality: u8,
        subsampling: Subsampling,
    ) -> Result<Self> {
        let mut compressor = Compressor::new().map_err(library)?;
        compressor.set_quality(quality.into()).map_err(library)?;
        let (format, colours, subsampling) = match channels {
            Channels::Gray => (PixelFormat::GRAY, Colorspace::Gray, Subsamp::Gray),
            Channels::Rgb => (PixelFormat::RGB, Colorspace::YCbCr, subsampling.of_library()),
            // In a TIFF of inks, its readers convert nothing.
            Channels::Cmyk => (PixelFormat::CMYK, Colorspace::CMYK, Subsamp::None),
            other => return Err(failed("JPEG", format!("it has no {other:?}"))),
        };
        compressor.set_subsamp(subsampling).map_err(library)?;
        compressor.set_colorspace(colours).map_err(library)?;
        // The library counts three samples for a pixel at most.
        let most = compressed_buf_len(side, side, Subsamp::None).map_err(library)? * 2;
        let mut encoder = Self { compressor, format, side, tables: Vec::new(), stream: vec![0; most] };
        let blank = vec![0; side * side * format.size()];
        let length = encoder.compress(&blank)?;
        encoder.tables = Split::of(&encoder.stream[..length])?.tables;
        Ok(encoder)
    }

    /// The tables that all tiles share, as a stream of its own.
    pub(super) fn tables(&self) -> &[u8] {
        &self.tables
    }

    /// The tile of these samples.
    ///
    /// # Errors
    /// [`Error::Encoder`].
    pub(super) fn encode(&mut self, samples: &[u8]) -> Result<Vec<u8>> {
        let length = self.compress(samples)?;
        let Split { tables, head, scan } = Split::of(&self.stream[..length])?;
        if tables != self.tables {
            return Err(failed("JPEG", "two tiles got different tables"));
        }
        Ok([&head, scan].concat())
    }

    fn compress(&mut self, pixels: &[u8]) -> Result<usize> {
        let (side, format) = (self.side, self.format);
        let image = Image { pixels, width: side, pitch: side * format.size(), height: side, format };
        self.compressor.compress_to_slice(image, &mut self.stream).map_err(library)
    }
}

impl Subsampling {
    fn of_library(self) -> Subsamp {
        match self {
            Self::S444 => Subsamp::None,
            Self::S422 => Subsamp::Sub2x1,
            Self::S420 => Subsamp::Sub2x2,
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is called as it is given")]
fn library(error: turbojpeg::Error) -> Error {
    failed("JPEG", error)
}

/// A stream parted into its tables and the rest. Application data (JFIF, Adobe) go: Technical Note 2 wants none, for the
/// TIFF tags say what they would.
#[derive(Debug, PartialEq)]
struct Split<'a> {
    /// A stream of the tables alone.
    tables: Vec<u8>,
    /// The beginning of the tile's stream.
    head: Vec<u8>,
    /// The rest of it, from the header of the first scan on.
    scan: &'a [u8],
}

impl<'a> Split<'a> {
    fn of(stream: &'a [u8]) -> Result<Self> {
        const START: [u8; 2] = [0xFF, 0xD8];
        const END: [u8; 2] = [0xFF, 0xD9];
        let torn = || failed("JPEG", "the library made a stream without a scan");
        let (mut tables, mut head) = (START.to_vec(), START.to_vec());
        let mut rest = stream.strip_prefix(&START).ok_or_else(torn)?;
        loop {
            let [0xFF, marker, high, low, ..] = *rest else { return Err(torn()) };
            let length = 2 + usize::from(u16::from_be_bytes([high, low]));
            let (segment, after) = rest.split_at_checked(length).ok_or_else(torn)?;
            match marker {
                0xDA => break,
                0xDB | 0xC4 => tables.extend_from_slice(segment),
                0xE0..=0xEF => {}
                _ => head.extend_from_slice(segment),
            }
            rest = after;
        }
        tables.extend_from_slice(&END);
        Ok(Self { tables, head, scan: rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_parted_at_their_tables() {
        let stream = [
            &[0xFF, 0xD8, 0xFF, 0xE0, 0, 3, 9, 0xFF, 0xDB, 0, 3, 1, 0xFF, 0xC0, 0, 3, 2][..],
            &[0xFF, 0xC4, 0, 3, 3, 0xFF, 0xDA, 0, 2, 77, 0xFF, 0xD9],
        ];
        let stream = stream.concat();
        let split = Split::of(&stream).unwrap();
        assert_eq!(split.tables, [0xFF, 0xD8, 0xFF, 0xDB, 0, 3, 1, 0xFF, 0xC4, 0, 3, 3, 0xFF, 0xD9]);
        assert_eq!(split.head, [0xFF, 0xD8, 0xFF, 0xC0, 0, 3, 2]);
        assert_eq!(split.scan, [0xFF, 0xDA, 0, 2, 77, 0xFF, 0xD9]);
        for cut in [0, 1, 3, 5, 9, 20] {
            assert!(Split::of(&stream[..cut]).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn joined_again_a_tile_is_a_jpeg() {
        for (channels, subsampling) in [
            (Channels::Gray, Subsampling::S420),
            (Channels::Rgb, Subsampling::S444),
            (Channels::Rgb, Subsampling::S422),
            (Channels::Rgb, Subsampling::S420),
            (Channels::Cmyk, Subsampling::S420),
        ] {
            let count = channels.count();
            let mut encoder = Encoder::new(channels, 32, 95, subsampling).unwrap();
            let pixels: Vec<u8> = (0..32 * 32 * count).map(|n| (n / count % 32) as u8 + 122).collect();
            let tile = encoder.encode(&pixels).unwrap();
            let stream = [&encoder.tables[..encoder.tables.len() - 2], &tile[2..]].concat();
            let decoded = turbojpeg::decompress(&stream, encoder.format).unwrap();
            assert_eq!((decoded.width, decoded.height), (32, 32));
            let far = (0..32 * count).map(|n| decoded.pixels[n].abs_diff((n / count) as u8 + 122));
            assert!(
                far.max().unwrap() <= 3,
                "{channels:?}, {subsampling:?}: {:?}",
                &decoded.pixels[..32 * count]
            );
        }
    }
}
