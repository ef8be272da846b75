//! The code-block styles (T.800 Table A.19).

use crate::error::Error;

/// How the code-blocks of a component are coded: any combination of the styles of T.800 Table A.19.
///
/// Predictable termination (D.4.2, 16) is taken and changes nothing in what is decoded.
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

    /// Whether a cleanup pass ends with four known decisions (D.5).
    pub fn segmentation_symbols(self) -> bool {
        self.0 & 32 != 0
    }
}

impl TryFrom<u8> for BlockStyle {
    type Error = Error;

    fn try_from(style: u8) -> Result<Self, Error> {
        match style {
            0..64 => Ok(Self(style)),
            _ => Err(Error::unsupported(format!("code-block style {style:#04x}"))),
        }
    }
}
