//! Hidden files whose writers were killed, found and taken away.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::ENDING;
use crate::pyramid::{Error, Result};

/// Takes away what killed runs have left in a directory of files whose names `is_target` accepts. What somebody is
/// writing, on whatever host, stays: its lock tells; so does all on a file system that has no locks. What was taken
/// away.
///
/// # Errors
/// [`Error::Machine`] if the directory cannot be listed, or such a file not be removed.
pub fn sweep(directory: &Path, is_target: impl Fn(&OsStr) -> bool) -> Result<Vec<PathBuf>> {
    let listed = |cause| Error::machine(format!("list {}", directory.display()))(cause);
    let mut swept = Vec::new();
    for entry in fs::read_dir(directory).map_err(listed)? {
        let entry = entry.map_err(listed)?;
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && target_of(&entry.file_name()).is_some_and(|target| is_target(&target)) {
            swept.extend(remove(entry.path())?);
        }
    }
    Ok(swept)
}

/// Removes a hidden file that nobody writes.
fn remove(hidden: PathBuf) -> Result<Option<PathBuf>> {
    let Some(_lock) = locked(&hidden) else { return Ok(None) };
    match fs::remove_file(&hidden) {
        Ok(()) => Ok(Some(hidden)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::machine(format!("remove {}", hidden.display()))(error)),
    }
}

/// The file with our lock on it, unless it has another's, or is gone. NFS gives locks only to those who may write.
fn locked(hidden: &Path) -> Option<File> {
    let file = OpenOptions::new().write(true).open(hidden).ok()?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok().then_some(file)
}

/// What a file was to be called that has the hidden name `.TARGET.PID-ATTEMPT.part`.
fn target_of(hidden: &OsStr) -> Option<OsString> {
    let name = hidden.as_bytes().strip_prefix(b".")?.strip_suffix(ENDING.as_bytes())?;
    let dot = name.iter().rposition(|byte| *byte == b'.')?;
    let (target, numbers) = (&name[..dot], str::from_utf8(&name[dot + 1..]).ok()?);
    let (process, attempt) = numbers.split_once('-')?;
    let is_number = |text: &str| text.parse::<u32>().is_ok();
    (is_number(process) && is_number(attempt)).then(|| OsStr::from_bytes(target).to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::StagedFile;
    use super::*;

    #[test]
    fn only_what_nobody_writes_is_swept() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let kept = ["a.tif", ".hidden.part", ".a.tif.1.part", ".a.jpg.1-0.part", ".tif.x-0.part"];
        kept.iter().for_each(|name| fs::write(at(name), "x").unwrap());
        fs::create_dir(at(".a.tif.7-0.part")).unwrap();
        let staged = StagedFile::create(&at("a.tif")).unwrap();
        fs::write(at(".b.tif.99999-3.part"), "left").unwrap();
        let is_target = |name: &OsStr| Path::new(name).extension().is_some_and(|ending| ending == "tif");
        assert_eq!(sweep(dir.path(), is_target).unwrap(), [at(".b.tif.99999-3.part")]);
        assert_eq!(sweep(dir.path(), is_target).unwrap(), [] as [PathBuf; 0]);
        staged.commit(b"").unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), kept.len() + 1);
        assert!(sweep(&at("none"), is_target).unwrap_err().is_of_the_machine());
    }
}
