//! What it takes to decode the pixels of a plan.

use super::super::Plan;
use super::table::{self, Decoding};
use crate::format::jp2;
use crate::master::{PICTURE_BYTES, Reader};
use crate::picture::{Codec, Dimensions};

/// What decoding takes.
#[derive(Clone, Copy, Default)]
pub(super) struct Decoded {
    /// Nanoseconds.
    pub(super) work: f64,
    /// Bytes meanwhile, beside the band that is decoded.
    pub(super) held: f64,
    /// Bytes of it that stay until the picture is encoded.
    pub(super) kept: f64,
}

impl Plan {
    /// What decoding takes.
    pub(super) fn decoding(&self) -> Decoded {
        let costs = table::decoding(self.coding.codec);
        match self.reader {
            Reader::Pieces => self.pieces(costs),
            Reader::Codestream(jp2::Reader::Recto) => self.codestream(costs),
            Reader::Codestream(jp2::Reader::OpenJpeg) => self.tiles_of_codestream(costs),
            Reader::Level => self.level(costs),
            Reader::Index => self.by_index(costs),
            Reader::IndexIfCached => {
                let (one, other) = (self.level(costs), self.by_index(costs));
                Decoded { work: one.work.max(other.work), ..one }
            }
        }
    }

    /// Of the pieces that are touched. Each is held twice: compressed or with its predictor, and plain.
    fn pieces(&self, costs: Decoding) -> Decoded {
        let work = costs.once + self.scaling.source_area() as f64 * self.pixel(costs, self.density(costs));
        let piece = self.scaling.piece.area() as f64 * f64::from(self.coding.pixel_bytes);
        Decoded { work, held: 2.0 * piece, kept: 0.0 }
    }

    /// Of a window of a codestream, in parts.
    fn codestream(&self, costs: Decoding) -> Decoded {
        let (window, full) = (self.scaling.window(), self.density(costs));
        let most = full.max(table::DENSEST * f64::from(self.coding.pixel_bytes));
        let density = (full * table::DENSER.powi(self.scaling.level.min(32) as i32)).min(most);
        let around = |side: u32| f64::from(side) + table::AROUND;
        let area = around(window.width) * around(window.height);
        let rows = self.scaling.band_area() as f64 / f64::from(window.width.max(1)) + table::AROUND;
        let part = around(window.width.min(jp2::PART_WIDTH)) * rows;
        Decoded {
            work: costs.once + area * self.pixel(costs, density),
            held: part * self.channels.count() as f64 * table::WAVELET_BYTES,
            kept: 0.0,
        }
    }

    /// Of all tiles of a codestream that are touched, once for each band.
    fn tiles_of_codestream(&self, costs: Decoding) -> Decoded {
        let Codec::HighThroughput { tile } = self.coding.codec else { return self.codestream(costs) };
        let (band, all) = (self.scaling.band_area(), self.scaling.source_area());
        let bands = (self.scaling.window().dimensions().area() as f64 / band.max(1) as f64).max(1.0);
        let repeated = (tile as f64 / band.max(1) as f64).clamp(1.0, bands);
        let work = all.max(tile) as f64 * repeated * self.pixel(costs, self.density(costs));
        let samples = band.max(tile) as f64 * self.channels.count() as f64;
        Decoded { work: costs.once + work, held: samples * table::OPENJPEG_BYTES, kept: 0.0 }
    }

    /// Of a whole level, whatever part of it is shown.
    fn level(&self, costs: Decoding) -> Decoded {
        let (area, full) = (self.scaling.level_dimensions.area() as f64, self.full_area());
        let packed = full * self.density(costs);
        let skipped = if full > area { full * table::SKIPPED } else { 0.0 };
        let raster = area * self.channels.count() as f64 * self.sample_bytes();
        let stored = area * f64::from(self.coding.pixel_bytes);
        let coefficients = match self.coding.codec {
            Codec::JpegInScans { coefficients } => coefficients as f64,
            _ => 0.0,
        };
        Decoded {
            work: costs.once + skipped + packed * costs.packed + area * self.pixel(costs, 0.0),
            held: raster.max(stored) + area * costs.held + packed + coefficients,
            kept: raster.min(PICTURE_BYTES as f64),
        }
    }

    /// Of a window of a JPEG, and of its index before that.
    fn by_index(&self, costs: Decoding) -> Decoded {
        let Dimensions { width, height } = self.scaling.window().dimensions();
        let around = |side: u32| f64::from(side) + 32.0;
        let (area, full) = (around(width) * around(height), self.full_area());
        let packed = full * self.density(costs);
        let density = packed / (self.scaling.level_dimensions.area() as f64).max(1.0);
        let work = packed * table::INDEXED + area * self.pixel(costs, density);
        // The compressed bytes of a band, and its pixels beside the band itself.
        Decoded { work, held: self.scaling.band_area() as f64 * (density + 1.0), kept: 0.0 }
    }

    /// Nanoseconds for a pixel with so many compressed bytes.
    fn pixel(&self, costs: Decoding, density: f64) -> f64 {
        costs.pixel + costs.byte * f64::from(self.coding.pixel_bytes) + costs.packed * density
    }

    /// Compressed bytes of a pixel of the full picture.
    fn density(&self, costs: Decoding) -> f64 {
        match self.coding.packed {
            0 => costs.density,
            packed => f64::from(packed) / 1024.0,
        }
    }

    /// Pixels of the full picture, where a level is made of all of them: that of a JPEG, halved so many times.
    fn full_area(&self) -> f64 {
        let area = self.scaling.level_dimensions.area() as f64;
        match self.coding.codec {
            Codec::Jpeg | Codec::JpegInScans { .. } => area * 4f64.powi(self.scaling.level.min(32) as i32),
            _ => area,
        }
    }
}
