//! The two passes of a decomposition level: along the rows, then down the columns, a row at a time.
//! Pure.

use std::ops::Range;

use super::lifting::{Sample, lift_across, lift_along};

/// The horizontal pass, a row at a time (T.800 F.3.4).
pub(super) struct Line<T> {
    /// Whether the first sample is odd, a high-pass one.
    odd: bool,
    kept: Range<usize>,
    low: Vec<T>,
    high: Vec<T>,
}

impl<T: Sample> Line<T> {
    /// For rows that are computed at `columns`, of which the `kept` ones are stored.
    pub(super) fn new(columns: &Range<u32>, kept: Range<u32>) -> Self {
        let (low, high) = (Vec::new(), Vec::new());
        Self { odd: columns.start % 2 == 1, kept: within(columns, kept), low, high }
    }

    /// Computes a row from its low-pass and its high-pass samples.
    pub(super) fn synthesise(&mut self, low: &[T], high: &[T]) {
        self.low.clear();
        self.high.clear();
        if low.len() + high.len() == 1 {
            self.low.extend(low.iter().map(|sample| sample.alone(false)));
            self.high.extend(high.iter().map(|sample| sample.alone(true)));
            return;
        }
        self.low.extend(low.iter().map(|sample| sample.scaled(false)));
        self.high.extend(high.iter().map(|sample| sample.scaled(true)));
        for step in 0..T::STEPS {
            match step % 2 {
                0 => lift_along(step, &mut self.low, &self.high, !self.odd),
                _ => lift_along(step, &mut self.high, &self.low, self.odd),
            }
        }
    }

    /// Puts the kept samples in their order, each of them `finished`.
    fn interleave(&self, row: &mut Vec<T>, finished: impl Fn(T) -> T) {
        let Range { start, end } = self.kept;
        let (first, second) = if self.odd { (&self.high, &self.low) } else { (&self.low, &self.high) };
        let first = &first[start.div_ceil(2)..end.div_ceil(2)];
        let second = &second[start / 2..end / 2];
        let (first, second) = if start % 2 == 0 { (first, second) } else { (second, first) };
        row.resize(end - start, T::default());
        let (pairs, odd) = row.as_chunks_mut();
        for ([one, other], (&first, &second)) in pairs.iter_mut().zip(first.iter().zip(second)) {
            (*one, *other) = (finished(first), finished(second));
        }
        if let ([one], Some(&last)) = (odd, first.last()) {
            *one = finished(last);
        }
    }
}

/// The vertical pass (T.800 F.3.5). Rows come in at the top; each step follows the one before it a row behind, so that
/// only the rows between the first step and the last are at work, and finished ones go out.
pub(super) struct Cascade<'a, T> {
    /// Number of rows that will come in.
    count: usize,
    /// Whether the first of them is odd.
    odd: bool,
    kept: Range<usize>,
    /// Number of rows that have come in, or would have.
    pushed: usize,
    /// The rows at work: number `n` is at `n` modulo the length.
    rows: Vec<Vec<T>>,
    finished: &'a mut Vec<T>,
}

impl<'a, T: Sample> Cascade<'a, T> {
    /// For the rows numbered `rows`, of which the `kept` ones are appended to `finished`.
    pub(super) fn new(rows: &Range<u32>, kept: Range<u32>, finished: &'a mut Vec<T>) -> Self {
        Self {
            count: rows.len(),
            odd: rows.start % 2 == 1,
            kept: within(rows, kept),
            pushed: 0,
            rows: vec![Vec::new(); T::STEPS + 2],
            finished,
        }
    }

    /// Takes the next row.
    pub(super) fn push(&mut self, line: &Line<T>) {
        let odd = self.is_odd(self.pushed);
        let at = self.pushed % self.rows.len();
        let row = &mut self.rows[at];
        if self.count == 1 {
            line.interleave(row, |sample| sample.alone(odd));
            self.finished.extend_from_slice(row);
        } else {
            match odd {
                false => line.interleave(row, |sample| sample.scaled(false)),
                true => line.interleave(row, |sample| sample.scaled(true)),
            }
            self.advance();
        }
    }

    /// Lets the last rows through after all have come in.
    pub(super) fn finish(mut self) {
        if self.count > 1 {
            (0..=T::STEPS).for_each(|_| self.advance());
        }
    }

    /// All that can be done now that one more row is there.
    fn advance(&mut self) {
        let newest = self.pushed;
        self.pushed += 1;
        // Even rows want both of their neighbours first, so every step waits for an odd one.
        if !self.is_odd(newest) {
            return;
        }
        for step in 0..T::STEPS {
            if let Some(row) = newest.checked_sub(step + 1).filter(|&row| row < self.count) {
                self.lift(step, row);
            }
        }
        for row in [newest.checked_sub(T::STEPS + 1), newest.checked_sub(T::STEPS)].into_iter().flatten() {
            if self.kept.contains(&row) {
                self.finished.extend_from_slice(&self.rows[row % self.rows.len()]);
            }
        }
    }

    fn lift(&mut self, step: usize, row: usize) {
        let places = self.rows.len();
        // Mirrored at either end. Where that is not an end of the resolution, it is the margin that suffers.
        let above = row.checked_sub(1).unwrap_or(1);
        let below = if row + 1 < self.count { row + 1 } else { row - 1 };
        let mut target = std::mem::take(&mut self.rows[row % places]);
        lift_across(step, &mut target, &self.rows[above % places], &self.rows[below % places]);
        self.rows[row % places] = target;
    }

    fn is_odd(&self, row: usize) -> bool {
        (row % 2 == 1) != self.odd
    }
}

/// The part of `all` that is `kept`, counted from the start of `all`.
fn within(all: &Range<u32>, kept: Range<u32>) -> Range<usize> {
    (kept.start - all.start) as usize..(kept.end - all.start) as usize
}
