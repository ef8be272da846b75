//! How the service is, as plain values: what `/iiif/status.json` says, and `recto status` reads. Times are in seconds,
//! sizes in bytes. Names of masters and requests come from clients, and have no control characters here.

use serde::{Deserialize, Serialize};

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
}

/// A worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Worker {
    /// Its process id.
    pub process: u32,
    /// Which requests it takes: front, middling or dear.
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
    /// Its name: middling or dear.
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
