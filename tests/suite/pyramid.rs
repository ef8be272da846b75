//! The pyramid writer judged by others: libvips must read every level, and libtiff find nothing to complain of.

#![allow(clippy::cast_possible_truncation)] // made-up pixels, all in range

use std::fs;
use std::path::Path;
use std::process::Command;

use recto::picture::Dimensions;
use recto::pyramid::{self, Compression, Samples, Settings};

const SIZE: Dimensions = Dimensions::new(1003, 677);

/// Smooth waves with a coarse grid: fit for JPEG, and different everywhere.
fn sample(x: u32, y: u32, channel: u32) -> u8 {
    let wave = |n: u32, length: f32| (n as f32 / length).sin();
    let grid = if x % 100 < 3 || y % 100 < 3 { -60.0 } else { 0.0 };
    (128.0 + 60.0 * wave(x + 50 * channel, 37.0) * wave(y, 91.0 - 20.0 * channel as f32) + grid) as u8
}

fn picture(channels: u32) -> Vec<u8> {
    let pixels = (0..SIZE.height).flat_map(|y| (0..SIZE.width).map(move |x| (x, y)));
    pixels.flat_map(|(x, y)| (0..channels).map(move |c| sample(x, y, c))).collect()
}

fn write(target: &Path, samples: Samples, compression: Compression) -> Vec<u8> {
    let pixels = picture(samples.per_pixel() as u32);
    let row = SIZE.width as usize * samples.per_pixel();
    let profile = Some(b"not looked into".to_vec());
    let settings = Settings { size: SIZE, samples, tile_side: 128, compression, icc_profile: profile };
    let source = |first: u32, band: &mut [u8]| {
        let start = first as usize * row;
        band.copy_from_slice(&pixels[start..start + band.len()]);
        Ok(())
    };
    pyramid::write(target, &settings, source, |_| {}).unwrap();
    pixels
}

fn half(pixels: &[u8], width: usize, samples: usize) -> Vec<u8> {
    let height = pixels.len() / width / samples;
    let at = |x: usize, y: usize, s: usize| {
        u32::from(pixels[(y.min(height - 1) * width + x.min(width - 1)) * samples + s])
    };
    let mut half = Vec::new();
    for y in (0..height).step_by(2) {
        for (x, s) in (0..width).step_by(2).flat_map(|x| (0..samples).map(move |s| (x, s))) {
            half.push(
                ((at(x, y, s) + at(x + 1, y, s) + at(x, y + 1, s) + at(x + 1, y + 1, s) + 2) / 4) as u8,
            );
        }
    }
    half
}

/// Runs a tool that must be there, must succeed, and must not warn.
fn run(tool: &str, arguments: &[&str]) -> String {
    let output = Command::new(tool).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{tool} cannot be run: {error}"));
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{tool} {arguments:?}: {complaints}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Each level as libvips decodes it must differ by at most `tolerance` from the naive means, on average.
fn check_levels(samples: Samples, compression: Compression, tolerance: f64) {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("p.tif");
    let mut expected = write(&target, samples, compression);
    let raw = dir.path().join("level.raw");
    let (mut width, mut height) = (SIZE.width as usize, SIZE.height as usize);
    for page in 0..4 {
        let level = format!("{}[page={page}]", target.display());
        assert_eq!(run("vipsheader", &["-f", "n-pages", &level]).trim(), "4");
        assert_eq!(run("vipsheader", &["-f", "width", &level]).trim(), width.to_string());
        assert_eq!(run("vipsheader", &["-f", "height", &level]).trim(), height.to_string());
        run("vips", &["rawsave", &level, &raw.display().to_string()]);
        let decoded = fs::read(&raw).unwrap();
        assert_eq!(decoded.len(), expected.len());
        let sum: u64 = decoded.iter().zip(&expected).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        let mean = sum as f64 / expected.len() as f64;
        assert!(mean <= tolerance, "level {page} is off by {mean} of {compression:?}");
        expected = half(&expected, width, samples.per_pixel());
        (width, height) = (width.div_ceil(2), height.div_ceil(2));
    }
}

#[test]
fn libvips_reads_deflate_levels_exactly() {
    check_levels(Samples::Rgb8, Compression::Deflate { level: 6 }, 0.0);
    check_levels(Samples::Gray8, Compression::Deflate { level: 1 }, 0.0);
}

#[test]
fn libvips_reads_jpeg_levels() {
    check_levels(Samples::Rgb8, Compression::Jpeg { quality: 90 }, 2.5);
    check_levels(Samples::Gray8, Compression::Jpeg { quality: 90 }, 1.5);
}

#[test]
fn libtiff_agrees_with_every_field() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("p.tif");
    write(&target, Samples::Rgb8, Compression::Jpeg { quality: 80 });
    let report = run("tiffinfo", &[&target.display().to_string()]);
    assert_eq!(report.matches("TIFF Directory").count(), 4);
    assert_eq!(report.matches("Subfile Type: reduced-resolution image").count(), 3);
    for line in
        ["YCbCr Subsampling: 2, 2", "Photometric Interpretation: YCbCr", "Tile Width: 128", "JPEG Tables"]
    {
        assert_eq!(report.matches(line).count(), 4, "{line}: {report}");
    }
}
