//! A worker: wait for a request, respond, write, close. One thread, one request, allowed to die.
//! Must not know what a request means (that is `respond.rs`), nor judge itself: the supervisor watches its slot.
//! A faulty peer loses its connection, but never ends the worker.
//!
//! Front workers take what arrives at the listening socket and answer what is cheap. The rest they hand over, connection
//! and all, to back workers, which have a low priority. So a tile never waits for a page. What is in a store and not on this
//! machine they hand over to far workers, which mostly wait. So what is here never waits for what is not.

mod back;
mod connection;
mod desk;
mod front;
mod place;
pub mod sandbox;
mod station;
mod storage;
mod waiting_room;

use std::io::{self, Write};
use std::iter;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, ensure};
use nix::sys::signal::SigSet;
use rustix::process::nice;
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

use crate::account::{Account, NoPlace, Stage, Way};
use crate::blocks::Entrance;
use crate::body::Body;
use crate::config::Config;
use crate::error::Error;
use crate::http::refusal::refusal;
use crate::http::{Request, Response};
use crate::inherited::{descriptor_path, end_with};
use crate::process::lane::Lane;
use crate::process::ledger::Ledger;
use crate::process::queue::{Given, Queues};
use crate::process::refusals::mount_name;
use crate::process::scoreboard::Scoreboard;
use crate::process::status::{Page, Stores};
use crate::respond::Service;
use crate::source::Sources;
use crate::{complaints, fastcgi, logging};
use back::Back;
use connection::Reply;
use desk::WorkerDesk;
use front::Front;
use place::Place;
use station::{Arrival, Shared, Station};
use storage::Storage;

/// What the supervisor gives to a worker, beside a socket on descriptor 1 by which it receives the queues and, if it
/// accepts connections, the listening sockets. FastCGI 1.0 section 2.2 has one of them, on descriptor 0; here there may
/// be several.
#[derive(Clone, Debug)]
pub struct Inheritance {
    /// The descriptor of the configuration's text, as the supervisor checked it.
    pub config: RawFd,
    /// The descriptors of the directories of all sources of masters, in the order of the configuration; -1 of one whose
    /// file system has not answered.
    pub masters: Vec<RawFd>,
    /// The descriptor of the scoreboard.
    pub scoreboard: RawFd,
    /// The descriptor of the ledger.
    pub ledger: RawFd,
    /// The descriptor of what the fetcher counts, if there is a store.
    pub counts: Option<RawFd>,
    /// The worker's slot on scoreboard and ledger.
    pub slot: usize,
    /// Which requests it takes.
    pub lane: Lane,
    /// The process id of the supervisor.
    pub supervisor: u32,
}

/// The status of an answer in the middle of which the worker failed.
const FAILED: u16 = 500;

/// The exit status of a worker that makes room for a fresh one after a panic.
const PANICKED: i32 = 101;

/// By how much the priority of back workers is lower. At 10 the kernel gives them a tenth of a processor that a front
/// worker wants as well, and all of one that is idle.
const NICE: i32 = 10;

/// Serves until SIGTERM; then finishes what only this worker can, and returns.
///
/// # Errors
/// If the worker cannot start, or if the socket fails. The supervisor starts a fresh one then, as after a panic, which
/// has been answered but may have left a broken state: that ends the process here.
pub fn run(inherited: &Inheritance) -> anyhow::Result<()> {
    end_with(inherited.supervisor)?;
    let stop = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGTERM, Arc::clone(&stop))?;
    // A ^C in the terminal reaches all processes in the foreground; the supervisor decides what it means.
    signal_hook::flag::register(SIGINT, Arc::default())?;
    // Meant for the supervisor, and easily sent to all.
    signal_hook::flag::register(SIGUSR1, Arc::default())?;
    // The supervisor has them blocked, and so had this process until here.
    SigSet::all().thread_unblock()?;
    // It was started by another name than its program has.
    let _ = nix::sys::prctl::set_name(c"recto");

    let text = std::fs::read_to_string(descriptor_path(inherited.config))
        .context("cannot read the configuration")?;
    let config = Config::parse(&text)?;
    logging::follow(&config.serving.log);
    let budget = budget(config.serving.pool.deadline);
    let mut given = Queues::receive(io::stdout().as_fd()).context("cannot receive the queues")?;
    let sources = sources(&config, &inherited.masters, given.entrance.take())?;
    let scoreboard =
        Scoreboard::open(&descriptor_path(inherited.scoreboard)).context("cannot open the scoreboard")?;
    let answers = |device| scoreboard.why_refused(&[&mount_name(device)]).is_none();
    let mut storage = Storage::new(&sources, config.serving.pool.workers, answers);
    let memory = config.rendering.memory;
    let counts = inherited.counts.map(|counts| Stores::open(&config, &descriptor_path(counts)));
    let stores = counts.transpose().context("cannot open what the fetcher counts")?;
    let needs = config.serving.pool.sandbox.then(|| sandbox::Needs::of(&config));
    let mut service = Service::of(config, sources);
    let scoreboard = Rc::new(scoreboard);
    let mut station = station(inherited, given, Rc::clone(&scoreboard), stores, memory)?;
    // The supervisor has logged what cannot be had of it.
    needs.iter().for_each(|needs| drop(sandbox::confine(needs, service.sources().directories())));
    let mut place = Place::take(scoreboard, inherited.slot, service.account());
    while let Some(arrival) = station.next(&stop).context("cannot wait for requests")? {
        if serve(&arrival, &mut *station, &mut service, &mut place, &mut storage, budget).is_break() {
            // As after a panic that nobody catches. What there is to say stands in the log.
            std::process::exit(PANICKED);
        }
    }
    Ok(())
}

/// The sources of masters, as the supervisor has opened them; it asks at `entrance` for what is in stores.
fn sources(config: &Config, descriptors: &[RawFd], entrance: Option<OwnedFd>) -> anyhow::Result<Sources> {
    let opened = |descriptor: &RawFd| (*descriptor >= 0).then(|| descriptor_path(*descriptor));
    let directories: Vec<_> = descriptors.iter().map(opened).collect();
    let sources = Sources::inherited(&config.serving.masters, &directories)?;
    Ok(match entrance {
        Some(entrance) => sources.asking(Entrance::from(entrance), config.serving.block_cache.fresh),
        None => sources,
    })
}

fn station(
    inherited: &Inheritance,
    given: Given,
    scoreboard: Rc<Scoreboard>,
    stores: Option<Stores>,
    memory: u64,
) -> anyhow::Result<Box<dyn Station>> {
    let ledger = Ledger::open(&descriptor_path(inherited.ledger)).context("cannot open the ledger")?;
    let Given { queues, listeners, .. } = given;
    let shared = Shared { queues, ledger, scoreboard, slot: inherited.slot, stores, memory };
    if !inherited.lane.is_back() {
        ensure!(!listeners.is_empty(), "there is nothing to accept requests from");
        return Ok(Box::new(Front::new(listeners, shared).context("cannot wait for connections")?));
    }
    if inherited.lane.is_nice()
        && let Err(error) = nice(NICE)
    {
        log::warn!("a back worker runs at the priority of a front worker: {error}");
    }
    Ok(Box::new(Back::new(inherited.lane, shared)?))
}

/// How long work may take before it is ended here: a tenth less than until the supervisor ends the whole worker.
fn budget(deadline: Duration) -> Duration {
    deadline * 9 / 10
}

/// Serves one request. Its connection is closed after one reply, whatever the peer's flag asks: a kept connection would
/// bind its requests to this worker while others are idle.
///
/// Breaks off when the worker should not go on.
fn serve(
    arrival: &Arrival,
    station: &mut dyn Station,
    service: &mut Service,
    place: &mut Place,
    storage: &mut Storage,
    budget: Duration,
) -> ControlFlow<()> {
    if arrival.peer.has_left() {
        log::debug!("the peer has left before its request was begun");
        station.done(false);
        return ControlFlow::Continue(());
    }
    let request = &arrival.incoming.request;
    if let Some(page) = Page::asked(request) {
        tell(page, arrival, station.shared(), &service.account());
        station.done(false);
        return ControlFlow::Continue(());
    }
    let uri = request.param("REQUEST_URI").unwrap_or_default();
    let id = request.param("RECTO_REQUEST").unwrap_or_default();
    complaints::about_request(id, uri);
    place.begin(request_line(request), id);
    let (account, mut reply) = (service.account(), Reply::to(&arrival.peer));
    let flow = answer(
        |place| {
            let mut desk = WorkerDesk { place, storage, station, arrival, budget };
            match desk.begins() {
                Ok(()) => service.respond(request, &mut desk),
                Err(error) => Some(turned_away(uri, &error, &account)),
            }
        },
        arrival.incoming.id,
        &mut reply,
        place,
    );
    account.end(Stage::Send);
    match flow {
        ControlFlow::Continue(None) => {}
        ControlFlow::Continue(Some(status)) => place.count(status, reply.written()),
        ControlFlow::Break(()) => {
            place.count(FAILED, reply.written());
            return ControlFlow::Break(());
        }
    }
    station.done(flow == ControlFlow::Continue(Some(200)));
    complaints::about_request(b"", b"");
    service.after_response();
    ControlFlow::Continue(())
}

/// Answers a request for what the service says of itself.
fn tell(page: Page, arrival: &Arrival, shared: &Shared, account: &Account) {
    account.begin();
    account.goes(Way::Status);
    let mut reply = Reply::to(&arrival.peer);
    let response = page.answer(&arrival.incoming.request, &shared.sources());
    let status = response.status;
    account.end(Stage::Plan);
    deliver(response, arrival.incoming.id, &mut reply);
    shared.counters().answered(None, status, reply.written(), account);
}

/// The response to a request that is not begun.
fn turned_away(uri: &[u8], error: &Error, account: &Account) -> Response<'static> {
    account.begin();
    NoPlace::of(error).into_iter().for_each(|why| account.finds_no_place(why));
    refusal(uri, error, false)
}

/// Writes the response, or status 500 after a panic; its status, or None if somebody else has the request. After a panic
/// the slot stays busy: the supervisor reads in it which request did this.
fn answer<'r>(
    respond: impl FnOnce(&mut Place) -> Option<Response<'r>>,
    id: u16,
    out: &mut impl Write,
    place: &mut Place,
) -> ControlFlow<(), Option<u16>> {
    let response = match guarded(|| respond(place)) {
        Some(Some(response)) => response,
        Some(None) => {
            place.pass_on();
            return ControlFlow::Continue(None);
        }
        None => {
            place.publish();
            deliver(Response::text(FAILED, "the image server failed; its log says why"), id, out);
            return ControlFlow::Break(());
        }
    };
    // The deadline is for work. How long a peer may take to read has a limit of its own; but it may be working yet.
    let status = response.status;
    if response.body.is_whole() {
        place.finish();
        return deliver_guarded(response, id, out, status);
    }
    let response = Response { body: fetched(response.body, place), ..response };
    let flow = deliver_guarded(response, id, out, status);
    if flow.is_continue() {
        place.finish();
    }
    flow
}

/// The result of the work; None if it panics.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
}

fn deliver_guarded(
    response: Response,
    id: u16,
    out: &mut impl Write,
    status: u16,
) -> ControlFlow<(), Option<u16>> {
    match guarded(|| deliver(response, id, out)) {
        Some(()) => ControlFlow::Continue(Some(status)),
        None => ControlFlow::Break(()),
    }
}

/// The body; the worker goes to the mount of its master for each chunk, and is not there while its peer reads.
fn fetched<'b>(body: Body<'b>, place: &'b mut Place) -> Body<'b> {
    match (body, place.come_back()) {
        (Body::Chunks(mut chunks), device) if device != 0 => {
            Body::Chunks(Box::new(iter::from_fn(move || {
                place.go_to(device);
                let chunk = chunks.next();
                place.come_back();
                chunk
            })))
        }
        (body, _) => body,
    }
}

fn deliver(response: Response, id: u16, out: &mut impl Write) {
    if let Err(error) = fastcgi::write_response(response, id, out) {
        log::debug!("the reply could not be delivered: {error}");
    }
}

/// The name of a request in log and quarantine: method and path. Without the query string, which changes nothing in the
/// response, so that `?1`, `?2`, ... do not get around the quarantine.
fn request_line(request: &Request) -> Vec<u8> {
    let method = request.param("REQUEST_METHOD").unwrap_or(b"-");
    let uri = request.param("REQUEST_URI").unwrap_or(b"-");
    let path = uri.split(|&byte| byte == b'?').next().unwrap_or(uri);
    [method, path].join(&b' ')
}

#[cfg(test)]
mod tests;
