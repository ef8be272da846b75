//! The subbands of a decomposition, and where each lies (T.800 B.5).

use crate::geometry::Rect;

/// The kind of a subband: high-pass or low-pass, horizontally first (T.800 B.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BandKind {
    /// Low-pass in both directions: only of the lowest resolution.
    Ll,
    /// Horizontally high-pass.
    Hl,
    /// Vertically high-pass.
    Lh,
    /// High-pass in both directions.
    Hh,
}

impl BandKind {
    /// Where the subband of `level`, 1 for the largest, of a component lies (T.800 B-15). LL of level 0 is the
    /// component.
    pub(crate) fn rect(self, component: Rect, level: u8) -> Rect {
        let (high_across, high_down) = match self {
            Self::Ll => (0, 0),
            Self::Hl => (1, 0),
            Self::Lh => (0, 1),
            Self::Hh => (1, 1),
        };
        let place = |high: u64| {
            move |at: u32| {
                let shift = if level == 0 { 0 } else { high << (level - 1) };
                let above = u64::from(at).saturating_sub(shift);
                ((above + (1 << level) - 1) >> level) as u32
            }
        };
        component.mapped(place(high_across), place(high_down))
    }
}
