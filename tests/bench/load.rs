//! A closed loop of HTTP/1.1 clients: each sends its next request when it has the answer to the last.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// How many requests are under way at a time.
pub const CONNECTIONS: usize = 8;

/// A connection that is kept alive.
pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects to a port of this machine.
    pub fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { stream: BufReader::with_capacity(1 << 16, stream) })
    }

    /// The body of a GET, which must succeed.
    pub fn get(&mut self, path: &str) -> Result<Vec<u8>> {
        self.answer(path).with_context(|| format!("GET {path}"))
    }

    fn answer(&mut self, path: &str) -> Result<Vec<u8>> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        self.stream.get_mut().write_all(request.as_bytes())?;
        let status = self.line()?;
        let mut length = None;
        loop {
            let line = self.line()?.to_ascii_lowercase();
            match line.split_once(':') {
                None => break,
                Some(("content-length", value)) => length = Some(value.trim().parse()?),
                Some(_) => {}
            }
        }
        let mut body = Vec::new();
        match length {
            Some(length) => self.append(length, &mut body)?,
            // Only other servers leave the length to chunks.
            None => loop {
                let length = usize::from_str_radix(&self.line()?, 16)?;
                self.append(length, &mut body)?;
                self.line()?;
                if length == 0 {
                    break;
                }
            },
        }
        ensure!(status.contains(" 200 "), "{status}: {}", String::from_utf8_lossy(&body));
        Ok(body)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            bail!("the connection was closed");
        }
        Ok(line.trim_end().to_owned())
    }

    fn append(&mut self, length: usize, body: &mut Vec<u8>) -> Result<()> {
        let start = body.len();
        body.resize(start + length, 0);
        Ok(self.stream.read_exact(&mut body[start..])?)
    }
}

/// Sends `count` requests, those of `paths` in turn, and checks the length of each answer. How long each took.
pub fn run(port: u16, paths: &[(String, usize)], count: usize) -> Result<Vec<Duration>> {
    let next = AtomicUsize::new(0);
    let client = || -> Result<Vec<Duration>> {
        let mut client = Client::connect(port)?;
        let mut took = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return Ok(took);
            }
            let (path, length) = &paths[number % paths.len()];
            let start = Instant::now();
            let body = client.get(path)?;
            took.push(start.elapsed());
            ensure!(body.len() == *length, "{} bytes of {path} where {length} came before", body.len());
        }
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(client)).collect();
        let mut all = Vec::with_capacity(count);
        for client in clients {
            all.extend(client.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(all)
    })
}
