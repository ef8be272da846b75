//! MCUs beyond the right and lower edge of a picture: of one colour each, so that nothing rings. Pure. T.81 A.2.4, F.1.2.

use crate::format::jpeg::entropy::mcu::Block;
use crate::format::jpeg::index::{Copied, Predictors};

/// Bits, and how many they are.
type Code = (u64, u32);

/// MCUs without AC coefficients.
pub(super) struct Padding<'s> {
    /// The blocks of an MCU, and the codes of their ends.
    blocks: Vec<(Block<'s>, Code)>,
}

impl<'s> Padding<'s> {
    /// `end` has the code for the end of a block of each component.
    pub(super) fn new(mcu: &[Block<'s>], end: impl Fn(usize) -> Option<Code>) -> Option<Self> {
        let blocks = mcu.iter().map(|block| Some((*block, end(block.component)?)));
        Some(Self { blocks: blocks.collect::<Option<_>>()? })
    }

    /// Appends an MCU whose blocks have these DC coefficients.
    pub(super) fn put(&self, dc: Predictors, copied: &mut Copied) -> Option<()> {
        for (block, (end, length)) in &self.blocks {
            let last = &mut copied.predictors[block.component];
            let difference = dc[block.component] - std::mem::replace(last, dc[block.component]);
            let (code, code_length) = block.written.encoded(difference)?;
            copied.bits.put(code << (64 - code_length), code_length);
            copied.bits.put(end << (64 - length), *length);
        }
        Some(())
    }
}
