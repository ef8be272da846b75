//! A server asked by a few threads, at a rate, as long as it wants to be asked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::first::Info;
use super::list::State;
use super::{Order, Report};
use crate::client::{Answer, Client};
use crate::progress::Progress;

/// So often a request is made again if the server wants it later.
const MOST_ATTEMPTS: u32 = 6;

/// How long to wait if the server does not say; each time twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// It is not waited longer, whatever the server says.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// After so many failures in a row, which are the server's, or if all fail from the first on, nothing is to be hoped for.
const HOPELESS: u32 = 20;

/// Those who wait look so often whether it goes on.
const LOOK: Duration = Duration::from_millis(100);

/// Headers in which caches tell whether they had it: ours, and others'.
const CACHES: [&str; 4] = ["x-cache-status", "x-cache", "cf-cache-status", "x-proxy-cache"];

/// What the threads share.
pub(super) struct Asker<'o> {
    order: &'o Order,
    client: Client,
    stop: &'o AtomicBool,
    /// Told the URL of each request that is not made.
    told: &'o (dyn Fn(&str) + Sync),
    work: Mutex<Work>,
}

struct Work {
    identifiers: std::vec::IntoIter<String>,
    state: Option<State>,
    /// When the next request may begin.
    next: Instant,
    /// Failures of the server since the last answer that was none.
    in_a_row: u32,
    report: Report,
    progress: Option<Progress>,
}

impl<'o> Asker<'o> {
    /// One that asks for these, and notes what is done.
    pub(super) fn new(
        order: &'o Order,
        (identifiers, state): (Vec<String>, Option<State>),
        stop: &'o AtomicBool,
        told: &'o (dyn Fn(&str) + Sync),
    ) -> Self {
        let progress = (!order.dry_run).then(|| Progress::start(identifiers.len(), "masters"));
        let work = Work {
            identifiers: identifiers.into_iter(),
            state,
            next: Instant::now(),
            in_a_row: 0,
            report: Report::default(),
            progress,
        };
        Self { order, client: Client::new(order.patience), stop, told, work: Mutex::new(work) }
    }

    /// Asks for all of them.
    pub(super) fn ask_all(self) -> Report {
        thread::scope(|scope| {
            for _ in 0..self.order.connections.max(1) {
                scope.spawn(|| while self.ask_next() {});
            }
        });
        let Work { report, progress, .. } = self.work.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(progress) = progress {
            progress.end();
        }
        Report { stopped: self.stop.load(Ordering::Relaxed), ..report }
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed) && self.work().report.given_up.is_none()
    }

    /// Takes the next identifier; false if none is left.
    fn ask_next(&self) -> bool {
        if !self.goes_on() {
            return false;
        }
        let Some(identifier) = self.work().identifiers.next() else { return false };
        let is_whole = self.ask_for(&format!("{}/{identifier}", self.order.url));
        let mut work = self.work();
        if is_whole {
            work.report.masters += 1;
            let noted = match &mut work.state {
                Some(state) if !self.order.dry_run => state.note(&identifier),
                _ => Ok(()),
            };
            if let Err(error) = noted {
                work.report.given_up.get_or_insert(format!("{error:#}"));
            }
        }
        if let Some(progress) = &mut work.progress {
            progress.more(1);
        }
        true
    }

    /// Asks for all that viewers ask for first of an image; whether all of it came.
    fn ask_for(&self, image: &str) -> bool {
        let url = format!("{image}/info.json");
        if self.order.dry_run {
            (self.told)(&url);
        }
        let Some(answer) = self.get(&url) else { return false };
        let info = match Info::parse(&answer.body) {
            Ok(info) => info,
            Err(error) => {
                self.work().report.fail(&url, format!("{error:#}"));
                return false;
            }
        };
        if info.id != *image {
            self.work().report.other_id.get_or_insert_with(|| info.id.clone());
        }
        let mut paths: Vec<String> = self.order.thumbnails.iter().filter_map(|it| it.path(&info)).collect();
        paths.extend(self.order.screen.map(|screen| info.first_screen(screen)).unwrap_or_default());
        let mut is_whole = true;
        for path in paths {
            let url = format!("{image}/{path}");
            match self.order.dry_run {
                true => (self.told)(&url),
                false => is_whole &= self.get(&url).is_some(),
            }
        }
        is_whole
    }

    /// A good answer; None if there is none, which is in the report then, or if it is over.
    fn get(&self, url: &str) -> Option<Answer> {
        let mut wait = FIRST_WAIT;
        for attempt in 1.. {
            if !self.turn() {
                return None;
            }
            match self.client.get(url, &[]) {
                Ok(answer) if matches!(answer.status, 429 | 503) && attempt < MOST_ATTEMPTS => {
                    self.put_off(wanted_wait(&answer).unwrap_or(wait));
                    wait *= 2;
                }
                Ok(answer) => return self.count(url, answer),
                Err(error) => {
                    let mut work = self.work();
                    work.report.requests += 1;
                    work.fail(url, format!("{error:#}"), true);
                    return None;
                }
            }
        }
        None
    }

    /// Waits until the next request may begin; false if there is to be none.
    fn turn(&self) -> bool {
        let pause = Duration::from_secs(1) / self.order.rate.max(1);
        while self.goes_on() {
            let wait = {
                let mut work = self.work();
                let now = Instant::now();
                if work.next <= now {
                    work.next = now + pause;
                    return true;
                }
                work.next - now
            };
            thread::sleep(wait.min(LOOK));
        }
        false
    }

    /// Nobody asks for so long.
    fn put_off(&self, wait: Duration) {
        let mut work = self.work();
        work.report.put_off += 1;
        work.next = work.next.max(Instant::now() + wait.min(LONGEST_WAIT));
    }

    fn count(&self, url: &str, answer: Answer) -> Option<Answer> {
        let mut work = self.work();
        work.report.requests += 1;
        work.report.bytes += answer.body.len() as u64;
        *work.report.statuses.entry(answer.status).or_default() += 1;
        if answer.status != 200 {
            let to = answer.header("location").map(|to| format!(", to {to}")).unwrap_or_default();
            let said = if to.is_empty() { format!(": {}", answer.said()) } else { to };
            work.fail(url, format!("status {}{said}", answer.status), answer.status >= 500);
            return None;
        }
        work.in_a_row = 0;
        match was_cached(&answer) {
            Some(true) => work.report.hits += 1,
            Some(false) => work.report.misses += 1,
            None => {}
        }
        Some(answer)
    }
}

impl Work {
    fn fail(&mut self, url: &str, why: String, is_of_server: bool) {
        self.in_a_row = if is_of_server { self.in_a_row + 1 } else { 0 };
        let is_all =
            self.report.failed + 1 == self.report.requests && self.report.requests >= HOPELESS.into();
        if self.in_a_row >= HOPELESS || is_all {
            let last = format!("{HOPELESS} requests in a row have failed, the last with: {why}");
            self.report.given_up.get_or_insert(last);
        }
        self.report.fail(url, why);
    }
}

/// Whether a cache had it, if one says so.
fn was_cached(answer: &Answer) -> Option<bool> {
    let says = CACHES.iter().find_map(|name| answer.header(name))?.to_ascii_lowercase();
    // One that is told while it is asked for anew was there.
    Some(["hit", "stale", "updating", "revalidated"].iter().any(|word| says.contains(word)))
}

/// How long the server wants to be left alone (RFC 9110 section 10.2.3): seconds, or a date.
fn wanted_wait(answer: &Answer) -> Option<Duration> {
    let text = answer.header("retry-after")?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).ok(),
    }
}
