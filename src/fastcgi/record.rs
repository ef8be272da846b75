//! FastCGI records: cutting them out of bytes, and making the small ones that a responder sends.
//! Must not touch a socket, and keeps no state: what records mean together is `request.rs`.
//! FastCGI 1.0 sections 3.3, 4.2, 5.1, 5.5 and 8.

use super::Fault;

/// The only version of the protocol.
pub const VERSION: u8 = 1;

/// Bytes of a record before its content.
pub const HEADER_LENGTH: usize = 8;

/// The numbers of the record types (section 8).
pub mod kind {
    #![allow(missing_docs, reason = "they are the standard's names")]
    pub const BEGIN_REQUEST: u8 = 1;
    pub const ABORT_REQUEST: u8 = 2;
    pub const END_REQUEST: u8 = 3;
    pub const PARAMS: u8 = 4;
    pub const STDIN: u8 = 5;
    pub const STDOUT: u8 = 6;
    pub const DATA: u8 = 8;
    pub const GET_VALUES: u8 = 9;
    pub const GET_VALUES_RESULT: u8 = 10;
    pub const UNKNOWN_TYPE: u8 = 11;
}

/// One record without its header and padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its type, one of [`kind`] or an unknown number.
    pub kind: u8,
    /// The request that it belongs to; 0 is the management of the connection.
    pub id: u16,
    /// Its content, at most 65535 bytes.
    pub content: &'a [u8],
}

/// How a request ended, as a protocol status (section 5.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolStatus {
    /// Normal end.
    RequestComplete = 0,
    /// A second request on a connection that carries one at a time.
    CannotMultiplex = 1,
    /// A role that is not implemented here.
    UnknownRole = 3,
}

/// The first record of `bytes` and the number of bytes that it takes with its padding, or `None` if more are needed.
///
/// # Errors
/// [`Fault::Version`], as soon as the first byte is there.
pub fn cut(bytes: &[u8]) -> Result<Option<(Record<'_>, usize)>, Fault> {
    match bytes.first() {
        Some(&VERSION) => {}
        Some(&version) => return Err(Fault::Version(version)),
        None => return Ok(None),
    }
    let Some((&[_, kind, id1, id0, length1, length0, padding, _], rest)) = bytes.split_first_chunk() else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([length1, length0]));
    let total = HEADER_LENGTH + length + usize::from(padding); // at most 65798
    if bytes.len() < total {
        return Ok(None);
    }
    let record = Record { kind, id: u16::from_be_bytes([id1, id0]), content: &rest[..length] };
    Ok(Some((record, total)))
}

/// The header of a record with `length` bytes of content and no padding.
pub const fn header(kind: u8, id: u16, length: u16) -> [u8; HEADER_LENGTH] {
    let [id1, id0] = id.to_be_bytes();
    let [length1, length0] = length.to_be_bytes();
    [VERSION, kind, id1, id0, length1, length0, 0, 0]
}

/// The END_REQUEST record. Its application status, the exit code of CGI, is always 0: NGINX ignores it.
pub const fn end_request(id: u16, status: ProtocolStatus) -> [u8; 16] {
    with_body(kind::END_REQUEST, id, [0, 0, 0, 0, status as u8, 0, 0, 0])
}

/// The UNKNOWN_TYPE record that answers a management record of type `unknown` (section 4.2).
pub const fn unknown_type(unknown: u8) -> [u8; 16] {
    with_body(kind::UNKNOWN_TYPE, 0, [unknown, 0, 0, 0, 0, 0, 0, 0])
}

const fn with_body(kind: u8, id: u16, body: [u8; 8]) -> [u8; 16] {
    let mut record = [0; 16];
    let (head, tail) = record.split_at_mut(HEADER_LENGTH);
    head.copy_from_slice(&header(kind, id, 8));
    tail.copy_from_slice(&body);
    record
}

/// A whole request of a responder as NGINX sends it.
#[cfg(test)]
pub(super) fn request(id: u16, pairs: &[(&str, &str)]) -> Vec<u8> {
    let params = super::params::encode(pairs.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    let mut bytes = with_body(kind::BEGIN_REQUEST, id, [0, 1, 1, 0, 0, 0, 0, 0]).to_vec();
    for (kind, content) in [(kind::PARAMS, &params[..]), (kind::PARAMS, &[]), (kind::STDIN, &[])] {
        bytes.extend_from_slice(&header(kind, id, u16::try_from(content.len()).expect("a short test")));
        bytes.extend_from_slice(content);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_record_is_cut_at_its_padding() {
        let bytes = [1, 4, 0x12, 0x34, 0, 2, 3, 0, b'a', b'b', 9, 9, 9, 1];
        let (record, taken) = cut(&bytes).expect("valid").expect("whole");
        assert_eq!(record, Record { kind: kind::PARAMS, id: 0x1234, content: b"ab" });
        assert_eq!(taken, 13);
    }

    #[test]
    fn every_missing_byte_is_waited_for() {
        let bytes = [1, 5, 0, 1, 0, 3, 2, 0, 1, 2, 3, 0, 0];
        for length in 0..bytes.len() {
            assert_eq!(cut(&bytes[..length]), Ok(None), "{length} bytes");
        }
        assert!(matches!(cut(&bytes), Ok(Some((_, 13)))));
    }

    #[test]
    fn another_version_is_refused_at_its_first_byte() {
        for version in [0, 2, b'G', 255] {
            assert_eq!(cut(&[version]), Err(Fault::Version(version)));
        }
    }

    #[test]
    fn what_is_made_can_be_cut() {
        let bytes = end_request(0xabcd, ProtocolStatus::CannotMultiplex);
        let (record, taken) = cut(&bytes).expect("valid").expect("whole");
        assert_eq!((record.kind, record.id, record.content[4], taken), (kind::END_REQUEST, 0xabcd, 1, 16));
        let bytes = unknown_type(99);
        let (record, _) = cut(&bytes).expect("valid").expect("whole");
        assert_eq!((record.kind, record.id, record.content[0]), (kind::UNKNOWN_TYPE, 0, 99));
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            if let Ok(Some((record, taken))) = cut(&bytes) {
                prop_assert!(taken <= bytes.len() && record.content.len() + HEADER_LENGTH <= taken);
            }
        }
    }
}
