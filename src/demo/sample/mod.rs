//! The masters of the demo: an engraved chart of 44 megapixels, and a leaf of a manuscript.
//! Everything in them is computed: no picture is shipped, and every machine makes the same one.
//! The chart is stored as JPEG, as photographs are; the leaf without loss, as an archive would.

// Colours and places are small numbers: what is cut off from a float here is its fraction.
#![allow(clippy::cast_possible_truncation)]

mod chart;
mod compass;
mod labels;
mod leaf;
mod lettering;
mod noise;
mod paint;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

use self::compass::Compass;
use self::paint::{Drawing, STRIP_ROWS};
use crate::picture::{Channels, Depth, Dimensions};
use crate::pyramid::{self, Compression, Pixels, Settings, Subsampling};

const TILE_SIDE: u32 = 256;

/// Makes the sample masters that are not yet in `dir`, and returns the paths of all of them.
///
/// # Errors
/// When the directory cannot be made, or a file cannot be written.
pub(super) fn write_all(dir: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make the directory {}", dir.display()))?;
    let (chart_file, leaf_file) = (dir.join("chart.tif"), dir.join("leaf-12r.tif"));
    if !chart_file.exists() || !leaf_file.exists() {
        eprintln!(
            "making sample masters in {}, once: 33 MB, some 20 s of two processors with little else to do",
            dir.display()
        );
    }
    if !chart_file.exists() {
        let compass = Compass { center: labels::open_sea() };
        let ground = |first: u32, rows: &mut [u8]| chart::paint(&compass, first, rows);
        let compression = Compression::Jpeg { quality: 88, subsampling: Subsampling::S420 };
        write_one(&chart_file, chart::SIZE, compression, ground, &labels::draw(&compass))?;
    }
    if !leaf_file.exists() {
        write_one(&leaf_file, leaf::SIZE, Compression::Deflate { level: 6 }, leaf::paint, &leaf::draw())?;
    }
    Ok(vec![chart_file, leaf_file])
}

/// Paints a picture strip by strip, the ground first and the drawing on it, into a pyramid.
fn write_one(
    target: &Path,
    size: Dimensions,
    compression: Compression,
    ground: impl Fn(u32, &mut [u8]) + Sync,
    drawing: &Drawing,
) -> Result<()> {
    // A band is a row of tiles: whole strips, so that a strip of the drawing is a strip of the band.
    const { assert!(TILE_SIDE.is_multiple_of(STRIP_ROWS)) };
    let pixels = Pixels { size, channels: Channels::Rgb, depth: Depth::Eight };
    let settings = Settings { tile_side: TILE_SIDE, ..Settings::new(pixels, compression) };
    let width = size.width as usize;
    let paint = |first: u32, strip: &mut [u8]| {
        ground(first, strip);
        drawing.paint(first, width, strip);
    };
    let progress = Progress::start(target, size);
    pyramid::write(
        target,
        &settings,
        |first, band| {
            paint_strips(first, width, band, &paint);
            Ok(())
        },
        |rows| progress.bar.set_position(u64::from(rows)),
    )?;
    progress.end(target);
    Ok(())
}

/// Paints the strips of a band on all cores; whoever is free takes the next one.
fn paint_strips(first: u32, width: usize, band: &mut [u8], paint: &(impl Fn(u32, &mut [u8]) + Sync)) {
    let strips = band.chunks_mut(width * 3 * STRIP_ROWS as usize);
    let queue = Mutex::new((first..).step_by(STRIP_ROWS as usize).zip(strips));
    let take = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some((row, strip)) = take() {
                    paint(row, strip);
                }
            });
        }
    });
}

/// A bar on a terminal; elsewhere one line at the start and one at the end.
struct Progress {
    bar: ProgressBar,
}

impl Progress {
    fn start(target: &Path, size: Dimensions) -> Self {
        let bar = ProgressBar::new(u64::from(size.height));
        let template = "{msg} {wide_bar} {percent:>3} % {eta:>4}";
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_message(target.display().to_string());
        if bar.is_hidden() {
            eprintln!("making {} of {size} pixels", target.display());
        }
        Self { bar }
    }

    fn end(&self, target: &Path) {
        let took = self.bar.elapsed().as_secs_f32();
        self.bar.finish_and_clear();
        eprintln!("made {} in {took:.1} s", target.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_do_not_depend_on_how_they_are_cut() {
        let row = leaf::SIZE.width as usize * 3;
        let mut whole = vec![0; row * 64];
        paint_strips(640, row / 3, &mut whole, &leaf::paint);
        let mut one = vec![0; row];
        leaf::paint(640 + 45, &mut one);
        assert_eq!(one, whole[45 * row..46 * row]);
        let compass = Compass { center: (6000.0, 4000.0) };
        let row = chart::SIZE.width as usize * 3;
        let (mut two, mut second) = (vec![0; 2 * row], vec![0; row]);
        chart::paint(&compass, 3000, &mut two);
        chart::paint(&compass, 3001, &mut second);
        assert_eq!(second, two[row..]);
    }

    #[test]
    fn masters_that_are_there_stay() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["chart.tif", "leaf-12r.tif"] {
            fs::write(dir.path().join(name), name).unwrap();
        }
        for path in write_all(dir.path()).unwrap() {
            assert_eq!(fs::read_to_string(&path).unwrap(), path.file_name().unwrap().to_str().unwrap());
        }
    }
}
