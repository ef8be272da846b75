//! Which directories of a file are the levels of one picture.
//! Pure; reads directories only, and no tile. TIFF 6.0 NewSubfileType, TIFF Technical Note 1 (SubIFDs).

use super::ifd::{File, Ifd};
use super::image::Image;
use super::tags::tag;
use crate::description::{Description, Level};
use crate::error::MasterError;
use crate::geometry::{Dimensions, Orientation};

/// More directories than any pyramid has: a guard against chains without end.
const MAX_DIRECTORIES: usize = 64;

/// NewSubfileType: a reduced-resolution version of another image.
const REDUCED: u64 = 1;
/// NewSubfileType: a transparency mask.
const MASK: u64 = 4;

/// A picture at one or more resolutions.
#[derive(Clone, Debug)]
pub struct Pyramid {
    /// Largest first, all of one colour model.
    pub levels: Vec<Image>,
}

impl Pyramid {
    /// The first picture of the file: its first directory that is no reduced version, the reduced versions
    /// that follow it in the chain, and those that hang below it as SubIFDs.
    ///
    /// # Errors
    /// [`MasterError`] if the picture at full size cannot be read. A reduced version that cannot is left out.
    pub fn read(file: &File, first: u64) -> Result<Self, MasterError> {
        let mut ifds = Chain { file, next: first, seen: 0 };
        let mut main = ifds.next().ok_or_else(|| MasterError::damaged("no image file directory"))??;
        if subfile_type(file, &main) & (REDUCED | MASK) != 0 {
            // Some cameras put the thumbnail first.
            let mut later = ifds.by_ref().map_while(Result::ok);
            main = later.find(|ifd| subfile_type(file, ifd) & (REDUCED | MASK) == 0).unwrap_or(main);
        }
        let full = Image::read(file, &main)?;
        let followers =
            ifds.map_while(Result::ok).take_while(|ifd| subfile_type(file, ifd) & (REDUCED | MASK) != 0);
        let mut levels: Vec<Image> = followers
            .chain(children(file, &main))
            .filter(|ifd| subfile_type(file, ifd) & MASK == 0)
            .filter_map(|ifd| Image::read(file, &ifd).ok())
            .filter(|image| {
                image.channels() == full.channels() && is_reduction(image.dimensions, full.dimensions)
            })
            .collect();
        levels.push(full);
        levels.sort_by_key(|level| std::cmp::Reverse(level.dimensions.area()));
        levels.dedup_by_key(|level| level.dimensions);
        Ok(Self { levels })
    }

    /// What planning and info.json need to know.
    pub fn description(&self) -> Description {
        let level =
            |image: &Image| Level { dimensions: image.dimensions, tile: image.piece, tiled: image.tiled };
        Description {
            levels: self.levels.iter().map(level).collect(),
            orientation: Orientation::from_tag(self.levels[0].orientation),
            channels: self.levels[0].channels(),
        }
    }
}

/// The directories of the main chain, each once.
struct Chain<'f, 'a> {
    file: &'f File<'a>,
    next: u64,
    seen: usize,
}

impl Iterator for Chain<'_, '_> {
    type Item = Result<Ifd, MasterError>;

    fn next(&mut self) -> Option<Self::Item> {
        // The count alone ends a chain that bites its tail.
        if self.next == 0 || self.seen == MAX_DIRECTORIES {
            return None;
        }
        self.seen += 1;
        let ifd = self.file.ifd(self.next);
        self.next = ifd.as_ref().map_or(0, |ifd| ifd.next);
        Some(ifd)
    }
}

/// The directories that tag SubIFDs names, and the chains that start there.
fn children<'f>(file: &'f File, main: &'f Ifd) -> impl Iterator<Item = Ifd> + 'f {
    let entry = main.entry(tag::SUB_IFDS);
    let count = entry.map_or(0, |entry| entry.count().min(MAX_DIRECTORIES as u64));
    (0..count)
        .filter_map(move |index| entry?.integer(file, index).ok())
        .flat_map(move |next| Chain { file, next, seen: 0 }.map_while(Result::ok))
        .take(MAX_DIRECTORIES)
}

fn subfile_type(file: &File, ifd: &Ifd) -> u64 {
    let old = || match ifd.integer(file, tag::SUBFILE_TYPE) {
        Ok(Some(2)) => REDUCED,
        _ => 0,
    };
    ifd.integer(file, tag::NEW_SUBFILE_TYPE).ok().flatten().unwrap_or_else(old)
}

/// Whether `small` has the proportions of `full`, but for a pixel of rounding on each side.
fn is_reduction(small: Dimensions, full: Dimensions) -> bool {
    let scaled = |side: u32, by: u32, of: u32| f64::from(side) * f64::from(by) / f64::from(of);
    small.width <= full.width
        && small.height <= full.height
        && small != full
        && ((scaled(full.height, small.width, full.width) - f64::from(small.height)).abs() <= 1.0
            || (scaled(full.width, small.height, full.height) - f64::from(small.width)).abs() <= 1.0)
}
