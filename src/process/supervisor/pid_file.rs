//! The file with the process id, for those who have no systemd.
//! Must not be taken for a lock: it is there when the server is ready, and removed when it has stopped.
//! daemon(7).

use std::path::{Path, PathBuf};
use std::{fs, io};

/// A file that is removed when this value is dropped.
#[derive(Debug)]
pub(super) struct PidFile {
    path: PathBuf,
}

impl PidFile {
    /// Writes the id of this process, atomically for its readers.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn write(path: &Path) -> io::Result<Self> {
        let mut draft = path.as_os_str().to_owned();
        draft.push(".new");
        fs::write(&draft, format!("{}\n", std::process::id()))?;
        fs::rename(&draft, path)?;
        Ok(Self { path: path.to_owned() })
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
