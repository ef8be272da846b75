//! A result that is decoded and compared with its source, before it has its name: exactly where nothing may be lost,
//! else within what its compression may lose. Each smaller level is compared with the one below it.

mod levels;
mod near;

use std::path::Path;

use super::decision::Way;
use super::failure::{Blame, Failure};
use super::job::Job;
use super::report::Verified;
use super::rows::{Source, decode};
use super::wish::{Compression, Container};
use crate::master::Decoder;
use crate::picture::Rect;
use crate::raster::{AnyRaster, Checksum, Raster, Sample};
use near::Near;

/// Which pixels have to be those of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exact {
    /// All.
    Everywhere,
    /// All but those at the edges of tiles of so many pixels, beyond which a decoder does not see the colours.
    Inside(u32),
    /// None.
    Nowhere,
}

impl Exact {
    fn of(job: &Job) -> Self {
        let decision = job.decision;
        match decision.way {
            Way::CarryCoefficients => Self::Inside(decision.tile_side),
            Way::Encode if !job.is_lossless() => Self::Nowhere,
            Way::Encode | Way::CarryTiles | Way::LeaveAlone => Self::Everywhere,
        }
    }

    fn is_here(self, x: u32, y: u32) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Inside(side) => [x, y].iter().all(|at| !matches!(at % side, 0) && at % side != side - 1),
            Self::Nowhere => false,
        }
    }
}

/// Compares the file at `path` with the source that it was made of.
///
/// # Errors
/// [`Failure`] if it is not what it should be, or either cannot be read; or if the work is to stop.
pub(super) fn verify(job: &Job, path: &Path) -> Result<Verified, Failure> {
    let output = &job.order.output;
    let result = Source::open(path, 1).map_err(|failure| wrong(output, &failure.cause))?;
    let (is, was) = (result.pixels(), job.source.pixels());
    if is != was {
        return Err(wrong(output, &format!("it has {is:?}, its source {was:?}")));
    }
    let exact = Exact::of(job);
    let mut near = Near::new(was.size.width, was.channels, was.depth);
    let mut checksum = Checksum::new(was.size, was.channels, was.depth);
    let mut decoder = Decoder::default();
    job.source.each_band(0, job.hands, job.stop, |window, expected| {
        let found = decode(&result.master, &mut decoder, 0, window, was.depth);
        let found = found.map_err(|error| wrong(output, &error.to_string()))?;
        result.master.release();
        checksum.rows(&found);
        if found == expected {
            near.same(window.height);
            return Ok(());
        }
        if let Some(place) = first_difference(exact, window, &expected, &found) {
            return Err(wrong(output, &place));
        }
        near.rows(&expected, &found);
        Ok(())
    })?;
    let near = near.end();
    near.check(job.wish.quality).map_err(|why| wrong(output, &why))?;
    // What JPEG 2000 has of smaller levels is what its only codestream gives.
    if job.wish.container == Container::Tiff {
        levels::verify(job, &result)?;
    }
    Ok(Verified {
        pixels: checksum.end(),
        exact: near.is_exact(),
        psnr: near.psnr(),
        worst_block: near.worst_block(),
    })
}

/// The result is not what it should be.
fn wrong(output: &Path, why: &str) -> Failure {
    Failure::new(
        output,
        Blame::Recto,
        format!("what was written is not what was read, and is not kept: {why}"),
    )
}

/// The first pixel that differs where it may not, in words.
fn first_difference(exact: Exact, window: Rect, expected: &AnyRaster, found: &AnyRaster) -> Option<String> {
    match (expected, found) {
        (AnyRaster::Eight(expected), AnyRaster::Eight(found)) => first_of(exact, window, expected, found),
        (AnyRaster::Sixteen(expected), AnyRaster::Sixteen(found)) => first_of(exact, window, expected, found),
        _ => Some("its samples have another depth".to_owned()),
    }
}

fn first_of<S: Sample>(
    exact: Exact,
    window: Rect,
    expected: &Raster<S>,
    found: &Raster<S>,
) -> Option<String> {
    if exact == Exact::Nowhere {
        return None;
    }
    let count = expected.channels.count();
    let pairs = expected.pixels.chunks_exact(count).zip(found.pixels.chunks_exact(count));
    let places = (window.y..window.bottom()).flat_map(|y| (window.x..window.right()).map(move |x| (x, y)));
    let mut different = pairs.zip(places).filter(|((was, is), (x, y))| was != is && exact.is_here(*x, *y));
    different.next().map(|((was, is), (x, y))| format!("the pixel at {x},{y} was {was:?} and is {is:?}"))
}

/// Whether the smaller levels are compressed without loss.
fn has_exact_levels(job: &Job) -> bool {
    job.decision.way != Way::CarryCoefficients
        && job.decision.compression.is_lossless()
        && job.decision.compression != Compression::WebPLossless
}
