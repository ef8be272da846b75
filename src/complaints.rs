//! What a worker says of the requests in its hands: each line names the master that it is about, and one line is said of
//! a fault of a master in a minute. The others are counted, and the next line has their number. Faults of one kind get
//! so many lines in a minute, whatever the masters: no client can fill a log, by any names that it thinks of.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use log::Record;

use crate::lru::Lru;

/// How long nothing is said of a fault again.
const PAUSE: Duration = Duration::from_secs(60);

/// Most lines about faults of one kind in such a time.
const LINES: u32 = 60;

/// How many faults are remembered: enough for a few kinds of as many lines.
const REMEMBERED: usize = 256;

thread_local! {
    static ABOUT: RefCell<About> = RefCell::default();
}

/// What the thread works on.
#[derive(Clone, Default)]
pub(crate) struct About {
    uri: Vec<u8>,
    /// What NGINX calls the request.
    id: Vec<u8>,
    /// The master: its path, or the identifier that was asked for as long as that is all that is known.
    pub(crate) master: String,
}

impl About {
    /// What NGINX calls the request, if that can stand in a line.
    pub(crate) fn request(&self) -> &str {
        let id = std::str::from_utf8(&self.id).unwrap_or_default();
        let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
        if is_plain { id } else { "" }
    }
}

/// What the thread works on. In the middle of being changed it is nothing.
pub(crate) fn about() -> About {
    let copy = |about: &RefCell<About>| about.try_borrow().map(|it| it.clone()).unwrap_or_default();
    ABOUT.try_with(copy).unwrap_or_default()
}

/// From now on it works on the request that NGINX calls so; on none, if both are empty.
pub(crate) fn about_request(id: &[u8], uri: &[u8]) {
    // Copied as it is, into room that is there: what it looks like is found out when a line is written.
    ABOUT.with_borrow_mut(|about| {
        about.id.clear();
        about.id.extend_from_slice(&id[..id.len().min(64)]);
        about.uri.clear();
        about.uri.extend_from_slice(&uri[..uri.len().min(300)]);
        about.master.clear();
    });
}

/// Says something about the request that NGINX calls so, which somebody else worked on. Zeros are no id.
pub(crate) fn about_work_of(id: &[u8], say: impl FnOnce()) {
    about_request(if id.iter().all(|byte| *byte == 0) { b"" } else { id }, b"");
    say();
    about_request(b"", b"");
}

/// From now on it works on this master, by its path, or by the identifier that was asked for as long as that is all that
/// is known.
pub(crate) fn about_master(name: &str) {
    ABOUT.with_borrow_mut(|about| {
        about.master.clear();
        about.master.push_str(name);
    });
}

/// Has panics logged as any other fault: one line, with the request. What a trace of the stack adds, a debugger tells
/// better.
pub(crate) fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let text = text.unwrap_or("for a reason unknown").replace('\n', " ");
        let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
        let uri = String::from_utf8_lossy(&about().uri).into_owned();
        let work = if uri.is_empty() { String::new() } else { format!(", at work on {uri:?}") };
        log::error!("panicked{place}: {text}{work}");
    }));
}

/// What is to be said of each fault, for a log.
#[derive(Default)]
pub(crate) struct Bounded(Mutex<Said>);

impl Bounded {
    /// What is to be said beside this record, about this master, if it is to be said at all.
    pub(crate) fn hear(&self, record: &Record, master: &str) -> Option<Counted> {
        let kind = Kind { target: record.target().to_owned(), line: record.line() };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).hear(kind, master, Instant::now())
    }
}

/// A kind of fault: what is said about it, by the place in our code that says it, or by a name of its own.
#[derive(Clone, PartialEq)]
struct Kind {
    target: String,
    line: Option<u32>,
}

/// What was said, and what was not.
struct Said {
    faults: Lru<(Kind, String), Tally>,
    kinds: Lru<Kind, Tally>,
}

/// A time in which lines were said, and not said.
#[derive(Clone, Copy)]
struct Tally {
    since: Instant,
    lines: u32,
    unsaid: u64,
}

/// What is added to a line: how often nothing was said.
#[derive(Debug, PartialEq)]
pub(crate) struct Counted {
    again: u64,
    others: u64,
    within: Duration,
}

impl Default for Said {
    fn default() -> Self {
        Self { faults: Lru::new(REMEMBERED, usize::MAX), kinds: Lru::new(REMEMBERED, usize::MAX) }
    }
}

impl Said {
    /// What is to be said about a fault beside the fault, if it is to be said at all.
    fn hear(&mut self, kind: Kind, master: &str, now: Instant) -> Option<Counted> {
        let fault = (kind, master.to_owned());
        let fresh = Tally { since: now, lines: 0, unsaid: 0 };
        let mut of_fault = self.faults.get(&fault).copied().unwrap_or(fresh);
        let mut of_kind = self.kinds.get(&fault.0).copied().unwrap_or(fresh);
        let within = now.saturating_duration_since(of_fault.since);
        let again = of_fault.admit(1, now);
        // What has been said of this fault is no reason to be silent about it, but others may be.
        let others = if again.is_some() { of_kind.admit(LINES, now) } else { None };
        if again.is_none() || others.is_some() {
            self.faults.insert(fault.clone(), of_fault, 0);
        }
        self.kinds.insert(fault.0, of_kind, 0);
        Some(Counted { again: again?, others: others?, within })
    }
}

impl Tally {
    /// Whether another of at most `lines` may be said now: with the number of those that were not.
    fn admit(&mut self, lines: u32, now: Instant) -> Option<u64> {
        let is_over = now.saturating_duration_since(self.since) >= PAUSE;
        if !is_over && self.lines >= lines {
            self.unsaid += 1;
            return None;
        }
        let unsaid = if is_over { std::mem::take(&mut self.unsaid) } else { 0 };
        if is_over {
            (self.since, self.lines) = (now, 0);
        }
        self.lines += 1;
        Some(unsaid)
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.again > 0 {
            write!(f, " ({} more in {} s)", self.again, self.within.as_secs())?;
        }
        if self.others > 0 {
            write!(f, " (and {} lines more of this kind, which are left out)", self.others)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(line: u32) -> Kind {
        Kind { target: "recto".to_owned(), line: Some(line) }
    }

    #[test]
    fn a_fault_of_a_master_is_told_once_and_then_counted() {
        let (mut said, start) = (Said::default(), Instant::now());
        let mut hear = |line, master: &str, seconds| {
            let counted = said.hear(kind(line), master, start + Duration::from_secs(seconds));
            counted.map(|counted| counted.to_string())
        };
        assert_eq!(hear(1, "leaf.tif", 0).as_deref(), Some(""));
        for second in 1..60 {
            assert_eq!(hear(1, "leaf.tif", second), None);
        }
        assert_eq!(hear(2, "leaf.tif", 59).as_deref(), Some(""), "another fault");
        assert_eq!(hear(1, "other.tif", 59).as_deref(), Some(""), "another master");
        assert_eq!(hear(1, "leaf.tif", 75).as_deref(), Some(" (59 more in 75 s)"));
        assert_eq!(hear(1, "leaf.tif", 76), None);
        assert_eq!(hear(1, "leaf.tif", 200).as_deref(), Some(" (1 more in 125 s)"));
    }

    #[test]
    fn no_number_of_names_makes_more_lines() {
        let (mut said, start) = (Said::default(), Instant::now());
        let mut hear = |number: u32, seconds| {
            said.hear(kind(1), &format!("name-{number}"), start + Duration::from_secs(seconds))
        };
        let lines = (0..10_000).filter(|number| hear(*number, 1).is_some()).count();
        assert_eq!(lines, LINES as usize);
        let next = hear(10_001, 70).expect("the next minute").to_string();
        assert_eq!(next, format!(" (and {} lines more of this kind, which are left out)", 10_000 - LINES));
    }
}
