//! A file that appears under its name whole, or not at all.
//! It grows under a hidden name in the same directory; committing it makes it durable, then renames it.
//! A killed run leaves at most the hidden file behind.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context, Result, bail};

/// A file being written. Dropped before [`StagedFile::commit`], it leaves nothing.
pub(super) struct StagedFile {
    file: BufWriter<File>,
    hidden: PathBuf,
    target: PathBuf,
    position: u64,
    committed: bool,
}

impl StagedFile {
    /// Starts a file that will be called `target`. An existing file of that name stays as it is until the commit.
    pub(super) fn create(target: &Path) -> Result<Self> {
        let (file, hidden) = create_hidden(target)?;
        let file = BufWriter::with_capacity(1 << 20, file);
        Ok(Self { file, hidden, target: target.to_owned(), position: 0, committed: false })
    }

    /// Bytes written so far, which is where the next ones go.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Appends `bytes` at a multiple of `align` and says where they start. TIFF wants even offsets.
    pub(super) fn append(&mut self, bytes: &[u8], align: usize) -> Result<u64> {
        let over = self.position % align as u64;
        let padding = if over == 0 { 0 } else { align as u64 - over };
        for _ in 0..padding {
            self.file.write_all(&[0]).with_context(|| self.failed_to("write"))?;
        }
        let start = self.position + padding;
        self.file.write_all(bytes).with_context(|| self.failed_to("write"))?;
        self.position = start.checked_add(bytes.len() as u64).context("the file is too long")?;
        Ok(start)
    }

    /// Writes `head` over the first bytes, makes all of it durable, and gives it its name.
    pub(super) fn commit(mut self, head: &[u8]) -> Result<()> {
        self.file.seek(SeekFrom::Start(0)).with_context(|| self.failed_to("rewind"))?;
        self.file.write_all(head).with_context(|| self.failed_to("write"))?;
        self.file.flush().with_context(|| self.failed_to("write"))?;
        // Before the rename: else a power cut could leave the name with an empty file.
        self.file.get_ref().sync_all().with_context(|| self.failed_to("sync"))?;
        fs::rename(&self.hidden, &self.target).with_context(|| self.failed_to("rename"))?;
        self.committed = true;
        File::open(directory_of(&self.target))
            .and_then(|directory| directory.sync_all())
            .with_context(|| format!("cannot sync the directory of {}", self.target.display()))
    }

    fn failed_to(&self, what: &str) -> String {
        format!("cannot {what} {}, which is to become {}", self.hidden.display(), self.target.display())
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if !self.committed {
            // A failure here cannot be reported any more, and a hidden file does no harm.
            let _ = fs::remove_file(&self.hidden);
        }
    }
}

/// Makes a new file beside `target`. The process id is not enough for a unique name: two containers that
/// share a directory may both be process 1.
fn create_hidden(target: &Path) -> Result<(File, PathBuf)> {
    let Some(name) = target.file_name() else { bail!("{} names no file", target.display()) };
    for attempt in 0..1000 {
        let hidden = format!(".{}.{}-{attempt}.part", name.to_string_lossy(), process::id());
        let hidden = directory_of(target).join(hidden);
        match OpenOptions::new().write(true).create_new(true).open(&hidden) {
            Ok(file) => return Ok((file, hidden)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("cannot create {}", hidden.display())),
        }
    }
    bail!("too many unfinished files beside {}: remove those that end in .part", target.display())
}

fn directory_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_name_only_when_whole() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("a.tif");
        fs::write(&target, "old").unwrap();
        let mut staged = StagedFile::create(&target).unwrap();
        assert_eq!(staged.append(b"0123456", 2).unwrap(), 0);
        assert_eq!(staged.append(b"89", 8).unwrap(), 8);
        assert_eq!(fs::read(&target).unwrap(), b"old");
        staged.commit(b"abc").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"abc3456\x0089");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_abandoned_file_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut staged = StagedFile::create(&dir.path().join("a.tif")).unwrap();
        staged.append(b"half", 2).unwrap();
        drop(staged);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
