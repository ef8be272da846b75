//! One directory as an image: its size, layout and the meaning of its samples, checked against each other.
//! Pure; offsets of tiles stay in the file and are read one by one. TIFF 6.0 parts 1 and 2.

use super::blank;
use super::ifd::{Entry, File, Ifd};
use super::tags::{Compression, Photometric, Predictor, SampleFormat, tag};
use crate::description::{Channels, Depth};
use crate::error::MasterError;
use crate::geometry::{Dimensions, Rect};

/// A tile or strip larger than this, decoded, is refused before anything is allocated.
const MAX_PIECE_BYTES: u64 = 256 << 20;

/// Ink and colour plus a few extra channels; more is no picture.
const MAX_SAMPLES: u64 = 16;

/// An image that Recto can decode, as its directory describes it.
#[derive(Clone, Debug)]
pub struct Image {
    /// Size in pixels as stored.
    pub dimensions: Dimensions,
    /// Size of its pieces: tiles, or strips of the full width.
    pub piece: Dimensions,
    /// Whether the pieces are tiles: those at the edges are padded, strips are not.
    pub tiled: bool,
    /// How pieces are compressed.
    pub compression: Compression,
    /// What was done to samples before compression.
    pub predictor: Predictor,
    /// Whether each sample of a pixel has pieces of its own (PlanarConfiguration 2).
    pub planar: bool,
    /// The order of bits in compressed bytes is reversed (FillOrder 2).
    pub reversed_bits: bool,
    /// Samples and their meaning.
    pub pixel: PixelFormat,
    /// The Orientation tag; 1 if there is none.
    pub orientation: u16,
    /// Quantisation and Huffman tables that all JPEG pieces share: offset and length.
    pub jpeg_tables: Option<(u64, u64)>,
    /// The ICC profile: offset and length.
    pub icc_profile: Option<(u64, u64)>,
    /// What samples are where a piece was never written; 0 if the file does not tell.
    pub no_data: Option<f64>,
    /// The mask that says where it is transparent, of the same size.
    pub mask: Option<Box<Image>>,
    /// Where its directory is.
    pub(super) directory: u64,
    pub(super) offsets: Entry,
    pub(super) byte_counts: Option<Entry>,
}

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

impl Image {
    /// The image that a directory describes.
    ///
    /// # Errors
    /// [`MasterError`] that names the tag and value that are wrong, not supported or too large.
    pub fn read(file: &File, ifd: &Ifd) -> Result<Self, MasterError> {
        let dimensions = Dimensions::new(
            side("ImageWidth", ifd.required(file, tag::IMAGE_WIDTH)?)?,
            side("ImageLength", ifd.required(file, tag::IMAGE_LENGTH)?)?,
        );
        let tiled = ifd.entry(tag::TILE_WIDTH).is_some();
        let piece = if tiled { tile_size(file, ifd)? } else { strip_size(file, ifd, dimensions)? };
        let (offsets, byte_counts) = match tiled {
            // Some old writers put the offsets of tiles under the tags of strips (libtiff reads them too).
            true => (ifd.entry(tag::TILE_OFFSETS).or(ifd.entry(tag::STRIP_OFFSETS)), tag::TILE_BYTE_COUNTS),
            false => (ifd.entry(tag::STRIP_OFFSETS), tag::STRIP_BYTE_COUNTS),
        };
        let compression = Compression::from_tag(ifd.integer(file, tag::COMPRESSION)?.unwrap_or(1))?;
        let image = Self {
            dimensions,
            piece,
            tiled,
            compression,
            predictor: predictor(file, ifd, compression)?,
            planar: ifd.integer(file, tag::PLANAR_CONFIGURATION)? == Some(2),
            reversed_bits: ifd.integer(file, tag::FILL_ORDER)? == Some(2),
            pixel: PixelFormat::read(file, ifd)?,
            orientation: ifd
                .integer(file, tag::ORIENTATION)?
                .map_or(1, |value| u16::try_from(value).unwrap_or(1)),
            jpeg_tables: ifd.entry(tag::JPEG_TABLES).map(Entry::range),
            icc_profile: ifd.entry(tag::ICC_PROFILE).map(Entry::range),
            no_data: ifd.entry(tag::GDAL_NODATA).and_then(|entry| blank::no_data(file, entry)),
            mask: None,
            directory: ifd.offset,
            offsets: *offsets.ok_or_else(|| MasterError::damaged("no tile or strip offsets"))?,
            byte_counts: ifd.entry(byte_counts).or(ifd.entry(tag::STRIP_BYTE_COUNTS)).copied(),
        };
        image.check()
    }

    fn check(mut self) -> Result<Self, MasterError> {
        // A single sample is the same either way, and simpler as one plane.
        self.planar &= self.pixel.samples > 1;
        let bytes = self.row_bytes().saturating_mul(self.piece.height.into());
        if bytes > MAX_PIECE_BYTES {
            let kind = if self.tiled { "tile" } else { "strip" };
            return Err(MasterError::TooLarge(format!(
                "a {kind} of {} pixels has {} MiB of samples; {} MiB is the limit",
                self.piece,
                bytes >> 20,
                MAX_PIECE_BYTES >> 20
            )));
        }
        let expected = self.pieces_per_plane() * if self.planar { self.pixel.samples.into() } else { 1 };
        if self.offsets.count() < expected {
            return Err(MasterError::damaged(format!(
                "{expected} tiles or strips, but {} offsets",
                self.offsets.count()
            )));
        }
        self.pixel.check(&self)?;
        Ok(self)
    }

    /// Columns and rows of pieces.
    pub fn grid(&self) -> Dimensions {
        Dimensions::new(
            self.dimensions.width.div_ceil(self.piece.width),
            self.dimensions.height.div_ceil(self.piece.height),
        )
    }

    /// Number of pieces in one plane.
    pub fn pieces_per_plane(&self) -> u64 {
        self.grid().area()
    }

    /// Bytes of one row of a piece, decoded but packed as stored; of one plane if they are separate.
    pub fn row_bytes(&self) -> u64 {
        let samples = if self.planar { 1 } else { u64::from(self.pixel.samples) };
        (u64::from(self.piece.width) * samples * u64::from(self.pixel.bits)).div_ceil(8)
    }

    /// The pixels of the piece in `column` and `row` that are in the image.
    pub fn piece_rect(&self, column: u32, row: u32) -> Rect {
        let (x, y) = (column * self.piece.width, row * self.piece.height);
        Rect::new(
            x,
            y,
            self.piece.width.min(self.dimensions.width - x),
            self.piece.height.min(self.dimensions.height - y),
        )
    }

    /// Rows that are stored of the pieces in grid row `row`: tiles are padded, the last strip is not.
    pub fn stored_rows(&self, row: u32) -> u32 {
        if self.tiled { self.piece.height } else { self.piece_rect(0, row).height }
    }

    /// The depth that its samples need.
    pub fn depth(&self) -> Depth {
        if self.pixel.bits > 8 { Depth::Sixteen } else { Depth::Eight }
    }

    /// The channels of its pixels once decoded, with the mask that it may have.
    pub fn channels(&self) -> Channels {
        match (self.colours(), &self.mask) {
            (Channels::Gray, Some(_)) => Channels::GrayAlpha,
            (Channels::Rgb, Some(_)) => Channels::Rgba,
            (colours, _) => colours,
        }
    }

    /// The channels of its own pixels once decoded.
    pub fn colours(&self) -> Channels {
        let gray = matches!(self.pixel.photometric, Photometric::WhiteIsZero | Photometric::BlackIsZero);
        if self.pixel.photometric == Photometric::Separated && self.pixel.alpha.is_none() {
            return Channels::Cmyk;
        }
        match (gray, self.pixel.alpha.is_some()) {
            (true, false) => Channels::Gray,
            (true, true) => Channels::GrayAlpha,
            (false, false) => Channels::Rgb,
            (false, true) => Channels::Rgba,
        }
    }
}

impl PixelFormat {
    fn read(file: &File, ifd: &Ifd) -> Result<Self, MasterError> {
        let samples = ifd.integer(file, tag::SAMPLES_PER_PIXEL)?.unwrap_or(1);
        let samples = u16::try_from(samples.clamp(1, MAX_SAMPLES + 1)).unwrap_or(u16::MAX);
        if u64::from(samples) > MAX_SAMPLES {
            return Err(MasterError::unsupported(format!("more than {MAX_SAMPLES} samples per pixel")));
        }
        let bits = uniform(file, ifd, tag::BITS_PER_SAMPLE, 1, samples)?;
        let photometric = match ifd.integer(file, tag::PHOTOMETRIC_INTERPRETATION)? {
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
            // 8 and 16 bits have a range of their own; statistics that some programs leave here are not to stretch it.
            range: range(file, ifd).filter(|_| format == SampleFormat::Float || bits == 32),
            subsampling: subsampling(file, ifd),
            luma: numbers(file, ifd, tag::YCBCR_COEFFICIENTS).unwrap_or([0.299, 0.587, 0.114]),
            reference: numbers(file, ifd, tag::REFERENCE_BLACK_WHITE)
                .unwrap_or([0.0, 255.0, 128.0, 255.0, 128.0, 255.0]),
            palette: if photometric == Photometric::Palette { palette(file, ifd, bits)? } else { Vec::new() },
            big_endian: file.big_endian,
        })
    }

    fn check(&self, image: &Image) -> Result<(), MasterError> {
        let Self { bits, samples, photometric, format, .. } = self;
        if *samples < photometric.colour_samples() {
            return Err(MasterError::damaged(format!("{photometric:?} with {samples} samples per pixel")));
        }
        let readable = match format {
            SampleFormat::Float => matches!(bits, 16 | 32 | 64),
            SampleFormat::Unsigned | SampleFormat::Signed => matches!(bits, 1..=16 | 32),
        };
        if !readable {
            return Err(MasterError::unsupported(format!("{format:?} samples of {bits} bits")));
        }
        let lab = matches!(photometric, Photometric::CieLab | Photometric::IccLab);
        if lab && !bits.is_multiple_of(8) {
            return Err(MasterError::unsupported(format!("{photometric:?} of {bits} bits")));
        }
        let lossy = matches!(image.compression, Compression::Jpeg | Compression::WebP);
        if lossy && *bits != 8 {
            return Err(MasterError::unsupported(format!(
                "{:?} with {bits} bits per sample",
                image.compression
            )));
        }
        if *photometric == Photometric::YCbCr && !lossy {
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
        if image.compression == Compression::CcittT6 && (*bits != 1 || *samples != 1) {
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

fn side(name: &str, value: u64) -> Result<u32, MasterError> {
    match u32::try_from(value) {
        // Twice this still fits 32 bits, so that a tile's padding cannot overflow.
        Ok(side @ 1..=0x7fff_ffff) => Ok(side),
        _ => Err(MasterError::damaged(format!("{name} is {value}"))),
    }
}

fn tile_size(file: &File, ifd: &Ifd) -> Result<Dimensions, MasterError> {
    let limit = |name, value| match value {
        1..=65_536 => side(name, value),
        _ => Err(MasterError::damaged(format!("{name} is {value}"))),
    };
    Ok(Dimensions::new(
        limit("TileWidth", ifd.required(file, tag::TILE_WIDTH)?)?,
        limit("TileLength", ifd.required(file, tag::TILE_LENGTH)?)?,
    ))
}

fn strip_size(file: &File, ifd: &Ifd, image: Dimensions) -> Result<Dimensions, MasterError> {
    let rows = ifd.integer(file, tag::ROWS_PER_STRIP)?.unwrap_or(u64::MAX).min(image.height.into());
    Ok(Dimensions::new(image.width, side("RowsPerStrip", rows)?))
}

fn predictor(file: &File, ifd: &Ifd, compression: Compression) -> Result<Predictor, MasterError> {
    if !matches!(compression, Compression::Lzw | Compression::Deflate | Compression::Zstd) {
        return Ok(Predictor::None);
    }
    match ifd.integer(file, tag::PREDICTOR)?.unwrap_or(1) {
        1 => Ok(Predictor::None),
        2 => Ok(Predictor::Horizontal),
        3 => Ok(Predictor::FloatingPoint),
        other => Err(MasterError::unsupported(format!("predictor {other}"))),
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
    Ok(match ifd.integer(file, tag::EXTRA_SAMPLES)? {
        Some(1) => Some(Alpha::Associated),
        Some(2) => Some(Alpha::Unassociated),
        _ => None,
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

/// The values of a tag, if there are as many as wanted and each is a finite number.
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
