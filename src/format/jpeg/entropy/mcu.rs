//! The blocks of an MCU, and how MCUs come to follow on others than those that they followed on: all bits stay, but for
//! one DC difference of each component. Pure. ITU-T T.81 A.2, F.1.2.1.

use super::bits::{Bits, Writer};
use super::dht::Definition;
use super::huffman::Table;

/// A number for each component: DC coefficients, or differences of them.
pub(crate) type PerComponent = [i32; 4];

/// A block of an MCU.
#[derive(Clone, Copy)]
pub(crate) struct Block<'t> {
    /// Its component, as its place in the frame: less than 4.
    pub component: usize,
    /// The codes of its DC difference.
    pub dc: &'t Table,
    /// The codes of its AC coefficients.
    pub ac: &'t Table,
    /// The codes that a new DC difference is written with: those of `dc`, and maybe more.
    pub written: &'t Definition,
}

/// The components and DC differences of the blocks that begin at `starts`, the first of which is that of an MCU. None for
/// bits that mean nothing.
#[inline]
pub(crate) fn differences<'a>(
    bits: Bits<'a>,
    starts: &'a [u32],
    mcu: &'a [Block],
) -> impl Iterator<Item = Option<(usize, i32)>> + 'a {
    starts.iter().zip(mcu.iter().cycle()).map(move |(start, block)| {
        let (_, difference) = block.dc.difference(bits.word(*start as usize))?;
        Some((block.component, difference))
    })
}

/// Copies MCUs whose blocks begin at `starts`, of which the last is where they end; `more` is added to the first DC
/// difference of each component. None if there is no code for what that gives.
pub(crate) fn copy(
    output: &mut Writer,
    bits: Bits,
    starts: &[u32],
    mcu: &[Block],
    mut more: PerComponent,
) -> Option<()> {
    let (mut at, end) = (*starts.first()? as usize, *starts.last()? as usize);
    for (&start, block) in starts.iter().zip(mcu) {
        let more = std::mem::take(&mut more[block.component]);
        if more != 0 {
            let (length, difference) = block.dc.difference(bits.word(start as usize))?;
            let (code, code_length) = block.written.encoded(difference.wrapping_add(more))?;
            output.copy(&bits, at..start as usize);
            output.put(code << (64 - code_length), code_length);
            at = start as usize + length as usize;
        }
    }
    output.copy(&bits, at..end);
    Some(())
}
