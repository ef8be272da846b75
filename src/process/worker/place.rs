//! What the worker tells the supervisor of itself, in its slot of the scoreboard.
//! Must not judge: whether it takes too long is for the supervisor to say.

use std::io;

use crate::process::scoreboard::{Entry, Scoreboard, now};

/// The worker's slot on the scoreboard.
pub(super) struct Place {
    scoreboard: Scoreboard,
    slot: usize,
    entry: Entry,
}

impl Place {
    /// Takes the slot, which shows the supervisor that this worker is ready.
    ///
    /// # Errors
    /// If the scoreboard cannot be written to.
    pub(super) fn take(scoreboard: Scoreboard, slot: usize) -> io::Result<Self> {
        let entry = Entry { process: std::process::id(), ..Entry::default() };
        scoreboard.write(slot, &entry)?;
        Ok(Self { scoreboard, slot, entry })
    }

    /// Work on a request begins: time counts from here. Until more is known of it, it has the name that it came by.
    pub(super) fn begin(&mut self, line: Vec<u8>) {
        self.entry.busy_since = now();
        self.entry.request = line;
        self.publish();
    }

    /// The work goes on under this name: what it has to be blamed for from here on.
    pub(super) fn go_on_with(&mut self, name: &[u8]) {
        self.entry.request.clear();
        self.entry.request.extend_from_slice(name);
        self.publish();
    }

    /// Work begins after a wait that was none of its own: time counts from here.
    pub(super) fn begin_again(&mut self) {
        self.entry.busy_since = now();
        self.publish();
    }

    /// The request is answered.
    pub(super) fn finish(&mut self) {
        self.entry.served += 1;
        self.pass_on();
    }

    /// Somebody else has the request.
    pub(super) fn pass_on(&mut self) {
        self.entry.busy_since = 0;
        self.entry.request.clear();
        self.publish();
    }

    /// Whether work of this name has ended too many workers.
    pub(super) fn is_quarantined(&self, name: &[u8]) -> bool {
        self.scoreboard.is_quarantined(name)
    }

    fn publish(&self) {
        if let Err(error) = self.scoreboard.write(self.slot, &self.entry) {
            log::error!("cannot write to the scoreboard: {error}");
        }
    }
}
