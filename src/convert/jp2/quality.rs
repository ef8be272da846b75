//! What a quality means: as much as JPEG of that quality keeps. Pure.
//!
//! How many decibels that are depends on the picture: noise keeps 33 where faint lines on paper keep 48. So each tile is
//! made a JPEG, and is asked what is left of it: a thirtieth of the work of compressing it.

use turbojpeg::{Compressor, Decompressor, Image, PixelFormat, Subsamp};

use crate::picture::Channels;
use crate::raster::AnyRaster;

/// Hardly more can be had by the 9/7 wavelet, in decibels.
const MOST: f32 = 52.0;

/// JPEG, to compare with.
pub(super) struct Reference {
    compressor: Compressor,
    decompressor: Decompressor,
}

impl Reference {
    /// One for many tiles.
    pub(super) fn new() -> turbojpeg::Result<Self> {
        Ok(Self { compressor: Compressor::new()?, decompressor: Decompressor::new()? })
    }

    /// The peak signal to noise ratio, in decibels, that JPEG of this quality, 1 to 100, without subsampled chroma leaves
    /// of the colours of a tile. Of 16 bits the upper 8 count.
    pub(super) fn decibels(&mut self, tile: &AnyRaster, quality: u8) -> turbojpeg::Result<f32> {
        let (format, is) = colours(tile);
        let (width, height) = (tile.dimensions().width as usize, tile.dimensions().height as usize);
        let pitch = width * format.size();
        self.compressor.set_quality(quality.into())?;
        let is_gray = format == PixelFormat::GRAY;
        self.compressor.set_subsamp(if is_gray { Subsamp::Gray } else { Subsamp::None })?;
        let jpeg =
            self.compressor.compress_to_vec(Image { pixels: &is[..], width, pitch, height, format })?;
        let mut left = vec![0; is.len()];
        let pixels = &mut left[..];
        self.decompressor.decompress(&jpeg, Image { pixels, width, pitch, height, format })?;
        let squares = is.iter().zip(&left).map(|(is, left)| u64::from(is.abs_diff(*left)).pow(2));
        let mean = squares.sum::<u64>() as f64 / is.len().max(1) as f64;
        Ok((10.0 * (255.0 * 255.0 / mean).log10()).min(MOST.into()) as f32)
    }
}

/// The colours of a tile, without alpha, in 8 bits.
fn colours(tile: &AnyRaster) -> (PixelFormat, Vec<u8>) {
    let channels = tile.channels();
    let format = match channels {
        Channels::Gray | Channels::GrayAlpha => PixelFormat::GRAY,
        Channels::Rgb | Channels::Rgba => PixelFormat::RGB,
        Channels::Cmyk => PixelFormat::CMYK,
    };
    let (all, count) = (channels.count(), format.size());
    let samples = match tile {
        AnyRaster::Eight(raster) => {
            raster.pixels.chunks_exact(all).flat_map(|pixel| &pixel[..count]).copied().collect()
        }
        AnyRaster::Sixteen(raster) => {
            let pixels = raster.pixels.chunks_exact(all);
            pixels.flat_map(|pixel| &pixel[..count]).map(|sample| (sample >> 8) as u8).collect()
        }
    };
    (format, samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Dimensions;
    use crate::raster::Raster;

    fn tile(channels: Channels, at: impl Fn(usize) -> u8) -> AnyRaster {
        let mut raster = Raster::<u8>::new(Dimensions::new(64, 48), channels);
        raster.pixels.iter_mut().enumerate().for_each(|(n, sample)| *sample = at(n));
        AnyRaster::Eight(raster)
    }

    #[test]
    fn what_is_kept_depends_on_the_quality_and_on_the_picture() {
        let mut reference = Reference::new().expect("libjpeg-turbo");
        let mut decibels = |tile: &AnyRaster, quality| reference.decibels(tile, quality).expect("a JPEG");
        let noise = |n: usize| (n.wrapping_mul(2_654_435_761) >> 13) as u8;
        for channels in [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba, Channels::Cmyk] {
            let (noisy, smooth) = (tile(channels, noise), tile(channels, |n| (n / 256) as u8));
            assert!(decibels(&noisy, 85) < decibels(&noisy, 95), "{channels:?}");
            assert!(decibels(&noisy, 85) + 10.0 < decibels(&smooth, 85), "{channels:?}");
        }
        assert_eq!(decibels(&tile(Channels::Gray, |_| 128), 50), MOST, "nothing is lost");
    }

    #[test]
    fn of_16_bits_the_upper_8_count() {
        let mut reference = Reference::new().expect("libjpeg-turbo");
        let eight = tile(Channels::Rgb, |n| (n * n / 9) as u8);
        let AnyRaster::Eight(raster) = eight.clone() else { panic!("8 bits") };
        let sixteen = AnyRaster::Sixteen(raster.map(|sample| u16::from(sample) << 8 | 0x5a));
        let [eight, sixteen] = [eight, sixteen].map(|tile| reference.decibels(&tile, 80).expect("a JPEG"));
        assert_eq!(eight, sixteen);
    }
}
