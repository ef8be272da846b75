//! A JPEG writer for samples of any number of bits, which shares nothing with libjpeg and whose steps are all 1: what its
//! streams mean is known from T.81 alone. Each code of a table has the same length, so that a symbol's place is its code.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use recto::picture::Dimensions;

/// A picture, and how it is written.
pub struct Deep<'a> {
    pub size: Dimensions,
    /// Components of a pixel, all of the same size.
    pub count: usize,
    pub bits: u32,
    pub lossless: bool,
    /// The transform in a marker of Adobe: 0 for RGB and inks as they are.
    pub adobe: Option<u8>,
    /// Interleaved.
    pub samples: &'a [u16],
}

/// Length of the codes for categories of differences, of which there are 17 at most.
const DC_LENGTH: u32 = 5;

/// Length of the codes for runs of zeros with the category of what follows.
const AC_LENGTH: u32 = 8;

/// Quantisation and Huffman tables, between SOI and EOI.
pub fn tables(lossless: bool) -> Vec<u8> {
    [&[0xff, 0xd8][..], &table_segments(lossless), &[0xff, 0xd9]].concat()
}

fn table_segments(lossless: bool) -> Vec<u8> {
    let dc: Vec<u8> = (0..if lossless { 17 } else { 16 }).collect();
    let huffman = |place: u8, length: u32, symbols: &[u8]| {
        let mut counts = [0; 16];
        counts[length as usize - 1] = symbols.len() as u8;
        segment(0xc4, &[&[place], &counts[..], symbols].concat())
    };
    let steps = [&[0][..], &[1; 64]].concat();
    [segment(0xdb, &steps), huffman(0, DC_LENGTH, &dc), huffman(0x10, AC_LENGTH, &ac_symbols())].concat()
}

fn ac_symbols() -> Vec<u8> {
    let runs = (0..16).flat_map(|run| (1..=14).map(move |size| run << 4 | size));
    [0, 0xf0].into_iter().chain(runs).collect()
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    [&[0xff, marker][..], &(content.len() as u16 + 2).to_be_bytes(), content].concat()
}

impl Deep<'_> {
    /// A stream that stands alone.
    pub fn stream(&self) -> Vec<u8> {
        let abbreviated = self.abbreviated();
        [&[0xff, 0xd8][..], &table_segments(self.lossless), &abbreviated[2..]].concat()
    }

    /// The stream without tables.
    pub fn abbreviated(&self) -> Vec<u8> {
        let adobe = |transform| segment(0xee, &[b"Adobe\0d\0\0\0\0", &[transform][..]].concat());
        let side = |side: u32| (side as u16).to_be_bytes();
        let components: Vec<[u8; 3]> = (1..=self.count as u8).map(|id| [id, 0x11, 0]).collect();
        let frame = [
            &[self.bits as u8][..],
            &side(self.size.height),
            &side(self.size.width),
            &[self.count as u8],
            &components.concat(),
        ];
        let scanned: Vec<[u8; 2]> = (1..=self.count as u8).map(|id| [id, 0]).collect();
        let parameters = if self.lossless { [1, 0, 0] } else { [0, 63, 0] };
        let scan = [&[self.count as u8][..], &scanned.concat(), &parameters];
        let data = if self.lossless { self.differences() } else { self.blocks() };
        [
            vec![0xff, 0xd8],
            self.adobe.map(adobe).unwrap_or_default(),
            segment(if self.lossless { 0xc3 } else { 0xc1 }, &frame.concat()),
            segment(0xda, &scan.concat()),
            data,
            vec![0xff, 0xd9],
        ]
        .concat()
    }

    fn sample(&self, x: usize, y: usize, component: usize) -> i32 {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let at = y.min(height - 1) * width + x.min(width - 1);
        self.samples[at * self.count + component].into()
    }

    /// T.81 H.1.2: each sample as what it differs from the one at its left.
    fn differences(&self) -> Vec<u8> {
        let mut bits = Bits::default();
        for y in 0..self.size.height as usize {
            for x in 0..self.size.width as usize {
                for component in 0..self.count {
                    let expected = match (x, y) {
                        (0, 0) => 1 << (self.bits - 1),
                        (0, _) => self.sample(0, y - 1, component),
                        _ => self.sample(x - 1, y, component),
                    };
                    // Modulo 2^16; the one of 17 bits has category 16, and none of its own.
                    match i32::from((self.sample(x, y, component) - expected) as i16) {
                        -32_768 => bits.put(16, DC_LENGTH),
                        difference => bits.number(difference, |size| (size, DC_LENGTH)),
                    }
                }
            }
        }
        bits.finish()
    }

    /// T.81 F.1.2.
    fn blocks(&self) -> Vec<u8> {
        let (mut bits, mut before) = (Bits::default(), vec![0; self.count]);
        let symbols = ac_symbols();
        let code = |symbol: u8| symbols.iter().position(|one| *one == symbol).expect("a symbol") as u32;
        for top in (0..self.size.height as usize).step_by(8) {
            for left in (0..self.size.width as usize).step_by(8) {
                for (component, before) in before.iter_mut().enumerate() {
                    let block = self.block(left, top, component);
                    bits.number(block[0] - *before, |size| (size, DC_LENGTH));
                    *before = block[0];
                    let mut run = 0;
                    for coefficient in &block[1..] {
                        if *coefficient == 0 {
                            run += 1;
                            continue;
                        }
                        (0..run / 16).for_each(|_| bits.put(code(0xf0), AC_LENGTH));
                        bits.number(*coefficient, |size| (code((run % 16) << 4 | size as u8), AC_LENGTH));
                        run = 0;
                    }
                    if run > 0 {
                        bits.put(code(0), AC_LENGTH);
                    }
                }
            }
        }
        bits.finish()
    }

    /// The coefficients of a block in zigzag order (T.81 A.3.3, figure A.6).
    fn block(&self, left: usize, top: usize, component: usize) -> Vec<i32> {
        let middle = 1 << (self.bits - 1);
        let scale = |n: usize| if n == 0 { FRAC_1_SQRT_2 } else { 1.0 };
        let wave = |at: usize, n: usize| ((2 * at + 1) as f64 * n as f64 * PI / 16.0).cos() * scale(n) / 2.0;
        let waves: Vec<f64> = (0..64).map(|place| wave(place % 8, place / 8)).collect();
        // Rows first, then columns.
        let row = |u: usize, y: usize| {
            let sample = |x: usize| f64::from(self.sample(left + x, top + y, component) - middle);
            (0..8).map(|x| sample(x) * waves[u * 8 + x]).sum::<f64>()
        };
        let rows: Vec<f64> = (0..64).map(|place| row(place % 8, place / 8)).collect();
        let coefficient = |(u, v): (usize, usize)| {
            (0..8).map(|y| rows[y * 8 + u] * waves[v * 8 + y]).sum::<f64>().round() as i32
        };
        zigzag().map(coefficient).collect()
    }
}

/// Columns and rows of coefficients, along the diagonals to and fro.
fn zigzag() -> impl Iterator<Item = (usize, usize)> {
    (0..15).flat_map(|sum: usize| {
        let places = (0..8usize).filter_map(move |n| sum.checked_sub(n).filter(|m| *m < 8).map(|m| (n, m)));
        let places: Vec<_> = places.collect();
        // The first one goes to the right, and comes back down to the left.
        match sum % 2 {
            0 => places,
            _ => places.into_iter().rev().collect(),
        }
    })
}

/// Bits on their way out, with a zero behind each byte 0xff.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    word: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, length: u32) {
        for n in (0..length).rev() {
            self.word = self.word << 1 | (value >> n & 1);
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.word as u8);
                if self.word as u8 == 0xff {
                    self.bytes.push(0);
                }
                self.count = 0;
            }
        }
    }

    /// A number as the code of its category and what it is in that (T.81 F.1.2.1).
    fn number(&mut self, number: i32, code: impl FnOnce(u32) -> (u32, u32)) {
        let size = 32 - number.unsigned_abs().leading_zeros();
        let (code, length) = code(size);
        self.put(code, length);
        self.put(if number < 0 { number - 1 } else { number } as u32, size);
    }

    fn finish(mut self) -> Vec<u8> {
        while self.count != 0 {
            self.put(1, 1);
        }
        self.bytes
    }
}
