//! Pages of an object that were kept, so that they are there before anything is fetched: a set of bytes with their
//! places. Pure.

use std::ops::Range;

use super::spans::{Spans, in_units};

/// Pieces of an object, each of whole pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pages(Vec<(u64, Vec<u8>)>);

impl Pages {
    /// Bytes of a page. Only the last one of an object may be shorter.
    pub const BYTES: u64 = 4096;

    /// The most bytes that are kept of an object.
    pub const MOST: u64 = 4 << 20;

    /// The pages that hold a range of an object of `size` bytes.
    pub fn around(range: &Range<u64>, size: u64) -> Range<u64> {
        in_units(range, Self::BYTES, size)
    }

    /// These bytes of an object: whole pages of it.
    pub fn of(object: &[u8], places: &Spans) -> Self {
        let piece = |place: Range<u64>| {
            let bytes = object.get(place.start as usize..place.end as usize)?;
            Some((place.start, bytes.to_vec()))
        };
        Self(places.iter().filter_map(piece).collect())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where they are.
    pub fn places(&self) -> Spans {
        self.pieces().map(|(start, bytes)| start..start + bytes.len() as u64).collect()
    }

    /// Where each piece begins, and its bytes.
    pub fn pieces(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.0.iter().map(|(start, bytes)| (*start, &bytes[..]))
    }

    /// All of it as bytes, packed; None if there is no memory for it.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = (self.0.len() as u32).to_le_bytes().to_vec();
        for (start, piece) in &self.0 {
            bytes.extend(start.to_le_bytes());
            bytes.extend((piece.len() as u32).to_le_bytes());
        }
        let pieces: Vec<u8> = self.0.iter().flat_map(|(_, piece)| piece).copied().collect();
        bytes.extend(zstd::bulk::compress(&pieces, 1).ok()?);
        Some(bytes)
    }

    /// What [`Pages::to_bytes`] gave of an object of `size` bytes; None of anything else.
    pub fn from_bytes(bytes: &[u8], size: u64) -> Option<Self> {
        let (count, mut rest) = bytes.split_first_chunk()?;
        let (mut places, mut end, mut all) = (Vec::new(), 0, 0);
        for _ in 0..u32::from_le_bytes(*count) {
            let (start, after) = rest.split_first_chunk()?;
            let (length, after) = after.split_first_chunk()?;
            let (start, length) = (u64::from_le_bytes(*start), u64::from(u32::from_le_bytes(*length)));
            let place = start..start.checked_add(length)?;
            let is_whole = !place.is_empty() && Self::around(&place, size) == place;
            all += length;
            if !is_whole || start < end || all > Self::MOST {
                return None;
            }
            end = place.end;
            places.push((start, length as usize));
            rest = after;
        }
        let pieces = zstd::bulk::decompress(rest, all as usize).ok().filter(|of| of.len() as u64 == all)?;
        let mut pieces = &pieces[..];
        let piece = |(start, length)| {
            let (piece, after) = pieces.split_at_checked(length)?;
            pieces = after;
            Some((start, piece.to_vec()))
        };
        places.into_iter().map(piece).collect::<Option<_>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An object of ten pages and a bit, of which two pieces were kept.
    fn kept() -> (Vec<u8>, Pages) {
        let object: Vec<u8> = (0..41_000u32).map(|n| (n * n / 997) as u8).collect();
        let size = object.len() as u64;
        let places = [5..9000, 40_999..41_000].iter().map(|range| Pages::around(range, size)).collect();
        (object.clone(), Pages::of(&object, &places))
    }

    #[test]
    fn pages_come_back_as_they_were() {
        let (object, pages) = kept();
        let places: Vec<_> = pages.places().iter().collect();
        assert_eq!(places, [0..12_288, 40_960..41_000]);
        for (start, piece) in pages.pieces() {
            assert_eq!(piece, &object[start as usize..][..piece.len()]);
        }
        let bytes = pages.to_bytes().expect("packed");
        assert_eq!(Pages::from_bytes(&bytes, object.len() as u64), Some(pages));
        let none = Pages::default();
        assert_eq!(Pages::from_bytes(&none.to_bytes().expect("packed"), 9), Some(none));
    }

    #[test]
    fn other_bytes_are_no_pages_and_none_panics() {
        let (object, pages) = kept();
        let (bytes, size) = (pages.to_bytes().expect("packed"), object.len() as u64);
        for length in 0..bytes.len() {
            assert_eq!(Pages::from_bytes(&bytes[..length], size), None, "{length} bytes");
        }
        for other in [size - 1, size + 1, 0, 4096] {
            assert_eq!(Pages::from_bytes(&bytes, other), None, "of an object of {other} bytes");
        }
        for at in 0..28 {
            for value in [1, 0x7f, 0xff] {
                let mut wrong = bytes.clone();
                wrong[at] ^= value;
                assert_eq!(Pages::from_bytes(&wrong, size), None, "byte {at}");
            }
        }
    }
}
