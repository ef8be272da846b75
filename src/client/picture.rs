//! Answers as pixels, read by the decoders of masters, which take no byte on trust; and how far two pictures differ.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use anyhow::{Context, anyhow, ensure};
use rustix::fs::MemfdFlags;

use crate::master::{Decoder, Master};
use crate::picture::{Dimensions, Format, Orientation, Quality, Rect};
use crate::raster::{Boxes, Converter, Raster, apply, coloured, flatten, orient};
use crate::watch::Watch;

/// No larger picture is decoded.
const LARGEST: u64 = 100_000_000;

/// What is seen where a picture is transparent.
const WHITE: [u8; 3] = [255; 3];

/// A decoded answer as it is shown: upright, in sRGB, on white; 8 bits each of red, green and blue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    raster: Raster<u8>,
}

/// How far two pictures of one size are apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The mean of all samples' differences, 0 to 255.
    pub mean: f64,
    /// The greatest of them.
    pub max: u8,
    /// The ratio of peak to noise in decibels; infinite if nothing differs.
    pub psnr: f64,
}

impl Picture {
    /// Reads a file of any format that masters may have.
    ///
    /// # Errors
    /// If it is of none, damaged, or of more than 100 megapixels.
    pub fn decode(file: &[u8]) -> anyhow::Result<Self> {
        let mut memory = File::from(rustix::fs::memfd_create("recto-answer", MemfdFlags::CLOEXEC)?);
        memory.write_all(file)?;
        let name = PathBuf::from(format!("/proc/self/fd/{}", memory.as_raw_fd()));
        let master = Master::open(&name).map_err(|error| anyhow!("{error}"))?;
        let level = master.description.levels.first().context("it has no pixels")?;
        let size = level.dimensions;
        ensure!(size.area() <= LARGEST, "{size} is more than {} megapixels", LARGEST / 1_000_000);
        let watch = Watch::unlimited();
        let pixels: Raster<u8> = master.decode(&mut Decoder::default(), 0, Rect::whole(size))?;
        let profile = master.icc_profile(0)?;
        let conversion = Converter::default().conversion(profile.as_deref(), pixels.channels);
        let shown = conversion.apply(pixels, &watch)?;
        let upright = orient(shown, master.description.orientation, &watch)?;
        Ok(Self { raster: coloured(flatten(upright, WHITE)) })
    }

    /// Width and height.
    pub fn size(&self) -> Dimensions {
        self.raster.dimensions
    }

    /// A part of it, which must be inside.
    pub fn part(&self, part: Rect) -> Self {
        Self { raster: self.raster.part(part) }
    }

    /// It mirrored and turned.
    pub fn turned(&self, by: Orientation) -> Self {
        // Nothing stops a watch without limits.
        let turned = orient(self.raster.clone(), by, &Watch::unlimited());
        Self { raster: turned.unwrap_or_else(|_| self.raster.clone()) }
    }

    /// It in gray.
    pub fn gray(&self) -> Self {
        Self { raster: coloured(apply(self.raster.clone(), Quality::Gray, None)) }
    }

    /// It with each box of so many pixels a side made one.
    pub fn reduced(&self, factor: u32) -> Self {
        let mut boxes = Boxes::new(self.size(), self.raster.channels, factor);
        boxes.add(&self.raster);
        Self { raster: boxes.finish() }
    }

    /// How far it is from another picture; None if their sizes differ.
    pub fn difference(&self, other: &Self) -> Option<Difference> {
        (self.size() == other.size()).then(|| Difference::of(&self.raster.pixels, &other.raster.pixels))
    }

    /// How much there is to see: the mean difference of its samples from their mean.
    pub fn detail(&self) -> f64 {
        let samples = &self.raster.pixels;
        let sum: u64 = samples.iter().map(|sample| u64::from(*sample)).sum();
        let mean = (sum / (samples.len() as u64).max(1)) as u8;
        Difference::of(samples, &vec![mean; samples.len()]).mean
    }

    /// The share of its pixels that are neither black nor white, 0 to 1, but for what JPEG blurs.
    pub fn half_tones(&self) -> f64 {
        let samples = &self.raster.pixels;
        let between = samples.iter().filter(|sample| (48..208).contains(*sample)).count();
        ratio(between as u64, samples.len())
    }
}

impl Difference {
    /// That of samples which correspond.
    fn of(one: &[u8], other: &[u8]) -> Self {
        let differences = || one.iter().zip(other).map(|(one, other)| one.abs_diff(*other));
        let sum: u64 = differences().map(u64::from).sum();
        let squares: u64 = differences().map(|difference| u64::from(difference).pow(2)).sum();
        let noise = ratio(squares, one.len());
        let psnr = if squares == 0 { f64::INFINITY } else { 10.0 * (255.0 * 255.0 / noise).log10() };
        Self { mean: ratio(sum, one.len()), max: differences().max().unwrap_or(0), psnr }
    }
}

/// Sums of samples stay far below 2^53.
fn ratio(sum: u64, count: usize) -> f64 {
    sum as f64 / count.max(1) as f64
}

/// The format that the first bytes of a file show.
pub fn format_of(file: &[u8]) -> Option<Format> {
    let begins = |magic: &[u8]| file.starts_with(magic);
    let at = |place: usize, magic: &[u8]| file.get(place..).is_some_and(|rest| rest.starts_with(magic));
    match () {
        () if begins(b"\xff\xd8\xff") => Some(Format::Jpg),
        () if begins(b"\x89PNG\r\n\x1a\n") => Some(Format::Png),
        () if begins(b"II*\0") || begins(b"MM\0*") || begins(b"II+\0") || begins(b"MM\0+") => {
            Some(Format::Tif)
        }
        () if begins(b"GIF8") => Some(Format::Gif),
        () if begins(b"\0\0\0\x0cjP  \r\n") || begins(b"\xff\x4f\xff\x51") => Some(Format::Jp2),
        () if begins(b"RIFF") && at(8, b"WEBP") => Some(Format::Webp),
        () if begins(b"%PDF-") => Some(Format::Pdf),
        () if at(4, b"ftypavi") => Some(Format::Avif),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Channels;

    fn picture(width: u32, height: u32, pixels: Vec<u8>) -> Picture {
        Picture {
            raster: Raster { dimensions: Dimensions::new(width, height), channels: Channels::Rgb, pixels },
        }
    }

    #[test]
    fn what_differs_is_measured() {
        let (one, other) = (picture(1, 2, vec![0, 0, 0, 9, 9, 9]), picture(1, 2, vec![0, 0, 3, 9, 9, 12]));
        let difference = one.difference(&other).expect("one size");
        assert_eq!((difference.mean, difference.max), (1.0, 3));
        assert!((difference.psnr - 43.36).abs() < 0.01, "{difference:?}");
        assert_eq!(one.difference(&one).expect("itself").psnr, f64::INFINITY);
        assert_eq!(one.difference(&picture(2, 1, vec![0; 6])), None);
        assert_eq!(one.half_tones(), 0.0);
    }

    #[test]
    fn nonsense_is_no_picture() {
        for file in
            [b"".as_slice(), b"<html>", b"\xff\xd8\xff\xe0\0\x10JFIF", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"]
        {
            assert!(Picture::decode(file).is_err());
        }
    }
}
