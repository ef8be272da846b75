//! Which work ends workers: what is known against each name, and what is not to be tried again for a while.
//! Must not read a clock or touch the scoreboard: time comes in, refusals go out.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::blame::Cause;
use crate::process::refusals::{Refusal, Why, master_of};

/// What an end counts against the name under which it came. The first one may have had another cause.
const STRIKE: u32 = 3;

/// What it counts against the master as a whole, of which another part was asked for perhaps.
const SHARED: u32 = 1;

/// With so much against it a name is refused as deadly: after two ends of its own, or six of parts of a master.
const TOO_MUCH: u32 = 6;

/// How long a name is remembered after its last strike, and refused after its last but one.
const MEMORY: Duration = Duration::from_secs(600);

/// How long something that took too long is refused. At once, unlike a crash: the next try would hold a worker for as
/// long again.
const REST: Duration = Duration::from_secs(60);

/// How long something is refused that was held up through no fault of its own: NGINX must not ask another worker, who
/// would be held up as well.
const SHORT_REST: Duration = Duration::from_secs(5);

/// Most names that are remembered; the oldest goes first.
const SUSPECTS: usize = 256;

/// The names that workers were busy with when they ended.
#[derive(Debug, Default)]
pub(super) struct Quarantine {
    /// By the time of their last end, oldest first.
    suspects: VecDeque<Suspect>,
}

#[derive(Debug)]
struct Suspect {
    name: Vec<u8>,
    /// What counts against it.
    counts: u32,
    last: Instant,
    sentence: Option<Sentence>,
}

/// A time for which a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    /// What workers are told.
    pub(super) why: Why,
    /// What brought it about last.
    pub(super) cause: Cause,
    /// When it began.
    pub(super) since: Instant,
    /// How long it lasts from then on.
    pub(super) length: Duration,
}

impl Quarantine {
    /// Records that work of this name ended a worker, or is about to; returns the sentence, if there is one.
    pub(super) fn record(&mut self, name: &[u8], cause: Cause, now: Instant) -> Option<Sentence> {
        let count = match cause {
            Cause::Crash | Cause::Overdue => STRIKE,
            Cause::Stalled | Cause::Starved => 0,
            Cause::Outside => return None,
        };
        if let Some(master) = master_of(name).filter(|_| count > 0) {
            let suspect = self.charge(master, SHARED, now);
            if suspect.counts >= TOO_MUCH {
                suspect.sentence = Some(Sentence { why: Why::Deadly, cause, since: now, length: MEMORY });
            }
        }
        let suspect = self.charge(name, count, now);
        let sentence = suspect.sentence_for(cause, now);
        suspect.sentence = sentence.or(suspect.sentence);
        sentence
    }

    /// Counts something against a name.
    fn charge(&mut self, name: &[u8], count: u32, now: Instant) -> &mut Suspect {
        let known = self.suspects.iter().position(|suspect| suspect.name == name);
        let known = known.and_then(|at| self.suspects.remove(at));
        if self.suspects.len() == SUSPECTS {
            self.suspects.pop_front();
        }
        let (counts, sentence) = known.map_or((0, None), |suspect| (suspect.counts, suspect.sentence));
        let counts = counts.saturating_add(count);
        self.suspects.push_back(Suspect { name: name.to_vec(), counts, last: now, sentence });
        let last = self.suspects.len() - 1;
        &mut self.suspects[last]
    }

    /// Ends what is over at `now`; returns the names that are released.
    pub(super) fn release(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let over = |since: Instant, length| now.saturating_duration_since(since) >= length;
        let mut released = Vec::new();
        for suspect in &mut self.suspects {
            if suspect.sentence.take_if(|sentence| over(sentence.since, sentence.length)).is_some() {
                released.push(suspect.name.clone());
            }
        }
        self.suspects.retain(|suspect| !over(suspect.last, MEMORY));
        released
    }

    /// Forgets everything; returns how many names were refused.
    pub(super) fn lift(&mut self) -> usize {
        let refused = self.refused().count();
        self.suspects.clear();
        refused
    }

    /// The names that are refused, the latest first.
    pub(super) fn refused(&self) -> impl Iterator<Item = (&[u8], &Sentence)> {
        self.suspects.iter().rev().filter_map(|suspect| Some((&suspect.name[..], suspect.sentence.as_ref()?)))
    }

    /// The same for the scoreboard, on whose clock it is `clock` now.
    pub(super) fn refusals(&self, now: Instant, clock: u64) -> impl Iterator<Item = Refusal> {
        self.refused().map(move |(name, sentence)| {
            let left = sentence.length.saturating_sub(now.saturating_duration_since(sentence.since));
            let until = clock.saturating_add(u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
            Refusal { name: name.to_vec(), why: sentence.why, until }
        })
    }
}

impl Suspect {
    /// What all that counts against it, and the last end of a worker by it, come to.
    fn sentence_for(&self, cause: Cause, now: Instant) -> Option<Sentence> {
        let (why, length) = match cause {
            _ if self.counts >= TOO_MUCH => (Why::Deadly, MEMORY),
            Cause::Overdue => (Why::Overdue, REST),
            Cause::Stalled | Cause::Starved => (Why::Overdue, SHORT_REST),
            Cause::Crash | Cause::Outside => return None,
        };
        Some(Sentence { why, cause, since: now, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(quarantine: &Quarantine) -> Vec<(&[u8], Why)> {
        quarantine.refused().map(|(name, sentence)| (name, sentence.why)).collect()
    }

    #[test]
    fn the_second_crash_is_one_too_many() {
        let (mut quarantine, now) = (Quarantine::default(), Instant::now());
        assert_eq!(quarantine.record(b"a", Cause::Crash, now), None);
        assert_eq!(quarantine.record(b"b", Cause::Crash, now), None);
        assert_eq!(refused(&quarantine), []);
        let sentence = quarantine.record(b"a", Cause::Crash, now).expect("a sentence");
        assert_eq!((sentence.why, sentence.length), (Why::Deadly, MEMORY));
        assert_eq!(refused(&quarantine), [(&b"a"[..], Why::Deadly)]);
        assert!(quarantine.release(now + MEMORY / 2).is_empty());
        assert_eq!(quarantine.release(now + MEMORY), [b"a"]);
        assert_eq!(quarantine.record(b"a", Cause::Crash, now + MEMORY), None, "all is forgotten");
    }

    #[test]
    fn what_takes_too_long_is_refused_at_once_and_the_second_time_for_long() {
        let (mut quarantine, start) = (Quarantine::default(), Instant::now());
        let sentence = quarantine.record(b"a", Cause::Overdue, start).expect("a sentence");
        assert_eq!((sentence.why, sentence.length), (Why::Overdue, REST));
        assert_eq!(quarantine.release(start + REST), [b"a"]);
        assert_eq!(refused(&quarantine), []);
        quarantine.record(b"a", Cause::Overdue, start + REST);
        assert_eq!(refused(&quarantine), [(&b"a"[..], Why::Deadly)]);
    }

    #[test]
    fn what_is_held_up_ten_times_is_as_innocent_as_before() {
        let (mut quarantine, start) = (Quarantine::default(), Instant::now());
        for n in 0..10 {
            let cause = if n % 2 == 0 { Cause::Stalled } else { Cause::Starved };
            let now = start + SHORT_REST * n;
            let sentence = quarantine.record(b"a", cause, now).expect("a sentence");
            assert_eq!((sentence.why, sentence.length), (Why::Overdue, SHORT_REST));
            assert_eq!(quarantine.release(now + SHORT_REST), [b"a"]);
        }
        assert_eq!(quarantine.record(b"a", Cause::Outside, start), None);
        assert_eq!(quarantine.record(b"a", Cause::Crash, start), None, "the first strike");
    }

    #[test]
    fn a_master_with_many_bad_parts_is_refused_as_a_whole() {
        let (mut quarantine, now) = (Quarantine::default(), Instant::now());
        for n in 0..6 {
            assert_eq!(refused(&quarantine), []);
            let part = format!("a.tif;1/{n},0,9,9/9,9/0/default.jpg");
            assert_eq!(quarantine.record(part.as_bytes(), Cause::Crash, now), None);
            quarantine.record(part.as_bytes(), Cause::Starved, now);
            assert_eq!(quarantine.release(now + SHORT_REST), [part.as_bytes()]);
        }
        assert_eq!(refused(&quarantine), [(&b"a.tif"[..], Why::Deadly)]);
    }

    #[test]
    fn memory_is_bounded_prefers_what_is_new_and_can_be_emptied() {
        let (mut quarantine, now) = (Quarantine::default(), Instant::now());
        for n in 0..3 * SUSPECTS {
            quarantine.record(n.to_string().as_bytes(), Cause::Overdue, now);
        }
        assert_eq!(quarantine.suspects.len(), SUSPECTS);
        let latest = (3 * SUSPECTS - 1).to_string();
        assert_eq!(refused(&quarantine)[0], (latest.as_bytes(), Why::Overdue));
        assert_eq!((quarantine.lift(), quarantine.lift()), (SUSPECTS, 0));
    }
}
