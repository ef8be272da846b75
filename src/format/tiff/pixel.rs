//! The samples of a pixel and their meaning, checked against each other.
//! Pure; read once from a directory. TIFF 6.0 parts 1 and 2.

use super::code::extra_samples;
use super::codestream;
use super::image::Image;
use super::values::{Compression, Photometric, Predictor, SampleFormat};
use crate::error::MasterError;
use crate::ifd::tag;
use crate::ifd::{Entry, File, Ifd};

/// Ink and colour plus a few extra channels; more is no picture.
const MAX_SAMPLES: u64 = 16;

/// The samples of a pixel and what they mean.
#[derive(Clone, Debug, PartialEq)]
pub struct PixelFormat {
    /// The colour model.
    pub photometric: Photometric,
    /// Samples per pixel, extra samples included.
    pub samples: u16,
    /// Bits per sample, the same for all.
    pub bits: u16,
    /// How the bits make a number.
    pub format: SampleFormat,
    /// The alpha channel, if the first extra sample is one.
    pub alpha: Option<Alpha>,
    /// The numbers that mean black and white, where they are not the ends of the format's range.
    pub range: Option<(f64, f64)>,
    /// Chroma subsampling across and down of uncompressed YCbCr.
    pub subsampling: (u16, u16),
    /// Luma coefficients of red, green and blue (YCbCrCoefficients).
    pub luma: [f32; 3],
    /// ReferenceBlackWhite of Y, Cb and Cr, in the scale of 8 bits.
    pub reference: [f32; 6],
    /// ColorMap as 8-bit red, green, blue.
    pub palette: Vec<[u8; 3]>,
    /// Whether multi-byte samples are stored most significant byte first.
    pub big_endian: bool,
}

/// What an alpha sample does to the colours beside it (tag ExtraSamples).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alpha {
    /// 1: colours are premultiplied.
    Associated,
    /// 2: colours are as they are.
    Unassociated,
}

impl PixelFormat {
    /// Reads it from a directory.
    ///
    /// # Errors
    /// [`MasterError`] that names the tag and value that are wrong or not supported.
    pub fn read(file: &File, ifd: &Ifd, compression: Compression) -> Result<Self, MasterError> {
        let photometric_tag = ifd.integer(file, tag::PHOTOMETRIC_INTERPRETATION)?;
        let is_old = compression == Compression::OldJpeg;
        // Some writers of old-style JPEG leave to its stream what is in it.
        let samples = if is_old && !matches!(photometric_tag, Some(0 | 1)) { 3 } else { 1 };
        let samples = ifd.integer(file, tag::SAMPLES_PER_PIXEL)?.unwrap_or(samples);
        let samples = u16::try_from(samples.clamp(1, MAX_SAMPLES + 1)).unwrap_or(u16::MAX);
        if u64::from(samples) > MAX_SAMPLES {
            return Err(MasterError::unsupported(format!("more than {MAX_SAMPLES} samples per pixel")));
        }
        let bits = uniform(file, ifd, tag::BITS_PER_SAMPLE, if is_old { 8 } else { 1 }, samples)?;
        let photometric = match photometric_tag {
            // libtiff also treats it so, whatever the tag says.
            None | Some(2) if is_old && samples == 3 => Photometric::YCbCr,
            Some(5) => separated(file, ifd, samples)?,
            Some(value) => Photometric::from_tag(value)?,
            // Required, but left out by some writers: guess as libtiff does.
            None if samples >= 3 => Photometric::Rgb,
            None => Photometric::BlackIsZero,
        };
        let format = match uniform(file, ifd, tag::SAMPLE_FORMAT, 1, samples)? {
            2 => SampleFormat::Signed,
            3 => SampleFormat::Float,
            5 | 6 => return Err(MasterError::unsupported("complex samples")),
            _ => SampleFormat::Unsigned,
        };
        Ok(Self {
            photometric,
            samples,
            bits: u16::try_from(bits).unwrap_or(u16::MAX),
            format,
            alpha: alpha(file, ifd, samples, photometric)?,
            // Up to 16 bits have a range of their own; statistics that some programs leave here are not to stretch it.
            range: range(file, ifd).filter(|_| format == SampleFormat::Float || bits > 16),
            subsampling: subsampling(file, ifd),
            luma: numbers(file, ifd, tag::YCBCR_COEFFICIENTS).unwrap_or([0.299, 0.587, 0.114]),
            reference: numbers(file, ifd, tag::REFERENCE_BLACK_WHITE)
                .unwrap_or([0.0, 255.0, 128.0, 255.0, 128.0, 255.0]),
            palette: if photometric == Photometric::Palette { palette(file, ifd, bits)? } else { Vec::new() },
            big_endian: file.big_endian,
        })
    }

    /// The format of samples once they are out of a compression that has one of its own.
    pub fn compressed(self, compression: Compression) -> Self {
        match compression {
            Compression::Jpeg2000(colours) => codestream::format(self, colours),
            Compression::Jpeg if self.is_deep() => {
                Self { range: Some((0.0, f64::from((1u32 << self.bits) - 1))), bits: 16, ..self }
            }
            _ => self,
        }
    }

    /// Whether JPEG can have such samples of more than 8 bits. Out of it, each has two bytes.
    fn is_deep(&self) -> bool {
        use Photometric::{BlackIsZero, Rgb, Separated, WhiteIsZero, YCbCr};
        matches!(self.bits, 9..=16)
            && self.format == SampleFormat::Unsigned
            && matches!(self.photometric, BlackIsZero | WhiteIsZero | Rgb | YCbCr | Separated)
    }

    /// Whether its parts go together, in this image.
    ///
    /// # Errors
    /// [`MasterError`] that says which do not.
    pub fn check(&self, image: &Image) -> Result<(), MasterError> {
        let Self { bits, samples, photometric, format, .. } = self;
        if *samples < photometric.colour_samples() {
            return Err(MasterError::damaged(format!("{photometric:?} with {samples} samples per pixel")));
        }
        let readable = match format {
            SampleFormat::Float => matches!(bits, 16 | 24 | 32 | 64),
            SampleFormat::Unsigned | SampleFormat::Signed => matches!(bits, 1..=32),
        };
        if !readable {
            return Err(MasterError::unsupported(format!("{format:?} samples of {bits} bits")));
        }
        if image.compression == Compression::OldJpeg && image.planar {
            return Err(MasterError::unsupported("old-style JPEG in planes"));
        }
        let lab = matches!(photometric, Photometric::CieLab | Photometric::IccLab);
        if lab && !bits.is_multiple_of(8) {
            return Err(MasterError::unsupported(format!("{photometric:?} of {bits} bits")));
        }
        let lossy = image.compression.is_of_pictures();
        if lossy && *bits != 8 && !(image.compression == Compression::Jpeg && self.is_deep()) {
            return Err(MasterError::unsupported(format!(
                "{:?} with {bits} bits per sample",
                image.compression
            )));
        }
        let is_codestream = matches!(image.compression, Compression::Jpeg2000(_));
        if is_codestream && *photometric == Photometric::Palette && self.palette.len() < 256 {
            return Err(MasterError::unsupported("a palette of few colours for JPEG 2000"));
        }
        if *photometric == Photometric::YCbCr && !lossy && !is_codestream {
            if *bits != 8 || image.planar {
                return Err(MasterError::unsupported("YCbCr that is not of 8 bits in one plane"));
            }
            let (across, down) = self.subsampling;
            if !matches!((across, down), (1 | 2 | 4, 1 | 2 | 4)) {
                return Err(MasterError::damaged(format!("chroma subsampling of {across} by {down}")));
            }
            if self.is_subsampled() && image.predictor != Predictor::None {
                return Err(MasterError::unsupported("a predictor for subsampled YCbCr"));
            }
        }
        if matches!(image.compression, Compression::Ccitt(_)) && (*bits != 1 || *samples != 1) {
            return Err(MasterError::damaged("CCITT compression of more than one bit per pixel"));
        }
        Ok(())
    }

    /// Whether decoded rows are units of subsampled chroma rather than pixels (TIFF 6.0 section 21). Units have no
    /// room for extra samples: with them, libtiff too takes every pixel to be whole.
    pub fn is_subsampled(&self) -> bool {
        self.photometric == Photometric::YCbCr && self.samples == 3 && self.subsampling != (1, 1)
    }
}

/// The value of a tag that has one value per sample, which must all be the same.
fn uniform(file: &File, ifd: &Ifd, tag: u16, default: u64, samples: u16) -> Result<u64, MasterError> {
    let Some(entry) = ifd.entry(tag) else { return Ok(default) };
    let first = entry.integer(file, 0)?;
    for index in 1..entry.count().min(samples.into()) {
        if entry.integer(file, index)? != first {
            return Err(MasterError::unsupported(format!("samples that differ in tag {tag}")));
        }
    }
    Ok(first)
}

fn alpha(
    file: &File,
    ifd: &Ifd,
    samples: u16,
    photometric: Photometric,
) -> Result<Option<Alpha>, MasterError> {
    if samples <= photometric.colour_samples() || photometric == Photometric::Palette {
        return Ok(None);
    }
    Ok(match ifd.integer(file, tag::EXTRA_SAMPLES)?.map(u16::try_from) {
        Some(Ok(extra_samples::ASSOCIATED_ALPHA)) => Some(Alpha::Associated),
        Some(Ok(extra_samples::UNASSOCIATED_ALPHA)) => Some(Alpha::Unassociated),
        _ => None,
    })
}

/// What separations are, by how many inks there are beside extra samples (TIFF 6.0 section 16).
fn separated(file: &File, ifd: &Ifd, samples: u16) -> Result<Photometric, MasterError> {
    let extra = ifd.entry(tag::EXTRA_SAMPLES).map_or(0, Entry::count);
    let left = u64::from(samples).saturating_sub(extra);
    Ok(match ifd.integer(file, tag::NUMBER_OF_INKS)?.unwrap_or(left).min(left) {
        // One plate: no ink is white, like gray the other way round.
        1 => Photometric::WhiteIsZero,
        3 => Photometric::Cmy,
        _ => Photometric::Separated,
    })
}

/// SMinSampleValue and SMaxSampleValue, if they are a range.
fn range(file: &File, ifd: &Ifd) -> Option<(f64, f64)> {
    let low = ifd.entry(tag::S_MIN_SAMPLE_VALUE)?.number(file, 0).ok()?;
    let high = ifd.entry(tag::S_MAX_SAMPLE_VALUE)?.number(file, 0).ok()?;
    (low.is_finite() && high.is_finite() && low < high).then_some((low, high))
}

/// YCbCrSubSampling as it stands; only who stores YCbCr without compression has to mean it.
fn subsampling(file: &File, ifd: &Ifd) -> (u16, u16) {
    let entry = ifd.entry(tag::YCBCR_SUB_SAMPLING);
    let value = |index| u16::try_from(entry?.integer(file, index).ok()?).ok();
    if entry.is_none() { (2, 2) } else { (value(0).unwrap_or(0), value(1).unwrap_or(0)) }
}

/// The values of a tag, if there are as many as expected and each is a finite number.
fn numbers<const N: usize>(file: &File, ifd: &Ifd, tag: u16) -> Option<[f32; N]> {
    let entry = ifd.entry(tag)?;
    let mut values = [0.0; N];
    for (index, value) in values.iter_mut().enumerate() {
        *value = entry.number(file, index as u64).ok()? as f32;
    }
    values.iter().all(|value| value.is_finite()).then_some(values)
}

fn palette(file: &File, ifd: &Ifd, bits: u64) -> Result<Vec<[u8; 3]>, MasterError> {
    let map =
        ifd.entry(tag::COLOR_MAP).ok_or_else(|| MasterError::damaged("a palette image without ColorMap"))?;
    if bits > 8 {
        return Err(MasterError::unsupported(format!("a palette of {bits} bits")));
    }
    let colours = 1u64 << bits;
    let value = |index| map.integer(file, index).map(|value| u16::try_from(value).unwrap_or(u16::MAX));
    let entries = (0..colours).map(|n| Ok([value(n)?, value(colours + n)?, value(2 * colours + n)?]));
    let entries: Vec<[u16; 3]> = entries.collect::<Result<_, MasterError>>()?;
    // Old writers filled the map with 8-bit values (libtiff checks for it in the same way).
    let shift = if entries.iter().flatten().all(|&value| value < 256) { 0 } else { 8 };
    Ok(entries.into_iter().map(|entry| entry.map(|value| (value >> shift) as u8)).collect())
}
