//! Code-blocks that OpenJPEG coded.

use recto_jp2::codestream::{BandKind, BlockStyle};
use recto_jp2::internals::BlockDecoder;

use crate::format::jp2::openjpeg::{Picture, compress_block};
use crate::picture::{Channels, Dimensions};

/// What OpenJPEG codes is decoded to the pixels that it was given, whatever the style and the shape of the block.
#[test]
fn blocks_that_openjpeg_encoded() {
    let mut decoder = BlockDecoder::new();
    for (width, height) in [(64, 64), (1, 1), (37, 61), (1024, 4), (3, 1024), (16, 256), (65, 31), (9, 5)] {
        let dimensions = Dimensions::new(width, height);
        let pixels = pixels(dimensions);
        let expected: Vec<i32> = pixels.iter().map(|&pixel| i32::from(pixel) - 128).collect();
        for style in 0..64 {
            let picture = Picture { dimensions, channels: Channels::Gray, pixels: &pixels };
            let file = compress_block(&picture, style).unwrap();
            let style = BlockStyle::try_from(style).unwrap();
            let (planes, segments) = only_block(&file, style);
            let coefficients = decoder.decode(BandKind::Ll, style, (width, height), planes, &segments);
            let whole: Vec<i32> = coefficients.unwrap().iter().map(|coefficient| coefficient / 2).collect();
            assert_eq!(whole, expected, "{style:?} {width}x{height}");
        }
    }
}

/// Something with flat parts, slopes, edges and noise.
fn pixels(Dimensions { width, height }: Dimensions) -> Vec<u8> {
    let mut noise = 1u32;
    let pixel = |at: u32| {
        let (x, y) = (at % width, at / width);
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match (x / 16 + y / 16) % 3 {
            0 => 100,
            1 => (3 * x + 5 * y) as u8,
            _ => (noise >> 24) as u8,
        }
    };
    (0..width * height).map(pixel).collect()
}

/// Bit-planes and segments of the only code-block of a file that has one packet.
fn only_block(file: &[u8], style: BlockStyle) -> (u8, Vec<(u32, &[u8])>) {
    let after = |marker: [u8; 2]| file.windows(2).position(|pair| pair == marker).unwrap() + 2;
    let quantisation = &file[after([0xff, 0x5c]) + 2..];
    let (guard_bits, exponent) = (quantisation[0] >> 5, quantisation[1] >> 3);
    let mut header = Bits { bytes: &file[after([0xff, 0x93])..], at: 0, left: 8 };
    assert_eq!(header.take(2), 0b11, "a packet that is not empty, with the block");
    let zero_planes = header.zeros();
    let passes = header.passes();
    let length_bits = 3 + header.ones();
    let counts = segmentation(style, passes);
    let lengths: Vec<_> =
        counts.iter().map(|count| header.take(length_bits + count.ilog2()) as usize).collect();
    let mut body = header.after();
    let mut segments = Vec::new();
    for (&count, &length) in counts.iter().zip(&lengths) {
        let (segment, rest) = body.split_at(length);
        segments.push((count, segment));
        body = rest;
    }
    (guard_bits + exponent - 1 - zero_planes as u8, segments)
}

/// Bits of a packet header (T.800 B.10.1).
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    left: u32,
}

impl<'a> Bits<'a> {
    fn bit(&mut self) -> u32 {
        if self.left == 0 {
            self.left = if self.bytes[self.at] == 0xff { 7 } else { 8 };
            self.at += 1;
        }
        self.left -= 1;
        u32::from(self.bytes[self.at] >> self.left & 1)
    }

    fn take(&mut self, count: u32) -> u32 {
        (0..count).fold(0, |value, _| value << 1 | self.bit())
    }

    fn zeros(&mut self) -> u32 {
        (0..).find(|_| self.bit() == 1).unwrap()
    }

    fn ones(&mut self) -> u32 {
        (0..).find(|_| self.bit() == 0).unwrap()
    }

    /// T.800 Table B.4.
    fn passes(&mut self) -> u32 {
        if self.bit() == 0 {
            return 1;
        }
        if self.bit() == 0 {
            return 2;
        }
        match self.take(2) {
            3 => match self.take(5) {
                31 => 37 + self.take(7),
                more => 6 + more,
            },
            more => 3 + more,
        }
    }

    fn after(self) -> &'a [u8] {
        let stuffed = usize::from(self.bytes[self.at] == 0xff);
        &self.bytes[self.at + 1 + stuffed..]
    }
}

/// The passes of each codeword segment (T.800 Table D.9).
fn segmentation(style: BlockStyle, mut passes: u32) -> Vec<u32> {
    let lengths = match (style.terminate_all(), style.bypass()) {
        (true, _) => vec![1; passes as usize],
        (false, true) => [10].into_iter().chain([2, 1].repeat(passes as usize)).collect(),
        (false, false) => vec![passes],
    };
    let mut counts = Vec::new();
    for length in lengths {
        let count = length.min(passes);
        passes -= count;
        if count > 0 {
            counts.push(count);
        }
    }
    counts
}
