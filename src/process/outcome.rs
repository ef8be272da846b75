//! How whoever asks for a reload hears what came of it: a file in the runtime directory that systemd makes for the
//! service, and names to the supervisor and to what runs at `systemctl reload` alike. The signal that asks cannot be
//! answered, and systemd hears of a refusal from nobody but the command that it ran.
//! systemd.exec(5): RuntimeDirectory=.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// The file that holds the last outcome: nothing if the configuration was taken, else why it was not.
#[derive(Clone, Debug)]
pub struct Outcome {
    directory: PathBuf,
}

impl Outcome {
    /// In the directory that the environment names, if it names one.
    pub fn from_environment() -> Option<Self> {
        let directories = std::env::var("RUNTIME_DIRECTORY").ok()?;
        // Of several the first is the one that the shipped unit has.
        let directory = directories.split(':').next().filter(|name| !name.is_empty())?;
        Some(Self { directory: directory.into() })
    }

    fn file(&self) -> PathBuf {
        self.directory.join("reload")
    }

    /// Says what came of a reload. Whoever reads sees all of it or nothing.
    pub(crate) fn tell(&self, outcome: Result<(), &str>) {
        if let Err(error) = write(&self.directory, &self.file(), outcome.err().unwrap_or_default()) {
            log::error!("cannot say in {} what came of a reload: {error}", self.directory.display());
        }
    }

    /// Asks the supervisor to read its configuration again, and waits for what comes of it.
    ///
    /// # Errors
    /// If it refuses, with the reason; if it has ended; if it says nothing for so long.
    pub fn ask(&self, supervisor: Pid, limit: Duration) -> anyhow::Result<()> {
        let file = self.file();
        match fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", file.display()));
            }
            _ => {}
        }
        kill_process(supervisor, Signal::HUP).context("cannot signal the service")?;
        let end = Instant::now() + limit;
        while Instant::now() < end {
            match fs::read_to_string(&file) {
                Ok(refusal) if refusal.is_empty() => return Ok(()),
                Ok(refusal) => bail!("{refusal}"),
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
                Err(_) if test_kill_process(supervisor) == Err(Errno::SRCH) => bail!("the service has ended"),
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
        bail!("the service has not said for {} s what came of it: see its log", limit.as_secs())
    }
}

fn write(directory: &Path, file: &Path, text: &str) -> io::Result<()> {
    let mut new = tempfile::NamedTempFile::new_in(directory)?;
    new.write_all(text.as_bytes())?;
    new.persist(file)?;
    Ok(())
}

/// How often it is looked whether there is an outcome.
const PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_outcome_is_what_stands_there() {
        let directory = tempfile::tempdir().expect("a directory");
        let outcome = Outcome { directory: directory.path().to_owned() };
        for (told, text) in [(Err("line 4: no"), "line 4: no"), (Ok(()), "")] {
            outcome.tell(told);
            assert_eq!(fs::read_to_string(outcome.file()).expect("told"), text);
        }
        // One that cannot be told is no error to the supervisor.
        Outcome { directory: "/nowhere".into() }.tell(Ok(()));
    }
}
