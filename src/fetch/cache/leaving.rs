//! Block files that have no name any more. Workers may be reading them, so their room is given back only when nobody can
//! be at work with them: nobody begins with a file that is retired, or is no longer fresh, without asking.

use std::os::unix::fs::MetadataExt;
use std::rc::Rc;
use std::time::Duration;

use crate::blocks::{BlockFile, State, now};

/// A request takes no longer. If one should, it fails, and says so: no wrong bytes come of it.
const LONGEST_REQUEST: Duration = Duration::from_secs(120);

/// Files on their way out.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    files: Vec<Gone>,
    bytes: u64,
}

#[derive(Debug)]
struct Gone {
    file: Rc<BlockFile>,
    bytes: u64,
    /// When nobody can be at work with it, on the clock of the host.
    free: u64,
}

impl Leaving {
    /// Retires a file that was last found so long ago.
    pub(super) fn enter(&mut self, file: Rc<BlockFile>, found: Duration) {
        let now = now();
        let found = now.saturating_sub(nanoseconds(found));
        let last = file.state().map_or(now, |state| state.fresh_until.min(now).max(found));
        // On a disk that fails workers read nothing either.
        let _ = file.set_state(State { fresh_until: 0, retired: true });
        let bytes = file.file().metadata().map_or(0, |of| of.blocks().saturating_mul(512));
        let free = last.saturating_add(nanoseconds(LONGEST_REQUEST));
        self.bytes += bytes;
        self.files.push(Gone { file, bytes, free });
        self.see_off();
    }

    /// Bytes on disk of all of them.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives back the room of those that nobody can be at work with.
    pub(super) fn see_off(&mut self) {
        let now = now();
        self.let_go(|gone| gone.free <= now);
    }

    /// Gives back the room of those that left first, until the others take no more than so many bytes: for want of room.
    pub(super) fn cut_down(&mut self, most: u64) {
        let mut surplus = self.bytes.saturating_sub(most);
        self.let_go(|gone| {
            let goes = surplus > 0;
            surplus = surplus.saturating_sub(gone.bytes);
            goes
        });
    }

    fn let_go(&mut self, mut goes: impl FnMut(&Gone) -> bool) {
        self.files.retain(|gone| {
            let goes = goes(gone);
            if goes {
                // If it cannot be cut off, its room is given back when the last one closes it.
                let _ = gone.file.cut_off();
                self.bytes -= gone.bytes;
            }
            !goes
        });
    }
}

fn nanoseconds(time: Duration) -> u64 {
    time.as_nanos().try_into().unwrap_or(u64::MAX)
}
