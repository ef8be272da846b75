//! Pictures whose every sample is known, the masters made of them, and answers read back as pixels.

#![allow(clippy::cast_possible_truncation)] // made-up pixels and small sizes, all in range

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::LazyLock;

use recto::picture::{Channels, Depth, Dimensions};
use recto::pyramid::{Compression, Pixels, Settings, Writer};
use recto::raster::{AnyRaster, Raster};

/// 8 bits a channel, interleaved.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    pub samples: Vec<u8>,
}

/// A picture in colour with several levels, whose sides stay whole down to a quarter, and its master.
pub static LEAF: LazyLock<(Picture, Vec<u8>)> = LazyLock::new(|| {
    let leaf = Picture::waves(1500, 1100, 3);
    let master = leaf.master();
    (leaf, master)
});

/// A small master, for tests that are not about its pixels.
pub static STAMP: LazyLock<Vec<u8>> = LazyLock::new(|| Picture::waves(90, 60, 3).master());

impl Picture {
    /// Waves with a coarse grid: smooth enough for JPEG, and different everywhere.
    pub fn waves(width: usize, height: usize, channels: usize) -> Self {
        let wave = |n: usize, length: f32| (n as f32 / length).sin();
        let sample = |x: usize, y: usize, channel: usize| {
            let grid = if x % 100 < 3 || y % 100 < 3 { -60.0 } else { 0.0 };
            let waves = wave(x + 50 * channel, 37.0) * wave(y, 91.0 - 20.0 * channel as f32);
            (128.0 + 60.0 * waves + grid) as u8
        };
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let samples = pixels.flat_map(|(x, y)| (0..channels).map(move |c| sample(x, y, c))).collect();
        Self { width, height, channels, samples }
    }

    /// The same in negative.
    pub fn negative(&self) -> Self {
        Self { samples: self.samples.iter().map(|sample| 255 - sample).collect(), ..self.clone() }
    }

    /// At half the size, by the mean of each two by two samples. Sides must be even.
    pub fn halved(&self) -> Self {
        let (width, height, channels) = (self.width / 2, self.height / 2, self.channels);
        let at = |x: usize, y: usize, c: usize| u32::from(self.samples[(y * self.width + x) * channels + c]);
        let mean = |x: usize, y: usize, c: usize| {
            ((at(x, y, c) + at(x + 1, y, c) + at(x, y + 1, c) + at(x + 1, y + 1, c) + 2) / 4) as u8
        };
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (2 * x, 2 * y)));
        let samples = pixels.flat_map(|(x, y)| (0..channels).map(move |c| mean(x, y, c))).collect();
        Self { width, height, channels, samples }
    }

    /// A part of it.
    pub fn cut(&self, x: usize, y: usize, width: usize, height: usize) -> Self {
        let row = |y: usize| &self.samples[(y * self.width + x) * self.channels..][..width * self.channels];
        let samples = (y..y + height).flat_map(row).copied().collect();
        Self { width, height, channels: self.channels, samples }
    }

    /// A pyramid of it, without loss, in tiles of 256 pixels.
    pub fn master(&self) -> Vec<u8> {
        let dimensions = Dimensions::new(self.width as u32, self.height as u32);
        let channels = if self.channels == 1 { Channels::Gray } else { Channels::Rgb };
        let pixels = Pixels { size: dimensions, channels, depth: Depth::Eight };
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("master.tif");
        let settings = Settings::new(pixels, Compression::Deflate { level: 1 });
        let mut writer = Writer::create(&path, settings).expect("started");
        let raster = Raster { dimensions, channels, pixels: self.samples.clone() };
        writer.rows(0, AnyRaster::Eight(raster)).expect("written");
        writer.finish().expect("finished");
        fs::read(path).expect("a file")
    }

    /// What a PNG shows.
    pub fn of_png(bytes: &[u8]) -> Self {
        let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().expect("a PNG");
        let mut samples = vec![0; reader.output_buffer_size().expect("small")];
        let frame = reader.next_frame(&mut samples).expect("a whole PNG");
        assert_eq!(frame.bit_depth, png::BitDepth::Eight);
        let (width, height) = (frame.width as usize, frame.height as usize);
        Self { width, height, channels: frame.color_type.samples(), samples }
    }

    /// What a JPEG shows, read as gray or in colour.
    pub fn of_jpeg(bytes: &[u8], channels: usize) -> Self {
        let format = if channels == 1 { turbojpeg::PixelFormat::GRAY } else { turbojpeg::PixelFormat::RGB };
        let image = turbojpeg::decompress(bytes, format).expect("a JPEG");
        let row = image.width * channels;
        let samples = image.pixels.chunks(image.pitch).flat_map(|line| &line[..row]).copied().collect();
        Self { width: image.width, height: image.height, channels, samples }
    }

    /// The mean difference of the samples of two pictures of one size.
    pub fn difference(&self, other: &Self) -> f64 {
        let shape = |p: &Self| (p.width, p.height, p.channels);
        assert_eq!(shape(self), shape(other));
        let sum: u64 = self.samples.iter().zip(&other.samples).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        sum as f64 / self.samples.len() as f64
    }
}

/// Puts a master in place in one step, as one should.
pub fn replace(path: &Path, master: &[u8]) {
    let aside = path.with_extension("new");
    fs::write(&aside, master).expect("written");
    fs::rename(aside, path).expect("renamed");
}
