//! Tier-1: the coding passes of a code-block, back to coefficients (T.800 Annexes C and D).

mod grid;
mod mq;
mod passes;
#[cfg(test)]
mod plain;
mod raw;
mod tables;

use self::grid::Grid;
use self::mq::{Contexts, Mq};
use self::passes::Block;
use self::raw::Raw;
use super::layout::BandKind;
use crate::error::MasterError;

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
    /// [`MasterError::Damaged`] for a block that is empty, too large, or has a cleanup pass among raw bits,
    /// [`MasterError::Unsupported`] for more than 30 bit-planes.
    pub fn decode(
        &mut self,
        kind: BandKind,
        style: BlockStyle,
        (width, height): (u32, u32),
        planes: u8,
        segments: &[(u32, &[u8])],
    ) -> Result<&[i32], MasterError> {
        if width.max(height) > 1024 || !(1..=4096).contains(&(width * height)) {
            return Err(MasterError::damaged(format!("code-block of {width}x{height} samples")));
        }
        if planes > MAX_PLANES {
            return Err(MasterError::unsupported(format!("code-block of {planes} bit-planes")));
        }
        let dimensions = (width as usize, height as usize);
        self.block.start(kind, Grid::new(dimensions, style.vertically_causal()));
        dispatch(&mut self.block, style, planes, segments)?;
        Ok(self.block.coefficients())
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
fn dispatch(
    block: &mut Block,
    style: BlockStyle,
    planes: u8,
    segments: &[(u32, &[u8])],
) -> Result<(), MasterError> {
    let b = std::is_x86_feature_detected!("bmi1")
        && std::is_x86_feature_detected!("bmi2")
        && std::is_x86_feature_detected!("lzcnt")
        && std::env::var_os("NODISPATCH").is_none();
    if b {
        // SAFETY: the processor has the three features.
        unsafe { decode_passes_bmi(block, style, planes, segments) }
    } else {
        decode_passes(block, style, planes, segments)
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "bmi1,bmi2,lzcnt")]
fn decode_passes_bmi(
    block: &mut Block,
    style: BlockStyle,
    planes: u8,
    segments: &[(u32, &[u8])],
) -> Result<(), MasterError> {
    decode_passes(block, style, planes, segments)
}

#[inline(always)]
fn decode_passes(
    block: &mut Block,
    style: BlockStyle,
    planes: u8,
    segments: &[(u32, &[u8])],
) -> Result<(), MasterError> {
    let mut contexts = Contexts::new();
    let mut passes = Passes { plane: planes, pass: Pass::Cleanup };
    for &(count, bytes) in segments {
        let raw = passes.is_raw(style, planes);
        let passes = passes.by_ref().take(count as usize);
        if raw {
            decode_raw_segment(block, Raw::new(bytes), passes)?;
        } else {
            decode_segment(block, style, Mq::new(bytes, &mut contexts), passes);
        }
    }
    Ok(())
}

#[inline(always)]
fn decode_segment(
    block: &mut Block,
    style: BlockStyle,
    mut mq: Mq,
    passes: impl Iterator<Item = (u32, Pass)>,
) {
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
}

#[inline(always)]
fn decode_raw_segment(
    block: &mut Block,
    mut raw: Raw,
    passes: impl Iterator<Item = (u32, Pass)>,
) -> Result<(), MasterError> {
    for (plane, pass) in passes {
        raw = match pass {
            Pass::Propagation => block.propagate(raw, plane),
            Pass::Refinement => block.refine(raw, plane),
            Pass::Cleanup => {
                return Err(MasterError::damaged("code-block with a cleanup pass of raw bits"));
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
    /// The planes that are left.
    plane: u8,
    pass: Pass,
}

impl Passes {
    /// Whether a segment that starts here has raw bits: after the first ten passes, but for cleanup (D.6).
    fn is_raw(&self, style: BlockStyle, planes: u8) -> bool {
        style.bypass() && self.pass != Pass::Cleanup && self.plane + 4 <= planes
    }
}

impl Iterator for Passes {
    type Item = (u32, Pass);

    fn next(&mut self) -> Option<Self::Item> {
        let (plane, pass) = (self.plane.checked_sub(1)?, self.pass);
        self.pass = match pass {
            Pass::Propagation => Pass::Refinement,
            Pass::Refinement => Pass::Cleanup,
            Pass::Cleanup => Pass::Propagation,
        };
        if pass == Pass::Cleanup {
            self.plane = plane;
        }
        Some((plane.into(), pass))
    }
}

/// How the code-blocks of a component are coded: any combination of the styles of T.800 Table A.19.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockStyle(u8);

impl BlockStyle {
    /// Whether passes after the fourth plane hold raw bits, but for the cleanup passes ("lazy", D.6).
    pub fn bypass(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether each pass starts with fresh contexts.
    pub fn reset(self) -> bool {
        self.0 & 2 != 0
    }

    /// Whether each pass is a codeword segment.
    pub fn terminate_all(self) -> bool {
        self.0 & 4 != 0
    }

    /// Whether a stripe is coded as if the one below it were zero (D.7).
    pub fn vertically_causal(self) -> bool {
        self.0 & 8 != 0
    }

    /// Whether the end of a segment tells of damage in it (D.4.2). It changes nothing in what is decoded.
    pub fn predictable_termination(self) -> bool {
        self.0 & 16 != 0
    }

    /// Whether a cleanup pass ends with four known decisions (D.5).
    pub fn segmentation_symbols(self) -> bool {
        self.0 & 32 != 0
    }
}

impl TryFrom<u8> for BlockStyle {
    type Error = MasterError;

    fn try_from(style: u8) -> Result<Self, MasterError> {
        match style {
            0..64 => Ok(Self(style)),
            _ => Err(MasterError::unsupported(format!("code-block style {style:#04x}"))),
        }
    }
}
