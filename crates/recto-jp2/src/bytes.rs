//! The bytes of a codestream, of which nothing is read that was not announced, and nothing after its reader was stopped.

use std::ops::Range;
use std::slice;

use crate::error::Error;

/// What is read from front to back is announced in steps, each as long as all before it together, and the first as long
/// as this: it holds most main headers and packet headers.
pub(crate) const STEP: usize = 4096;

/// Gets ranges of a codestream that are going to be read: they are there when it returns, or it fails with
/// [`Error::Unavailable`].
pub type Announce<'a> = dyn Fn(&[Range<usize>]) -> Result<(), Error> + 'a;

/// Says whether to go on. Once it has said no, it should not say yes again before the call has ended.
pub type GoesOn<'a> = dyn Fn() -> bool + 'a;

/// The bytes of a codestream, from SOC, and what gets those that are going to be read. Bytes in memory are made of a slice
/// by `From`.
#[derive(Clone, Copy)]
pub struct Bytes<'a> {
    all: &'a [u8],
    announce: &'a Announce<'a>,
    is_complete: bool,
    goes_on: &'a GoesOn<'a>,
}

impl<'a> Bytes<'a> {
    /// All bytes, of which those are read that were announced. If all are there from the start (`is_complete`), only ranges
    /// that are known together are announced, as advice.
    pub fn new(all: &'a [u8], announce: &'a Announce<'a>, is_complete: bool) -> Self {
        Self { all, announce, is_complete, goes_on: &|| true }
    }

    /// The same bytes for a reader that can be stopped: `goes_on` is asked before each code-block that is decoded, and as
    /// often while packets are indexed, which is many times in a millisecond at most. After it said no, the call fails
    /// with [`Error::Stopped`]. Index and decoder are as good as before: they keep only what is complete.
    ///
    /// ```
    /// # use recto_jp2::{Bytes, Error, Index, Rect, Source, WindowDecoder};
    /// use std::time::{Duration, Instant};
    ///
    /// let codestream = std::fs::read("examples/gray.j2k")?;
    /// let index = Index::read(&codestream)?;
    /// let deadline = Instant::now() + Duration::from_secs(10);
    /// let goes_on = || Instant::now() < deadline;
    /// let codestream = Bytes::from(&codestream).watched(&goes_on);
    /// let source = Source { codestream, index: &index, components: &[0], identity: 1 };
    /// match WindowDecoder::default().decode(source, 0, Rect::new(0, 0, 41, 29)) {
    ///     Ok(planes) => assert_eq!(planes[0].samples.len(), 41 * 29),
    ///     Err(Error::Stopped) => println!("it took too long"),
    ///     Err(error) => return Err(error.into()),
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn watched(self, goes_on: &'a GoesOn<'a>) -> Self {
        Self { goes_on, ..self }
    }

    /// Fails with [`Error::Stopped`] if the work is to end.
    #[inline]
    pub(crate) fn check(self) -> Result<(), Error> {
        if (self.goes_on)() { Ok(()) } else { Err(Error::Stopped) }
    }

    /// How many there are.
    pub(crate) fn length(self) -> usize {
        self.all.len()
    }

    /// Whether single ranges need not be announced.
    pub(crate) fn is_complete(self) -> bool {
        self.is_complete
    }

    /// Those before `end`.
    pub(crate) fn until(self, end: usize) -> Self {
        Self { all: &self.all[..end.min(self.all.len())], ..self }
    }

    /// Announces ranges together.
    pub(crate) fn announce(self, ranges: &[Range<usize>]) -> Result<(), Error> {
        (self.announce)(ranges)
    }

    /// A range that was announced; `None` if it is not wholly inside.
    pub(crate) fn announced(self, range: Range<usize>) -> Option<&'a [u8]> {
        self.all.get(range)
    }

    /// A range, which is announced; `None` if it is not wholly inside.
    pub(crate) fn slice(self, range: Range<usize>) -> Result<Option<&'a [u8]>, Error> {
        let bytes = self.all.get(range.clone());
        if bytes.is_some() && !self.is_complete {
            self.announce(slice::from_ref(&range))?;
        }
        Ok(bytes)
    }

    /// Whether a marker is at `at`.
    pub(crate) fn has(self, at: usize, marker: [u8; 2]) -> Result<bool, Error> {
        Ok(self.slice(at..at.saturating_add(2))?.is_some_and(|bytes| bytes == marker))
    }
}

impl<'a, T: AsRef<[u8]> + ?Sized> From<&'a T> for Bytes<'a> {
    fn from(bytes: &'a T) -> Self {
        Self { all: bytes.as_ref(), announce: &|_| Ok(()), is_complete: true, goes_on: &|| true }
    }
}

/// Bytes that are read from a place on, nobody knows how far.
pub(crate) struct Ahead<'a> {
    bytes: Bytes<'a>,
    start: usize,
    /// Those from `start` that were announced.
    known: &'a [u8],
}

impl<'a> Ahead<'a> {
    /// Those from `start`.
    pub(crate) fn new(bytes: Bytes<'a>, start: usize) -> Self {
        let rest = if bytes.is_complete { bytes.all.get(start..) } else { None };
        Self { bytes, start, known: rest.unwrap_or_default() }
    }

    /// The byte that is `index` bytes behind the first.
    #[inline]
    pub(crate) fn byte(&mut self, index: usize) -> Result<Option<u8>, Error> {
        if self.known.len() <= index {
            self.reach(index.saturating_add(1))?;
        }
        Ok(self.known.get(index).copied())
    }

    /// `length` bytes at `at`, an offset in the codestream; `None` if they are not wholly inside.
    pub(crate) fn slice(&mut self, at: usize, length: usize) -> Result<Option<&'a [u8]>, Error> {
        let Some(index) = at.checked_sub(self.start) else { return Ok(None) };
        let Some(end) = index.checked_add(length) else { return Ok(None) };
        if self.known.len() < end {
            self.reach(end)?;
        }
        Ok(self.known.get(index..end))
    }

    #[cold]
    fn reach(&mut self, length: usize) -> Result<(), Error> {
        let rest = self.bytes.all.get(self.start..).unwrap_or_default();
        let known = self.known.len();
        let length = length.max(known + known.max(STEP)).min(rest.len());
        if known < length {
            let more = self.start + known..self.start + length;
            self.bytes.announce(slice::from_ref(&more))?;
            self.known = &rest[..length];
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn what_is_read_ahead_is_announced_in_growing_steps() {
        let all: Vec<u8> = (0..100_000).map(|n| (n % 251) as u8).collect();
        let told = RefCell::new(Vec::new());
        let announce = |ranges: &[Range<usize>]| {
            told.borrow_mut().extend_from_slice(ranges);
            Ok(())
        };
        let mut ahead = Ahead::new(Bytes::new(&all, &announce, false), 100);
        assert_eq!((ahead.byte(0), ahead.byte(4095)), (Ok(Some(100)), Ok(Some(all[4195]))));
        assert_eq!(ahead.slice(4195, 2), Ok(Some(&all[4195..4197])));
        assert_eq!(ahead.slice(50_000, 9), Ok(Some(&all[50_000..50_009])));
        assert_eq!(
            (ahead.slice(99, 1), ahead.slice(99_999, 2), ahead.byte(usize::MAX)),
            (Ok(None), Ok(None), Ok(None))
        );
        assert_eq!(told.take(), [100..4196, 4196..8292, 8292..50_009, 50_009..100_000]);
        let mut complete = Ahead::new(Bytes::new(&all, &announce, true), 100);
        assert_eq!(complete.byte(99_899), Ok(Some(all[99_999])));
        assert_eq!(told.take(), []);
    }

    #[test]
    fn what_cannot_be_had_is_an_error() {
        let fails = |_: &[Range<usize>]| Err(Error::Unavailable);
        let bytes = Bytes::new(&[0xff, 0xd9, 0], &fails, false);
        assert_eq!(bytes.has(0, [0xff, 0xd9]), Err(Error::Unavailable));
        assert_eq!(bytes.has(2, [0xff, 0xd9]), Ok(false), "there is nothing to be had");
        assert_eq!(Ahead::new(bytes, 0).byte(0), Err(Error::Unavailable));
        assert_eq!(Bytes::from(&[0xff, 0xd9]).has(0, [0xff, 0xd9]), Ok(true));
    }
}
