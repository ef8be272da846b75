//! Rows of MCUs as streams that are decoded to rows of pixels: at full size, or at half of it by libjpeg-turbo's own
//! inverse transform, which gives the means of neighbours. Each row of MCUs is a restart interval, so that any that follow
//! one another make a stream. Where chroma is spread downwards, one more row above and below belongs to it.
//! Pure. ITU-T T.81 E.1.4.

use std::collections::VecDeque;

use turbojpeg::ScalingFactor;

use super::Source;
use crate::error::MasterError;
use crate::format::jpeg::entropy::bits::stuff;
use crate::format::jpeg::header::Header;
use crate::format::jpeg::index::{Copied, Head};
use crate::format::jpeg::marker::{self, DRI, END, RST0, START};
use crate::format::jpeg::picture::decompress;
use crate::picture::{Dimensions, Rect};
use crate::raster::Raster;
use crate::watch::Watch;

/// At which size pixels are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// As they are.
    Full,
    /// Half as wide and high, rounded up.
    Half,
}

impl Scale {
    fn factor(self) -> ScalingFactor {
        match self {
            Self::Full => ScalingFactor::ONE,
            Self::Half => ScalingFactor::ONE_HALF,
        }
    }

    /// Samples that are made of a block, across or down.
    fn samples(self) -> u8 {
        match self {
            Self::Full => 8,
            Self::Half => 4,
        }
    }
}

/// Rows of pixels to be decoded, on any thread.
pub struct Band {
    stream: Vec<u8>,
    header: Header,
    /// The size of the picture in the stream.
    size: Dimensions,
    scale: Scale,
    /// The rows of its pixels that are given.
    part: Rect,
}

impl Band {
    /// Width and height of what is decoded.
    pub fn size(&self) -> Dimensions {
        self.part.dimensions()
    }

    /// Its pixels: gray, RGB, or amounts of ink. They are those that decoding the whole file gives there.
    ///
    /// # Errors
    /// [`MasterError`] with the words of libjpeg-turbo.
    pub fn decode(&self) -> Result<Raster, MasterError> {
        let factor = self.scale.factor();
        let raster = decompress(&self.stream, &self.header, self.size, factor, &Watch::unlimited())?;
        Ok(if raster.dimensions == self.size() { raster } else { raster.part(self.part) })
    }
}

/// Rows of MCUs on their way into bands.
pub(super) struct Bands {
    scale: Scale,
    /// Rows that a band needs above and below its own.
    context: u32,
    /// The entropy-coded data of the last rows, and the number of the first among them.
    lines: VecDeque<Vec<u8>>,
    first: u32,
    /// Rows that have been given.
    given: u32,
}

impl Bands {
    pub(super) fn new(head: &Head, scale: Scale) -> Self {
        let context = u32::from(needs_context(head, scale));
        Self { scale, context, lines: VecDeque::new(), first: 0, given: 0 }
    }

    /// Takes the next row of MCUs.
    pub(super) fn push(&mut self, line: Copied) {
        let mut stuffed = Vec::new();
        stuff(&line.bits.finish(), &mut stuffed);
        self.lines.push_back(stuffed);
    }

    /// All rows that are complete by now.
    pub(super) fn next(&mut self, source: &Source) -> Option<Band> {
        let (unit, units) = (source.unit(), source.head.units());
        let below = self.first + self.lines.len() as u32;
        let end = if below == units.height { below } else { below - self.context };
        if end <= self.given {
            return None;
        }
        let above = self.given.saturating_sub(self.context).max(self.first);
        self.lines.drain(..(above - self.first) as usize);
        let height = source.size().height.min(below * unit.height) - above * unit.height;
        let size = Dimensions { height, ..source.size() };
        let scaled = |side: u32| self.scale.factor().scale(side as usize) as u32;
        let bottom = if end == units.height { scaled(height) } else { scaled((end - above) * unit.height) };
        let top = scaled((self.given - above) * unit.height);
        let part = Rect::new(0, top, scaled(size.width), bottom - top);
        let stream = stream(source, size, &self.lines)?;
        (self.first, self.given) = (above, end);
        Some(Band { stream, header: source.header.clone(), size, scale: self.scale, part })
    }
}

/// A file of these rows of MCUs.
fn stream(source: &Source, size: Dimensions, lines: &VecDeque<Vec<u8>>) -> Option<Vec<u8>> {
    let (head, length) = (&source.head, lines.iter().map(|line| line.len() + 2).sum::<usize>());
    let mut stream = Vec::with_capacity(length + 2048);
    stream.extend(START);
    head.meaning.push(head.components.len(), &mut stream);
    head.push_quantisation(&mut stream);
    head.push_frame([size.width, size.height].map(|side| side as u16), &mut stream);
    head.push_huffman(&source.ac, &mut stream);
    let interval = u16::try_from(head.units().width).ok()?;
    marker::push(DRI, &[&interval.to_be_bytes()], &mut stream);
    head.push_scan(&mut stream);
    for (n, line) in lines.iter().enumerate() {
        if n > 0 {
            stream.extend([0xff, RST0 + ((n - 1) % 8) as u8]);
        }
        stream.extend_from_slice(line);
    }
    stream.extend(END);
    Some(stream)
}

/// Whether some component still has fewer rows than the picture when its blocks are transformed to as many samples as
/// libjpeg does it: then it is spread, by its neighbours above and below.
fn needs_context(head: &Head, scale: Scale) -> bool {
    let samples = scale.samples();
    let all = head.components.iter().map(|component| component.blocks);
    let (across, down) = all.clone().fold((1, 1), |most, of| (most.0.max(of.0), most.1.max(of.1)));
    let spread = |(own_across, own_down): (u8, u8)| {
        let mut own = samples;
        let goes = |most: u8, factor: u8, own: u8| (most * samples).is_multiple_of(factor * own * 2);
        while own < 8 && goes(across, own_across, own) && goes(down, own_down, own) {
            own *= 2;
        }
        down * samples > own_down * own
    };
    all.into_iter().any(spread)
}
