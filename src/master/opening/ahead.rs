//! What to fetch with what readers of headers ask for, so that they have to wait few times. Pure.
//!
//! A round trip takes about as long as one or two million bytes, so that a wrong guess of less is cheap. Headers lie at
//! the beginning of a file, or, where a writer knew what to write in them only in the end, in its last part: libtiff
//! leaves the directory of each level behind its tiles, so that of a pyramid the first lies after three quarters of the
//! file, and each that follows four times nearer to the end. Directories of a book lie behind each page.

use std::ops::Range;

use crate::blocks::BLOCK;
use crate::source::{Spans, in_units};

/// A file of so many bytes is fetched whole.
const SMALL: u64 = 1 << 20;

/// What follows so far behind is fetched with what is asked for: a directory with its arrays, a header with the next.
const NEAR: u64 = 256 << 10;

/// Of no more places at once.
const MOST_PLACES: usize = 16;

/// The most that is fetched at once of what follows.
const FARTHEST: u64 = 16 << 20;

/// The last part of a TIFF, a fifth of it, is fetched with the first directory that lies beyond the beginning: from so
/// many bytes to so many.
const TAIL: (u64, u64) = (1 << 20, 4 << 20);

/// The header of JPEG 2000 says where packets are (PLT), and is fetched so far with the first thing beyond the first block.
const MAIN_HEADER: u64 = 576 << 10;

/// On either side of where the next directory is expected.
const AROUND: u64 = 512 << 10;

/// Remembers what was asked for.
#[derive(Debug)]
pub(super) struct Ahead {
    size: u64,
    /// How much is fetched of what follows.
    step: u64,
    /// How far was fetched of what follows, if anything was.
    reached: Option<u64>,
    /// Where the last two things lay that had to be fetched.
    last: Option<u64>,
    before: Option<u64>,
}

impl Ahead {
    /// Nothing was asked for yet of an object of so many bytes.
    pub(super) fn new(size: u64) -> Self {
        Self { size, step: NEAR, reached: None, last: None, before: None }
    }

    /// What to fetch: what is lacking, and more. `begins` are the first four bytes, if they are known.
    pub(super) fn of(&mut self, lacking: &Spans, begins: Option<&[u8]>) -> Spans {
        let Some(first) = lacking.iter().next() else { return Spans::default() };
        let Some(begins) = begins else { return lacking.clone() };
        if self.size <= SMALL {
            return std::iter::once(0..self.size).collect();
        }
        self.grow(first.start);
        // Places all over the file are those of something else.
        let step = if lacking.iter().count() > MOST_PLACES { 0 } else { self.step };
        let after = |range: Range<u64>| range.start..range.end.max(range.start.saturating_add(step));
        let mut all: Vec<Range<u64>> = lacking.iter().map(after).collect();
        self.reached = all.first().map(|range| range.end);
        match begins {
            [b'I', b'I', ..] | [b'M', b'M', ..] => all.extend(self.of_tiff(first.start)),
            _ if self.last.is_none() => {
                all.extend([0..MAIN_HEADER, self.size - 1..self.size]);
                // What follows is the header, not what lies behind the codestream.
                self.reached = Some(MAIN_HEADER);
            }
            _ => {}
        }
        (self.before, self.last) = (self.last, Some(first.start));
        all.into_iter().map(|range| in_units(&range, BLOCK, self.size)).collect()
    }

    /// Takes longer steps where what is asked for keeps lying a little beyond what was fetched, as directories of short
    /// pages do, and tile-parts without TLM. What lies far is cheaper to wait for than all between.
    fn grow(&mut self, at: u64) {
        if let Some(reached) = self.reached
            && (reached..=reached.saturating_add(4 * self.step)).contains(&at)
        {
            self.step = (4 * self.step).min(FARTHEST);
        }
    }

    fn of_tiff(&self, at: u64) -> Vec<Range<u64>> {
        let tail = (self.size / 5).clamp(TAIL.0, TAIL.1);
        match (self.before, self.last) {
            // All directories lie at the beginning, the last arrays of them as well.
            (_, None) if at < SMALL => vec![0..at],
            (_, None) => vec![self.size - tail..self.size],
            (_, Some(last)) if last < SMALL && at >= SMALL => vec![self.size - tail..self.size],
            (_, Some(last)) => self.expected(last, at).into_iter().collect(),
        }
    }

    /// Where the next directory is, if each lies nearer to the end by the same ratio.
    fn expected(&self, last: u64, at: u64) -> Option<Range<u64>> {
        let (from, to) = (self.size.checked_sub(last)?, self.size.checked_sub(at)?);
        if at <= last || from == 0 {
            return None;
        }
        let next = u128::from(to) * u128::from(to) / u128::from(from);
        let place = self.size - u64::try_from(next).ok()?;
        Some(place.saturating_sub(AROUND)..place.saturating_add(AROUND))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// How often one has to wait who reads these places one after the other, and what is fetched meanwhile.
    fn trips(size: u64, begins: &[u8], places: &[u64]) -> (u32, u64) {
        let (mut ahead, mut there, mut trips) = (Ahead::new(size), Spans::default(), 0);
        there.add(0..64 << 10);
        for place in places {
            let lacking = place & !0xffff..(place | 0xffff) + 1;
            if !there.has(&lacking) {
                trips += 1;
                let fetched = ahead.of(&std::iter::once(lacking.clone()).collect(), Some(begins));
                fetched.iter().for_each(|range| _ = there.add(range));
                assert!(there.has(&(lacking.start..lacking.end.min(size))), "what is asked for is there");
            }
        }
        (trips, there.bytes())
    }

    #[test]
    fn few_waits_lead_through_the_headers_of_a_file() {
        let tiff = &b"II*\0"[..];
        // As libvips writes a pyramid, in thousandths of the file: each directory is behind its tiles.
        let chain = |size: u64, of: &[u64]| of.iter().map(|at| size / 10_000 * at).collect::<Vec<_>>();
        let levels = [8190, 9710, 9957, 9990, 9999];
        let others = [7500, 9400, 9850, 9962, 9990, 9998];
        for (what, size, places, most) in [
            ("16 MB", 16 * MIB, chain(16 * MIB, &levels), (1, 4)),
            ("100 MB", 100 * MIB, chain(100 * MIB, &levels), (1, 5)),
            ("500 MB", 500 * MIB, chain(500 * MIB, &levels), (2, 7)),
            ("1 GB", 1024 * MIB, chain(1024 * MIB, &others), (3, 9)),
            ("at the beginning", 900 * MIB, vec![16, 300_000, 330_000, 400_000, 100_000], (1, 1)),
            ("at both ends", 60 * MIB, chain(60 * MIB, &[0, 9500, 9501, 9600, 9990]), (1, 5)),
            ("one far from the other", 900 * MIB, (1..9).map(|n| n * 100 * MIB).collect(), (8, 16)),
            ("short pages", 64 * MIB, (1..64).map(|n| n * MIB - 7).collect(), (8, 64)),
            ("small", MIB, vec![900_000, 100_000, 500_000], (1, 1)),
        ] {
            let (trips, bytes) = trips(size, tiff, &places);
            assert!(trips <= most.0 && bytes <= most.1 * MIB, "{what}: {trips} and {bytes} bytes");
        }
        let codestream = &b"\0\0\0\x0c"[..];
        let main_header = [80_000, 900 * MIB - 2, 81_000, 200_000, 500_000];
        assert_eq!(trips(900 * MIB, codestream, &main_header), (1, MAIN_HEADER + (64 << 10)));
        let parts: Vec<u64> = (0..400).map(|n| 100_000 + n * 250_000).collect();
        assert!(trips(100 * MIB, codestream, &parts).0 <= 12, "{:?}", trips(100 * MIB, codestream, &parts));
    }

    #[test]
    fn hostile_places_end_in_the_file() {
        for size in [1, 70_000, 2 * MIB, u64::MAX] {
            for begins in [&b"MM\0*"[..], b"\xff\x4f\xff\x51", b""] {
                let mut ahead = Ahead::new(size);
                for place in [0, size - 1, size / 2, size / 3, size / 3 + 1, size - 1] {
                    let lacking: Spans = std::iter::once(place..size).collect();
                    let fetched = ahead.of(&lacking, Some(begins));
                    assert!(fetched.has(&(place..size)) && fetched.iter().all(|range| range.end <= size));
                }
            }
        }
    }
}
