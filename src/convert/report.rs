//! What was done to a file: plain values, which `--json` prints.

use std::path::PathBuf;

use serde::Serialize;

use super::decision::Way;

/// What was done to a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What was read.
    pub input: PathBuf,
    /// The page of it, from 1.
    pub page: u32,
    /// What was written; None if nothing.
    pub output: Option<PathBuf>,
    /// What was done.
    pub way: Way,
    /// Why so.
    pub why: String,
    /// What is to be known of the result besides.
    pub notes: Vec<String>,
    /// Width of the picture as it is stored.
    pub width: u32,
    /// Height of the picture as it is stored.
    pub height: u32,
    /// How its smaller levels, or all of them, are compressed.
    pub compression: &'static str,
    /// Width and height of a tile.
    pub tile_side: u32,
    /// How many levels it has.
    pub levels: usize,
    /// Bytes of the file that was read.
    pub bytes_in: u64,
    /// Bytes of the file that was written.
    pub bytes_out: u64,
    /// Whether it is a BigTIFF.
    pub big: bool,
    /// What comparing it with its source has shown, if that was wished for.
    pub verified: Option<Verified>,
    /// How long it took.
    pub seconds: f64,
}

/// What comparing a result with its source has shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verified {
    /// The checksum of its pixels, which is recorded in it.
    pub pixels: String,
    /// Whether all pixels of the full level are those of the source.
    pub exact: bool,
    /// Peak signal-to-noise ratio of the full level in decibels; None if it is exact.
    pub psnr: Option<f64>,
    /// The same of the worst block of 64 by 64 pixels.
    pub worst_block: Option<f64>,
}
