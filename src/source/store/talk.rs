//! Asking the fetcher, and waiting for its replies for as long as whoever asks may wait.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use crate::blocks::{Answer, Ask, Entrance, Pending, Refused, Spent};
use crate::error::{Busy, MasterError};
use crate::watch::Watch;

/// How often it is looked whether the client is still there, in milliseconds.
const LOOK: u32 = 50;

/// How long is waited for what the fetcher knows by heart: it answers such things in a tenth of that.
const MOMENT: Duration = Duration::from_millis(2);

/// When to try again what the fetcher could not take or do, and what only the operator can mend.
const SOON: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(30);

/// How long is waited for what is in stores.
#[derive(Clone, Default)]
pub enum Patience {
    /// For no network: what is not here is [`Away`](crate::error::Error::Away).
    #[default]
    None,
    /// As long as this lets it.
    Until(Watch),
}

/// The connection with the fetcher.
#[derive(Default)]
pub(super) struct Talk {
    counter: Option<Entrance>,
    patience: RefCell<Patience>,
    spent: Cell<Spent>,
    /// The number of masters that were looked for.
    turn: Cell<u64>,
}

/// A question that was asked.
#[derive(Debug)]
pub(super) struct Question {
    ask: Ask,
    reply: Pending,
    /// Whether it was asked again, because the fetcher ended.
    again: bool,
}

/// An answer, with the block file that may have come with it.
pub(super) type Answered = (Answer, Option<OwnedFd>);

impl Talk {
    pub(super) fn ask_at(&mut self, counter: Entrance) {
        self.counter = Some(counter);
    }

    pub(super) fn wait(&self, patience: Patience) {
        self.patience.replace(patience);
    }

    pub(super) fn take_spent(&self) -> Spent {
        self.spent.take()
    }

    /// Another master is looked for.
    pub(super) fn begin_turn(&self) {
        self.turn.set(self.turn.get().wrapping_add(1));
    }

    pub(super) fn turn(&self) -> u64 {
        self.turn.get()
    }

    /// Whether nobody waits for a network.
    pub(super) fn is_hasty(&self) -> bool {
        matches!(*self.patience.borrow(), Patience::None)
    }

    /// Asks.
    pub(super) fn ask(&self, ask: Ask) -> Result<Question, MasterError> {
        let reply = self.put(&ask)?;
        Ok(Question { ask, reply, again: false })
    }

    fn put(&self, ask: &Ask) -> Result<Pending, MasterError> {
        let counter = self.counter.as_ref().ok_or(busy(Busy::Fetcher, LATER))?;
        counter.put(ask).map_err(|error| {
            if error.kind() != ErrorKind::WouldBlock {
                log::error!("cannot ask the fetcher: {error}");
            }
            busy(Busy::Fetcher, SOON)
        })
    }

    /// Waits for the answer. None if there is none yet, and nobody may wait.
    pub(super) fn answer(&self, question: &mut Question) -> Result<Option<Answered>, MasterError> {
        let patience = self.patience.borrow().clone();
        let begun = Instant::now();
        loop {
            match question.reply.take() {
                Ok(Some((reply, file))) => {
                    self.spent.set(self.spent.get().and(reply.spent));
                    return Ok(Some((reply.answer, file)));
                }
                Ok(None) => {}
                // The fetcher ended with it in its hands.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof && !question.again => {
                    question.again = true;
                    question.reply = self.put(&question.ask)?;
                }
                Err(error) => {
                    log::warn!("the fetcher gave no answer: {error}");
                    return Err(busy(Busy::Fetcher, SOON));
                }
            }
            match &patience {
                Patience::Until(watch) => {
                    watch.check()?;
                    question.reply.wait(LOOK);
                }
                Patience::None if begun.elapsed() >= MOMENT => return Ok(None),
                Patience::None => question.reply.wait(MOMENT.as_millis() as u32),
            }
        }
    }
}

/// What to tell a client.
pub(super) fn refused(refused: Refused) -> MasterError {
    let (why, wait) = match refused {
        Refused::Down { wait } => (Busy::StoreDown, wait),
        Refused::Slow { wait } => (Busy::StoreSlow, wait),
        Refused::Throttled { wait } => (Busy::StoreThrottles, wait),
        Refused::Forbidden => (Busy::StoreRefuses, LATER),
        Refused::Lying(what) => {
            log::warn!("its store sent something else than it was asked for: {what}");
            (Busy::StoreLies, LATER)
        }
        Refused::NoDisk => (Busy::BlockCache, LATER),
    };
    busy(why, wait)
}

/// For an answer to another question than was asked.
pub(super) fn beside_the_point(answer: &Answer) -> MasterError {
    log::error!("the fetcher answers what was not asked: {answer:?}");
    busy(Busy::Fetcher, SOON)
}

pub(super) fn busy(why: Busy, wait: Duration) -> MasterError {
    MasterError::Busy { why, wait }
}
