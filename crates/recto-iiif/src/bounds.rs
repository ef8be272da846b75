//! How large a derivative may be, and the largest of a given shape (Image API 3.0 section 5.2, 2.1 section 5.3).
//! Integers only: a result is never above a bound, and keeps the ratio as near as whole pixels allow.
//! A shape is any size with both sides above zero; what comes out has its ratio.

use crate::{Decimal, Dimensions, Limits, Orientation};

/// What a derivative must not exceed before it is turned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    width: u32,
    height: u32,
    area: u64,
    /// If it is turned by no whole number of quarters, which makes its canvas larger.
    tilt: Option<Tilt>,
}

/// A turn by less than a quarter, and what its canvas must not exceed.
#[derive(Clone, Copy, Debug)]
struct Tilt {
    degrees: f64,
    transposed: bool,
    canvas: Limits,
}

impl Limits {
    /// The size that `full/max/0` has: that of the image, or the largest below it that the limits allow.
    pub fn largest(&self, image: Dimensions) -> Dimensions {
        Bounds::new(self, Orientation::UPRIGHT, Decimal::default()).maximum(image, false)
    }

    /// Whether they allow a picture of this size.
    pub(crate) fn allow(&self, size: Dimensions) -> bool {
        size.width <= self.max_width.get()
            && size.height <= self.max_height.get()
            && size.area() <= self.max_area.get()
    }
}

impl Bounds {
    /// The bounds that keep a derivative within `limits` both when it is scaled (section 4.2) and once it is turned.
    pub(crate) fn new(limits: &Limits, orientation: Orientation, tilt: Decimal) -> Self {
        let (width, height) = (limits.max_width.get(), limits.max_height.get());
        let area = limits.max_area.get();
        if tilt != Decimal::default() {
            let (degrees, transposed) = (tilt.to_f64(), orientation.transposes());
            return Self { width, height, area, tilt: Some(Tilt { degrees, transposed, canvas: *limits }) };
        }
        match orientation.transposes() {
            false => Self { width, height, area, tilt: None },
            true => Self { width: width.min(height), height: width.min(height), area, tilt: None },
        }
    }

    /// These bounds, and a box as well.
    pub(crate) fn and(self, width: u64, height: u64) -> Self {
        let least = |bound: u32, side: u64| u32::try_from(side).map_or(bound, |side| bound.min(side));
        Self { width: least(self.width, width), height: least(self.height, height), ..self }
    }

    /// This size, if it is within the bounds.
    pub(crate) fn admit(self, width: u64, height: u64) -> Option<Dimensions> {
        let size = Dimensions::new(u32::try_from(width).ok()?, u32::try_from(height).ok()?);
        let fits = size.width <= self.width && size.height <= self.height && size.area() <= self.area;
        (fits && self.tilt.is_none_or(|tilt| tilt.admits(size))).then_some(size)
    }

    /// The largest size of this shape. The side that meets its bound is exact, the other is rounded; for a very long
    /// shape it may become zero.
    pub(crate) fn largest(self, shape: Dimensions) -> Dimensions {
        let (width, height) = (u64::from(self.width), u64::from(self.height));
        let fitted = if width * u64::from(shape.height) <= height * u64::from(shape.width) {
            Dimensions::new(self.width, narrowed(proportional(width, shape.height, shape.width)))
        } else {
            Dimensions::new(narrowed(proportional(height, shape.width, shape.height)), self.height)
        };
        let fitted = if fitted.area() <= self.area { fitted } else { self.largest_by_area(shape) };
        match self.tilt {
            Some(tilt) if !tilt.admits(fitted) => tilt.largest(shape, fitted),
            _ => fitted,
        }
    }

    /// What `max` and `^max` mean for this region. The server chooses this size, so it has at least one pixel.
    pub(crate) fn maximum(self, region: Dimensions, upscaling: bool) -> Dimensions {
        let bounds = if upscaling { self } else { self.and(region.width.into(), region.height.into()) };
        let size = bounds.largest(region);
        // A side of one pixel instead of none leaves the other one no more than the whole area.
        let rest = |side: u32| side.max(1).min(narrowed(self.area));
        let size = match (size.width, size.height) {
            (0, height) => Dimensions::new(1, rest(height)),
            (width, 0) => Dimensions::new(rest(width), 1),
            _ => return size,
        };
        match self.tilt {
            Some(tilt) if !tilt.admits(size) => tilt.shortened(size),
            _ => size,
        }
    }

    /// The largest size of this shape where the area binds: long side down, short side by the ratio.
    fn largest_by_area(self, shape: Dimensions) -> Dimensions {
        let upright = shape.height > shape.width;
        let turned = |size: Dimensions| if upright { size.transposed() } else { size };
        let shape = turned(shape);
        let bound = turned(Dimensions::new(self.width, self.height));

        let squared = u128::from(self.area) * u128::from(shape.width) / u128::from(shape.height.max(1));
        let long = u64::try_from(squared.isqrt()).map_or(bound.width, narrowed).min(bound.width).max(1);
        // Rounding up may exceed the area by part of one row; then that row is dropped.
        let short = proportional(long.into(), shape.height, shape.width).min(self.area / u64::from(long));
        turned(Dimensions::new(long, narrowed(short).min(bound.height)))
    }
}

impl Tilt {
    /// Whether the canvas of a picture of this size is within the limits.
    fn admits(&self, size: Dimensions) -> bool {
        let size = if self.transposed { size.transposed() } else { size };
        self.canvas.allow(size.tilted(self.degrees))
    }

    /// The largest size of this shape below `size` whose canvas is within the limits.
    fn largest(&self, shape: Dimensions, size: Dimensions) -> Dimensions {
        let of = |long: u32| match shape.height > shape.width {
            true => Dimensions::new(narrowed(proportional(long.into(), shape.width, shape.height)), long),
            false => Dimensions::new(long, narrowed(proportional(long.into(), shape.height, shape.width))),
        };
        of(last(size.width.max(size.height), |long| self.admits(of(long))))
    }

    /// The longest size below `size`, which is one pixel wide or high, whose canvas is within the limits.
    fn shortened(&self, size: Dimensions) -> Dimensions {
        let of = |long: u32| Dimensions::new(size.width.min(long), size.height.min(long));
        of(last(size.width.max(size.height), |long| self.admits(of(long))))
    }
}

/// The last number from 1 up to `end` that is admitted, where all before it are. One pixel always is: turned, it is one.
fn last(end: u32, admits: impl Fn(u32) -> bool) -> u32 {
    let (mut good, mut bad) = (1, end.max(2));
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if admits(middle) { good = middle } else { bad = middle }
    }
    good
}

/// `side * numerator / denominator` to the nearest whole number, halves up: the other side by the ratio.
pub(crate) fn proportional(side: u64, numerator: u32, denominator: u32) -> u64 {
    let denominator = u128::from(denominator.max(1));
    let rounded = (2 * u128::from(side) * u128::from(numerator) + denominator) / (2 * denominator);
    u64::try_from(rounded).unwrap_or(u64::MAX)
}

fn narrowed(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_of_a_shape() {
        let bounds = |width, height, area| Bounds { width, height, area, tilt: None };
        for (bounds, shape, expected) in [
            (bounds(1000, 1000, 1_000_000), (600, 400), (1000, 667)),
            (bounds(1000, 1000, 1_000_000), (400, 600), (667, 1000)),
            (bounds(200, 1000, 1_000_000), (600, 400), (200, 133)),
            (bounds(360, 360, 1_000_000), (300, 200), (360, 240)),
            // The area binds: 1225 wide would be 816.7 high, and more than a million.
            (bounds(5000, 5000, 1_000_000), (600, 400), (1224, 816)),
            (bounds(5000, 5000, 1_000_000), (1000, 1000), (1000, 1000)),
            (bounds(5000, 5000, 4), (3, 2), (2, 1)),
            (bounds(5000, 5000, 1), (600, 400), (1, 1)),
            (bounds(500, 500, 1_000_000), (10_000, 1), (500, 0)),
            (bounds(u32::MAX, u32::MAX, u64::MAX), (1, u32::MAX), (1, u32::MAX)),
        ] {
            let shape = Dimensions::new(shape.0, shape.1);
            assert_eq!(
                bounds.largest(shape),
                Dimensions::new(expected.0, expected.1),
                "{shape} in {bounds:?}"
            );
        }
    }

    #[test]
    fn the_maximum_has_a_pixel_and_keeps_its_bounds() {
        let long = Dimensions::new(4_000_000_000, 1);
        let area = Bounds { width: u32::MAX, height: u32::MAX, area: 1000, tilt: None };
        assert_eq!(area.maximum(long, false), Dimensions::new(1000, 1));
        assert_eq!(area.maximum(long.transposed(), true), Dimensions::new(1, 1000));
        let sides = Bounds { width: 500, height: 500, area: 1_000_000, tilt: None };
        assert_eq!(sides.maximum(long, true), Dimensions::new(500, 1));
    }
}
