//! `recto fetch`: the one process of a host that speaks with stores, for all workers of it. It takes asks at the counter, brings
//! what is missing into block files that workers read, and holds all that the network needs: credentials, time-outs, retries.
//! Workers have none of that.
//!
//! What is decided stands in small files of plain values: [`failure`], [`retry`], [`breaker`], [`hedge`], [`join`], [`choice`],
//! [`freshness`]. What waits is [`engine`] over [`origin`], [`endpoint`] and [`remote`]; [`server`] is its door to workers.

mod breaker;
mod cache;
mod choice;
pub mod counts;
mod endpoint;
mod engine;
pub mod environment;
mod failure;
mod freshness;
mod gate;
mod hedge;
mod join;
mod listing;
mod once;
mod origin;
pub mod probe;
mod remote;
mod retry;
mod sandbox;
mod secrets;
mod server;
#[cfg(test)]
mod tests;

use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::rc::Rc;
use std::sync::Arc;

use anyhow::Context;
use nix::sys::signal::SigSet;
use signal_hook::consts::{SIGINT, SIGUSR1};
use tokio::runtime;
use tokio::task::LocalSet;

use crate::blocks::Exit;
use crate::config::Config;
use crate::inherited::{descriptor_path, end_with};
use crate::logging;
use cache::Cache;
use counts::Counts;
use engine::Engine;
use environment::Environment;
pub use listing::listing;

/// What the supervisor gives to the fetcher, beside the exit of the counter as its standard input.
#[derive(Clone, Debug)]
pub struct Inheritance {
    /// The descriptor of the configuration's text, as the supervisor checked it.
    pub config: RawFd,
    /// The descriptor of [`Counts`].
    pub counts: RawFd,
    /// The process id of the supervisor.
    pub supervisor: u32,
}

/// Threads beside the one that does all the work: names of hosts are resolved there, by a function that blocks.
const RESOLVERS: usize = 4;

/// Fetches until SIGTERM; then answers what is in hand, and returns.
///
/// # Errors
/// If it cannot start: a store or the block cache cannot be used as they are configured.
pub fn run(inherited: &Inheritance) -> anyhow::Result<()> {
    end_with(inherited.supervisor)?;
    // A ^C in the terminal reaches all processes in the foreground; the supervisor decides what it means.
    signal_hook::flag::register(SIGINT, Arc::default())?;
    // Meant for the supervisor, and easily sent to all.
    signal_hook::flag::register(SIGUSR1, Arc::default())?;
    let end = server::end()?;
    // The supervisor has them blocked, and so had this process until here.
    SigSet::all().thread_unblock()?;
    // It was started by another name than its program has.
    let _ = nix::sys::prctl::set_name(c"recto fetch");

    let text = std::fs::read_to_string(descriptor_path(inherited.config))
        .context("cannot read the configuration")?;
    let serving = Config::parse(&text)?.serving;
    logging::follow(&serving.log);
    let counts = Counts::open(&descriptor_path(inherited.counts)).context("cannot open what is counted")?;
    let counts = Rc::new(counts);
    let exit: OwnedFd = io::stdin().as_fd().try_clone_to_owned().context("there is no counter")?;
    let environment = Environment::of_process();
    // Certificates and passwords are read here, before there are walls.
    let origins = origin::all(serving.masters.stores(), &environment, &counts)?;
    let cached = &serving.block_cache;
    let unusable = || format!("the block cache in {} cannot be used", cached.directory.display());
    cache::make(&cached.directory).with_context(unusable)?;
    if serving.pool.sandbox {
        let needs = sandbox::Needs::of(cached, serving.masters.stores(), &environment);
        for lack in sandbox::confine(&needs) {
            log::warn!("the process that fetches goes on without a wall: {lack}");
        }
    }
    // Threads begin here, within the walls.
    let cache = Cache::open(cached).with_context(unusable)?;
    let runtime =
        runtime::Builder::new_current_thread().enable_all().max_blocking_threads(RESOLVERS).build()?;
    let served = LocalSet::new().block_on(&runtime, async {
        let engine = Engine::new(origins, cache, counts, cached.fresh);
        server::serve(engine, Exit::from(exit), end).await
    });
    // Whoever resolves a name in vain is not waited for.
    runtime.shutdown_background();
    served
}
