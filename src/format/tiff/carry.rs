//! Tiles as they are stored, for another file: their bytes, and the fields that say how they become pixels. Smaller
//! levels are made of decoded pixels, so that only such tiles are carried whose samples are those of decoded pixels.
//! Pure on the bytes of the file, which are announced. TIFF 6.0; TIFF Technical Note 2.

use super::code::{compression, photometric};
use super::image::Image;
use super::pixel::Alpha;
use super::values::{Compression, Photometric, SampleFormat};
use crate::error::MasterError;
use crate::format::jpeg::carry::Colours;
use crate::ifd::{Field, File, tag};
use crate::picture::Dimensions;

/// The fields that say how a tile becomes pixels, but for those of its size.
const FIELDS: [u16; 13] = [
    tag::BITS_PER_SAMPLE,
    tag::COMPRESSION,
    tag::PHOTOMETRIC_INTERPRETATION,
    tag::FILL_ORDER,
    tag::SAMPLES_PER_PIXEL,
    tag::PREDICTOR,
    tag::INK_SET,
    tag::EXTRA_SAMPLES,
    tag::SAMPLE_FORMAT,
    tag::JPEG_TABLES,
    tag::YCBCR_COEFFICIENTS,
    tag::YCBCR_SUB_SAMPLING,
    tag::REFERENCE_BLACK_WHITE,
];

/// Bytes of the longest of these: JPEGTables, which are four tables of each kind at most.
const LONGEST: u64 = 1 << 16;

/// Tiles that can be carried over.
#[derive(Clone, Debug, PartialEq)]
pub struct Carried {
    /// Width and height of a tile.
    pub tile: Dimensions,
    /// The fields that say how a tile becomes pixels, but for those of its size.
    pub fields: Vec<Field>,
    /// How many there are, in reading order.
    pub count: u64,
}

/// Why tiles cannot be carried over; in words by `Display`, which go on after "because".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Hindrance {
    /// There are none.
    #[error("it is not stored in tiles")]
    NoTiles,
    /// Their sides are no multiples of 16.
    #[error("its tiles of {0} pixels have sides that are no multiples of 16")]
    Sides(Dimensions),
    /// Each sample has tiles of its own.
    #[error("each of its samples has tiles of its own")]
    Planar,
    /// What it shows depends on a mask, too.
    #[error("it has a mask")]
    Mask,
    /// A tile was never written, which libtiff does not read.
    #[error("some of its tiles were never written")]
    Sparse,
    /// A compression that other readers of TIFF do not know, or not alike.
    #[error("its compression is {0}, which not every reader of TIFF knows")]
    Compression(&'static str),
    /// Samples that are others once they are decoded.
    #[error("its samples are not stored as they are decoded")]
    Samples,
    /// Samples of several bytes, the most significant one first.
    #[error("its samples have the most significant byte first")]
    ByteOrder,
    /// It cannot be read.
    #[error(transparent)]
    Unread(#[from] MasterError),
}

impl Image {
    /// How its tiles can be carried over. Reads the places of all.
    ///
    /// # Errors
    /// Why they cannot.
    pub fn carried(&self, file: &File) -> Result<Carried, Hindrance> {
        self.check_carried(file)?;
        let ifd = file.ifd(self.directory)?;
        let entries = ifd.entries().iter().filter(|entry| FIELDS.contains(&entry.tag()));
        let mut fields: Vec<Field> = Vec::new();
        for entry in entries.filter(|entry| entry.range().1 <= LONGEST) {
            if fields.iter().all(|known| known.tag() != entry.tag()) {
                fields.push(entry.field(file)?);
            }
        }
        // What libtiff guesses where it is missing, others need not.
        let is_there = |tag| fields.iter().any(|field| field.tag() == tag);
        if !is_there(tag::PHOTOMETRIC_INTERPRETATION) || !is_there(tag::COMPRESSION) {
            return Err(Hindrance::Samples);
        }
        Ok(Carried { tile: self.piece, fields, count: self.pieces_per_plane() })
    }

    fn check_carried(&self, file: &File) -> Result<(), Hindrance> {
        let (piece, pixel, compression) = (self.piece, &self.pixel, self.compression);
        let fits = piece.width.is_multiple_of(16) && piece.height.is_multiple_of(16);
        let is_swapped = pixel.big_endian && pixel.bits > 8;
        let found = [
            (!self.tiled, Hindrance::NoTiles),
            (!fits, Hindrance::Sides(piece)),
            (self.planar, Hindrance::Planar),
            (self.mask.is_some(), Hindrance::Mask),
            (compression == Compression::OldJpeg, Hindrance::Compression("old-style JPEG")),
            (matches!(compression, Compression::Jpeg2000(_)), Hindrance::Compression("JPEG 2000")),
            (!self.has_decoded_samples(), Hindrance::Samples),
            (is_swapped, Hindrance::ByteOrder),
        ];
        if let Some((_, why)) = found.into_iter().find(|(is_there, _)| *is_there) {
            return Err(why);
        }
        for index in 0..self.pieces_per_plane() {
            self.piece_range(file, index)?.ok_or(Hindrance::Sparse)?;
        }
        Ok(())
    }

    /// Whether decoding changes neither how many samples there are, nor what they mean.
    fn has_decoded_samples(&self) -> bool {
        let pixel = &self.pixel;
        let is_known = match pixel.photometric {
            Photometric::BlackIsZero | Photometric::Rgb | Photometric::Separated => true,
            Photometric::YCbCr => self.compression == Compression::Jpeg,
            _ => false,
        };
        let extra = match pixel.alpha {
            None => 0,
            Some(Alpha::Unassociated) => 1,
            Some(Alpha::Associated) => return false,
        };
        is_known
            && (pixel.format, pixel.range) == (SampleFormat::Unsigned, None)
            && matches!(pixel.bits, 8 | 16)
            && pixel.samples == pixel.photometric.colour_samples() + extra
    }

    /// The bytes of a tile.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if they are not in the file.
    pub fn carried_tile(&self, file: &File, index: u64) -> Result<Vec<u8>, MasterError> {
        let range = self.piece_range(file, index)?;
        let (offset, length) = range.ok_or_else(|| MasterError::damaged("a tile that was never written"))?;
        file.read(offset, length).map(<[u8]>::to_vec)
    }
}

/// The fields that say how tiles of JPEG become pixels: `tables` is what they share.
pub fn jpeg_fields(colours: Colours, tables: &[u8]) -> Vec<Field> {
    let (photometric, count) = match colours {
        Colours::Gray => (photometric::BLACK_IS_ZERO, 1),
        Colours::YCbCr { .. } => (photometric::YCBCR, 3),
        Colours::Rgb => (photometric::RGB, 3),
        Colours::Cmyk => (photometric::SEPARATED, 4),
    };
    let mut fields = vec![
        Field::shorts(tag::BITS_PER_SAMPLE, &vec![8; usize::from(count)]),
        Field::shorts(tag::COMPRESSION, &[compression::JPEG]),
        Field::shorts(tag::PHOTOMETRIC_INTERPRETATION, &[photometric]),
        Field::shorts(tag::SAMPLES_PER_PIXEL, &[count]),
        Field::bytes(tag::JPEG_TABLES, tables),
    ];
    if let Colours::YCbCr { across, down } = colours {
        fields.push(Field::shorts(tag::YCBCR_SUB_SAMPLING, &[across, down]));
        // Full range, as JFIF has it.
        fields.push(Field::rationals(tag::REFERENCE_BLACK_WHITE, &[0, 255, 128, 255, 128, 255]));
    }
    fields
}
