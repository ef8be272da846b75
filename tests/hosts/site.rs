//! A site in time: readers come, look and leave; hosts answer at once what they have, and later what the store has.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::cache::Cache;
use crate::random::{Random, Zipf};
use crate::ring::{Place, Policy, Ring, Work};
use crate::walk::{HEAD, Reader};

/// Seconds that an answer takes from blocks that are there, and from those that are not: one round trip.
const HIT: f64 = 0.003;
const MISS: f64 = 0.035;
/// Seconds between two views.
const LOOKS: f64 = 3.0;

/// What is simulated.
#[derive(Clone, Copy)]
pub struct Setup {
    pub hosts: u32,
    pub policy: Policy,
    pub objects: u64,
    pub exponent: f64,
    /// Readers who come in a second.
    pub readers: f64,
    /// Blocks that a host has room for.
    pub room: u64,
    /// Of a hundred readers, those who come for one and the same object.
    pub news: u64,
}

/// What is counted, from one moment to another.
#[derive(Clone, Default)]
pub struct Counts {
    pub asked: u64,
    pub hits: u64,
    /// Not at the host of the identifier.
    pub away: u64,
    pub of_host: Vec<u64>,
    /// The most that one host had in work at once.
    pub most: u32,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Comes,
    Looks(usize),
    Answered(u32, bool),
}

pub struct Site {
    setup: Setup,
    ring: Ring,
    caches: Vec<Cache>,
    work: Work,
    random: Random,
    zipf: Zipf,
    readers: Vec<Option<Reader>>,
    free: Vec<usize>,
    /// In nanoseconds: whole numbers have an order.
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    now: u64,
    number: u64,
    pub counts: Counts,
}

impl Site {
    pub fn new(setup: Setup) -> Self {
        let hosts = setup.hosts as usize;
        let mut site = Self {
            setup,
            ring: Ring::of(0..setup.hosts),
            caches: (0..hosts).map(|_| Cache::new(setup.room)).collect(),
            work: Work::none(hosts),
            random: Random::new(16),
            zipf: Zipf::new(setup.objects, setup.exponent),
            readers: Vec::new(),
            free: Vec::new(),
            events: BinaryHeap::new(),
            now: 0,
            number: 0,
            counts: Counts::default(),
        };
        site.later(0.0, Event::Comes);
        site.fill();
        site.begin();
        site
    }

    /// As if each of the objects that there is room for had had a reader before, the best known ones last.
    fn fill(&mut self) {
        let room = self.setup.room * u64::from(self.setup.hosts) / 20;
        let none = Work::none(self.caches.len());
        for object in (1..=room.min(self.setup.objects)).rev() {
            let place = self.ring.place(self.setup.policy, object, &none, object);
            let cache = &mut self.caches[place.host as usize];
            cache.ask(object, HEAD);
            let mut reader = Reader::new(object);
            while let Some(tiles) = reader.view(&mut self.random) {
                tiles.into_iter().for_each(|block| {
                    cache.ask(object, block);
                });
            }
        }
    }

    /// Begins to count anew.
    pub fn begin(&mut self) {
        self.counts = Counts { of_host: vec![0; self.setup.hosts as usize], ..Counts::default() };
    }

    /// These hosts and no others from now on; one that comes back has nothing in its cache.
    pub fn use_hosts(&mut self, hosts: impl Iterator<Item = u32>, empty: Option<u32>) {
        self.ring = Ring::of(hosts);
        if let Some(empty) = empty {
            self.caches[empty as usize] = Cache::new(self.setup.room);
        }
    }

    /// Lets so many seconds pass.
    pub fn run(&mut self, seconds: f64) {
        let end = self.now + (seconds * 1e9) as u64;
        while self.events.peek().is_some_and(|Reverse((time, ..))| *time <= end) {
            let Some(Reverse((time, _, event))) = self.events.pop() else { break };
            self.now = time;
            match event {
                Event::Comes => self.comes(),
                Event::Looks(reader) => self.looks(reader),
                Event::Answered(host, spread) => self.work.end(Place { host, spread }),
            }
        }
        self.now = end;
    }

    fn later(&mut self, seconds: f64, event: Event) {
        self.number += 1;
        self.events.push(Reverse((self.now + (seconds * 1e9) as u64, self.number, event)));
    }

    fn comes(&mut self) {
        let wait = self.random.wait(self.setup.readers);
        self.later(wait, Event::Comes);
        let rank = self.zipf.rank(&mut self.random);
        let object = if self.random.below(100) < self.setup.news { 0 } else { rank };
        let reader = Some(Reader::new(object));
        let at = self.free.pop().unwrap_or_else(|| {
            self.readers.push(None);
            self.readers.len() - 1
        });
        self.readers[at] = reader;
        self.later(0.0, Event::Looks(at));
    }

    fn looks(&mut self, at: usize) {
        let Some(reader) = &mut self.readers[at] else { return };
        let object = reader.object;
        let Some(tiles) = reader.view(&mut self.random) else {
            self.readers[at] = None;
            self.free.push(at);
            return;
        };
        tiles.into_iter().for_each(|block| self.ask(object, block));
        let wait = self.random.wait(1.0 / LOOKS);
        self.later(wait, Event::Looks(at));
    }

    fn ask(&mut self, object: u64, block: u32) {
        let place = self.ring.place(self.setup.policy, object, &self.work, self.number);
        let host = place.host as usize;
        let cache = &mut self.caches[host];
        let hit = cache.ask(object, HEAD) & cache.ask(object, block);
        self.work.begin(place);
        self.later(if hit { HIT } else { MISS }, Event::Answered(place.host, place.spread));
        self.counts.asked += 1;
        self.counts.hits += u64::from(hit);
        self.counts.away += u64::from(place.host != self.ring.home(object));
        self.counts.of_host[host] += 1;
        self.counts.most = self.counts.most.max(self.work.of(host));
    }

    /// Of the blocks that any host holds, the part that is held by more than one.
    pub fn held_twice(&self) -> f64 {
        let mut held: HashMap<u64, (u128, u128)> = HashMap::new();
        for (object, blocks) in self.caches.iter().flat_map(Cache::held) {
            let (once, twice) = held.entry(object).or_default();
            *twice |= *once & blocks;
            *once |= blocks;
        }
        let count = |of: fn(&(u128, u128)) -> u128| {
            held.values().map(|held| u64::from(of(held).count_ones())).sum::<u64>()
        };
        count(|held| held.1) as f64 / count(|held| held.0).max(1) as f64
    }

    /// Hosts that take part.
    pub fn hosts(&self) -> u32 {
        self.ring.hosts()
    }
}

impl Counts {
    /// The part that caches had.
    pub fn hit_ratio(&self) -> f64 {
        self.hits as f64 / self.asked.max(1) as f64
    }

    /// The busiest host's requests, as a multiple of the mean.
    pub fn busiest(&self, hosts: u32) -> f64 {
        let most = self.of_host.iter().max().copied().unwrap_or(0);
        most as f64 * f64::from(hosts) / self.asked.max(1) as f64
    }
}
