//! Decoded pixels and what is done to them: resampling, colour, turning, quality.
//! Pure; 8 bits a channel, interleaved, rows without padding, alpha not premultiplied.

mod colour;
mod orient;
mod resample;
mod rotate;
mod tone;

pub use colour::Converter;
pub use orient::orient;
pub use resample::{Axis, Resampler, SUPPORT};
pub use rotate::rotate;
pub use tone::{apply, coloured, flatten};

use crate::description::Channels;
use crate::geometry::{Dimensions, Rect};

/// A rectangle of decoded pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raster {
    /// Its size in pixels.
    pub dimensions: Dimensions,
    /// What a pixel holds.
    pub channels: Channels,
    /// Rows from the top, pixels from the left: `dimensions.area() * channels.count()` bytes.
    pub pixels: Vec<u8>,
}

impl Raster {
    /// A raster of zeros.
    pub fn new(dimensions: Dimensions, channels: Channels) -> Self {
        Self { dimensions, channels, pixels: vec![0; dimensions.area() as usize * channels.count()] }
    }

    /// Bytes of a row.
    pub fn row_bytes(&self) -> usize {
        self.dimensions.width as usize * self.channels.count()
    }

    /// `width` pixels of row `y` from column `x`.
    pub fn row_mut(&mut self, y: u32, x: u32, width: u32) -> &mut [u8] {
        let count = self.channels.count();
        let start = y as usize * self.row_bytes() + x as usize * count;
        &mut self.pixels[start..start + width as usize * count]
    }

    /// Puts another raster with the same channels at this place, where it must be inside.
    pub fn paste(&mut self, part: &Self, x: u32, y: u32) {
        let rows = part.pixels.chunks_exact(part.row_bytes());
        for (row, pixels) in (y..).zip(rows) {
            self.row_mut(row, x, part.dimensions.width).copy_from_slice(pixels);
        }
    }

    /// The pixels of `window`, which must be inside.
    pub fn part(&self, window: Rect) -> Self {
        let count = self.channels.count();
        let mut pixels = Vec::with_capacity(window.dimensions().area() as usize * count);
        for y in window.y..window.bottom() {
            let start = y as usize * self.row_bytes() + window.x as usize * count;
            pixels.extend_from_slice(&self.pixels[start..start + window.width as usize * count]);
        }
        Self { dimensions: window.dimensions(), channels: self.channels, pixels }
    }

    /// The same picture on a larger canvas: its last column and row are repeated to the right and below.
    pub fn extended_to(self, dimensions: Dimensions) -> Self {
        if self.dimensions == dimensions {
            return self;
        }
        let (count, from) = (self.channels.count(), self.row_bytes());
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
            wide.pixels.extend_from_within(wide.pixels.len() - wide.row_bytes()..);
        }
        wide
    }
}
