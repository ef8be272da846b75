//! What was done for a request, and how long it took: filled in along the path, and read by whoever runs the service.
//! One account serves one request after the other, and its copies are one; so filling it in costs some nanoseconds, and a
//! look at the clock for each stage.

mod words;

use std::cell::Cell;
use std::fmt::Write;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::blocks::Spent;
pub use words::{Hindrance, Kind, NoPlace, Stage, Way};

/// The account of the request in work.
#[derive(Clone, Debug)]
pub struct Account(Rc<Lines>);

#[derive(Debug)]
struct Lines {
    /// When the last stage ended.
    last: Cell<Instant>,
    times: [Cell<Duration>; Stage::ALL.len()],
    way: Cell<Way>,
    kind: Cell<Option<Kind>>,
    pixels: Cell<u64>,
    /// A bit for each hindrance.
    hindrances: Cell<u64>,
    still_fresh: Cell<Option<bool>>,
    no_place: Cell<Option<NoPlace>>,
    fetched: Cell<Option<Spent>>,
}

impl Default for Account {
    fn default() -> Self {
        Self(Rc::new(Lines {
            last: Cell::new(Instant::now()),
            times: Default::default(),
            way: Cell::default(),
            kind: Cell::default(),
            pixels: Cell::default(),
            hindrances: Cell::default(),
            still_fresh: Cell::default(),
            no_place: Cell::default(),
            fetched: Cell::default(),
        }))
    }
}

impl Account {
    /// Begins the account of another request.
    pub fn begin(&self) {
        let Lines { last, times, way, kind, pixels, hindrances, still_fresh, no_place, fetched } = &*self.0;
        times.iter().for_each(|time| time.set(Duration::ZERO));
        way.set(Way::default());
        kind.set(None);
        pixels.set(0);
        hindrances.set(0);
        still_fresh.set(None);
        no_place.set(None);
        fetched.set(None);
        last.set(Instant::now());
    }

    /// A stage has ended, which took the time since the end of the one before; stages may come more than once.
    pub fn end(&self, stage: Stage) {
        let now = Instant::now();
        let time = &self.0.times[stage as usize];
        time.set(time.get() + now.saturating_duration_since(self.0.last.replace(now)));
    }

    /// How the answer was come by.
    pub fn goes(&self, way: Way) {
        self.0.way.set(way);
    }

    /// The kind of the master.
    pub fn reads(&self, kind: Kind) {
        self.0.kind.set(Some(kind));
    }

    /// So many pixels of the master are decoded, by plan.
    pub fn decodes(&self, pixels: u64) {
        self.0.pixels.set(pixels);
    }

    /// What makes the request dear, by plan.
    pub fn is_hindered(&self, hindrances: impl IntoIterator<Item = Hindrance>) {
        let bits = hindrances.into_iter().fold(0, |bits, one| bits | 1 << one as u64);
        self.0.hindrances.set(bits);
    }

    /// Whether what the client had already is still fresh.
    pub fn compares(&self, still_fresh: bool) {
        self.0.still_fresh.set(Some(still_fresh));
    }

    /// There was no place for it.
    pub fn finds_no_place(&self, why: NoPlace) {
        self.0.no_place.set(Some(why));
    }

    /// So much was fetched for it from the store of its master.
    pub fn fetches(&self, spent: Spent) {
        self.0.fetched.set(Some(spent));
    }

    /// How long a stage took.
    pub fn time(&self, stage: Stage) -> Duration {
        self.0.times[stage as usize].get()
    }

    /// How long all of it took that is work: without the time in which the peer read.
    pub fn worked(&self) -> Duration {
        Stage::ALL.into_iter().filter(|stage| *stage != Stage::Send).map(|stage| self.time(stage)).sum()
    }

    /// How the answer was come by.
    pub fn way(&self) -> Way {
        self.0.way.get()
    }

    /// The kind of the master; None if none was opened.
    pub fn kind(&self) -> Option<Kind> {
        self.0.kind.get()
    }

    /// Pixels that were decoded.
    pub fn pixels(&self) -> u64 {
        self.0.pixels.get()
    }

    /// What made it dear, a bit for each [`Hindrance`].
    pub fn hindrances(&self) -> u64 {
        self.0.hindrances.get()
    }

    /// Whether what the client had already was still fresh; None if it had nothing.
    pub fn was_fresh(&self) -> Option<bool> {
        self.0.still_fresh.get()
    }

    /// Why there was no place for it, if so.
    pub fn no_place(&self) -> Option<NoPlace> {
        self.0.no_place.get()
    }

    /// The value of a Server-Timing header: the stages so far, in milliseconds, what was fetched if the master is far, and
    /// the way.
    pub fn server_timing(&self) -> String {
        let mut text = String::new();
        for stage in Stage::ALL {
            let time = self.time(stage);
            if time > Duration::ZERO && stage != Stage::Send {
                // Writing to a string cannot fail.
                let _ = write!(text, "{};dur={:.3}, ", stage.name(), time.as_secs_f64() * 1e3);
            }
        }
        if let Some(Spent { requests, bytes }) = self.0.fetched.get() {
            let _ = write!(text, "fetch;desc=\"{requests} requests, {bytes} bytes\", ");
        }
        text + "path;desc=" + self.way().name()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_leaves_nothing_to_the_next() {
        let account = Account::default();
        let copy = account.clone();
        let nothing = |account: &Account| {
            (
                account.way(),
                account.kind(),
                account.pixels(),
                account.hindrances(),
                account.was_fresh(),
                account.worked(),
            )
        };
        copy.goes(Way::Decoded);
        copy.reads(Kind::Tiff);
        copy.decodes(9);
        copy.compares(false);
        copy.is_hindered([Hindrance::Flat]);
        copy.end(Stage::Open);
        assert_eq!((account.way(), account.kind(), account.pixels()), (Way::Decoded, Some(Kind::Tiff), 9));
        assert_eq!((account.was_fresh(), account.hindrances()), (Some(false), 1 << Hindrance::Flat as u64));
        account.begin();
        assert_eq!(nothing(&copy), (Way::Refused, None, 0, 0, None, Duration::ZERO));
    }

    #[test]
    fn stages_are_told_with_the_way() {
        let account = Account::default();
        account.begin();
        assert_eq!(account.server_timing(), "path;desc=refused");
        std::thread::sleep(Duration::from_millis(2));
        account.end(Stage::Decode);
        account.end(Stage::Send);
        account.goes(Way::Decoded);
        let told = account.server_timing();
        assert!(told.starts_with("decode;dur=") && told.ends_with(", path;desc=decoded"), "{told}");
        assert!(account.worked() >= Duration::from_millis(2));
    }
}
