//! One HTTP request over one connection to 127.0.0.1: all that the demo's check needs.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

/// Longer than NGINX waits for a worker, so that its answer is what we see.
const PATIENCE: Duration = Duration::from_secs(45);
/// No picture within the default limits is larger.
const LONGEST_ANSWER: u64 = 1 << 28;

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    /// The body, as long as Content-Length said.
    pub(super) body: Vec<u8>,
    /// From connecting to the last byte.
    pub(super) took: Duration,
}

impl Answer {
    /// The values of a header, in order; `name` in lower case.
    pub(super) fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a header, or nothing.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// A GET.
pub(super) fn get(port: u16, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Answer> {
    request(port, "GET", path, headers)
}

/// Any method, without a body. HTTP/1.0, so that no answer comes in chunks.
pub(super) fn request(
    port: u16,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> anyhow::Result<Answer> {
    let start = Instant::now();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream =
        TcpStream::connect_timeout(&address, Duration::from_secs(2)).context("cannot connect")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut text = format!("{method} {path} HTTP/1.0\r\nHost: localhost:{port}\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{text}\r\n").as_bytes())?;
    let mut bytes = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut bytes).context("no whole answer")?;
    let mut answer = parse(bytes)?;
    answer.took = start.elapsed();
    let length = answer.header("content-length").parse::<usize>();
    let bodiless = method == "HEAD" || answer.status == 304;
    if let (Ok(length), false) = (length, bodiless) {
        ensure!(answer.body.len() == length, "{} bytes came of {length}", answer.body.len());
    }
    Ok(answer)
}

/// Splits an answer into its parts.
fn parse(mut bytes: Vec<u8>) -> anyhow::Result<Answer> {
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n").context("an answer without a header")?;
    let body = bytes.split_off(end + 4);
    let head = String::from_utf8_lossy(&bytes);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let status = status.context("an answer without a status")?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    Ok(Answer { status, headers, body, took: Duration::ZERO })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_apart() {
        let text = b"HTTP/1.1 404 Not Found\r\nVary: Accept\r\nvary:  Origin \r\n\r\nno\r\n\r\nsuch";
        let answer = parse(text.to_vec()).expect("an answer");
        assert_eq!((answer.status, answer.body.as_slice()), (404, b"no\r\n\r\nsuch".as_slice()));
        assert_eq!(answer.headers("vary").collect::<Vec<_>>(), ["Accept", "Origin"]);
        assert_eq!(answer.header("location"), "");
        assert!(parse(b"nonsense".to_vec()).is_err());
    }
}
