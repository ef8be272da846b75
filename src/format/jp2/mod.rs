//! JPEG 2000 (ITU-T T.800; the files of T.801 as far as they hold one such image; T.814 by OpenJPEG): windows of
//! pictures from what `recto_jp2` decodes of a codestream, and the boxes around it; and from pixels to a JP2 file. Pure
//! on bytes, which may change while they are read.

mod convert;
mod far;
mod file;
#[cfg(fuzzing)]
pub mod fuzz;
mod openjpeg;
mod pixels;
#[cfg(test)]
mod tests;
mod told;
pub(crate) mod write;

use std::borrow::Cow;
use std::fmt;

#[cfg(test)]
pub(crate) use openjpeg::sample::Sample as SampleCodestream;
pub use openjpeg::{Picture, compress};
pub use recto_jp2::WindowDecoder;
pub use told::Told;

use crate::error::MasterError;
use crate::memory::room;
use crate::metadata::kept::Resolution;
use crate::metadata::{Blocks, Kept, Metadata};
use crate::picture::{
    Codec, Coding, Description, Dimensions, Level, Orientation, PhysicalScale, PhysicalUnit, Rect, Sampling,
};
use crate::raster::{Raster, Sample};
use crate::source::Bytes;
use file::File;
use pixels::{Pixel, Samples};
use recto_jp2::{Grid, Header, Index, Plane, Source};

/// The longer side of the smallest level: so long that its ratio to the full picture cannot be mistaken.
const SMALLEST_SIDE: u32 = 16;

/// Ink and colour plus a few others: an index grows with each, whether it is used or not.
const MAX_COMPONENTS: usize = 16;

/// Pieces are at most so wide and high. A single worker that reads through a picture needs a tenth less time for pieces
/// of 256; of several, each decodes the code-blocks around its own, so that four need a third more for 256 than for
/// 512. With 1024 it is 1.5 to 1.8 times as much as with 512, because more of each piece is not shown.
const PIECE_SIDE: u32 = 512;

/// Pixels of a window are decoded in parts of at most this width.
pub(crate) const PART_WIDTH: u32 = 1024;

/// An image of a JPEG 2000 file, its headers read.
pub struct Image {
    /// How large its pixels are on the original, if the file says so.
    pub scale: Option<PhysicalScale>,
    file: File,
    codestream: Codestream,
    /// How often it can be halved.
    halvings: u8,
    pixel: Pixel,
    orientation: Orientation,
}

/// A codestream by what decodes it.
enum Codestream {
    /// For the decoder of windows: where its packets lie.
    Indexed(Index),
    /// For OpenJPEG.
    Whole(Header),
}

/// What decodes a codestream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// The decoder of windows, for Part 1 (T.800).
    Recto,
    /// The fallback: High-Throughput JPEG 2000 (T.814).
    OpenJpeg,
}

impl Image {
    /// Whether `bytes` begin as a file of the JPEG 2000 family does, or as a bare codestream.
    pub fn recognises(bytes: &[u8]) -> bool {
        File::recognises(bytes)
    }

    /// Reads the boxes and the main header; no pixels.
    ///
    /// # Errors
    /// [`MasterError`] if they are damaged, or of a kind that Recto does not read.
    pub fn read<'a>(bytes: impl Into<Bytes<'a>>) -> Result<Self, MasterError> {
        Self::read_as(bytes.into(), Pixel::new)
    }

    /// A piece of a file of another kind, which says what colours are: the components are channels as they are.
    ///
    /// # Errors
    /// As [`Image::read`]; also if there are more components than a raster has channels.
    pub fn read_piece(bytes: &[u8]) -> Result<Self, MasterError> {
        Self::read_as(bytes.into(), |_, header| Pixel::of_components(header))
    }

    fn read_as(
        bytes: Bytes,
        pixel: impl Fn(&File, &Header) -> Result<Pixel, MasterError>,
    ) -> Result<Self, MasterError> {
        let file = File::read(bytes)?;
        let announce = convert::announcer(bytes, file.codestream.start);
        let codestream = file.codestream_of(bytes, &announce);
        let header = Header::read(codestream)?;
        let count = header.components.len();
        if count > MAX_COMPONENTS {
            return Err(MasterError::unsupported(format!("JPEG 2000 image of {count} components")));
        }
        let pixel = pixel(&file, &header)?;
        let orientation = file.orientation(bytes);
        let (halvings, codestream) = match header.high_throughput {
            true => (header.levels(), Codestream::Whole(header)),
            false => {
                let index = Index::read(codestream)?;
                (index.levels(codestream), Codestream::Indexed(index))
            }
        };
        Ok(Self { scale: file.scale, file, codestream, halvings, pixel, orientation })
    }

    /// Its levels, one for each resolution, and what its pixels hold.
    pub fn description(&self) -> Description {
        let useful = |reduction: &u8| {
            let recto_jp2::Rect { width, height, .. } = self.grid().area(*reduction);
            let Header { image, components, .. } = self.header();
            let is_whole =
                || components.iter().all(|of| of.reduced(*image, *reduction).dimensions().area() > 0);
            *reduction == 0 || width.min(height) > 0 && width.max(height) >= SMALLEST_SIDE && is_whole()
        };
        let levels = (0..=self.halvings).take_while(useful).map(|reduction| Level {
            dimensions: convert::rect(self.grid().area(reduction)).dimensions(),
            tile: self.piece(reduction),
            tiled: true,
            stored_as: None,
            coding: self.coding(reduction),
            sampling: Sampling::Places {
                step: 1 << reduction.min(31),
                first: self.grid().first_sample(reduction),
            },
            is_stored: true,
        });
        Description {
            levels: levels.collect(),
            orientation: self.orientation,
            channels: self.pixel.channels(),
            depth: self.pixel.depth(),
        }
    }

    /// How the pixels of a level are stored.
    fn coding(&self, reduction: u8) -> Coding {
        let (header, full) = (self.header(), convert::rect(self.grid().area(0)).dimensions().area());
        let codec = match self.codestream {
            Codestream::Indexed(_) => Codec::Jpeg2000,
            Codestream::Whole(_) => {
                let tile = Dimensions::new(header.tile.width, header.tile.height).area();
                Codec::HighThroughput { tile: tile.min(full) >> (2 * reduction).min(63) }
            }
        };
        let sample_bytes = u32::from(self.pixel.depth().bits() / 8);
        let pixel = Coding::of(codec, self.pixel.channels().count() as u32 * sample_bytes);
        pixel.packed_to(self.file.codestream.len() as u64, full)
    }

    /// Its EXIF and XMP.
    pub fn metadata<'a>(&self, bytes: impl Into<Bytes<'a>>) -> Metadata {
        self.blocks(bytes.into()).metadata()
    }

    /// All that the file says besides its pixels.
    pub fn kept<'a>(&self, bytes: impl Into<Bytes<'a>>) -> Kept {
        self.blocks(bytes.into()).kept()
    }

    fn blocks<'a>(&self, bytes: Bytes<'a>) -> Blocks<'a> {
        let part = |of: &Option<_>| file::part(bytes, of.as_ref()).map(Cow::Borrowed);
        let resolution = self.scale.map(|scale| Resolution {
            x: 1.0 / scale.size,
            y: 1.0 / scale.size,
            unit: match scale.unit {
                PhysicalUnit::Inch => 2,
                PhysicalUnit::Centimetre => 3,
            },
        });
        let (exif, xmp) = (part(&self.file.exif), part(&self.file.xmp));
        Blocks { exif, xmp, resolution, ..Blocks::default() }
    }

    /// The ICC profile of its pixels, if there is one.
    pub fn icc_profile<'a>(&self, bytes: impl Into<Bytes<'a>>) -> Option<Vec<u8>> {
        match &self.pixel.profile {
            Some(profile) => file::part(bytes.into(), Some(profile)).map(<[u8]>::to_vec),
            None => self.pixel.space.profile(),
        }
    }

    /// Restores what [`Image::dirty_index`] gave for the same file. Bytes of any other form are ignored.
    pub fn restore_index(&mut self, bytes: &[u8]) {
        if let Codestream::Indexed(index) = &mut self.codestream {
            index.restore_index(bytes);
        }
    }

    /// The index, if enough was added to it, since it was read or last returned, to be worth saving.
    pub fn dirty_index(&self) -> Option<Vec<u8>> {
        self.index()?.dirty_index()
    }

    /// About how much memory it takes now: the index grows with the tiles that are asked for.
    pub fn index_bytes(&self) -> usize {
        size_of::<Self>() + self.index().map_or(0, Index::bytes)
    }

    /// What decodes its codestream.
    pub fn reader(&self) -> Reader {
        match self.codestream {
            Codestream::Indexed(_) => Reader::Recto,
            Codestream::Whole(_) => Reader::OpenJpeg,
        }
    }

    /// Whether packet headers had to be read to find others: see [`Index::was_walked`].
    pub fn was_walked(&self) -> bool {
        self.index().is_some_and(Index::was_walked)
    }

    fn index(&self) -> Option<&Index> {
        match &self.codestream {
            Codestream::Indexed(index) => Some(index),
            Codestream::Whole(_) => None,
        }
    }

    fn grid(&self) -> Grid<'_> {
        self.header().grid()
    }

    /// The pieces in which a level is best requested. Within a tile, and in an image that is one, any window is as
    /// cheap as another of its size: a tile is halved until it is small enough for viewers.
    fn piece(&self, reduction: u8) -> Dimensions {
        let (header, step) = (self.header(), self.grid().step);
        if !header.is_tiled() {
            return Dimensions::new(PIECE_SIDE, PIECE_SIDE);
        }
        let whole = recto_jp2::Rect::new(
            0,
            0,
            header.tile.width.div_ceil(step.0),
            header.tile.height.div_ceil(step.1),
        );
        let side = |whole: u32, reduced: u32| {
            let halved_once = |side: &u32| (*side > PIECE_SIDE && side.is_multiple_of(2)).then_some(side / 2);
            let smallest = std::iter::successors(Some(whole), halved_once).last().unwrap_or(whole);
            smallest.min(PIECE_SIDE).min(reduced).max(1)
        };
        let reduced = whole.reduced(reduction);
        Dimensions::new(side(whole.width, reduced.width), side(whole.height, reduced.height))
    }

    fn header(&self) -> &Header {
        match &self.codestream {
            Codestream::Indexed(index) => &index.header,
            Codestream::Whole(header) => header,
        }
    }

    /// The pixels of a window of a level, inside which it must lie. `master` is a number that no other state of any file has.
    ///
    /// # Errors
    /// [`MasterError`] if the codestream is damaged where the window needs it, or takes too much memory; or if the watch of
    /// the bytes ends the work.
    pub fn decode<'a, S: Sample>(
        &self,
        decoder: &mut WindowDecoder,
        bytes: impl Into<Bytes<'a>>,
        master: u64,
        level: usize,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        let bytes = bytes.into();
        let Some(index) = self.index() else {
            // OpenJPEG reads the whole of a tile.
            if !self.header().is_tiled() {
                bytes.announce(&[convert::range(&self.file.codestream)])?;
            }
            let watch = bytes.watch();
            let decode = |stream: &[u8], header: &Header, reduction, area| {
                openjpeg::decode_tiles(stream, header, reduction, area, &watch)
            };
            return self.decode_by(decode, bytes, level, window);
        };
        room(self.held_bytes(window))?;
        let mut raster = Raster::new(window.dimensions(), self.pixel.channels());
        let (reduction, window) = self.located(level, window)?;
        let announce = convert::announcer(bytes, self.file.codestream.start);
        let goes_on = || bytes.check().is_ok();
        let codestream = self.file.codestream_of(bytes, &announce).watched(&goes_on);
        let components = &self.pixel.components();
        let source = Source { codestream, index, components, identity: master };
        if window.width > PART_WIDTH && !bytes.is_complete() {
            source.announce(reduction, self.grid().needed(window, reduction))?;
        }
        // In parts: a sample takes twelve times as much memory during decoding as in the raster.
        for left in (0..window.width).step_by(PART_WIDTH as usize) {
            let part =
                recto_jp2::Rect { x: window.x + left, width: PART_WIDTH.min(window.width - left), ..window };
            let planes = decoder.decode(source, reduction, self.grid().needed(part, reduction));
            bytes.check()?;
            let planes = planes?;
            self.samples(&planes, part).draw(&mut raster, left);
            decoder.recycle(planes);
        }
        Ok(raster)
    }

    /// The same pixels as OpenJPEG decodes them: what the other decoder is measured by.
    ///
    /// # Errors
    /// As [`Image::decode`]; [`MasterError::TooLarge`] also for windows that only OpenJPEG needs too much memory for.
    pub fn decode_by_openjpeg<'a, S: Sample>(
        &self,
        bytes: impl Into<Bytes<'a>>,
        level: usize,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        self.decode_by(openjpeg::decode, bytes.into(), level, window)
    }

    /// Bytes that decoding a window takes beside its raster: twelve times that of a part of it, in 16 bits.
    pub fn held_bytes(&self, window: Rect) -> u64 {
        let columns = u64::from(window.width.min(PART_WIDTH));
        columns * u64::from(window.height) * self.pixel.channels().count() as u64 * 24
    }

    fn decode_by<S: Sample>(
        &self,
        decode: impl Fn(&[u8], &Header, u8, recto_jp2::Rect) -> Result<Vec<Plane>, MasterError>,
        bytes: Bytes,
        level: usize,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        let mut raster = Raster::new(window.dimensions(), self.pixel.channels());
        let (reduction, window) = self.located(level, window)?;
        // OpenJPEG does not announce what it reads.
        let codestream = file::part(bytes, Some(&self.file.codestream)).unwrap_or_default();
        let planes = decode(codestream, self.header(), reduction, self.grid().needed(window, reduction));
        bytes.check()?;
        let planes = planes?;
        self.samples(&planes, window).draw(&mut raster, 0);
        Ok(raster)
    }

    /// The reduction that a level is, and its window on the picture's own grid.
    fn located(&self, level: usize, window: Rect) -> Result<(u8, recto_jp2::Rect), MasterError> {
        let reduction = u8::try_from(level).map_err(|_| MasterError::damaged("no such level"))?;
        let origin = self.grid().area(reduction);
        let (x, y) = (origin.x + window.x, origin.y + window.y);
        Ok((reduction, recto_jp2::Rect::new(x, y, window.width, window.height)))
    }

    fn samples<'a>(&'a self, planes: &'a [Plane], window: recto_jp2::Rect) -> Samples<'a> {
        let (pixel, components) = (&self.pixel, &self.header().components[..]);
        Samples { pixel, components, planes, step: self.grid().step, window }
    }
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recto => f.write_str("Recto"),
            Self::OpenJpeg => f.write_str("OpenJPEG"),
        }
    }
}
