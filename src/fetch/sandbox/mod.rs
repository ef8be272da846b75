//! The walls around the process that fetches. It alone has credentials and the network, and what it reads there was written by
//! others: so it reaches the block cache, the files that its credentials come from, and the ports of its stores; it starts no
//! program, has no more rights than it began with, and no other process of the same user looks into its memory.
//!
//! As around workers, each wall stands by itself, and the process goes on without those that this kernel cannot put up.

mod calls;
mod reach;

use std::path::PathBuf;

use rustix::process::Resource;

use super::environment::Environment;
use super::remote::ports;
use crate::source::{CacheSettings, StoreSettings};
use crate::walls::{close_memory, limit};

/// Bytes of memory. With all connections in use it takes a third of that.
const MEMORY: u64 = 256 << 20;

/// Descriptors: an ask each, connections, and block files in use.
const DESCRIPTORS: u64 = 16 << 10;

/// What it needs once it is inside.
#[derive(Clone, Debug)]
pub(super) struct Needs {
    /// The directory of the block cache.
    cache: PathBuf,
    /// Files that are read again and again.
    files: Vec<PathBuf>,
    /// Ports that it connects to.
    ports: Vec<u16>,
}

impl Needs {
    pub(super) fn of<'s>(
        cache: &CacheSettings,
        stores: impl Iterator<Item = (usize, &'s StoreSettings)>,
        environment: &Environment,
    ) -> Self {
        Self {
            cache: cache.directory.clone(),
            files: environment.files().collect(),
            ports: ports(stores.map(|(_, store)| store), environment),
        }
    }
}

/// Confines this process, which must have one thread as yet. Returns which walls cannot be put up, and why.
pub(super) fn confine(needs: &Needs) -> Vec<String> {
    limit(Resource::Data, MEMORY);
    limit(Resource::Nofile, DESCRIPTORS);
    // In this order: behind the last one the calls for the others are refused.
    [close_memory(), reach::confine(needs), calls::confine()].into_iter().filter_map(Result::err).collect()
}
