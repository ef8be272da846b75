//! The info.json texts made last, so that the next client gets a copy instead of a new one.
//! Pure. Does not look into them: their key says whether they are still valid.

use crate::lru::Lru;

/// Most texts, and most bytes of them together.
const MAX_TEXTS: usize = 256;
const MAX_BYTES: usize = 2 << 20;

/// Texts by key. A key contains all that a text depends on.
pub struct InfoCache<K>(Lru<K, Vec<u8>>);

impl<K: PartialEq> Default for InfoCache<K> {
    fn default() -> Self {
        Self(Lru::new(MAX_TEXTS, MAX_BYTES))
    }
}

impl<K: PartialEq> InfoCache<K> {
    /// A copy of the text with this key, if it is there.
    pub fn get(&mut self, key: &K) -> Option<Vec<u8>> {
        self.0.get(key).cloned()
    }

    /// Adds a copy of a text, which is returned.
    pub fn insert(&mut self, key: K, text: Vec<u8>) -> Vec<u8> {
        self.0.insert(key, text.clone(), text.len());
        self.0.trim();
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_by_its_key() {
        let mut cache = InfoCache::default();
        assert_eq!(cache.get(&(1, "a")), None);
        cache.insert((1, "a"), b"one".to_vec());
        assert_eq!(cache.get(&(1, "a")), Some(b"one".to_vec()));
        assert_eq!((cache.get(&(1, "b")), cache.get(&(2, "a"))), (None, None));
    }

    #[test]
    fn texts_are_bounded_in_number_and_bytes() {
        let mut cache = InfoCache::default();
        for n in 0..MAX_TEXTS {
            cache.insert(n, vec![0; 10]);
        }
        assert!(cache.get(&0).is_some(), "which makes it the last to go");
        cache.insert(1000, vec![0; 10]);
        assert!(cache.get(&0).is_some() && cache.get(&1).is_none());
        cache.insert(2000, vec![0; MAX_BYTES]);
        assert!(cache.get(&2000).is_some() && cache.0.iter().len() == 1);
        cache.insert(3000, vec![0; MAX_BYTES + 1]);
        assert!(cache.0.iter().len() == 0, "too long for the cache");
    }
}
