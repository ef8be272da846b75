//! Clients that ask without a pause, from several threads, until they are stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

/// A running load whose requests each come to a `T`.
pub struct Load<T> {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicU32>,
    clients: Vec<JoinHandle<Vec<T>>>,
}

impl<T: Send + 'static> Load<T> {
    /// Starts `clients` threads that call `ask` with the number of the request, another one each time, until it gives
    /// `None`.
    pub fn start(clients: usize, ask: impl Fn(u32) -> Option<T> + Clone + Send + 'static) -> Self {
        let (stop, asked) = (Arc::<AtomicBool>::default(), Arc::<AtomicU32>::default());
        let client = |_| {
            let (stop, asked, ask) = (Arc::clone(&stop), Arc::clone(&asked), ask.clone());
            thread::spawn(move || {
                let mut outcomes = Vec::new();
                while !stop.load(Ordering::Relaxed)
                    && let Some(outcome) = ask(asked.fetch_add(1, Ordering::Relaxed))
                {
                    outcomes.push(outcome);
                }
                outcomes
            })
        };
        let clients = (0..clients).map(client).collect();
        Self { stop, asked, clients }
    }

    /// How many requests have been begun.
    pub fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }

    /// What all requests came to.
    pub fn end(self) -> Vec<T> {
        self.stop.store(true, Ordering::Relaxed);
        self.clients.into_iter().flat_map(|client| client.join().expect("no panic")).collect()
    }
}
