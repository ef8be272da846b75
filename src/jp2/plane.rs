//! Samples of one component, whoever decoded them.

use super::codestream::Component;
use crate::geometry::Rect;

/// A rectangle of a component's samples.
pub struct Plane {
    /// Where it lies on the component's own grid, reduced: T.800 B-12 and B-15, absolute.
    pub rect: Rect,
    /// Row by row, `rect.dimensions().area()` of them.
    pub samples: Vec<i32>,
}

/// The samples of a component that lie in an area of the reference grid, on the component's grid with `reduction`
/// resolutions left out.
pub fn reduced(area: Rect, component: &Component, reduction: u8) -> Rect {
    let at = |edge: u32, step: u32| halved(edge.div_ceil(step), reduction);
    let (x, y) = (at(area.x, component.dx), at(area.y, component.dy));
    let (right, bottom) = (at(area.right(), component.dx), at(area.bottom(), component.dy));
    Rect::new(x, y, right - x, bottom - y)
}

/// The first number on a grid that was halved so often, at or after `edge`: rounded up.
pub fn halved(edge: u32, reduction: u8) -> u32 {
    // What 32 bits hold is at most 1 after 32 times.
    u64::from(edge).div_ceil(1 << reduction.min(32)) as u32
}
