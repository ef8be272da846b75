//! One directory as an image: its size, layout and the meaning of its samples, checked against each other.
//! Pure; offsets of tiles stay in the file and are read one by one. TIFF 6.0 parts 1 and 2.

use std::ops::Range;

use super::blank;
use super::code::{self, fill_order, planar_configuration};
use super::old_jpeg::OldJpeg;
use super::pixel::PixelFormat;
use super::stream::Stream;
use super::values::{Compression, Photometric, Predictor};
use crate::error::MasterError;
use crate::ifd::tag;
use crate::ifd::{Entry, File, Ifd};
use crate::picture::{Channels, Coding, Depth, Dimensions, Rect};

/// A tile or strip larger than this, decoded, is refused before anything is allocated.
const MAX_PIECE_BYTES: u64 = 256 << 20;

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
    /// Where the parts of an old-style JPEG lie, if it is one.
    pub old_jpeg: Option<OldJpeg>,
    /// The ICC profile: offset and length.
    pub icc_profile: Option<(u64, u64)>,
    /// The value of samples where a piece was never written; 0 if the file does not say.
    pub no_data: Option<f64>,
    /// The mask that says where it is transparent, of the same size.
    pub mask: Option<Box<Image>>,
    /// Where its directory is.
    pub(super) directory: u64,
    pub(super) offsets: Entry,
    pub(super) byte_counts: Option<Entry>,
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
        let compression = Compression::from_tag(
            ifd.integer(file, tag::COMPRESSION)?.unwrap_or(code::compression::NONE.into()),
            ifd.integer(file, tag::T4_OPTIONS)?.unwrap_or(0),
        )?;
        let old_jpeg = OldJpeg::read(file, ifd, compression)?;
        let in_one = old_jpeg.as_ref().is_some_and(|old| old.whole().is_some());
        let tiled = ifd.entry(tag::TILE_WIDTH).is_some() && !in_one;
        let piece = match (in_one, tiled) {
            (true, _) => dimensions,
            (false, true) => tile_size(file, ifd)?,
            (false, false) => strip_size(file, ifd, dimensions)?,
        };
        let (offsets, byte_counts) = match tiled {
            // Some old writers put the offsets of tiles under the tags of strips (libtiff reads them too).
            true => (ifd.entry(tag::TILE_OFFSETS).or(ifd.entry(tag::STRIP_OFFSETS)), tag::TILE_BYTE_COUNTS),
            false => (
                ifd.entry(tag::STRIP_OFFSETS).or(ifd.entry(tag::JPEG_INTERCHANGE_FORMAT)),
                tag::STRIP_BYTE_COUNTS,
            ),
        };
        let image = Self {
            dimensions,
            piece,
            tiled,
            compression,
            predictor: predictor(file, ifd, compression)?,
            planar: ifd.integer(file, tag::PLANAR_CONFIGURATION)?
                == Some(planar_configuration::PLANAR.into())
                && !in_one,
            reversed_bits: ifd.integer(file, tag::FILL_ORDER)? == Some(fill_order::REVERSED.into()),
            pixel: PixelFormat::read(file, ifd, compression)?.compressed(compression),
            orientation: ifd
                .integer(file, tag::ORIENTATION)?
                .map_or(1, |value| u16::try_from(value).unwrap_or(1)),
            jpeg_tables: ifd.entry(tag::JPEG_TABLES).map(Entry::range),
            old_jpeg,
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

    /// Columns and rows of the pieces that a window touches.
    pub(super) fn touched(&self, window: Rect) -> (Range<u32>, Range<u32>) {
        let (piece, grid) = (self.piece, self.grid());
        let columns = window.x / piece.width..window.right().div_ceil(piece.width).min(grid.width);
        let rows = window.y / piece.height..window.bottom().div_ceil(piece.height).min(grid.height);
        (columns, rows)
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

    /// Bytes that decoding a window takes beside its raster: the samples of a piece, or of rows of it where no more are
    /// held, and as many again for its compressed bytes, where planes are brought together, or the chroma is spread.
    pub fn held_bytes(&self, window: Rect) -> u64 {
        let rows = if Stream::suits(self) { window.height } else { self.piece.height };
        let pixels = u64::from(self.piece.width) * u64::from(rows);
        let samples = u64::from(self.pixel.samples) * u64::from(self.pixel.bits.div_ceil(8));
        pixels.saturating_mul(2 * samples)
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

    /// How its pixels are stored. A mask adds little to that.
    pub(crate) fn coding(&self) -> Coding {
        let bits = u32::from(self.pixel.samples) * u32::from(self.pixel.bits);
        Coding::of(self.compression.codec(), bits.div_ceil(8))
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
    if !matches!(compression, Compression::Lzw | Compression::Deflate | Compression::Lzma | Compression::Zstd)
    {
        return Ok(Predictor::None);
    }
    let value = ifd.integer(file, tag::PREDICTOR)?.unwrap_or(code::predictor::NONE.into());
    match u16::try_from(value) {
        Ok(code::predictor::NONE) => Ok(Predictor::None),
        Ok(code::predictor::HORIZONTAL) => Ok(Predictor::Horizontal),
        Ok(code::predictor::FLOATING_POINT) => Ok(Predictor::FloatingPoint),
        _ => Err(MasterError::unsupported(format!("predictor {value}"))),
    }
}
