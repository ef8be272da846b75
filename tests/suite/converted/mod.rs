//! `recto convert`, file by file: what it makes of every kind of file is what was in it, as the tools of libvips and
//! libtiff, Pillow and Recto's own server read it.

mod inputs;
mod jpeg2000;
mod kept;
mod kinds;
mod sealed;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use recto::convert::{Failure, Order, Purpose, Report, Wish, convert};
use sha2::{Digest, Sha256};

use crate::judge::{Bench, Samples, text};

/// A wish for small tiles, so that small pictures have levels, whose result is verified.
fn wish(purpose: Purpose) -> Wish {
    Wish { tile_side: 64, verify: true, ..Wish::of(purpose) }
}

fn order(input: &Path, output: &Path) -> Order {
    Order { input: input.to_owned(), page: 1, output: output.to_owned() }
}

/// Converts a file into another of this name.
fn tried(bench: &Bench, order: &Order, wish: &Wish) -> Result<Report, Failure> {
    let done = AtomicU64::new(0);
    let progress = |pixels| {
        done.fetch_add(pixels, Ordering::Relaxed);
    };
    let report = convert(order, wish, 2, &progress, &AtomicBool::new(false));
    if let Ok(report) = &report
        && report.output.is_some()
    {
        let all = u64::from(report.width) * u64::from(report.height);
        assert_eq!(done.into_inner(), all, "what is told of the progress");
    }
    let left = std::fs::read_dir(bench.path("")).expect("listed").filter_map(Result::ok);
    let unfinished = left.filter(|file| file.file_name().to_string_lossy().ends_with(".part")).count();
    assert_eq!(unfinished, 0, "{order:?}");
    report
}

/// Converts a file, which has to succeed.
#[track_caller]
fn converted(bench: &Bench, input: &Path, name: &str, wish: &Wish) -> (PathBuf, Report) {
    let output = bench.path(name);
    let report = tried(bench, &order(input, &output), wish).unwrap_or_else(|failure| panic!("{failure}"));
    (output, report)
}

/// What libtiff says of a file, of which it must not complain.
#[track_caller]
fn tiffinfo(file: &Path) -> String {
    let output = Command::new("tiffinfo").arg(text(file)).output().expect("tiffinfo: install libtiff-tools");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{}: {complaints}", file.display());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The checksum of the pixels that libvips decodes, by the definition in the manual.
fn checksum_by_vips(bench: &Bench, file: &Path) -> String {
    let Samples { size, channels, bits, mut bytes } = bench.by_vips(text(file));
    if bits == 16 {
        bytes.as_chunks_mut::<2>().0.iter_mut().for_each(|sample| sample.reverse());
    }
    let mut sum = Sha256::new_with_prefix(format!("{size} {channels} {bits}\n"));
    sum.update(bytes);
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
