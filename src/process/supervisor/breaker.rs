//! Which mounts do not answer: they are left alone until nobody waits for them any more, and then tried with care.
//! Must not read a clock or touch the scoreboard: time comes in, refusals go out.

use std::time::{Duration, Instant};

use crate::process::refusals::{Refusal, Why, mount_name};

/// How long a mount is left alone after the last worker that waited for it has come back or ended.
const PAUSE: Duration = Duration::from_secs(2);

/// How long it is then tried by one worker at a time. A worker that it does not answer is noticed sooner.
const PROBATION: Duration = Duration::from_secs(1);

/// The mounts that are not simply used, by device.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    mounts: Vec<(u64, State)>,
}

/// How a mount is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Nobody may use it; when a worker last waited for it.
    Shut(Instant),
    /// One worker at a time may, since then.
    Probed(Instant),
    /// Like any other again.
    Open,
}

impl Breaker {
    /// Hears on which devices workers wait in vain at `now`; returns what becomes of the mounts whose treatment changes.
    pub(super) fn hear(&mut self, waiting: &[u64], now: Instant) -> Vec<(u64, State)> {
        let mut changes = Vec::new();
        for &device in waiting {
            match self.mounts.iter_mut().find(|(known, _)| *known == device) {
                Some((_, State::Shut(last))) => *last = now,
                Some((_, state)) => {
                    *state = State::Shut(now);
                    changes.push((device, *state));
                }
                None => {
                    self.mounts.push((device, State::Shut(now)));
                    changes.push((device, State::Shut(now)));
                }
            }
        }
        for (device, state) in &mut self.mounts {
            let next = state.after(now);
            if next != *state {
                *state = next;
                changes.push((*device, next));
            }
        }
        self.mounts.retain(|(_, state)| *state != State::Open);
        changes
    }

    /// The devices of the mounts that are not simply used.
    pub(super) fn devices(&self) -> impl Iterator<Item = u64> {
        self.mounts.iter().map(|(device, _)| *device)
    }

    /// Forgets everything.
    pub(super) fn lift(&mut self) {
        self.mounts.clear();
    }

    /// What workers are told.
    pub(super) fn refusals(&self) -> impl Iterator<Item = Refusal> {
        self.mounts.iter().filter_map(|(device, state)| {
            let why = match state {
                State::Shut(_) => Why::Stalled,
                State::Probed(_) => Why::Probed,
                State::Open => return None,
            };
            Some(Refusal { name: mount_name(*device), why, until: 0 })
        })
    }
}

impl State {
    /// What it has become at `now`, if nobody waits.
    fn after(self, now: Instant) -> Self {
        let over = |since: Instant, length| now.saturating_duration_since(since) >= length;
        match self {
            Self::Shut(last) if over(last, PAUSE) => Self::Probed(now),
            Self::Probed(since) if over(since, PROBATION) => Self::Open,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_shut_while_anybody_waits_then_probed_then_open() {
        let (mut breaker, start) = (Breaker::default(), Instant::now());
        let told = |breaker: &Breaker| breaker.refusals().map(|refusal| refusal.why).collect::<Vec<_>>();
        assert!(breaker.hear(&[], start).is_empty());
        assert_eq!(breaker.hear(&[7, 7], start), [(7, State::Shut(start))]);
        let later = start + 10 * PAUSE;
        assert!(breaker.hear(&[7], later).is_empty());
        assert!(breaker.hear(&[], later + PAUSE / 2).is_empty());
        assert_eq!(told(&breaker), [Why::Stalled]);
        let probed = later + PAUSE;
        assert_eq!(breaker.hear(&[], probed), [(7, State::Probed(probed))]);
        assert_eq!(told(&breaker), [Why::Probed]);
        assert_eq!(breaker.hear(&[], probed + PROBATION), [(7, State::Open)]);
        assert_eq!(told(&breaker), []);
    }

    #[test]
    fn a_probe_that_is_not_answered_shuts_it_again() {
        let (mut breaker, start) = (Breaker::default(), Instant::now());
        breaker.hear(&[7, 8], start);
        let probed = start + PAUSE;
        assert_eq!(breaker.hear(&[8], probed), [(7, State::Probed(probed))]);
        let again = probed + PROBATION / 2;
        assert_eq!(breaker.hear(&[7, 8], again), [(7, State::Shut(again))]);
        let names: Vec<_> = breaker.refusals().map(|refusal| refusal.name).collect();
        assert_eq!(names, [mount_name(7), mount_name(8)]);
        breaker.lift();
        assert_eq!(breaker.refusals().count(), 0);
    }
}
