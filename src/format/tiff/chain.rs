//! The directories of a file one after the other, each read no further than a walk along them needs.
//! Pure. TIFF 6.0 section 2 (the chain), NewSubfileType.

use std::collections::HashSet;

use super::code::{new_subfile_type, subfile_type};
use crate::error::MasterError;
use crate::ifd::tag;
use crate::ifd::{Entry, File, Ifd};
use crate::picture::Dimensions;

/// More directories than any book has: a guard against files made of nothing else.
const MAX_DIRECTORIES: usize = 65_536;

/// What a directory calls itself (NewSubfileType, or the older SubfileType).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind(u16);

/// A directory on the way along a chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    /// Where it is.
    pub offset: u64,
    /// What it calls itself.
    pub kind: Kind,
    /// ImageWidth and ImageLength; of no area if the tags are missing.
    pub dimensions: Dimensions,
    /// Whether it is stored in tiles.
    pub tiled: bool,
    /// PageNumber, if it has one.
    pub page: Option<u64>,
}

/// The directories of a chain, each once, as far as it can be followed.
pub(super) struct Chain<'f, 'a> {
    file: &'f File<'a>,
    next: u64,
    seen: HashSet<u64>,
}

impl<'f, 'a> Chain<'f, 'a> {
    /// The chain that begins with the directory at `first`.
    pub(super) fn new(file: &'f File<'a>, first: u64) -> Self {
        Self { file, next: first, seen: HashSet::new() }
    }
}

impl Iterator for Chain<'_, '_> {
    type Item = Stop;

    fn next(&mut self) -> Option<Stop> {
        let offset = self.next;
        // A chain may bite its tail.
        if offset == 0 || self.seen.len() == MAX_DIRECTORIES || !self.seen.insert(offset) {
            return None;
        }
        let (stop, next) = glance(self.file, offset).ok()?;
        self.next = next;
        Some(stop)
    }
}

/// The directory at `offset`, and the offset of the next.
fn glance(file: &File, offset: u64) -> Result<(Stop, u64), MasterError> {
    let (count, at) = file.entries_at(offset)?;
    let dimensions = Dimensions::new(0, 0);
    let mut stop = Stop { offset, kind: Kind(0), dimensions, tiled: false, page: None };
    let side = |entry: Entry| entry.integer(file, 0).ok().and_then(|side| u32::try_from(side).ok());
    let mut has_new_subfile_type = false;
    for at in (0..count).map(&at) {
        match file.u16(at)? {
            tag::NEW_SUBFILE_TYPE => {
                stop.kind = Kind::read(file, &file.entry_at(at)?);
                has_new_subfile_type = true;
            }
            tag::SUBFILE_TYPE if !has_new_subfile_type => stop.kind = Kind::read(file, &file.entry_at(at)?),
            tag::IMAGE_WIDTH => stop.dimensions.width = side(file.entry_at(at)?).unwrap_or(0),
            tag::IMAGE_LENGTH => stop.dimensions.height = side(file.entry_at(at)?).unwrap_or(0),
            tag::TILE_WIDTH => stop.tiled = true,
            tag::PAGE_NUMBER => stop.page = file.entry_at(at)?.integer(file, 0).ok(),
            _ => {}
        }
    }
    Ok((stop, file.link(at(count))))
}

impl Kind {
    /// What a directory calls itself.
    pub(super) fn of(file: &File, ifd: &Ifd) -> Self {
        let entry = ifd.entry(tag::NEW_SUBFILE_TYPE).or(ifd.entry(tag::SUBFILE_TYPE));
        entry.map_or(Self(0), |entry| Self::read(file, entry))
    }

    fn read(file: &File, entry: &Entry) -> Self {
        Self(match (entry.tag(), entry.integer(file, 0)) {
            (tag::SUBFILE_TYPE, Ok(kind)) if kind == u64::from(subfile_type::REDUCED) => {
                new_subfile_type::REDUCED
            }
            // Unknown bits mean nothing.
            (tag::NEW_SUBFILE_TYPE, Ok(bits)) => bits as u16,
            _ => 0,
        })
    }

    /// Whether it is a transparency mask.
    pub(super) fn is_mask(self) -> bool {
        self.0 & new_subfile_type::MASK != 0
    }

    /// Whether it is a page: neither a reduced version of another image nor a mask.
    pub(super) fn is_page(self) -> bool {
        self.0 & (new_subfile_type::REDUCED | new_subfile_type::MASK) == 0
    }
}
