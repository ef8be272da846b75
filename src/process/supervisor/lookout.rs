//! Whether the directories of masters are there: looked for every second by a thread of its own, so that a file system
//! that does not answer holds up nobody. Who wants to know reads what was found, and when, on the scoreboard.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::process::scoreboard::{Notice, Scoreboard, now};

/// How often they are looked for.
const PAUSE: Duration = Duration::from_secs(1);

/// The thread that looks for some directories, until this is dropped.
#[derive(Debug)]
pub(super) struct Lookout {
    roots: Vec<PathBuf>,
    dismissed: Arc<AtomicBool>,
}

impl Lookout {
    /// Looks for these directories from now on.
    ///
    /// # Errors
    /// If the system has no thread for it.
    pub(super) fn new(roots: Vec<PathBuf>, board: Arc<Scoreboard>) -> io::Result<Self> {
        let dismissed = Arc::new(AtomicBool::new(false));
        let lookout = Self { roots: roots.clone(), dismissed: Arc::clone(&dismissed) };
        let look = move || {
            // The last look of one who was dismissed meanwhile is of no interest.
            while !dismissed.load(Ordering::Relaxed) {
                let gone = roots.iter().filter(|root| !root.is_dir()).count();
                if !dismissed.load(Ordering::Relaxed) {
                    board.put_notice(Notice::Gone, gone as u64);
                    board.put_notice(Notice::Looked, now());
                }
                std::thread::sleep(PAUSE);
            }
        };
        std::thread::Builder::new().name("lookout".into()).spawn(look)?;
        Ok(lookout)
    }

    /// What it looks for.
    pub(super) fn roots(&self) -> &[PathBuf] {
        &self.roots
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        self.dismissed.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn until(what: impl Fn() -> bool) {
        let start = Instant::now();
        while !what() {
            assert!(start.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn what_goes_is_missed_and_what_comes_back_is_seen() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().join("masters");
        std::fs::create_dir(&root).expect("made");
        let board = Arc::new(Scoreboard::create().expect("memory"));
        let _lookout = Lookout::new(vec![root.clone()], Arc::clone(&board)).expect("a thread");
        let gone = || board.notice(Notice::Gone);
        until(|| board.notice(Notice::Looked) > 0);
        assert_eq!(gone(), 0);
        std::fs::remove_dir(&root).expect("removed");
        until(|| gone() == 1);
        std::fs::create_dir(&root).expect("made");
        until(|| gone() == 0);
    }
}
