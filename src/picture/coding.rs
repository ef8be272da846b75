//! How pixels are stored, as far as that says what it takes to decode them.

/// How the pixels of a level are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coding {
    /// How they are compressed.
    pub codec: Codec,
    /// Bytes of a pixel once it is decompressed, before its samples become those of a raster.
    pub pixel_bytes: u32,
    /// Compressed bytes for 1024 pixels of the full picture; 0 if that is not known before they are read.
    pub packed: u32,
}

/// How pixels are compressed: each of them takes a time of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codec {
    /// Not at all, or in runs of bytes.
    #[default]
    Plain,
    /// The codes of fax machines.
    Fax,
    /// LZW.
    Lzw,
    /// Deflate.
    Deflate,
    /// Zstandard.
    Zstd,
    /// LZMA.
    Lzma,
    /// JPEG, in one scan.
    Jpeg,
    /// JPEG in several scans.
    JpegInScans {
        /// Bytes of the coefficients that are held until the last.
        coefficients: u64,
    },
    /// The tiles of a TIFF in WebP.
    WebP,
    /// A file of WebP.
    WebPFile,
    /// PNG.
    Png,
    /// GIF.
    Gif,
    /// JPEG 2000, any window of which can be decoded alone.
    Jpeg2000,
    /// High-Throughput JPEG 2000, of which a tile is decoded whole.
    HighThroughput {
        /// Pixels of the level that are a tile.
        tile: u64,
    },
}

impl Coding {
    /// Pixels of so many bytes, compressed by `codec` to nobody knows how many.
    pub const fn of(codec: Codec, pixel_bytes: u32) -> Self {
        Self { codec, pixel_bytes, packed: 0 }
    }

    /// The same for a picture of so many pixels that takes so many bytes.
    pub fn packed_to(self, bytes: u64, pixels: u64) -> Self {
        let packed = bytes.saturating_mul(1024).checked_div(pixels).unwrap_or(0);
        Self { packed: u32::try_from(packed).unwrap_or(u32::MAX), ..self }
    }
}
