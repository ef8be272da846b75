//! How a response is sent: CGI headers and body in STDOUT records, then END_REQUEST.
//! Must not decide on a status or a header of its own, except Content-Length.
//! FastCGI 1.0 sections 5.3 and 5.5; CGI 1.1 (RFC 3875) section 6.

use std::io::{self, ErrorKind, IoSlice, Write};

use super::record::{self, HEADER_LENGTH, ProtocolStatus, kind};
use crate::body::Body;
use crate::http::Response;

/// Most content of one record, a multiple of 8 below 65536 so that no padding is ever needed.
const CHUNK: u16 = 65_528;

/// Writes all of `response` as the reply to request `id`: in one `writev` if `out` takes it, without copying the body,
/// or one for each chunk.
///
/// # Errors
/// Those of `out`, and that of a chunk that cannot be made: then the reply has no end, by which the peer sees that it
/// is incomplete. The connection cannot be used any more.
pub fn write_response(response: Response, id: u16, out: &mut impl Write) -> io::Result<()> {
    let mut head = head(&response);
    match response.body {
        Body::Whole(body) => write_content(id, [&head, &body], &end_of_reply(id), out),
        Body::Chunks(chunks) => {
            for chunk in chunks {
                write_content(id, [&head, &chunk.map_err(io::Error::other)?], b"", out)?;
                head.clear();
            }
            write_content(id, [&head, b""], &end_of_reply(id), out)
        }
    }
}

/// The CGI header block, its empty line included.
fn head(response: &Response) -> Vec<u8> {
    // Room for what is usual: the headers of an image take 350 bytes.
    let mut head = String::with_capacity(512);
    head += &format!("Status: {} {}\r\n", response.status, response.reason());
    let has_length = response.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Content-Length"));
    // RFC 9110 section 8.6: neither 204 nor 304 states the length of its own body.
    if let Body::Whole(body) = &response.body
        && !has_length
        && !matches!(response.status, 204 | 304)
    {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    for (name, value) in &response.headers {
        // The last defence against header injection.
        if value.bytes().any(|byte| byte.is_ascii_control()) {
            log::error!("the value of header {name} has a control byte and is not sent");
            continue;
        }
        for part in [name, ": ", value, "\r\n"] {
            head += part;
        }
    }
    head += "\r\n";
    head.into_bytes()
}

/// Writes both parts as STDOUT records, and `end` as it is.
fn write_content(
    id: u16,
    [mut head, mut body]: [&[u8]; 2],
    end: &[u8],
    out: &mut impl Write,
) -> io::Result<()> {
    let mut left = head.len() + body.len();
    let mut headers = Vec::with_capacity(left / usize::from(CHUNK) + 1);
    while left > 0 {
        let length = u16::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        headers.push(record::header(kind::STDOUT, id, length));
        left -= usize::from(length);
    }
    let mut slices = Vec::with_capacity(headers.len() * 3 + 1);
    for header in &headers {
        slices.push(IoSlice::new(header));
        let mut room = usize::from(CHUNK);
        for part in [&mut head, &mut body] {
            let (now, later) = part.split_at(room.min(part.len()));
            slices.push(IoSlice::new(now));
            room -= now.len();
            *part = later;
        }
    }
    slices.push(IoSlice::new(end));
    write_all(out, &mut slices)
}

/// The empty STDOUT record that ends the stream, and END_REQUEST.
fn end_of_reply(id: u16) -> [u8; HEADER_LENGTH + 16] {
    let mut end = [0; HEADER_LENGTH + 16];
    let (stream, request) = end.split_at_mut(HEADER_LENGTH);
    stream.copy_from_slice(&record::header(kind::STDOUT, id, 0));
    request.copy_from_slice(&record::end_request(id, ProtocolStatus::RequestComplete));
    end
}

fn write_all(out: &mut impl Write, mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
    IoSlice::advance_slices(&mut slices, 0); // drops empty ones at the front
    while !slices.is_empty() {
        match out.write_vectored(slices) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut slices, written),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    /// Takes at most `step` bytes at a time, as a full socket would.
    struct Narrow {
        step: usize,
        taken: Vec<u8>,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let length = bytes.len().min(self.step);
            self.taken.extend_from_slice(&bytes[..length]);
            Ok(length)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What a server that understands the records gets out of them.
    fn received(response: Response, step: usize) -> Vec<u8> {
        let mut out = Narrow { step, taken: Vec::new() };
        write_response(response, 9, &mut out).expect("nothing fails");
        let (stdout, ended) = understood(&out.taken);
        assert!(ended);
        stdout
    }

    /// The content of STDOUT, and whether the reply has an end.
    fn understood(mut rest: &[u8]) -> (Vec<u8>, bool) {
        let (mut stdout, mut streamed, mut ended) = (Vec::new(), false, false);
        while let Some((record, taken)) = record::cut(rest).expect("valid") {
            assert!(record.id == 9 && !ended);
            match (record.kind, record.content) {
                (kind::STDOUT, []) => streamed = true,
                (kind::STDOUT, content) if !streamed => stdout.extend_from_slice(content),
                (kind::END_REQUEST, content) => ended = streamed && content == [0; 8],
                _ => panic!("{record:?}"),
            }
            rest = &rest[taken..];
        }
        assert!(rest.is_empty());
        (stdout, ended)
    }

    #[test]
    fn a_response_is_cgi() {
        let headers = vec![("Content-Type", "image/jpeg".to_owned())];
        let response = Response { status: 200, headers, body: b"pixels".to_vec().into() };
        let expected = b"Status: 200 OK\r\nContent-Length: 6\r\nContent-Type: image/jpeg\r\n\r\npixels";
        assert_eq!(received(response, usize::MAX), expected);
    }

    #[test]
    fn long_bodies_are_cut_and_short_writes_continued() {
        for length in [0, 1, 65_000, 65_528, 65_536, 200_000] {
            let body: Vec<u8> = (0..length).map(|n: u32| n.to_le_bytes()[0]).collect();
            for step in [1000, 65_528, usize::MAX] {
                let response = Response::new(200, body.clone());
                let stdout = received(response, step);
                let head = format!("Status: 200 OK\r\nContent-Length: {length}\r\n\r\n");
                assert!(stdout.starts_with(head.as_bytes()));
                assert!(stdout[head.len()..] == body, "{length} bytes by {step}");
            }
        }
    }

    #[test]
    fn chunks_follow_each_other_and_their_length_is_not_told() {
        let chunks =
            || -> Body { Body::Chunks(Box::new([70_000, 0, 3].map(|n| Ok(vec![n as u8; n])).into_iter())) };
        let expected = [&b"Status: 200 OK\r\n\r\n"[..], &[112; 70_000], &[3; 3]].concat();
        for step in [1000, usize::MAX] {
            assert!(received(Response::new(200, chunks()), step) == expected, "by {step}");
        }
        assert_eq!(received(Response::new(200, Body::Chunks(Box::new([].into_iter()))), 9).len(), 18);
    }

    #[test]
    fn a_chunk_that_fails_leaves_the_reply_without_an_end() {
        let chunks = [Ok(vec![1; 5]), Err(Error::NotFound("gone")), Ok(vec![2; 5])];
        let mut out = Vec::new();
        let response = Response::new(200, Body::Chunks(Box::new(chunks.into_iter())));
        let written = write_response(response, 9, &mut out);
        assert_eq!(written.expect_err("failed").to_string(), "gone");
        let (stdout, ended) = understood(&out);
        assert!(!ended && stdout.ends_with(b"\r\n\r\n\x01\x01\x01\x01\x01"));
    }

    #[test]
    fn control_bytes_never_reach_a_header() {
        let headers = vec![("Link", "a\r\nSet-Cookie: b".to_owned()), ("ETag", "\"c\"".to_owned())];
        let response = Response { status: 304, headers, body: vec![].into() };
        assert_eq!(received(response, usize::MAX), b"Status: 304 Not Modified\r\nETag: \"c\"\r\n\r\n");
    }

    #[test]
    fn a_length_that_is_given_stays() {
        let headers = vec![("content-length", "5".to_owned())];
        let response = Response { status: 200, headers, body: vec![].into() };
        assert_eq!(received(response, 3), b"Status: 200 OK\r\ncontent-length: 5\r\n\r\n");
    }
}
