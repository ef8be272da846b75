//! What a worker says of itself, and what its supervisor says of it, as numbers in its slot.

use std::sync::atomic::{AtomicU64, Ordering};

use super::pieces;
use crate::process::lane::Lane;

/// Numbers of an entry, the one before it included.
pub(super) const ENTRY: usize = 128;

/// Numbers before the request, the one before the entry included.
const HEAD: usize = 6 + ID / 8;

/// Bytes of an id.
const ID: usize = 32;

/// Most bytes of a request that are stored; longer ones are distinguished by their beginning alone.
pub const REQUEST_LENGTH: usize = (ENTRY - HEAD) * 8;

/// Numbers of a post.
pub(super) const POST: usize = 8;

/// What a worker reports of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its process id. It is there once the worker is ready for requests.
    pub process: u32,
    /// When it began the request, on the clock of [`now`](super::now); 0 if it is idle.
    pub busy_since: u64,
    /// Requests that it finished.
    pub served: u64,
    /// The device of the mount on which the worker opens or reads a master at this moment; 0 if that is the mount of the
    /// root itself, or if it does something else.
    pub device: u64,
    /// What NGINX calls the current request; zeros if it does not.
    pub id: [u8; ID],
    /// The name of the current request, or of its master while no more is known; empty if it is idle.
    pub request: Vec<u8>,
}

impl Entry {
    /// Writes it, cutting an overlong request.
    pub(super) fn write(&self, words: &[AtomicU64]) {
        let length = self.request.len().min(REQUEST_LENGTH) as u64;
        let head = [self.process.into(), self.busy_since, self.served, self.device, length];
        pieces::write(words, |piece| {
            piece.iter().zip(head).for_each(|(word, value)| word.store(value, Ordering::Relaxed));
            pieces::put_bytes(piece.get(head.len()..).unwrap_or_default(), &self.id);
            pieces::put_bytes(piece.get(HEAD - 1..).unwrap_or_default(), &self.request);
        });
    }

    /// Reads it; None if that cannot be done in one piece.
    pub(super) fn read(words: &[AtomicU64]) -> Option<Self> {
        pieces::read(words, |piece| {
            let number = |at: usize| piece.get(at).map_or(0, |word| word.load(Ordering::Relaxed));
            Self {
                process: u32::try_from(number(0)).unwrap_or(0),
                busy_since: number(1),
                served: number(2),
                device: number(3),
                id: pieces::bytes(piece.get(5..).unwrap_or_default(), ID as u64)
                    .try_into()
                    .unwrap_or_default(),
                request: pieces::bytes(piece.get(HEAD - 1..).unwrap_or_default(), number(4)),
            }
        })
    }
}

/// What the supervisor says of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Post {
    /// Which requests it takes.
    pub lane: Lane,
    /// Its process id.
    pub process: u32,
    /// The generation that it belongs to.
    pub generation: u64,
    /// When it was started, on the clock of [`now`](super::now).
    pub started: u64,
    /// Whether it was asked to finish.
    pub draining: bool,
}

impl Post {
    /// Writes it, or that nobody has the slot. A reader may see a part of it; the lane comes last, and goes first.
    pub(super) fn write(post: Option<&Self>, words: &[AtomicU64]) {
        let put = |at: usize, value: u64| words[at].store(value, Ordering::Release);
        let Some(post) = post else { return put(0, 0) };
        let rest = [post.process.into(), post.generation, post.started, post.draining.into()];
        rest.into_iter().zip(1..).for_each(|(value, at)| put(at, value));
        put(0, post.lane as u64 + 1);
    }

    /// Reads it; None if nobody has the slot.
    pub(super) fn read(words: &[AtomicU64]) -> Option<Self> {
        let number = |at: usize| words[at].load(Ordering::Acquire);
        let lane = number(0).checked_sub(1)?;
        Some(Self {
            lane: Lane::ALL.into_iter().find(|one| *one as u64 == lane)?,
            process: u32::try_from(number(1)).unwrap_or(0),
            generation: number(2),
            started: number(3),
            draining: number(4) != 0,
        })
    }
}
