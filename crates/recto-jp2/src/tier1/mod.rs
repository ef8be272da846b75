//! Tier-1: the coding passes of a code-block, back to coefficients (T.800 Annexes C and D).
//! Pure, and total on bytes: a damaged segment decodes to something, the same that OpenJPEG makes of it.
//!
//! `reference.rs` says what is computed, in the words of the standard, and exists in the tests only. What ships differs in
//! three ways: `grid.rs` has bits of samples in words instead of structures, so that the passes find what they have to
//! do, and its context, by shifts of a register; `mq.rs` decides without branches; and coefficients are touched only
//! where a decision changes them.

mod grid;
mod mq;
mod passes;
mod raw;
#[cfg(test)]
mod reference;
mod tables;
#[cfg(test)]
mod tests;

use self::grid::Grid;
use self::mq::{Contexts, Mq};
use self::passes::Block;
use self::raw::Raw;
use crate::codestream::{BandKind, BlockStyle};
use crate::error::Error;

/// Magnitudes are 32-bit numbers with a sign and one fractional bit.
const MAX_PLANES: u8 = 30;

/// Decodes one code-block after the other in the same memory.
pub struct BlockDecoder {
    block: Box<Block>,
}

impl Default for BlockDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl BlockDecoder {
    /// A decoder. It holds some 40 KB, whatever it decodes.
    pub fn new() -> Self {
        Self { block: Box::new(Block::new()) }
    }

    /// The quantised coefficients of a code-block, row by row, with one fractional bit: the least significant decoded
    /// plane of a coefficient that is not zero is followed by a half (the reconstruction point of E.1.1.2, with r = 1/2).
    ///
    /// `planes` counts the bit-planes from the first that may hold a bit. `segments` are the codeword segments in their
    /// order: the number of their passes, and their bytes. A byte that is missing is 0xff, as the standard has it (D.4.1);
    /// so any bytes decode to something. Passes beyond the last plane are ignored.
    ///
    /// # Errors
    /// [`Error::Damaged`] for a block that is empty, too large, or has a cleanup pass among raw bits,
    /// [`Error::Unsupported`] for more than 30 bit-planes.
    pub fn decode(
        &mut self,
        kind: BandKind,
        style: BlockStyle,
        (width, height): (u32, u32),
        planes: u8,
        segments: &[(u32, &[u8])],
    ) -> Result<&[i32], Error> {
        if width.max(height) > 1024 || !(1..=4096).contains(&(width * height)) {
            return Err(Error::damaged(format!("code-block of {width}x{height} samples")));
        }
        if planes > MAX_PLANES {
            return Err(Error::unsupported(format!("code-block of {planes} bit-planes")));
        }
        let dimensions = (width as usize, height as usize);
        self.block.start(kind, Grid::new(dimensions, style.vertically_causal()));
        decode_fast(&mut self.block, style, planes, segments)?;
        Ok(self.block.coefficients())
    }
}

/// The same as [`decode_segments`], with instructions for bits where the processor has them: some 6 % faster.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
fn decode_fast(
    block: &mut Block,
    style: BlockStyle,
    planes: u8,
    segments: &[(u32, &[u8])],
) -> Result<(), Error> {
    use std::is_x86_feature_detected as has;

    #[target_feature(enable = "bmi1,bmi2,lzcnt")]
    fn with_bit_instructions(
        block: &mut Block,
        style: BlockStyle,
        planes: u8,
        segments: &[(u32, &[u8])],
    ) -> Result<(), Error> {
        decode_segments(block, style, planes, segments)
    }

    if has!("bmi1") && has!("bmi2") && has!("lzcnt") {
        // SAFETY: a safe function compiled for three features, all of which this processor was just found to have.
        unsafe { with_bit_instructions(block, style, planes, segments) }
    } else {
        decode_segments(block, style, planes, segments)
    }
}

#[cfg(not(target_arch = "x86_64"))]
use decode_segments as decode_fast;

#[inline(always)]
fn decode_segments(
    block: &mut Block,
    style: BlockStyle,
    planes: u8,
    segments: &[(u32, &[u8])],
) -> Result<(), Error> {
    let mut contexts = Contexts::new();
    let mut passes = Passes { planes, pass: Pass::Cleanup };
    for &(count, bytes) in segments {
        let raw = passes.is_raw(style, planes);
        let passes = passes.by_ref().take(count as usize);
        if raw {
            decode_raw(block, Raw::new(bytes), passes)?;
        } else {
            contexts = decode_mq(block, style, Mq::new(bytes, contexts), passes);
        }
    }
    Ok(())
}

#[inline(always)]
fn decode_mq(
    block: &mut Block,
    style: BlockStyle,
    mut mq: Mq,
    passes: impl Iterator<Item = (u32, Pass)>,
) -> Contexts {
    for (plane, pass) in passes {
        mq = match pass {
            Pass::Propagation => block.propagate(mq, plane),
            Pass::Refinement => block.refine(mq, plane),
            Pass::Cleanup => block.clean_up(mq, plane, style.segmentation_symbols()),
        };
        if style.reset() {
            mq.reset();
        }
    }
    mq.contexts
}

#[inline(always)]
fn decode_raw(
    block: &mut Block,
    mut raw: Raw,
    passes: impl Iterator<Item = (u32, Pass)>,
) -> Result<(), Error> {
    for (plane, pass) in passes {
        raw = match pass {
            Pass::Propagation => block.propagate(raw, plane),
            Pass::Refinement => block.refine(raw, plane),
            Pass::Cleanup => {
                return Err(Error::damaged("code-block with a cleanup pass of raw bits"));
            }
        };
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq)]
enum Pass {
    Propagation,
    Refinement,
    Cleanup,
}

/// The passes that are left, each with its plane: one cleanup, then three for each plane, the most significant first.
struct Passes {
    /// The planes that are left, that of the next pass included.
    planes: u8,
    pass: Pass,
}

impl Passes {
    /// Whether a segment that starts here has raw bits: after the first ten passes, but for cleanup (D.6).
    fn is_raw(&self, style: BlockStyle, planes: u8) -> bool {
        style.bypass() && self.pass != Pass::Cleanup && self.planes + 4 <= planes
    }
}

impl Iterator for Passes {
    type Item = (u32, Pass);

    fn next(&mut self) -> Option<Self::Item> {
        let (plane, pass) = (self.planes.checked_sub(1)?, self.pass);
        self.pass = match pass {
            Pass::Propagation => Pass::Refinement,
            Pass::Refinement => Pass::Cleanup,
            Pass::Cleanup => Pass::Propagation,
        };
        if pass == Pass::Cleanup {
            self.planes = plane;
        }
        Some((plane.into(), pass))
    }
}
