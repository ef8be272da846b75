//! Name-value pairs: the content of PARAMS, GET_VALUES and GET_VALUES_RESULT.
//! Must not touch a socket or know what any name means.
//! FastCGI 1.0 section 3.4.

use super::Fault;

/// Most pairs in one stream. NGINX sends seven; the bound only keeps a hostile peer from filling memory.
pub const MAX_PAIRS: usize = 1100;

/// One name and its value, both arbitrary bytes.
pub type Pair = (Vec<u8>, Vec<u8>);

/// All pairs of a stream, in order, doubles included.
///
/// # Errors
/// [`Fault::PairTruncated`] or [`Fault::TooManyPairs`].
pub fn decode(mut bytes: &[u8]) -> Result<Vec<Pair>, Fault> {
    let mut pairs = Vec::new();
    while !bytes.is_empty() {
        if pairs.len() == MAX_PAIRS {
            return Err(Fault::TooManyPairs(MAX_PAIRS));
        }
        let (name_length, rest) = decode_length(bytes)?;
        let (value_length, rest) = decode_length(rest)?;
        let (name, rest) = rest.split_at_checked(name_length).ok_or(Fault::PairTruncated)?;
        let (value, rest) = rest.split_at_checked(value_length).ok_or(Fault::PairTruncated)?;
        pairs.push((name.to_vec(), value.to_vec()));
        bytes = rest;
    }
    Ok(pairs)
}

/// The bytes of a stream with `pairs`, of which none may have 2 GiB.
pub fn encode<'a>(pairs: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in pairs {
        encode_length(name.len(), &mut bytes);
        encode_length(value.len(), &mut bytes);
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(value);
    }
    bytes
}

/// A length is one byte, or four of which the first has its high bit set.
fn decode_length(bytes: &[u8]) -> Result<(usize, &[u8]), Fault> {
    match *bytes {
        [short @ 0..=0x7f, ref rest @ ..] => Ok((short.into(), rest)),
        [b3, b2, b1, b0, ref rest @ ..] => {
            let long = u32::from_be_bytes([b3 & 0x7f, b2, b1, b0]);
            Ok((usize::try_from(long).map_err(|_| Fault::PairTruncated)?, rest))
        }
        _ => Err(Fault::PairTruncated),
    }
}

fn encode_length(length: usize, bytes: &mut Vec<u8>) {
    match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => bytes.push(short),
        _ => {
            let long = u32::try_from(length).unwrap_or(u32::MAX) | 0x8000_0000;
            bytes.extend_from_slice(&long.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(pairs: &[Pair]) -> Vec<u8> {
        encode(pairs.iter().map(|(name, value)| (&name[..], &value[..])))
    }

    #[test]
    fn lengths_change_their_form_at_128() {
        for (length, head) in [(0, &[1, 0][..]), (127, &[1, 127]), (128, &[1, 0x80, 0, 0, 128])] {
            let pair = (b"n".to_vec(), vec![b'v'; length]);
            let bytes = encoded(std::slice::from_ref(&pair));
            assert!(bytes.starts_with(head), "{length}");
            assert_eq!(decode(&bytes), Ok(vec![pair]), "{length}");
        }
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let cases: [&[u8]; 6] = [
            &[1],
            &[0x80, 0, 0],
            &[1, 1, b'n'],
            &[2, 0, b'n'],
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[0, 0xff, 0xff, 0xff, 0xff, b'v'],
        ];
        for bytes in cases {
            assert_eq!(decode(bytes), Err(Fault::PairTruncated), "{bytes:?}");
        }
    }

    #[test]
    fn the_number_of_pairs_is_bounded() {
        assert_eq!(decode(&[0; 2 * MAX_PAIRS]).map(|pairs| pairs.len()), Ok(MAX_PAIRS));
        assert_eq!(decode(&[0; 2 * MAX_PAIRS + 2]), Err(Fault::TooManyPairs(MAX_PAIRS)));
    }

    fn bytes(longest: usize) -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 0..longest)
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(pairs in prop::collection::vec((bytes(200), bytes(400)), 0..20)) {
            prop_assert_eq!(decode(&encoded(&pairs)), Ok(pairs));
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in bytes(500)) {
            let _ = decode(&bytes);
        }
    }
}
