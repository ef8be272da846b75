//! A proxy between a fetcher and a store: it counts, takes its time, and does to answers what networks and servers do to
//! them.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_socket_linger;

/// What happens to a request or to its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends before there is an answer.
    Disconnects,
    /// It is reset within the body.
    Resets,
    /// It ends within the body.
    Truncates,
    /// The body is shorter than what was asked for, and said to be.
    WrongLength,
    /// The body is what follows that which was asked for, and said to be.
    WrongRange,
    /// All of the object comes, with 200.
    Whole,
    /// This status comes.
    Status(u16),
    /// Nothing comes.
    Stalls,
    /// A byte comes now and then.
    Drips,
}

/// A request that was answered, whole or not.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// As it came, with its query.
    pub target: String,
    /// The first byte and the last one that were asked for.
    pub range: Option<(u64, u64)>,
    pub status: u16,
    /// Of the body.
    pub bytes: usize,
    from: Instant,
    to: Instant,
}

#[derive(Default)]
struct Shared {
    upstream: AtomicU16,
    /// Added to each request, in milliseconds.
    delay: AtomicU64,
    is_down: AtomicBool,
    /// For targets that have this text in them, so many times.
    faults: Mutex<Vec<(String, Fault, usize)>>,
    seen: Mutex<Vec<Seen>>,
}

/// A running proxy. Its threads end with the test.
pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    /// One that listens, and passes on to nobody yet.
    pub fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::<Shared>::default();
        let of_all = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&of_all);
                thread::spawn(move || {
                    // Whoever stands at either end may leave at any time.
                    let _ = shared.converse(client);
                });
            }
        });
        Self { port, shared }
    }

    /// From now on it passes on to this port.
    pub fn to(self, port: u16) -> Self {
        self.shared.upstream.store(port, Ordering::Relaxed);
        self
    }

    pub fn delay(&self, by: Duration) {
        self.shared.delay.store(u64::try_from(by.as_millis()).expect("short"), Ordering::Relaxed);
    }

    /// Whether every connection is reset.
    pub fn down(&self, is_down: bool) {
        self.shared.is_down.store(is_down, Ordering::Relaxed);
    }

    /// The next `times` requests whose target has `text` in it fare so.
    pub fn fault(&self, text: &str, fault: Fault, times: usize) {
        locked(&self.shared.faults).push((text.to_owned(), fault, times));
    }

    /// From now on all goes well.
    pub fn heal(&self) {
        locked(&self.shared.faults).clear();
    }

    /// What was asked whose target has `text` in it, and from now on is forgotten.
    pub fn take(&self, text: &str) -> Vec<Seen> {
        let mut seen = locked(&self.shared.seen);
        let (taken, left) = std::mem::take(&mut *seen).into_iter().partition(|one| one.target.contains(text));
        *seen = left;
        taken
    }
}

/// How many round trips one after the other there were: requests that overlap are one.
pub fn round_trips(seen: &[Seen]) -> usize {
    let mut seen: Vec<_> = seen.iter().map(|one| (one.from, one.to)).collect();
    seen.sort();
    let (mut trips, mut end) = (0, None);
    for (from, to) in seen {
        match end {
            // Asked before any answer of the others was there.
            Some(first) if from < first => end = Some(to.min(first)),
            _ => {
                trips += 1;
                end = Some(to);
            }
        }
    }
    trips
}

impl Shared {
    fn converse(&self, mut client: TcpStream) -> io::Result<()> {
        while !self.is_down.load(Ordering::Relaxed) {
            let Some(head) = read_head(&mut client)? else { return Ok(()) };
            let request = Request::of(&head);
            let from = Instant::now();
            thread::sleep(Duration::from_millis(self.delay.load(Ordering::Relaxed)));
            if self.is_down.load(Ordering::Relaxed) {
                break;
            }
            let fault = self.fault_of(&request.target);
            let (answer, is_whole) = match fault {
                Some(Fault::Disconnects) => (Vec::new(), false),
                Some(Fault::Stalls) => {
                    client.read_to_end(&mut Vec::new())?;
                    (Vec::new(), false)
                }
                Some(Fault::Status(status)) => (complaint(status), true),
                _ => (self.asked(&request, &head, fault)?, true),
            };
            let (head, body) = split(&answer);
            let status = String::from_utf8_lossy(head).split(' ').nth(1).and_then(|text| text.parse().ok());
            let Request { method, target, range } = request;
            let (status, bytes) = (status.unwrap_or(0), body.len());
            locked(&self.seen).push(Seen { method, target, range, status, bytes, from, to: Instant::now() });
            let is_well = || locked(&self.faults).is_empty();
            if !is_whole || !send(&mut client, head, body, fault, is_well)? {
                return Ok(());
            }
        }
        reset(&client);
        Ok(())
    }

    fn fault_of(&self, target: &str) -> Option<Fault> {
        let mut faults = locked(&self.faults);
        let (_, fault, left) =
            faults.iter_mut().find(|(text, _, left)| *left > 0 && target.contains(&**text))?;
        *left -= 1;
        Some(*fault)
    }

    /// The answer of the store.
    fn asked(&self, request: &Request, head: &[u8], fault: Option<Fault>) -> io::Result<Vec<u8>> {
        let moved = match (fault, request.range) {
            (Some(Fault::WrongRange), Some((first, last))) => {
                Some(format!("bytes={}-{}", first + 7, last + 7))
            }
            _ => None,
        };
        let mut lines: Vec<String> = Vec::new();
        for line in String::from_utf8_lossy(head).trim_end().split("\r\n") {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            match (&*name, &moved) {
                ("connection", _) => {}
                ("range", _) if fault == Some(Fault::Whole) => {}
                ("range", Some(moved)) => lines.push(format!("Range: {moved}")),
                _ => lines.push(line.to_owned()),
            }
        }
        let head = format!("{}\r\nConnection: close\r\n\r\n", lines.join("\r\n"));
        let mut store = TcpStream::connect((Ipv4Addr::LOCALHOST, self.upstream.load(Ordering::Relaxed)))?;
        store.write_all(head.as_bytes())?;
        let mut answer = Vec::new();
        store.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

struct Request {
    method: String,
    target: String,
    range: Option<(u64, u64)>,
}

impl Request {
    fn of(head: &[u8]) -> Self {
        let text = String::from_utf8_lossy(head);
        let mut words = text.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let range = text.split("\r\n").find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let (first, last) = value.trim().strip_prefix("bytes=")?.split_once('-')?;
            name.eq_ignore_ascii_case("range").then_some((first.parse().ok()?, last.parse().ok()?))
        });
        Self { method, target, range }
    }
}

/// Sends an answer, as the fault has it. Whether another request may follow on this connection.
fn send(
    client: &mut TcpStream,
    head: &[u8],
    body: &[u8],
    fault: Option<Fault>,
    is_well: impl Fn() -> bool,
) -> io::Result<bool> {
    let head = String::from_utf8_lossy(head);
    let lines =
        head.trim_end().split("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let is_short = fault == Some(Fault::WrongLength) && !body.is_empty();
    let lines: Vec<String> = lines
        .map(|line| match line.to_ascii_lowercase().starts_with("content-length:") && is_short {
            true => format!("Content-Length: {}", body.len() / 2),
            false => line.to_owned(),
        })
        .collect();
    client.write_all(format!("{}\r\n\r\n", lines.join("\r\n")).as_bytes())?;
    match fault {
        Some(Fault::Resets) => {
            client.write_all(&body[..body.len() / 2])?;
            reset(client);
            Ok(false)
        }
        Some(Fault::Truncates) => {
            client.write_all(&body[..body.len() / 2])?;
            client.shutdown(Shutdown::Both)?;
            Ok(false)
        }
        Some(Fault::WrongLength) => client.write_all(&body[..body.len() / 2]).map(|()| true),
        Some(Fault::Drips) => {
            for byte in body.chunks(1) {
                client.write_all(byte)?;
                if !is_well() {
                    thread::sleep(Duration::from_millis(100));
                }
            }
            Ok(true)
        }
        _ => client.write_all(body).map(|()| true),
    }
}

/// What is thrown away is not sent: the other end hears of a reset.
fn reset(client: &TcpStream) {
    // One that has left needs none.
    let _ = set_socket_linger(client, Some(Duration::ZERO));
}

fn complaint(status: u16) -> Vec<u8> {
    let retry = if status == 429 { "Retry-After: 1\r\n" } else { "" };
    format!("HTTP/1.1 {status} Told so\r\nContent-Length: 4\r\n{retry}\r\nno.\n").into_bytes()
}

/// A head with the empty line at its end; `None` if the connection ends before it.
fn read_head(client: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if client.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    Ok(Some(head))
}

fn split(answer: &[u8]) -> (&[u8], &[u8]) {
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    answer.split_at(end)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
