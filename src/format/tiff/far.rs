//! What of a file far away is fetched together, so that reading it has to wait few times. Pure.

use std::ops::Range;

use super::image::Image;
use crate::ifd::{Ifd, tag};

/// Bytes that hold most directories.
const DIRECTORY: u64 = 4096;

/// The longest values that are fetched together with the others: offsets of 128 Ki tiles of a BigTIFF. Places in longer
/// ones are fetched as windows need them.
const LONGEST: u64 = 1 << 20;

/// The longest values of tags that hold anything: resolutions, numbers of bits, the tables of a JPEG, names. And how far from
/// their directory they may lie, where all writers have them.
const SHORT: (u64, u64) = (4096, 256 << 10);

/// The most bytes of all of them.
const MOST: u64 = 4 << 20;

/// Directories that are going to be read.
pub(super) fn directories(places: &[u64]) -> Vec<Range<u64>> {
    places.iter().map(|place| *place..place.saturating_add(DIRECTORY)).collect()
}

/// The values of these directories that are needed to decode pixels and to say what they are, with the places of all tiles
/// and strips.
pub(super) fn values<'i>(directories: impl Iterator<Item = &'i Ifd>) -> Vec<Range<u64>> {
    let mut left = MOST;
    let entries = directories.flat_map(|ifd| ifd.entries().iter().map(|entry| (ifd.offset, entry)));
    let ranges = entries.filter_map(|(directory, entry)| {
        let (offset, length) = entry.range();
        let longest = match entry.tag() {
            tag::STRIP_OFFSETS
            | tag::STRIP_BYTE_COUNTS
            | tag::TILE_OFFSETS
            | tag::TILE_BYTE_COUNTS
            | tag::ICC_PROFILE
            | tag::XMP => LONGEST,
            _ if offset.abs_diff(directory) <= SHORT.1 => SHORT.0,
            _ => 0,
        };
        let fits = length <= longest.min(left);
        left -= if fits { length } else { 0 };
        fits.then(|| offset..offset.saturating_add(length))
    });
    ranges.collect()
}

/// Where a file says where the pieces lie that these rows and columns of an image's grid have, and how long they are.
pub(super) fn places(image: &Image, columns: Range<u32>, rows: Range<u32>) -> Vec<Range<u64>> {
    let planes = if image.planar { u64::from(image.pixel.samples) } else { 1 };
    let entries = || [Some(image.offsets), image.byte_counts].into_iter().flatten();
    let (width, columns) = (u64::from(image.grid().width), u64::from(columns.start)..u64::from(columns.end));
    let of_row = |row: u64| row * width + columns.start..row * width + columns.end;
    let numbers = (0..planes).flat_map(|plane| {
        let first = plane * image.pieces_per_plane();
        let rows = rows.clone().map(u64::from).map(of_row);
        rows.map(move |numbers| first + numbers.start..first + numbers.end)
    });
    numbers.flat_map(|numbers| entries().map(move |entry| entry.values(numbers.clone()))).collect()
}
