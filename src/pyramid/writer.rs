//! Writes a tiled pyramid in TIFF while the rows of its picture come in, top to bottom.
//! Independent of any decoder: it takes rows from any source. It holds one row of tiles per level, never the picture.
//! TIFF 6.0 section 15 (tiles), NewSubfileType 1 (reduced images); the levels are a chain of directories.

use std::panic;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result, ensure};

use super::atomic_file::StagedFile;
use super::band::Band;
use super::settings::Settings;
use super::tile;
use crate::format::tiff::code::{new_subfile_type, planar_configuration};
use crate::ifd::{Field, Layout, tag};
use crate::picture::Dimensions;

/// Writes the pyramid `target` from rows that `source` supplies. It is called for one row of tiles after the
/// other, with the number of the first row and room for the rows to fill, on a thread of its own: decoding and
/// compressing overlap. `progress` is called with the number of rows done.
///
/// # Errors
/// What `source` returns; impossible settings; a file that cannot be written. No file named `target` is made then.
pub fn write(
    target: &Path,
    settings: &Settings,
    mut source: impl FnMut(u32, &mut [u8]) -> Result<()> + Send,
    mut progress: impl FnMut(u32),
) -> Result<()> {
    let mut writer = PyramidWriter::create(target, settings.clone())?;
    let Dimensions { height, .. } = settings.size;
    let row_bytes = settings.row_bytes(settings.size);
    let (send, receive) = crossbeam_channel::bounded::<Vec<u8>>(1);
    thread::scope(|scope| {
        let reader = scope.spawn(move || -> Result<()> {
            for first in (0..height).step_by(settings.tile_side as usize) {
                let rows = settings.tile_side.min(height - first) as usize;
                let mut band = vec![0; rows * row_bytes];
                source(first, &mut band)?;
                if send.send(band).is_err() {
                    break; // The writer has failed, and reports the error itself.
                }
            }
            Ok(())
        });
        for band in receive {
            writer.write_rows(&band)?;
            progress(writer.rows());
        }
        reader.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
    })?;
    writer.finish()
}

/// A pyramid being written, for sources that push their rows.
pub struct PyramidWriter {
    settings: Settings,
    layout: Layout,
    jpeg_tables: Vec<u8>,
    levels: Vec<Level>,
    file: StagedFile,
}

/// One level being written: the row of tiles that is being filled, and where the finished tiles are.
#[cfg_attr(test, derive(Clone))]
struct Level {
    size: Dimensions,
    band: Vec<u8>,
    rows: u32,
    offsets: Vec<u64>,
    byte_counts: Vec<u64>,
}

impl Level {
    fn new(size: Dimensions) -> Self {
        Self { size, band: Vec::new(), rows: 0, offsets: Vec::new(), byte_counts: Vec::new() }
    }
}

impl PyramidWriter {
    /// Starts a pyramid that is to be called `target`; it has that name only when it is finished.
    pub fn create(target: &Path, settings: Settings) -> Result<Self> {
        settings.check()?;
        let layout = settings.layout();
        let (samples, side) = (settings.samples.per_pixel(), settings.tile_side as usize);
        let jpeg_tables = tile::jpeg_tables(settings.compression, samples, side)?;
        let levels = settings.levels().into_iter().map(Level::new).collect();
        let mut file = StagedFile::create(target)?;
        // The place of the first directory is known only at the end.
        file.append(&layout.header(0)?, 1)?;
        Ok(Self { settings, layout, jpeg_tables, levels, file })
    }

    /// Rows of the picture that have been written.
    pub fn rows(&self) -> u32 {
        self.levels[0].rows
    }

    /// Takes the next rows of the picture, any number of whole ones.
    pub fn write_rows(&mut self, rows: &[u8]) -> Result<()> {
        let row_bytes = self.settings.row_bytes(self.settings.size);
        ensure!(
            rows.len().is_multiple_of(row_bytes),
            "{} bytes are not whole rows of {row_bytes}",
            rows.len()
        );
        let left = self.settings.size.height - self.rows();
        let count = rows.len() / row_bytes;
        ensure!(count <= left as usize, "{count} more rows, where {left} are left");
        self.push(0, rows)
    }

    /// Adds rows to a level, and to those above it whatever becomes complete by that.
    fn push(&mut self, index: usize, mut rows: &[u8]) -> Result<()> {
        let side = self.settings.tile_side;
        let row_bytes = self.settings.row_bytes(self.levels[index].size);
        while !rows.is_empty() {
            let level = &mut self.levels[index];
            let room = (side - level.rows % side).min(level.size.height - level.rows);
            let count = (room as usize).min(rows.len() / row_bytes);
            let (now, later) = rows.split_at(count * row_bytes);
            level.band.extend_from_slice(now);
            level.rows += u32::try_from(count)?;
            if level.rows.is_multiple_of(side) || level.rows == level.size.height {
                self.complete_band(index)?;
            }
            rows = later;
        }
        Ok(())
    }

    /// Stores a full row of tiles, and hands its half on. Bands have an even number of rows but for the last
    /// one of a level, so no pair of rows is ever torn.
    fn complete_band(&mut self, index: usize) -> Result<()> {
        let level = &mut self.levels[index];
        let mut pixels = std::mem::take(&mut level.band);
        let samples = self.settings.samples.per_pixel();
        let band = Band { pixels: &pixels, width: level.size.width as usize, samples };
        let side = self.settings.tile_side as usize;
        for tile in tile::encode_band(&band, side, self.settings.compression, &self.jpeg_tables)? {
            level.offsets.push(self.file.append(&tile, 2)?);
            level.byte_counts.push(tile.len() as u64);
        }
        if index + 1 < self.levels.len() {
            let half = band.halved();
            self.push(index + 1, &half)?;
        }
        pixels.clear();
        self.levels[index].band = pixels;
        Ok(())
    }

    /// Writes the directories, makes the file durable and gives it its name.
    pub fn finish(mut self) -> Result<()> {
        let (rows, height) = (self.rows(), self.settings.size.height);
        ensure!(rows == height, "the picture ends after {rows} of {height} rows");
        let first = self.file.append(&[], 8)?;
        for index in 0..self.levels.len() {
            let entries = self.entries(index)?;
            let last = index + 1 == self.levels.len();
            let directory = self.layout.directory(entries, self.file.position(), last)?;
            self.file.append(&directory, 8).context("cannot write the directories")?;
        }
        self.file.commit(&self.layout.header(first)?)
    }

    fn entries(&self, index: usize) -> Result<Vec<Field>> {
        let level = &self.levels[index];
        let mut entries = vec![
            Field::long(tag::NEW_SUBFILE_TYPE, if index > 0 { new_subfile_type::REDUCED.into() } else { 0 }),
            Field::long(tag::IMAGE_WIDTH, level.size.width),
            Field::long(tag::IMAGE_LENGTH, level.size.height),
            Field::shorts(tag::PLANAR_CONFIGURATION, &[planar_configuration::CHUNKY]),
            Field::text(tag::SOFTWARE, "Recto"),
            Field::long(tag::TILE_WIDTH, self.settings.tile_side),
            Field::long(tag::TILE_LENGTH, self.settings.tile_side),
            Field::offsets(tag::TILE_OFFSETS, self.layout, &level.offsets)?,
            Field::offsets(tag::TILE_BYTE_COUNTS, self.layout, &level.byte_counts)?,
        ];
        entries.extend(self.settings.pixel_entries(&self.jpeg_tables));
        if let Some(profile) = &self.settings.icc_profile {
            entries.push(Field::bytes(tag::ICC_PROFILE, profile));
        }
        Ok(entries)
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation)] // made-up numbers, all small
mod tests {
    use super::*;
    use crate::picture::Dimensions;
    use crate::pyramid::{Compression, Samples};
    use std::fs;

    fn settings(width: u32, height: u32, samples: Samples) -> Settings {
        Settings {
            size: Dimensions::new(width, height),
            samples,
            tile_side: 16,
            compression: Compression::Deflate { level: 1 },
            icc_profile: None,
        }
    }

    fn picture(settings: &Settings) -> Vec<u8> {
        let bytes = settings.row_bytes(settings.size) * settings.size.height as usize;
        (0..bytes as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 23) as u8).collect()
    }

    /// The next level, pixel by pixel.
    fn naive_half(pixels: &[u8], from: Dimensions, samples: usize) -> Vec<u8> {
        let (width, height) = (from.width as usize, from.height as usize);
        let at = |x: usize, y: usize, s: usize| {
            u32::from(pixels[(y.min(height - 1) * width + x.min(width - 1)) * samples + s])
        };
        let mut half = Vec::new();
        for (y, x) in
            (0..height.div_ceil(2)).flat_map(|y| (0..width.div_ceil(2)).map(move |x| (2 * y, 2 * x)))
        {
            let mean = |s| (at(x, y, s) + at(x + 1, y, s) + at(x, y + 1, s) + at(x + 1, y + 1, s) + 2) / 4;
            half.extend((0..samples).map(|s| mean(s) as u8));
        }
        half
    }

    /// The tiles of a level put together again, by hand.
    fn read_level(file: &[u8], level: &Level, samples: usize, side: usize) -> Vec<u8> {
        let (width, height) = (level.size.width as usize, level.size.height as usize);
        let mut pixels = vec![0; width * height * samples];
        for (n, (&at, &length)) in level.offsets.iter().zip(&level.byte_counts).enumerate() {
            let mut tile = vec![0; side * side * samples];
            let stream = &file[at as usize..(at + length) as usize];
            libdeflater::Decompressor::new().zlib_decompress(stream, &mut tile).unwrap();
            let (left, top) = (n % width.div_ceil(side) * side, n / width.div_ceil(side) * side);
            for (y, row) in
                tile.chunks_exact_mut(side * samples).enumerate().take(height.min(top + side) - top)
            {
                (samples..row.len()).for_each(|x| row[x] = row[x].wrapping_add(row[x - samples]));
                let (start, count) = ((top + y) * width + left, side.min(width - left));
                pixels[start * samples..(start + count) * samples].copy_from_slice(&row[..count * samples]);
            }
        }
        pixels
    }

    #[test]
    fn every_level_is_the_naive_mean_of_the_one_below() {
        let dir = tempfile::tempdir().unwrap();
        for (width, height, samples) in [
            (100, 75, Samples::Rgb8),
            (1, 90, Samples::Gray8),
            (64, 64, Samples::Gray8),
            (16, 16, Samples::Rgb8),
        ] {
            let settings = settings(width, height, samples);
            let target = dir.path().join("picture.tif");
            let mut writer = PyramidWriter::create(&target, settings.clone()).unwrap();
            let mut expected = picture(&settings);
            expected
                .chunks(7 * settings.row_bytes(settings.size))
                .for_each(|r| writer.write_rows(r).unwrap());
            let places: Vec<_> = writer.levels.iter().map(Level::clone).collect();
            writer.finish().unwrap();
            let file = fs::read(&target).unwrap();
            for level in &places {
                assert_eq!(read_level(&file, level, samples.per_pixel(), 16), expected, "{}", level.size);
                expected = naive_half(&expected, level.size, samples.per_pixel());
            }
            assert!(places.last().is_some_and(|level| level.offsets.len() == 1));
        }
    }

    #[test]
    fn the_file_does_not_depend_on_how_rows_arrive() {
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(70, 50, Samples::Rgb8);
        let rows = picture(&settings);
        let pulled = dir.path().join("pulled.tif");
        let mut heard = Vec::new();
        let source = |first: u32, band: &mut [u8]| {
            let start = first as usize * 210;
            band.copy_from_slice(&rows[start..start + band.len()]);
            Ok(())
        };
        write(&pulled, &settings, source, |rows| heard.push(rows)).unwrap();
        assert_eq!(heard, [16, 32, 48, 50]);
        let pushed = dir.path().join("pushed.tif");
        let mut writer = PyramidWriter::create(&pushed, settings).unwrap();
        rows.chunks(210).for_each(|row| writer.write_rows(row).unwrap());
        writer.finish().unwrap();
        assert_eq!(fs::read(pulled).unwrap(), fs::read(pushed).unwrap());
    }

    #[test]
    fn a_picture_that_ends_early_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("short.tif");
        let mut writer = PyramidWriter::create(&target, settings(20, 20, Samples::Gray8)).unwrap();
        assert!(writer.write_rows(&[0; 19]).is_err(), "half a row");
        writer.write_rows(&[0; 200]).unwrap();
        assert!(writer.write_rows(&[0; 400]).is_err(), "too many rows");
        assert!(writer.finish().unwrap_err().to_string().contains("after 10 of 20 rows"));
        let failing = |first: u32, _: &mut [u8]| {
            ensure!(first == 0, "the scanner is on fire");
            Ok(())
        };
        let error = write(&target, &settings(20, 20, Samples::Gray8), failing, |_| {}).unwrap_err();
        assert_eq!(error.to_string(), "the scanner is on fire");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
