//! Why a JPEG cannot be carried over.

use crate::error::MasterError;
use crate::picture::Dimensions;

/// Why the blocks of a JPEG cannot be those of tiles; in words by `Display`, which go on after "because".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Hindrance {
    /// It cannot be read at all.
    #[error(transparent)]
    Unread(MasterError),
    /// It is progressive, in several scans, arithmetically coded, or has no usual tables:
    /// [`baseline`](super::baseline()) makes one of it that is not.
    #[error("its blocks do not follow one another in one baseline scan")]
    Process {
        /// The bytes of memory that it takes to make that, about.
        memory: u64,
    },
    /// It has no blocks.
    #[error("it is lossless JPEG, which has no blocks")]
    Lossless,
    /// Samples of more than 8 bits.
    #[error("its samples have {0} bits")]
    Bits(u8),
    /// Inks that the fields of a TIFF do not tell from others.
    #[error("its inks are {0}, which a TIFF cannot say")]
    Inks(&'static str),
    /// Components that are sampled as no TIFF can say.
    #[error("its components are sampled in a way that a TIFF cannot say")]
    Sampling,
    /// Tiles would end within blocks.
    #[error("tiles of {side} pixels are no multiple of its MCUs of {unit}")]
    Grid {
        /// The side of the tiles.
        side: u32,
        /// Pixels of an MCU.
        unit: Dimensions,
    },
}
