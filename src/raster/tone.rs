//! The qualities of the Image API, and the background of transparent pixels where a format has no alpha.
//! Pure. Image API 3.0 section 4.4.

use super::{Raster, Sample};
use crate::picture::{Channels, Quality};

/// The raster in the quality asked for, on a background of this colour where it is transparent, or without one, still
/// transparent. Bitonal has no half-tones: what is lighter than the middle is white; it needs a background.
pub fn apply<S: Sample>(raster: Raster<S>, quality: Quality, paper: Option<[u8; 3]>) -> Raster<S> {
    let shades = match quality {
        Quality::Default | Quality::Color => raster,
        Quality::Gray | Quality::Bitonal => gray(raster),
    };
    let opaque = match paper {
        Some(colour) => flatten(shades, colour),
        None => shades,
    };
    match quality {
        Quality::Bitonal => opaque.map(|sample| S::of(if sample.number() > S::MAX / 2 { S::MAX } else { 0 })),
        _ => opaque,
    }
}

/// The raster on a background of this colour, or its gray, without alpha.
pub fn flatten<S: Sample>(raster: Raster<S>, background: [u8; 3]) -> Raster<S> {
    let channels = match raster.channels {
        Channels::GrayAlpha => Channels::Gray,
        Channels::Rgba => Channels::Rgb,
        Channels::Gray | Channels::Rgb | Channels::Cmyk => return raster,
    };
    let paper = paper::<S>(background, channels);
    let pixels = raster.pixels.chunks_exact(raster.channels.count()).flat_map(|pixel| {
        let (colours, alpha) = pixel.split_at(channels.count());
        let alpha = alpha[0].number();
        // Of 16 bits this is just below 2^32.
        let mixed = move |colour: S, paper: S| {
            S::of((colour.number() * alpha + paper.number() * (S::MAX - alpha) + S::MAX / 2) / S::MAX)
        };
        colours.iter().zip(paper).map(move |(colour, paper)| mixed(*colour, paper))
    });
    Raster { dimensions: raster.dimensions, channels, pixels: pixels.collect() }
}

/// The raster with three channels of colour, for formats that have no gray.
pub fn coloured<S: Sample>(raster: Raster<S>) -> Raster<S> {
    let (channels, pixels) = match raster.channels {
        Channels::Rgb | Channels::Rgba | Channels::Cmyk => return raster,
        Channels::Gray => (Channels::Rgb, raster.pixels.iter().flat_map(|&v| [v, v, v]).collect()),
        Channels::GrayAlpha => {
            let pairs = raster.pixels.as_chunks::<2>().0;
            (Channels::Rgba, pairs.iter().flat_map(|&[v, a]| [v, v, v, a]).collect())
        }
    };
    Raster { dimensions: raster.dimensions, channels, pixels }
}

/// What a background is in these channels: its colour, or its gray thrice.
pub(super) fn paper<S: Sample>(background: [u8; 3], channels: Channels) -> [S; 3] {
    let colour = background.map(S::of_8);
    if channels.has_colour() { colour } else { [luma(&colour); 3] }
}

/// ITU-R BT.601 luma of red, green and blue, as JPEG and Pillow have it; the weights are of 65536.
fn luma<S: Sample>(p: &[S]) -> S {
    let [red, green, blue] = [p[0], p[1], p[2]].map(S::number);
    S::of((red * 19_595 + green * 38_470 + blue * 7_471 + 32_768) >> 16)
}

fn gray<S: Sample>(raster: Raster<S>) -> Raster<S> {
    let (channels, pixels) = match raster.channels {
        Channels::Gray | Channels::GrayAlpha | Channels::Cmyk => return raster,
        Channels::Rgb => (Channels::Gray, raster.pixels.as_chunks::<3>().0.iter().map(|p| luma(p)).collect()),
        Channels::Rgba => {
            let pairs = raster.pixels.as_chunks::<4>().0.iter().flat_map(|p| [luma(p), p[3]]);
            (Channels::GrayAlpha, pairs.collect())
        }
    };
    Raster { dimensions: raster.dimensions, channels, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Dimensions;

    fn one(channels: Channels, pixel: &[u8]) -> Raster {
        Raster { dimensions: Dimensions::new(1, 1), channels, pixels: pixel.to_vec() }
    }

    #[test]
    fn transparency_shows_the_paper() {
        assert_eq!(flatten(one(Channels::Rgba, &[10, 20, 30, 0]), [1, 2, 3]).pixels, [1, 2, 3]);
        assert_eq!(flatten(one(Channels::GrayAlpha, &[9, 0]), [255, 0, 0]).pixels, [76]);
        assert_eq!(flatten(one(Channels::Rgba, &[10, 20, 30, 0]), [255; 3]).pixels, [255, 255, 255]);
        assert_eq!(flatten(one(Channels::Rgba, &[10, 20, 30, 255]), [255; 3]).pixels, [10, 20, 30]);
        assert_eq!(flatten(one(Channels::GrayAlpha, &[0, 128]), [255; 3]).pixels, [127]);
    }

    #[test]
    fn gray_keeps_alpha_and_bitonal_has_two_values() {
        assert_eq!(
            apply(one(Channels::Rgba, &[255, 0, 0, 9]), Quality::Gray, None),
            one(Channels::GrayAlpha, &[76, 9])
        );
        assert_eq!(
            apply(one(Channels::Rgb, &[128; 3]), Quality::Bitonal, Some([255; 3])),
            one(Channels::Gray, &[255])
        );
        assert_eq!(
            apply(one(Channels::Rgb, &[127; 3]), Quality::Bitonal, Some([255; 3])),
            one(Channels::Gray, &[0])
        );
    }
}
