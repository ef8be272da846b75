//! Bytes in memory as libraries read them that know of no watch: reading fails once the work is to end. They give up with
//! an error of their own then; whoever called them asks the watch before what they say.

use std::borrow::Cow;
use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

use crate::watch::Watch;

/// Bytes between two questions: a decoder takes about a millisecond for them.
const STRETCH: usize = 16 << 10;

/// Bytes, and the question whether to go on reading them.
pub(super) struct Watched<'a> {
    bytes: Cursor<Cow<'a, [u8]>>,
    watch: &'a Watch,
    /// Bytes that may be read before it is asked again.
    stretch: usize,
}

impl<'a> Watched<'a> {
    pub(super) fn new(bytes: Cow<'a, [u8]>, watch: &'a Watch) -> Self {
        Self { bytes: Cursor::new(bytes), watch, stretch: 0 }
    }

    /// How many bytes may be read now.
    fn stretch(&mut self) -> io::Result<usize> {
        if self.stretch == 0 {
            self.watch.check().map_err(io::Error::other)?;
            self.stretch = STRETCH;
        }
        Ok(self.stretch)
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.stretch()?);
        let read = self.bytes.read(&mut buffer[..length])?;
        self.stretch -= read;
        Ok(read)
    }
}

impl BufRead for Watched<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let stretch = self.stretch()?;
        let rest = self.bytes.fill_buf()?;
        Ok(&rest[..rest.len().min(stretch)])
    }

    fn consume(&mut self, length: usize) {
        self.bytes.consume(length);
        self.stretch = self.stretch.saturating_sub(length);
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(place)
    }
}
