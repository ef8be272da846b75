//! JPEG through libjpeg-turbo's safe binding: by default baseline, 4:2:0, standard Huffman tables.
//! A tile takes 0.18 ms so; optimised tables save 3 % of its bytes for three times that.

use std::ops::Range;

use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

use super::carried::into_jpeg;
use super::{Carried, Jpeg, StreamEncoder, Subsampling, failed};
use crate::error::Error;
use crate::format::jpeg::join::{Joiner, most_rows};
use crate::picture::{Channels, Dimensions};
use crate::raster::{Raster, Sample};
use crate::reused::Reused;
use crate::watch::Watch;

/// Pixels compressed at once in a picture that is written while it is made, unless 16 rows have more.
const BAND_AREA: u32 = 1 << 20;

/// Keeps its compressor, whose set-up is not free.
#[derive(Default)]
pub(super) struct Encoder {
    compressor: Reused<Compressor>,
}

impl Encoder {
    /// The raster must be opaque: JPEG has no alpha.
    pub(super) fn encode(&mut self, raster: &Raster, settings: &Jpeg) -> Result<Vec<u8>, Error> {
        self.encode_rows(raster, 0..raster.dimensions.height, settings)
    }

    /// Some rows as a picture of their own.
    fn encode_rows(&mut self, raster: &Raster, rows: Range<u32>, settings: &Jpeg) -> Result<Vec<u8>, Error> {
        let format = match raster.channels {
            Channels::Rgb => PixelFormat::RGB,
            Channels::Gray => PixelFormat::GRAY,
            other => return Err(failed("JPEG", format!("it has no {other:?}"))),
        };
        let (width, height) = (raster.dimensions.width as usize, rows.len());
        let pitch = raster.row_length();
        let pixels = &raster.pixels[rows.start as usize * pitch..rows.end as usize * pitch];
        let image = Image { pixels, width, pitch, height, format };
        self.compress(image, settings).map_err(|error| failed("JPEG", error))
    }

    fn compress(&mut self, image: Image<&[u8]>, settings: &Jpeg) -> turbojpeg::Result<Vec<u8>> {
        self.compressor.with(Compressor::new, |compressor| {
            compressor.set_quality(settings.quality.into())?;
            compressor.set_subsamp(match settings.subsampling {
                _ if image.format == PixelFormat::GRAY => Subsamp::Gray,
                Subsampling::TwoByTwo => Subsamp::Sub2x2,
                Subsampling::TwoByOne => Subsamp::Sub2x1,
                Subsampling::Full => Subsamp::None,
            })?;
            compressor.set_progressive(settings.progressive)?;
            compressor.set_optimize(settings.optimize)?;
            compressor.compress_to_vec(image)
        })
    }
}

/// A file that is written band by band, each with the same number of rows, whatever is added at once.
pub(super) struct JpegStream {
    encoder: Encoder,
    settings: Jpeg,
    /// To be written at the beginning of the file.
    carried: Option<Carried>,
    joiner: Joiner,
    /// The rows of each band but the last.
    rows: u32,
    /// Rows that do not fill a band yet.
    left: Raster,
    watch: Watch,
}

impl JpegStream {
    /// The picture must be opaque.
    pub(super) fn new(size: Dimensions, carried: Carried, settings: Jpeg, watch: &Watch) -> Self {
        Self {
            encoder: Encoder::default(),
            settings,
            carried: Some(carried),
            joiner: Joiner::new(size),
            rows: (BAND_AREA / size.width / 16 * 16).clamp(16, most_rows(size.width)),
            left: Raster::new(Dimensions::new(0, 0), Channels::Gray),
            watch: watch.clone(),
        }
    }

    /// Compresses a band and adds it to `file`.
    fn band(&mut self, raster: &Raster, rows: Range<u32>, file: &mut Vec<u8>) -> Result<(), Error> {
        self.watch.check()?;
        let band = self.encoder.encode_rows(raster, rows, &self.settings)?;
        let joined = match self.carried.take() {
            Some(carried) => self.joiner.join(&into_jpeg(band, &carried), file),
            None => self.joiner.join(&band, file),
        };
        joined.ok_or_else(|| failed("JPEG", "its bands cannot be joined"))
    }

    /// Completes the band that earlier rows began, and compresses it; returns how many of these rows are in it.
    fn complete(&mut self, raster: &Raster, file: &mut Vec<u8>) -> Result<u32, Error> {
        let begun = self.left.dimensions.height;
        if begun == 0 || begun + raster.dimensions.height < self.rows {
            return Ok(0);
        }
        let count = self.rows - begun;
        let mut band = self.left.take();
        band.append_rows(raster, 0..count);
        self.band(&band, 0..self.rows, file).map(|()| count)
    }
}

impl<S: Sample> StreamEncoder<S> for JpegStream {
    fn add(&mut self, rows: Raster<S>) -> Result<Vec<u8>, Error> {
        let (rows, mut file) = (S::in_8(rows), Vec::new());
        let (mut done, height) = (self.complete(&rows, &mut file)?, rows.dimensions.height);
        while self.left.dimensions.height == 0 && height - done >= self.rows {
            self.band(&rows, done..done + self.rows, &mut file)?;
            done += self.rows;
        }
        self.left.append_rows(&rows, done..height);
        Ok(file)
    }

    fn end(&mut self) -> Result<Vec<u8>, Error> {
        let (left, mut file) = (self.left.take(), Vec::new());
        if left.dimensions.height > 0 {
            self.band(&left, 0..left.dimensions.height, &mut file)?;
        }
        self.joiner.finish(&mut file);
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_does_not_depend_on_how_its_rows_are_handed_over() {
        let size = Dimensions::new(9000, 250);
        let mut picture = Raster::new(size, Channels::Rgb);
        for (n, sample) in picture.pixels.iter_mut().enumerate() {
            *sample = (n / 97 % 200 + n % 3 * 17) as u8;
        }
        let settings = Jpeg::default();
        let written = |step: u32| {
            let mut stream = JpegStream::new(size, Carried::default(), settings, &Watch::unlimited());
            let mut file = Vec::new();
            for y in (0..size.height).step_by(step as usize) {
                let mut rows = Raster::new(Dimensions::new(0, 0), Channels::Gray);
                rows.append_rows(&picture, y..size.height.min(y + step));
                file.extend(stream.add(rows).expect("a band"));
            }
            file.extend(StreamEncoder::<u8>::end(&mut stream).expect("an end"));
            file
        };
        let file = written(1);
        for step in [7, 111, 112, 113, 225, 250] {
            assert!(written(step) == file, "by {step} rows");
        }
        let whole = Encoder::default().encode(&picture, &settings);
        let decoded = |file: &[u8]| turbojpeg::decompress(file, PixelFormat::RGB).expect("a JPEG").pixels;
        assert!(decoded(&file) == decoded(&whole.expect("encoded")));
        assert!(file.windows(2).any(|marker| marker == [0xff, 0xd1]), "three bands");
    }
}
