//! Tier-1: the coding of code-blocks (T.800 annex D).

use crate::error::MasterError;

/// How code-blocks are coded (T.800 table A.19).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockStyle(u8);

impl BlockStyle {
    /// Whether later passes bypass the arithmetic coder.
    pub const fn bypass(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether each pass is terminated.
    pub const fn terminate_all(self) -> bool {
        self.0 & 4 != 0
    }
}

impl TryFrom<u8> for BlockStyle {
    type Error = MasterError;

    fn try_from(bits: u8) -> Result<Self, MasterError> {
        match bits {
            ..0x40 => Ok(Self(bits)),
            _ => Err(MasterError::unsupported(format!("code-blocks of style {bits:#04x}"))),
        }
    }
}
