//! Clients of many addresses, each with a connection for each request, and what they were answered.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use super::pool::Pool;

/// What a request came to.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// The status; 0 if no whole answer came.
    pub status: u16,
    /// From its beginning to its last byte.
    pub took: Duration,
}

/// The address of a client.
pub fn address(client: u32) -> Ipv4Addr {
    let [_, high, middle, low] = client.to_be_bytes();
    Ipv4Addr::new(127, 1 + high, middle, low)
}

/// A connection from an address of this machine to a port of it.
pub fn connected(port: u16, from: Ipv4Addr) -> io::Result<TcpStream> {
    let stream = socket(AddressFamily::INET, SocketType::STREAM, None)?;
    bind(&stream, &SocketAddrV4::new(from, 0))?;
    connect(&stream, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    Ok(stream.into())
}

/// Sends a request for `path`.
pub fn send(stream: &mut TcpStream, path: &str) -> io::Result<()> {
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes())
}

/// Asks for `path` and reads the answer.
pub fn ask(port: u16, from: Ipv4Addr, path: &str) -> Outcome {
    let start = Instant::now();
    let status = answered(port, from, path).unwrap_or(0);
    Outcome { status, took: start.elapsed() }
}

fn answered(port: u16, from: Ipv4Addr, path: &str) -> io::Result<u16> {
    let mut stream = connected(port, from)?;
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    send(&mut stream, path)?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    Ok(whole(&bytes).unwrap_or(0))
}

/// The status of an answer that is all there.
fn whole(bytes: &[u8]) -> Option<u16> {
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).ok()?.to_ascii_lowercase();
    let status = head.split(' ').nth(1)?.trim().parse().ok()?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let is_whole = match length {
        Some(length) => bytes.len() - end == length,
        None => bytes.ends_with(b"\r\n0\r\n\r\n"),
    };
    is_whole.then_some(status)
}

/// Readers who ask for one new tile after another, with a pause between, while `during` is true; what they were answered.
pub fn readers(
    pool: &Pool,
    count: u32,
    pause: Duration,
    during: &(impl Fn() -> bool + Sync),
) -> Vec<Outcome> {
    let reader = |client: u32| {
        let mut outcomes = Vec::new();
        while during() {
            outcomes.push(ask(pool.port, address(client), &pool.tile()));
            thread::sleep(pause);
        }
        outcomes
    };
    thread::scope(|scope| {
        let readers: Vec<_> = (1..=count).map(|client| scope.spawn(move || reader(client))).collect();
        readers.into_iter().flat_map(|reader| reader.join().unwrap_or_default()).collect()
    })
}

/// Times, sorted, and said in milliseconds.
pub struct Times(Vec<Duration>);

impl Times {
    /// Of those outcomes that have this status.
    pub fn of(outcomes: &[Outcome], status: u16) -> Self {
        let with_status = outcomes.iter().filter(|outcome| outcome.status == status);
        let mut times: Vec<_> = with_status.map(|outcome| outcome.took).collect();
        times.sort_unstable();
        Self(times)
    }

    /// The time that `part` of a hundred are within; nothing if there is none.
    pub fn quantile(&self, part: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * part / 100).copied().unwrap_or_default()
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let quantile = |part| self.quantile(part).as_secs_f64() * 1e3;
        write!(
            f,
            "{} with p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms",
            self.0.len(),
            quantile(50),
            quantile(99),
            quantile(100)
        )
    }
}
