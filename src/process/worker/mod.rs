//! A worker: wait for a request, respond, write, close. One thread, one request, allowed to die.
//! Must not know what a request means (that is `respond.rs`), nor judge itself: the supervisor watches its slot.
//! A faulty peer loses its connection, but never ends the worker.
//!
//! Front workers take what arrives at the listening socket and answer what is cheap. The rest they hand over, connection
//! and all, to back workers, which have a low priority. So a tile never waits for a page.

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
use std::os::fd::{AsFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, ensure};
use rustix::process::{Signal, getppid, nice, set_parent_process_death_signal};
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

use crate::body::Body;
use crate::config::Config;
use crate::fastcgi;
use crate::http::refusal::refusal;
use crate::http::{Request, Response};
use crate::process::lane::Lane;
use crate::process::ledger::Ledger;
use crate::process::queue::Queues;
use crate::process::scoreboard::Scoreboard;
use crate::respond::Service;
use back::Back;
use connection::Reply;
use desk::WorkerDesk;
use front::Front;
use place::Place;
use station::{Arrival, Shared, Station};
use storage::Storage;

/// What the supervisor gives to a worker, beside the listening socket on descriptor 0 (FastCGI 1.0 section 2.2), if it
/// accepts connections, and, on descriptor 1, a socket by which it receives the queues.
#[derive(Clone, Copy, Debug)]
pub struct Inheritance {
    /// The descriptor of the configuration's text, as the supervisor checked it.
    pub config: RawFd,
    /// The descriptor of the scoreboard.
    pub scoreboard: RawFd,
    /// The descriptor of the ledger.
    pub ledger: RawFd,
    /// The worker's slot on both.
    pub slot: usize,
    /// Which requests it takes.
    pub lane: Lane,
    /// The process id of the supervisor.
    pub supervisor: u32,
}

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
    die_with(inherited.supervisor)?;
    let stop = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGTERM, Arc::clone(&stop))?;
    // A ^C in the terminal reaches all processes in the foreground; the supervisor decides what it means.
    signal_hook::flag::register(SIGINT, Arc::default())?;
    // Meant for the supervisor, and easily sent to all.
    signal_hook::flag::register(SIGUSR1, Arc::default())?;

    let text = std::fs::read_to_string(descriptor_path(inherited.config))
        .context("cannot read the configuration")?;
    let config = Config::parse(&text)?;
    let budget = budget(config.serving.pool.deadline);
    let mut storage = Storage::new(&config.serving.masters.root, config.serving.pool.workers);
    let memory = config.rendering.memory;
    let needs = config.serving.pool.sandbox.then(|| sandbox::Needs::of(&config));
    let mut service = Service::new(config)?;
    let scoreboard =
        Scoreboard::open(&descriptor_path(inherited.scoreboard)).context("cannot open the scoreboard")?;
    let mut station = station(inherited, memory)?;
    // The supervisor has logged what cannot be had of it.
    needs.iter().for_each(|needs| drop(sandbox::confine(needs, service.masters())));
    let mut place = Place::take(scoreboard, inherited.slot)?;
    while let Some(arrival) = station.next(&stop).context("cannot wait for requests")? {
        if serve(&arrival, &mut *station, &mut service, &mut place, &mut storage, budget).is_break() {
            // As after a panic that nobody catches. What there is to say stands in the log.
            std::process::exit(PANICKED);
        }
    }
    Ok(())
}

fn station(inherited: &Inheritance, memory: u64) -> anyhow::Result<Box<dyn Station>> {
    let ledger = Ledger::open(&descriptor_path(inherited.ledger)).context("cannot open the ledger")?;
    let queues = Queues::receive(io::stdout().as_fd()).context("cannot receive the queues")?;
    let shared = Shared { queues, ledger, memory };
    if !inherited.lane.is_back() {
        let listener = io::stdin().as_fd().try_clone_to_owned()?;
        return Ok(Box::new(Front::new(listener, shared).context("descriptor 0 is not a socket")?));
    }
    if let Err(error) = nice(NICE) {
        log::warn!("a back worker runs at the priority of a front worker: {error}");
    }
    Ok(Box::new(Back::new(inherited.lane, inherited.slot, shared)?))
}

/// How long work may take before it is ended here: a tenth less than until the supervisor ends the whole worker.
fn budget(deadline: Duration) -> Duration {
    deadline * 9 / 10
}

/// A worker without its supervisor has no deadline, so it must not outlive it.
fn die_with(supervisor: u32) -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // It may have died before that call.
    let parent = getppid().and_then(|parent| u32::try_from(parent.as_raw_nonzero().get()).ok());
    ensure!(parent == Some(supervisor), "the supervisor {supervisor} is gone");
    Ok(())
}

/// By this name an inherited descriptor can be opened without trusting a number.
fn descriptor_path(descriptor: RawFd) -> PathBuf {
    format!("/proc/self/fd/{descriptor}").into()
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
    place.begin(request_line(request));
    let answered = answer(
        |place| {
            let mut desk = WorkerDesk { place, storage, station, arrival, budget };
            let uri = request.param("REQUEST_URI").unwrap_or_default();
            match desk.begins() {
                Ok(()) => service.respond(request, &mut desk),
                Err(error) => Some(refusal(uri, &error, false)),
            }
        },
        arrival.incoming.id,
        &mut Reply::to(&arrival.peer),
        place,
    )?;
    station.done(answered);
    service.after_response();
    ControlFlow::Continue(())
}

/// Writes the response, or status 500 after a panic; whether it was answered as it asked. After a panic the slot stays
/// busy: the supervisor reads in it which request did this.
fn answer<'r>(
    respond: impl FnOnce(&mut Place) -> Option<Response<'r>>,
    id: u16,
    out: &mut impl Write,
    place: &mut Place,
) -> ControlFlow<(), bool> {
    let response = match guarded(|| respond(place)) {
        Some(Some(response)) => response,
        Some(None) => {
            place.pass_on();
            return ControlFlow::Continue(false);
        }
        None => {
            place.publish();
            deliver(Response::text(500, "the image server failed; its log says why"), id, out);
            return ControlFlow::Break(());
        }
    };
    // The deadline is for work. How long a peer may take to read has a limit of its own; but it may be working yet.
    let answered = response.status == 200;
    if response.body.is_whole() {
        place.finish();
        return deliver_guarded(response, id, out, answered);
    }
    let response = Response { body: fetched(response.body, place), ..response };
    let flow = deliver_guarded(response, id, out, answered);
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
    answered: bool,
) -> ControlFlow<(), bool> {
    match guarded(|| deliver(response, id, out)) {
        Some(()) => ControlFlow::Continue(answered),
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
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::fastcgi::record;

    /// Whether a reply ends with END_REQUEST.
    fn is_whole(reply: &[u8]) -> bool {
        reply.ends_with(&record::end_request(1, record::ProtocolStatus::RequestComplete))
    }

    fn contains(reply: &[u8], text: &str) -> bool {
        reply.windows(text.len()).any(|part| part == text.as_bytes())
    }

    fn place() -> (Scoreboard, Place) {
        let board = Scoreboard::create().expect("memory");
        let ours = Scoreboard::open(&descriptor_path(board.descriptor())).expect("open");
        (board, Place::take(ours, 3).expect("written"))
    }

    #[test]
    fn the_slot_tells_what_the_worker_does() {
        let (board, mut place) = place();
        let slot = || board.read(3).expect("readable").expect("in one piece");
        assert_eq!((slot().process, slot().busy_since), (std::process::id(), 0));
        place.begin(b"GET /a".to_vec());
        place.go_on_with(b"a");
        assert!(slot().busy_since > 0 && slot().request == b"a");
        let mut out = Vec::new();
        let flow = answer(|_| Some(Response::text(404, "no")), 1, &mut out, &mut place);
        assert!(flow.is_continue() && is_whole(&out) && contains(&out, "Status: 404"));
        assert_eq!((slot().busy_since, slot().served, slot().request), (0, 1, vec![]));
    }

    #[test]
    fn a_panic_is_answered_and_leaves_its_request_on_the_scoreboard() {
        let (board, mut place) = place();
        place.begin(b"GET /a".to_vec());
        let mut out = Vec::new();
        let flow = answer(|_| panic!("on purpose, in a test"), 1, &mut out, &mut place);
        assert!(flow.is_break() && is_whole(&out) && contains(&out, "Status: 500"));
        assert_eq!(board.read(3).expect("readable").expect("in one piece").request, b"GET /a");
    }

    #[test]
    fn the_worker_is_busy_while_chunks_are_made_and_none_of_them_can_kill_it_unseen() {
        let (board, mut place) = place();
        let slot = || board.read(3).expect("readable").expect("in one piece");
        let mut give = |last: fn() -> Result<Vec<u8>, Error>| {
            place.begin(b"GET /a".to_vec());
            place.go_on_with(b"a");
            let busy = || Ok(vec![u8::from(slot().busy_since > 0); 9]);
            let chunks = std::iter::repeat_with(busy).take(2).chain(std::iter::once_with(last));
            let response = Response::new(200, Body::Chunks(Box::new(chunks)));
            let mut out = Vec::new();
            let flow = answer(|_| Some(response), 1, &mut out, &mut place);
            assert!(contains(&out, "Status: 200") && contains(&out, &"\u{1}".repeat(9)));
            (flow.is_continue(), is_whole(&out), slot().request)
        };
        assert_eq!(give(|| Ok(b"end".to_vec())), (true, true, vec![]));
        assert_eq!(give(|| Err(Error::NotFound("gone"))), (true, false, vec![]), "broken off");
        assert_eq!(give(|| panic!("on purpose, in a test")), (false, false, b"a".to_vec()));
    }

    #[test]
    fn the_worker_is_at_a_mount_while_a_chunk_is_made_and_not_while_it_is_read() {
        let (board, mut place) = place();
        let device = || board.read(3).expect("readable").expect("in one piece").device;
        place.begin(b"GET /a".to_vec());
        place.go_to(7);
        let chunks = std::iter::repeat_with(|| Ok(vec![u8::try_from(device()).expect("small")])).take(2);
        let mut seen = Vec::new();
        for chunk in fetched(Body::Chunks(Box::new(chunks)), &mut place).into_chunks() {
            seen.push((chunk.expect("made"), device()));
        }
        assert_eq!(seen, [(vec![7], 0), (vec![7], 0)]);
        place.go_to(7);
        place.finish();
        assert_eq!(device(), 0);
    }

    #[test]
    fn requests_are_named_without_their_query() {
        let request =
            Request::from_pairs([("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/iiif/3/a%2Fb?x=1?y")]);
        assert_eq!(request_line(&request), b"GET /iiif/3/a%2Fb");
        assert_eq!(request_line(&Request::default()), b"- -");
    }
}
