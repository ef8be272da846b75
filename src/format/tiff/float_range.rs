//! What black and white are in floating point, where the file does not say: 0 and 1, as TIFF readers agree, but there
//! are programs that keep the numbers of 8 or 16 bits. Judged once for all levels, by the smallest.
//! Pure on the bytes of the file.

use super::image::Image;
use super::values::{Photometric, SampleFormat};
use super::window::{WindowDecoder, ranges};
use crate::error::MasterError;
use crate::ifd::File;
use crate::picture::Rect;

/// The pixels that are sampled lie in a square of this side, in the middle.
const SIDE: u32 = 512;

/// Numbers up to twice the greatest of 16 bits are distinguished.
const TOP: f64 = 131_070.0;

/// Gives all `levels` the range 0 to 255, or 0 to 65535, if their numbers are plainly such.
pub(super) fn settle(file: &File, levels: &mut [Image]) {
    let Some(smallest) = levels.last().filter(|image| is_open(image)) else { return };
    // Damage is reported when the pixels are requested.
    let Ok(Some(white)) = white(file, smallest) else { return };
    log::info!("floating point numbers are taken for 0 to {white}: they are too great for 0 to 1");
    levels.iter_mut().filter(|image| is_open(image)).for_each(|image| image.pixel.range = Some((0.0, white)));
}

/// Whether its numbers have a range that no tag states.
fn is_open(image: &Image) -> bool {
    let pixel = &image.pixel;
    let has_colours = matches!(pixel.photometric, Photometric::BlackIsZero | Photometric::Rgb);
    pixel.format == SampleFormat::Float && pixel.range.is_none() && has_colours
}

/// The greatest number, if all are plainly of 8 or of 16 bits: nine in ten of those that are not 0 are greater than 1,
/// which they are not where lights are brighter than white; and they come near to the greatest.
fn white(file: &File, image: &Image) -> Result<Option<f64>, MasterError> {
    let fine = read(file, image, TOP / 512.0)?;
    let (small, great) = (count(&fine, 1..=256), count(&fine, 257..=u16::MAX));
    if great <= 9 * small {
        return Ok(None);
    }
    let greatest = read(file, image, TOP)?.into_iter().max().unwrap_or(0);
    // In steps of two.
    Ok(match greatest {
        32..=128 => Some(255.0),
        8192..=32_768 => Some(65_535.0),
        _ => None,
    })
}

fn count(samples: &[u16], range: std::ops::RangeInclusive<u16>) -> usize {
    samples.iter().filter(|sample| range.contains(sample)).count()
}

/// Samples from the middle of an image as shares of 65535, which stands for `white` and more.
fn read(file: &File, image: &Image, white: f64) -> Result<Vec<u16>, MasterError> {
    let mut image = image.clone();
    image.pixel.range = Some((0.0, white));
    let size = image.dimensions;
    let (width, height) = (size.width.min(SIDE), size.height.min(SIDE));
    let window = Rect::new((size.width - width) / 2, (size.height - height) / 2, width, height);
    file.announce(&ranges(file, &image, window)?)?;
    Ok(WindowDecoder::default().decode::<u16>(file, &image, window)?.pixels)
}
