//! Which directories of a file are the levels of one picture.
//! Pure; reads directories only, and no tile but of floating point. TIFF 6.0 NewSubfileType, TIFF Technical Note 1
//! (SubIFDs).

use super::chain::{Chain, Kind};
use super::code::resolution_unit;
use super::far;
use super::float_range;
use super::image::Image;
use super::pages::{MAX_LEVELS, Page, Pages, is_reduction};
use crate::error::MasterError;
use crate::ifd::tag;
use crate::ifd::{File, Ifd};
use crate::metadata::{Exif, Kept};
use crate::picture::{Description, Level, Orientation, PhysicalScale, PhysicalUnit, Sampling};
use crate::source::Bytes;

/// A picture at one or more resolutions.
#[derive(Clone, Debug)]
pub struct Pyramid {
    /// Largest first, all of one colour model.
    pub levels: Vec<Image>,
    /// How large its pixels are on the original, if the file says so.
    pub scale: Option<PhysicalScale>,
    /// Where the directory of the picture at full size is.
    directory: u64,
}

impl Pyramid {
    /// Page number `page` of the file, counted from 1, with the reduced versions of it in the chain ([`Pages`]), and
    /// those that hang below it as SubIFDs. Nothing if the file has no such page.
    ///
    /// # Errors
    /// [`MasterError`] if the picture at full size cannot be read. A reduced version that cannot is left out.
    pub fn read(file: &File, first: u64, page: u32) -> Result<Option<Self>, MasterError> {
        if first == 0 {
            return Err(MasterError::damaged("no image file directory"));
        }
        let index = usize::try_from(page).unwrap_or(usize::MAX).saturating_sub(1);
        let page = match Pages::new(file, first).nth(index) {
            Some(page) => page,
            // A directory that calls itself only a reduced version is at least that.
            None if page <= 1 => {
                let followers = Chain::new(file, first).skip(1).take(MAX_LEVELS);
                Page { offset: first, followers: followers.map(|stop| stop.offset).collect() }
            }
            None => return Ok(None),
        };
        let main = file.ifd(page.offset)?;
        let followers =
            page.followers.iter().take(2 * MAX_LEVELS).filter_map(|&offset| file.ifd(offset).ok());
        let directories: Vec<Ifd> = followers.chain(children(file, &main)).collect();
        file.announce_far(|| far::values([&main].into_iter().chain(&directories)))?;
        let full = Image::read(file, &main)?;
        let mut levels = levels(file, full, &directories);
        float_range::settle(file, &mut levels);
        Ok(Some(Self { levels, scale: physical_scale(file, &main), directory: page.offset }))
    }

    /// The number of pages of a file, at least 1. Reads a few bytes of every directory in the chain.
    pub fn count_pages(file: &File, first: u64) -> u32 {
        u32::try_from(Pages::new(file, first).count()).unwrap_or(u32::MAX).max(1)
    }

    /// The ICC profile of the pixels of a level, if there is one. One that is not wholly in the file is ignored.
    pub fn icc_profile<'a>(&self, bytes: impl Into<Bytes<'a>>, level: usize) -> Option<Vec<u8>> {
        let (offset, length) = self.levels.get(level)?.icc_profile?;
        let (file, _) = File::open(bytes).ok()?;
        let profile = file.read(offset, length);
        profile.inspect_err(|error| log::warn!("an ICC profile is ignored: {error}")).ok().map(<[u8]>::to_vec)
    }

    /// What the directory of the picture says about it: the fields that EXIF has too, and its XMP packet.
    pub fn exif_and_xmp<'a>(&self, bytes: impl Into<Bytes<'a>>) -> (Exif, Option<&'a [u8]>) {
        let opened = File::open(bytes).and_then(|(file, _)| Ok((file, file.ifd(self.directory)?)));
        let Ok((file, ifd)) = opened else { return (Exif::default(), None) };
        (Exif::of(&file, &ifd), ifd.entry(tag::XMP).and_then(|entry| entry.bytes(&file).ok()))
    }

    /// All that the directory of the picture says of it besides its pixels.
    pub fn kept<'a>(&self, bytes: impl Into<Bytes<'a>>) -> Kept {
        let opened = File::open(bytes).and_then(|(file, _)| Ok((file, file.ifd(self.directory)?)));
        opened.map_or_else(|_| Kept::default(), |(file, ifd)| Kept::of(&file, &ifd))
    }

    /// About how much memory it takes.
    pub fn index_bytes(&self) -> usize {
        let bytes = |image: &Image| size_of::<Image>() + size_of_val(&image.pixel.palette[..]);
        let masks = self.levels.iter().filter_map(|level| level.mask.as_deref());
        self.levels.iter().chain(masks).map(bytes).sum()
    }

    /// What planning and info.json need to know.
    pub fn description(&self) -> Description {
        let level = |image: &Image| Level {
            dimensions: image.dimensions,
            tile: image.piece,
            tiled: image.tiled,
            stored_as: image.stored_as(),
            coding: image.coding(),
            sampling: Sampling::Boxes,
            is_stored: true,
        };
        Description {
            levels: self.levels.iter().map(level).collect(),
            orientation: Orientation::from_tag(self.levels[0].orientation),
            channels: self.levels[0].channels(),
            depth: self.levels[0].depth(),
        }
    }
}

/// The levels of a picture, largest first: it and those of the directories that are reduced versions of it.
fn levels(file: &File, full: Image, directories: &[Ifd]) -> Vec<Image> {
    let (masks, reduced): (Vec<_>, Vec<_>) =
        directories.iter().partition(|ifd| Kind::of(file, ifd).is_mask());
    let masks: Vec<Image> = masks.into_iter().filter_map(|ifd| Image::read(file, ifd).ok()).collect();
    let masked = |image: Image| {
        let mask = masks.iter().find(|mask| mask.dimensions == image.dimensions);
        image.masked(mask)
    };
    let full = masked(full);
    let mut levels: Vec<Image> = reduced
        .into_iter()
        .filter_map(|ifd| Image::read(file, ifd).ok())
        .filter(|image| is_reduction(image.dimensions, full.dimensions))
        .map(|image| masked(image).reduced_from(&full))
        .filter(|image| image.channels() == full.channels())
        .collect();
    levels.push(full);
    levels.sort_by_key(|level| std::cmp::Reverse(level.dimensions.area()));
    levels.dedup_by_key(|level| level.dimensions);
    levels
}

/// The directories that tag SubIFDs names, and the chains that start there.
fn children<'f>(file: &'f File, main: &'f Ifd) -> impl Iterator<Item = Ifd> + 'f {
    let entry = main.entry(tag::SUB_IFDS);
    let count = entry.map_or(0, |entry| entry.count().min(MAX_LEVELS as u64));
    let places: Vec<u64> = (0..count).filter_map(|index| entry?.integer(file, index).ok()).collect();
    // What cannot be fetched shows when it is read.
    let _ = file.announce_far(|| far::directories(&places));
    places
        .into_iter()
        .flat_map(move |first| Chain::new(file, first).filter_map(|stop| file.ifd(stop.offset).ok()))
        .take(MAX_LEVELS)
}

/// XResolution, YResolution and ResolutionUnit, where they are the same for both axes (TIFF 6.0 section 8).
fn physical_scale(file: &File, ifd: &Ifd) -> Option<PhysicalScale> {
    let resolution = |tag| ifd.entry(tag)?.number(file, 0).ok();
    let (across, down) = (resolution(tag::X_RESOLUTION)?, resolution(tag::Y_RESOLUTION)?);
    let unit = ifd.integer(file, tag::RESOLUTION_UNIT).ok()?.map_or(Ok(resolution_unit::INCH), u16::try_from);
    let (unit, per_millimetre) = match unit {
        Ok(resolution_unit::INCH) => (PhysicalUnit::Inch, across / 25.4),
        Ok(resolution_unit::CENTIMETRE) => (PhysicalUnit::Centimetre, across / 10.0),
        _ => return None,
    };
    // One pixel per millimetre is what libvips writes of images of which it knows nothing.
    let is_meant = across.is_finite() && across > 1.0 && (per_millimetre - 1.0).abs() > 1e-3;
    (is_meant && (across - down).abs() < 1e-3 * across).then_some(PhysicalScale { size: 1.0 / across, unit })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A little-endian TIFF of gray pictures, one byte a pixel: their sides and NewSubfileTypes, in a chain that ends
    /// with a link to directory number `tail`.
    fn chain(pictures: &[(u16, u16)], tail: Option<usize>) -> Vec<u8> {
        const ENTRIES: u16 = 8;
        let at = |n: usize| (8 + n * (2 + usize::from(ENTRIES) * 12 + 4)) as u32;
        let mut bytes = b"II*\0\x08\0\0\0".to_vec();
        for (n, &(side, kind)) in pictures.iter().enumerate() {
            bytes.extend(ENTRIES.to_le_bytes());
            let tags = [
                (tag::NEW_SUBFILE_TYPE, kind),
                (tag::IMAGE_WIDTH, side),
                (tag::IMAGE_LENGTH, side),
                (tag::BITS_PER_SAMPLE, 8),
                (tag::COMPRESSION, 1),
                (tag::PHOTOMETRIC_INTERPRETATION, 1),
                (tag::STRIP_OFFSETS, 8),
                (tag::STRIP_BYTE_COUNTS, 1),
            ];
            for (tag, value) in tags {
                bytes.extend(tag.to_le_bytes());
                bytes.extend([3, 0, 1, 0, 0, 0]);
                bytes.extend(value.to_le_bytes());
                bytes.extend([0, 0]);
            }
            let next = if n + 1 < pictures.len() { at(n + 1) } else { tail.map_or(0, at) };
            bytes.extend(next.to_le_bytes());
        }
        bytes
    }

    /// The widths of the levels of a page.
    fn page(bytes: &[u8], page: u32) -> Option<Vec<u32>> {
        let (file, first) = File::open(bytes).expect("a header");
        let pyramid = Pyramid::read(&file, first, page).expect("readable")?;
        Some(pyramid.levels.iter().map(|level| level.dimensions.width).collect())
    }

    fn count(bytes: &[u8]) -> u32 {
        let (file, first) = File::open(bytes).expect("a header");
        Pyramid::count_pages(&file, first)
    }

    #[test]
    fn pages_have_levels_of_their_own() {
        let book =
            chain(&[(50, 1), (400, 2), (200, 3), (100, 1), (90, 4), (300, 2), (600, 0), (300, 1)], None);
        assert_eq!(count(&book), 3);
        assert_eq!(page(&book, 1), Some(vec![400, 200, 100]), "what comes before the first page is of none");
        assert_eq!(page(&book, 2), Some(vec![300]));
        assert_eq!(page(&book, 3), Some(vec![600, 300]));
        assert_eq!((page(&book, 4), page(&book, u32::MAX)), (None, None));
    }

    #[test]
    fn a_chain_that_bites_its_tail_ends() {
        let ring = chain(&[(400, 0), (200, 1), (100, 0)], Some(0));
        assert_eq!((count(&ring), page(&ring, 2), page(&ring, 3)), (2, Some(vec![100]), None));
        let only_reduced = chain(&[(400, 1), (200, 1)], Some(1));
        assert_eq!((count(&only_reduced), page(&only_reduced, 1)), (1, Some(vec![400, 200])));
    }

    #[test]
    fn long_books_are_walked_and_no_more() {
        let book = chain(&vec![(100, 2); 3000], None);
        assert_eq!((count(&book), page(&book, 3000)), (3000, Some(vec![100])));
        let cut = &book[..book.len() / 2];
        assert!((1400..1600).contains(&count(cut)), "what can be followed counts");
    }
}
