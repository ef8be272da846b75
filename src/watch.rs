//! Whether the work on a request may go on: asked between tiles, bands and rows by whatever takes long, so that nothing
//! is made for somebody who has left, and no request takes longer than it may.
//! Knows no sockets: whoever begins the work says how to find out whether anybody waits for it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::error::Stopped;

/// How often the asker is looked for: asking is a system call, checking mostly not.
const PAUSE: Duration = Duration::from_millis(10);

/// The question whether to go on; its copies are one. Once the answer was no, it stays no, so that what cannot return an
/// error may just give up: whoever called it asks again.
#[derive(Clone, Default)]
pub struct Watch(Option<Rc<Limits>>);

struct Limits {
    has_left: Box<dyn Fn() -> bool>,
    deadline: Instant,
    pause: Duration,
    /// When the asker is looked for again.
    next: Cell<Instant>,
    stopped: Cell<Option<Stopped>>,
}

impl Watch {
    /// Ends the work when `has_left` says that nobody waits for it, or when it has taken `budget` from now on.
    pub fn new(budget: Duration, has_left: impl Fn() -> bool + 'static) -> Self {
        Self::asking_every(PAUSE, budget, has_left)
    }

    /// The same with another pause between two looks for the asker; with none, every check looks.
    pub fn asking_every(pause: Duration, budget: Duration, has_left: impl Fn() -> bool + 'static) -> Self {
        let now = Instant::now();
        Self(Some(Rc::new(Limits {
            has_left: Box::new(has_left),
            deadline: now + budget,
            pause,
            next: Cell::new(now + pause),
            stopped: Cell::new(None),
        })))
    }

    /// For work that may take as long as it takes, such as a command's.
    pub fn unlimited() -> Self {
        Self::default()
    }

    /// To be asked at least every few milliseconds of work. Mostly it costs a look at the clock, some 25 ns.
    ///
    /// # Errors
    /// [`Stopped`] if the work is to end.
    #[inline]
    pub fn check(&self) -> Result<(), Stopped> {
        self.0.as_ref().map_or(Ok(()), |limits| limits.check())
    }

    /// Whether to go on: for what knows no errors of this crate.
    pub fn goes_on(&self) -> bool {
        self.check().is_ok()
    }
}

impl Limits {
    fn check(&self) -> Result<(), Stopped> {
        let now = Instant::now();
        if now < self.next.get() {
            return Ok(());
        }
        let has_left = || (self.has_left)().then_some(Stopped::AskerLeft);
        let is_over = (now >= self.deadline).then_some(Stopped::OverBudget);
        let stopped = self.stopped.get().or(is_over).or_else(has_left);
        self.stopped.set(stopped);
        match stopped {
            // Not put off again: the next check finds the same.
            Some(why) => Err(why),
            None => {
                self.next.set(now + self.pause);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(pause: Duration, watch: &Watch) -> Option<Stopped> {
        std::thread::sleep(pause);
        watch.check().err()
    }

    #[test]
    fn work_ends_when_its_asker_has_left_or_its_time_is_up() {
        let long = Duration::from_secs(60);
        let gone = Rc::new(Cell::new(false));
        let watch = Watch::new(long, {
            let gone = Rc::clone(&gone);
            move || gone.get()
        });
        assert_eq!(after(2 * PAUSE, &watch), None);
        gone.set(true);
        assert_eq!(after(2 * PAUSE, &watch.clone()), Some(Stopped::AskerLeft));
        gone.set(false);
        assert_eq!(watch.check(), Err(Stopped::AskerLeft), "nobody comes back");
        assert_eq!(after(2 * PAUSE, &Watch::new(PAUSE, || false)), Some(Stopped::OverBudget));
        assert_eq!(after(PAUSE, &Watch::unlimited()), None);
    }
}
