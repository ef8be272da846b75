//! A small HTTP/1.1 client that hides nothing: one request a connection, headers as they came, and an error for any
//! answer that is not whole.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// Longer than NGINX waits for a worker, so that its answer is what we see.
const PATIENCE: Duration = Duration::from_secs(45);

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// In order, names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// All values of a header; `name` in lower case.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a header that may be there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let values = self.all(name);
        assert!(values.len() < 2, "{name} is there more than once: {values:?}");
        values.first().copied()
    }

    /// The value of a header that must be there, once.
    #[track_caller]
    pub fn the(&self, name: &str) -> &str {
        self.header(name)
            .unwrap_or_else(|| panic!("no {name} in {:?} of status {}", self.headers, self.status))
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The URL of the Link with this relation.
    pub fn link(&self, relation: &str) -> Option<&str> {
        let expected = format!("rel=\"{relation}\"");
        let link = self.the("link").split(", ").find(|link| link.split(';').any(|part| part == expected))?;
        link.strip_prefix('<')?.split('>').next()
    }
}

/// Sends a request without a body to `port` of this machine; `target` goes out byte for byte.
///
/// # Errors
/// If the answer does not come, is cut off, or has a body where there must be none.
pub fn request(
    port: u16,
    method: &str,
    target: impl AsRef<[u8]>,
    headers: &[(&str, &str)],
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = [method.as_bytes(), b" ", target.as_ref(), b" HTTP/1.1\r\nConnection: close\r\n"].concat();
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head.extend_from_slice(format!("Host: localhost:{port}\r\n").as_bytes());
    }
    for (name, value) in headers {
        head.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    head.extend_from_slice(b"\r\n");
    stream.write_all(&head)?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&bytes, method == "HEAD")
}

fn parse(bytes: &[u8], without_body: bool) -> io::Result<Answer> {
    let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let end =
        bytes.windows(4).position(|part| part == b"\r\n\r\n").ok_or_else(|| broken("no whole header"))?;
    let (head, rest) = (String::from_utf8_lossy(&bytes[..end]), &bytes[end + 4..]);
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let status = status.ok_or_else(|| broken("no status"))?;
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let mut answer = Answer { status, headers, body: Vec::new() };
    let body = if without_body || matches!(status, 204 | 304) {
        Some(Vec::new()).filter(|_| rest.is_empty())
    } else if answer.header("transfer-encoding") == Some("chunked") {
        unchunked(rest)
    } else {
        let length: usize = answer.the("content-length").parse().map_err(io::Error::other)?;
        (rest.len() == length).then(|| rest.to_vec())
    };
    answer.body = body.ok_or_else(|| broken("the body is not what the header says"))?;
    Ok(answer)
}

/// What stands in chunks (RFC 9112 section 7.1), if they are all there.
fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|part| part == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        rest = &rest[end + 2..];
        let (chunk, after) = rest.split_at_checked(length)?;
        body.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n")?;
        if length == 0 {
            return rest.is_empty().then_some(body);
        }
    }
}

#[test]
fn answers_that_are_cut_off_are_noticed() {
    let whole = |text: &str, head| parse(text.as_bytes(), head).map(|answer| answer.body);
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(whole(&format!("{chunked}3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n"), false).expect("whole"), b"abcd");
    assert!(whole(&format!("{chunked}3\r\nabc\r\n"), false).is_err());
    let counted = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    assert_eq!(whole(&format!("{counted}ab"), false).expect("whole"), b"ab");
    assert!(whole(&format!("{counted}a"), false).is_err());
    assert!(whole(&format!("{counted}ab"), true).is_err(), "HEAD with a body");
}
