//! The texts of info.json that were made last, so that the next client gets a copy instead of a composition.
//! Pure. Knows nothing of what is in them: their entity tag says whether they are still true.

/// Most texts, and most bytes of them together.
const MOST: usize = 256;
const MOST_BYTES: usize = 2 << 20;

/// Texts, the most recently used last.
#[derive(Default)]
pub struct Told {
    kept: Vec<Text>,
    bytes: usize,
}

struct Text {
    etag: String,
    /// The text's own id. A tag has 64 bits, which someone with patience could find twice; nobody's id is to be put
    /// into another's mouth for that.
    id: String,
    body: Vec<u8>,
}

impl Told {
    /// The text with this tag and id, if it was kept.
    pub fn again(&mut self, etag: &str, id: &str) -> Option<Vec<u8>> {
        let at = self.kept.iter().rposition(|text| text.etag == etag && text.id == id)?;
        let text = self.kept.remove(at);
        let body = text.body.clone();
        self.kept.push(text);
        Some(body)
    }

    /// Keeps a text, which is returned.
    pub fn keep(&mut self, etag: &str, id: String, body: Vec<u8>) -> Vec<u8> {
        self.bytes += body.len();
        self.kept.push(Text { etag: etag.to_owned(), id, body: body.clone() });
        while self.kept.len() > MOST || self.bytes > MOST_BYTES {
            self.bytes -= self.kept.remove(0).body.len();
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_told_again_by_tag_and_id() {
        let mut told = Told::default();
        assert_eq!(told.again("\"1\"", "a"), None);
        told.keep("\"1\"", "a".into(), b"one".to_vec());
        assert_eq!(told.again("\"1\"", "a"), Some(b"one".to_vec()));
        assert_eq!((told.again("\"1\"", "b"), told.again("\"2\"", "a")), (None, None));
    }

    #[test]
    fn texts_are_bounded_in_number_and_bytes() {
        let mut told = Told::default();
        for n in 0..MOST {
            told.keep(&n.to_string(), String::new(), vec![0; 10]);
        }
        assert!(told.again("0", "").is_some(), "which makes it the last to go");
        told.keep("more", String::new(), vec![0; 10]);
        assert!(told.again("0", "").is_some() && told.again("1", "").is_none());
        told.keep("long", String::new(), vec![0; MOST_BYTES]);
        assert!(told.again("long", "").is_some() && told.kept.len() == 1);
        told.keep("too long", String::new(), vec![0; MOST_BYTES + 1]);
        assert!(told.kept.is_empty() && told.bytes == 0);
    }
}
