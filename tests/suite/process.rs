//! The pool as a whole, driven over its socket with records made by hand: what a worker survives, what replaces it
//! when it does not, and that nobody loses an answer to a reload or a stop. No NGINX here: those tests are in `nginx/`.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use recto::fastcgi::params;
use recto::fastcgi::record::{self, kind};
use rustix::process::Signal;

use crate::load::Load;
use crate::server::{Server, children_of, send, until};

/// A new connection to the pool.
pub fn connect(server: &Server) -> UnixStream {
    UnixStream::connect(server.path("recto.sock")).expect("somebody listens")
}

/// The status that a GET of `path` is answered with.
pub fn status(server: &Server, path: &str) -> u16 {
    get(&server.path("recto.sock"), path).expect("an answer")
}

fn record(kind: u8, id: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = record::header(kind, id, u16::try_from(content.len()).expect("short")).to_vec();
    bytes.extend_from_slice(content);
    bytes
}

/// A GET request as NGINX sends it, with the flag that asks to keep the connection.
pub fn request(path: &str) -> Vec<u8> {
    request_called("", path)
}

/// The same, with an id of NGINX's.
pub fn request_called(id: &str, path: &str) -> Vec<u8> {
    let pairs = [
        ("REQUEST_METHOD", "GET"),
        ("REQUEST_URI", path),
        ("RECTO_BASE", "http://localhost/iiif"),
        ("RECTO_REQUEST", id),
    ];
    let params = params::encode(pairs.map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    [
        record(kind::BEGIN_REQUEST, 1, &[0, 1, 1, 0, 0, 0, 0, 0]),
        record(kind::PARAMS, 1, &params),
        record(kind::PARAMS, 1, b""),
        record(kind::STDIN, 1, b""),
    ]
    .concat()
}

/// The status that a GET of `path` at `socket` is answered with.
///
/// # Errors
/// If the answer is not whole.
pub fn get(socket: &Path, path: &str) -> io::Result<u16> {
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(&request(path))?;
    answer(&mut stream)
}

/// The status of the answer, if it is whole.
pub fn answer(stream: &mut UnixStream) -> io::Result<u16> {
    let text = reply(stream)?;
    let status = text.strip_prefix("Status: ").and_then(|text| text.get(..3)?.parse().ok());
    status.ok_or_else(|| ErrorKind::InvalidData.into())
}

/// The text of the answer, headers and all, if it is whole.
pub fn reply(stream: &mut UnixStream) -> io::Result<String> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let (mut rest, mut text, mut ended) = (&bytes[..], Vec::new(), false);
    while let Some((record, taken)) = record::cut(rest).map_err(io::Error::other)? {
        match record.kind {
            kind::STDOUT => text.extend_from_slice(record.content),
            kind::END_REQUEST => ended = true,
            _ => {}
        }
        rest = &rest[taken..];
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    if ended && rest.is_empty() { Ok(text) } else { Err(ErrorKind::UnexpectedEof.into()) }
}

pub const NOWHERE: &str = "/iiif/3/nothing-here/info.json";

/// Clients that find out what is lost. When the socket is gone they are done: that is how a server that stops refuses.
pub fn load(server: &Server, clients: usize) -> Load<io::Result<u16>> {
    let socket = server.path("recto.sock");
    let gone = |outcome: &io::Result<u16>| outcome.as_ref().is_err_and(|e| e.kind() == ErrorKind::NotFound);
    Load::start(clients, move |_| Some(get(&socket, NOWHERE)).filter(|outcome| !gone(outcome)))
}

/// Ends the load; all of it must have been answered.
pub fn none_is_lost(load: Load<io::Result<u16>>) -> usize {
    let outcomes = load.end();
    let lost: Vec<_> = outcomes.iter().filter(|outcome| !matches!(outcome, Ok(404))).collect();
    assert!(lost.is_empty(), "{} of {}: {:?}", lost.len(), outcomes.len(), lost[0]);
    outcomes.len()
}

#[test]
fn requests_are_answered_and_the_connection_closed() {
    let server = Server::start(2, "10s");
    for _ in 0..20 {
        assert_eq!(status(&server, NOWHERE), 404);
    }
    assert_eq!(server.workers().len(), 2);
}

#[test]
fn hostile_records_cost_a_connection_and_no_worker() {
    let server = Server::start(1, "10s");
    let before = server.workers();
    let flood = vec![0u8; 65_535];
    let hostile: [Vec<u8>; 9] = [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        record(kind::BEGIN_REQUEST, 1, b""),
        record(kind::BEGIN_REQUEST, 1, &[0, 9, 0, 0, 0, 0, 0, 0]),
        record(kind::BEGIN_REQUEST, 0, &[0, 1, 0, 0, 0, 0, 0, 0]),
        [&request("/")[..16], &record(kind::PARAMS, 1, &[0xff; 100]), &record(kind::PARAMS, 1, b"")].concat(),
        [&request("/")[..16], &record(kind::PARAMS, 1, &flood), &record(kind::PARAMS, 1, &flood)].concat(),
        [&request("/")[..16], &record(kind::ABORT_REQUEST, 1, b"")].concat(),
        record(kind::DATA, 7, &flood).repeat(8),
        vec![1, 4, 0],
    ];
    for bytes in hostile {
        let mut stream = connect(&server);
        // The server may hang up in the middle of it.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
        assert_eq!(status(&server, NOWHERE), 404);
    }
    assert_eq!(server.workers(), before);
}

#[test]
fn management_records_are_answered_before_the_request() {
    let server = Server::start(1, "10s");
    let mut stream = connect(&server);
    let asked = params::encode([(&b"FCGI_MPXS_CONNS"[..], &b""[..])]);
    stream.write_all(&record(kind::GET_VALUES, 0, &asked)).expect("open");
    let mut reply = [0; 26];
    stream.read_exact(&mut reply).expect("a reply");
    assert_eq!(reply[1], kind::GET_VALUES_RESULT);
    assert!(reply.ends_with(b"FCGI_MPXS_CONNS0"));
    stream.write_all(&request(NOWHERE)).expect("open");
    assert_eq!(answer(&mut stream).expect("an answer"), 404);
}

#[test]
fn silent_connections_hold_nobody() {
    let server = Server::start(1, "10s");
    // More than have a place: those that were first have to go.
    let mut silent: Vec<UnixStream> = (0..300).map(|_| connect(&server)).collect();
    assert_eq!(status(&server, NOWHERE), 404);
    let mut first = silent.remove(0);
    assert_eq!(first.read(&mut [0]).expect("closed"), 0);
    // Whoever speaks late, and bit by bit, is heard all the same.
    let mut last = silent.pop().expect("many");
    let (one, other) = (&request(NOWHERE)[..30], &request(NOWHERE)[30..]);
    last.write_all(one).expect("open");
    assert_eq!(status(&server, NOWHERE), 404);
    last.write_all(other).expect("open");
    assert_eq!(answer(&mut last).expect("an answer"), 404);
}

#[test]
fn silent_connections_are_closed_in_the_end() {
    let server = Server::start(1, "10s");
    let (mut silent, mut broken_off) = (connect(&server), connect(&server));
    broken_off.write_all(&request(NOWHERE)[..30]).expect("open");
    for stream in [&mut silent, &mut broken_off] {
        assert_eq!(stream.read(&mut [0]).expect("closed"), 0);
    }
    assert_eq!(status(&server, NOWHERE), 404);
}

#[test]
fn whoever_was_accepted_is_heard_to_the_end_at_a_stop() {
    let mut server = Server::start(1, "10s");
    let mut stream = connect(&server);
    let (one, other) = (&request(NOWHERE)[..30], &request(NOWHERE)[30..]);
    stream.write_all(one).expect("open");
    assert_eq!(status(&server, NOWHERE), 404);
    server.signal(Signal::TERM);
    stream.write_all(other).expect("open");
    assert_eq!(answer(&mut stream).expect("an answer"), 404);
    assert_eq!(server.child.wait().expect("a child").code(), Some(0));
}

#[test]
fn requests_whose_client_has_left_are_not_begun() {
    let server = Server::start(1, "10s");
    let worker = server.workers()[0];
    send(worker, Signal::STOP);
    for _ in 0..5 {
        connect(&server).write_all(&request(NOWHERE)).expect("queued");
    }
    send(worker, Signal::CONT);
    assert_eq!(status(&server, NOWHERE), 404);
    let served = || server.scoreboard().read(0).map(|entry| entry.served);
    until("the slot is written", || served() > Some(0));
    assert_eq!(served(), Some(1));
}

/// A server of one worker, and a picture that takes it seconds to compress: most of it in a library, whose speed does not
/// depend on how the tests are built.
pub fn with_dear_work(deadline: &str) -> (Server, &'static str) {
    let compression = "[png]\ncompression = \"high\"";
    let server = Server::configured(&format!("workers = 1\ndeadline = \"{deadline}\"\n{compression}"));
    let side = 2000u32;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Rgb);
    let noise = |at: u32| (at.wrapping_mul(2_654_435_761) >> 28) as u8 | (at / 40_000) as u8 & 0xf0;
    let pixels: Vec<u8> = (0..side * side * 3).map(noise).collect();
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).expect("encoded");
    fs::write(server.path("masters").join("dear.png"), file).expect("written");
    // Upside down: so it is no stream, whose writing to the client would end it.
    (server, "/iiif/3/dear.png/full/max/180/default.png")
}

/// The process ids of the workers, in front and in the background.
fn all_workers(server: &Server) -> Vec<i32> {
    children_of(server.child.id())
}

/// The processor time that the workers have used, in ticks of 10 ms.
fn ticks(server: &Server) -> u64 {
    let of = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
        // After the name in brackets: the 12th and 13th field are those of user and system (proc(5)).
        let fields = stat.rsplit(')').next().unwrap_or_default();
        fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(|ticks| ticks.parse::<u64>().expect("a number"))
            .sum::<u64>()
    };
    all_workers(server).iter().map(of).sum()
}

#[test]
fn work_ends_when_its_client_leaves() {
    let (server, dear) = with_dear_work("60s");
    let start = ticks(&server);
    let mut client = connect(&server);
    client.write_all(&request(dear)).expect("taken");
    until("it is worked on", || ticks(&server) > start + 5);
    drop(client);
    until("the worker is idle", || !server.busy());
    let stopped = ticks(&server) - start;
    let before = ticks(&server);
    assert_eq!(status(&server, dear), 200, "{}", server.log());
    let whole = ticks(&server) - before;
    assert!(stopped * 3 < whole, "{stopped} of {whole} ticks");
    assert!(!server.log().contains("has left"), "nobody has to act");
}

#[test]
fn work_ends_before_it_is_killed_for_its_time() {
    let (server, dear) = with_dear_work("10s");
    let (start, workers, used) = (Instant::now(), all_workers(&server), ticks(&server));
    let mut client = connect(&server);
    client.write_all(&request(dear)).expect("taken");
    until("it is worked on", || ticks(&server) > used + 5);
    // As if the machine had much else to do, until shortly before the deadline.
    workers.iter().for_each(|pid| send(*pid, Signal::STOP));
    thread::sleep(Duration::from_millis(9100).saturating_sub(start.elapsed()));
    workers.iter().for_each(|pid| send(*pid, Signal::CONT));
    let text = reply(&mut client).expect("an answer");
    assert!(text.starts_with("Status: 503 ") && text.contains("\r\nRetry-After: "), "{text}");
    assert_eq!(status(&server, NOWHERE), 404);
    assert_eq!(all_workers(&server), workers, "the same");
    assert_eq!(server.log().matches("took longer than it may").count(), 1);
}

#[test]
fn a_killed_worker_is_replaced_within_a_second() {
    let server = Server::start(2, "10s");
    assert_eq!(status(&server, NOWHERE), 404);
    thread::sleep(Duration::from_millis(1100)); // no longer at its start
    for _ in 0..3 {
        let (before, start) = (server.workers(), Instant::now());
        send(before[0], Signal::KILL);
        until("the worker is replaced", || {
            let now = server.workers();
            now.len() == 2 && !now.contains(&before[0])
        });
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        assert_eq!(status(&server, NOWHERE), 404);
    }
    assert!(server.log().contains("signal: 9 (SIGKILL)"));
}

#[test]
fn a_reload_under_load_loses_no_request() {
    let server = Server::start(2, "10s");
    let load = load(&server, 4);
    for workers in [3, 1, 4, 2] {
        let before = server.workers();
        server.configure(workers, "10s");
        server.signal(Signal::HUP);
        server.until_replaced(&before, workers);
    }
    assert!(none_is_lost(load) > 100);
}

#[test]
fn a_wrong_configuration_leaves_the_old_one_in_force() {
    let server = Server::start(1, "10s");
    let before = server.workers();
    fs::write(server.path("recto.toml"), "[server]\nworkerz = 3\n").expect("written");
    server.signal(Signal::HUP);
    until("the fault is logged", || server.log().contains("did you mean `workers`?"));
    assert_eq!(server.workers(), before);
    // What dies now comes back with what was checked, not with what the file says.
    thread::sleep(Duration::from_millis(1100));
    send(before[0], Signal::KILL);
    until("the worker is replaced", || server.workers().first().is_some_and(|pid| *pid != before[0]));
    assert_eq!(status(&server, NOWHERE), 404);
}

#[test]
fn a_stop_under_load_answers_all_who_got_in() {
    let mut server = Server::start(2, "10s");
    let load = load(&server, 8);
    thread::sleep(Duration::from_millis(200));
    assert_eq!(server.stop(), Some(0));
    none_is_lost(load);
    assert!(!server.path("recto.sock").exists() && !server.path("pid").exists());
}

#[test]
fn a_worker_that_does_not_finish_cannot_hold_up_the_stop() {
    let mut server = Server::start(1, "200ms");
    send(server.workers()[0], Signal::STOP);
    let start = Instant::now();
    assert_eq!(server.stop(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
}

#[test]
fn workers_do_not_outlive_a_killed_supervisor() {
    let mut server = Server::start(2, "10s");
    let workers = server.all_workers();
    server.child.kill().expect("it lives");
    server.child.wait().expect("a child");
    let lives =
        |pid: &i32| fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|c| c.contains("--slot"));
    until("the workers are gone", || !workers.iter().any(lives));
    // A new server takes the place that the dead one left.
    server.start_again();
    until("the new server answers", || {
        get(&server.path("recto.sock"), NOWHERE).is_ok_and(|status| status == 404)
    });
}

#[test]
fn signals_are_heard_even_if_whoever_started_it_ignores_them() {
    let mut server = Server::spawned("workers = 1\n", |command| {
        let mut ignoring = Command::new("sh");
        ignoring.args(["-c", "trap '' HUP CHLD TERM; exec \"$0\" \"$@\""]);
        ignoring.arg(command.get_program()).args(command.get_args());
        let config = command.get_args().nth(2).expect("a configuration");
        let log = Path::new(config).with_file_name("log");
        ignoring.stderr(fs::File::options().append(true).open(log).expect("a log"));
        *command = ignoring;
    });
    let before = server.workers();
    server.signal(Signal::HUP);
    server.until_replaced(&before, 1);
    send(server.workers()[0], Signal::KILL);
    until("it is mourned", || server.log().contains("SIGKILL"));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_second_server_on_the_same_socket_is_refused() {
    let server = Server::start(1, "10s");
    let config = server.path("recto.toml");
    let second = Command::new(env!("CARGO_BIN_EXE_recto")).args(["serve", "--config"]).arg(config).output();
    let second = second.expect("started");
    assert!(!second.status.success());
    let message = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(message.contains("another server listens there"), "{message}");
    assert_eq!(status(&server, NOWHERE), 404);
}
