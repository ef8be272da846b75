//! Pixels of one tile to compressed bytes. Pure: knows no file and no thread. Whoever encodes keeps its encoder, whose
//! tables and buffers are made once.
//! TIFF 6.0 sections 13 (LZW), 14 (predictor) and 15 (tiles); Adobe Deflate; Zstandard and WebP as libtiff has them.

mod cut;
mod jpeg;
mod webp;

use libdeflater::{CompressionLvl, Compressor};
use weezl::BitOrder;
use zstd::bulk::Compressor as ZstdCompressor;

use super::{Compression, Error, Result, Settings};
use crate::raster::{Raster, Sample};
use cut::Cut;

/// Encodes the tiles of one pyramid.
pub(super) struct Encoder<S> {
    codec: Codec,
    cut: Cut<S>,
    /// Room for what a library makes of a tile.
    scratch: Vec<u8>,
}

enum Codec {
    None,
    Lzw(Box<weezl::encode::Encoder>),
    Deflate(Compressor),
    Zstd(ZstdCompressor<'static>),
    Jpeg(jpeg::Encoder),
    WebP(webp::Encoder),
}

impl<S: Sample> Encoder<S> {
    /// For checked settings, whose depth is that of the samples.
    ///
    /// # Errors
    /// [`Error::Encoder`] if a library refuses them.
    pub(super) fn new(settings: &Settings) -> Result<Self> {
        let codec = match settings.compression {
            Compression::None => Codec::None,
            Compression::Lzw => {
                Codec::Lzw(Box::new(weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8)))
            }
            Compression::Deflate { level } => {
                let level = CompressionLvl::new(level.into());
                Codec::Deflate(Compressor::new(level.map_err(|_| failed("deflate", "no such level"))?))
            }
            Compression::Zstd { level } => {
                let compressor = ZstdCompressor::new(level.into());
                Codec::Zstd(compressor.map_err(|error| failed("zstd", error))?)
            }
            Compression::Jpeg { quality, subsampling } => {
                let (channels, side) = (settings.pixels.channels, settings.tile_side);
                Codec::Jpeg(jpeg::Encoder::new(channels, side as usize, quality, subsampling)?)
            }
            Compression::WebP { quality } => {
                Codec::WebP(webp::Encoder::new(settings.pixels.channels, settings.tile_side, quality)?)
            }
        };
        let cut = Cut::new(settings.tile_side as usize, settings.predicts());
        Ok(Self { codec, cut, scratch: Vec::new() })
    }

    /// The JPEGTables field of all tiles, for JPEG: the tables that they share, as a stream of its own.
    pub(super) fn jpeg_tables(&self) -> Option<&[u8]> {
        match &self.codec {
            Codec::Jpeg(encoder) => Some(encoder.tables()),
            _ => None,
        }
    }

    /// The bytes of a tile as TIFF stores them, from those of its pixels that are in the picture.
    ///
    /// # Errors
    /// [`Error::Encoder`].
    pub(super) fn encode(&mut self, pixels: &Raster<S>) -> Result<Vec<u8>> {
        if let Codec::Jpeg(encoder) = &mut self.codec {
            return encoder.encode(bytemuck::cast_slice(self.cut.in_place_or_cut(pixels)));
        }
        let (samples, scratch) = (S::little_endian(self.cut.cut(pixels)), &mut self.scratch);
        Ok(match &mut self.codec {
            Codec::None | Codec::Jpeg(_) => samples.to_vec(),
            Codec::Lzw(encoder) => {
                encoder.reset();
                scratch.clear();
                let status = encoder.into_vec(scratch).encode_all(&samples).status;
                status.map_err(|error| failed("LZW", error))?;
                scratch.clone()
            }
            Codec::Deflate(compressor) => {
                scratch.resize(compressor.zlib_compress_bound(samples.len()), 0);
                let length = compressor.zlib_compress(&samples, scratch);
                scratch[..length.map_err(|error| failed("deflate", error))?].to_vec()
            }
            Codec::Zstd(compressor) => {
                scratch.resize(zstd::zstd_safe::compress_bound(samples.len()), 0);
                let length = compressor.compress_to_buffer(&samples[..], &mut scratch[..]);
                scratch[..length.map_err(|error| failed("zstd", error))?].to_vec()
            }
            Codec::WebP(encoder) => encoder.encode(&samples)?,
        })
    }
}

fn failed(what: &str, why: impl std::fmt::Display) -> Error {
    Error::Encoder(format!("{what}: {why}"))
}
