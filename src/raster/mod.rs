//! Decoded pixels and what is done to them: resampling, colour, turning, quality.
//! Pure; 8 or 16 bits a sample, interleaved, rows without padding, alpha not premultiplied.

mod boxes;
mod checksum;
mod colour;
mod orient;
mod resample;
mod rotate;
mod sample;
mod tone;

pub use boxes::Boxes;
pub use checksum::{Checksum, hexadecimal};
pub use colour::{Conversion, Converter, Convertible, light};
pub(crate) use colour::{described, written};
pub use orient::orient;
pub use resample::{Axis, Resampler, SUPPORT};
pub use rotate::rotate;
pub use sample::Sample;
pub use tone::{apply, coloured, flatten};

use std::ops::Range;

use crate::picture::{Channels, Dimensions, Rect};

/// A rectangle of decoded pixels, whose samples have 8 bits unless it is said otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster<S = u8> {
    /// Its size in pixels.
    pub dimensions: Dimensions,
    /// What a pixel holds.
    pub channels: Channels,
    /// Rows from the top, pixels from the left: `dimensions.area() * channels.count()` samples.
    pub pixels: Vec<S>,
}

/// A raster of either depth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyRaster {
    /// Of 8 bits a sample.
    Eight(Raster<u8>),
    /// Of 16 bits a sample.
    Sixteen(Raster<u16>),
}

impl<S: Sample> Raster<S> {
    /// A raster of zeros.
    pub fn new(dimensions: Dimensions, channels: Channels) -> Self {
        Self {
            dimensions,
            channels,
            pixels: vec![S::default(); dimensions.area() as usize * channels.count()],
        }
    }

    /// Samples of a row.
    pub fn row_length(&self) -> usize {
        self.dimensions.width as usize * self.channels.count()
    }

    /// `width` pixels of row `y` from column `x`.
    pub fn row_mut(&mut self, y: u32, x: u32, width: u32) -> &mut [S] {
        let count = self.channels.count();
        let start = y as usize * self.row_length() + x as usize * count;
        &mut self.pixels[start..start + width as usize * count]
    }

    /// The pixels of `window`, which must be inside.
    pub fn part(&self, window: Rect) -> Self {
        let count = self.channels.count();
        let mut pixels = Vec::with_capacity(window.dimensions().area() as usize * count);
        for y in window.y..window.bottom() {
            let start = y as usize * self.row_length() + window.x as usize * count;
            pixels.extend_from_slice(&self.pixels[start..start + window.width as usize * count]);
        }
        Self { dimensions: window.dimensions(), channels: self.channels, pixels }
    }

    /// Adds the rows of `below`, which has the same width and channels, unless this one has no rows yet: it becomes
    /// `below` then.
    pub fn append(&mut self, below: Self) {
        if self.dimensions.height == 0 {
            *self = below;
            return;
        }
        self.pixels.extend_from_slice(&below.pixels);
        self.dimensions.height += below.dimensions.height;
    }

    /// Reserves memory for so many rows in all, no fewer than it has.
    pub fn reserve_rows(&mut self, height: u32) {
        let rows = height.saturating_sub(self.dimensions.height) as usize;
        self.pixels.reserve_exact(rows * self.row_length());
    }

    /// Adds these rows of `from`, which has the same width and channels, unless this one has no rows yet.
    pub fn append_rows(&mut self, from: &Self, rows: Range<u32>) {
        if self.dimensions.height == 0 {
            (self.dimensions.width, self.channels) = (from.dimensions.width, from.channels);
        }
        let length = from.row_length();
        self.pixels.extend_from_slice(&from.pixels[rows.start as usize * length..rows.end as usize * length]);
        self.dimensions.height += rows.end - rows.start;
    }

    /// All rows; none are left.
    pub fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new(Dimensions::new(0, 0), self.channels))
    }

    /// Takes away the first `count` rows.
    pub fn drop_rows(&mut self, count: u32) {
        self.pixels.drain(..count as usize * self.row_length());
        self.dimensions.height -= count;
    }

    /// The raster with each sample changed.
    pub fn map<T>(self, change: impl Fn(S) -> T) -> Raster<T> {
        let pixels = self.pixels.into_iter().map(change).collect();
        Raster { dimensions: self.dimensions, channels: self.channels, pixels }
    }

    /// Gray or RGB with alpha, which is a gray raster of the same size.
    pub fn with_alpha(self, alpha: &Self) -> Self {
        let channels = if self.channels.has_colour() { Channels::Rgba } else { Channels::GrayAlpha };
        let mut whole = Self::new(self.dimensions, channels);
        let (colours, count) = (self.channels.count(), channels.count());
        let pixels = self.pixels.chunks_exact(colours).zip(&alpha.pixels);
        for (out, (colour, alpha)) in whole.pixels.chunks_exact_mut(count).zip(pixels) {
            out[..colours].copy_from_slice(colour);
            out[colours] = *alpha;
        }
        whole
    }

    /// The same picture on a larger canvas: its last column and row are repeated to the right and below.
    pub fn extended_to(self, dimensions: Dimensions) -> Self {
        if self.dimensions == dimensions {
            return self;
        }
        let (count, from) = (self.channels.count(), self.row_length());
        let mut wide = Self { dimensions, channels: self.channels, pixels: Vec::new() };
        wide.pixels.reserve_exact(dimensions.area() as usize * count);
        for y in 0..dimensions.height.min(self.dimensions.height) as usize {
            let row = &self.pixels[y * from..][..from];
            wide.pixels.extend_from_slice(row);
            for _ in self.dimensions.width..dimensions.width {
                wide.pixels.extend_from_slice(&row[from - count..]);
            }
        }
        for _ in self.dimensions.height..dimensions.height {
            wide.pixels.extend_from_within(wide.pixels.len() - wide.row_length()..);
        }
        wide
    }

    /// The same picture with its first column and row so many times more before them.
    pub fn begun_before(&self, columns: u32, rows: u32) -> Self {
        let (count, length) = (self.channels.count(), self.row_length());
        let dimensions = Dimensions::new(self.dimensions.width + columns, self.dimensions.height + rows);
        let mut wide = Self { dimensions, channels: self.channels, pixels: Vec::new() };
        wide.pixels.reserve_exact(dimensions.area() as usize * count);
        for y in 0..dimensions.height {
            let row = &self.pixels[y.saturating_sub(rows) as usize * length..][..length];
            (0..columns).for_each(|_| wide.pixels.extend_from_slice(&row[..count]));
            wide.pixels.extend_from_slice(row);
        }
        wide
    }
}

impl AnyRaster {
    /// Its size in pixels.
    pub fn dimensions(&self) -> Dimensions {
        match self {
            Self::Eight(raster) => raster.dimensions,
            Self::Sixteen(raster) => raster.dimensions,
        }
    }

    /// What a pixel holds.
    pub fn channels(&self) -> Channels {
        match self {
            Self::Eight(raster) => raster.channels,
            Self::Sixteen(raster) => raster.channels,
        }
    }

    /// The bytes that its pixels take.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Eight(raster) => raster.pixels.len(),
            Self::Sixteen(raster) => raster.pixels.len() * 2,
        }
    }

    /// The pixels of `window`, which must be inside, in the depth asked for.
    pub fn part<S: Sample>(&self, window: Rect) -> Raster<S> {
        match self {
            Self::Eight(raster) => raster.part(window).map(S::of_8),
            Self::Sixteen(raster) => raster.part(window).map(S::of_16),
        }
    }
}
