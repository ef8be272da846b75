//! The contract between a provider of a master's bytes and their readers: nothing is read that was not announced,
//! headers included. Pure, except for what an [`Object`] does to get the bytes.
//!
//! A mapped file has all of its bytes and takes announcements as advice. An object of a remote store has those that
//! were announced, and arbitrary bytes in place of the others: reading these gives nonsense that no check detects.

use std::ops::Range;

use crate::error::{MasterError, Stopped};
use crate::watch::Watch;

/// Provides the bytes of one state of a master; they never change.
pub trait Object {
    /// All of its bytes. Of those not announced only the number is right, not the values.
    fn bytes(&self) -> &[u8];

    /// Fetches these ranges, which are going to be read; they are there when this returns. Parts outside the object are
    /// left out.
    ///
    /// # Errors
    /// [`MasterError`] if bytes cannot be fetched. Then [`Object::check`] fails from now on: some readers leave out
    /// what they cannot read, and an incomplete result must not pass for a complete one.
    fn announce(&self, ranges: &[Range<u64>]) -> Result<(), MasterError>;

    /// Whether all that was announced so far was there when it was read.
    ///
    /// # Errors
    /// [`MasterError`] if not: any result made from it is invalid.
    fn check(&self) -> Result<(), MasterError>;

    /// Gives back the memory of what was read: for who goes through all of a large file once.
    fn release(&self) {}

    /// Whether all bytes are there from the start. Then announcing is advice to fetch ranges together, and single ones
    /// need none.
    fn is_complete(&self) -> bool {
        false
    }
}

/// The bytes of an [`Object`] as readers get them, or bytes that are in memory already.
#[derive(Clone, Copy)]
pub struct Bytes<'a> {
    all: &'a [u8],
    object: Option<&'a dyn Object>,
    /// [`Object::is_complete`]; asked once, so that reading a number costs no call.
    is_complete: bool,
    watch: Option<&'a Watch>,
}

impl<'a> Bytes<'a> {
    /// The bytes of an object, to be announced before they are read.
    pub fn of(object: &'a dyn Object) -> Self {
        Self { all: object.bytes(), object: Some(object), is_complete: object.is_complete(), watch: None }
    }

    /// The same bytes, read for as long as `watch` lets the work go on.
    pub fn watched(self, watch: &'a Watch) -> Self {
        Self { watch: Some(watch), ..self }
    }

    /// To be asked while what was read is decoded.
    ///
    /// # Errors
    /// [`Stopped`] if the work is to end.
    #[inline]
    pub fn check(self) -> Result<(), Stopped> {
        self.watch.map_or(Ok(()), Watch::check)
    }

    /// What [`Bytes::check`] asks.
    pub fn watch(self) -> Watch {
        self.watch.cloned().unwrap_or_default()
    }

    /// Their number.
    pub fn length(self) -> u64 {
        self.all.len() as u64
    }

    /// Whether all are there from the start ([`Object::is_complete`]).
    pub fn is_complete(self) -> bool {
        self.is_complete
    }

    /// Fetches ranges together, before they are read one by one.
    ///
    /// # Errors
    /// As [`Object::announce`].
    pub fn announce(self, ranges: &[Range<u64>]) -> Result<(), MasterError> {
        self.object.map_or(Ok(()), |object| object.announce(ranges))
    }

    /// Fetches ranges together that are going to be read, unless all bytes are there from the start.
    ///
    /// # Errors
    /// As [`Object::announce`].
    pub fn announce_far(self, ranges: impl FnOnce() -> Vec<Range<u64>>) -> Result<(), MasterError> {
        match self.object {
            Some(object) if !self.is_complete => object.announce(&ranges()),
            _ => Ok(()),
        }
    }

    /// Fetches one range, unless all bytes are there from the start.
    ///
    /// # Errors
    /// As [`Object::announce`].
    #[inline]
    pub fn announce_one(self, range: Range<u64>) -> Result<(), MasterError> {
        match self.object {
            Some(object) if !self.is_complete => object.announce(&[range]),
            _ => Ok(()),
        }
    }

    /// A range that was announced, alone or with others; `None` if it is not wholly inside.
    #[inline]
    pub fn slice(self, range: Range<u64>) -> Option<&'a [u8]> {
        self.all.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
    }

    /// All bytes, of which only those may be read that were announced.
    pub(crate) fn everything(self) -> &'a [u8] {
        self.all
    }

    /// All bytes: for readers that do not announce ranges, and need most of them sooner or later.
    ///
    /// # Errors
    /// As [`Object::announce`].
    pub fn all(self) -> Result<&'a [u8], MasterError> {
        self.announce_one(0..self.length())?;
        Ok(self.all)
    }
}

/// Bytes that are in memory: a block out of a file, which was announced with it.
impl<'a, T: AsRef<[u8]> + ?Sized> From<&'a T> for Bytes<'a> {
    fn from(bytes: &'a T) -> Self {
        Self { all: bytes.as_ref(), object: None, is_complete: true, watch: None }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::source::{Map, Pages};

    /// An object of which nothing is there but what was announced, byte by byte, as if it came from far away: a map of
    /// a file that is filled as ranges are announced. Everything else is `poison`.
    pub(crate) struct Remote {
        bytes: Vec<u8>,
        file: File,
        map: Map,
        /// How many bytes were announced, some perhaps more than once; whether all were, at once.
        pub(crate) announced: Cell<u64>,
        pub(crate) was_whole: Cell<bool>,
        /// How many announcements are answered before the connection breaks.
        pub(crate) lasts: Cell<usize>,
        is_broken: Cell<bool>,
    }

    impl Remote {
        pub(crate) fn new(bytes: Vec<u8>, poison: u8) -> Self {
            Self::with_pages(bytes, poison, &Pages::default())
        }

        /// One of which some pages were kept.
        pub(crate) fn with_pages(bytes: Vec<u8>, poison: u8, pages: &Pages) -> Self {
            let file = tempfile::tempfile().expect("a file");
            file.write_all_at(&vec![poison; bytes.len()], 0).expect("written");
            let map = Map::with_pages(&file, bytes.len() as u64, pages).expect("mapped");
            let (announced, was_whole) = (Cell::new(0), Cell::new(false));
            let (lasts, is_broken) = (Cell::new(usize::MAX), Cell::new(false));
            Self { bytes, file, map, announced, was_whole, lasts, is_broken }
        }
    }

    impl Remote {
        /// The connection is there again.
        pub(crate) fn mend(&self) {
            self.is_broken.set(false);
            self.lasts.set(usize::MAX);
        }
    }

    impl Object for Remote {
        fn bytes(&self) -> &[u8] {
            self.map.bytes()
        }

        fn announce(&self, ranges: &[Range<u64>]) -> Result<(), MasterError> {
            self.is_broken.set(self.is_broken.get() || self.lasts.get() == 0);
            self.check()?;
            self.lasts.set(self.lasts.get() - 1);
            let all = 0..self.bytes.len() as u64;
            self.was_whole.set(self.was_whole.get() || ranges.contains(&all));
            for range in ranges {
                let end = range.end.min(self.bytes.len() as u64);
                let start = range.start.min(end);
                let bytes = &self.bytes[start as usize..end as usize];
                self.file.write_all_at(bytes, start).expect("written");
                self.announced.set(self.announced.get() + bytes.len() as u64);
            }
            Ok(())
        }

        fn check(&self) -> Result<(), MasterError> {
            match self.is_broken.get() {
                true => Err(MasterError::damaged("the connection broke")),
                false => Ok(()),
            }
        }
    }

    #[test]
    fn what_was_not_announced_is_not_there() {
        let remote = Remote::new((0..100).collect(), 0xaa);
        let bytes = Bytes::of(&remote);
        assert_eq!(bytes.length(), 100);
        assert_eq!(bytes.announce(&[10..12, 98..200, 300..400]), Ok(()));
        assert_eq!(bytes.announce_one(20..21), Ok(()));
        assert_eq!(bytes.slice(9..13), Some(&[0xaa, 10, 11, 0xaa][..]));
        assert_eq!(bytes.slice(97..100), Some(&[0xaa, 98, 99][..]));
        assert_eq!(bytes.slice(20..21), Some(&[20][..]));
        for (start, end) in [(99, 101), (0, u64::MAX), (u64::MAX, u64::MAX), (5, 4)] {
            assert_eq!(bytes.slice(start..end), None);
        }
        assert_eq!(remote.announced.get(), 5);
        assert!(bytes.all().is_ok_and(|all| all.iter().eq(&remote.bytes)));
    }

    #[test]
    fn what_is_in_memory_is_there() {
        let bytes = Bytes::from(&[1, 2, 3]);
        assert_eq!((bytes.announce(&[0..9, 1..2]), bytes.announce_one(0..9)), (Ok(()), Ok(())));
        assert_eq!((bytes.slice(1..3), bytes.all()), (Some(&[2, 3][..]), Ok(&[1, 2, 3][..])));
    }
}
