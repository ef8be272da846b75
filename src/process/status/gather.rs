//! What stands in shared memory, put together as a report. Waits for nobody: what cannot be read just now is left out.

use std::time::Duration;

use super::Stores;
use super::report::{self, Answers, Counted, Memory, Quarantine, Refused, Report, SlowMaster, Worker};
use crate::account::{Hindrance, Kind, NoPlace, Way};
use crate::derive::plan::Class;
use crate::process::lane::Lane;
use crate::process::ledger::{Books, Ledger};
use crate::process::queue::Queues;
use crate::process::refusals::{Refusal, Why, mount_of};
use crate::process::scoreboard::counters::{CLASSES, Count, STATUSES, Times, Totals};
use crate::process::scoreboard::slow::Master;
use crate::process::scoreboard::{Entry, Notice, Post, Scoreboard, now};

/// If nobody has seen the masters for so many milliseconds, their file system does not answer. They are looked for every
/// second; a busy machine may take its time over that.
const UNSEEN: u64 = 15_000;

/// The causes of ends of workers, with their names.
const DEATHS: [(Notice, &str); 6] = [
    (Notice::Crashes, "crash"),
    (Notice::Overdue, "overdue"),
    (Notice::Held, "stalled"),
    (Notice::Starved, "starved"),
    (Notice::Killed, "outside"),
    (Notice::Idle, "idle"),
];

/// What is looked at.
pub(crate) struct Sources<'a> {
    pub(crate) scoreboard: &'a Scoreboard,
    pub(crate) ledger: &'a Ledger,
    pub(crate) queues: &'a Queues,
    /// What tells how the stores are, if there are any.
    pub(crate) stores: Option<&'a Stores>,
    /// Bytes that requests may hold together.
    pub(crate) memory: u64,
    /// How long a request may be expected to wait in the queue of a lane.
    pub(crate) patience: fn(Lane) -> Duration,
}

impl Sources<'_> {
    /// Why the service does not serve, or not all; empty if it does. Cheap: it looks at some numbers. A store that does not
    /// answer is no reason: what is known of it is served, NGINX has copies, and it answers no better on the host to which a
    /// balancer would turn.
    pub(super) fn troubles(&self) -> Vec<String> {
        let board = self.scoreboard;
        let mut troubles = Vec::new();
        let mut say = |is_so: bool, what: &str| troubles.extend(is_so.then(|| what.to_owned()));
        say(board.notice(Notice::Stopping) != 0, "it is stopping");
        say(board.notice(Notice::Gone) != 0, "a directory of masters is not there");
        let seen = board.notice(Notice::Looked).max(board.notice(Notice::Started));
        say(now().saturating_sub(seen) > UNSEEN, "the file system of the masters does not answer");
        let works =
            |(post, entry): &(Post, Option<Entry>)| post.lane.is_nice() && !post.draining && entry.is_some();
        say(!self.workers().any(|worker| works(&worker)), "no worker is in the background");
        troubles
    }

    /// Those who have slots, and what they say of themselves if they are ready.
    fn workers(&self) -> impl Iterator<Item = (Post, Option<Entry>)> {
        let posts = (0..self.scoreboard.slots()).filter_map(|slot| Some((slot, self.scoreboard.post(slot)?)));
        posts.map(|(slot, post)| {
            let entry = self.scoreboard.read(slot).filter(|entry| entry.process == post.process);
            (post, entry)
        })
    }

    /// All of it; `totals` is what was counted.
    pub(super) fn report(&self, totals: &Totals) -> Report {
        let (board, time) = (self.scoreboard, now());
        let books = self.ledger.look().ok();
        let troubles = self.troubles();
        let mut report = Report {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ready: troubles.is_empty(),
            troubles,
            started: board.notice(Notice::StartedAt),
            uptime: seconds(time.saturating_sub(board.notice(Notice::Started))),
            generation: board.notice(Notice::Generation),
            workers: self.workers().map(|(post, entry)| worker(&post, entry, time)).collect(),
            lanes: self.lanes(totals, books.as_ref(), time),
            memory: Memory { used: books.map_or(0, |books| books.bytes()), limit: self.memory },
            quarantine: Quarantine {
                count: board.notice(Notice::Quarantined),
                names: board.refused().iter().map(|refusal| refused(refusal, time)).collect(),
            },
            stalled_mounts: board.notice(Notice::Stalled),
            slowest: board.slowest().iter().map(|master| slow(master, time)).collect(),
            deaths: DEATHS.map(|(notice, name)| counted(name, board.notice(notice))).into(),
            answers: answers(totals),
            no_place: NoPlace::ALL
                .map(|why| counted(why.name(), totals.of_count(Count::NoPlace(why))))
                .into_iter()
                .filter(|counted| counted.count > 0)
                .collect(),
            sent: totals.of_count(Count::Sent),
            decoded_pixels: Kind::ALL
                .map(|kind| totals.of_count(Count::Pixels(kind)))
                .iter()
                .fold(0, |sum, pixels| sum.saturating_add(*pixels)),
            stores: Vec::new(),
            block_cache: None,
            fetcher: None,
        };
        self.stores.iter().for_each(|stores| stores.tell(board, &mut report));
        report
    }

    fn lanes(&self, totals: &Totals, books: Option<&Books>, time: u64) -> Vec<report::Lane> {
        let mut books = books.cloned();
        let empty = self.queues.are_empty();
        if let Some(books) = &mut books {
            books.heal(empty);
        }
        let of = |(lane, empty): (Lane, bool)| {
            let count = |count| totals.of_count(count);
            let (handed_over, taken) = (count(Count::HandedOver(lane)), count(Count::Taken(lane)));
            let waits = totals.of_times(Times::Wait(lane));
            let mean = waits.sum.as_secs_f64() / waits.count().max(1) as f64;
            report::Lane {
                name: lane.to_string(),
                // Counted one after the other: for a moment more may seem to have been taken.
                waiting: if empty { 0 } else { handed_over.saturating_sub(taken).max(1) },
                work: books.as_ref().map_or(0.0, |books| seconds(books.line_of(lane).work)),
                forecast: books.as_ref().map(|books| seconds(books.wait(lane, time))),
                patience: (self.patience)(lane).as_secs_f64(),
                handed_over,
                mean_wait: mean,
            }
        };
        Lane::QUEUED.into_iter().zip(empty).map(of).collect()
    }
}

fn worker(post: &Post, entry: Option<Entry>, time: u64) -> Worker {
    let busy_since = entry.as_ref().map_or(0, |entry| entry.busy_since);
    let state = match &entry {
        _ if post.draining => "draining",
        None => "starting",
        Some(_) if busy_since == 0 => "idle",
        Some(_) => "busy",
    };
    let (served, request) = entry.map_or((0, Vec::new()), |entry| (entry.served, entry.request));
    Worker {
        process: post.process,
        lane: post.lane.to_string(),
        state: state.to_owned(),
        generation: post.generation,
        age: seconds(time.saturating_sub(post.started)),
        served,
        request: (busy_since != 0).then(|| shown(&request)),
        busy: (busy_since != 0).then(|| seconds(time.saturating_sub(busy_since))),
    }
}

fn refused(refusal: &Refusal, time: u64) -> Refused {
    Refused {
        name: match mount_of(&refusal.name) {
            Some(device) => format!("the mount of device {}:{}", device >> 32, device & 0xffff_ffff),
            None => shown(&refusal.name),
        },
        why: match refusal.why {
            Why::Deadly => "it ends workers",
            Why::Overdue => "it takes too long, or was kept waiting",
            Why::Stalled => "its file system does not answer",
            Why::Probed => "its file system did not answer, and is tried by one worker at a time",
        }
        .to_owned(),
        left: (refusal.until != 0).then(|| seconds(refusal.until.saturating_sub(time))),
    }
}

fn slow(master: &Master, time: u64) -> SlowMaster {
    let is_so = |one: &Hindrance| master.hindrances >> (*one as u64) & 1 == 1;
    let mut reasons: Vec<_> =
        Hindrance::ALL.into_iter().filter(is_so).map(|one| one.name().to_owned()).collect();
    if reasons.is_empty() {
        reasons.push("nothing about it: the machine was busy, or its storage is slow".to_owned());
    }
    SlowMaster {
        path: shown(&master.path),
        worst: master.worst.as_secs_f64(),
        times: master.times,
        ago: seconds(time.saturating_sub(master.last)),
        reasons,
    }
}

fn answers(totals: &Totals) -> Vec<Answers> {
    let mut answers = Vec::new();
    for class in CLASSES {
        for (way, status) in Way::ALL.into_iter().flat_map(|way| STATUSES.map(|status| (way, status))) {
            let count = totals.of_count(Count::Answers(class, way, status));
            let (class, path) = (class_name(class), way.name().to_owned());
            answers.extend((count > 0).then_some(Answers { class, path, status, count }));
        }
    }
    answers
}

/// The name of a class; none if nothing was planned.
pub(super) fn class_name(class: Option<Class>) -> String {
    class.map_or_else(|| "none".to_owned(), |class| class.to_string())
}

fn counted(name: &str, count: u64) -> Counted {
    Counted { name: name.to_owned(), count }
}

fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

/// A name as text that no terminal and no page takes for anything else.
fn shown(name: &[u8]) -> String {
    let mut shown = String::new();
    for character in String::from_utf8_lossy(name).chars() {
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_control_characters() {
        assert_eq!(shown(b"a\x1b[2Jb\nc \xff \xc3\xa4"), "a\\u{1b}[2Jb\\nc \u{fffd} \u{e4}");
    }

    #[test]
    fn what_is_refused_is_named_with_the_time_left() {
        let refusal = |name: &[u8], why, until| Refusal { name: name.to_vec(), why, until };
        let told = refused(&refusal(b"a.tif", Why::Deadly, 61_000), 1000);
        assert_eq!((told.name.as_str(), told.left), ("a.tif", Some(60.0)));
        let mount = crate::process::refusals::mount_name(52);
        let told = refused(&refusal(&mount, Why::Stalled, 0), 1000);
        assert_eq!((told.name.as_str(), told.left), ("the mount of device 0:52", None));
    }

    #[test]
    fn a_slow_master_says_why() {
        let bits = 1 << Hindrance::Flat as u64 | 1 << Hindrance::Tilt as u64;
        let master = Master { path: b"x.jpg".to_vec(), hindrances: bits, last: 500, ..Master::default() };
        let told = slow(&master, 1500);
        assert_eq!((told.ago, told.reasons.len()), (1.0, 2));
        let plain = slow(&Master { hindrances: 0, ..master }, 1500);
        assert!(plain.reasons[0].contains("storage"));
    }
}
