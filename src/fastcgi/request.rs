//! The assembly of a request from the records of one connection.
//! Must not touch a socket: bytes come in by [`Assembly::feed`], replies that the protocol requires are queued.
//! FastCGI 1.0 sections 3.5, 4, 5 and 6.2; the bounds are our own.

use super::record::{self, ProtocolStatus, Record, kind};
use super::{Fault, Incoming, params, write_response};
use crate::http::{Request, Response};

/// Most bytes of parameters. NGINX sends less than 20 KiB with its default limits.
const MAX_PARAMS: usize = 64 * 1024;

/// Most bytes of one connection, whatever they are: parameters, an unused body, management, padding.
const MAX_CONNECTION: usize = 256 * 1024;

/// The role that answers requests (section 6.2), the only one implemented here.
const RESPONDER: u16 = 1;

/// A request being assembled. The result does not depend on how the bytes were cut into pieces.
#[derive(Debug, Default)]
pub struct Assembly {
    pending: Vec<u8>,
    received: usize,
    begun: Option<u16>,
    params: Vec<u8>,
    params_ended: bool,
    replies: Vec<u8>,
}

impl Assembly {
    /// Takes the next bytes of the connection; returns the request when it is complete, after which no more may follow.
    ///
    /// # Errors
    /// The [`Fault`] of the peer, after which no more may follow either.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Option<Incoming>, Fault> {
        self.pending.extend_from_slice(bytes);
        // Taken out so that a record can borrow it while the rest of `self` changes.
        let pending = std::mem::take(&mut self.pending);
        let mut rest = &pending[..];
        while let Some((record, taken)) = record::cut(rest)? {
            self.received += taken;
            if self.received > MAX_CONNECTION {
                return Err(Fault::ConnectionTooLong(MAX_CONNECTION));
            }
            rest = &rest[taken..];
            match self.accept(record) {
                Ok(None) => {}
                Ok(complete) => return Ok(complete),
                Err(fault) => {
                    self.refuse(fault);
                    return Err(fault);
                }
            }
        }
        self.pending = rest.to_vec();
        Ok(None)
    }

    /// What has to be written to the peer now: answers to management records, refusals.
    pub fn take_replies(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.replies)
    }

    fn accept(&mut self, record: Record<'_>) -> Result<Option<Incoming>, Fault> {
        match (record.kind, record.id, self.begun) {
            (kind::GET_VALUES, 0, _) => self.answer_values(record.content)?,
            (kind::BEGIN_REQUEST, id, begun) => self.begin(id, begun, record.content)?,
            (unknown, 0, _) => self.replies.extend_from_slice(&record::unknown_type(unknown)),
            (kind::ABORT_REQUEST, id, Some(begun)) if id == begun => {
                self.end(id, ProtocolStatus::RequestComplete);
                return Err(Fault::Aborted);
            }
            (kind::PARAMS, id, Some(begun)) if id == begun && !self.params_ended => {
                self.take_params(record.content)?;
            }
            (kind::STDIN, id, Some(begun))
                if id == begun && self.params_ended && record.content.is_empty() =>
            {
                return self.complete(id).map(Some);
            }
            // The body is discarded; records of requests that are not active are ignored, as section 3.3 asks.
            _ => {}
        }
        Ok(None)
    }

    /// Section 5.1. The flag that asks to keep the connection is ignored: see the `worker`.
    fn begin(&mut self, id: u16, begun: Option<u16>, body: &[u8]) -> Result<(), Fault> {
        let &[role1, role0, _flags, _, _, _, _, _] = body else {
            return Err(Fault::BeginLength(body.len()));
        };
        let role = u16::from_be_bytes([role1, role0]);
        match begun {
            _ if id == 0 => Err(Fault::BeginTwice(0)),
            Some(active) if active == id => Err(Fault::BeginTwice(id)),
            Some(_) => {
                self.end(id, ProtocolStatus::CannotMultiplex);
                Ok(())
            }
            None if role != RESPONDER => {
                self.end(id, ProtocolStatus::UnknownRole);
                Err(Fault::Role(role))
            }
            None => {
                self.begun = Some(id);
                Ok(())
            }
        }
    }

    /// Answers a request that will not be complete, where HTTP has a status for the reason.
    fn refuse(&mut self, fault: Fault) {
        let status = match fault {
            Fault::PairTruncated => 400,
            Fault::ParamsTooLong(_) | Fault::TooManyPairs(_) => 431,
            _ => return,
        };
        if let Some(id) = self.begun {
            // Writing to a vector cannot fail.
            let _ = write_response(Response::text(status, &fault.to_string()), id, &mut self.replies);
        }
    }

    fn end(&mut self, id: u16, status: ProtocolStatus) {
        self.replies.extend_from_slice(&record::end_request(id, status));
    }

    fn take_params(&mut self, content: &[u8]) -> Result<(), Fault> {
        if self.params.len() + content.len() > MAX_PARAMS {
            return Err(Fault::ParamsTooLong(MAX_PARAMS));
        }
        self.params.extend_from_slice(content);
        self.params_ended = content.is_empty();
        Ok(())
    }

    fn complete(&self, id: u16) -> Result<Incoming, Fault> {
        Ok(Incoming { id, request: Request::new(params::decode(&self.params)?) })
    }

    /// Section 4.1. A worker has one connection and one request at a time, and says so.
    fn answer_values(&mut self, content: &[u8]) -> Result<(), Fault> {
        const KNOWN: [(&[u8], &[u8]); 3] =
            [(b"FCGI_MAX_CONNS", b"1"), (b"FCGI_MAX_REQS", b"1"), (b"FCGI_MPXS_CONNS", b"0")];
        let asked = params::decode(content)?;
        let known = KNOWN.into_iter().filter(|(name, _)| asked.iter().any(|(n, _)| n == name));
        let values = params::encode(known);
        // Three short pairs at most, so the length is right even if this conversion could fail.
        let length = u16::try_from(values.len()).unwrap_or_default();
        self.replies.extend_from_slice(&record::header(kind::GET_VALUES_RESULT, 0, length));
        self.replies.extend_from_slice(&values);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(kind: u8, id: u16, content: &[u8]) -> Vec<u8> {
        let mut bytes = record::header(kind, id, u16::try_from(content.len()).expect("fits")).to_vec();
        bytes.extend_from_slice(content);
        bytes
    }

    fn begin(id: u16, role: u8) -> Vec<u8> {
        record(kind::BEGIN_REQUEST, id, &[0, role, 0, 0, 0, 0, 0, 0])
    }

    /// Feeds all at once; the outcome and the replies.
    fn fed(parts: &[Vec<u8>]) -> (Result<Option<Incoming>, Fault>, Vec<u8>) {
        let mut assembly = Assembly::default();
        (assembly.feed(&parts.concat()), assembly.take_replies())
    }

    #[test]
    fn a_request_is_complete_with_the_end_of_its_body() {
        let params = params::encode([(&b"A"[..], &b"1"[..]), (b"A", b"2")]);
        let mut parts = vec![
            begin(3, 1),
            record(kind::PARAMS, 3, &params[..2]),
            record(kind::PARAMS, 3, &params[2..]),
            record(kind::PARAMS, 3, b""),
            record(kind::STDIN, 3, b"a body that nobody wants"),
        ];
        assert_eq!(fed(&parts), (Ok(None), vec![]));
        parts.push(record(kind::STDIN, 3, b""));
        let (outcome, replies) = fed(&parts);
        let incoming = outcome.expect("valid").expect("whole");
        assert_eq!((incoming.id, replies), (3, vec![]));
        assert_eq!(incoming.request, Request::from_pairs([("A", "1"), ("A", "2")]));
        assert_eq!(incoming.request.param("A"), Some(&b"1"[..]));
        assert_eq!(incoming.request.param("B"), None);
    }

    #[test]
    fn faults_are_told_apart() {
        let long = vec![0; 65_535];
        let cases = [
            (vec![vec![2; 8]], Fault::Version(2)),
            (vec![record(kind::BEGIN_REQUEST, 1, b"")], Fault::BeginLength(0)),
            (vec![record(kind::BEGIN_REQUEST, 1, b"\0\x01\0\0\0\0\0\0\0")], Fault::BeginLength(9)),
            (vec![begin(0, 1)], Fault::BeginTwice(0)),
            (vec![begin(1, 1), begin(1, 1)], Fault::BeginTwice(1)),
            (vec![begin(1, 2)], Fault::Role(2)),
            (vec![begin(1, 1), record(kind::ABORT_REQUEST, 1, b"")], Fault::Aborted),
            (
                vec![begin(1, 1), record(kind::PARAMS, 1, &long), record(kind::PARAMS, 1, b"\0\0")],
                Fault::ParamsTooLong(MAX_PARAMS),
            ),
            (vec![record(kind::DATA, 9, &long); 4], Fault::ConnectionTooLong(MAX_CONNECTION)),
            (
                vec![
                    begin(1, 1),
                    record(kind::PARAMS, 1, &[9]),
                    record(kind::PARAMS, 1, b""),
                    record(kind::STDIN, 1, b""),
                ],
                Fault::PairTruncated,
            ),
        ];
        for (parts, fault) in cases {
            assert_eq!(fed(&parts).0, Err(fault));
        }
    }

    #[test]
    fn too_many_parameters_are_answered_in_http() {
        let flood = vec![0; 2 * params::MAX_PAIRS + 2];
        let parts = [
            begin(1, 1),
            record(kind::PARAMS, 1, &flood),
            record(kind::PARAMS, 1, b""),
            record(kind::STDIN, 1, b""),
        ];
        let (outcome, replies) = fed(&parts);
        assert_eq!(outcome, Err(Fault::TooManyPairs(params::MAX_PAIRS)));
        let (answer, _) = record::cut(&replies).expect("valid").expect("whole");
        assert!(answer.content.starts_with(b"Status: 431 "));
    }

    #[test]
    fn a_second_request_is_refused_and_the_first_goes_on() {
        let parts = [begin(1, 1), begin(2, 1), record(kind::PARAMS, 1, b""), record(kind::STDIN, 1, b"")];
        let (outcome, replies) = fed(&parts);
        assert_eq!(outcome.expect("valid").expect("whole").id, 1);
        assert_eq!(replies, record::end_request(2, ProtocolStatus::CannotMultiplex));
    }

    #[test]
    fn management_records_are_answered() {
        let asked =
            params::encode([(&b"FCGI_MPXS_CONNS"[..], &b""[..]), (b"FCGI_MAX_REQS", b""), (b"X", b"")]);
        let (outcome, replies) = fed(&[record(kind::GET_VALUES, 0, &asked), record(77, 0, b"?")]);
        assert_eq!(outcome, Ok(None));
        let (values, taken) = record::cut(&replies).expect("valid").expect("whole");
        assert_eq!((values.kind, values.id), (kind::GET_VALUES_RESULT, 0));
        let pairs = params::decode(values.content).expect("valid");
        let expected = Request::from_pairs([("FCGI_MAX_REQS", "1"), ("FCGI_MPXS_CONNS", "0")]);
        assert_eq!(Request::new(pairs), expected);
        assert_eq!(replies[taken..], record::unknown_type(77));
    }

    #[test]
    fn records_of_no_active_request_are_ignored() {
        let parts = [
            record(kind::PARAMS, 5, b"?"),
            record(kind::ABORT_REQUEST, 5, b""),
            begin(1, 1),
            record(kind::STDIN, 1, b""),
            record(kind::END_REQUEST, 1, b""),
            record(200, 1, b"?"),
            record(kind::PARAMS, 5, b"?"),
        ];
        assert_eq!(fed(&parts), (Ok(None), vec![]));
    }

    /// Streams that are mostly right, so that all of the machine is reached.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let content = prop::collection::vec(0u8..6, 0..12);
        let part = prop_oneof![
            Just(begin(1, 1)),
            Just(record(kind::PARAMS, 1, b"")),
            Just(record(kind::STDIN, 1, b"")),
            (0u8..12, 0u16..3, content.clone()).prop_map(|(kind, id, content)| record(kind, id, &content)),
            content,
        ];
        prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn the_outcome_does_not_depend_on_the_cuts(
            bytes in stream(),
            cuts in prop::collection::vec(1usize..20, 1..40),
        ) {
            let whole = fed(std::slice::from_ref(&bytes));
            let mut assembly = Assembly::default();
            let mut rest = &bytes[..];
            let mut outcome = Ok(None);
            for &length in cuts.iter().cycle() {
                let (now, later) = rest.split_at(length.min(rest.len()));
                outcome = assembly.feed(now);
                rest = later;
                if rest.is_empty() || !matches!(outcome, Ok(None)) {
                    break;
                }
            }
            prop_assert_eq!((outcome, assembly.take_replies()), whole);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = fed(&[bytes]);
        }
    }
}
