//! What the worker tells the supervisor of itself, in its slot of the scoreboard.
//! Must not judge: whether it takes too long is for the supervisor to say.

use std::rc::Rc;
use std::time::Duration;

use crate::account::Account;
use crate::derive::plan::Class;
use crate::process::refusals::{Why, master_of, mount_name};
use crate::process::scoreboard::slow::{Master, SLOW};
use crate::process::scoreboard::{Entry, Scoreboard, now};

/// The worker's slot on the scoreboard.
pub(super) struct Place {
    scoreboard: Rc<Scoreboard>,
    slot: usize,
    entry: Entry,
    /// Whether anything was refused when the request was begun.
    refusing: bool,
    /// What was done for the request.
    account: Account,
    /// Its class, once that is known.
    class: Option<Class>,
}

impl Place {
    /// Takes the slot, which shows the supervisor that this worker is ready.
    pub(super) fn take(scoreboard: Rc<Scoreboard>, slot: usize, account: Account) -> Self {
        let entry = Entry { process: std::process::id(), ..Entry::default() };
        scoreboard.write(slot, &entry);
        Self { scoreboard, slot, entry, refusing: false, account, class: None }
    }

    /// Work on a request begins: time counts from here. Until more is known of it, it has the name that it came by. That
    /// is soon, so nobody is told yet: parsing a URL waits for nothing and takes no time.
    pub(super) fn begin(&mut self, line: Vec<u8>, id: &[u8]) {
        self.entry.busy_since = now();
        self.entry.id = id.first_chunk().copied().unwrap_or_default();
        self.entry.request = line;
        self.refusing = self.scoreboard.refuses_anything();
        self.class = None;
    }

    /// The name under which the worker is at work.
    pub(super) fn name(&self) -> &[u8] {
        &self.entry.request
    }

    /// The request is of this class.
    pub(super) fn is_of(&mut self, class: Class) {
        self.class = Some(class);
    }

    /// The work goes on under this name: what it has to be blamed for from here on.
    pub(super) fn go_on_with(&mut self, name: &[u8]) {
        self.entry.request.clear();
        self.entry.request.extend_from_slice(name);
        self.publish();
    }

    /// The worker goes to a mount that may cease to answer.
    pub(super) fn go_to(&mut self, device: u64) {
        self.entry.device = device;
        self.publish();
    }

    /// The worker is not at a mount any more; the device at which it was, or 0.
    pub(super) fn come_back(&mut self) -> u64 {
        let device = std::mem::take(&mut self.entry.device);
        if device != 0 {
            self.publish();
        }
        device
    }

    /// Since when each other worker that is at this device has been busy.
    pub(super) fn others_since(&self, device: u64) -> Vec<u64> {
        let slots = (0..self.scoreboard.slots()).filter(|slot| *slot != self.slot);
        let entries = slots.filter_map(|slot| self.scoreboard.read(slot));
        entries.filter(|entry| entry.device == device).map(|entry| entry.busy_since).collect()
    }

    /// How long the work has taken so far.
    pub(super) fn worked(&self) -> Duration {
        Duration::from_millis(now().saturating_sub(self.entry.busy_since))
    }

    /// Work begins after a wait that was none of its own: time counts from here.
    pub(super) fn begin_again(&mut self) {
        self.entry.busy_since = now();
        self.publish();
    }

    /// The request is answered.
    pub(super) fn finish(&mut self) {
        self.entry.served += 1;
        if self.account.worked() >= SLOW {
            self.note_slow();
        }
        self.pass_on();
    }

    fn note_slow(&self) {
        let Some(path) = master_of(&self.entry.request) else { return };
        self.scoreboard.slow(self.slot).note(Master {
            path: path.to_vec(),
            worst: self.account.worked(),
            times: 1,
            hindrances: self.account.hindrances(),
            last: now(),
        });
    }

    /// The answer, of this status and so many bytes, is sent.
    pub(super) fn count(&self, status: u16, sent: u64) {
        self.scoreboard.counters(self.slot).answered(self.class, status, sent, &self.account);
    }

    /// Somebody else has the request.
    pub(super) fn pass_on(&mut self) {
        self.entry.busy_since = 0;
        self.entry.device = 0;
        self.entry.request.clear();
        self.publish();
    }

    /// Why work that has one of these names is not to be tried now, if so.
    pub(super) fn why_refused(&self, names: &[&[u8]]) -> Option<Why> {
        self.refusing.then(|| self.scoreboard.why_refused(names)).flatten()
    }

    /// Why nobody, or not everybody, may go to this device now, if so.
    pub(super) fn why_mount_refused(&self, device: u64) -> Option<Why> {
        self.why_refused(&[&mount_name(device)])
    }

    /// Writes all of this down.
    pub(super) fn publish(&self) {
        self.scoreboard.write(self.slot, &self.entry);
    }
}
