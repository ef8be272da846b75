//! The block cache of a host: objects with those of their blocks that were fetched; the object that was asked for longest ago
//! goes first.

use std::collections::{HashMap, VecDeque};

#[derive(Default)]
struct Held {
    blocks: u128,
    last: u64,
}

pub struct Cache {
    held: HashMap<u64, Held>,
    /// Objects in the order in which they were asked for, with when; those that were asked for since are passed over.
    order: VecDeque<(u64, u64)>,
    blocks: u64,
    most: u64,
    clock: u64,
}

impl Cache {
    /// With room for so many blocks.
    pub fn new(most: u64) -> Self {
        Self { held: HashMap::new(), order: VecDeque::new(), blocks: 0, most, clock: 0 }
    }

    /// Asks for a block, which is there afterwards; whether it was before.
    pub fn ask(&mut self, object: u64, block: u32) -> bool {
        self.clock += 1;
        let held = self.held.entry(object).or_default();
        let there = held.blocks >> block & 1 == 1;
        held.blocks |= 1 << block;
        held.last = self.clock;
        self.order.push_back((object, self.clock));
        self.blocks += u64::from(!there);
        while self.blocks > self.most && self.drop_oldest() {}
        self.tidy();
        there
    }

    /// The blocks of each object.
    pub fn held(&self) -> impl Iterator<Item = (u64, u128)> {
        self.held.iter().map(|(object, held)| (*object, held.blocks))
    }

    fn drop_oldest(&mut self) -> bool {
        let Some((object, asked)) = self.order.pop_front() else { return false };
        if self.held.get(&object).is_some_and(|held| held.last == asked) {
            let held = self.held.remove(&object).unwrap_or_default();
            self.blocks -= u64::from(held.blocks.count_ones());
        }
        true
    }

    /// Those at the front that were asked for since take memory, and tell nothing.
    fn tidy(&mut self) {
        while let Some((object, asked)) = self.order.front()
            && self.held.get(object).is_none_or(|held| held.last != *asked)
        {
            self.order.pop_front();
        }
    }
}
