//! How many requests an endpoint has at once, and who waits for others.

use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::once::Urgency;

/// Most requests at once.
pub(super) const MOST: usize = 48;

/// An endpoint is idle if it has fewer requests than this. Only then is anything fetched ahead of need.
const IDLE: usize = 8;

/// The gate of an endpoint.
#[derive(Debug)]
pub(super) struct Gate {
    places: Arc<Semaphore>,
    frees: Rc<Notify>,
}

/// A place among the requests at once.
#[derive(Debug)]
pub(super) struct Place {
    permit: Option<OwnedSemaphorePermit>,
    frees: Rc<Notify>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(MOST)), frees: Rc::default() }
    }
}

impl Gate {
    /// Waits for a place: with the others if somebody waits for the outcome, otherwise until the endpoint is idle.
    pub(super) async fn enter(&self, urgency: &Urgency) -> Place {
        while !urgency.is_urgent() {
            let frees = self.frees.notified();
            if let Some(place) = self.if_idle() {
                return place;
            }
            tokio::select! {
                () = frees => {}
                () = urgency.risen() => {}
            }
        }
        // Never closed.
        self.place(Arc::clone(&self.places).acquire_owned().await.ok())
    }

    /// A place if the endpoint is idle.
    pub(super) fn if_idle(&self) -> Option<Place> {
        let is_idle = self.places.available_permits() > MOST - IDLE;
        let permit = is_idle.then(|| Arc::clone(&self.places).try_acquire_owned().ok()).flatten();
        permit.map(|permit| self.place(Some(permit)))
    }

    /// A place if there is one.
    pub(super) fn if_free(&self) -> Option<Place> {
        Arc::clone(&self.places).try_acquire_owned().ok().map(|permit| self.place(Some(permit)))
    }

    fn place(&self, permit: Option<OwnedSemaphorePermit>) -> Place {
        Place { permit, frees: Rc::clone(&self.frees) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.permit.take());
        self.frees.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::tests::alone;
    use tokio::task::{spawn_local, yield_now};

    #[test]
    fn what_nobody_waits_for_waits_until_the_endpoint_is_idle() {
        alone(async {
            let gate = Rc::new(Gate::default());
            let mut places = Vec::new();
            for _ in 0..IDLE {
                places.push(gate.enter(&Urgency::urgent()).await);
            }
            let ahead = spawn_local({
                let gate = Rc::clone(&gate);
                async move { gate.enter(&Urgency::default()).await }
            });
            for _ in 0..9 {
                yield_now().await;
            }
            assert!(!ahead.is_finished() && gate.if_idle().is_none() && gate.if_free().is_some());
            drop(places.pop());
            assert!(ahead.await.is_ok());
        });
    }
}
