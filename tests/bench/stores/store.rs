//! A store: HTTP over the files of a directory, each under many keys, which answers late.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// The running server; it lasts as long as the program.
pub struct Store {
    /// Where it listens.
    pub port: u16,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Store {
    /// Serves the files of `directory`: `leaf.tif` as `/leaf-1.tif`, `/leaf-2.tif` and so on. Each answer takes so much
    /// longer.
    pub fn start(directory: &Path, later: Duration) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (port, counts) = (listener.local_addr()?.port(), Arc::<Counts>::default());
        let (directory, of_server) = (directory.to_owned(), Arc::clone(&counts));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (directory, counts) = (directory.clone(), Arc::clone(&of_server));
                // A client that leaves ends its own connection.
                thread::spawn(move || serve(connection, &directory, later, &counts).ok());
            }
        });
        Ok(Self { port, counts })
    }

    /// Requests that were answered with bytes so far, and these bytes.
    pub fn served(&self) -> (u64, u64) {
        (self.counts.requests.load(Ordering::Relaxed), self.counts.bytes.load(Ordering::Relaxed))
    }
}

fn serve(connection: TcpStream, directory: &Path, later: Duration, counts: &Counts) -> Result<()> {
    connection.set_nodelay(true)?;
    let mut reader = BufReader::new(connection.try_clone()?);
    let (mut connection, mut line) = (connection, String::new());
    loop {
        let (mut request, mut range) = (String::new(), None);
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            match line.trim_end().to_ascii_lowercase().split_once(": ") {
                Some(("range", value)) => range = span(value),
                Some(_) => {}
                None if line.trim_end().is_empty() => break,
                None => {}
            }
        }
        thread::sleep(later);
        let is_get = request.starts_with("GET ");
        let path = request.split(' ').nth(1).unwrap_or_default();
        let answer = answer(directory, path, range, is_get, counts)?;
        connection.write_all(&answer)?;
    }
}

/// `bytes=first-last`.
fn span(value: &str) -> Option<(u64, u64)> {
    let (first, last) = value.trim().strip_prefix("bytes=")?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().unwrap_or(u64::MAX)))
}

fn answer(
    directory: &Path,
    path: &str,
    range: Option<(u64, u64)>,
    is_get: bool,
    counts: &Counts,
) -> Result<Vec<u8>> {
    let Some(file) = place(directory, path).and_then(|place| File::open(place).ok()) else {
        return Ok(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec());
    };
    let size = file.metadata()?.len();
    let (first, last) = range.unwrap_or((0, u64::MAX));
    let last = last.min(size.saturating_sub(1));
    let length = last.checked_sub(first).context("no such range")? + 1;
    let mut fields = HashMap::from([
        ("Content-Length", length.to_string()),
        ("ETag", format!("\"{path}\"")),
        ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT".to_owned()),
        ("Accept-Ranges", "bytes".to_owned()),
    ]);
    let status = if range.is_some() { "206 Partial Content" } else { "200 OK" };
    if range.is_some() {
        fields.insert("Content-Range", format!("bytes {first}-{last}/{size}"));
    }
    let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut answer = format!("HTTP/1.1 {status}\r\n{fields}\r\n").into_bytes();
    if is_get {
        let head = answer.len();
        answer.resize(head + usize::try_from(length)?, 0);
        file.read_exact_at(&mut answer[head..], first)?;
        counts.requests.fetch_add(1, Ordering::Relaxed);
        counts.bytes.fetch_add(length, Ordering::Relaxed);
    }
    Ok(answer)
}

/// The file that a key stands for.
fn place(directory: &Path, path: &str) -> Option<PathBuf> {
    let (stem, extension) = path.strip_prefix('/')?.rsplit_once('.')?;
    let (stem, _) = stem.rsplit_once('-')?;
    Some(directory.join(format!("{stem}.{extension}")))
}
