//! What a directory says of how its image is stored, in words.

use super::image::Image;
use super::values::{Compression, Photometric};
use crate::ifd::File;

impl Image {
    /// How its pieces are compressed.
    pub fn compression_name(&self) -> &'static str {
        match self.compression {
            Compression::None => "none",
            Compression::Ccitt(_) => "CCITT",
            Compression::Lzw => "LZW",
            Compression::OldJpeg => "old JPEG",
            Compression::Jpeg => "JPEG",
            Compression::Deflate => "deflate",
            Compression::Jpeg2000(_) => "JPEG 2000",
            Compression::PackBits => "PackBits",
            Compression::Lzma => "LZMA",
            Compression::Zstd => "Zstandard",
            Compression::WebP => "WebP",
        }
    }

    /// What its samples mean.
    pub fn colours_name(&self) -> &'static str {
        match self.pixel.photometric {
            Photometric::WhiteIsZero => "gray, 0 is white",
            Photometric::BlackIsZero => "gray",
            Photometric::Rgb => "RGB",
            Photometric::Palette => "palette",
            Photometric::Separated if self.pixel.alpha.is_none() => "CMYK",
            Photometric::Separated => "inks",
            Photometric::Cmy => "CMY",
            Photometric::YCbCr => "YCbCr",
            Photometric::CieLab => "CIELab",
            Photometric::IccLab => "ICCLab",
        }
    }

    /// Bytes that all of its pieces have together, as the directory counts them; None if it does not.
    pub fn stored_bytes(&self, file: &File) -> Option<u64> {
        let counts = self.byte_counts?;
        (0..counts.count().min(self.offsets.count()))
            .try_fold(0u64, |sum, index| Some(sum.saturating_add(counts.integer(file, index).ok()?)))
    }
}
