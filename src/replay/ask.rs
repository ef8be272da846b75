//! Both servers asked for the same, by a few threads, at a rate.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Replay;
use super::compare::{Difference, Kind, compare};
use super::sample::Request;
use crate::client::{Answer, Client};
use crate::progress::Progress;

/// What came of a request.
pub(super) struct Compared {
    pub(super) path: String,
    /// How often the log has it.
    pub(super) seen: u64,
    pub(super) difference: Option<Difference>,
    /// How long each server took; None if it gave nothing.
    pub(super) took: [Option<Duration>; 2],
}

/// What the threads share.
struct Work<'r> {
    requests: std::slice::Iter<'r, Request>,
    /// When the next request may begin.
    next: Instant,
    done: Vec<Compared>,
    progress: Progress,
}

/// Asks for all of them.
///
/// # Errors
/// If a server gives nothing for any of the first requests: then it is not there.
pub(super) fn all(requests: &[Request], replay: &Replay) -> anyhow::Result<Vec<Compared>> {
    let client = Client::new(replay.patience);
    for server in [&replay.against, &replay.with] {
        let first = requests.first().map_or("", |request| &*request.path);
        client.request("HEAD", &url(server, first), &[]).map_err(|error| error.context(server.clone()))?;
    }
    let progress = Progress::start(requests.len(), "requests");
    let work = Work { requests: requests.iter(), next: Instant::now(), done: Vec::new(), progress };
    let work = Mutex::new(work);
    thread::scope(|scope| {
        for _ in 0..replay.concurrency.max(1) {
            scope.spawn(|| while ask_next(&work, &client, replay) {});
        }
    });
    let Work { done, progress, .. } = work.into_inner().unwrap_or_else(PoisonError::into_inner);
    progress.end();
    Ok(done)
}

/// Takes the next request, waits for its turn, and compares; false if none is left.
fn ask_next(work: &Mutex<Work>, client: &Client, replay: &Replay) -> bool {
    let pause = Duration::from_secs(1) / replay.rate.max(1);
    let (request, at) = {
        let mut work = work.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(request) = work.requests.next() else { return false };
        let at = work.next.max(Instant::now());
        work.next = at + pause;
        (request, at)
    };
    thread::sleep(at.saturating_duration_since(Instant::now()));
    let compared = compared(request, client, replay);
    let mut work = work.lock().unwrap_or_else(PoisonError::into_inner);
    work.done.push(compared);
    work.progress.more(1);
    true
}

fn url(server: &str, path: &str) -> String {
    format!("{}{path}", server.trim_end_matches('/'))
}

fn compared(request: &Request, client: &Client, replay: &Replay) -> Compared {
    let Request { path, seen } = request.clone();
    let servers = [&*replay.against, &*replay.with];
    let answers = servers.map(|server| client.get(&url(server, &path), &[]));
    let took =
        [&answers[0], &answers[1]].map(|answer| answer.as_ref().ok().map(|answer: &Answer| answer.took));
    let bases = servers.map(|server| server.trim_end_matches('/'));
    let difference = match &answers {
        [Ok(old), Ok(new)] => compare(&path, [old, new], bases, replay.tolerance),
        [old, new] => silent([old, new]),
    };
    Compared { path, seen, difference, took }
}

/// What is said where at least one gives nothing.
fn silent(answers: [&anyhow::Result<Answer>; 2]) -> Option<Difference> {
    let said = answers.map(|answer| match answer {
        Ok(answer) => format!("status {}", answer.status),
        Err(error) => format!("{error:#}"),
    });
    let badness = if answers[0].is_ok() { 2.0 } else { 1.0 };
    Some(Difference { kind: Kind::Answer, badness, what: said.join(" and ") })
}
