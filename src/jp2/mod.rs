//! JPEG 2000 (ITU-T T.800; the files of T.801 as far as they hold one such image; T.814 by OpenJPEG): from the bytes of
//! a file to pixels of windows, and from pixels to a JP2 file. Pure on bytes, which may change under us.

mod block;
mod boxes;
mod cache;
mod codestream;
mod colour;
mod component;
mod file;
#[cfg(fuzzing)]
pub mod fuzz;
mod grid;
mod index;
mod layout;
mod openjpeg;
mod packet;
mod palette;
mod pixel;
mod plane;
mod progression;
mod samples;
mod state;
mod transform;
mod wavelet;
mod window;

use std::fmt;
use std::ops::Range;

pub use openjpeg::{Picture, compress};
pub use window::WindowDecoder;

use crate::error::MasterError;
use crate::metadata::Exif;
use crate::metadata::{Metadata, Xmp};
use crate::picture::{Description, Dimensions, Level, Orientation, PhysicalScale, Rect};
use crate::raster::{Raster, Sample};
use codestream::Header;
use file::File;
use grid::Grid;
use index::Index;
use pixel::Pixel;
use plane::Plane;
use samples::Samples;
use window::Source;

/// The longer side of the smallest level: so long that its ratio to the full picture cannot be mistaken.
const SMALLEST_SIDE: u32 = 16;

/// Ink and colour plus a few others: an index grows with each, whether it is looked at or not.
const MAX_COMPONENTS: usize = 16;

/// Pixels of a window are decoded in parts of at most this width.
const PART_WIDTH: u32 = 1024;

/// An image of a JPEG 2000 file, its headers read.
pub struct Image {
    /// How large its pixels are on the original, if the file tells.
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
    /// [`MasterError`] if they are damaged, or tell of what Recto does not read.
    pub fn read(bytes: &[u8]) -> Result<Self, MasterError> {
        Self::read_as(bytes, Pixel::new)
    }

    /// A piece of a file of another kind, which says what colours are: the components are channels as they are.
    ///
    /// # Errors
    /// As [`Image::read`]; also if there are more components than a raster has channels.
    pub fn read_piece(bytes: &[u8]) -> Result<Self, MasterError> {
        Self::read_as(bytes, |_, header| Pixel::of_components(header))
    }

    fn read_as(
        bytes: &[u8],
        pixel: impl Fn(&File, &Header) -> Result<Pixel, MasterError>,
    ) -> Result<Self, MasterError> {
        let file = File::read(bytes)?;
        let codestream = bytes.get(file.codestream.clone()).unwrap_or_default();
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
            let Dimensions { width, height } = self.grid().area(*reduction).dimensions();
            let reduced = |component| plane::reduced(self.header().image, component, *reduction).dimensions();
            let is_whole = || self.header().components.iter().all(|component| reduced(component).area() > 0);
            *reduction == 0 || width.min(height) > 0 && width.max(height) >= SMALLEST_SIDE && is_whole()
        };
        let levels = (0..=self.halvings).take_while(useful).map(|reduction| Level {
            dimensions: self.grid().area(reduction).dimensions(),
            tile: self.grid().piece(reduction),
            tiled: true,
            stored_as: None,
            sampling: self.grid().sampling(reduction),
        });
        Description {
            levels: levels.collect(),
            orientation: self.orientation,
            channels: self.pixel.channels(),
            depth: self.pixel.depth(),
        }
    }

    /// What it says about itself in words.
    pub fn metadata(&self, bytes: &[u8]) -> Metadata {
        let part = |range: &Option<Range<usize>>| range.clone().and_then(|range| bytes.get(range));
        Metadata {
            exif: part(&self.file.exif).map_or_else(Exif::default, Exif::read),
            xmp: part(&self.file.xmp).and_then(Xmp::read),
        }
    }

    /// The ICC profile of its pixels, if there is one.
    pub fn icc_profile(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        match self.pixel.profile.clone() {
            Some(profile) => bytes.get(profile).map(<[u8]>::to_vec),
            None => self.pixel.space.profile(),
        }
    }

    /// Takes what [`Image::news`] gave for the same file. Anything else is let be.
    pub fn recall(&mut self, state: &[u8]) {
        if let Codestream::Indexed(index) = &mut self.codestream {
            index.recall(state);
        }
    }

    /// What was found out since it was read, or since this was last asked for, if it is worth to be kept.
    pub fn news(&self) -> Option<Vec<u8>> {
        self.index().filter(|index| index.has_news())?.to_bytes()
    }

    /// About how much memory it takes by now: the index grows with the tiles that are asked for.
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

    fn index(&self) -> Option<&Index> {
        match &self.codestream {
            Codestream::Indexed(index) => Some(index),
            Codestream::Whole(_) => None,
        }
    }

    fn grid(&self) -> Grid<'_> {
        Grid::new(self.header())
    }

    fn header(&self) -> &Header {
        match &self.codestream {
            Codestream::Indexed(index) => &index.header,
            Codestream::Whole(header) => header,
        }
    }

    /// The pixels of a window of a level, inside which it must lie. `master` is a number that no other state of any file
    /// has; `announce` gets ranges of `bytes` that are going to be read, before they are.
    ///
    /// # Errors
    /// [`MasterError`] if the codestream is damaged where the window needs it, or takes too much memory.
    pub fn decode<S: Sample>(
        &self,
        decoder: &mut WindowDecoder,
        bytes: &[u8],
        master: u64,
        level: usize,
        window: Rect,
        announce: impl Fn(&[Range<usize>]),
    ) -> Result<Raster<S>, MasterError> {
        let Some(index) = self.index() else {
            // OpenJPEG reads the whole of a tile.
            if !self.header().is_tiled() {
                announce(std::slice::from_ref(&self.file.codestream));
            }
            return self.decode_by(openjpeg::decode_tiles, bytes, level, window);
        };
        let (codestream, reduction, window) = self.wanted(bytes, level, window)?;
        let start = self.file.codestream.start;
        let announce = |ranges: &[Range<usize>]| {
            announce(&ranges.iter().map(|range| start + range.start..start + range.end).collect::<Vec<_>>());
        };
        let components = &self.pixel.components();
        let source = Source { codestream, index, components, master, announce: &announce };
        let mut raster = Raster::new(window.dimensions(), self.pixel.channels());
        // In parts: a sample takes twelve times as much memory on its way as in the raster.
        for left in (0..window.width).step_by(PART_WIDTH as usize) {
            let part = Rect { x: window.x + left, width: PART_WIDTH.min(window.width - left), ..window };
            let planes = decoder.decode(source, reduction, self.grid().needed(part, reduction))?;
            self.samples(&planes, part).draw(&mut raster, left);
            decoder.keep(planes);
        }
        Ok(raster)
    }

    /// The same pixels as OpenJPEG decodes them: what the other decoder is measured by.
    ///
    /// # Errors
    /// As [`Image::decode`]; [`MasterError::TooLarge`] also for windows that only OpenJPEG needs too much memory for.
    pub fn decode_by_openjpeg<S: Sample>(
        &self,
        bytes: &[u8],
        level: usize,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        self.decode_by(openjpeg::decode, bytes, level, window)
    }

    fn decode_by<S: Sample>(
        &self,
        decode: impl Fn(&[u8], &Header, u8, Rect) -> Result<Vec<Plane>, MasterError>,
        bytes: &[u8],
        level: usize,
        window: Rect,
    ) -> Result<Raster<S>, MasterError> {
        let (codestream, reduction, window) = self.wanted(bytes, level, window)?;
        let planes = decode(codestream, self.header(), reduction, self.grid().needed(window, reduction))?;
        let mut raster = Raster::new(window.dimensions(), self.pixel.channels());
        self.samples(&planes, window).draw(&mut raster, 0);
        Ok(raster)
    }

    /// The codestream, the reduction that a level is, and its window on the picture's own grid.
    fn wanted<'a>(
        &self,
        bytes: &'a [u8],
        level: usize,
        window: Rect,
    ) -> Result<(&'a [u8], u8, Rect), MasterError> {
        let reduction = u8::try_from(level).map_err(|_| MasterError::damaged("no such level"))?;
        let codestream = bytes.get(self.file.codestream.clone()).unwrap_or_default();
        let origin = self.grid().area(reduction);
        Ok((codestream, reduction, Rect { x: origin.x + window.x, y: origin.y + window.y, ..window }))
    }

    fn samples<'a>(&'a self, planes: &'a [Plane], window: Rect) -> Samples<'a> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn image(image: [u32; 4], tile: [u32; 4], components: &[[u8; 3]]) -> Image {
        Image::read(&codestream::tests::bytes(image, tile, components)).expect("an image")
    }

    fn levels(image: &Image) -> Vec<(u32, u32)> {
        let levels = image.description().levels;
        levels.iter().map(|level| (level.dimensions.width, level.dimensions.height)).collect()
    }

    #[test]
    fn levels_are_measured_on_the_reference_grid() {
        // The second component has 2 decomposition levels.
        let three = [[7, 1, 1]; 3];
        assert_eq!(
            levels(&image([1001, 667, 0, 0], [1001, 667, 0, 0], &three)),
            [(1001, 667), (501, 334), (251, 167)]
        );
        // From 37 to 1038 and from 21 to 688: 19 to 519, 10 to 260; 11 to 344, 6 to 172.
        let offset = image([1038, 688, 37, 21], [1038, 688, 0, 0], &three);
        assert_eq!(levels(&offset), [(1001, 667), (500, 333), (250, 166)]);
        // All subsampled: the picture has the samples that are there.
        let coarse = image([1001, 667, 0, 0], [1001, 667, 0, 0], &[[7, 2, 2]; 3]);
        assert_eq!(levels(&coarse), [(501, 334), (251, 167), (126, 84)]);
        assert_eq!(levels(&image([20, 4, 0, 0], [20, 4, 0, 0], &three)), [(20, 4)], "too small to be halved");
    }

    #[test]
    fn high_throughput_is_read_by_openjpeg() {
        // A gray picture of (9 x) ^ (5 y), without loss, by Grok 10.
        let bytes = include_bytes!("openjpeg/high_throughput.j2k");
        let image = Image::read(bytes).expect("an image");
        assert_eq!((image.reader(), levels(&image)), (Reader::OpenJpeg, vec![(24, 16)]));
        let window = Rect::new(3, 2, 17, 11);
        let raster = image.decode::<u8>(&mut WindowDecoder::default(), bytes, 1, 0, window, |_| ());
        let expected: Vec<u8> = (2..13u8).flat_map(|y| (3..20u8).map(move |x| (9 * x) ^ (5 * y))).collect();
        assert_eq!(raster.expect("decoded").pixels, expected);
    }

    #[test]
    fn one_tile_may_have_fewer_levels_than_the_main_header_tells() {
        let sample = openjpeg::sample::Sample { levels: 3, ..Default::default() };
        let mut codestream = sample.codestream();
        assert_eq!(levels(&Image::read(&codestream).expect("an image")).len(), 4);
        // COD of the tile, with one level.
        let start = codestream.windows(4).position(|bytes| bytes == [0xff, 0x90, 0, 10]).expect("SOT");
        let cod = [0xff, 0x52, 0, 12, 0, 0, 0, 1, 1, 1, 2, 2, 0, 1];
        codestream.splice(start + 12..start + 12, cod);
        codestream[start + 6..start + 10].fill(0);
        assert_eq!(levels(&Image::read(&codestream).expect("an image")), [(300, 200), (150, 100)]);
    }

    #[test]
    fn components_without_number_are_refused() {
        let bytes = |count| codestream::tests::bytes([9, 9, 0, 0], [9, 9, 0, 0], &vec![[7, 1, 1]; count]);
        let error = Image::read(&bytes(MAX_COMPONENTS + 1)).err();
        assert!(matches!(error, Some(MasterError::Unsupported(_))), "{error:?}");
    }

    #[test]
    fn pieces_are_what_a_viewer_wants() {
        let piece = |tile: u32| {
            let image = image([5000, 5000, 0, 0], [tile, tile, 0, 0], &[[7, 1, 1]; 3]);
            image.description().levels.iter().map(|level| level.tile.width).collect::<Vec<_>>()
        };
        assert_eq!(piece(5000), [512, 512, 512], "untiled");
        assert_eq!(piece(256), [256, 128, 64]);
        assert_eq!(piece(1024), [512, 512, 256]);
        assert_eq!(piece(1000), [500, 500, 250]);
        assert_eq!(piece(999), [512, 500, 250]);
    }
}
