//! Geometry of a codestream (T.800 Annex B).
//! Pure.

/// Which of the four subbands of a decomposition (T.800 B.5): horizontal filter first, vertical second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BandKind {
    /// Low, low: the next lower resolution.
    Ll,
    /// Horizontally high-pass.
    Hl,
    /// Vertically high-pass.
    Lh,
    /// High-pass both ways.
    Hh,
}
