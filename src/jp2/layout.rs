//! The geometry of a codestream.

/// Which of the four subbands of a resolution (T.800 B.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BandKind {
    /// Low-pass both ways: the lowest resolution itself.
    Ll,
    /// High-pass across, low-pass down.
    Hl,
    /// Low-pass across, high-pass down.
    Lh,
    /// High-pass both ways.
    Hh,
}
