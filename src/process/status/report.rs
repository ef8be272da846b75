//! How the service is, as plain values: what `/iiif/status.json` says, and `recto status` reads. Times are in seconds,
//! sizes in bytes. Names of masters and requests come from clients, and have no control characters here.

use serde::{Deserialize, Serialize};

use super::page::duration;

/// How the service is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The version of the program.
    pub version: String,
    /// Whether it serves.
    pub ready: bool,
    /// Why it does not, or not as it should; empty if all is well.
    pub troubles: Vec<String>,
    /// When it was started, in seconds since 1970.
    pub started: u64,
    /// How long ago that is.
    pub uptime: f64,
    /// The generation of workers that takes requests: 1, and one more for each reload.
    pub generation: u64,
    /// All workers, by their slots.
    pub workers: Vec<Worker>,
    /// The queues of what is handed over.
    pub lanes: Vec<Lane>,
    /// What requests in work may hold together.
    pub memory: Memory,
    /// What is not tried for a while.
    pub quarantine: Quarantine,
    /// Mounts that do not answer.
    pub stalled_mounts: u64,
    /// The masters that took longest within the last day, the slowest first.
    pub slowest: Vec<SlowMaster>,
    /// Workers that ended without being asked to, by cause.
    pub deaths: Vec<Counted>,
    /// Answers since the start, by what they were; none that never happened.
    pub answers: Vec<Answers>,
    /// Requests for which there was no place, by reason; none that never happened.
    pub no_place: Vec<Counted>,
    /// Bytes sent since the start.
    pub sent: u64,
    /// Pixels decoded since the start.
    pub decoded_pixels: u64,
    /// The stores among the sources.
    #[serde(default)]
    pub stores: Vec<Store>,
    /// Where blocks of their masters are kept; None without a store.
    #[serde(default)]
    pub block_cache: Option<BlockCache>,
    /// Who fetches from them; None without a store.
    #[serde(default)]
    pub fetcher: Option<Fetcher>,
}

/// A store. What is counted is since the configuration was last read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Store {
    /// What identifiers of its masters begin with.
    pub prefix: String,
    /// Where it is, as in the configuration.
    pub url: String,
    /// For how much longer it is left alone, because nobody answers there; None if it is asked.
    pub left_alone: Option<f64>,
    /// How long ago it last answered; None if it never has.
    pub answered: Option<f64>,
    /// Objects that workers asked for.
    pub finds: u64,
    /// Of these, those that are not there.
    pub not_found: u64,
    /// Requests that were made of it.
    pub requests: u64,
    /// Bytes of its answers.
    pub bytes: u64,
    /// Requests made once more after a failure.
    pub retries: u64,
    /// Second requests for the same, because the first was slow.
    pub hedges: u64,
    /// Objects that had been replaced.
    pub changes: u64,
    /// Blocks that workers asked for and that were there.
    pub hits: u64,
    /// Blocks that were fetched for it.
    pub misses: u64,
    /// Requests that failed, by kind.
    pub failures: Vec<Counted>,
}

/// The block cache.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BlockCache {
    /// Bytes on disk.
    pub used: u64,
    /// Bytes that it may take: `[cache] max_bytes`.
    pub limit: u64,
    /// Objects of which there are blocks.
    pub objects: u64,
    /// Objects that were removed to make room.
    pub evictions: u64,
    /// Whether its disk takes no more, or fails.
    pub failing: bool,
}

/// The process that fetches from stores.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fetcher {
    /// Its process id; None while there is none.
    pub process: Option<u32>,
    /// How many ended without being asked to, since the start.
    pub deaths: u64,
}

impl Store {
    /// Which part of the blocks that workers asked for was there; None if they asked for none.
    pub fn hit_ratio(&self) -> Option<f64> {
        let all = self.hits.saturating_add(self.misses);
        (all > 0).then(|| self.hits as f64 / all as f64)
    }

    /// Whether it is asked, in words.
    pub fn state(&self) -> String {
        match (self.left_alone, self.answered) {
            (Some(_), None) => "does not answer".to_owned(),
            (Some(_), Some(ago)) => format!("does not answer, for {}", duration(ago)),
            (None, None) => "not asked yet".to_owned(),
            (None, Some(_)) => "answers".to_owned(),
        }
    }

    /// Failures that happened, with how often.
    pub fn failed(&self) -> String {
        let failures = self.failures.iter().filter(|failure| failure.count > 0);
        let failures: Vec<_> =
            failures.map(|failure| format!("{} {}", failure.name, failure.count)).collect();
        if failures.is_empty() { "none".to_owned() } else { failures.join(", ") }
    }
}

/// A worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Worker {
    /// Its process id.
    pub process: u32,
    /// Which requests it takes: front, middling, dear or far.
    pub lane: String,
    /// What it does: starting, idle, busy, or draining when it was asked to finish.
    pub state: String,
    /// The generation that it belongs to.
    pub generation: u64,
    /// How long ago it was started.
    pub age: f64,
    /// How many requests it answered.
    pub served: u64,
    /// What it is at.
    pub request: Option<String>,
    /// For how long.
    pub busy: Option<f64>,
}

/// A queue, and those who take from it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lane {
    /// Its name: middling, dear or far.
    pub name: String,
    /// How many requests wait.
    pub waiting: u64,
    /// How long they will take a processor, by estimate.
    pub work: f64,
    /// How long one would wait that came now; None if nobody knows just now.
    pub forecast: Option<f64>,
    /// How long a request may be expected to wait: if it would take longer, it is refused.
    pub patience: f64,
    /// How many were handed over since the start.
    pub handed_over: u64,
    /// How long they waited on average.
    pub mean_wait: f64,
}

/// Memory of requests in work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Memory {
    /// What those in the background hold, by estimate.
    pub used: u64,
    /// What they may hold: `[limits] memory`.
    pub limit: u64,
}

/// What is not tried for a while, because it ended workers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Quarantine {
    /// How many names there are.
    pub count: u64,
    /// The latest of them, mounts before others.
    pub names: Vec<Refused>,
}

/// A request, master or mount that is not tried.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refused {
    /// Its name.
    pub name: String,
    /// Why.
    pub why: String,
    /// For how much longer; None if nobody knows.
    pub left: Option<f64>,
}

/// A master that was slow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SlowMaster {
    /// Its path below the root.
    pub path: String,
    /// The most that one request for it took.
    pub worst: f64,
    /// How often it was slow.
    pub times: u64,
    /// How long ago it was last slow.
    pub ago: f64,
    /// What makes it so, and what to do about it.
    pub reasons: Vec<String>,
}

/// Answers of one kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answers {
    /// Cheap, middling, dear, or none if nothing was planned.
    pub class: String,
    /// How they were come by.
    pub path: String,
    /// Their status; 0 for any that is rare.
    pub status: u16,
    /// How many.
    pub count: u64,
}

/// Something that was counted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Counted {
    /// What.
    pub name: String,
    /// How often.
    pub count: u64,
}

impl Report {
    /// How many answers there were of which this is true.
    pub fn count(&self, which: impl Fn(&Answers) -> bool) -> u64 {
        let counted = self.answers.iter().filter(|answers| which(answers));
        counted.fold(0, |sum, answers| sum.saturating_add(answers.count))
    }

    /// Its workers of which this is true.
    pub fn workers_that(&self, which: impl Fn(&Worker) -> bool) -> usize {
        self.workers.iter().filter(|worker| which(worker)).count()
    }
}
