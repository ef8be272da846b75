//! Pieces of shared memory that are believed only as a whole: each has one writer, and readers who never wait for it.
//! A number before the piece is odd while it is written (a sequence lock). A writer that is killed in the middle of it
//! leaves it odd, and unreadable, until the next one writes: that holds up nobody.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// How often a torn read is tried again. A writer is at it for less than a microsecond.
const ATTEMPTS: usize = 100;

/// Writes the piece behind the first of `words`.
pub(super) fn write(words: &[AtomicU64], content: impl FnOnce(&[AtomicU64])) {
    let Some((number, piece)) = words.split_first() else { return };
    // Odd already if the writer before was killed.
    let odd = number.load(Ordering::Relaxed) | 1;
    number.store(odd, Ordering::Relaxed);
    fence(Ordering::Release);
    content(piece);
    number.store(odd.wrapping_add(1), Ordering::Release);
}

/// What `content` makes of the piece behind the first of `words`, which must bear whatever stands there; None if that is
/// not to be had in one piece.
pub(super) fn read<T>(words: &[AtomicU64], content: impl Fn(&[AtomicU64]) -> T) -> Option<T> {
    let (number, piece) = words.split_first()?;
    for _ in 0..ATTEMPTS {
        let before = number.load(Ordering::Acquire);
        if before % 2 == 0 {
            let value = content(piece);
            fence(Ordering::Acquire);
            if number.load(Ordering::Relaxed) == before {
                return Some(value);
            }
        }
        spin_loop();
    }
    None
}

/// Writes as many of `bytes` as there is room for.
pub(super) fn put_bytes(words: &[AtomicU64], bytes: &[u8]) {
    let (whole, rest) = bytes.as_chunks::<8>();
    let mut words = words.iter();
    // In this order: none of them is taken in vain.
    for (bytes, word) in whole.iter().zip(words.by_ref()) {
        word.store(u64::from_le_bytes(*bytes), Ordering::Relaxed);
    }
    if let Some(word) = words.next().filter(|_| !rest.is_empty()) {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        word.store(u64::from_le_bytes(last), Ordering::Relaxed);
    }
}

/// So many bytes, or as many as there are.
pub(super) fn bytes(words: &[AtomicU64], length: u64) -> Vec<u8> {
    let length = usize::try_from(length).unwrap_or(usize::MAX).min(words.len() * 8);
    let words = words[..length.div_ceil(8)].iter();
    let mut bytes: Vec<u8> = words.flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes()).collect();
    bytes.truncate(length);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering::Relaxed;

    fn words(count: usize) -> Vec<AtomicU64> {
        (0..count).map(|_| AtomicU64::new(0)).collect()
    }

    #[test]
    fn bytes_come_back_as_far_as_there_is_room() {
        let words = words(3);
        for text in [
            "",
            "seven!!",
            "eight!!!",
            "nineteen characters",
            "twenty-four characters!!",
            "more than twenty-four characters",
        ] {
            put_bytes(&words, text.as_bytes());
            assert_eq!(bytes(&words, text.len() as u64), text.as_bytes()[..text.len().min(24)]);
        }
        assert_eq!(bytes(&words, u64::MAX).len(), 24, "a length that is torn");
    }

    #[test]
    fn nothing_torn_is_believed() {
        let (words, done) = (words(40), AtomicBool::new(false));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for value in 0..20_000 {
                    write(&words, |piece| piece.iter().for_each(|word| word.store(value, Relaxed)));
                }
                done.store(true, Relaxed);
            });
            while !done.load(Relaxed) {
                let read =
                    read(&words, |piece| piece.iter().map(|word| word.load(Relaxed)).collect::<Vec<_>>());
                assert!(read.is_none_or(|piece| piece.iter().all(|value| *value == piece[0])));
            }
        });
    }

    #[test]
    fn a_writer_who_is_killed_over_it_holds_up_neither_readers_nor_the_next() {
        let words = words(2);
        let value = || read(&words, |piece| piece[0].load(Relaxed));
        write(&words, |piece| piece[0].store(1, Relaxed));
        assert_eq!(value(), Some(1));
        words[0].fetch_add(1, Relaxed);
        assert_eq!(value(), None);
        write(&words, |piece| piece[0].store(2, Relaxed));
        assert_eq!(value(), Some(2));
    }
}
