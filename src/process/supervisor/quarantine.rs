//! Which requests kill workers: counts them, and says which are not to be tried again for a while.
//! Must not read a clock or touch the scoreboard: time comes in, lines go out.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::process::scoreboard::QUARANTINE_ENTRIES;

/// Workers that a request may kill before it is refused. The first death may have had another cause.
const STRIKES: u32 = 2;

/// How long a request is remembered after its last death.
const MEMORY: Duration = Duration::from_secs(600);

/// Most requests that are remembered; the oldest goes first.
const SUSPECTS: usize = 256;

/// The requests that workers were busy with when they died.
#[derive(Debug, Default)]
pub(super) struct Quarantine {
    /// By the time of their last death, oldest first.
    suspects: VecDeque<Suspect>,
}

#[derive(Debug)]
struct Suspect {
    request: Vec<u8>,
    deaths: u32,
    last: Instant,
}

impl Quarantine {
    /// Records that `request` killed a worker; returns whether that puts it into quarantine.
    pub(super) fn strike(&mut self, request: &[u8], now: Instant) -> bool {
        let known = self.suspects.iter().position(|suspect| suspect.request == request);
        let deaths = known.and_then(|at| self.suspects.remove(at)).map_or(1, |suspect| suspect.deaths + 1);
        if self.suspects.len() == SUSPECTS {
            self.suspects.pop_front();
        }
        self.suspects.push_back(Suspect { request: request.to_vec(), deaths, last: now });
        deaths == STRIKES
    }

    /// Drops old suspects; returns whether that releases a request from quarantine.
    pub(super) fn forget(&mut self, now: Instant) -> bool {
        let mut released = false;
        while let Some(suspect) = self.suspects.front()
            && now.saturating_duration_since(suspect.last) >= MEMORY
        {
            released |= suspect.deaths >= STRIKES;
            self.suspects.pop_front();
        }
        released
    }

    /// The requests in quarantine, the latest first, as many as the scoreboard holds.
    pub(super) fn requests(&self) -> Vec<&[u8]> {
        let guilty = self.suspects.iter().rev().filter(|suspect| suspect.deaths >= STRIKES);
        guilty.map(|suspect| &suspect.request[..]).take(QUARANTINE_ENTRIES).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_death_is_one_too_many() {
        let (mut quarantine, now) = (Quarantine::default(), Instant::now());
        assert!(!quarantine.strike(b"a", now));
        assert!(!quarantine.strike(b"b", now));
        assert!(quarantine.requests().is_empty());
        assert!(quarantine.strike(b"a", now));
        assert_eq!(quarantine.requests(), [b"a"]);
        assert!(!quarantine.strike(b"a", now), "it is there already");
    }

    #[test]
    fn ten_minutes_after_the_last_death_all_is_forgotten() {
        let (mut quarantine, start) = (Quarantine::default(), Instant::now());
        let later = start + MEMORY / 2;
        quarantine.strike(b"a", start);
        quarantine.strike(b"b", start);
        quarantine.strike(b"a", later);
        assert!(!quarantine.forget(start + MEMORY), "b was not in quarantine");
        assert_eq!(quarantine.requests(), [b"a"]);
        assert!(quarantine.forget(later + MEMORY));
        assert!(quarantine.requests().is_empty());
        assert!(!quarantine.strike(b"a", later + MEMORY));
    }

    #[test]
    fn memory_is_bounded_and_prefers_what_is_new() {
        let (mut quarantine, now) = (Quarantine::default(), Instant::now());
        for n in 0..3 * SUSPECTS {
            let request = n.to_string();
            quarantine.strike(request.as_bytes(), now);
            quarantine.strike(request.as_bytes(), now);
        }
        assert_eq!(quarantine.suspects.len(), SUSPECTS);
        assert_eq!(quarantine.requests().len(), QUARANTINE_ENTRIES);
        assert_eq!(quarantine.requests()[0], (3 * SUSPECTS - 1).to_string().as_bytes());
    }
}
