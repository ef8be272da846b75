//! A generation: the configuration that some workers share, from one SIGHUP to the next.
//! Must not start workers. The file is read once, here; workers get the text that was checked, not the file.
//! memfd_create(2), fcntl(2) on sealing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::Context;
use rustix::fs::{MemfdFlags, SealFlags};

use super::Refused;
use super::handover::pass_on;
use super::office::Office;
use super::roots::Roots;
use crate::config::Config;
use crate::logging;
use crate::master::IndexStore;
use crate::process::lane::Lane;
use crate::process::worker::sandbox;

/// A checked configuration, as a value for the supervisor and as text for its workers.
#[derive(Debug)]
pub(super) struct Generation {
    /// Counts up; 1 is the one that the server started with.
    pub(super) number: u64,
    /// The configuration that the text means.
    pub(super) config: Config,
    /// The directories of its masters.
    pub(super) roots: Roots,
    /// What is shared with its fetcher, if it has a store: with the same configuration it stays the same.
    pub(super) office: Option<Rc<Office>>,
    text: File,
}

impl Generation {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    /// [`Refused`] if the configuration is wrong, or if its masters are out of reach; nothing has changed then.
    pub(super) fn load(number: u64, path: &Path) -> anyhow::Result<Self> {
        let (text, config, roots) = checked(path)?;
        let text = sealed(&text).context("cannot keep the configuration for the workers")?;
        // Said here, once: workers do without either.
        if let Err(why) = IndexStore::open(&config.serving.state) {
            log::info!("nothing that is found out about masters is kept: {why}");
        }
        if let Some(why) = crate::source::openat2_refused() {
            log::info!(
                "openat2 is refused here ({why}): masters are opened directory by directory, which takes longer"
            );
        }
        if config.serving.pool.sandbox {
            for lack in sandbox::lacking(&config) {
                log::warn!("the sandbox of the workers has a gap here: {lack}");
            }
        }
        for doubt in config.serving.masters.doubts() {
            log::warn!("{doubt}");
        }
        let office = Office::of(&config, &text).context("cannot prepare for stores")?;
        Ok(Self { number, config, roots, office, text })
    }

    /// The same configuration with the directories of masters as they are now, if workers have others: [`Roots::renewed`].
    ///
    /// # Errors
    /// If the system has no memory for its text.
    pub(super) fn renewed(&self, number: u64, answers: &dyn Fn(u64) -> bool) -> Option<anyhow::Result<Self>> {
        let roots = self.roots.renewed(answers)?;
        let text = fs::read_to_string(format!("/proc/self/fd/{}", self.descriptor()));
        let text = text.and_then(|text| sealed(&text)).context("cannot keep the configuration");
        let office = self.office.clone();
        Some(text.map(|text| Self { number, config: self.config.clone(), roots, office, text }))
    }

    /// Whether [`load`](Self::load) would do.
    ///
    /// # Errors
    /// As there.
    pub(super) fn check(path: &Path) -> anyhow::Result<()> {
        checked(path).map(drop)
    }

    /// The one that the program before has loaded.
    ///
    /// # Errors
    /// If this program reads the text otherwise, and refuses it.
    pub(super) fn adopt(number: u64, text: File, office: Option<Rc<Office>>) -> anyhow::Result<Self> {
        pass_on(&text, true)?;
        let config = Config::parse(&fs::read_to_string(format!("/proc/self/fd/{}", text.as_raw_fd()))?)?;
        logging::follow(&config.serving.log);
        let roots = Roots::open(&config.serving.masters)?;
        Ok(Self { number, config, roots, office, text })
    }

    /// The directories of its masters.
    pub(super) fn roots(&self) -> Vec<PathBuf> {
        let sources = self.config.serving.masters.sources.iter();
        sources.filter_map(|source| source.directory().map(Path::to_owned)).collect()
    }

    /// How many workers it wants in a lane: far ones if there is a store. Half of the back workers take dear requests, rounded up.
    pub(super) fn workers(&self, lane: Lane) -> usize {
        let pool = &self.config.serving.pool;
        let dear = pool.background_workers.div_ceil(2);
        match lane {
            Lane::Front => pool.workers,
            Lane::Far if self.config.serving.masters.stores().next().is_none() => 0,
            Lane::Far => pool.far_workers,
            Lane::Middling => pool.background_workers - dear,
            Lane::Dear => dear,
        }
    }

    /// How many it wants in all.
    pub(super) fn all_workers(&self) -> usize {
        Lane::ALL.into_iter().map(|lane| self.workers(lane)).sum()
    }

    /// The number of the descriptor by which a worker finds the text.
    pub(super) fn descriptor(&self) -> RawFd {
        self.text.as_raw_fd()
    }
}

impl AsFd for Generation {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.text.as_fd()
    }
}

/// The text of the file at `path`, what it means, and its directories of masters, if that can be served.
fn checked(path: &Path) -> anyhow::Result<(String, Config, Roots)> {
    let parsed = fs::read_to_string(path)
        .with_context(|| format!("cannot read the configuration {} (--config names it)", path.display()))
        .and_then(|text| {
            let config = Config::parse(&text).with_context(|| format!("configuration {}", path.display()))?;
            Ok((text, config))
        });
    let (text, config) = parsed.map_err(Refused)?;
    logging::follow(&config.serving.log);
    let roots = Roots::open(&config.serving.masters)?;
    Ok((text, config, roots))
}

/// A file in memory that child processes inherit and that nobody, not even a faulty worker, can change.
fn sealed(text: &str) -> io::Result<File> {
    let mut file = File::from(rustix::fs::memfd_create("recto-config", MemfdFlags::ALLOW_SEALING)?);
    file.write_all(text.as_bytes())?;
    let seals = SealFlags::GROW | SealFlags::SHRINK | SealFlags::WRITE | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&file, seals)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_read_what_was_checked_and_cannot_change_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("recto.toml");
        let text = format!("[masters]\nroot = {:?}\n", directory.path());
        fs::write(&path, &text).expect("written");
        let generation = Generation::load(1, &path).expect("valid");
        fs::write(&path, "nonsense").expect("written");
        let inherited = format!("/proc/self/fd/{}", generation.descriptor());
        assert_eq!(fs::read_to_string(&inherited).expect("readable"), text);
        let writable = File::options().write(true).open(&inherited);
        assert!(writable.and_then(|mut file| file.write_all(b"x")).is_err());
        assert!(Generation::load(2, &path).expect_err("nonsense").is::<Refused>());
        let again = Generation::adopt(3, generation.text, None).expect("as it was checked");
        assert_eq!((again.number, again.roots()), (3, vec![directory.path().to_owned()]));
    }
}
