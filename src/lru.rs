//! What was used last, up to a number of bytes.

/// Values by key. The one used last may be larger than all may be, until it is trimmed.
pub(crate) struct Recent<K, V> {
    limit: usize,
    /// In the order of their last use, with the bytes that they take.
    held: Vec<(K, V, usize)>,
}

impl<K: PartialEq, V> Recent<K, V> {
    /// Nothing yet, and never more than `limit` bytes for long.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, held: Vec::new() }
    }

    /// The value of a key, which is the last one used now.
    pub(crate) fn find(&mut self, key: &K) -> Option<&V> {
        let at = self.held.iter().position(|(held, ..)| held == key)?;
        self.held[at..].rotate_left(1);
        self.held.last().map(|(_, value, _)| value)
    }

    /// Drops what was not used for longest, until so many bytes more can be held: before they are allocated.
    pub(crate) fn make_room(&mut self, bytes: usize) {
        let mut total = self.held.iter().fold(bytes, |total, (.., bytes)| total.saturating_add(*bytes));
        let excess = self.held.iter().take_while(|(.., bytes)| {
            let dropped = total > self.limit;
            total = total.saturating_sub(*bytes);
            dropped
        });
        let excess = excess.count();
        self.held.drain(..excess);
    }

    /// Keeps a value, in place of what the key has had.
    pub(crate) fn keep(&mut self, key: K, value: V, bytes: usize) {
        self.held.retain(|(held, ..)| *held != key);
        self.make_room(bytes);
        self.held.push((key, value, bytes));
    }

    /// Drops what is too much.
    pub(crate) fn trim(&mut self) {
        self.make_room(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the keys are held.
    fn held<const N: usize>(recent: &mut Recent<u32, u32>, keys: [u32; N]) -> [bool; N] {
        keys.map(|key| recent.find(&key).is_some())
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let mut recent = Recent::new(100);
        for key in 1..=4 {
            recent.keep(key, key * 10, 25);
        }
        assert_eq!(recent.find(&1), Some(&10));
        recent.keep(5, 50, 26);
        assert_eq!(held(&mut recent, [1, 2, 3, 4, 5]), [true, false, false, true, true]);
        recent.keep(4, 41, 25);
        assert_eq!(recent.find(&4), Some(&41));
        assert_eq!(held(&mut recent, [1, 4, 5]), [true; 3], "one value a key");
    }

    #[test]
    fn what_is_too_large_stays_until_it_is_trimmed() {
        let mut recent = Recent::new(100);
        recent.keep(1, 10, 50);
        recent.keep(2, 20, 101);
        assert_eq!(held(&mut recent, [1, 2]), [false, true]);
        recent.trim();
        assert_eq!(held(&mut recent, [1, 2]), [false, false]);
        recent.keep(3, 30, usize::MAX);
        recent.keep(4, 40, usize::MAX);
        assert_eq!(held(&mut recent, [3, 4]), [false, true]);
    }
}
