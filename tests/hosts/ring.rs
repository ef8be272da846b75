//! Which host is asked for what: a ring of hashes, as HAProxy's `hash-type consistent` has it, and how full a host may be
//! before the next one in the ring helps.

use crate::random::mix;

/// Points in the ring for each host: `weight 16` of HAProxy, which has 16 for each unit.
pub const POINTS: u64 = 256;

/// Who may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Whoever: no hash at all.
    Any,
    /// The host of the identifier, however busy.
    Home,
    /// No host has more than this many hundredths of the mean of what is in work: `hash-balance-factor`.
    Bounded(u64),
    /// The host of the identifier while it has less than so much in work; what is beyond that is bounded as above, by
    /// itself: deploy/haproxy/haproxy.cfg.
    Near(u32, u64),
}

/// The hosts that there are, each at its points.
pub struct Ring {
    points: Vec<(u64, u32)>,
    hosts: u32,
}

/// What is in work at each host, by which of the two backends.
pub struct Work {
    pub near: Vec<u32>,
    pub spread: Vec<u32>,
}

/// Where a request went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub host: u32,
    /// Whether it counts as `spread`.
    pub spread: bool,
}

impl Ring {
    /// With the hosts of these numbers.
    pub fn of(hosts: impl IntoIterator<Item = u32>) -> Self {
        let mut points = Vec::new();
        let mut count = 0;
        for host in hosts {
            count += 1;
            points.extend((0..POINTS).map(|point| (mix(u64::from(host) << 32 | point), host)));
        }
        points.sort_unstable();
        Self { points, hosts: count }
    }

    /// How many hosts there are.
    pub fn hosts(&self) -> u32 {
        self.hosts
    }

    /// The hosts in the order in which they are asked for an object; some more than once.
    fn walk(&self, object: u64) -> impl Iterator<Item = u32> {
        // Hashed once more: numbers of objects are small, as those of points are.
        let place = mix(!mix(object));
        let from = self.points.partition_point(|(point, _)| *point < place);
        self.points[from..].iter().chain(&self.points[..from]).map(|(_, host)| *host)
    }

    /// The host of an object.
    pub fn home(&self, object: u64) -> u32 {
        self.walk(object).next().unwrap_or(0)
    }

    /// The host that is asked for an object now; `number` is that of the request.
    pub fn place(&self, policy: Policy, object: u64, work: &Work, number: u64) -> Place {
        let at = |host| Place { host, spread: false };
        match policy {
            Policy::Any => at(self.points[(mix(number) % self.points.len() as u64) as usize].1),
            Policy::Home => at(self.home(object)),
            Policy::Bounded(factor) => at(self.bounded(object, &work.near, factor)),
            Policy::Near(most, factor) => match self.home(object) {
                home if work.near[home as usize] < most => at(home),
                _ => Place { host: self.bounded(object, &work.spread, factor), spread: true },
            },
        }
    }

    /// The first host in the ring that has less than its share, which is never none.
    fn bounded(&self, object: u64, work: &[u32], factor: u64) -> u32 {
        let all: u64 = work.iter().map(|work| u64::from(*work)).sum();
        let share = ((all + 1) * factor).div_ceil(100).div_ceil(u64::from(self.hosts)).max(1);
        let has_room = |host: &u32| u64::from(work[*host as usize]) < share;
        self.walk(object).find(has_room).unwrap_or_else(|| self.home(object))
    }
}

impl Work {
    pub fn none(hosts: usize) -> Self {
        Self { near: vec![0; hosts], spread: vec![0; hosts] }
    }

    /// One more at this place.
    pub fn begin(&mut self, place: Place) {
        *self.at(place) += 1;
    }

    /// One less.
    pub fn end(&mut self, place: Place) {
        *self.at(place) -= 1;
    }

    /// All that a host has.
    pub fn of(&self, host: usize) -> u32 {
        self.near[host] + self.spread[host]
    }

    fn at(&mut self, place: Place) -> &mut u32 {
        let side = if place.spread { &mut self.spread } else { &mut self.near };
        &mut side[place.host as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECTS: u64 = 20_000;

    /// Of those that are led elsewhere when the hosts change: how many, and whether each comes from or goes to `host`.
    fn moved(before: &Ring, after: &Ring, host: u32) -> (u64, bool) {
        let moved: Vec<u64> =
            (0..OBJECTS).filter(|object| before.home(*object) != after.home(*object)).collect();
        let concerned = |object: &u64| [before, after].iter().any(|ring| ring.home(*object) == host);
        (moved.len() as u64, moved.iter().all(concerned))
    }

    #[test]
    fn a_host_that_goes_or_comes_moves_its_own_share_and_no_other() {
        for hosts in [3u32, 10, 100] {
            let all = Ring::of(0..hosts);
            for host in [0, hosts / 2, hosts - 1] {
                let others = Ring::of((0..hosts).filter(|other| *other != host));
                let (gone, only_its_own) = moved(&all, &others, host);
                assert_eq!((gone, only_its_own), moved(&others, &all, host));
                let share = OBJECTS / u64::from(hosts);
                assert!(
                    only_its_own && (share * 7 / 10..share * 13 / 10).contains(&gone),
                    "{gone} of {hosts}"
                );
            }
        }
    }

    #[test]
    fn no_host_is_ever_beyond_its_bound_and_each_is_as_near_as_that_allows() {
        let ring = Ring::of(0..10);
        let mut work = Work::none(10);
        let mut begun = std::collections::VecDeque::new();
        for number in 0..5000u64 {
            // Half of all want one object; some have ended.
            let object = if number.is_multiple_of(2) { 7 } else { mix(number) };
            if mix(number).is_multiple_of(3)
                && let Some(place) = begun.pop_front()
            {
                work.end(place);
            }
            let place = ring.place(Policy::Bounded(150), object, &work, number);
            let all: u32 = work.near.iter().sum();
            let share = ((u64::from(all) + 1) * 150).div_ceil(100).div_ceil(10);
            assert!(u64::from(work.near[place.host as usize]) < share, "request {number}");
            assert!(
                place.host == ring.home(object) || u64::from(work.near[ring.home(object) as usize]) >= share
            );
            work.begin(place);
            begun.push_back(place);
        }
    }

    #[test]
    fn a_view_of_one_reader_stays_at_its_host_and_a_crowd_is_spread() {
        let ring = Ring::of(0..10);
        let away = |policy, at_once: u64| {
            let mut work = Work::none(10);
            let place = |number| {
                let place = ring.place(policy, 7, &work, number);
                work.begin(place);
                place.host
            };
            (0..at_once).map(place).filter(|host| *host != ring.home(7)).count()
        };
        assert_eq!(away(Policy::Near(64, 150), 20), 0);
        assert!(away(Policy::Bounded(150), 20) > 10);
        assert!(away(Policy::Near(64, 150), 1000) > 700);
        assert_eq!(away(Policy::Home, 1000), 0);
    }
}
