//! JPEG files of 9 to 16 bits a sample: decoded whole, and spread over all numbers of 8 or 16 bits.

use super::{channels, check_headers, checked, factor, scaled};
use crate::error::MasterError;
use crate::format::jpeg::Header;
use crate::format::jpeg::deep;
use crate::picture::{Channels, Depth};
use crate::raster::{AnyRaster, Raster, Sample};
use crate::watch::Watch;

/// All pixels of a level, in this depth: gray, RGB, or inks.
///
/// # Errors
/// [`MasterError`] if the file is damaged anywhere, or too large.
pub(crate) fn decode(
    bytes: &[u8],
    header: &Header,
    level: usize,
    depth: Depth,
    watch: &Watch,
) -> Result<AnyRaster, MasterError> {
    let stream = checked(bytes, header, level)?;
    Ok(match depth {
        Depth::Eight => AnyRaster::Eight(decompress(&stream, header, level, watch)?),
        Depth::Sixteen => AnyRaster::Sixteen(decompress(&stream, header, level, watch)?),
    })
}

fn decompress<S: Sample>(
    stream: &[u8],
    header: &Header,
    level: usize,
    watch: &Watch,
) -> Result<Raster<S>, MasterError> {
    let found = deep::Header::read(stream)?;
    check_headers(header, header.dimensions, found.dimensions, found.colours)?;
    let factor = factor(level);
    let samples = found.decode(stream, factor, watch)?;
    let greatest = (1 << found.bits) - 1;
    // As of 8 bits, where Adobe's marker is, the greatest number stands for no ink.
    let is_inverted = channels(header) == Channels::Cmyk && header.meaning.adobe.is_some();
    let spread = |sample: u16| {
        let sample = u32::from(sample).min(greatest);
        let sample = if is_inverted { greatest - sample } else { sample };
        S::of((sample * S::MAX + greatest / 2) / greatest)
    };
    Ok(Raster {
        dimensions: scaled(header.dimensions, factor),
        channels: channels(header),
        pixels: samples.into_iter().map(spread).collect(),
    })
}

#[cfg(test)]
mod tests {
    use turbojpeg::Colorspace;
    use turbojpeg_sys as raw;

    use super::super::describe;
    use super::*;
    use crate::format::jpeg::deep::tests::{Encoding, encoded, waves};
    use crate::picture::Dimensions;

    const SIZE: Dimensions = Dimensions::new(97, 61);

    /// The furthest that a decoded sample is from what went in, both as shares of full scale.
    fn furthest<S: Sample>(raster: &Raster<S>, samples: &[u16], greatest: f64) -> f64 {
        let share = |sample: S| f64::from(sample.number()) / f64::from(S::MAX);
        let pairs = raster.pixels.iter().zip(samples);
        assert_eq!(raster.pixels.len(), samples.len());
        pairs.map(|(one, other)| (share(*one) - f64::from(*other) / greatest).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn samples_are_spread_over_either_depth() {
        let (plain, lossless) = ((raw::TJPARAM_TJPARAM_RESTARTROWS, 1), (raw::TJPARAM_TJPARAM_LOSSLESS, 1));
        for (bits, colours, also) in [
            (12, Colorspace::Gray, plain),
            (12, Colorspace::RGB, plain),
            (12, Colorspace::CMYK, plain),
            (10, Colorspace::Gray, lossless),
            (16, Colorspace::RGB, lossless),
        ] {
            let count = match colours {
                Colorspace::Gray => 1,
                Colorspace::CMYK => 4,
                _ => 3,
            };
            let samples = waves(SIZE, count, bits);
            let stream = encoded(&samples, SIZE, Encoding { bits, from: colours, to: colours, also });
            let header = Header::read(&stream).expect("a header");
            let description = describe(&header, stream.len()).expect("described");
            assert_eq!(description.depth, Depth::Sixteen);
            assert_eq!(description.levels.len(), if also == lossless { 1 } else { 3 });
            let greatest = (1u32 << bits) - 1;
            // The library writes Adobe's marker with inks.
            let meant: Vec<u16> = match colours {
                Colorspace::CMYK => samples.iter().map(|sample| greatest as u16 - sample).collect(),
                _ => samples,
            };
            let decoded = |depth| decode(&stream, &header, 0, depth, &Watch::unlimited()).expect("decoded");
            let AnyRaster::Sixteen(deep) = decoded(Depth::Sixteen) else { panic!("16 bits") };
            let AnyRaster::Eight(eight) = decoded(Depth::Eight) else { panic!("8 bits") };
            let (near, nearest) = (2.0 / 4095.0, 0.5 / 65_535.0);
            let tolerance = if also == lossless { 0.0 } else { near };
            assert!(furthest(&deep, &meant, greatest.into()) <= tolerance + nearest, "{bits} {colours:?}");
            assert!(
                furthest(&eight, &meant, greatest.into()) <= tolerance + 0.5 / 255.0,
                "{bits} {colours:?}"
            );
        }
    }

    #[test]
    fn smaller_levels_come_out_of_the_decoder() {
        let samples = waves(SIZE, 3, 12);
        let also = (raw::TJPARAM_TJPARAM_PROGRESSIVE, 1);
        let encoding = Encoding { bits: 12, from: Colorspace::RGB, to: Colorspace::YCbCr, also };
        let stream = encoded(&samples, SIZE, encoding);
        let header = Header::read(&stream).expect("a header");
        let levels = describe(&header, stream.len()).expect("described").levels;
        for (n, level) in levels.iter().enumerate() {
            let raster = decode(&stream, &header, n, Depth::Sixteen, &Watch::unlimited()).expect("decoded");
            assert_eq!(raster.dimensions(), level.dimensions);
            assert!(!super::super::has_windows(&header, n));
        }
    }

    /// JFIF has no other colours than YCbCr, which the library does not make of lossless samples.
    #[test]
    fn luma_and_chroma_without_loss_are_refused_by_name() {
        let (from, also) = (Colorspace::RGB, (raw::TJPARAM_TJPARAM_LOSSLESS, 1));
        let encoding = Encoding { bits: 12, from, to: from, also };
        let plain = encoded(&waves(SIZE, 3, 12), SIZE, encoding);
        let jfif = b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0";
        let stream = [&plain[..2], jfif, &plain[2..]].concat();
        let header = Header::read(&stream).expect("a header");
        let refused =
            decode(&stream, &header, 0, Depth::Sixteen, &Watch::unlimited()).expect_err("not decoded");
        assert_eq!(refused, MasterError::unsupported("lossless JPEG of YCbCr"));
    }
}
