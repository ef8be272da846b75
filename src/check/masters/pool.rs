//! Many files at a time, each in one of several processes.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::child::{Looker, Start};
use super::outcome::Outcome;
use super::walk::Met;

/// Answers that wait to be taken.
const WAITING: usize = 256;

/// How often `tick` is called while there is no answer.
const TICK: Duration = Duration::from_secs(1);

/// Looks at all files in `processes` processes, and gives each answer to `take`, as it comes.
///
/// # Errors
/// Those of `take`, which end the work; or if processes cannot be started.
pub(super) fn look_at_all(
    files: Vec<Met>,
    processes: usize,
    start: &Start,
    mut take: impl FnMut(Option<Outcome>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let (answers, taken) = sync_channel(WAITING);
    let files = Mutex::new(files.into_iter());
    thread::scope(|scope| {
        for _ in 0..processes {
            let (answers, files) = (answers.clone(), &files);
            scope.spawn(move || {
                let mut looker = Looker::new(start.clone());
                let next = || files.lock().unwrap_or_else(PoisonError::into_inner).next();
                while let Some(met) = next() {
                    // Nobody takes answers any more once one could not be taken.
                    if answers.send(known(met, &mut looker)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(answers);
        // Dropped when an answer could not be taken, so that nobody waits for a place for the next.
        let taken = taken;
        loop {
            match taken.recv_timeout(TICK) {
                Ok(outcome) => take(Some(outcome?))?,
                Err(RecvTimeoutError::Timeout) => take(None)?,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    })
}

fn known(met: Met, looker: &mut Looker) -> anyhow::Result<Outcome> {
    match met {
        Met::Known(outcome) => Ok(*outcome),
        Met::File(job, notes) => {
            let mut outcome = looker.look(&job)?;
            outcome.notes.extend(notes);
            Ok(outcome)
        }
    }
}
