//! What the supervisor tells everybody, a number each.

/// A number that the supervisor sets. 0 until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Notice {
    /// When the service was started, on the clock of [`now`](super::now).
    Started,
    /// The same in seconds since 1970.
    StartedAt,
    /// The generation of workers that takes requests: 1, and one more for each reload.
    Generation,
    /// 1 while the service stops.
    Stopping,
    /// When a directory of masters was last looked for, on the clock of [`now`](super::now): it stands still while a file
    /// system does not answer.
    Looked,
    /// How many of them were not there then.
    Gone,
    /// Names in quarantine; workers are told of fewer if they are many.
    Quarantined,
    /// Mounts that do not answer.
    Stalled,
    /// Workers that crashed, or that their request killed.
    Crashes,
    /// Workers that were killed because their request took too long.
    Overdue,
    /// Workers that were killed because their request was kept waiting by a file system, or by who stopped them.
    Held,
    /// Workers that were killed because their request was kept waiting for a processor.
    Starved,
    /// Workers that somebody else ended.
    Killed,
    /// Workers that ended without a request.
    Idle,
    /// The process id of the fetcher of the generation that takes requests; 0 while there is none.
    Fetcher,
    /// Fetchers that ended without being asked to.
    FetcherDeaths,
}
