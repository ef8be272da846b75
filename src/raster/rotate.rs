//! Turns by any angle: bicubic at exact places, with edges smooth to a fraction of a pixel.
//! Pure. Image API 3.0 section 4.3. Quarter turns are in `orient`: they only move pixels.

use super::tone::paper;
use super::{Raster, Sample};
use crate::error::Stopped;
use crate::picture::{Channels, Dimensions};
use crate::watch::Watch;

/// The raster turned clockwise by `degrees`, above 0 and below 90, in the middle of the smallest upright canvas that
/// holds it. Nothing is scaled.
///
/// Where the canvas is empty it is transparent, so that the result has alpha; or, with a `background`, of that colour
/// (its gray, for a gray raster), and the result has none.
///
/// # Errors
/// [`Stopped`] if `watch` ends the work.
pub fn rotate<S: Sample>(
    raster: &Raster<S>,
    degrees: f64,
    background: Option<[u8; 3]>,
    watch: &Watch,
) -> Result<Raster<S>, Stopped> {
    let channels = match (raster.channels.has_colour(), background.is_some()) {
        (true, true) => Channels::Rgb,
        (true, false) => Channels::Rgba,
        (false, true) => Channels::Gray,
        (false, false) => Channels::GrayAlpha,
    };
    let mut output = Raster::new(raster.dimensions.tilted(degrees), channels);
    let paper = background.map(|colour| paper(colour, channels));
    let geometry = Geometry::new(raster.dimensions, output.dimensions, degrees);
    match raster.channels {
        Channels::Gray => fill::<S, 1, 1>(raster, &geometry, paper, &mut output, watch)?,
        Channels::GrayAlpha => fill::<S, 2, 1>(raster, &geometry, paper, &mut output, watch)?,
        Channels::Rgb => fill::<S, 3, 3>(raster, &geometry, paper, &mut output, watch)?,
        Channels::Rgba | Channels::Cmyk => fill::<S, 4, 3>(raster, &geometry, paper, &mut output, watch)?,
    }
    Ok(output)
}

/// Where in the source the middle of an output pixel lies.
struct Geometry {
    sine: f64,
    cosine: f64,
    /// Half the sides of the source and of the canvas.
    source: (f64, f64),
    canvas: (f64, f64),
}

impl Geometry {
    fn new(source: Dimensions, canvas: Dimensions, degrees: f64) -> Self {
        let half = |size: Dimensions| (f64::from(size.width) / 2.0, f64::from(size.height) / 2.0);
        let (sine, cosine) = degrees.to_radians().sin_cos();
        Self { sine, cosine, source: half(source), canvas: half(canvas) }
    }

    /// The place in the source; pixel n of it reaches from n to n + 1.
    fn source_of(&self, x: usize, y: usize) -> (f64, f64) {
        let (x, y) = (x as f64 + 0.5 - self.canvas.0, y as f64 + 0.5 - self.canvas.1);
        (x * self.cosine + y * self.sine + self.source.0, y * self.cosine - x * self.sine + self.source.1)
    }

    /// How much of an output pixel the source covers, 0 to 1, if its middle lies at this place in the source: along
    /// each axis as if it were a square laid parallel to the source.
    fn cover(&self, (x, y): (f64, f64)) -> f32 {
        let along = |at: f64, half: f64| (half + 0.5 - (at - half).abs()).clamp(0.0, 1.0).min(2.0 * half);
        (along(x, self.source.0) * along(y, self.source.1)) as f32
    }
}

/// `N` channels, of which `C` are colours and any other is alpha.
fn fill<S: Sample, const N: usize, const C: usize>(
    source: &Raster<S>,
    geometry: &Geometry,
    paper: Option<[S; 3]>,
    output: &mut Raster<S>,
    watch: &Watch,
) -> Result<(), Stopped> {
    let (width, count) = (output.dimensions.width as usize, output.channels.count());
    let sampler = Sampler::<S, N>::new(source);
    for (y, row) in output.pixels.chunks_exact_mut(width * count).enumerate() {
        watch.check()?;
        for (x, pixel) in row.chunks_exact_mut(count).enumerate() {
            let at = geometry.source_of(x, y);
            let cover = geometry.cover(at);
            let (colours, alpha) = match cover > 0.0 {
                true => sampler.sample::<C>(at),
                false => ([0.0; C], 0.0),
            };
            write(pixel, colours, alpha * cover, paper);
        }
    }
    Ok(())
}

/// Writes colours of which `share` of 1 is left of the pixel.
fn write<S: Sample, const C: usize>(pixel: &mut [S], colours: [f32; C], share: f32, paper: Option<[S; 3]>) {
    let (shown, alpha) = pixel.split_at_mut(C);
    match paper {
        Some(paper) => {
            for ((to, colour), paper) in shown.iter_mut().zip(colours).zip(paper) {
                *to = S::nearest((colour * share + paper.real() * (1.0 - share)).into());
            }
        }
        None => {
            let share = S::nearest((share * S::MAX as f32).into());
            alpha.fill(share);
            let seen = if share == S::default() { 0.0 } else { 1.0 };
            shown.iter_mut().zip(colours).for_each(|(to, colour)| *to = S::nearest((colour * seen).into()));
        }
    }
}

/// Bicubic sampling; beyond its edges the picture goes on as it ends.
struct Sampler<'r, S, const N: usize> {
    pixels: &'r [[S; N]],
    width: usize,
    height: usize,
}

impl<'r, S: Sample, const N: usize> Sampler<'r, S, N> {
    fn new(raster: &'r Raster<S>) -> Self {
        let (width, height) = (raster.dimensions.width as usize, raster.dimensions.height as usize);
        Self { pixels: raster.pixels.as_chunks::<N>().0, width, height }
    }

    /// The colours at a place, 0 to full scale, and the alpha there, 0 to 1. Alpha weighs the colours: what cannot be seen
    /// does not tint its neighbours.
    fn sample<const C: usize>(&self, (x, y): (f64, f64)) -> ([f32; C], f32) {
        let (columns, across) = taps(x, self.width);
        let (rows, down) = taps(y, self.height);
        let (mut colours, mut alpha) = ([0.0_f32; C], 0.0);
        for (row, down) in rows.into_iter().zip(down) {
            let row = &self.pixels[row * self.width..][..self.width];
            for (column, across) in columns.into_iter().zip(across) {
                let pixel = &row[column];
                let weight = down * across * if N > C { pixel[C].real() / S::MAX as f32 } else { 1.0 };
                alpha += weight;
                for (sum, colour) in colours.iter_mut().zip(pixel) {
                    *sum += weight * colour.real();
                }
            }
        }
        // Beside a sharp step the kernel overshoots, below zero and above full scale.
        let whole = if alpha > 1e-4 { alpha } else { f32::INFINITY };
        (colours.map(|sum| (sum / whole).clamp(0.0, S::MAX as f32)), alpha.clamp(0.0, 1.0))
    }
}

/// The four pixels around a place and their weights, which sum to 1 (Catmull and Rom's cubic, as libvips has it).
fn taps(at: f64, side: usize) -> ([usize; 4], [f32; 4]) {
    let first = (at - 0.5).floor();
    let t = (at - 0.5 - first) as f32;
    // Within half a pixel of the picture, whose sides have 31 bits.
    let place = |n: i64| (first as i64 + n).clamp(0, side as i64 - 1) as usize;
    let (square, cube) = (t * t, t * t * t);
    let weights = [
        0.5 * (2.0 * square - cube - t),
        0.5 * (3.0 * cube - 5.0 * square + 2.0),
        0.5 * (4.0 * square - 3.0 * cube + t),
        0.5 * (cube - square),
    ];
    ([place(-1), place(0), place(1), place(2)], weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A smooth picture whose value at any place is known.
    fn smooth(x: f64, y: f64) -> f64 {
        128.0 + 60.0 * (x / 7.0).sin() + 50.0 * (y / 9.0).cos()
    }

    fn picture(width: u32, height: u32) -> Raster {
        let mut raster = Raster::<u8>::new(Dimensions::new(width, height), Channels::Gray);
        for (n, pixel) in raster.pixels.iter_mut().enumerate() {
            let (x, y) = (n % width as usize, n / width as usize);
            *pixel = smooth(x as f64 + 0.5, y as f64 + 0.5).round() as u8;
        }
        raster
    }

    #[test]
    fn every_pixel_is_what_lies_at_its_place() {
        let (width, height) = (90, 61);
        let source = picture(width, height);
        for degrees in [0.3_f64, 12.5, 45.0, 89.0] {
            let turned = rotate(&source, degrees, None, &Watch::unlimited()).expect("not stopped");
            assert_eq!(turned.dimensions, source.dimensions.tilted(degrees), "ROT-30..35");
            let (sine, cosine) = degrees.to_radians().sin_cos();
            let canvas = turned.dimensions;
            let mut seen = 0;
            for (n, pixel) in turned.pixels.as_chunks::<2>().0.iter().enumerate() {
                let x = (n % canvas.width as usize) as f64 + 0.5 - f64::from(canvas.width) / 2.0;
                let y = (n / canvas.width as usize) as f64 + 0.5 - f64::from(canvas.height) / 2.0;
                // Clockwise where y points down: the middle of the right edge moves down.
                let (u, v) = (x * cosine + y * sine + 45.0, -x * sine + y * cosine + 30.5);
                let inside = |at: f64, side: f64| at.min(side - at);
                let depth = inside(u, width.into()).min(inside(v, height.into()));
                if depth > 2.0 {
                    assert_eq!(pixel[1], 255, "{degrees}: {u},{v}");
                    assert!((f64::from(pixel[0]) - smooth(u, v)).abs() < 2.0, "{degrees}: {u},{v}");
                    seen += 1;
                } else if depth < -1.0 {
                    assert_eq!(pixel, &[0, 0], "ROT-36: {degrees}: {u},{v}");
                }
            }
            assert!(seen > 4000);
        }
    }

    #[test]
    fn the_area_is_kept_and_edges_are_half_there() {
        let mut source = Raster::<u8>::new(Dimensions::new(40, 30), Channels::Rgb);
        source.pixels.fill(200);
        for degrees in [10.0, 33.3, 45.0, 80.0] {
            let turned = rotate(&source, degrees, None, &Watch::unlimited()).expect("not stopped");
            let pixels = turned.pixels.as_chunks::<4>().0;
            let area: f64 = pixels.iter().map(|pixel| f64::from(pixel[3]) / 255.0).sum();
            assert!((area - 1200.0).abs() < 8.0, "{degrees}: {area}");
            assert!(pixels.iter().all(|pixel| pixel[3] == 0 || pixel[..3] == [200; 3]), "no dark fringe");
        }
    }

    #[test]
    fn a_background_fills_what_is_empty() {
        let mut source = Raster::<u8>::new(Dimensions::new(20, 20), Channels::Rgba);
        source.pixels.as_chunks_mut::<4>().0.fill([255, 0, 0, 255]);
        source.pixels[..4].fill(0);
        let turned = rotate(&source, 45.0, Some([0, 0, 255]), &Watch::unlimited()).expect("not stopped");
        assert_eq!((turned.channels, turned.dimensions), (Channels::Rgb, Dimensions::new(28, 28)));
        let at = |x: usize, y: usize| &turned.pixels[(y * 28 + x) * 3..][..3];
        assert_eq!((at(0, 0), at(14, 14)), (&[0, 0, 255][..], &[255, 0, 0][..]));
        let gray = rotate(&picture(9, 9), 45.0, Some([255, 0, 0]), &Watch::unlimited()).expect("not stopped");
        assert_eq!((gray.channels, gray.pixels[0]), (Channels::Gray, 76));
    }

    #[test]
    fn thin_pictures_do_not_vanish() {
        let mut line = Raster::<u8>::new(Dimensions::new(50, 1), Channels::Gray);
        line.pixels.fill(255);
        let turned = rotate(&line, 30.0, Some([0; 3]), &Watch::unlimited()).expect("not stopped");
        let light: f64 = turned.pixels.iter().map(|&pixel| f64::from(pixel) / 255.0).sum();
        assert!((light - 50.0).abs() < 5.0, "{light}");
    }
}
