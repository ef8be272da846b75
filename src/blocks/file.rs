//! A block file, open: the bytes of one state of an object, as far as they were fetched, and the sheet at its end that
//! tells which are there. One process writes blocks, and then their marks; all others read marks, and then bytes.
//!
//! A mark is a byte of its own: so several writers never undo what another has marked, and no lock is needed. Nothing
//! that is marked is written again with other bytes, and no mark is taken back while anybody may use the file.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use super::head::{BEGIN, Head, STATE_AT, State};
use super::layout::{HEAD, Layout, joined};

/// The block is not there.
const ABSENT: u8 = 0;
/// It was written, in this start of the host.
const WRITTEN: u8 = 1;
/// It was written, and is on the disk, whatever becomes of the host.
const SYNCED: u8 = 2;

/// Marks that are read at a time.
const PART: u32 = 64 << 10;

/// A block file, open.
#[derive(Debug)]
pub struct BlockFile {
    file: File,
    layout: Layout,
}

impl BlockFile {
    /// Makes an empty file that of an object of which nothing is there yet.
    ///
    /// # Errors
    /// Those of the disk; [`ErrorKind::InvalidInput`] if the names in the head are too long.
    pub fn create(file: File, head: &Head) -> io::Result<Self> {
        let layout = Layout::of(head.version.size).ok_or(ErrorKind::InvalidInput)?;
        let page = head.encode().ok_or(ErrorKind::InvalidInput)?;
        file.set_len(layout.file_length())?;
        file.write_all_at(&page, layout.head_at())?;
        Ok(Self { file, layout })
    }

    /// The one in a file, with its head.
    ///
    /// # Errors
    /// Those of the disk; [`ErrorKind::InvalidData`] if it is none.
    pub fn open(file: File) -> io::Result<(Self, Head)> {
        let length = file.metadata()?.len();
        let mut page = [0; HEAD as usize];
        file.read_exact_at(&mut page, length.checked_sub(HEAD).ok_or(ErrorKind::InvalidData)?)?;
        let head = Head::decode(&page).map_err(|_| ErrorKind::InvalidData)?;
        let layout = Layout::of(head.version.size).filter(|layout| layout.file_length() == length);
        Ok((Self { file, layout: layout.ok_or(ErrorKind::InvalidData)? }, head))
    }

    /// The file itself. The bytes of the object are at its beginning.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where everything is.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// What changes in its head. What was cut off is retired.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn state(&self) -> io::Result<State> {
        Ok(self.begin()?.unwrap_or(State { fresh_until: 0, retired: true }))
    }

    /// Whether its bytes were taken away: what was read of them last may be zeros.
    pub fn is_cut_off(&self) -> bool {
        !matches!(self.begin(), Ok(Some(_)))
    }

    fn begin(&self) -> io::Result<Option<State>> {
        let mut bytes = [0; BEGIN];
        match self.file.read_exact_at(&mut bytes, self.layout.head_at()) {
            // Zeros do as well as nothing.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
            outcome => outcome?,
        }
        Ok(State::begin(&bytes))
    }

    /// Sets that.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn set_state(&self, state: State) -> io::Result<()> {
        self.file.write_all_at(&state.encode(), self.layout.head_at() + STATE_AT)
    }

    /// Those of these blocks that are not there, in order.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn missing(&self, blocks: &[Range<u32>]) -> io::Result<Vec<Range<u32>>> {
        let mut missing = Vec::new();
        let mut marks = Vec::new();
        for range in blocks {
            let range = range.start..range.end.min(self.layout.blocks());
            self.read_marks(&range, &mut marks)?;
            let absent = range.zip(&marks).filter(|(_, mark)| **mark == ABSENT);
            missing.extend(absent.map(|(block, _)| block..block + 1));
        }
        Ok(joined(missing))
    }

    fn read_marks(&self, blocks: &Range<u32>, marks: &mut Vec<u8>) -> io::Result<()> {
        marks.clear();
        marks.resize(blocks.len(), 0);
        self.file.read_exact_at(marks, self.layout.mark_at(blocks.start))
    }

    /// Writes a block, which is not marked by that.
    ///
    /// # Errors
    /// Those of the disk; [`ErrorKind::InvalidInput`] if these are not as many bytes as the block has.
    pub fn write(&self, block: u32, bytes: &[u8]) -> io::Result<()> {
        let place = self.layout.bytes(&(block..block.saturating_add(1)));
        if block >= self.layout.blocks() || place.end - place.start != bytes.len() as u64 {
            return Err(ErrorKind::InvalidInput.into());
        }
        self.file.write_all_at(bytes, place.start)
    }

    /// Marks blocks, all of which were written.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn mark(&self, blocks: &Range<u32>) -> io::Result<()> {
        self.write_marks(blocks, WRITTEN)
    }

    fn write_marks(&self, blocks: &Range<u32>, mark: u8) -> io::Result<()> {
        let blocks = blocks.start..blocks.end.min(self.layout.blocks());
        self.file.write_all_at(&vec![mark; blocks.len()], self.layout.mark_at(blocks.start))
    }

    /// Puts all blocks that are marked by now on the disk, so that they outlast a failure of power. This takes as long as
    /// the disk does.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn sync(&self) -> io::Result<()> {
        let mut written = Vec::new();
        self.each_part(|start, marks| {
            let fresh = marks.iter().enumerate().filter(|(_, mark)| **mark == WRITTEN);
            written.extend(fresh.map(|(at, _)| start + at as u32..start + at as u32 + 1));
            Ok(())
        })?;
        self.file.sync_data()?;
        joined(written).iter().try_for_each(|range| self.write_marks(range, SYNCED))
    }

    /// Gives all marks, some at a time, with the block of the first of them.
    fn each_part(&self, mut with: impl FnMut(u32, &mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
        let all = self.layout.blocks();
        let mut marks = Vec::new();
        for start in (0..all).step_by(PART as usize) {
            self.read_marks(&(start..all.min(start + PART)), &mut marks)?;
            with(start, &mut marks)?;
        }
        Ok(())
    }

    /// The same file once more.
    ///
    /// # Errors
    /// If the system has no descriptor for it.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()?, layout: self.layout })
    }

    /// Takes the file over from another start of the host: of its blocks those count that were on the disk.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn adopt(&self, boot: [u8; 16]) -> io::Result<()> {
        self.each_part(|start, marks| {
            if !marks.contains(&WRITTEN) {
                return Ok(());
            }
            marks.iter_mut().filter(|mark| **mark == WRITTEN).for_each(|mark| *mark = ABSENT);
            self.file.write_all_at(marks, self.layout.mark_at(start))
        })?;
        let stale = State { fresh_until: 0, ..self.state()? };
        let words = [&stale.encode()[..], &boot].concat();
        self.file.write_all_at(&words, self.layout.head_at() + STATE_AT)
    }

    /// The same file for those who may only read it: other processes, which may be in the hands of others.
    ///
    /// # Errors
    /// If the system does not open it.
    pub(super) fn for_readers(&self) -> io::Result<File> {
        File::open(format!("/proc/self/fd/{}", self.file.as_raw_fd()))
    }

    /// Gives back its room on the disk. Whoever still has it mapped is told so when they touch it: SIGBUS.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn cut_off(&self) -> io::Result<()> {
        self.file.set_len(0)
    }
}
