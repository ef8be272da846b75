//! Work that is done once for all who want its outcome, and only while somebody does.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::rc::{Rc, Weak};

use tokio::sync::{Notify, watch};
use tokio::task::spawn_local;

/// Work under way, by what it yields.
pub(super) struct Once<K, T> {
    under_way: RefCell<HashMap<K, Weak<Job<T>>>>,
}

/// A piece of work.
struct Job<T> {
    outcome: watch::Sender<Option<T>>,
    urgency: Rc<Urgency>,
}

/// Whether somebody waits for a piece of work, or it is done ahead of need.
#[derive(Debug, Default)]
pub(super) struct Urgency {
    is_urgent: Cell<bool>,
    rises: Notify,
}

/// Who waits for a piece of work. When nobody does any more, it is dropped.
pub(super) struct Waiting<T>(watch::Receiver<Option<T>>);

impl<K: Clone + Eq + Hash + 'static, T: Clone + 'static> Once<K, T> {
    /// No work.
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self { under_way: RefCell::default() })
    }

    /// The work under way that yields this, if there is one.
    pub(super) fn join(&self, key: &K, is_urgent: bool) -> Option<Waiting<T>> {
        let job = self.under_way.borrow().get(key)?.upgrade()?;
        if is_urgent {
            job.urgency.rise();
        }
        Some(Waiting(job.outcome.subscribe()))
    }

    /// Whether there is work under way that yields this.
    pub(super) fn is_under_way(&self, key: &K) -> bool {
        self.under_way.borrow().get(key).is_some_and(|job| job.strong_count() > 0)
    }

    /// Begins work that yields all of these.
    pub(super) fn begin<F: Future<Output = T> + 'static>(
        self: &Rc<Self>,
        keys: Vec<K>,
        is_urgent: bool,
        work: impl FnOnce(Rc<Urgency>) -> F,
    ) -> Waiting<T> {
        let urgency = Rc::new(Urgency { is_urgent: Cell::new(is_urgent), rises: Notify::new() });
        let (outcome, waiting) = watch::channel(None);
        let job = Rc::new(Job { outcome, urgency: Rc::clone(&urgency) });
        let entries = keys.iter().map(|key| (key.clone(), Rc::downgrade(&job)));
        self.under_way.borrow_mut().extend(entries);
        let (all, work) = (Rc::clone(self), work(urgency));
        spawn_local(async move {
            let outcome = tokio::select! {
                outcome = work => Some(outcome),
                () = job.outcome.closed() => None,
            };
            let mut under_way = all.under_way.borrow_mut();
            for key in &keys {
                if under_way.get(key).is_some_and(|known| known.as_ptr() == Rc::as_ptr(&job)) {
                    under_way.remove(key);
                }
            }
            job.outcome.send_replace(outcome);
        });
        Waiting(waiting)
    }
}

impl<T: Clone> Waiting<T> {
    /// The outcome; None if the work was dropped without one.
    pub(super) async fn outcome(mut self) -> Option<T> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}

impl Urgency {
    /// Somebody waits from the start.
    pub(super) fn urgent() -> Rc<Self> {
        Rc::new(Self { is_urgent: Cell::new(true), rises: Notify::new() })
    }

    fn rise(&self) {
        self.is_urgent.set(true);
        self.rises.notify_waiters();
    }

    /// Whether somebody waits.
    pub(super) fn is_urgent(&self) -> bool {
        self.is_urgent.get()
    }

    /// Waits until somebody does.
    pub(super) async fn risen(&self) {
        let rises = self.rises.notified();
        if !self.is_urgent() {
            rises.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::tests::alone;

    #[test]
    fn whoever_wants_the_same_waits_for_the_same_work() {
        alone(async {
            let (once, begun) = (Once::<u32, u32>::new(), Rc::new(Cell::new(0)));
            let (go, gate) = watch::channel(false);
            let work = |_| {
                begun.set(begun.get() + 1);
                let mut gate = gate.clone();
                async move { gate.wait_for(|open| *open).await.map_or(0, |_| 42) }
            };
            let first = once.begin(vec![1, 2], false, work);
            let others: Vec<_> = [1, 2, 1].into_iter().filter_map(|key| once.join(&key, true)).collect();
            assert!(once.join(&3, true).is_none() && once.is_under_way(&2));
            go.send_replace(true);
            assert_eq!(first.outcome().await, Some(42));
            assert_eq!(others.len(), 3);
            for other in others {
                assert_eq!(other.outcome().await, Some(42));
            }
            assert!(!once.is_under_way(&1) && once.join(&2, true).is_none());
            assert_eq!(begun.get(), 1);
        });
    }

    #[test]
    fn work_that_nobody_wants_any_more_is_dropped() {
        alone(async {
            let once = Once::<u32, u32>::new();
            let alive = Rc::new(());
            let held = Rc::clone(&alive);
            let waiting = once.begin(vec![1], true, |_| async move {
                let _held = held;
                std::future::pending().await
            });
            let other = once.join(&1, true).expect("under way");
            drop(waiting);
            tokio::task::yield_now().await;
            assert!(once.is_under_way(&1));
            drop(other);
            while Rc::strong_count(&alive) > 1 {
                tokio::task::yield_now().await;
            }
            assert!(!once.is_under_way(&1));
        });
    }

    #[test]
    fn what_is_done_ahead_becomes_urgent_when_somebody_waits() {
        alone(async {
            let once = Once::<u32, bool>::new();
            let ahead = once.begin(vec![1], false, |urgency| async move {
                urgency.risen().await;
                urgency.is_urgent()
            });
            let _second = once.join(&1, true);
            assert_eq!(ahead.outcome().await, Some(true));
        });
    }
}
