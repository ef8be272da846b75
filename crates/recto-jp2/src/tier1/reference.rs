//! The same decoder written down as T.800 draws it, one sample and one bit at a time: the specification that the fast
//! one is tested against.

use super::tables::{INITIAL, PROBABILITIES};
use crate::codestream::{BandKind, BlockStyle};

/// What [`super::BlockDecoder::decode`] gives, for blocks that it takes.
pub(super) fn decode(
    kind: BandKind,
    style: BlockStyle,
    (width, height): (u32, u32),
    planes: u8,
    segments: &[(u32, &[u8])],
) -> Vec<i32> {
    let (width, height) = (width as usize, height as usize);
    let mut block = Block { kind, style, width, height, samples: vec![Sample::default(); width * height] };
    let mut contexts = initial();
    let mut passes =
        (0..u32::from(planes)).rev().flat_map(|plane| [(plane, 0), (plane, 1), (plane, 2)]).skip(2);
    for &(count, bytes) in segments {
        let mut coder: Option<Coder> = None;
        for (plane, pass) in passes.by_ref().take(count as usize) {
            let raw = style.bypass() && pass < 2 && plane + 4 < u32::from(planes);
            let coder = coder.get_or_insert_with(|| Coder::new(bytes, raw));
            match pass {
                0 => block.propagate(coder, &mut contexts, plane),
                1 => block.refine(coder, &mut contexts, plane),
                _ => block.clean_up(coder, &mut contexts, plane),
            }
            if style.reset() {
                contexts = initial();
            }
        }
    }
    block.samples.iter().map(Sample::coefficient).collect()
}

#[derive(Clone, Default)]
struct Sample {
    /// Twice the magnitude, the half of the last decoded plane included.
    magnitude: i32,
    negative: bool,
    visited: bool,
    refined: bool,
}

impl Sample {
    fn coefficient(&self) -> i32 {
        if self.negative { -self.magnitude } else { self.magnitude }
    }
}

struct Block {
    kind: BandKind,
    style: BlockStyle,
    width: usize,
    height: usize,
    samples: Vec<Sample>,
}

impl Block {
    /// The samples in the order of the scan (D.1).
    fn scan(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (width, height) = (self.width, self.height);
        (0..height).step_by(4).flat_map(move |top| {
            (0..width).flat_map(move |x| (top..height.min(top + 4)).map(move |y| (x, y)))
        })
    }

    fn at(&mut self, (x, y): (usize, usize)) -> &mut Sample {
        &mut self.samples[y * self.width + x]
    }

    /// 1 or -1 by the sign of a significant neighbour, else 0 (D.3.2, D.7).
    fn neighbour(&self, (x, y): (usize, usize), (dx, dy): (isize, isize)) -> i32 {
        let hidden = self.style.vertically_causal() && dy == 1 && y % 4 == 3;
        match (x.checked_add_signed(dx), y.checked_add_signed(dy)) {
            (Some(x), Some(y)) if x < self.width && y < self.height && !hidden => {
                self.samples[y * self.width + x].coefficient().signum()
            }
            _ => 0,
        }
    }

    fn count(&self, at: (usize, usize), offsets: &[(isize, isize)]) -> usize {
        offsets.iter().filter(|&&offset| self.neighbour(at, offset) != 0).count()
    }

    /// Table D.1.
    fn significance(&self, at: (usize, usize)) -> usize {
        let horizontal = self.count(at, &[(-1, 0), (1, 0)]);
        let vertical = self.count(at, &[(0, -1), (0, 1)]);
        let diagonal = self.count(at, &[(-1, -1), (1, -1), (-1, 1), (1, 1)]);
        let (main, other) = match self.kind {
            BandKind::Hl => (vertical, horizontal),
            _ => (horizontal, vertical),
        };
        let straight = horizontal + vertical;
        match self.kind {
            BandKind::Hh if diagonal >= 3 => 8,
            BandKind::Hh if diagonal == 2 => 6 + straight.min(1),
            BandKind::Hh => 3 * diagonal + straight.min(2),
            _ if main == 2 => 8,
            _ if main == 1 && other >= 1 => 7,
            _ if main == 1 => 5 + diagonal.min(1),
            _ if other >= 1 => 2 + other,
            _ => diagonal.min(2),
        }
    }

    /// Table D.2 and Table D.3.
    fn sign(&mut self, at: (usize, usize), coder: &mut Coder, contexts: &mut Contexts) -> bool {
        let pair = |a, b| (self.neighbour(at, a) + self.neighbour(at, b)).clamp(-1, 1);
        let (context, inverted) = match (pair((-1, 0), (1, 0)), pair((0, -1), (0, 1))) {
            (1, 1) => (13, false),
            (1, 0) => (12, false),
            (1, _) => (11, false),
            (0, 1) => (10, false),
            (0, 0) => (9, false),
            (0, _) => (10, true),
            (_, 1) => (11, true),
            (_, 0) => (12, true),
            _ => (13, true),
        };
        coder.decide(&mut contexts[context]) ^ (inverted && !coder.raw)
    }

    fn become_significant(
        &mut self,
        at: (usize, usize),
        coder: &mut Coder,
        contexts: &mut Contexts,
        plane: u32,
    ) {
        let negative = self.sign(at, coder, contexts);
        let sample = self.at(at);
        sample.negative = negative;
        sample.magnitude = 3 << plane;
    }

    fn propagate(&mut self, coder: &mut Coder, contexts: &mut Contexts, plane: u32) {
        for at in self.scan() {
            let context = self.significance(at);
            self.at(at).visited = false;
            if self.at(at).magnitude != 0 || context == 0 {
                continue;
            }
            if coder.decide(&mut contexts[context]) {
                self.become_significant(at, coder, contexts, plane);
            }
            self.at(at).visited = true;
        }
    }

    fn refine(&mut self, coder: &mut Coder, contexts: &mut Contexts, plane: u32) {
        for at in self.scan() {
            // A context of 0 says that no neighbour is significant (Table D.4).
            let context = match (self.at(at).refined, self.significance(at)) {
                (true, _) => 16,
                (false, 0) => 14,
                (false, _) => 15,
            };
            let sample = self.at(at);
            if sample.magnitude != 0 && !sample.visited {
                let bit = i32::from(coder.decide(&mut contexts[context]));
                // What was the half is this plane's bit, and the half of this plane follows.
                sample.magnitude = (sample.magnitude & !(3 << plane)) | ((bit << 1 | 1) << plane);
                sample.refined = true;
            }
        }
    }

    fn clean_up(&mut self, coder: &mut Coder, contexts: &mut Contexts, plane: u32) {
        let mut skipped = 0;
        for at in self.scan() {
            if skipped > 0 {
                skipped -= 1;
                continue;
            }
            if self.at(at).magnitude != 0 || self.at(at).visited {
                continue;
            }
            let significant = if self.starts_run(at) {
                if !coder.decide(&mut contexts[17]) {
                    skipped = 3;
                    continue;
                }
                let run = 2 * usize::from(coder.decide(&mut contexts[18]));
                let run = run + usize::from(coder.decide(&mut contexts[18]));
                self.clean_up_column((at.0, at.1 + run), coder, contexts, plane);
                skipped = 3;
                continue;
            } else {
                let context = self.significance(at);
                coder.decide(&mut contexts[context])
            };
            if significant {
                self.become_significant(at, coder, contexts, plane);
            }
        }
        if self.style.segmentation_symbols() {
            for _ in 0..4 {
                coder.decide(&mut contexts[18]);
            }
        }
    }

    /// A whole column of four in which nothing is known and nothing has a significant neighbour (D.3.4).
    fn starts_run(&mut self, (x, y): (usize, usize)) -> bool {
        let column = y..y + 4;
        y.is_multiple_of(4)
            && column.end <= self.height
            && column.clone().all(|y| {
                self.at((x, y)).magnitude == 0 && !self.at((x, y)).visited && self.significance((x, y)) == 0
            })
    }

    /// The rest of a column whose run ended at a sample that is therefore significant.
    fn clean_up_column(
        &mut self,
        (x, y): (usize, usize),
        coder: &mut Coder,
        contexts: &mut Contexts,
        plane: u32,
    ) {
        self.become_significant((x, y), coder, contexts, plane);
        for y in y + 1..(y / 4 + 1) * 4 {
            let context = self.significance((x, y));
            if coder.decide(&mut contexts[context]) {
                self.become_significant((x, y), coder, contexts, plane);
            }
        }
    }
}

/// State of Table C.2, and the more probable symbol.
type Contexts = [(u8, bool); 19];

fn initial() -> Contexts {
    let mut contexts = [(0, false); 19];
    INITIAL.iter().for_each(|&(context, state)| contexts[usize::from(context)].0 = state);
    contexts
}

/// The decoder of Annex C, or that of raw bits (D.6).
struct Coder<'a> {
    raw: bool,
    bytes: &'a [u8],
    place: usize,
    c: u32,
    a: u32,
    ct: u32,
}

impl<'a> Coder<'a> {
    /// INITDEC, figure C.20. Raw bits start with an empty byte.
    fn new(bytes: &'a [u8], raw: bool) -> Self {
        let mut coder = Self { raw, bytes, place: 0, c: 0, a: 0x8000, ct: 0 };
        if !raw {
            coder.c = u32::from(coder.byte(0)) << 16;
            coder.byte_in();
            coder.c <<= 7;
            coder.ct -= 7;
        }
        coder
    }

    /// The byte that comes `ahead` of the place; a marker follows the last one.
    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.place + ahead).copied().unwrap_or(0xff)
    }

    /// BYTEIN, figure C.19.
    fn byte_in(&mut self) {
        match (self.byte(0), self.byte(1)) {
            (0xff, 0x90..) => {
                self.c = self.c.wrapping_add(0xff00);
                self.ct = 8;
            }
            (0xff, byte) => {
                self.place += 1;
                self.c = self.c.wrapping_add(u32::from(byte) << 9);
                self.ct = 7;
            }
            (_, byte) => {
                self.place += 1;
                self.c = self.c.wrapping_add(u32::from(byte) << 8);
                self.ct = 8;
            }
        }
    }

    /// DECODE, figures C.15 to C.18.
    fn decide(&mut self, (state, favourite): &mut (u8, bool)) -> bool {
        if self.raw {
            return self.raw_bit();
        }
        let (probability, likely, unlikely, switch) = PROBABILITIES[usize::from(*state)];
        let probability = u32::from(probability);
        self.a -= probability;
        let below = self.c >> 16 < probability;
        let expected = below == (self.a < probability);
        if below {
            self.a = probability;
        } else {
            self.c -= probability << 16;
            if self.a & 0x8000 != 0 {
                return *favourite;
            }
        }
        let decision = *favourite == expected;
        *favourite ^= switch && !expected;
        *state = if expected { likely } else { unlikely };
        while self.a < 0x8000 {
            if self.ct == 0 {
                self.byte_in();
            }
            self.a <<= 1;
            self.c <<= 1;
            self.ct -= 1;
        }
        decision
    }

    /// The byte after 0xff has seven bits; ones follow the last byte.
    fn raw_bit(&mut self) -> bool {
        if self.ct == 0 {
            let byte = self.byte(0);
            self.ct = if self.c == 0xff { 7 } else { 8 };
            match (self.c, byte) {
                (0xff, 0x90..) => self.ct = 8,
                _ => {
                    self.c = byte.into();
                    self.place += 1;
                }
            }
        }
        self.ct -= 1;
        self.c >> self.ct & 1 == 1
    }
}
