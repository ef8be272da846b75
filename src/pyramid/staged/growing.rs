//! A file that is written from its beginning to its end. The only one who knows where the end is now.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};

use crate::pyramid::{Error, Result};

/// Bytes that go to the kernel at once.
const AT_ONCE: usize = 256 << 10;

/// A file that grows.
pub(in crate::pyramid) struct Growing {
    file: BufWriter<File>,
    position: u64,
    /// What it is called in errors.
    name: String,
}

impl Growing {
    pub(in crate::pyramid) fn new(file: File, name: String) -> Self {
        Self { file: BufWriter::with_capacity(AT_ONCE, file), position: 0, name }
    }

    /// Bytes written so far, which is where the next ones go.
    pub(in crate::pyramid) fn position(&self) -> u64 {
        self.position
    }

    /// Appends `bytes` at a multiple of `align` and says where they start.
    pub(in crate::pyramid) fn append(&mut self, bytes: &[u8], align: u64) -> Result<u64> {
        let start = self.position.next_multiple_of(align);
        for _ in self.position..start {
            self.file.write_all(&[0]).map_err(Error::machine(format!("write {}", self.name)))?;
        }
        self.file.write_all(bytes).map_err(Error::machine(format!("write {}", self.name)))?;
        self.position = start + bytes.len() as u64;
        Ok(start)
    }

    /// The file, with all that was written so far in it, to be read.
    pub(in crate::pyramid) fn written(&mut self) -> Result<&File> {
        self.file.flush().map_err(Error::machine(format!("write {}", self.name)))?;
        Ok(self.file.get_ref())
    }

    /// Writes `head` over the first bytes.
    pub(super) fn end(&mut self, head: &[u8]) -> Result<()> {
        let written = self.file.seek(SeekFrom::Start(0)).and_then(|_| self.file.write_all(head));
        written.and_then(|()| self.file.flush()).map_err(Error::machine(format!("write {}", self.name)))
    }

    /// Makes all that was written durable.
    pub(super) fn sync(&self) -> Result<()> {
        self.file.get_ref().sync_all().map_err(Error::machine(format!("sync {}", self.name)))
    }
}
