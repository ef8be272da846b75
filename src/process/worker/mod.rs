//! A worker: accept, read one request, respond, write, close. One thread, one request, allowed to die.
//! Must not know what a request means (that is `respond.rs`), nor judge itself: the supervisor watches its slot.
//! A faulty peer loses its connection, but never ends the worker.

mod connection;
pub mod sandbox;

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{SocketFlags, accept_with};
use rustix::process::{Signal, getppid, set_parent_process_death_signal};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::config::Config;
use crate::fastcgi::{self, Incoming};
use crate::http::{Request, Response};
use crate::process::scoreboard::{Entry, Scoreboard, now};
use crate::respond::Service;
use connection::Connection;

/// What the supervisor gives to a worker, beside the listening socket on descriptor 0 (FastCGI 1.0 section 2.2).
#[derive(Clone, Copy, Debug)]
pub struct Inheritance {
    /// The descriptor of the configuration's text, as the supervisor checked it.
    pub config: RawFd,
    /// The descriptor of the scoreboard.
    pub scoreboard: RawFd,
    /// The worker's slot on it.
    pub slot: usize,
    /// The process id of the supervisor.
    pub supervisor: u32,
}

/// How long one `accept()` waits before the loop checks for a signal again.
///
/// A limit of any length is what makes a signal end the wait: with it the kernel answers EINTR even though the handler
/// was installed with SA_RESTART (signal(7)). The other ways cost more: `poll()` before `accept()` is a second system
/// call for each request and wakes every idle worker for each connection, while waiting in `accept()` wakes one, the
/// one that has waited longest.
const ACCEPT_TURN: Duration = Duration::from_secs(1);

/// Serves until SIGTERM; then finishes the current request and returns.
///
/// # Errors
/// If the worker cannot start, if the socket fails, or after a panic, which has been answered but may have left a
/// broken state. The supervisor starts a fresh one in each case.
pub fn run(inherited: &Inheritance) -> anyhow::Result<()> {
    die_with(inherited.supervisor)?;
    let stop = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGTERM, Arc::clone(&stop))?;
    // A ^C in the terminal reaches all processes in the foreground; the supervisor decides what it means.
    signal_hook::flag::register(SIGINT, Arc::default())?;

    let text = std::fs::read_to_string(descriptor_path(inherited.config))
        .context("cannot read the configuration")?;
    let config = Config::parse(&text)?;
    let needs = config.serving.pool.sandbox.then(|| sandbox::Needs::of(&config));
    let mut service = Service::new(config)?;
    let scoreboard =
        Scoreboard::open(&descriptor_path(inherited.scoreboard)).context("cannot open the scoreboard")?;
    // The supervisor has logged what cannot be had of it.
    needs.iter().for_each(|needs| drop(sandbox::confine(needs, service.masters())));
    let mut place = Place::take(scoreboard, inherited.slot)?;

    let stdin = io::stdin();
    let listener = stdin.as_fd();
    set_socket_timeout(listener, Timeout::Recv, Some(ACCEPT_TURN)).context("descriptor 0 is not a socket")?;
    // A SIGTERM between the question and `accept()` waits for the end of the turn; the supervisor repeats it anyway.
    while !stop.load(Ordering::Relaxed) {
        if let Some(stream) = accept(listener).context("cannot accept connections")? {
            let mut connection = Connection::new(stream, listener, &stop);
            if serve(&mut connection, &mut service, &mut place).is_break() {
                bail!("the worker panicked and makes room for a fresh one");
            }
        }
    }
    Ok(())
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

/// The next connection, or `None` if there was none in time, or a signal, or the peer has left again.
fn accept(listener: BorrowedFd<'_>) -> io::Result<Option<UnixStream>> {
    match accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK) {
        Ok(stream) => Ok(Some(stream.into())),
        Err(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED) => Ok(None),
        Err(shortage @ (Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)) => {
            log::warn!("cannot accept: {shortage}");
            std::thread::sleep(Duration::from_millis(50));
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Serves one connection. It is closed after one reply, whatever the peer's flag asks: a kept connection would bind its
/// requests to this worker while others are idle.
///
/// Breaks off when the worker should not go on.
fn serve(connection: &mut Connection<'_>, service: &mut Service, place: &mut Place) -> ControlFlow<()> {
    let Incoming { id, request } = match fastcgi::read_request(connection) {
        Ok(incoming) => incoming,
        Err(error) => {
            log::debug!("no request: {error}");
            return ControlFlow::Continue(());
        }
    };
    if connection.peer_has_left() {
        log::debug!("the peer has left before its request was begun");
        return ControlFlow::Continue(());
    }
    let line = request_line(&request);
    if place.scoreboard.is_quarantined(&line) {
        let why = "this request has failed repeatedly and is not tried again for a while";
        deliver(Response::text(500, why), id, connection);
        return ControlFlow::Continue(());
    }
    place.begin(line);
    let flow = answer(|| service.respond(&request), id, connection, place);
    service.after_response();
    flow
}

/// Writes the response, or status 500 after a panic. After a panic the slot stays busy: the supervisor reads in it
/// which request did this.
fn answer<'r>(
    respond: impl FnOnce() -> Response<'r>,
    id: u16,
    out: &mut impl Write,
    place: &mut Place,
) -> ControlFlow<()> {
    let Some(response) = guarded(respond) else {
        deliver(Response::text(500, "the image server failed; its log says why"), id, out);
        return ControlFlow::Break(());
    };
    // The deadline is for work. How long a peer may take to read has a limit of its own; but it may be working yet.
    let is_whole = response.body.is_whole();
    if is_whole {
        place.finish();
    }
    if guarded(|| deliver(response, id, out)).is_none() {
        return ControlFlow::Break(());
    }
    if !is_whole {
        place.finish();
    }
    ControlFlow::Continue(())
}

/// The result of the work; None if it panics.
fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(work)).ok()
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

/// The worker's slot on the scoreboard.
struct Place {
    scoreboard: Scoreboard,
    slot: usize,
    entry: Entry,
}

impl Place {
    /// Takes the slot, which shows the supervisor that this worker is ready.
    fn take(scoreboard: Scoreboard, slot: usize) -> io::Result<Self> {
        let entry = Entry { process: std::process::id(), ..Entry::default() };
        scoreboard.write(slot, &entry)?;
        Ok(Self { scoreboard, slot, entry })
    }

    fn begin(&mut self, line: Vec<u8>) {
        self.entry.busy_since = now();
        self.entry.request = line;
        self.publish();
    }

    fn finish(&mut self) {
        self.entry.busy_since = 0;
        self.entry.served += 1;
        self.entry.request.clear();
        self.publish();
    }

    fn publish(&self) {
        if let Err(error) = self.scoreboard.write(self.slot, &self.entry) {
            log::error!("cannot write to the scoreboard: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Body;
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
        assert!(slot().busy_since > 0 && slot().request == b"GET /a");
        let mut out = Vec::new();
        let flow = answer(|| Response::text(404, "no"), 1, &mut out, &mut place);
        assert!(flow.is_continue() && is_whole(&out) && contains(&out, "Status: 404"));
        assert_eq!((slot().busy_since, slot().served, slot().request), (0, 1, vec![]));
    }

    #[test]
    fn a_panic_is_answered_and_leaves_its_request_on_the_scoreboard() {
        let (board, mut place) = place();
        place.begin(b"GET /a".to_vec());
        let mut out = Vec::new();
        let flow = answer(|| panic!("on purpose, in a test"), 1, &mut out, &mut place);
        assert!(flow.is_break() && is_whole(&out) && contains(&out, "Status: 500"));
        assert_eq!(board.read(3).expect("readable").expect("in one piece").request, b"GET /a");
    }

    #[test]
    fn the_worker_is_busy_while_chunks_are_made_and_none_of_them_can_kill_it_unseen() {
        let (board, mut place) = place();
        let slot = || board.read(3).expect("readable").expect("in one piece");
        let mut give = |last: fn() -> Result<Vec<u8>, Error>| {
            place.begin(b"GET /a".to_vec());
            let busy = || Ok(vec![u8::from(slot().busy_since > 0); 9]);
            let chunks = std::iter::repeat_with(busy).take(2).chain(std::iter::once_with(last));
            let response = Response::new(200, Body::Chunks(Box::new(chunks)));
            let mut out = Vec::new();
            let flow = answer(|| response, 1, &mut out, &mut place);
            assert!(contains(&out, "Status: 200") && contains(&out, &"\u{1}".repeat(9)));
            (flow.is_continue(), is_whole(&out), slot().request)
        };
        assert_eq!(give(|| Ok(b"end".to_vec())), (true, true, vec![]));
        assert_eq!(give(|| Err(Error::NotFound("gone"))), (true, false, vec![]), "broken off");
        assert_eq!(give(|| panic!("on purpose, in a test")), (false, false, b"GET /a".to_vec()));
    }

    #[test]
    fn requests_are_named_without_their_query() {
        let request =
            Request::from_pairs([("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/iiif/3/a%2Fb?x=1?y")]);
        assert_eq!(request_line(&request), b"GET /iiif/3/a%2Fb");
        assert_eq!(request_line(&Request::default()), b"- -");
    }
}
