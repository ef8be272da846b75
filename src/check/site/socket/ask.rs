//! One request in FastCGI, and the status that comes back.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::fastcgi::params;
use crate::fastcgi::record::{self, kind};

/// A stream to whoever answers, with limits of time.
pub(super) trait Connection: Read + Write {
    /// How long one read may take, and one write.
    fn set_limits(&self, limit: Duration) -> io::Result<()>;
}

impl Connection for UnixStream {
    fn set_limits(&self, limit: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(limit)).and_then(|()| self.set_write_timeout(Some(limit)))
    }
}

impl Connection for TcpStream {
    fn set_limits(&self, limit: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(limit)).and_then(|()| self.set_write_timeout(Some(limit)))
    }
}

/// The status of a GET, as NGINX would ask for it.
pub(super) fn status_of(mut stream: impl Connection, uri: &str) -> io::Result<u16> {
    let end = Instant::now() + PATIENCE;
    stream.set_limits(PATIENCE)?;
    stream.write_all(&request(uri))?;
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        stream.set_limits(left)?;
        match stream.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err(io::Error::new(
                    ErrorKind::TimedOut,
                    format!("no answer after {} s", PATIENCE.as_secs()),
                ));
            }
            Ok(0) => return Err(io::Error::new(ErrorKind::UnexpectedEof, "it hung up")),
            read => bytes.extend_from_slice(&buffer[..read?]),
        }
        // The status is in the first record that says anything.
        match record::cut(&bytes) {
            Ok(Some((record, _))) if record.kind == kind::STDOUT => return status(record.content),
            Ok(None) if bytes.len() < LONGEST => {}
            _ => return Err(io::Error::new(ErrorKind::InvalidData, "what comes is not FastCGI")),
        }
    }
}

fn status(content: &[u8]) -> io::Result<u16> {
    let text = String::from_utf8_lossy(content);
    let status = text.strip_prefix("Status: ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "an answer without a status"))
}

fn request(uri: &str) -> Vec<u8> {
    let pairs = [("REQUEST_METHOD", "GET"), ("REQUEST_URI", uri), ("RECTO_BASE", "http://localhost/iiif")];
    let params = params::encode(pairs.map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    let parts: [(u8, &[u8]); 4] = [
        (kind::BEGIN_REQUEST, &[0, 1, 0, 0, 0, 0, 0, 0]),
        (kind::PARAMS, &params),
        (kind::PARAMS, &[]),
        (kind::STDIN, &[]),
    ];
    let mut bytes = Vec::new();
    for (kind, content) in parts {
        // An identifier has at most 1024 bytes, three characters for each in a URL.
        bytes.extend_from_slice(&record::header(kind, 1, u16::try_from(content.len()).unwrap_or(u16::MAX)));
        bytes.extend_from_slice(content);
    }
    bytes
}

/// Longer than any info.json takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// No record is longer.
const LONGEST: usize = 70_000;
