//! What a result says of what it was made of, and whether a file is such a result. The numbers are known only when the
//! result is written: until then zeros keep their place.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use memchr::memmem;
use sha2::{Digest, Sha256};

use super::failure::Failure;
use super::wish::Wish;
use super::{Order, rows::Source};
use crate::ifd::{self, tag};
use crate::metadata::Seal;
use crate::raster::hexadecimal;
use crate::source::Map;
use crate::source::Object;

/// Changes whenever the same wish makes another file of the same source: then files are made again.
const EDITION: u32 = 1;

/// Bytes of a file that are read at once.
const STEP: usize = 128 << 10;

/// What boxes before a codestream may take.
const BOXES: usize = 32 << 20;

/// Whether the output of an order is there, and was made by the same wish of a file with the same bytes. No pixels are
/// decoded; if all but the bytes agrees, all of the input is read.
///
/// # Errors
/// [`Failure`] if the input cannot be read.
pub fn is_result_of(order: &Order, wish: &Wish) -> Result<bool, Failure> {
    let Ok(result) = Source::open(&order.output, 1) else { return Ok(false) };
    let Ok(Some(seal)) = result.master.seal() else { return Ok(false) };
    // A result that was made in place of its source is one of itself, and of nothing that is there.
    Ok(seal.wish == key(order, wish) && seal.source == of_file(&order.input, &AtomicBool::new(false))?)
}

/// The seal of a result of which nothing is known but the order.
pub(super) fn blank(order: &Order, wish: &Wish) -> Seal {
    Seal {
        pixels: wish.verify.then(|| Seal::BLANK.to_owned()),
        source: Seal::BLANK.to_owned(),
        wish: key(order, wish),
    }
}

/// What stands for all that decides about the bytes of a result, but the bytes of the source.
fn key(order: &Order, wish: &Wish) -> String {
    let digest = Sha256::digest(format!("{EDITION} {} {}", order.page, wish.key()));
    hexadecimal(&digest[..8])
}

/// The checksum of the bytes of a file.
///
/// # Errors
/// [`Failure`] if it cannot be read, or the work is to stop.
pub(super) fn of_file(path: &Path, stop: &AtomicBool) -> Result<String, Failure> {
    let read = || -> io::Result<Option<String>> {
        let (mut file, mut digest, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; STEP]);
        while !stop.load(Ordering::Relaxed) {
            match file.read(&mut buffer)? {
                0 => return Ok(Some(hexadecimal(&digest.finalize()))),
                count => digest.update(&buffer[..count]),
            }
        }
        Ok(None)
    };
    let digest = read().map_err(|error| Failure::of_disk(path, "cannot read it", &error))?;
    digest.ok_or_else(|| Failure::stopped(path))
}

/// Puts `seal` in the place that the blank one has in a file, and makes the file durable.
///
/// # Errors
/// [`Failure`] if the file cannot be written, or has no such place.
pub(super) fn fill(path: &Path, blank: &Seal, seal: &Seal) -> Result<(), Failure> {
    let failed = |error| Failure::of_disk(path, "cannot seal it", &error);
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
    let (blank, seal) = (blank.to_string(), seal.to_string());
    let at = place(&file, blank.as_bytes()).map_err(failed)?;
    file.write_all_at(seal.as_bytes(), at).and_then(|()| file.sync_all()).map_err(failed)
}

/// Where a text stands in the field Software of a TIFF, or in the boxes of another file.
fn place(file: &File, text: &[u8]) -> io::Result<u64> {
    let map = Map::new(file)?;
    let bytes = map.bytes();
    let in_tiff = || {
        let (tiff, first) = ifd::File::open(bytes).ok()?;
        let entry = tiff.find(first, tag::SOFTWARE)?;
        Some((entry.range().0, entry.bytes(&tiff).ok()?))
    };
    let (start, within) = in_tiff().unwrap_or((0, &bytes[..bytes.len().min(BOXES)]));
    let at = memmem::find(within, text).ok_or_else(|| io::Error::other("it has no place for a seal"))?;
    Ok(start + at as u64)
}
