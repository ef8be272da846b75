//! Planes of samples as a raster: palette, depth, subsampling, colour model and alpha.
//! Pure. The only place where depths become those of a raster: [`sample`].

use super::{Pixel, Source};
use crate::format::jp2::file::{Luma, Space};
use crate::format::tiff::srgb_of_lab;
use crate::raster::{Raster, Sample, light};
use recto_jp2::{Component, Plane, Rect};

/// Channels of a pixel, at most: four inks and alpha.
const MAX_CHANNELS: usize = 5;

/// Decoded components and the part of the picture to draw from them.
pub(crate) struct Samples<'a> {
    /// What a pixel is made of.
    pub pixel: &'a Pixel,
    /// The components as the main header describes them.
    pub components: &'a [Component],
    /// Their samples, none of them empty.
    pub planes: &'a [Plane],
    /// Columns and rows of the reference grid for each of the picture.
    pub step: (u32, u32),
    /// The part, on the picture's grid, which is the reference grid divided by `step` and reduced.
    pub window: Rect,
}

impl Samples<'_> {
    /// Draws the window into a raster of as many rows, from its column `left` on.
    pub(crate) fn draw<S: Sample>(&self, raster: &mut Raster<S>, left: u32) {
        let sources = || self.pixel.colours.iter().chain(&self.pixel.alpha);
        let mut rooms: [Vec<u16>; MAX_CHANNELS] = Default::default();
        for row in 0..self.window.height {
            let mut codes = [&[][..]; MAX_CHANNELS];
            for ((codes, room), source) in codes.iter_mut().zip(&mut rooms).zip(sources()) {
                *codes = self.read_row(source, self.window.y + row, room);
            }
            self.write_row(codes, raster.row_mut(row, left, self.window.width));
        }
    }

    /// The codes of a channel in one row of the window, 0 to the greatest of its precision: those of a plane as they are,
    /// or others in `room`. Where a component is subsampled, each of its samples stands for the pixels from its own place
    /// to the next.
    fn read_row<'a>(&'a self, source: &Source, y: u32, room: &'a mut Vec<u16>) -> &'a [u16] {
        let (plane, component) = (&self.planes[source.component], &self.components[source.component]);
        let Rect { x: left, y: top, width, height } = plane.rect;
        let place = |at: u32, step: u32, own: u32, first: u32, count: u32| {
            let on_own = u64::from(at) * u64::from(step) / u64::from(own);
            on_own.saturating_sub(first.into()).min(u64::from(count) - 1) as usize
        };
        let row = plane.row(top + place(y, self.step.1, component.dy, top, height) as u32);
        let column = |x: u32| place(x, self.step.0, component.dx, left, width);
        let first = column(self.window.x);
        let stored = (component.dx == self.step.0).then(|| &row[first..first + self.window.width as usize]);
        let palette = self.pixel.palette.as_ref().zip(source.column);
        if let (Some(codes), None) = (stored, palette) {
            return codes;
        }
        room.clear();
        match stored {
            Some(codes) => room.extend_from_slice(codes),
            None => room.extend((self.window.x..self.window.right()).map(|x| row[column(x)])),
        }
        if let Some((palette, column)) = palette {
            let least = component.least();
            let value = |code: u16| palette.value(i32::from(code) + least, column);
            room.iter_mut().for_each(|code| *code = value(*code));
        }
        room
    }

    /// Codes, one row of each channel and alpha last, as pixels.
    fn write_row<S: Sample>(&self, codes: [&[u16]; MAX_CHANNELS], row: &mut [S]) {
        let stride = self.pixel.channels().count();
        let colours = &self.pixel.colours;
        let value = |channel: usize, x: usize| sample::<S>(codes[channel][x], colours[channel].precision);
        match &self.pixel.space {
            Space::WhiteIsZero => write_pixels(row, stride, |x| [inverse(value(0, x))]),
            Space::Sycc => write_pixels(row, stride, |x| srgb_of_sycc([0, 1, 2].map(|n| value(n, x)))),
            Space::Video(luma) => {
                let signals = |x: usize| [0, 1, 2].map(|n| video(codes[n][x], colours[n].precision));
                write_pixels(row, stride, |x| srgb_of_video(signals(x), *luma));
            }
            Space::ESrgb => {
                let shown = |x: usize, n: usize| srgb_of_esrgb(codes[n][x], colours[n].precision);
                write_pixels(row, stride, |x| [0, 1, 2].map(|n| shown(x, n)));
            }
            Space::Cmy => write_pixels(row, stride, |x| [0, 1, 2].map(|n| inverse(value(n, x)))),
            Space::Ycck => {
                let light_of_inks = |x| srgb_of_sycc([0, 1, 2].map(|n| value(n, x)));
                match self.pixel.alpha {
                    None => write_pixels(row, stride, |x| {
                        let [c, m, y] = light_of_inks(x).map(inverse);
                        [c, m, y, value(3, x)]
                    }),
                    Some(_) => write_pixels(row, stride, |x| {
                        light_of_inks(x).map(|left| light(inverse(left), value(3, x)))
                    }),
                }
            }
            // The appearance of inks is left to a colour profile, once alpha is resolved.
            Space::Cmyk if self.pixel.alpha.is_some() => {
                write_pixels(row, stride, |x| [0, 1, 2].map(|n| light(value(n, x), value(3, x))));
            }
            Space::Lab(ranges) => {
                let most = [0, 1, 2].map(|n| greatest(colours[n].precision));
                write_pixels(row, stride, |x| srgb_of_lab(ranges.lab([0, 1, 2].map(|n| codes[n][x]), most)));
            }
            Space::Gray | Space::Rgb | Space::Romm | Space::Cmyk => {
                for (channel, source) in colours.iter().enumerate() {
                    write_channel(codes[channel], source.precision, &mut row[channel..], stride);
                }
            }
        }
        if let Some(alpha) = self.pixel.alpha {
            write_channel(codes[colours.len()], alpha.precision, &mut row[stride - 1..], stride);
            if self.pixel.premultiplied {
                row.chunks_exact_mut(stride).for_each(unmultiply);
            }
        }
    }
}

/// The colours of every pixel, which are its first `N` channels.
fn write_pixels<S: Sample, const N: usize>(row: &mut [S], stride: usize, colour: impl Fn(usize) -> [S; N]) {
    for (x, out) in row.chunks_exact_mut(stride).enumerate() {
        out[..N].copy_from_slice(&colour(x));
    }
}

/// One channel into every place that is a multiple of `stride`.
fn write_channel<S: Sample>(codes: &[u16], precision: u8, row: &mut [S], stride: usize) {
    let row = row.iter_mut().step_by(stride).zip(codes);
    match precision {
        // A loop without a choice in it.
        8 => row.for_each(|(out, code)| *out = S::of_8(*code as u8)),
        _ => row.for_each(|(out, code)| *out = sample(*code, precision)),
    }
}

/// A code as the nearest sample.
fn sample<S: Sample>(code: u16, precision: u8) -> S {
    let most = greatest(precision);
    match precision {
        8 => S::of_8(code as u8),
        16 => S::of_16(code),
        // Both are at most 16 bits, so that their product fits.
        _ => S::of((u32::from(code) * S::MAX + most / 2) / most),
    }
}

fn inverse<S: Sample>(sample: S) -> S {
    S::of(S::MAX - sample.number())
}

/// The greatest code of so many bits, at most 16.
fn greatest(precision: u8) -> u32 {
    (1 << precision) - 1
}

/// IEC 61966-2-1 amendment 1: the matrix of ITU-R BT.601, full range.
fn srgb_of_sycc<S: Sample>([y, cb, cr]: [S; 3]) -> [S; 3] {
    let middle = (S::MAX / 2 + 1) as f32;
    let (y, cb, cr) = (y.real(), cb.real() - middle, cr.real() - middle);
    let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
    rgb.map(|value| S::nearest(value.into()))
}

/// A code of video as a part of the way from its black to its white, 16 to 235 of 256 (ITU-R BT.601 and BT.709).
fn video(code: u16, precision: u8) -> f64 {
    (f64::from(code) * 256.0 / f64::from(greatest(precision) + 1) - 16.0) / 219.0
}

/// ITU-R BT.709 section 3, with the weights of either standard. Differences go from 16 to 240, with 128 in the middle.
fn srgb_of_video<S: Sample>([y, cb, cr]: [f64; 3], luma: Luma) -> [S; 3] {
    let [cb, cr] = [cb, cr].map(|signal| (signal * 219.0 - 112.0) / 224.0);
    let (red, blue) = (y + 2.0 * (1.0 - luma.red) * cr, y + 2.0 * (1.0 - luma.blue) * cb);
    let green = (y - luma.red * red - luma.blue * blue) / (1.0 - luma.red - luma.blue);
    [red, green, blue].map(|value| S::nearest(value * f64::from(S::MAX)))
}

/// PIMA 7667: of 10 bits, black is 384 and white 894. What is outside sRGB becomes its nearest.
fn srgb_of_esrgb<S: Sample>(code: u16, precision: u8) -> S {
    let of_ten = f64::from(code) * 1024.0 / f64::from(greatest(precision) + 1);
    S::nearest((of_ten - 384.0) / 510.0 * f64::from(S::MAX))
}

/// Colours as they were before they were multiplied with alpha, which is last.
fn unmultiply<S: Sample>(pixel: &mut [S]) {
    let Some((alpha, colours)) = pixel.split_last_mut() else { return };
    let alpha = alpha.number();
    for colour in colours {
        // Of 16 bits this is just below 2^32.
        *colour = match alpha {
            0 => S::default(),
            _ => S::of(((colour.number() * S::MAX + alpha / 2) / alpha).min(S::MAX)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::jp2::file::{LabRanges, Palette};
    use crate::picture::Dimensions;

    fn source(component: usize, precision: u8) -> Source {
        Source { component, column: None, precision }
    }

    fn pixel(space: Space, precision: u8) -> Pixel {
        let colours = (0..space.channels()).map(|n| source(n, precision)).collect();
        Pixel { space, colours, alpha: None, premultiplied: false, palette: None, profile: None }
    }

    /// The pixels that planes of one row make; the second number of each is how it is subsampled across.
    fn check(pixel: &Pixel, planes: &[(&[u16], u32)], width: u32, expected: &[u8]) {
        let component =
            |&(_, dx): &(&[u16], u32)| Component { precision: 8, signed: pixel.palette.is_some(), dx, dy: 1 };
        let plane = |(samples, _): &(&[u16], u32)| Plane {
            rect: Rect::new(0, 0, u32::try_from(samples.len()).expect("few"), 1),
            samples: samples.to_vec(),
        };
        let samples = Samples {
            pixel,
            components: &planes.iter().map(component).collect::<Vec<_>>(),
            planes: &planes.iter().map(plane).collect::<Vec<_>>(),
            step: (1, 1),
            window: Rect::new(0, 0, width, 1),
        };
        let mut raster = Raster::<u8>::new(Dimensions::new(width, 1), pixel.channels());
        samples.draw(&mut raster, 0);
        assert_eq!(raster.pixels, expected, "{:?}", pixel.space);
    }

    #[test]
    fn every_depth_reaches_both_ends() {
        for (precision, codes, levels) in [
            (1, [0, 1, 1, 1], [0, 255, 255, 255]),
            (4, [0, 1, 8, 15], [0, 17, 136, 255]),
            (8, [0, 77, 254, 255], [0, 77, 254, 255]),
            (12, [0, 8, 2048, 4095], [0, 0, 128, 255]),
            (16, [128, 129, 65_406, 65_535], [0, 1, 254, 255]),
        ] {
            check(&pixel(Space::Gray, precision), &[(&codes, 1)], 4, &levels);
        }
    }

    #[test]
    fn colour_models() {
        check(&pixel(Space::WhiteIsZero, 1), &[(&[0, 1], 1)], 2, &[255, 0]);
        check(&pixel(Space::Cmy, 8), &[(&[0], 1), (&[255], 1), (&[55], 1)], 1, &[255, 0, 200]);
        check(&pixel(Space::Cmyk, 8), &[(&[1], 1), (&[2], 1), (&[3], 1), (&[4], 1)], 1, &[1, 2, 3, 4]);
        let lab = pixel(Space::Lab(LabRanges(None)), 8);
        check(&lab, &[(&[255, 0], 1), (&[128, 128], 1), (&[96, 96], 1)], 2, &[255, 255, 255, 0, 0, 0]);
        // Red of sRGB is 76, 85, 255 (BT.601, rounded): the way back is off by the rounding.
        let sycc = pixel(Space::Sycc, 8);
        check(&sycc, &[(&[76, 200], 1), (&[85, 128], 1), (&[255, 128], 1)], 2, &[254, 0, 0, 200, 200, 200]);
    }

    #[test]
    fn colour_models_of_television_and_of_extensions() {
        let three = |space: Space, codes: [[u16; 2]; 3], expected: [u8; 6]| {
            let planes = codes.each_ref().map(|codes| (&codes[..], 1));
            let precision = if codes.as_flattened().iter().any(|code| *code > 255) { 10 } else { 8 };
            check(&pixel(space, precision), &planes, 2, &expected);
        };
        let (older, newer) = (Luma { red: 0.299, blue: 0.114 }, Luma { red: 0.2126, blue: 0.0722 });
        // Black and white; red by BT.601 and by BT.709 (75 % and 100 % bars as television tables have them).
        three(Space::Video(older), [[16, 235], [128, 128], [128, 128]], [0, 0, 0, 255, 255, 255]);
        three(Space::Video(older), [[81, 0], [90, 128], [240, 128]], [254, 0, 0, 0, 0, 0]);
        three(Space::Video(newer), [[63, 255], [102, 128], [240, 128]], [255, 1, 0, 255, 255, 255]);
        three(Space::Video(newer), [[64, 940], [512, 512], [512, 512]], [0, 0, 0, 255, 255, 255]);
        three(Space::ESrgb, [[384, 894], [639, 0], [384, 1023]], [0, 128, 0, 255, 0, 255]);
        // Red of 76, 85, 255 leaves no cyan.
        let inks: [(&[u16], u32); 4] = [(&[76], 1), (&[85], 1), (&[255], 1), (&[9], 1)];
        check(&pixel(Space::Ycck, 8), &inks, 1, &[1, 255, 255, 9]);
    }

    #[test]
    fn subsampled_components_stand_for_several_pixels() {
        let expected = [1, 10, 10, 2, 10, 10, 3, 20, 20];
        check(&pixel(Space::Rgb, 8), &[(&[1, 2, 3], 1), (&[10, 20], 2), (&[10, 20], 2)], 3, &expected);
    }

    #[test]
    fn palettes_are_looked_up_by_samples_not_codes() {
        // Components are signed here: the code 128 is the sample 0.
        let palette = Palette::read(&[0, 3, 1, 7, 10, 20, 30]).expect("a palette");
        let mut pixel = Pixel { palette: Some(palette), ..pixel(Space::Gray, 8) };
        pixel.colours[0].column = Some(0);
        check(&pixel, &[(&[0, 128, 129, 130, 255], 1)], 5, &[10, 10, 20, 30, 30]);
        check(&pixel, &[(&[129, 130], 2)], 4, &[20, 20, 30, 30]);
    }

    #[test]
    fn alpha_is_last_and_undone() {
        let mut alpha = pixel(Space::Gray, 8);
        alpha.alpha = Some(source(1, 4));
        check(&alpha, &[(&[100, 50], 1), (&[15, 0], 1)], 2, &[100, 255, 50, 0]);
        alpha.premultiplied = true;
        check(&alpha, &[(&[40, 50, 200], 1), (&[5, 0, 5], 1)], 3, &[120, 85, 0, 0, 255, 85]);
    }
}
