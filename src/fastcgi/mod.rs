//! FastCGI 1.0 as a responder speaks it: one request per connection, then the connection ends.
//! Pure on bytes; sockets appear only as a `Read` or `Write` that is passed in. Knows nothing of images or HTTP paths:
//! it makes a [`Request`] of records, and records of a [`Response`](crate::http::Response).
//! Standard: FastCGI Specification 1.0 (Open Market, 1996); clauses are cited where they matter.

pub mod params;
pub mod record;
mod request;
mod response;

use std::io::{self, Read, Write};

use crate::http::Request;
pub use request::Assembly;
pub use response::write_response;

/// A whole request, and the id that the reply must carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The FastCGI request id.
    pub id: u16,
    /// The request.
    pub request: Request,
}

/// Why a connection gave no request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The peer closed, stalled, or the socket failed.
    #[error("connection: {0}")]
    Connection(#[from] io::Error),

    /// The peer broke a rule of the protocol or of this server. The connection cannot be used any more.
    #[error("peer: {0}")]
    Peer(#[from] Fault),
}

/// The rule that a peer broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It aborted its request (section 5.4).
    #[error("it aborted the request")]
    Aborted,
    /// The body of BEGIN_REQUEST is not 8 bytes (section 5.1).
    #[error("BEGIN_REQUEST of {0} bytes")]
    BeginLength(usize),
    /// It began the same request twice, or a request with the id 0 (section 3.3).
    #[error("BEGIN_REQUEST for id {0}, which cannot begin")]
    BeginTwice(u16),
    /// More bytes than one connection may send.
    #[error("more than {0} bytes in one connection")]
    ConnectionTooLong(usize),
    /// A name or value runs past the end of its stream (section 3.4).
    #[error("a name or value runs past the end of the parameters")]
    PairTruncated,
    /// More parameters than a request may have, in bytes.
    #[error("more than {0} bytes of parameters")]
    ParamsTooLong(usize),
    /// It asks for a filter or an authorizer (section 6).
    #[error("role {0} instead of a responder")]
    Role(u16),
    /// More parameters than a request may have, in number.
    #[error("more than {0} parameters")]
    TooManyPairs(usize),
    /// It speaks another version of the protocol (section 3.3).
    #[error("version {0} instead of 1")]
    Version(u8),
}

/// Reads on in one request, of which `assembly` has what was read before, answering management records and refusing
/// further requests on the way. None if the stream would block before the request is complete.
///
/// It is complete with its (ignored) body: bytes left unread on a unix socket would turn the reply into a "connection
/// reset" at the other end.
///
/// # Errors
/// [`Error::Connection`] if the peer closes or the stream fails first; [`Error::Peer`] if the peer breaks a rule. What
/// the protocol wants to be said about that has been written then.
pub fn read_request(
    stream: &mut (impl Read + Write),
    assembly: &mut Assembly,
) -> Result<Option<Incoming>, Error> {
    let mut buffer = [0; 8192];
    loop {
        let length = match stream.read(&mut buffer) {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let outcome = assembly.feed(&buffer[..length]);
        let replies = assembly.take_replies();
        if !replies.is_empty() {
            stream.write_all(&replies)?;
        }
        if let Some(incoming) = outcome? {
            return Ok(Some(incoming));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fastcgi::record::kind;

    /// What comes of a stream with a new assembly.
    fn read(stream: &mut (impl Read + Write)) -> Result<Option<Incoming>, Error> {
        read_request(stream, &mut Assembly::default())
    }

    /// A stream that gives what it holds `step` bytes at a time, then ends.
    struct Trickle<'a> {
        left: &'a [u8],
        step: usize,
        written: Vec<u8>,
    }

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let (now, later) = self.left.split_at(self.step.min(self.left.len()).min(buffer.len()));
            buffer[..now.len()].copy_from_slice(now);
            self.left = later;
            Ok(now.len())
        }
    }

    impl Write for Trickle<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.written.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_request_arrives_byte_by_byte() {
        let sent = record::request(7, &[("REQUEST_URI", "/iiif/3/a/info.json")]);
        let mut stream = Trickle { left: &sent, step: 1, written: Vec::new() };
        let incoming = read(&mut stream).expect("no fault").expect("a whole request");
        assert_eq!(incoming.id, 7);
        assert_eq!(incoming.request.param("REQUEST_URI"), Some(&b"/iiif/3/a/info.json"[..]));
        assert!(stream.left.is_empty() && stream.written.is_empty());
    }

    #[test]
    fn a_peer_that_leaves_early_is_an_error_of_the_connection() {
        let sent = record::request(1, &[("A", "b")]);
        let mut stream = Trickle { left: &sent[..sent.len() - 1], step: 9, written: Vec::new() };
        assert!(matches!(read(&mut stream), Err(Error::Connection(_))));
    }

    /// A stream that has nothing more to give before each piece.
    struct Slow<'a>(std::slice::Iter<'a, &'a [u8]>, bool);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            let Some(piece) = self.0.as_slice().first().filter(|_| !self.1) else {
                return Err(io::ErrorKind::WouldBlock.into());
            };
            self.0.next();
            buffer[..piece.len()].copy_from_slice(piece);
            Ok(piece.len())
        }
    }

    impl Write for Slow<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_request_that_stops_on_its_way_is_read_on_with_later() {
        let sent = record::request(7, &[("A", "b")]);
        let (first, second) = sent.split_at(20);
        let pieces = [first, second];
        let (mut stream, mut assembly) = (Slow(pieces.iter(), false), Assembly::default());
        for _ in 0..2 {
            assert!(matches!(read_request(&mut stream, &mut assembly), Ok(None)));
        }
        let incoming = read_request(&mut stream, &mut assembly).expect("no fault").expect("whole");
        assert_eq!(incoming.request.param("A"), Some(&b"b"[..]));
    }

    #[test]
    fn a_refusal_is_written_before_the_fault_is_returned() {
        let mut sent = record::header(kind::BEGIN_REQUEST, 1, 8).to_vec();
        sent.extend_from_slice(&[0, 3, 0, 0, 0, 0, 0, 0]);
        let mut stream = Trickle { left: &sent, step: 99, written: Vec::new() };
        assert!(matches!(read(&mut stream), Err(Error::Peer(Fault::Role(3)))));
        assert_eq!(stream.written, record::end_request(1, record::ProtocolStatus::UnknownRole));
    }
}
