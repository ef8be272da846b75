//! What waits in the queues and what the back workers are at, and what can be told from that. Pure.

use crate::process::lane::Lane;

/// A pace of one: what is estimated to take a second takes a second.
const AS_ESTIMATED: u64 = 1000;

/// The bounds of a pace: an estimate may be wrong, and other work in the way, but not without end.
const PACES: (u64, u64) = (AS_ESTIMATED / 10, AS_ESTIMATED * 30);

/// What is known of a queue. Nothing at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The work that waits in it, in milliseconds as estimated.
    pub work: u64,
    /// How long a second of estimated work has taken of late, in milliseconds: it depends on what else the machine does.
    pub pace: u64,
}

impl Default for Line {
    fn default() -> Self {
        Self { work: 0, pace: AS_ESTIMATED }
    }
}

impl Line {
    /// How long `work` takes at this pace, in milliseconds.
    pub fn time_for(&self, work: u64) -> u64 {
        work.saturating_mul(self.pace) / AS_ESTIMATED
    }

    /// Learns from work that was estimated to take `work` milliseconds and took `taken`. One in eight counts: enough to
    /// follow the machine within a few requests, and not to follow each of them.
    pub fn learn(&mut self, work: u64, taken: u64) {
        let pace = (taken.saturating_mul(AS_ESTIMATED) / work.max(1)).clamp(PACES.0, PACES.1);
        self.pace = (self.pace * 7 + pace) / 8;
    }
}

/// What a back worker is at. It is idle since its start, or its last request, if `since` is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hand {
    /// What it takes; None if there is no such worker.
    pub lane: Option<Lane>,
    /// Bytes that its request may need.
    pub bytes: u64,
    /// When it took its request, on the clock of the scoreboard; 0 if it has none.
    pub since: u64,
    /// How many milliseconds that should take.
    pub expected: u64,
}

impl Hand {
    /// In how many milliseconds it should be free. What takes longer than it should will, for all that is known, take
    /// half as long again.
    fn left(&self, now: u64) -> u64 {
        match self.since {
            0 => 0,
            since => (since + self.expected).saturating_sub(now).max(now.saturating_sub(since) / 2),
        }
    }
}

/// All that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// The queues, in the order of [`Lane::QUEUED`].
    pub lines: [Line; Lane::QUEUED.len()],
    /// The back workers, by their slots.
    pub hands: Vec<Hand>,
}

impl Books {
    /// The queue of a lane.
    pub fn line(&mut self, lane: Lane) -> &mut Line {
        &mut self.lines[lane.queue()]
    }

    /// The same to look at.
    pub fn line_of(&self, lane: Lane) -> Line {
        self.lines[lane.queue()]
    }

    /// Corrects what a death has left wrong: nothing waits in a queue that is seen to be empty.
    pub fn heal(&mut self, empty: [bool; Lane::QUEUED.len()]) {
        for (line, empty) in self.lines.iter_mut().zip(empty) {
            if empty {
                line.work = 0;
            }
        }
    }

    /// How long a request that was handed over to this lane now would wait, in milliseconds. What waits in other queues is
    /// taken to go first: those who take from several take from them in turn.
    pub fn wait(&self, queue: Lane, now: u64) -> u64 {
        let hands = self.hands.iter();
        let mut hands: Vec<_> = hands.filter_map(|hand| Some((hand.lane?, hand.left(now)))).collect();
        for other in Lane::QUEUED.into_iter().filter(|other| *other != queue) {
            self.fill(other, &mut hands);
        }
        self.fill(queue, &mut hands)
    }

    /// Deals the work of a queue out to those who take it, whoever is free first, as if it could be divided at will; when
    /// they are at its end, in milliseconds.
    fn fill(&self, queue: Lane, hands: &mut [(Lane, u64)]) -> u64 {
        let line = self.line_of(queue);
        let mut left: Vec<&mut u64> =
            hands.iter_mut().filter(|(lane, _)| lane.takes(queue)).map(|(_, left)| left).collect();
        left.sort_unstable();
        let mut sum = line.time_for(line.work);
        let mut end = sum;
        for (at, one) in left.iter().enumerate() {
            sum = sum.saturating_add(**one);
            end = sum / (at as u64 + 1);
            if left.get(at + 1).is_none_or(|next| end <= **next) {
                break;
            }
        }
        left.into_iter().for_each(|one| *one = end.max(*one));
        end
    }

    /// Bytes that are held for requests of all workers.
    pub fn bytes(&self) -> u64 {
        self.hands.iter().fold(0, |sum, hand| sum.saturating_add(hand.bytes))
    }

    /// Bytes that are held for requests of all workers but the one in `slot`.
    pub fn bytes_beside(&self, slot: usize) -> u64 {
        let others = self.hands.iter().enumerate().filter(|(at, _)| *at != slot);
        others.fold(0, |sum, (_, hand)| sum.saturating_add(hand.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn books(work: [u64; 2], hands: &[(Lane, u64)]) -> Books {
        let hand = |&(lane, left): &(Lane, u64)| {
            let since = u64::from(left > 0) * 1000;
            Hand { lane: Some(lane), bytes: 0, since, expected: left }
        };
        let [middling, dear] = work.map(|work| Line { work, ..Line::default() });
        Books { lines: [middling, dear, Line::default()], hands: hands.iter().map(hand).collect() }
    }

    #[test]
    fn whoever_is_free_first_is_waited_for() {
        use Lane::{Dear, Middling};
        let cases = [
            // Work in the queues, what is left to the workers, the wait of a middling one, and of a dear one.
            ([0, 0], &[][..], 0, 0),
            ([300, 0], &[], 300, 0),
            ([0, 0], &[(Dear, 0), (Middling, 0)], 0, 0),
            ([0, 0], &[(Dear, 9000), (Middling, 0)], 0, 9000),
            ([0, 0], &[(Dear, 0), (Middling, 9000)], 0, 0),
            ([0, 0], &[(Dear, 9000), (Middling, 2000)], 2000, 9000),
            ([800, 0], &[(Dear, 0), (Middling, 0)], 400, 400),
            ([800, 0], &[(Dear, 9000), (Middling, 200)], 1000, 9000),
            ([800, 600], &[(Dear, 0), (Middling, 0)], 700, 1000),
            ([0, 4000], &[(Dear, 0), (Middling, 0)], 0, 4000),
            ([0, 4000], &[(Dear, 500)], 4500, 4500),
            ([600, 0], &[(Dear, 0), (Dear, 100), (Middling, 5000), (Middling, 50)], 250, 250),
        ];
        for (work, hands, middling, dear) in cases {
            let books = books(work, hands);
            let waits = (books.wait(Lane::Middling, 1000), books.wait(Lane::Dear, 1000));
            assert_eq!(waits, (middling, dear), "{work:?} {hands:?}");
        }
    }

    #[test]
    fn what_takes_longer_than_it_should_is_expected_to_go_on() {
        let books = books([0, 0], &[(Lane::Dear, 400)]);
        for (now, left) in [(1000, 400), (1200, 200), (1300, 150), (2000, 500), (9000, 4000)] {
            assert_eq!(books.wait(Lane::Dear, now), left, "at {now}");
        }
    }

    #[test]
    fn the_pace_follows_the_machine_within_bounds() {
        let mut line = Line { work: 1000, ..Line::default() };
        assert_eq!(line.time_for(line.work), 1000);
        (0..50).for_each(|_| line.learn(100, 400));
        assert!((3900..=4000).contains(&line.time_for(1000)), "{line:?}");
        (0..100).for_each(|_| line.learn(0, u64::MAX));
        assert!(line.time_for(1) <= 30, "{line:?}");
        (0..200).for_each(|_| line.learn(u64::MAX, 0));
        assert!(line.time_for(1000) >= 100, "{line:?}");
    }

    #[test]
    fn an_empty_queue_heals_what_deaths_left_wrong() {
        let mut books = books([500, 700], &[]);
        books.heal([false; 3]);
        assert_eq!(books.lines.map(|line| line.work), [500, 700, 0]);
        books.heal([true, false, true]);
        assert_eq!(books.lines.map(|line| line.work), [0, 700, 0]);
    }

    #[test]
    fn what_waits_for_stores_keeps_nobody_else_waiting() {
        let mut books =
            books([300, 0], &[(Lane::Far, 2000), (Lane::Far, 600), (Lane::Middling, 0), (Lane::Dear, 0)]);
        books.line(Lane::Far).work = 400;
        assert_eq!((books.wait(Lane::Far, 1000), books.wait(Lane::Dear, 1000)), (1000, 150));
        assert_eq!(books.wait(Lane::Middling, 1000), 150);
    }
}
