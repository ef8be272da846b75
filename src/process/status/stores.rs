//! The stores among the sources: what their fetcher counts, told with the names that the configuration has for them.

use std::io;
use std::path::Path;

use super::report::{BlockCache, Counted, Fetcher, Report, Store};
use crate::config::Config;
use crate::fetch::counts::{CacheCount, Count, Counts};
use crate::process::scoreboard::{Notice, Scoreboard};

/// What tells how the stores are.
pub(crate) struct Stores {
    counts: Counts,
    named: Vec<Named>,
    /// Bytes that the block cache may take.
    limit: u64,
}

/// A store as people know it.
struct Named {
    source: usize,
    prefix: String,
    url: String,
}

impl Stores {
    /// Those of the configuration, with the counts at `path`.
    ///
    /// # Errors
    /// If these are none.
    pub(crate) fn open(config: &Config, path: &Path) -> io::Result<Self> {
        let masters = &config.serving.masters;
        let named = masters.stores().map(|(source, store)| Named {
            source,
            prefix: masters.sources[source].prefix.clone(),
            url: store.url(),
        });
        let limit = config.serving.block_cache.max_bytes;
        Ok(Self { counts: Counts::open(path)?, named: named.collect(), limit })
    }

    /// Puts them into a report.
    pub(super) fn tell(&self, board: &Scoreboard, report: &mut Report) {
        report.stores = self.named.iter().map(|named| self.store(named)).collect();
        let of_cache = |count| self.counts.of_cache(count);
        report.block_cache = Some(BlockCache {
            used: of_cache(CacheCount::Bytes),
            limit: self.limit,
            objects: of_cache(CacheCount::Objects),
            evictions: of_cache(CacheCount::Evictions),
            failing: of_cache(CacheCount::Failing) != 0,
        });
        let process = u32::try_from(board.notice(Notice::Fetcher)).ok().filter(|process| *process != 0);
        report.fetcher = Some(Fetcher { process, deaths: board.notice(Notice::FetcherDeaths) });
    }

    fn store(&self, Named { source, prefix, url }: &Named) -> Store {
        let of = |count| self.counts.of(*source, count);
        let failures =
            Count::FAILURES.map(|(count, name)| Counted { name: name.to_owned(), count: of(count) });
        Store {
            prefix: prefix.clone(),
            url: url.clone(),
            left_alone: self.counts.breaker(*source).map(|left| left.as_secs_f64()),
            answered: self.counts.answered(*source).map(|ago| ago.as_secs_f64()),
            finds: of(Count::Finds),
            not_found: of(Count::NotFound),
            requests: of(Count::Requests),
            bytes: of(Count::Bytes),
            retries: of(Count::Retries),
            hedges: of(Count::Hedges),
            changes: of(Count::Changes),
            hits: of(Count::Hits),
            misses: of(Count::Misses),
            failures: failures.into(),
        }
    }
}
