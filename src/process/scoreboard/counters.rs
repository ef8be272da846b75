//! What a worker counts, as numbers in its slot: it alone writes them, so counting is adding, without a lock, and some
//! nanoseconds. Who reads sums up all slots. Numbers only grow, and a slot's next worker counts on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::account::{Account, Kind, NoPlace, Stage, Way};
use crate::derive::plan::Class;
use crate::process::lane::Lane;

/// The classes of requests, the last of them without one: nothing was planned.
pub const CLASSES: [Option<Class>; 4] = [Some(Class::Cheap), Some(Class::Middling), Some(Class::Dear), None];

/// The statuses that are counted one by one; the last stands for all others.
pub const STATUSES: [u16; 16] =
    [200, 303, 304, 306, 308, 400, 403, 404, 405, 413, 414, 415, 500, 501, 503, 0];

/// The upper bounds of the buckets of histograms, in microseconds; one more bucket has what is beyond.
pub const BOUNDS: [u64; 17] = [
    50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000,
];

/// Numbers of a histogram: its buckets, and the sum in nanoseconds.
const HISTOGRAM: usize = BOUNDS.len() + 2;

/// A single number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Answers, by what they were.
    Answers(Option<Class>, Way, u16),
    /// Bytes of answers, heads and records included.
    Sent,
    /// Pixels that were decoded, by the kind of master.
    Pixels(Kind),
    /// Requests that named what the client had already: whether that was still fresh.
    Compared(bool),
    /// Requests for which there was no place.
    NoPlace(NoPlace),
    /// Requests that were put into the queue of a lane.
    HandedOver(Lane),
    /// Requests that were taken from there.
    Taken(Lane),
}

/// Durations, counted in buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// All work on requests of a class.
    Work(Option<Class>),
    /// A stage, by the kind of master.
    Stage(Stage, Kind),
    /// The wait in the queue of a lane.
    Wait(Lane),
}

// Where each kind of number begins.
const SENT: usize = CLASSES.len() * Way::ALL.len() * STATUSES.len();
const PIXELS: usize = SENT + 1;
const COMPARED: usize = PIXELS + Kind::ALL.len();
const NO_PLACE: usize = COMPARED + 2;
const HANDED_OVER: usize = NO_PLACE + NoPlace::ALL.len();
const TAKEN: usize = HANDED_OVER + Lane::QUEUED.len();
const WORK: usize = TAKEN + Lane::QUEUED.len();
const STAGE: usize = WORK + CLASSES.len() * HISTOGRAM;
const WAIT: usize = STAGE + Stage::ALL.len() * Kind::ALL.len() * HISTOGRAM;

/// All numbers of a slot.
pub(super) const WORDS: usize = WAIT + Lane::QUEUED.len() * HISTOGRAM;

fn class_at(class: Option<Class>) -> usize {
    class.map_or(CLASSES.len() - 1, |class| class as usize)
}

impl Count {
    fn at(self) -> usize {
        match self {
            Self::Answers(class, way, status) => {
                let status = STATUSES.iter().position(|one| *one == status).unwrap_or(STATUSES.len() - 1);
                (class_at(class) * Way::ALL.len() + way as usize) * STATUSES.len() + status
            }
            Self::Sent => SENT,
            Self::Pixels(kind) => PIXELS + kind as usize,
            Self::Compared(fresh) => COMPARED + usize::from(fresh),
            Self::NoPlace(why) => NO_PLACE + why as usize,
            Self::HandedOver(lane) => HANDED_OVER + lane.queue(),
            Self::Taken(lane) => TAKEN + lane.queue(),
        }
    }
}

impl Times {
    fn at(self) -> usize {
        match self {
            Self::Work(class) => WORK + class_at(class) * HISTOGRAM,
            Self::Stage(stage, kind) => {
                STAGE + (stage as usize * Kind::ALL.len() + kind as usize) * HISTOGRAM
            }
            Self::Wait(lane) => WAIT + lane.queue() * HISTOGRAM,
        }
    }
}

/// What one worker counts.
#[derive(Clone, Copy, Debug)]
pub struct Counters<'a>(&'a [AtomicU64]);

impl<'a> Counters<'a> {
    pub(super) fn of(words: &'a [AtomicU64]) -> Self {
        Self(words)
    }

    /// Adds to a number.
    pub fn add(self, count: Count, more: u64) {
        self.add_at(count.at(), more);
    }

    /// Adds a duration.
    pub fn time(self, times: Times, taken: Duration) {
        let nanoseconds = u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| nanoseconds <= bound * 1000).unwrap_or(BOUNDS.len());
        self.add_at(times.at() + bucket, 1);
        self.add_at(times.at() + HISTOGRAM - 1, nanoseconds);
    }

    /// Adds a request that was answered.
    pub fn answered(self, class: Option<Class>, status: u16, sent: u64, account: &Account) {
        self.add(Count::Answers(class, account.way(), status), 1);
        self.add(Count::Sent, sent);
        self.time(Times::Work(class), account.worked());
        if let Some(fresh) = account.was_fresh() {
            self.add(Count::Compared(fresh), 1);
        }
        if let Some(why) = account.no_place() {
            self.add(Count::NoPlace(why), 1);
        }
        let Some(kind) = account.kind() else { return };
        if account.pixels() > 0 {
            self.add(Count::Pixels(kind), account.pixels());
        }
        for stage in Stage::ALL {
            let taken = account.time(stage);
            if taken > Duration::ZERO {
                self.time(Times::Stage(stage, kind), taken);
            }
        }
    }

    /// Nobody else writes it, so that reading it first loses nothing.
    fn add_at(self, at: usize, more: u64) {
        if let Some(word) = self.0.get(at) {
            word.store(word.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
        }
    }
}

/// What all workers have counted together.
#[derive(Clone, Debug)]
pub struct Totals(Vec<u64>);

/// What was counted of durations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// How many are in each bucket, and beyond the last.
    pub buckets: [u64; BOUNDS.len() + 1],
    /// All of them together.
    pub sum: Duration,
}

impl Histogram {
    /// How many there are.
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

impl Totals {
    pub(super) fn of<'a>(slots: impl Iterator<Item = &'a [AtomicU64]>) -> Self {
        let mut sums = vec![0u64; WORDS];
        for slot in slots {
            for (sum, word) in sums.iter_mut().zip(slot) {
                *sum = sum.wrapping_add(word.load(Ordering::Relaxed));
            }
        }
        Self(sums)
    }

    /// A number.
    pub fn of_count(&self, count: Count) -> u64 {
        self.0[count.at()]
    }

    /// Durations.
    pub fn of_times(&self, times: Times) -> Histogram {
        let words = &self.0[times.at()..][..HISTOGRAM];
        let mut buckets = [0; BOUNDS.len() + 1];
        buckets.copy_from_slice(&words[..BOUNDS.len() + 1]);
        Histogram { buckets, sum: Duration::from_nanos(words[HISTOGRAM - 1]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Each thing that can be counted, and where.
    fn places() -> Vec<usize> {
        let mut places = vec![Count::Sent.at()];
        for class in CLASSES {
            let ways = Way::ALL.into_iter().flat_map(|way| STATUSES.map(|status| (way, status)));
            places.extend(ways.map(|(way, status)| Count::Answers(class, way, status).at()));
            places.extend(Times::Work(class).at()..Times::Work(class).at() + HISTOGRAM);
        }
        for lane in Lane::QUEUED {
            places.extend([Count::HandedOver(lane).at(), Count::Taken(lane).at()]);
            places.extend(Times::Wait(lane).at()..Times::Wait(lane).at() + HISTOGRAM);
        }
        for kind in Kind::ALL {
            places.push(Count::Pixels(kind).at());
            for stage in Stage::ALL {
                let at = Times::Stage(stage, kind).at();
                places.extend(at..at + HISTOGRAM);
            }
        }
        places.extend([false, true].map(|fresh| Count::Compared(fresh).at()));
        places.extend(NoPlace::ALL.map(|why| Count::NoPlace(why).at()));
        places
    }

    #[test]
    fn each_number_has_a_place_of_its_own() {
        let (places, distinct): (Vec<_>, BTreeSet<_>) = (places(), places().into_iter().collect());
        assert_eq!(places.len(), distinct.len());
        assert!(distinct.into_iter().all(|at| at < WORDS));
    }

    #[test]
    fn durations_are_in_the_bucket_that_holds_them_and_statuses_that_nobody_sends_together() {
        let words: Vec<AtomicU64> = (0..WORDS).map(|_| AtomicU64::new(0)).collect();
        let counters = Counters::of(&words);
        let wait = Times::Wait(Lane::Dear);
        for micros in [0, 50, 51, 10_000_000, 10_000_001] {
            counters.time(wait, Duration::from_micros(micros));
        }
        counters.add(Count::Answers(None, Way::Refused, 418), 1);
        counters.add(Count::Answers(None, Way::Refused, 599), 1);
        let totals = Totals::of([&words[..], &words[..]].into_iter());
        let histogram = totals.of_times(wait);
        assert_eq!((histogram.buckets[0], histogram.buckets[1], histogram.buckets[16]), (4, 2, 2));
        assert_eq!((histogram.buckets[17], histogram.count()), (2, 10));
        assert_eq!(histogram.sum, Duration::from_micros(2 * 20_000_102));
        assert_eq!(totals.of_count(Count::Answers(None, Way::Refused, 0)), 4);
    }
}
