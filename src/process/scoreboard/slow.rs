//! The masters that took long, a few for each worker, in its slot: it alone writes them. Who reads them puts those of all
//! workers together. What was slow a day ago is forgotten.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::pieces;

/// Work that takes less is not slow.
pub const SLOW: Duration = Duration::from_millis(100);

/// Most masters that are told of.
pub const MOST: usize = 16;

/// Masters of one worker.
const PLACES: usize = 8;

/// Numbers of a master, the one before it included, and those of its head.
const PLACE: usize = 64;
const HEAD: usize = 6;

/// All numbers of a slot.
pub(super) const WORDS: usize = PLACES * PLACE;

/// How long a master is remembered after it was slow, in milliseconds.
const MEMORY: u64 = 24 * 3600 * 1000;

/// A master that was slow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Master {
    /// Its path below the root, or as much of it as there was room for.
    pub path: Vec<u8>,
    /// The most that work on it took.
    pub worst: Duration,
    /// How often it was slow.
    pub times: u64,
    /// What makes it dear, a bit for each [`Hindrance`](crate::account::Hindrance), by the worst of them.
    pub hindrances: u64,
    /// When it was slow last, on the clock of the scoreboard.
    pub last: u64,
}

/// Those of one worker.
#[derive(Clone, Copy, Debug)]
pub struct Slow<'a>(&'a [AtomicU64]);

impl<'a> Slow<'a> {
    pub(super) fn of(words: &'a [AtomicU64]) -> Self {
        Self(words)
    }

    /// Notes that work on a master was slow just now. If all places are taken, the one goes that was slow long ago, or
    /// else the least slow, unless that is this one.
    pub fn note(self, slow: Master) {
        let places = self.0.chunks_exact(PLACE);
        let path = &slow.path[..slow.path.len().min((PLACE - HEAD) * 8)];
        let known = |words: &[AtomicU64]| read(words).unwrap_or_default();
        let rank = |(_, there): &(_, Master)| match there {
            same if same.path == path => (0, Duration::ZERO),
            old if old.path.is_empty() || old.last.saturating_add(MEMORY) < slow.last => (1, Duration::ZERO),
            other => (2, other.worst),
        };
        let Some((words, there)) = places.map(|words| (words, known(words))).min_by_key(rank) else { return };
        let now = match there {
            same if same.path == path => {
                let worst = if slow.worst >= same.worst { &slow } else { &same };
                Master {
                    worst: worst.worst,
                    hindrances: worst.hindrances,
                    times: same.times.saturating_add(slow.times),
                    ..slow.clone()
                }
            }
            other if other.worst > slow.worst && other.last.saturating_add(MEMORY) >= slow.last => return,
            _ => slow,
        };
        write(&now, words);
    }

    fn all(self) -> impl Iterator<Item = Master> {
        self.0.chunks_exact(PLACE).filter_map(read).filter(|master| !master.path.is_empty())
    }
}

/// The slowest of all workers that were slow within the last day, the slowest first.
pub(super) fn slowest<'a>(workers: impl Iterator<Item = Slow<'a>>, now: u64) -> Vec<Master> {
    let mut together: Vec<Master> = Vec::new();
    for master in workers.flat_map(Slow::all).filter(|master| master.last.saturating_add(MEMORY) >= now) {
        match together.iter_mut().find(|known| known.path == master.path) {
            Some(known) => {
                if master.worst > known.worst {
                    (known.worst, known.hindrances) = (master.worst, master.hindrances);
                }
                known.times = known.times.saturating_add(master.times);
                known.last = known.last.max(master.last);
            }
            None => together.push(master),
        }
    }
    together.sort_by_key(|one| Reverse(one.worst));
    together.truncate(MOST);
    together
}

fn read(words: &[AtomicU64]) -> Option<Master> {
    pieces::read(words, |piece| {
        let number = |at: usize| piece.get(at).map_or(0, |word| word.load(Ordering::Relaxed));
        Master {
            path: pieces::bytes(piece.get(HEAD - 1..).unwrap_or_default(), number(0)),
            worst: Duration::from_micros(number(1)),
            times: number(2),
            hindrances: number(3),
            last: number(4),
        }
    })
}

fn write(master: &Master, words: &[AtomicU64]) {
    let length = master.path.len().min((PLACE - HEAD) * 8) as u64;
    let worst = u64::try_from(master.worst.as_micros()).unwrap_or(u64::MAX);
    let head = [length, worst, master.times, master.hindrances, master.last];
    pieces::write(words, |piece| {
        piece.iter().zip(head).for_each(|(word, value)| word.store(value, Ordering::Relaxed));
        pieces::put_bytes(piece.get(head.len()..).unwrap_or_default(), &master.path);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Vec<AtomicU64> {
        (0..WORDS).map(|_| AtomicU64::new(0)).collect()
    }

    fn master(path: &str, worst: u64, last: u64) -> Master {
        Master { path: path.into(), worst: Duration::from_millis(worst), times: 1, hindrances: worst, last }
    }

    fn told(workers: &[&[AtomicU64]], now: u64) -> Vec<(String, u64, u64, u64)> {
        let slowest = slowest(workers.iter().map(|words| Slow::of(words)), now);
        let text = |path| String::from_utf8(path).expect("text");
        slowest
            .into_iter()
            .map(|it| (text(it.path), it.worst.as_millis() as u64, it.times, it.hindrances))
            .collect()
    }

    #[test]
    fn the_worst_of_all_workers_are_put_together() {
        let (one, other) = (words(), words());
        let (a, b) = (Slow::of(&one), Slow::of(&other));
        a.note(master("x.tif", 200, 5));
        a.note(master("x.tif", 150, 6));
        b.note(master("x.tif", 900, 7));
        b.note(master("y.tif", 300, 8));
        let expected = [("x.tif".to_owned(), 900, 3, 900), ("y.tif".to_owned(), 300, 1, 300)];
        assert_eq!(told(&[&one, &other], 10), expected);
        assert_eq!(
            told(&[&one, &other], 8 + MEMORY),
            expected[1..],
            "the other was slow more than a day ago"
        );
    }

    #[test]
    fn a_full_table_keeps_the_slowest_and_forgets_what_is_old() {
        let words = words();
        let slow = Slow::of(&words);
        for n in 1..=PLACES as u64 {
            slow.note(master(&format!("{n}"), 100 * n, 5));
        }
        slow.note(master("less", 50, 6));
        let names = |now| told(&[&words], now).into_iter().map(|it| it.0).collect::<Vec<_>>().join(" ");
        assert_eq!(names(6), "8 7 6 5 4 3 2 1");
        slow.note(master("more", 450, 6));
        assert_eq!(names(6), "8 7 6 5 more 4 3 2");
        slow.note(master("less", 50, 6 + MEMORY));
        assert_eq!(names(6 + MEMORY), "more less");
    }

    #[test]
    fn a_long_path_is_cut_and_known_again() {
        let words = words();
        let long = "x".repeat(5000);
        (0..2).for_each(|_| Slow::of(&words).note(master(&long, 200, 5)));
        let told = told(&[&words], 5);
        assert_eq!((told.len(), told[0].0.len(), told[0].2), (1, (PLACE - HEAD) * 8, 2));
    }
}
