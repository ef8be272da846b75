//! The texts of info.json that were made last, so that the next client gets a copy instead of a composition.
//! Pure. Knows nothing of what is in them: their key says whether they are still true.

/// Most texts, and most bytes of them together.
const MOST: usize = 256;
const MOST_BYTES: usize = 2 << 20;

/// Texts by key, the most recently used last. A key is all that a text is made of.
pub struct Told<K> {
    kept: Vec<(K, Vec<u8>)>,
    bytes: usize,
}

impl<K> Default for Told<K> {
    fn default() -> Self {
        Self { kept: Vec::new(), bytes: 0 }
    }
}

impl<K: PartialEq> Told<K> {
    /// The text with this key, if it was kept.
    pub fn again(&mut self, key: &K) -> Option<Vec<u8>> {
        let at = self.kept.iter().rposition(|(kept, _)| kept == key)?;
        let text = self.kept.remove(at);
        let body = text.1.clone();
        self.kept.push(text);
        Some(body)
    }

    /// Keeps a text, which is returned.
    pub fn keep(&mut self, key: K, body: Vec<u8>) -> Vec<u8> {
        self.bytes += body.len();
        self.kept.push((key, body.clone()));
        while self.kept.len() > MOST || self.bytes > MOST_BYTES {
            self.bytes -= self.kept.remove(0).1.len();
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_told_again_by_its_key() {
        let mut told = Told::default();
        assert_eq!(told.again(&(1, "a")), None);
        told.keep((1, "a"), b"one".to_vec());
        assert_eq!(told.again(&(1, "a")), Some(b"one".to_vec()));
        assert_eq!((told.again(&(1, "b")), told.again(&(2, "a"))), (None, None));
    }

    #[test]
    fn texts_are_bounded_in_number_and_bytes() {
        let mut told = Told::default();
        for n in 0..MOST {
            told.keep(n, vec![0; 10]);
        }
        assert!(told.again(&0).is_some(), "which makes it the last to go");
        told.keep(1000, vec![0; 10]);
        assert!(told.again(&0).is_some() && told.again(&1).is_none());
        told.keep(2000, vec![0; MOST_BYTES]);
        assert!(told.again(&2000).is_some() && told.kept.len() == 1);
        told.keep(3000, vec![0; MOST_BYTES + 1]);
        assert!(told.kept.is_empty() && told.bytes == 0);
    }
}
