//! Noise that is the same on every machine and in every run: hashes of whole numbers.
//! Pure. Lengths are in pixels; a wavelength is the distance over which noise changes.
//! After the gradient noise of Perlin (1985, 2002) and the cell noise of Worley (1996).

/// A well-mixed number for a point of the lattice.
pub(super) fn hash(x: i32, y: i32, seed: u32) -> u32 {
    let mut n = x.cast_unsigned().wrapping_mul(0x9E37_79B1)
        ^ y.cast_unsigned().wrapping_mul(0x85EB_CA77)
        ^ seed.wrapping_mul(0xC2B2_AE3D);
    n = (n ^ (n >> 15)).wrapping_mul(0x2C1B_3C6D);
    n = (n ^ (n >> 12)).wrapping_mul(0x297A_2D39);
    n ^ (n >> 15)
}

/// A number in 0..1 for a point of the lattice.
pub(super) fn unit(x: i32, y: i32, seed: u32) -> f32 {
    (hash(x, y, seed) >> 8) as f32 / 16_777_216.0
}

/// Smooth noise, about -1 to 1, with a wavelength of 1.
pub(super) fn gradient(x: f32, y: f32, seed: u32) -> f32 {
    let (column, row) = (floor(x), floor(y));
    let (u, v) = (x - column as f32, y - row as f32);
    let corner = |dx: i32, dy: i32| slope(hash(column + dx, row + dy, seed), u - dx as f32, v - dy as f32);
    let fade = |t: f32| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let across = fade(u);
    let upper = lerp(corner(0, 0), corner(1, 0), across);
    let lower = lerp(corner(0, 1), corner(1, 1), across);
    1.5 * lerp(upper, lower, fade(v))
}

/// The next whole number below. The one of the standard library is a call where the processor is not known
/// to have an instruction for it, and this is the innermost loop.
fn floor(x: f32) -> i32 {
    let cut = x as i32;
    cut - i32::from(x < cut as f32)
}

/// Distance to the nearest multiple of `period`.
pub(super) fn from_multiple(x: f32, period: f32) -> f32 {
    (x - floor(x / period + 0.5) as f32 * period).abs()
}

/// One of sixteen slopes of about the same steepness, at a distance of `u`, `v` from its foot.
fn slope(hash: u32, u: f32, v: f32) -> f32 {
    const SLOPES: [(f32, f32); 8] = [
        (1.0, 0.0),
        (0.924, 0.383),
        (0.707, 0.707),
        (0.383, 0.924),
        (0.0, 1.0),
        (-0.383, 0.924),
        (-0.707, 0.707),
        (-0.924, 0.383),
    ];
    let (a, b) = SLOPES[(hash & 7) as usize];
    let rise = a * u + b * v;
    if hash & 8 == 0 { rise } else { -rise }
}

/// Layers of noise, each of half the wavelength and `gain` times the height of the one before.
pub(super) fn layers(x: f32, y: f32, count: u32, gain: f32, seed: u32) -> f32 {
    let (mut sum, mut height, mut frequency) = (0.0, 1.0, 1.0);
    for layer in 0..count {
        sum += height * gradient(x * frequency, y * frequency, seed + layer);
        height *= gain;
        frequency *= 2.03; // Not quite twice, or the lattices would share their nodes.
    }
    sum
}

/// Values along a row of pixels that change over many of them: computed for every eighth, and a cubic between
/// (Catmull and Rom 1974), so that slopes have no steps either.
pub(super) struct Along<const N: usize> {
    /// For the pixels -8, 0, 8 ... and past the end.
    knots: Vec<[f32; N]>,
}

impl<const N: usize> Along<N> {
    const STEP: u16 = 8;

    /// `N` values at once, for the pixels up to and with `width`.
    pub(super) fn new(width: u32, at: impl Fn(f32) -> [f32; N]) -> Self {
        let count = width / u32::from(Self::STEP) + 4;
        let knot = |n: u32| at((n as f32 - 1.0) * f32::from(Self::STEP));
        Self { knots: (0..count).map(knot).collect() }
    }

    /// The values at a pixel; none past the end.
    pub(super) fn at(&self, x: u32) -> [f32; N] {
        let (knot, part) = (x / u32::from(Self::STEP), (x % u32::from(Self::STEP)) as f32);
        let Some([a, b, c, d]) = self.knots.get(knot as usize..).and_then(|knots| knots.first_chunk()) else {
            return [0.0; N];
        };
        let t = part / f32::from(Self::STEP);
        let [k0, k1, k2, k3] = [
            ((2.0 - t) * t - 1.0) * t * 0.5,
            ((3.0 * t - 5.0) * t * t + 2.0) * 0.5,
            ((4.0 - 3.0 * t) * t + 1.0) * t * 0.5,
            (t - 1.0) * t * t * 0.5,
        ];
        std::array::from_fn(|n| k0 * a[n] + k1 * b[n] + k2 * c[n] + k3 * d[n])
    }
}

/// The cell of a Worley diagram that a point is in.
pub(super) struct Cell {
    /// A number of its own.
    pub(super) number: u32,
    /// Distance to the border, about, where a cell is 1 wide.
    pub(super) border: f32,
}

/// The cell that `x`, `y` is in; cells are about 1 wide.
pub(super) fn cell(x: f32, y: f32, seed: u32) -> Cell {
    let (column, row) = (floor(x), floor(y));
    let (mut nearest, mut second, mut number) = (f32::MAX, f32::MAX, 0);
    for (i, j) in (-1..=1).flat_map(|j| (-1..=1).map(move |i| (column + i, row + j))) {
        let (cx, cy) = cell_center(i, j, seed);
        let distance = (cx - x).powi(2) + (cy - y).powi(2);
        if distance < nearest {
            (second, nearest, number) = (nearest, distance, hash(i, j, seed));
        } else if distance < second {
            second = distance;
        }
    }
    Cell { number, border: (second.sqrt() - nearest.sqrt()) / 2.0 }
}

/// The middle of the cell that belongs to a square of the lattice.
pub(super) fn cell_center(column: i32, row: i32, seed: u32) -> (f32, f32) {
    let jitter = |salt| 0.15 + 0.7 * unit(column, row, seed + salt);
    (column as f32 + jitter(1), row as f32 + jitter(2))
}

/// From `a` at 0 to `b` at 1.
pub(super) fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

/// From 0 at `from` to 1 at `to`, without kinks.
pub(super) fn smooth(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_smooth_bounded_and_always_the_same() {
        let mut last = gradient(-3.0, 0.7, 5);
        for n in 0..6000 {
            let x = -3.0 + n as f32 / 1000.0;
            let next = gradient(x, 0.7, 5);
            assert!((next - last).abs() < 0.01 && next.abs() <= 1.5, "at {x}");
            last = next;
        }
        assert_eq!(hash(-7, 12, 3), hash(-7, 12, 3));
        assert_ne!(hash(-7, 12, 3), hash(12, -7, 3));
    }

    #[test]
    fn what_changes_slowly_is_found_between_its_knots() {
        let wave = |x: f32| [layers(x / 130.0, 0.3, 2, 0.5, 7), x];
        let along = Along::new(1000, wave);
        for x in 0..=1000 {
            let ([noise, place], exact) = (along.at(x), wave(x as f32));
            assert!((noise - exact[0]).abs() < 0.003 && (place - exact[1]).abs() < 0.001, "at {x}");
        }
        assert_eq!(along.at(2000), [0.0; 2]);
    }

    #[test]
    fn multiples_are_found_on_both_sides_of_nothing() {
        for (x, expected) in [(0.0, 0.0), (3.0, 3.0), (-3.0, 3.0), (7.0, 3.0), (-19.0, 1.0), (25.0, 5.0)] {
            assert_eq!(from_multiple(x, 10.0), expected, "{x}");
        }
    }

    #[test]
    fn cells_have_borders() {
        let borders = (0..100).map(|n| cell(n as f32 / 20.0, 0.4, 9).border);
        assert!(borders.clone().all(|border| border >= 0.0) && borders.fold(0.0, f32::max) > 0.2);
    }
}
