//! Percent-encoding of one path segment (RFC 3986 section 2.1, Image API 3.0 section 9).
//! Works on a segment, never on a path: the path is split at its slashes before anything is decoded.
//! Decoding happens once; what still looks like an escape afterwards is part of the name.

use crate::error::Error;

/// The text of one raw path segment.
///
/// # Errors
/// [`Error::Request`] naming `parameter` for an escape that is none, bytes that are no UTF-8, and control characters.
pub(super) fn decode(parameter: &'static str, raw: &[u8]) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [first, after @ ..] = rest {
        if *first == b'%' {
            let (byte, after) = escape(after)
                .ok_or_else(|| Error::request(parameter, "a % is not followed by two hexadecimal digits"))?;
            bytes.push(byte);
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| Error::request(parameter, "it is not valid UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(Error::request(parameter, "it has a control character"));
    }
    Ok(text)
}

/// The byte that the two digits at the start stand for, and what comes after them.
fn escape(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let [high, low, rest @ ..] = bytes else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?;
    Some((byte, rest))
}

/// `text` as one path segment. The same text always gives the same segment.
///
/// Left as they are: the unreserved characters, the sub-delimiters and the colon. Section 9 has `@` encoded as well.
pub(super) fn encode(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            let digits = [byte >> 4, byte & 15].map(|digit| char::from(DIGITS[usize::from(digit)]));
            segment.push('%');
            segment.extend(digits);
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_once_in_either_case() {
        for (raw, text) in [
            ("a%2Fb", "a/b"),
            ("a%2fb", "a/b"),
            ("a%252Fb", "a%2Fb"),
            ("%5e100%2c", "^100,"),
            ("a+b", "a+b"),
            ("%C3%A9", "é"),
            ("é", "é"),
            ("", ""),
        ] {
            assert_eq!(decode("x", raw.as_bytes()).expect(raw), text, "{raw}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let raws: [&[u8]; 11] =
            [b"%", b"a%2", b"%zz", b"%+1", b"%2", b"%00", b"%0d%0a", b"a\nb", b"%7F", b"%C2%85", b"\xff"];
        for raw in raws {
            let error = decode("identifier", raw).expect_err("not a segment");
            assert_eq!(error.status(), 400, "{raw:?}");
            assert!(error.to_string().starts_with("identifier: "), "{raw:?}");
        }
        assert!(decode("identifier", b"%C3%28").is_err(), "a broken sequence");
    }

    #[test]
    fn encoding_leaves_what_a_segment_can_hold() {
        for (text, segment) in [
            ("ark:/12025/654xz321", "ark:%2F12025%2F654xz321"),
            ("urn:sici:1046-8188(199501)13:1%3C69", "urn:sici:1046-8188(199501)13:1%253C69"),
            ("a b/é?#[]@", "a%20b%2F%C3%A9%3F%23%5B%5D%40"),
            ("+&;:,='()~!$*", "+&;:,='()~!$*"),
            ("\\\"<>", "%5C%22%3C%3E"),
        ] {
            assert_eq!(encode(text), segment);
            assert_eq!(decode("x", segment.as_bytes()).expect(segment), text);
        }
    }
}
