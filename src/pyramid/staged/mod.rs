//! A file that appears under its name whole, or not at all. It grows under a hidden name in the same directory; committing
//! it makes it durable, then renames it. A killed run leaves at most the hidden file behind, which [`sweep()`] takes away:
//! whoever writes it holds a lock on it (flock), which the kernel takes back with the process, on another host too if
//! both share the directory by NFS.

mod growing;
mod sweep;

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{Error, Result};
pub(super) use growing::Growing;
pub use sweep::sweep;

/// A file being written. Dropped before [`StagedFile::commit`], it leaves nothing.
pub struct StagedFile {
    growing: Growing,
    hidden: PathBuf,
    target: PathBuf,
    committed: bool,
}

impl StagedFile {
    /// Starts a file that will be called `target`. An existing file of that name stays as it is until the commit.
    ///
    /// # Errors
    /// [`Error::Settings`] if `target` names no file; [`Error::Machine`].
    pub fn create(target: &Path) -> Result<Self> {
        let (file, hidden) = create_hidden(target)?;
        let name = format!("{}, which is to become {}", hidden.display(), target.display());
        Ok(Self { growing: Growing::new(file, name), hidden, target: target.to_owned(), committed: false })
    }

    /// Bytes written so far, which is where the next ones go.
    pub fn position(&self) -> u64 {
        self.growing.position()
    }

    /// Appends `bytes` at a multiple of `align` and says where they start. TIFF wants even offsets.
    ///
    /// # Errors
    /// [`Error::Machine`].
    pub fn append(&mut self, bytes: &[u8], align: u64) -> Result<u64> {
        self.growing.append(bytes, align)
    }

    /// Writes `head` over the first bytes, makes all of it durable, and gives it its name.
    ///
    /// # Errors
    /// [`Error::Machine`]. The target is as it was then, unless only its directory could not be made durable.
    pub fn commit(mut self, head: &[u8]) -> Result<()> {
        self.growing.end(head)?;
        // Durable before it has the name: else a power cut could leave the name with an empty file.
        self.growing.sync()?;
        self.rename()?;
        let directory = directory_of(&self.target);
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(Error::machine(format!("sync {}", directory.display())))
    }

    /// Writes `head` over the first bytes, and gives it its name: for who makes it durable later.
    ///
    /// # Errors
    /// [`Error::Machine`]. The target is as it was then.
    pub fn place(mut self, head: &[u8]) -> Result<()> {
        self.growing.end(head)?;
        self.rename()
    }

    fn rename(&mut self) -> Result<()> {
        let named = || format!("rename {} to {}", self.hidden.display(), self.target.display());
        fs::rename(&self.hidden, &self.target).map_err(|cause| Error::machine(named())(cause))?;
        self.committed = true;
        Ok(())
    }

    pub(super) fn growing(&mut self) -> &mut Growing {
        &mut self.growing
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

/// Makes a new file beside `target`, and locks it. The process id is not enough for a unique name: two containers that
/// share a directory may both be process 1.
fn create_hidden(target: &Path) -> Result<(File, PathBuf)> {
    let name = target.file_name();
    let name = name.ok_or_else(|| Error::Settings(format!("{} names no file", target.display())))?;
    for attempt in 0..1000 {
        let hidden = directory_of(target).join(hidden_name(name, attempt));
        let made = OpenOptions::new().write(true).create_new(true).open(&hidden);
        match made.and_then(|file| Ok(is_ours(&file)?.then_some(file))) {
            Ok(Some(file)) => return Ok((file, hidden)),
            Ok(None) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::machine(format!("create {}", hidden.display()))(error)),
        }
    }
    let what = format!("create a hidden file beside {}: remove those that end in .part", target.display());
    Err(Error::machine(what)(ErrorKind::AlreadyExists.into()))
}

/// Locks a new file. Whoever sweeps may have found it before that, and have taken it away: it is nobody's then.
fn is_ours(file: &File) -> std::io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file.metadata()?.nlink() > 0),
        Err(Errno::WOULDBLOCK) => Ok(false),
        // A file system without locks: nobody can lock it, so that nobody sweeps there.
        Err(_) => Ok(true),
    }
}

fn hidden_name(name: &OsStr, attempt: u32) -> std::ffi::OsString {
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}-{attempt}{ENDING}", process::id()));
    hidden
}

/// The directory of a file.
pub(super) fn directory_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// What the names of hidden files end in.
const ENDING: &str = ".part";

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

    #[test]
    fn a_full_disk_is_the_fault_of_the_machine() {
        let mut growing =
            Growing::new(OpenOptions::new().write(true).open("/dev/full").unwrap(), "it".to_owned());
        growing.append(&[0; 5], 1).unwrap();
        let error = growing.append(&vec![1; 3 << 20], 1).unwrap_err();
        assert!(error.is_of_the_machine() && error.is_disk_full(), "{error}");
        assert!(error.to_string().starts_with("cannot write it: "), "{error}");
        let error = StagedFile::create(Path::new("/proc/none/a.tif")).err().unwrap();
        assert!(error.is_of_the_machine() && !error.is_disk_full(), "{error}");
    }
}
