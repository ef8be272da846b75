//! Sets of bytes of an object, as ranges. Pure.

use std::ops::Range;

/// Ranges of bytes: in order, none of them empty or touching another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(Vec<Range<u64>>);

impl Spans {
    /// Whether all bytes of a range are among them.
    pub fn has(&self, range: &Range<u64>) -> bool {
        let before = self.0.partition_point(|of| of.start <= range.start);
        range.is_empty() || before > 0 && self.0[before - 1].end >= range.end
    }

    /// Adds a range, and says how many of its bytes are new.
    pub fn add(&mut self, range: Range<u64>) -> u64 {
        if range.is_empty() {
            return 0;
        }
        let from = self.0.partition_point(|of| of.end < range.start);
        let to = self.0.partition_point(|of| of.start <= range.end);
        let (mut whole, mut had) = (range, 0);
        for of in self.0.drain(from..to) {
            had += of.end - of.start;
            whole = whole.start.min(of.start)..whole.end.max(of.end);
        }
        let more = whole.end - whole.start - had;
        self.0.insert(from, whole);
        more
    }

    /// The parts of a range that are not among them, in order.
    pub fn lacking(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let (mut lacking, mut at) = (Vec::new(), range.start);
        let from = self.0.partition_point(|of| of.end <= range.start);
        for of in self.0[from..].iter().take_while(|of| of.start < range.end) {
            if at < of.start {
                lacking.push(at..of.start);
            }
            at = of.end;
        }
        if at < range.end {
            lacking.push(at..range.end);
        }
        lacking
    }

    /// The ranges, in order.
    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> {
        self.0.iter().cloned()
    }

    /// How many bytes they have together.
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|of| of.end - of.start).sum()
    }
}

impl FromIterator<Range<u64>> for Spans {
    fn from_iter<T: IntoIterator<Item = Range<u64>>>(ranges: T) -> Self {
        let mut spans = Self::default();
        ranges.into_iter().for_each(|range| _ = spans.add(range));
        spans
    }
}

/// The whole units of so many bytes that hold a range of an object of `size` bytes, of which the last may be shorter.
pub(crate) fn in_units(range: &Range<u64>, unit: u64, size: u64) -> Range<u64> {
    let end = range.end.min(size);
    let start = range.start.min(end);
    if start == end {
        return start..end;
    }
    start - start % unit..end.div_ceil(unit).saturating_mul(unit).min(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join_where_they_touch() {
        let mut spans = Spans::default();
        for (range, more, ranges) in [
            (10..20, 10, &[(10, 20)][..]),
            (30..40, 10, &[(10, 20), (30, 40)]),
            (35..36, 0, &[(10, 20), (30, 40)]),
            (7..7, 0, &[(10, 20), (30, 40)]),
            (20..22, 2, &[(10, 22), (30, 40)]),
            (0..5, 5, &[(0, 5), (10, 22), (30, 40)]),
            (4..31, 13, &[(0, 40)]),
        ] {
            assert_eq!(spans.add(range.clone()), more, "{range:?}");
            assert_eq!(spans.iter().map(|of| (of.start, of.end)).collect::<Vec<_>>(), ranges);
        }
        assert_eq!(spans.bytes(), 40);
        assert!(spans.has(&(0..40)) && !spans.has(&(0..41)) && !spans.has(&(50..51)) && spans.has(&(50..50)));
    }

    #[test]
    fn what_is_lacking_is_what_lies_between() {
        let spans: Spans = [10..20, 30..40].into_iter().collect();
        for (range, lacking) in [
            (0..50, &[(0, 10), (20, 30), (40, 50)][..]),
            (10..20, &[]),
            (12..35, &[(20, 30)]),
            (20..30, &[(20, 30)]),
            (19..21, &[(20, 21)]),
            (45..60, &[(45, 60)]),
            (5..5, &[]),
        ] {
            let found = spans.lacking(range.clone());
            assert_eq!(found.iter().map(|of| (of.start, of.end)).collect::<Vec<_>>(), lacking, "{range:?}");
        }
    }

    #[test]
    fn units_are_whole_but_the_last() {
        for (range, units) in [
            (0..1, 0..64),
            (63..64, 0..64),
            (63..65, 0..128),
            (64..128, 64..128),
            (190..200, 128..200),
            (150..u64::MAX, 128..200),
            (200..300, 200..200),
            (5..5, 5..5),
        ] {
            assert_eq!(in_units(&range, 64, 200), units, "{range:?}");
        }
    }
}
