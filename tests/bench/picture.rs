//! A picture that compresses as a photograph does: shapes with soft and hard edges, texture at all scales, and grain.
//! Pure, and the same on every machine.

// Colours are small numbers: what is cut off from a float here is its fraction.
#![allow(clippy::cast_possible_truncation)]

use std::sync::Mutex;
use std::thread;

/// Paints the rows from `first` on of a picture that is `width` pixels wide, in RGB, on all cores.
pub fn paint(first: u32, width: u32, rows: &mut [u8]) {
    let queue = Mutex::new((first..).zip(rows.chunks_exact_mut(width as usize * 3)));
    let take = || queue.lock().ok()?.next();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((y, row)) = take() {
                    paint_row(y, row);
                }
            });
        }
    });
}

fn paint_row(y: u32, row: &mut [u8]) {
    for (x, pixel) in (0..).zip(row.as_chunks_mut::<3>().0) {
        let ground = noise(x, y, 1400, 1) + 0.6 * noise(x, y, 310, 2);
        let texture = noise(x, y, 47, 3) + 0.7 * noise(x, y, 9, 4);
        // Where the ground is high lies another surface, with an edge of its own.
        let lit = if ground > 0.35 { 46.0 } else { 0.0 };
        let grain = unit(x, y, 5) * 7.0;
        let light = 120.0 + 62.0 * ground + 15.0 * texture + lit + grain;
        let warmth = 26.0 * noise(x, y, 900, 6);
        let tint = [warmth + unit(x, y, 7) * 2.0, 0.0, -warmth + unit(x, y, 8) * 2.0];
        for (sample, tint) in pixel.iter_mut().zip(tint) {
            *sample = (light + tint) as u8;
        }
    }
}

/// Smooth noise from -1 to 1 that changes over `wavelength` pixels.
fn noise(x: u32, y: u32, wavelength: u32, seed: u32) -> f32 {
    let (column, row) = (x / wavelength, y / wavelength);
    let smooth = |n: u32| {
        let t = (n % wavelength) as f32 / wavelength as f32;
        t * t * (3.0 - 2.0 * t)
    };
    let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
    let across = smooth(x);
    let line = |row| mix(unit(column, row, seed), unit(column + 1, row, seed), across);
    mix(line(row), line(row + 1), smooth(y))
}

/// A number from -1 to 1 for a point of a lattice.
fn unit(x: u32, y: u32, seed: u32) -> f32 {
    let mut n = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ seed.wrapping_mul(0xC2B2_AE3D);
    n = (n ^ (n >> 15)).wrapping_mul(0x2C1B_3C6D);
    n = (n ^ (n >> 12)).wrapping_mul(0x297A_2D39);
    ((n ^ (n >> 15)) >> 8) as f32 / 8_388_608.0 - 1.0
}
