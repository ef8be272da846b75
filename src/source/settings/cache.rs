//! `[cache]`: where blocks of masters in stores are kept on this machine, and for how long they are as good as new.

use std::path::PathBuf;
use std::time::Duration;

/// `[cache]`: the block cache. It is used if there is a store among the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheSettings {
    /// Its directory, which holds nothing else. Absolute.
    pub directory: PathBuf,
    /// The most bytes that it may take on disk.
    pub max_bytes: u64,
    /// How long a master is used before its store is asked whether it is still the same one.
    pub fresh: Duration,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            // Below the directory of the service, which may hold other things one day: a cache removes what it does not know.
            directory: "/var/cache/recto/blocks".into(),
            max_bytes: 10 << 30,
            fresh: Duration::from_secs(60),
        }
    }
}
