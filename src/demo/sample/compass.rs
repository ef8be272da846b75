//! The compass rose of the chart, and the lines of its winds over the sea.
//! Pure: colours a pixel by its distance and direction from the middle of the rose.
//! Thirty-two winds, as on a portolan.

use std::f32::consts::{PI, TAU};

use super::noise::smooth;
use super::paint::{Color, coverage};

const RADIUS: f32 = 520.0;
const INK: Color = Color::hex(0x33261A);
const LIGHT: Color = Color::hex(0xF6EBD0);
/// Number of points, their length and their colour, the lowest layer first.
const STARS: [(f32, f32, u32); 3] = [(16.0, 0.62, 0x5E7F6E), (8.0, 0.80, 0x2F5F78), (4.0, 1.0, 0xA3382C)];

/// Where the rose lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compass {
    /// Its middle, in pixels.
    pub(super) center: (f32, f32),
}

impl Compass {
    /// How much a wind's line covers a pixel, and its colour: eight principal winds, eight half winds,
    /// sixteen quarter winds, each with its own ink.
    pub(super) fn wind(&self, x: f32, y: f32) -> (f32, Color) {
        let (dx, dy) = (x - self.center.0, y - self.center.1);
        let distance = dx.hypot(dy);
        let turn = dy.atan2(dx) / (TAU / 32.0);
        let nearest = turn.round();
        let off = distance * ((turn - nearest) * (TAU / 32.0)).sin().abs();
        let ink = match (nearest as i32).rem_euclid(4) {
            0 => INK,
            2 => Color::hex(0x3F6B4F),
            _ => Color::hex(0xA3382C),
        };
        (coverage(0.9 - off) * smooth(RADIUS, RADIUS + 200.0, distance), ink)
    }

    /// `below` with the rose on it.
    pub(super) fn rose(&self, x: f32, y: f32, below: Color) -> Color {
        let (dx, dy) = ((x - self.center.0) / RADIUS, (y - self.center.1) / RADIUS);
        let distance = dx.hypot(dy);
        if distance > 1.12 {
            return below;
        }
        let ring = |at: f32, width: f32| coverage(width - (distance - at).abs() * RADIUS);
        let color = below.mix(LIGHT, 0.75 * coverage((0.86 - distance) * RADIUS));
        let rings = ring(0.86, 3.5).max(ring(0.825, 1.5)).max(ring(0.60, 1.5)).max(ring(0.24, 2.0));
        let color = color.mix(INK, 0.85 * rings.max(degrees(dx, dy, distance)));
        STARS.iter().fold(color, |color, &star| point(star, dx, dy, color))
    }
}

/// A tick for each degree between the two outer rings, each fifth one filled.
fn degrees(dx: f32, dy: f32, distance: f32) -> f32 {
    if !(0.825..0.86).contains(&distance) {
        return 0.0;
    }
    let turn = dy.atan2(dx) / TAU * 72.0;
    if turn.floor().rem_euclid(2.0) == 0.0 { 1.0 } else { 0.0 }
}

/// One layer of points: each is split along its middle into a lit and a shaded half.
fn point((count, length, shade): (f32, f32, u32), dx: f32, dy: f32, below: Color) -> Color {
    let sector = TAU / count;
    let angle = dy.atan2(dx);
    let off = angle - (angle / sector).round() * sector;
    let distance = dx.hypot(dy);
    let (along, aside) = (distance * off.cos(), distance * off.sin());
    // The side of a point runs from its tip to the waist between two points.
    let waist = 0.21 * length;
    let (waist_along, waist_aside) = (waist * (PI / count).cos(), waist * (PI / count).sin());
    let run = (length - waist_along).hypot(waist_aside);
    let inside = ((length - along) * waist_aside - aside.abs() * (length - waist_along)) / run * RADIUS;
    let fill = if off > 0.0 { Color::hex(shade) } else { LIGHT };
    let outline = coverage(inside + 1.5);
    below.mix(INK, 0.9 * outline).mix(fill, coverage(inside - 1.5) * coverage(aside.abs() * RADIUS - 0.8))
}
