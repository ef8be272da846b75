//! Pixels of one tile to compressed bytes, many tiles at once.
//! Pure but for its threads: knows no file.
//! TIFF 6.0 section 14 (predictor); TIFF Technical Note 2 (abbreviated JPEG streams and JPEGTables).

use std::panic;
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use turbojpeg::{Image, PixelFormat, Subsamp};

use super::band::Band;
use super::settings::Compression;

/// Compresses every tile of `band`, left to right, on all cores.
pub(super) fn encode_band(
    band: &Band,
    side: usize,
    compression: Compression,
    tables: &[u8],
) -> Result<Vec<Vec<u8>>> {
    let mut tiles = vec![Vec::new(); band.width.div_ceil(side)];
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = tiles.len().div_ceil(cores);
    thread::scope(|scope| {
        let encode = |first: usize, tiles: &mut [Vec<u8>]| -> Result<()> {
            let mut encoder = Encoder::new(compression, band.samples, side)?;
            let mut pixels = Vec::with_capacity(side * side * band.samples);
            for (column, tile) in (first..).zip(tiles) {
                band.cut(column, side, &mut pixels);
                *tile = encoder.encode(&mut pixels, tables)?;
            }
            Ok(())
        };
        let shares = tiles.chunks_mut(share).enumerate();
        let threads: Vec<_> =
            shares.map(|(n, tiles)| scope.spawn(move || encode(n * share, tiles))).collect();
        threads.into_iter().try_for_each(|t| t.join().unwrap_or_else(|panic| panic::resume_unwind(panic)))
    })?;
    Ok(tiles)
}

/// The JPEGTables field of all levels: the quantisation and Huffman tables that every tile shares, as a JPEG
/// stream of its own. `None` for other compressions.
pub(super) fn jpeg_tables(compression: Compression, samples: usize, side: usize) -> Result<Vec<u8>> {
    match Encoder::new(compression, samples, side)?.codec {
        Codec::Deflate(_) => Ok(Vec::new()),
        Codec::Jpeg(mut compressor) => {
            let blank = vec![0; side * side * samples];
            let stream = compressor.compress_to_vec(image(&blank, samples, side))?;
            Ok(split_jpeg(&stream)?.tables)
        }
    }
}

struct Encoder {
    codec: Codec,
    samples: usize,
    side: usize,
}

enum Codec {
    Deflate(libdeflater::Compressor),
    Jpeg(turbojpeg::Compressor),
}

impl Encoder {
    fn new(compression: Compression, samples: usize, side: usize) -> Result<Self> {
        let codec = match compression {
            Compression::Deflate { level } => match libdeflater::CompressionLvl::new(i32::from(level)) {
                Ok(level) => Codec::Deflate(libdeflater::Compressor::new(level)),
                Err(_) => bail!("deflate level {level}: must be 1 to 12"),
            },
            Compression::Jpeg { quality } => {
                let mut compressor = turbojpeg::Compressor::new()?;
                compressor.set_quality(i32::from(quality))?;
                compressor.set_subsamp(if samples == 3 { Subsamp::Sub2x2 } else { Subsamp::Gray })?;
                Codec::Jpeg(compressor)
            }
        };
        Ok(Self { codec, samples, side })
    }

    /// The bytes of one tile as TIFF stores them. `pixels` is scratch afterwards.
    fn encode(&mut self, pixels: &mut [u8], tables: &[u8]) -> Result<Vec<u8>> {
        match &mut self.codec {
            Codec::Deflate(compressor) => {
                pixels.chunks_exact_mut(self.side * self.samples).for_each(|row| predict(row, self.samples));
                let mut bytes = vec![0; compressor.zlib_compress_bound(pixels.len())];
                let length = compressor.zlib_compress(pixels, &mut bytes).context("deflate failed")?;
                bytes.truncate(length);
                Ok(bytes)
            }
            Codec::Jpeg(compressor) => {
                let stream = compressor.compress_to_vec(image(pixels, self.samples, self.side))?;
                let split = split_jpeg(&stream)?;
                ensure!(split.tables == tables, "two tiles got different JPEG tables");
                Ok(split.tile)
            }
        }
    }
}

fn image(pixels: &[u8], samples: usize, side: usize) -> Image<&[u8]> {
    let format = if samples == 3 { PixelFormat::RGB } else { PixelFormat::GRAY };
    Image { pixels, width: side, pitch: side * samples, height: side, format }
}

/// Each sample becomes its difference to the pixel on its left, the last one first (TIFF 6.0 section 14).
fn predict(row: &mut [u8], samples: usize) {
    for at in (samples..row.len()).rev() {
        row[at] = row[at].wrapping_sub(row[at - samples]);
    }
}

#[derive(Debug, PartialEq)]
struct SplitJpeg {
    tables: Vec<u8>,
    tile: Vec<u8>,
}

/// Parts a JPEG stream into a stream of its tables and one of the rest. JFIF headers (APP0) go: Technical
/// Note 2 wants none, for the TIFF tags say what they would.
fn split_jpeg(stream: &[u8]) -> Result<SplitJpeg> {
    const START: [u8; 2] = [0xFF, 0xD8];
    const END: [u8; 2] = [0xFF, 0xD9];
    let (mut tables, mut tile) = (START.to_vec(), START.to_vec());
    let mut rest = stream.strip_prefix(&START).context("a JPEG stream without its start")?;
    loop {
        let [0xFF, marker, high, low, ..] = *rest else { bail!("a JPEG stream without a scan") };
        let length = 2 + usize::from(u16::from_be_bytes([high, low]));
        let (segment, after) = rest.split_at_checked(length).context("a JPEG segment that is cut off")?;
        match marker {
            0xDA => break,
            0xDB | 0xC4 => tables.extend_from_slice(segment),
            0xE0 => {}
            _ => tile.extend_from_slice(segment),
        }
        rest = after;
    }
    tables.extend_from_slice(&END);
    tile.extend_from_slice(rest);
    Ok(SplitJpeg { tables, tile })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jpeg_streams_are_parted_at_their_tables() {
        let stream = [
            &[0xFF, 0xD8, 0xFF, 0xE0, 0, 3, 9, 0xFF, 0xDB, 0, 3, 1, 0xFF, 0xC0, 0, 3, 2][..],
            &[0xFF, 0xC4, 0, 3, 3, 0xFF, 0xDA, 0, 2, 77, 0xFF, 0xD9],
        ];
        let split = split_jpeg(&stream.concat()).unwrap();
        assert_eq!(split.tables, [0xFF, 0xD8, 0xFF, 0xDB, 0, 3, 1, 0xFF, 0xC4, 0, 3, 3, 0xFF, 0xD9]);
        assert_eq!(split.tile, [0xFF, 0xD8, 0xFF, 0xC0, 0, 3, 2, 0xFF, 0xDA, 0, 2, 77, 0xFF, 0xD9]);
        for cut in [0, 1, 3, 5, 9, 20] {
            assert!(split_jpeg(&stream.concat()[..cut]).is_err(), "{cut} bytes");
        }
    }

    #[test]
    fn joined_again_a_tile_is_a_jpeg() {
        let compression = Compression::Jpeg { quality: 90 };
        let tables = jpeg_tables(compression, 3, 32).unwrap();
        let pixels: Vec<u8> = (0..64 * 32 * 3).map(|n| (n % 64) as u8 + 90).collect();
        let tiles =
            encode_band(&Band { pixels: &pixels, width: 64, samples: 3 }, 32, compression, &tables).unwrap();
        assert_eq!(tiles.len(), 2);
        let stream = [&tables[..tables.len() - 2], &tiles[1][2..]].concat();
        let decoded = turbojpeg::decompress(&stream, PixelFormat::RGB).unwrap();
        assert_eq!((decoded.width, decoded.height), (32, 32));
    }

    #[test]
    fn prediction_can_be_undone() {
        let mut row = [10, 20, 30, 11, 19, 35];
        predict(&mut row, 3);
        assert_eq!(row, [10, 20, 30, 1, 255, 5]);
    }
}
