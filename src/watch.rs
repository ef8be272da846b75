//! Whether the work on a request may go on: asked between tiles, bands and rows by whatever takes long, so that nothing
//! is made for somebody who has left, and no request takes longer than it may.
//! Knows no sockets: whoever begins the work says how to find out whether anybody waits for it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::error::{Error, Stopped};

/// How often the asker is looked for: asking is a system call, checking mostly not.
const PAUSE: Duration = Duration::from_millis(10);

/// The question whether to go on; its copies are one.
#[derive(Clone, Default)]
pub struct Watch(Option<Rc<Limits>>);

struct Limits {
    has_left: Box<dyn Fn() -> bool>,
    deadline: Instant,
    /// When the asker is looked for again.
    next: Cell<Instant>,
}

impl Watch {
    /// Ends the work when `has_left` says that nobody waits for it, or when it has taken `budget` from now on.
    pub fn new(budget: Duration, has_left: impl Fn() -> bool + 'static) -> Self {
        let now = Instant::now();
        let limits =
            Limits { has_left: Box::new(has_left), deadline: now + budget, next: Cell::new(now + PAUSE) };
        Self(Some(Rc::new(limits)))
    }

    /// For work that may take as long as it takes, such as a command's.
    pub fn unlimited() -> Self {
        Self::default()
    }

    /// To be asked at least every few milliseconds of work.
    ///
    /// # Errors
    /// [`Error::Stopped`] if the work is to end.
    pub fn check(&self) -> Result<(), Error> {
        let Some(limits) = &self.0 else { return Ok(()) };
        let now = Instant::now();
        if now < limits.next.get() {
            return Ok(());
        }
        limits.next.set(now + PAUSE);
        if now >= limits.deadline {
            return Err(Error::Stopped(Stopped::OverBudget));
        }
        if (limits.has_left)() {
            return Err(Error::Stopped(Stopped::AskerLeft));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(pause: Duration, watch: &Watch) -> Option<Stopped> {
        std::thread::sleep(pause);
        match watch.check() {
            Ok(()) => None,
            Err(Error::Stopped(why)) => Some(why),
            Err(other) => panic!("{other}"),
        }
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
        assert_eq!(after(2 * PAUSE, &Watch::new(PAUSE, || false)), Some(Stopped::OverBudget));
        assert_eq!(after(PAUSE, &Watch::unlimited()), None);
    }
}
