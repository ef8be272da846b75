//! The cache that every room uses: values by key, bounded in number and in bytes; the least recently used goes first.

/// Values by key. The one used last may be larger than all may be together, until [`Lru::trim`].
///
/// Lookups go through the entries one by one, the latest first: there are hundreds at most, and whoever views a picture
/// asks for the same ones repeatedly.
pub struct Lru<K, V> {
    entries: usize,
    bytes: usize,
    /// In the order of their last use, the latest at the end.
    held: Vec<Entry<K, V>>,
}

struct Entry<K, V> {
    key: K,
    value: V,
    bytes: usize,
}

impl<K: PartialEq, V> Lru<K, V> {
    /// An empty cache of at most so many entries, and so many bytes of them together.
    pub fn new(entries: usize, bytes: usize) -> Self {
        Self { entries, bytes, held: Vec::new() }
    }

    /// The value of a key, which counts as used now.
    pub fn get<Q: ?Sized>(&mut self, key: &Q) -> Option<&V>
    where
        K: PartialEq<Q>,
    {
        let at = self.held.iter().rposition(|entry| entry.key == *key)?;
        self.held[at..].rotate_left(1);
        self.held.last().map(|entry| &entry.value)
    }

    /// Adds a value that takes so many bytes, in place of what the key had. Others make room for it.
    pub fn insert(&mut self, key: K, value: V, bytes: usize) {
        self.held.retain(|entry| entry.key != key);
        self.reserve(bytes);
        self.held.push(Entry { key, value, bytes });
    }

    /// Takes the value of a key out.
    pub fn remove<Q: ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: PartialEq<Q>,
    {
        let at = self.held.iter().rposition(|entry| entry.key == *key)?;
        Some(self.held.remove(at).value)
    }

    /// Drops entries until there is room for one more of so many bytes: to be called before these are allocated.
    pub fn reserve(&mut self, bytes: usize) {
        self.drop_surplus(1, bytes);
    }

    /// Drops entries until all of them are within the bounds.
    pub fn trim(&mut self) {
        self.drop_surplus(0, 0);
    }

    /// Measures the entry used last again: values may grow while they are used. Others make room for what it has grown,
    /// or it goes as well.
    pub fn reweigh(&mut self, measure: impl FnOnce(&V) -> usize) {
        let Some(latest) = self.held.last_mut() else { return };
        let bytes = measure(&latest.value);
        if latest.bytes != bytes {
            latest.bytes = bytes;
            self.trim();
        }
    }

    /// Drops all entries for which `stays` is false.
    pub fn retain(&mut self, stays: impl Fn(&K, &V) -> bool) {
        self.held.retain(|entry| stays(&entry.key, &entry.value));
    }

    /// Drops those used least recently until so many entries and bytes can be added.
    fn drop_surplus(&mut self, entries: usize, bytes: usize) {
        let mut count = self.held.len().saturating_add(entries);
        let mut total = self.held.iter().fold(bytes, |total, entry| total.saturating_add(entry.bytes));
        let mut surplus = 0;
        while let Some(entry) = self.held.get(surplus)
            && (count > self.entries || total > self.bytes)
        {
            count -= 1;
            total = total.saturating_sub(entry.bytes);
            surplus += 1;
        }
        self.held.drain(..surplus);
    }

    /// All entries, the latest last.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V, usize)> + ExactSizeIterator {
        self.held.iter().map(|Entry { key, value, bytes }| (key, value, *bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys in the cache, the latest last.
    fn keys(cache: &Lru<u32, u32>) -> Vec<u32> {
        cache.iter().map(|(key, ..)| *key).collect()
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut cache = Lru::new(usize::MAX, 100);
        (1..=4).for_each(|key| cache.insert(key, key * 10, 25));
        assert_eq!(cache.get(&1), Some(&10));
        cache.insert(5, 50, 26);
        assert_eq!(keys(&cache), [4, 1, 5]);
        cache.insert(4, 41, 25);
        assert_eq!(cache.get(&4), Some(&41));
        assert_eq!(keys(&cache), [1, 5, 4], "one value a key");
        cache.retain(|key, value| (*key, *value) != (5, 50));
        assert_eq!((keys(&cache), cache.get(&5)), (vec![1, 4], None));
        assert_eq!((cache.remove(&1), cache.remove(&1), keys(&cache)), (Some(10), None, vec![4]));
    }

    #[test]
    fn entries_are_bounded_in_number() {
        let mut cache = Lru::new(2, usize::MAX);
        (1..=3).for_each(|key| cache.insert(key, key, 7));
        assert_eq!(keys(&cache), [2, 3]);
        cache.insert(2, 20, 7);
        assert_eq!(keys(&cache), [3, 2], "in place of what the key had");
        cache.reserve(0);
        assert_eq!(keys(&cache), [2], "room for one more");
        let mut none = Lru::new(0, usize::MAX);
        none.insert(1, 1, 0);
        assert_eq!(keys(&none), [1], "until it is trimmed");
        none.trim();
        assert!(keys(&none).is_empty());
    }

    #[test]
    fn what_is_too_large_stays_until_it_is_trimmed() {
        let mut cache = Lru::new(usize::MAX, 100);
        cache.insert(1, 10, 50);
        cache.insert(2, 20, 101);
        assert_eq!(keys(&cache), [2]);
        cache.trim();
        assert!(keys(&cache).is_empty());
        cache.insert(3, 30, usize::MAX);
        cache.insert(4, 40, usize::MAX);
        assert_eq!(keys(&cache), [4]);
    }

    #[test]
    fn one_that_grows_drives_out_others_and_then_itself() {
        let mut cache = Lru::new(usize::MAX, 100);
        (1..=4).for_each(|key| cache.insert(key, key, 25));
        cache.reweigh(|_| 25);
        assert_eq!(keys(&cache), [1, 2, 3, 4]);
        cache.reweigh(|value| *value as usize * 10);
        assert_eq!(keys(&cache), [2, 3, 4]);
        cache.reweigh(|_| 101);
        assert!(keys(&cache).is_empty());
        cache.reweigh(|_| 1);
    }
}
