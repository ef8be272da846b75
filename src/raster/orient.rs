//! Mirroring and quarter turns.
//! Pure. Image API 3.0 section 4.3.

use super::{Raster, Sample};
use crate::error::Stopped;
use crate::picture::{Orientation, Rect};
use crate::watch::Watch;

/// The raster mirrored and turned; itself if there is nothing to do.
///
/// # Errors
/// [`Stopped`] if `watch` ends the work.
pub fn orient<S: Sample>(
    raster: Raster<S>,
    orientation: Orientation,
    watch: &Watch,
) -> Result<Raster<S>, Stopped> {
    if orientation == Orientation::UPRIGHT {
        return Ok(raster);
    }
    match raster.channels.count() {
        1 => turned::<S, 1>(&raster, orientation, watch),
        2 => turned::<S, 2>(&raster, orientation, watch),
        3 => turned::<S, 3>(&raster, orientation, watch),
        _ => turned::<S, 4>(&raster, orientation, watch),
    }
}

fn turned<S: Sample, const N: usize>(
    raster: &Raster<S>,
    orientation: Orientation,
    watch: &Watch,
) -> Result<Raster<S>, Stopped> {
    let mut output = Raster::new(orientation.apply_to_size(raster.dimensions), raster.channels);
    // Where the pixel to the right of, and the one below, an output pixel comes from is the same step everywhere.
    let back = orientation.inverse();
    let from = |x, y| {
        let at = back.apply_to_rect(Rect::new(x, y, 1, 1), output.dimensions);
        at.y as isize * raster.dimensions.width as isize + at.x as isize
    };
    let first = from(0, 0);
    let right = if output.dimensions.width > 1 { from(1, 0) - first } else { 0 };
    let down = if output.dimensions.height > 1 { from(0, 1) - first } else { 0 };
    let source = raster.pixels.as_chunks::<N>().0;
    let width = output.dimensions.width as usize;
    for (band, rows) in output.pixels.as_chunks_mut::<N>().0.chunks_mut(width * BLOCK).enumerate() {
        watch.check()?;
        for column in (0..width).step_by(BLOCK) {
            for (y, row) in rows.chunks_exact_mut(width).enumerate() {
                let mut at = first + (band * BLOCK + y) as isize * down + column as isize * right;
                for pixel in &mut row[column..width.min(column + BLOCK)] {
                    *pixel = source[at as usize];
                    at += right;
                }
            }
        }
    }
    Ok(output)
}

/// Side of the squares in which pixels are moved: the rows of one, and the columns that they come from, stay in the
/// first cache.
const BLOCK: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Channels, Dimensions};

    #[test]
    fn every_pixel_goes_where_its_rectangle_goes() {
        let size = Dimensions::new(35, 66);
        let raster =
            Raster::<u16> { dimensions: size, channels: Channels::Gray, pixels: (0..35 * 66).collect() };
        for n in 0..8 {
            let orientation = Orientation { mirrored: n >= 4, quarters: n % 4 };
            let output = orient(raster.clone(), orientation, &Watch::unlimited()).expect("not stopped");
            assert_eq!(output.dimensions, orientation.apply_to_size(size));
            for (y, x) in (0..66).flat_map(|y| (0..35).map(move |x| (y, x))) {
                let to = orientation.apply_to_rect(Rect::new(x, y, 1, 1), size);
                let value = output.pixels[(to.y * output.dimensions.width + to.x) as usize];
                assert_eq!(u32::from(value), y * 35 + x, "{orientation}");
            }
        }
    }

    #[test]
    fn ninety_degrees_is_clockwise() {
        let raster = Raster::<u16> {
            dimensions: Dimensions::new(2, 1),
            channels: Channels::Rgb,
            pixels: vec![1, 2, 3, 4, 5, 6],
        };
        let turn = Orientation { mirrored: true, quarters: 1 };
        let turned = orient(raster, turn, &Watch::unlimited()).expect("not stopped");
        assert_eq!((turned.dimensions, turned.pixels), (Dimensions::new(1, 2), vec![4, 5, 6, 1, 2, 3]));
    }
}
