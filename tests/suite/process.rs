//! The pool as a whole, driven over its socket with records made by hand: what a worker survives, what replaces it
//! when it does not, and that nobody loses an answer to a reload or a stop. No NGINX here: that is `nginx.rs`.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use recto::fastcgi::params;
use recto::fastcgi::record::{self, kind};
use recto::scoreboard::{Entry, Scoreboard};
use rustix::process::{Pid, Signal, kill_process};

/// A running server in a directory of its own. It ends with this value.
struct Server {
    directory: tempfile::TempDir,
    child: Child,
}

impl Server {
    fn start(workers: usize, deadline: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fs::create_dir(directory.path().join("masters")).expect("a directory");
        write_configuration(directory.path(), workers, deadline);
        let child = serve(directory.path()).spawn().expect("started");
        let server = Self { directory, child };
        until("the server is ready", || server.path("pid").exists());
        server
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it lives");
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).expect("a log")
    }

    fn connect(&self) -> UnixStream {
        UnixStream::connect(self.path("socket")).expect("somebody listens")
    }

    /// The status that a GET of `path` is answered with.
    fn status(&self, path: &str) -> u16 {
        get(&self.path("socket"), path).expect("an answer")
    }

    /// The process ids of the workers.
    fn workers(&self) -> Vec<i32> {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).expect("it lives");
        children.split_whitespace().map(|pid| pid.parse().expect("a number")).collect()
    }

    /// The scoreboard, found among the supervisor's descriptors.
    fn scoreboard(&self) -> Scoreboard {
        let descriptors = fs::read_dir(format!("/proc/{}/fd", self.child.id())).expect("it lives");
        let path = descriptors
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| {
                fs::read_link(path).is_ok_and(|to| to.to_string_lossy().contains("recto-scoreboard"))
            })
            .expect("a scoreboard");
        Scoreboard::open(&path).expect("open")
    }

    /// Makes the only worker look as if it hung in `request`: it is stopped, and its slot says that it is long at it.
    fn hang(&self, request: &str) -> i32 {
        let worker = self.workers()[0];
        send(worker, Signal::STOP);
        let process = u32::try_from(worker).expect("positive");
        let busy = Entry { process, busy_since: 1, served: 1, request: request.into() };
        self.scoreboard().write(0, &busy).expect("written");
        worker
    }

    /// The exit status after `signal`, or `None` if it was killed.
    fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.child.wait().expect("a child").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}

fn write_configuration(directory: &Path, workers: usize, deadline: &str) {
    let at = directory.display();
    let text = format!(
        "[server]\nsocket = \"{at}/socket\"\nworkers = {workers}\ndeadline = \"{deadline}\"\n\
         [masters]\nroot = \"{at}/masters\"\n"
    );
    fs::write(directory.join("recto.toml"), text).expect("written");
}

fn serve(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.arg("serve").arg("--config").arg(directory.join("recto.toml"));
    command.arg("--pid-file").arg(directory.join("pid"));
    let log = fs::File::create(directory.join("log")).expect("a log");
    command.stderr(log).stdout(Stdio::null()).stdin(Stdio::null());
    command
}

fn send(process: i32, signal: Signal) {
    kill_process(Pid::from_raw(process).expect("positive"), signal).expect("it lives");
}

/// Waits at most ten seconds for `condition`.
fn until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(10), "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn record(kind: u8, id: u16, content: &[u8]) -> Vec<u8> {
    let mut bytes = record::header(kind, id, u16::try_from(content.len()).expect("short")).to_vec();
    bytes.extend_from_slice(content);
    bytes
}

/// A GET request as NGINX sends it, with the flag that asks to keep the connection.
fn request(path: &str) -> Vec<u8> {
    let pairs = [("REQUEST_METHOD", "GET"), ("REQUEST_URI", path), ("RECTO_BASE", "http://localhost/iiif")];
    let params = params::encode(pairs.map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    [
        record(kind::BEGIN_REQUEST, 1, &[0, 1, 1, 0, 0, 0, 0, 0]),
        record(kind::PARAMS, 1, &params),
        record(kind::PARAMS, 1, b""),
        record(kind::STDIN, 1, b""),
    ]
    .concat()
}

fn get(socket: &Path, path: &str) -> io::Result<u16> {
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(&request(path))?;
    answer(&mut stream)
}

/// The status of the answer, if it is whole.
fn answer(stream: &mut UnixStream) -> io::Result<u16> {
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
    let text = String::from_utf8_lossy(&text);
    let status = text.strip_prefix("Status: ").and_then(|text| text.get(..3)?.parse().ok());
    status.filter(|_| ended && rest.is_empty()).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

const NOWHERE: &str = "/iiif/3/nothing-here/info.json";

/// Clients that ask without a pause until they are stopped.
struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<thread::JoinHandle<(usize, Vec<io::Error>)>>,
}

impl Load {
    /// Starts `clients` of them. When the socket is gone they are done: that is how a server that stops refuses.
    fn start(server: &Server, clients: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |_| {
            let (stop, socket) = (Arc::clone(&stop), server.path("socket"));
            thread::spawn(move || {
                let (mut answered, mut lost) = (0, Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    match get(&socket, NOWHERE) {
                        Ok(404) => answered += 1,
                        Ok(status) => lost.push(io::Error::other(format!("status {status}"))),
                        Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                        Err(error) => lost.push(error),
                    }
                }
                (answered, lost)
            })
        };
        let clients = (0..clients).map(client).collect();
        Self { stop, clients }
    }

    /// The number of answers, and what went wrong instead of others.
    fn end(self) -> (usize, Vec<io::Error>) {
        self.stop.store(true, Ordering::Relaxed);
        let (mut answered, mut lost) = (0, Vec::new());
        for client in self.clients {
            let (more, worse) = client.join().expect("no panic");
            answered += more;
            lost.extend(worse);
        }
        (answered, lost)
    }
}

#[test]
fn requests_are_answered_and_the_connection_closed() {
    let server = Server::start(2, "10s");
    for _ in 0..20 {
        assert_eq!(server.status(NOWHERE), 404);
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
        let mut stream = server.connect();
        // The server may hang up in the middle of it.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
        assert_eq!(server.status(NOWHERE), 404);
    }
    assert_eq!(server.workers(), before);
}

#[test]
fn management_records_are_answered_before_the_request() {
    let server = Server::start(1, "10s");
    let mut stream = server.connect();
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
fn silent_connections_do_not_keep_others_out() {
    let server = Server::start(2, "10s");
    let _silent: Vec<UnixStream> = (0..6).map(|_| server.connect()).collect();
    let start = Instant::now();
    assert_eq!(server.status(NOWHERE), 404);
    // Three turns of 100 ms for two workers, and slack for a loaded machine.
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn requests_whose_client_has_left_are_not_begun() {
    let server = Server::start(1, "10s");
    let worker = server.workers()[0];
    send(worker, Signal::STOP);
    for _ in 0..5 {
        server.connect().write_all(&request(NOWHERE)).expect("queued");
    }
    send(worker, Signal::CONT);
    assert_eq!(server.status(NOWHERE), 404);
    let served = || server.scoreboard().read(0).ok().flatten().map(|entry| entry.served);
    until("the slot is written", || served() > Some(0));
    assert_eq!(served(), Some(1));
}

#[test]
fn a_killed_worker_is_replaced_within_a_second() {
    let server = Server::start(2, "10s");
    assert_eq!(server.status(NOWHERE), 404);
    thread::sleep(Duration::from_millis(1100)); // no longer at its start
    for _ in 0..3 {
        let (before, start) = (server.workers(), Instant::now());
        send(before[0], Signal::KILL);
        until("the worker is replaced", || {
            let now = server.workers();
            now.len() == 2 && !now.contains(&before[0])
        });
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        assert_eq!(server.status(NOWHERE), 404);
    }
    assert!(server.log().contains("signal: 9 (SIGKILL)"));
}

#[test]
fn a_worker_over_the_deadline_is_killed_and_its_request_put_in_quarantine() {
    let server = Server::start(1, "300ms");
    let poison = "/iiif/3/poison/full/max/0/default.jpg";
    for death in 1..=2 {
        assert_ne!(server.status(poison), 500, "before death {death}");
        let stopped = server.hang(&format!("GET {poison}"));
        let start = Instant::now();
        until("the worker is replaced", || server.workers().first().is_some_and(|pid| *pid != stopped));
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
    until("the request is in quarantine", || server.log().contains("is in quarantine"));
    assert_eq!(server.status(&format!("{poison}?again=1")), 500);
    assert_eq!(server.status(NOWHERE), 404);
    assert!(server.log().contains(&format!("over the deadline of 300ms with GET {poison}")));
}

#[test]
fn a_reload_under_load_loses_no_request() {
    let server = Server::start(2, "10s");
    let load = Load::start(&server, 4);
    for workers in [3, 1, 4, 2] {
        let before = server.workers();
        write_configuration(server.directory.path(), workers, "10s");
        server.signal(Signal::HUP);
        until("all workers are new", || {
            let now = server.workers();
            now.len() == workers && now.iter().all(|pid| !before.contains(pid))
        });
    }
    let (answered, lost) = load.end();
    assert!(lost.is_empty(), "{} of {answered}: {:?}", lost.len(), lost[0]);
    assert!(answered > 100);
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
    assert_eq!(server.status(NOWHERE), 404);
}

#[test]
fn a_stop_under_load_answers_all_who_got_in() {
    let mut server = Server::start(2, "10s");
    let load = Load::start(&server, 8);
    thread::sleep(Duration::from_millis(200));
    assert_eq!(server.stop(), Some(0));
    let (answered, lost) = load.end();
    assert!(lost.is_empty(), "{} of {answered}: {:?}", lost.len(), lost[0]);
    assert!(!server.path("socket").exists() && !server.path("pid").exists());
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
    let workers = server.workers();
    server.child.kill().expect("it lives");
    server.child.wait().expect("a child");
    let lives =
        |pid: &i32| fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|c| c.contains("--slot"));
    until("the workers are gone", || !workers.iter().any(lives));
    // A new server takes the place that the dead one left.
    server.child = serve(server.directory.path()).spawn().expect("started");
    until("the new server answers", || {
        get(&server.path("socket"), NOWHERE).is_ok_and(|status| status == 404)
    });
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
    assert_eq!(server.status(NOWHERE), 404);
}
