//! The table of what each step takes: nanoseconds of a processor, and bytes. `cargo bench --bench cost` prints predicted
//! and measured side by side, so that it can be made anew: the numbers are of a virtual processor with AVX2, for 24
//! megapixels of RGB with much grain (a PNG of 56 MB), unless a line says otherwise, and rounded up. An estimate that
//! is too high by half lets a request wait; one that is too low lets others wait for it.

use crate::encode::{Jpeg, PngCompression, Subsampling, TiffCompression, Webp};
use crate::picture::Codec;

/// What every request takes: to open its master, to read a profile, to answer.
pub(super) const REQUEST: f64 = 300e3;
/// What it holds besides: code that is run for the first time, buffers of a connection.
pub(super) const REQUEST_BYTES: f64 = 4e6;

/// For a sample of 16 bits instead of 8: scaling, turning and tilting take 1.4 to 1.6 times as long.
pub(super) const DEEP: f64 = 1.6;
/// For a sample before scaling to a third or less: 1.1 to 1.7.
pub(super) const SCALED_FROM: f64 = 1.7;
/// For a sample after scaling: 3300 of 6000 pixels a row, 3900 of 6000, and 4000 of 2000.
pub(super) const SCALED_TO: f64 = 3.3;
/// Pixels with alpha are multiplied by it before they are scaled, and divided after it: 2 times as long.
pub(super) const SCALED_ALPHA: f64 = 2.0;
/// For a pixel of colours that may have a profile, which is not known before it is read: 6 if it is Adobe RGB, else 0.
pub(super) const CONVERTED: f64 = 2.5;
/// For a pixel of inks with a profile: a table of four dimensions.
pub(super) const INKS: f64 = 40.0;
/// For a sample that is mirrored or turned by quarters: 3.5 to 5.
pub(super) const TURNED: f64 = 5.0;
/// For a sample of the canvas of a turn by 10 or 45 degrees: 35.
pub(super) const TILTED: f64 = 40.0;
/// For a pixel made gray.
pub(super) const GRAYED: f64 = 5.0;
/// For a pixel made black or white.
pub(super) const BITONAL: f64 = 8.0;
/// For a pixel with alpha that is put on paper: 20 to 25.
pub(super) const FLATTENED: f64 = 25.0;

/// For a compressed byte of a JPEG whose index is built.
pub(super) const INDEXED: f64 = 7.0;
/// For a pixel of a JPEG at full size that is decoded smaller, whatever is in it.
pub(super) const SKIPPED: f64 = 1.2;
/// Samples around a window of JPEG 2000 that are decoded with it: half a code-block to each side.
pub(super) const AROUND: f64 = 64.0;
/// Bytes for a sample in work of JPEG 2000: 12 to 16.
pub(super) const WAVELET_BYTES: f64 = 16.0;
/// A level of JPEG 2000 takes so many times as many bytes for a pixel as the next larger one, until it takes most of
/// what its samples have.
pub(super) const DENSER: f64 = 1.6;
/// That part of the bytes of its samples.
pub(super) const DENSEST: f64 = 0.65;
/// Bytes for a sample that OpenJPEG decodes: the sample, its copy, and code-blocks.
pub(super) const OPENJPEG_BYTES: f64 = 12.0;

/// What decoding takes.
#[derive(Clone, Copy)]
pub(super) struct Decoding {
    /// For a request, whatever it needs.
    pub(super) once: f64,
    /// For a pixel that is decoded.
    pub(super) pixel: f64,
    /// For a byte of it once it is decompressed.
    pub(super) byte: f64,
    /// For a compressed byte.
    pub(super) packed: f64,
    /// Compressed bytes of a pixel where the file does not say.
    pub(super) density: f64,
    /// Bytes for a pixel beside those of its samples, where a level is decoded as a whole.
    pub(super) held: f64,
}

const FREE: Decoding = Decoding { once: 0.0, pixel: 0.0, byte: 0.0, packed: 0.0, density: 0.0, held: 0.0 };

/// What decoding of this codec takes.
pub(super) const fn decoding(codec: Codec) -> Decoding {
    match codec {
        Codec::Plain => Decoding { pixel: 1.0, byte: 0.3, ..FREE },
        // Not text but halftones.
        Codec::Fax => Decoding { pixel: 12.0, ..FREE },
        // 8.9; of 16 bits 6.
        Codec::Lzw => Decoding { pixel: 1.0, byte: 9.0, ..FREE },
        // 3.5; of 16 bits 3.8.
        Codec::Deflate => Decoding { pixel: 1.0, byte: 4.0, ..FREE },
        // 0.6; of 16 bits 4.2.
        Codec::Zstd => Decoding { pixel: 1.0, byte: 3.0, ..FREE },
        Codec::Lzma => Decoding { once: 5e6, pixel: 1.0, byte: 40.0, ..FREE },
        // Quality 85 and 4:2:0: 3 for 0.2 bytes; quality 90 and RGB: 12 for 0.8 bytes.
        Codec::Jpeg => Decoding { pixel: 4.0, packed: 11.0, density: 0.5, ..FREE },
        // 22 for 0.3 bytes, at whatever size.
        Codec::JpegInScans { .. } => Decoding { pixel: 6.0, packed: 60.0, ..FREE },
        Codec::WebP => Decoding { pixel: 22.0, ..FREE },
        // 47; without loss 37, and its pixels twice.
        Codec::WebPFile => Decoding { pixel: 48.0, held: 5.0, ..FREE },
        // 4.2; interlaced or of 16 bits 5.5.
        Codec::Png => Decoding { byte: 5.5, ..FREE },
        Codec::Gif => Decoding { pixel: 26.0, held: 1.0, ..FREE },
        // 60 for 0.3 bytes; without loss 190 for 1.8 bytes. The first window of a file needs its index.
        Codec::Jpeg2000 => Decoding { once: 8e6, pixel: 40.0, packed: 90.0, density: 1.0, ..FREE },
        // Not measured: that of Part 1 by OpenJPEG, with a coder that is ten times as fast.
        Codec::HighThroughput { .. } => {
            Decoding { once: 8e6, pixel: 60.0, packed: 20.0, density: 1.0, ..FREE }
        }
    }
}

/// What encoding takes.
#[derive(Clone, Copy)]
pub(super) struct Encoding {
    /// For a picture, whatever its size.
    pub(super) once: f64,
    /// For a pixel.
    pub(super) pixel: f64,
    /// Bytes for a picture, whatever its size.
    pub(super) held_once: f64,
    /// Bytes for a pixel beside those of its samples.
    pub(super) held: f64,
}

/// What encoding takes that is so much a pixel, with a file of so many bytes a pixel.
pub(super) const fn plain(pixel: f64, held: f64) -> Encoding {
    Encoding { once: 0.0, pixel, held_once: 0.0, held }
}

/// JPEG of so many samples a pixel: 3.4 each; 4:4:4 1.5 times, progressive 3, optimised 2.3, quality 95 1.4.
pub(super) fn jpeg(settings: &Jpeg, quality: u8, samples: f64) -> Encoding {
    let (chroma, coefficients) = match settings.subsampling {
        Subsampling::TwoByTwo => (1.0, 0.5),
        Subsampling::TwoByOne => (1.25, 0.7),
        Subsampling::Full => (1.6, 1.0),
    };
    let scans = match (settings.progressive, settings.optimize) {
        (true, _) => 3.3,
        (false, true) => 2.3,
        (false, false) => 1.0,
    };
    let fine = 1.0 + f64::from(quality.saturating_sub(80)) / 20.0;
    let held = if scans > 1.0 { 2.0 * samples * coefficients } else { 0.0 };
    plain(3.5 * samples * chroma * scans * fine, 1.0 + held)
}

/// PNG, for a byte of the samples: 5.3 to 7, 38, 60.
pub(super) const fn png(compression: PngCompression, bytes: f64) -> Encoding {
    let byte = match compression {
        PngCompression::Fastest | PngCompression::Fast => 7.0,
        PngCompression::Balanced => 45.0,
        PngCompression::High => 75.0,
    };
    plain(byte * bytes, 1.2 * bytes)
}

/// WebP: 45 by methods 0 and 1, 70, 195 by 3 to 5, 370; without loss 370, 480, 780, 1060, and 1150 by quality 100.
/// Alpha is stored without loss whatever the rest is: 260 more, and as much memory as without loss.
pub(super) fn webp(settings: &Webp, has_alpha: bool) -> Encoding {
    let lossy = match settings.method {
        0 | 1 => 50.0,
        2 => 75.0,
        3..=5 => 200.0,
        _ => 380.0,
    };
    let lossless = match settings.method {
        _ if settings.quality > 90 => 1200.0,
        0 => 400.0,
        1 | 2 => 520.0,
        3 | 4 => 820.0,
        _ => 1200.0,
    };
    match (settings.lossless, has_alpha) {
        (true, _) => plain(lossless, 37.0),
        (false, true) => plain(lossy + 280.0, 35.0),
        (false, false) => plain(lossy, 8.0),
    }
}

/// TIFF, for a byte of the samples: 3, 31, 13 to 16 (of 16 bits 8).
pub(super) const fn tiff(compression: TiffCompression, bytes: f64) -> Encoding {
    let byte = match compression {
        TiffCompression::None => 3.0,
        TiffCompression::Lzw => 33.0,
        TiffCompression::Deflate => 14.0,
    };
    plain(byte * bytes, 1.2 * bytes)
}

/// GIF: 43 to 60 for a pixel, gray 25, and the palette: 190 ms at speed 1, from a quarter of a million pixels.
pub(super) fn gif(speed: u8, has_colour: bool) -> Encoding {
    let palette = if has_colour { 200e6 / f64::from(speed.max(1)) } else { 0.0 };
    Encoding { once: palette, ..plain(if has_colour { 55.0 } else { 30.0 }, 3.0) }
}

/// JPEG 2000, for a sample: 115, gray 140, without loss 160; and the tile in work, of 1024 pixels a side.
pub(super) fn jp2(lossless: bool, samples: f64) -> Encoding {
    let (sample, file) = if lossless { (165.0, 0.7) } else { (125.0, 0.3) };
    Encoding { held_once: 9e6 * samples, ..plain(sample * samples, file * samples) }
}

/// AVIF, by speed from 1: half a megapixel; 8 megapixels take 450 at speed 10. Alpha is a second picture, of gray.
pub(super) fn avif(speed: u8, has_alpha: bool) -> Encoding {
    const PIXEL: [f64; 10] =
        [18_000.0, 6_000.0, 2_700.0, 2_600.0, 2_700.0, 2_200.0, 2_200.0, 2_200.0, 1_000.0, 600.0];
    let pixel = PIXEL[usize::from(speed.clamp(1, 10)) - 1];
    let alpha = if has_alpha { 1.5 } else { 1.0 };
    Encoding { held_once: 8e6, ..plain(pixel * alpha, 36.0 * alpha) }
}
