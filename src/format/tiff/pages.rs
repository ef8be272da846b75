//! Which directories of a chain are pages, and which are reduced versions of which page.
//! Pure; decides by what directories call themselves, by their sizes and by their order. TIFF 6.0 NewSubfileType.
//!
//! Three orders are met in the wild. A page may be followed by what calls itself a reduced version of it. Levels may
//! call themselves pages or nothing, and be known by their sizes alone: halves or quarters of each other (ImageMagick,
//! scanners of slides). And channels of one slide may all come at full size, then all at the next, and so on.

use std::collections::VecDeque;

use super::chain::{Chain, Stop};
use crate::ifd::File;
use crate::ifd::tag;
use crate::picture::Dimensions;

/// More reduced versions than any page has: the 33rd is smaller than a pixel.
pub(super) const MAX_LEVELS: usize = 64;

/// More pages of one size may be a book, but not the channels of one slide.
const MAX_CHANNELS: usize = 64;

/// A page of a file.
pub(super) struct Page {
    /// Where its directory is.
    pub offset: u64,
    /// Where the directories are that may be reduced versions of it, or masks.
    pub followers: Vec<u64>,
}

/// The pages of a file, in order.
pub(super) struct Pages<'f, 'a> {
    file: &'f File<'a>,
    chain: Chain<'f, 'a>,
    /// Directories that were read and not yet taken.
    ahead: VecDeque<Stop>,
    /// Pages that were found together with the one given last.
    found: VecDeque<Page>,
}

impl<'f, 'a> Pages<'f, 'a> {
    /// The pages of the chain that begins with the directory at `first`.
    pub(super) fn new(file: &'f File<'a>, first: u64) -> Self {
        Self { file, chain: Chain::new(file, first), ahead: VecDeque::new(), found: VecDeque::new() }
    }

    /// The directory that comes after `count` others.
    fn peek(&mut self, count: usize) -> Option<Stop> {
        while self.ahead.len() <= count {
            self.ahead.push_back(self.chain.next()?);
        }
        self.ahead.get(count).copied()
    }

    fn take(&mut self) -> Option<Stop> {
        self.peek(0)?;
        self.ahead.pop_front()
    }

    /// The next pages of one size, and what belongs to one of them.
    fn group(&mut self) -> Option<VecDeque<Page>> {
        while !self.peek(0)?.kind.is_page() {
            self.take();
        }
        let first = self.take()?;
        let mut pages = vec![first];
        while let Some(next) = self.peek(0).filter(|next| next.is_alike(&first))
            && pages.len() < MAX_CHANNELS
        {
            pages.push(next);
            self.take();
        }
        if self.is_thumbnail(&first) {
            self.take();
        }
        let marked = self.marked(MAX_LEVELS * pages.len());
        let followers = if marked.is_empty() { self.halves(&pages) } else { marked };
        Some(shared(&pages, &followers))
    }

    /// What follows and calls itself a reduced version or a mask; no more than `most`.
    fn marked(&mut self, most: usize) -> Vec<Stop> {
        let mut marked = Vec::new();
        while marked.len() < most
            && let Some(next) = self.peek(0).filter(|next| !next.kind.is_page())
        {
            marked.push(next);
            self.take();
        }
        marked
    }

    /// What follows and is of half or a quarter of the size each time, and of the same kind of pixels; then what calls
    /// itself a reduced version.
    fn halves(&mut self, pages: &[Stop]) -> Vec<Stop> {
        let Some(&first) = pages.first() else { return Vec::new() };
        let (mut levels, mut last) = (Vec::new(), first);
        while levels.len() < MAX_LEVELS * pages.len() {
            let Some(next) = self.peek(0) else { break };
            let alike = (0..pages.len()).all(|n| self.peek(n).is_some_and(|stop| stop.is_alike(&next)));
            if !alike || !is_half(&next, &last) || !is_same_kind(self.file, &next, &first) {
                break;
            }
            levels.extend(self.ahead.drain(..pages.len()));
            last = next;
        }
        if !levels.is_empty() {
            levels.extend(self.marked(MAX_LEVELS));
        }
        levels
    }

    /// Whether the next directory is what scanners of slides put between a slide and its levels: a small picture of it
    /// without tiles, which calls itself a page.
    fn is_thumbnail(&mut self, page: &Stop) -> bool {
        if !page.tiled {
            return false;
        }
        let Some(next) = self.peek(0).filter(|next| next.kind.is_page() && !next.tiled) else { return false };
        let Some(after) = self.peek(1).filter(|after| is_half(after, page)) else { return false };
        // What is smaller than both, and calls itself a reduced version, is one of what it follows.
        let is_of_page = after.kind.is_page() || after.dimensions.area() > next.dimensions.area();
        is_of_page && is_reduction(next.dimensions, page.dimensions) && is_same_kind(self.file, &after, page)
    }
}

impl Iterator for Pages<'_, '_> {
    type Item = Page;

    fn next(&mut self) -> Option<Page> {
        if self.found.is_empty() {
            self.found = self.group()?;
        }
        self.found.pop_front()
    }
}

impl Stop {
    /// Whether both are pages of one size, stored in one way.
    fn is_alike(&self, other: &Self) -> bool {
        self.kind.is_page()
            && other.kind.is_page()
            && (self.dimensions, self.tiled) == (other.dimensions, other.tiled)
    }
}

/// Pages of one size with what follows all of them. If there are as many of a size as pages, each page has one, in
/// order; else they belong to the last page, which they follow.
fn shared(pages: &[Stop], followers: &[Stop]) -> VecDeque<Page> {
    let page = |stop: &Stop| Page { offset: stop.offset, followers: Vec::new() };
    let mut shared: VecDeque<Page> = pages.iter().map(page).collect();
    if let [only] = shared.make_contiguous() {
        only.followers = followers.iter().map(|follower| follower.offset).collect();
        return shared;
    }
    let is_twin = |one: &Stop, other: &Stop| {
        (one.dimensions, one.kind.is_mask()) == (other.dimensions, other.kind.is_mask())
    };
    for (index, follower) in followers.iter().enumerate() {
        let twins = followers.iter().filter(|other| is_twin(follower, other)).count();
        let before = followers[..index].iter().filter(|other| is_twin(follower, other)).count();
        let owner = if twins == pages.len() { before } else { pages.len() - 1 };
        shared[owner].followers.push(follower.offset);
    }
    shared
}

/// Whether a directory has half or a quarter of the size of another, with rounding, and may be a level below it.
fn is_half(small: &Stop, large: &Stop) -> bool {
    // Levels have tiles, pages of books hardly ever. Numbered ones say more: ImageMagick gives all levels, which may be
    // in strips, the number of the page that they show.
    let is_level = match (small.page, large.page) {
        (Some(small), Some(large)) => small == large,
        _ => small.tiled && large.tiled,
    };
    let by = |ratio: u32| {
        let fits = |small: u32, large: u32| small > 0 && (large / ratio).abs_diff(small) <= 1;
        fits(small.dimensions.width, large.dimensions.width)
            && fits(small.dimensions.height, large.dimensions.height)
    };
    is_level && small.dimensions.area() < large.dimensions.area() && (by(2) || by(4))
}

/// Whether two directories have pixels of the same kind, compressed in the same way.
fn is_same_kind(file: &File, one: &Stop, other: &Stop) -> bool {
    let kind = |stop: &Stop| {
        let ifd = file.ifd(stop.offset).ok()?;
        // The tags, and what they are where they are left out.
        let tags = [
            (tag::BITS_PER_SAMPLE, 1),
            (tag::COMPRESSION, 1),
            (tag::PHOTOMETRIC_INTERPRETATION, u64::MAX),
            (tag::SAMPLES_PER_PIXEL, 1),
            (tag::SAMPLE_FORMAT, 1),
        ];
        Some(tags.map(|(tag, default)| ifd.integer(file, tag).map(|value| value.unwrap_or(default)).ok()))
    };
    kind(one).is_some_and(|one| kind(other) == Some(one))
}

/// Whether `small` has the proportions of `full`, but for a pixel of rounding on each side.
pub(super) fn is_reduction(small: Dimensions, full: Dimensions) -> bool {
    let scaled = |side: u32, by: u32, of: u32| f64::from(side) * f64::from(by) / f64::from(of);
    small.width <= full.width
        && small.height <= full.height
        && small != full
        && ((scaled(full.height, small.width, full.width) - f64::from(small.height)).abs() <= 1.0
            || (scaled(full.width, small.height, full.height) - f64::from(small.width)).abs() <= 1.0)
}
