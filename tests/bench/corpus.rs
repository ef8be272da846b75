//! The masters of the benchmarks, made once: a wall of 400 megapixels, a page of 24 in three kinds, two photographs
//! without tiles.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use recto::picture::{Channels, Depth, Dimensions};
use recto::pyramid::{self, Compression, Pixels, Settings, Subsampling};

use super::picture;

/// The large master: deflate with predictor.
pub const WALL: &str = "wall-400mp-deflate.tif";
/// Its size.
pub const WALL_SIZE: Dimensions = Dimensions::new(26_720, 15_030);
/// The page: deflate with predictor.
pub const PAGE: &str = "page-deflate.tif";
/// The page as libvips stores it at quality 90: RGB, not subsampled.
pub const PAGE_Q90: &str = "page-jpeg-q90.tif";
/// The page as JPEG of quality 85: YCbCr 4:2:0.
pub const PAGE_Q85: &str = "page-jpeg-q85.tif";
/// Its size.
pub const PAGE_SIZE: Dimensions = Dimensions::new(4000, 6000);
/// A photograph as cameras store it: a JPEG of quality 90, 4:2:0.
pub const PHOTO: &str = "photo-12mp.jpg";
/// Its size.
pub const PHOTO_SIZE: Dimensions = Dimensions::new(4000, 3000);
/// A larger one.
pub const LARGE_PHOTO: &str = "photo-48mp.jpg";
/// Its size.
pub const LARGE_PHOTO_SIZE: Dimensions = Dimensions::new(8000, 6000);
/// Side of all tiles.
pub const TILE: u32 = 256;

/// Where the benchmarks write.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench")
}

/// Makes the page, if it is not yet there; the directory that holds all masters.
pub fn page() -> Result<PathBuf> {
    let masters = directory().join("masters");
    fs::create_dir_all(&masters).with_context(|| format!("cannot make {}", masters.display()))?;
    paint(&masters.join(PAGE), PAGE_SIZE, Compression::Deflate { level: 6 })?;
    Ok(masters)
}

/// Makes the masters that are not yet there; the directory that holds them.
pub fn build() -> Result<PathBuf> {
    let masters = page()?;
    paint(&masters.join(WALL), WALL_SIZE, Compression::Deflate { level: 6 })?;
    paint(
        &masters.join(PAGE_Q85),
        PAGE_SIZE,
        Compression::Jpeg { quality: 85, subsampling: Subsampling::S420 },
    )?;
    let pyramid = "--tile --pyramid --tile-width=256 --tile-height=256 --compression=jpeg --Q=90";
    convert(&masters.join(PAGE), &masters.join(PAGE_Q90), "tiffsave", pyramid)?;
    for (photo, size) in [(PHOTO, PHOTO_SIZE), (LARGE_PHOTO, LARGE_PHOTO_SIZE)] {
        let negative = directory().join("negative.tif");
        if !masters.join(photo).exists() {
            paint(&negative, size, Compression::Deflate { level: 1 })?;
            convert(&negative, &masters.join(photo), "jpegsave", "--Q=90 --subsample-mode=on")?;
            fs::remove_file(negative)?;
        }
    }
    Ok(masters)
}

fn paint(target: &Path, size: Dimensions, compression: Compression) -> Result<()> {
    if target.exists() {
        return Ok(());
    }
    let pixels = Pixels { size, channels: Channels::Rgb, depth: Depth::Eight };
    let settings = Settings { tile_side: TILE, ..Settings::new(pixels, compression) };
    let bar = ProgressBar::new(size.height.into());
    bar.set_style(ProgressStyle::with_template("{msg} {wide_bar} {percent:>3} % {eta:>4}")?);
    bar.set_message(target.display().to_string());
    if bar.is_hidden() {
        eprintln!("making {} of {size} pixels", target.display());
    }
    let source = |first: u32, rows: &mut [u8]| {
        picture::paint(first, size.width, rows);
        Ok(())
    };
    pyramid::write(target, &settings, source, |rows| bar.set_position(rows.into()))?;
    bar.finish_and_clear();
    Ok(())
}

/// The same pixels in another writer's kind of file.
pub fn convert(source: &Path, target: &Path, operation: &str, options: &str) -> Result<()> {
    if target.exists() {
        return Ok(());
    }
    let extension = target.extension().and_then(|extension| extension.to_str()).context("no extension")?;
    let unfinished = target.with_extension(format!("unfinished.{extension}"));
    let mut command = Command::new("vips");
    let status = command
        .arg(operation)
        .args([source, &unfinished])
        .args(options.split(' ').filter(|option| !option.is_empty()))
        .status();
    let status =
        status.context("vips cannot be run. `make bench` installs it; its package is libvips-tools")?;
    ensure!(status.success(), "vips could not make {}: {status}", target.display());
    fs::rename(&unfinished, target)?;
    Ok(())
}
