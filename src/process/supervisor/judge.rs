//! What the ends of workers, and what they wait for, mean for those who come next: what is refused, and what the log
//! says of it, one line for each end.
//! Must not start or kill workers. What it decides stands in `quarantine.rs`, `breaker.rs` and `blame.rs`.

use std::fmt;
use std::time::Instant;

use super::blame::Cause;
use super::breaker::{self, Breaker};
use super::child::{Death, Late};
use super::quarantine::{Quarantine, Sentence};
use crate::complaints;
use crate::process::refusals::Refusal;
use crate::source::mount_point;

/// The quarantine and the breaker, and whether workers know what is in them.
#[derive(Debug, Default)]
pub(super) struct Judge {
    quarantine: Quarantine,
    breaker: Breaker,
    changed: bool,
}

impl Judge {
    /// A worker has ended without being asked to.
    pub(super) fn hear_death(&mut self, death: &Death, now: Instant) {
        let Death { process, status, .. } = death;
        match &death.request {
            // Heard and told when it was late.
            Some(_) if death.late => {}
            Some(request) => {
                let sentence = self.record(&request.name, death.cause, now);
                complaints::about_work_of(&request.id, || {
                    log::error!(
                        "worker {process} died ({status}) after {:?} of work on {}{}",
                        request.worked,
                        request.name.escape_ascii(),
                        Told(sentence)
                    );
                });
            }
            None => log::error!("worker {process} died ({status}) without a request in work"),
        }
    }

    /// A worker is over its deadline, and will be killed when workers have been told not to try this again.
    pub(super) fn hear_late(&mut self, late: &Late, now: Instant) {
        let sentence = self.record(&late.name, late.cause, now);
        complaints::about_work_of(&late.id, || {
            log::error!(
                "worker {} is over the deadline of {:?} with {}, after {:?} on a processor: killing it{}",
                late.process,
                late.deadline,
                late.name.escape_ascii(),
                late.ran,
                Told(sentence)
            );
        });
    }

    /// Workers wait on these devices in vain.
    pub(super) fn hear_waiting(&mut self, devices: &[u64], now: Instant) {
        for (device, state) in self.breaker.hear(devices, now) {
            self.changed = true;
            let mount = mount_point(device);
            match state {
                breaker::State::Shut(_) => {
                    log::error!(
                        "the mount {mount} does not answer: its masters are refused with 503 until it does"
                    );
                }
                breaker::State::Probed(_) => log::debug!("the mount {mount} is tried again"),
                breaker::State::Open => log::info!("the mount {mount} is used again"),
            }
        }
    }

    /// Whether nothing is known against this device.
    pub(super) fn answers(&self, device: u64) -> bool {
        self.breaker.devices().all(|silent| silent != device)
    }

    fn record(&mut self, name: &[u8], cause: Cause, now: Instant) -> Option<Sentence> {
        let sentence = self.quarantine.record(name, cause, now);
        self.changed |= sentence.is_some();
        sentence
    }

    /// Ends what is over, and says so.
    pub(super) fn release(&mut self, now: Instant) {
        for name in self.quarantine.release(now) {
            log::info!("{} is no longer in quarantine", name.escape_ascii());
            self.changed = true;
        }
    }

    /// What workers are to be told, if that has changed since the last time; on the clock of the scoreboard it is `clock`
    /// now. Mounts go first: there are few.
    pub(super) fn news(&mut self, now: Instant, clock: u64) -> Option<Vec<Refusal>> {
        std::mem::take(&mut self.changed)
            .then(|| self.breaker.refusals().chain(self.quarantine.refusals(now, clock)).collect())
    }

    /// Forgets everything, which workers have been told: what is to blame may have been mended.
    pub(super) fn lift(&mut self) {
        let refused = self.quarantine.lift();
        self.breaker.lift();
        self.changed = false;
        if refused > 0 {
            log::info!("the quarantine is lifted: {refused} in it");
        }
    }

    /// Writes the quarantine, and the mounts that are not used, to the log.
    pub(super) fn list(&self, now: Instant) {
        log::info!("{} in quarantine", self.len());
        for device in self.breaker.devices() {
            log::info!("not used: the mount {}", mount_point(device));
        }
        for (name, sentence) in self.quarantine.refused() {
            let served = now.saturating_duration_since(sentence.since);
            log::info!(
                "in quarantine: {}: {}; since {} s, for another {} s",
                name.escape_ascii(),
                sentence.cause,
                served.as_secs(),
                sentence.length.saturating_sub(served).as_secs()
            );
        }
    }

    /// How many mounts are not simply used.
    pub(super) fn stalled(&self) -> usize {
        self.breaker.devices().count()
    }

    /// How many names are refused.
    pub(super) fn len(&self) -> usize {
        self.quarantine.refused().count()
    }
}

/// How the line about an end closes.
struct Told(Option<Sentence>);

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(sentence) = &self.0 else { return Ok(()) };
        write!(f, "; {}, and is in quarantine for {} s", sentence.cause, sentence.length.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::refusals::{Why, mount_name};
    use std::time::Duration;

    fn late(name: &str, cause: Cause) -> Late {
        let (ran, deadline) = (Duration::ZERO, Duration::from_secs(30));
        Late { process: 1, name: name.into(), id: [0; 32], ran, deadline, cause }
    }

    #[test]
    fn workers_are_told_once_of_each_change_and_of_mounts_first() {
        let (mut judge, now) = (Judge::default(), Instant::now());
        assert_eq!(judge.news(now, 1000), None);
        judge.hear_late(&late("a", Cause::Overdue), now);
        judge.hear_waiting(&[7], now);
        let refusal = |name: &[u8], why, until| Refusal { name: name.to_vec(), why, until };
        let both = vec![refusal(&mount_name(7), Why::Stalled, 0), refusal(b"a", Why::Overdue, 61_000)];
        assert_eq!((judge.news(now, 1000), judge.news(now, 1000)), (Some(both), None));
        judge.hear_waiting(&[7], now);
        judge.release(now);
        assert_eq!(judge.news(now, 1000), None);
        judge.lift();
        assert_eq!((judge.news(now, 1000), judge.len()), (None, 0));
    }

    #[test]
    fn a_sentence_closes_the_line_about_it() {
        let (mut judge, now) = (Judge::default(), Instant::now());
        assert_eq!(Told(judge.record(b"a", Cause::Crash, now)).to_string(), "");
        let told = Told(judge.record(b"a", Cause::Crash, now)).to_string();
        assert_eq!(told, "; it ends workers, and is in quarantine for 600 s");
    }
}
