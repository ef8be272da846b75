//! The MQ decoder (T.800 Annex C), without a branch on what cannot be foreseen.

use std::hint::select_unpredictable;

use super::passes::Source;
use super::tables::{INITIAL, INVERTED, PROBABILITIES};

/// A decoder of decisions.
///
/// The registers A and C of the standard (`interval`, `code`) stand at the top of 64 bits: 16 bits of the code are
/// compared, and below them are `available` bits that were read ahead.
pub(super) struct Mq<'a> {
    interval: u64,
    code: u64,
    available: i32,
    rest: Rest<'a>,
    /// For the next segment.
    pub contexts: Contexts,
}

/// The states of the 19 contexts.
pub(super) struct Contexts([State; 32]);

/// The bytes of a segment from `place` on, and the one before them.
#[derive(Clone)]
struct Rest<'a> {
    bytes: &'a [u8],
    place: usize,
    previous: u8,
}

/// Bits 0 to 15 hold the probability of the less probable symbol, bits 24 to 31 the index of the state in
/// [`TRANSITIONS`], of which the lowest, bit 24, is the more probable symbol.
type State = u32;

const HALF: u64 = 1 << 63;

/// For each state those after the more and the less probable symbol: both are loaded before the symbol is known.
static TRANSITIONS: [(State, State); 256] = transitions();

const fn transitions() -> [(State, State); 256] {
    let mut transitions = [(0, 0); 256];
    let mut index = 0;
    while index < 2 * PROBABILITIES.len() {
        let (_, likely, unlikely, switch) = PROBABILITIES[index / 2];
        let favourite = index % 2 == 1;
        transitions[index] = (state(likely, favourite), state(unlikely, favourite != switch));
        index += 1;
    }
    transitions
}

/// A row of Table C.2 with its more probable symbol.
const fn state(row: u8, favourite: bool) -> State {
    let (probability, ..) = PROBABILITIES[row as usize];
    (row as u32) << 25 | (favourite as u32) << 24 | probability as u32
}

/// The probability of the less probable symbol, as high as the interval.
#[inline(always)]
fn probability(state: State) -> u64 {
    u64::from(state) << 48
}

/// The more probable symbol.
#[inline(always)]
fn favourite(state: State) -> u64 {
    u64::from(state >> 24 & 1)
}

impl Contexts {
    /// What they are at the start of a code-block.
    pub(super) fn new() -> Self {
        let mut contexts = [state(0, false); 32];
        INITIAL.iter().for_each(|&(label, row)| contexts[usize::from(label)] = state(row, false));
        Self(contexts)
    }
}

impl<'a> Mq<'a> {
    /// A decoder of the codeword segment `bytes` that goes on with the contexts as they are (INITDEC, C.3.5).
    pub(super) fn new(bytes: &'a [u8], contexts: Contexts) -> Self {
        let mut rest = Rest { bytes, place: 0, previous: 0 };
        // The first byte comes below the topmost bit, and what is compared needs seven bits of the second.
        let (code, available) = rest.read_ahead(0, -15);
        Self { interval: HALF, code, available, rest, contexts }
    }

    /// Makes the contexts what they were at the start.
    pub(super) fn reset(&mut self) {
        self.contexts = Contexts::new();
    }

    /// A decision whose less probable outcome may cost a little.
    #[inline(always)]
    pub(super) fn decide_likely(&mut self, label: u8) -> u64 {
        let state = self.contexts.0[usize::from(label & 31)];
        let probability = probability(state);
        let above = self.interval - probability;
        if self.code >= probability && above >= HALF {
            self.code -= probability;
            self.interval = above;
            return favourite(state);
        }
        self.decide(label)
    }
}

impl Source for Mq<'_> {
    /// DECODE (C.3.2), with both exchanges and the renormalisation in one.
    #[inline(always)]
    fn decide(&mut self, label: u8) -> u64 {
        let context = usize::from(label & 31);
        let state = self.contexts.0[context];
        let probability = probability(state);
        let (likely, unlikely) = TRANSITIONS[(state >> 24) as usize];

        let above = self.interval - probability;
        let (rest, below) = self.code.overflowing_sub(probability);
        let surprise = below != (above < probability);
        // The less probable symbol always leaves an interval that is to be renormalised.
        let next = select_unpredictable(above >= HALF, state, likely);
        self.contexts.0[context] = select_unpredictable(surprise, unlikely, next);
        let interval = select_unpredictable(below, probability, above);
        let code = select_unpredictable(below, self.code, rest);
        let shift = interval.leading_zeros();
        self.interval = interval << (shift & 63);
        self.code = code << (shift & 63);
        self.available -= shift as i32;
        if self.available < 0 {
            // On a copy: so the registers, of which no address is taken, stay in registers.
            let mut rest = self.rest.clone();
            (self.code, self.available) = rest.read_ahead(self.code, self.available);
            self.rest = rest;
        }
        favourite(state) ^ u64::from(surprise)
    }

    #[inline(always)]
    fn sign(&mut self, entry: u8) -> u64 {
        self.decide(entry & !INVERTED) ^ u64::from(entry / INVERTED)
    }
}

impl Rest<'_> {
    /// The code with more bits available (BYTEIN, C.3.4). Missing bytes are 0xff, and two of these end all input.
    ///
    /// A byte of more than 7 bits after 0xff carries into what was read before. The standard adds it only when the bits
    /// before it are used up; so does this, since a damaged segment may show the difference.
    ///
    /// Cold is what keeps the registers of those who call it where they are.
    #[cold]
    #[inline(never)]
    fn read_ahead(&mut self, mut code: u64, mut available: i32) -> (u64, i32) {
        while available <= 40 {
            let byte = self.bytes.get(self.place).copied().unwrap_or(0xff);
            let (shift, length) = match (self.previous, byte) {
                (0xff, 0x90..) => {
                    code = code.wrapping_add(0xff << (40 - available));
                    available += 8;
                    continue;
                }
                (0xff, 0x80..) if available >= 0 => break,
                (0xff, _) => (41 - available, 7),
                _ => (40 - available, 8),
            };
            code = code.wrapping_add(u64::from(byte) << shift);
            available += length;
            self.place += 1;
            self.previous = byte;
        }
        (code, available)
    }
}
