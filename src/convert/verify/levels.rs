//! Each smaller level against the one below it: a pixel is the mean of four, as near as its compression leaves it.

use super::near::Near;
use super::{has_exact_levels, wrong};
use crate::convert::failure::Failure;
use crate::convert::job::Job;
use crate::convert::rows::{Source, decode};
use crate::master::Decoder;
use crate::picture::Rect;
use crate::pyramid::half_of;
use crate::raster::{AnyRaster, Raster, Sample};

/// How a sample may differ from the mean of four.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tolerance {
    /// By the rounding of a mean.
    Rounding,
    /// It is between the least and the greatest of them: a mean of light, or one that is weighted by alpha.
    Between,
    /// By what compression loses.
    Lossy,
}

/// Compares all levels of a result, which have to be halves of each other; those that were taken over, with what they were.
///
/// # Errors
/// [`Failure`] if one is not what it should be, or cannot be read; or if the work is to stop.
pub(super) fn verify(job: &Job, result: &Source) -> Result<(), Failure> {
    let description = &result.master.description;
    let (channels, depth) = (description.channels, description.depth);
    let tolerance = match has_exact_levels(job) {
        false => Tolerance::Lossy,
        true if job.wish.linear || channels.has_alpha() => Tolerance::Between,
        true => Tolerance::Rounding,
    };
    let output = &job.order.output;
    let stored = description.levels.iter().filter(|level| level.is_stored).count();
    for level in 1..stored {
        let (large, small) = (description.levels[level - 1].dimensions, description.levels[level].dimensions);
        if small != half_of(large) {
            return Err(wrong(
                output,
                &format!("level {level} has {small} pixels, and that below it {large}"),
            ));
        }
        if level < job.decision.kept_levels {
            verify_kept(job, result, level)?;
            continue;
        }
        let (mut near, mut decoder) = (Near::new(small.width, channels, depth), Decoder::default());
        result.each_band(level, job.hands, job.stop, |window, found| {
            let below =
                Rect::new(0, 2 * window.y, large.width, (2 * window.height).min(large.height - 2 * window.y));
            let below = decode(&result.master, &mut decoder, level - 1, below, depth);
            let below = below.map_err(|error| wrong(output, &error.to_string()))?;
            result.master.release();
            match compare(&below, &found, tolerance, &mut near) {
                true => Ok(()),
                false => Err(wrong(output, &format!("level {level} is not the mean of the one below it"))),
            }
        })?;
        let why = |why| wrong(output, &format!("level {level}: {why}"));
        near.end().check(job.wish.quality).map_err(why)?;
    }
    Ok(())
}

/// Compares a level that was taken over as it is stored with the same one of the source.
fn verify_kept(job: &Job, result: &Source, level: usize) -> Result<(), Failure> {
    let (source, output, mut decoder) = (&job.source.master, &job.order.output, Decoder::default());
    result.each_band(level, job.hands, job.stop, |window, found| {
        let expected = decode(source, &mut decoder, level, window, source.description.depth);
        let expected = expected.map_err(|error| Failure::of_pixels(&job.order.input, error))?;
        source.release();
        match found == expected {
            true => Ok(()),
            false => Err(wrong(output, &format!("level {level} is not the one of the source"))),
        }
    })
}

/// Whether rows are means of those below, as far as that can be told of each sample; else their means are added to `near`.
fn compare(below: &AnyRaster, found: &AnyRaster, tolerance: Tolerance, near: &mut Near) -> bool {
    match (below, found) {
        (AnyRaster::Eight(below), AnyRaster::Eight(found)) => {
            let means = means(below, found, tolerance);
            means.is_some_and(|means| {
                near.rows(&AnyRaster::Eight(means), &AnyRaster::Eight(found.clone()));
                true
            })
        }
        (AnyRaster::Sixteen(below), AnyRaster::Sixteen(found)) => {
            let means = means(below, found, tolerance);
            means.is_some_and(|means| {
                near.rows(&AnyRaster::Sixteen(means), &AnyRaster::Sixteen(found.clone()));
                true
            })
        }
        _ => false,
    }
}

/// The means of each four pixels of `below`; None if one of `found` is another than it may be.
fn means<S: Sample>(below: &Raster<S>, found: &Raster<S>, tolerance: Tolerance) -> Option<Raster<S>> {
    let (count, length) = (found.channels.count(), below.row_length());
    let rows: Vec<&[S]> = below.pixels.chunks_exact(length).collect();
    let mut means = Raster::new(found.dimensions, found.channels);
    let samples = found.pixels.chunks_exact(found.row_length());
    let out = means.pixels.chunks_exact_mut(found.row_length());
    for (y, (found, out)) in samples.zip(out).enumerate() {
        let (upper, lower) = (rows[2 * y], rows[(2 * y + 1).min(rows.len() - 1)]);
        for (at, (found, out)) in found.iter().zip(out).enumerate() {
            let left = at / count * 2 * count + at % count;
            let right = if left + count < length { left + count } else { left };
            let four = [upper[left], upper[right], lower[left], lower[right]].map(Sample::number);
            let mean = (four.iter().sum::<u32>() + 2) / 4;
            let is_right = match tolerance {
                Tolerance::Rounding => found.number().abs_diff(mean) <= 1,
                Tolerance::Between => {
                    let (least, most) = (four.iter().min(), four.iter().max());
                    least.zip(most).is_some_and(|(least, most)| (*least..=*most).contains(&found.number()))
                }
                Tolerance::Lossy => true,
            };
            if !is_right {
                return None;
            }
            *out = if tolerance == Tolerance::Lossy { S::of(mean) } else { *found };
        }
    }
    Some(means)
}
