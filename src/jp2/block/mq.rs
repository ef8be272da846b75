//! The MQ decoder (T.800 Annex C), without a branch on what cannot be foreseen.

use std::hint::select_unpredictable;

use super::passes::Source;
use super::tables::{INITIAL, INVERTED, PROBABILITIES};

/// A decoder of decisions, with the states of the 19 contexts.
///
/// The registers A and C of the standard stand at the top of 64 bits: C has 16 bits that are compared and below them
/// `available` bits that were read ahead.
#[derive(Clone)]
pub struct Mq<'a> {
    interval: u64,
    input: Input<'a>,
    contexts: [State; 32],
}

/// The register C, and what follows.
#[derive(Clone)]
struct Input<'a> {
    code: u64,
    available: i32,
    bytes: &'a [u8],
    place: usize,
    previous: u8,
}

/// Bits 48 to 63 hold the probability of the less probable symbol, bits 8 to 14 the index of the state after the more
/// probable symbol, bits 16 to 22 that after the less probable one, and bit 0 the more probable symbol.
type State = u64;

const PROBABILITY: u64 = 0xffff << 48;
const HALF: u64 = 1 << 63;

/// The states of Table C.2, each for both values of the more probable symbol.
static STATES: [State; 128] = states();

const fn states() -> [State; 128] {
    let mut states = [0; 128];
    let mut index = 0;
    while index < 2 * PROBABILITIES.len() {
        let (probability, likely, unlikely, switch) = PROBABILITIES[index / 2];
        let favourite = index as u64 % 2;
        let likely = (likely as u64) << 1 | favourite;
        let unlikely = (unlikely as u64) << 1 | (favourite ^ switch as u64);
        states[index] = (probability as u64) << 48 | unlikely << 16 | likely << 8 | favourite;
        index += 1;
    }
    states
}

impl<'a> Mq<'a> {
    /// A decoder with fresh contexts, before its first segment.
    pub fn new() -> Self {
        let mut mq = Self { interval: HALF, input: Input::new(&[]), contexts: [0; 32] };
        mq.reset();
        mq
    }

    /// Makes all contexts what they are at the start of a code-block.
    pub fn reset(&mut self) {
        self.contexts = [STATES[0]; 32];
        INITIAL.iter().for_each(|&(label, state)| {
            self.contexts[usize::from(label)] = STATES[2 * usize::from(state)];
        });
    }

    /// Goes on with the codeword segment `bytes` and the contexts as they are (INITDEC, C.3.5).
    pub fn start(&mut self, bytes: &'a [u8]) {
        (self.interval, self.input) = (HALF, Input::new(bytes));
    }

    /// A decision whose less probable outcome may cost a little.
    #[inline(always)]
    pub fn decide_likely(&mut self, label: u8) -> u64 {
        let state = self.contexts[usize::from(label & 31)];
        let probability = state & PROBABILITY;
        let above = self.interval - probability;
        if self.input.code >= probability && above >= HALF {
            self.input.code -= probability;
            self.interval = above;
            return state & 1;
        }
        self.decide(label)
    }
}

impl<'a> Input<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        // The first byte comes below the topmost bit, and what is compared needs seven bits of the second.
        Self { code: 0, available: -15, bytes, place: 0, previous: 0 }.filled()
    }

    /// Reads ahead (BYTEIN, C.3.4): missing bytes are 0xff, and two of these end all input.
    ///
    /// A byte of more than 7 bits after 0xff carries into what was read before. The standard adds it only when the bits
    /// before it are used up; so does this, for a damaged segment may tell the difference.
    #[inline(never)]
    fn filled(mut self) -> Self {
        while self.available <= 40 {
            let byte = self.bytes.get(self.place).copied().unwrap_or(0xff);
            let (shift, length) = match (self.previous, byte) {
                (0xff, 0x90..) => {
                    self.code = self.code.wrapping_add(0xff << (40 - self.available));
                    self.available += 8;
                    continue;
                }
                (0xff, 0x80..) if self.available >= 0 => break,
                (0xff, _) => (41 - self.available, 7),
                _ => (40 - self.available, 8),
            };
            self.code = self.code.wrapping_add(u64::from(byte) << shift);
            self.available += length;
            self.place += 1;
            self.previous = byte;
        }
        self
    }
}

impl Source for Mq<'_> {
    /// DECODE (C.3.2), with both exchanges and the renormalisation in one.
    #[inline(always)]
    fn decide(&mut self, label: u8) -> u64 {
        let context = usize::from(label & 31);
        let state = self.contexts[context];
        let probability = state & PROBABILITY;
        // Loaded before it is known which of them is right.
        let likely = STATES[(state >> 8 & 127) as usize];
        let unlikely = STATES[(state >> 16 & 127) as usize];

        let above = self.interval - probability;
        let below = self.input.code < probability;
        let surprise = below != (above < probability);
        let interval = select_unpredictable(below, probability, above);
        let code = select_unpredictable(below, self.input.code, self.input.code.wrapping_sub(probability));
        let next = select_unpredictable(surprise, unlikely, likely);
        let shift = interval.leading_zeros();
        self.contexts[context] = select_unpredictable(shift == 0, state, next);
        self.interval = interval << (shift & 63);
        self.input.code = code << (shift & 63);
        self.input.available -= shift as i32;
        if self.input.available < 0 {
            self.input = self.input.clone().filled();
        }
        (state ^ u64::from(surprise)) & 1
    }

    #[inline(always)]
    fn sign(&mut self, entry: u8) -> u64 {
        self.decide(entry & !INVERTED) ^ u64::from(entry / INVERTED)
    }
}
