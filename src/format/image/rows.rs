//! A PNG row by row: of those that are not interlaced, a window needs the rows down to its last, and memory for one of
//! them, however large the picture is. Pure on the bytes of a file.

use super::png::{self, Opened};
use crate::error::MasterError;
use crate::picture::{Channels, Depth, Dimensions, Rect};
use crate::raster::{Raster, Sample};
use crate::watch::Watch;

/// A PNG that is read from the top.
pub(crate) struct Rows<B: AsRef<[u8]>> {
    reader: Opened<Image<B>>,
    dimensions: Dimensions,
    channels: Channels,
    depth: Depth,
    /// The row that comes next.
    next: u32,
    /// A row as the library gives it.
    row: Vec<u8>,
}

/// The bytes of a file up to the end of its pixels.
struct Image<B> {
    bytes: B,
    length: usize,
}

impl<B: AsRef<[u8]>> AsRef<[u8]> for Image<B> {
    fn as_ref(&self) -> &[u8] {
        let bytes = self.bytes.as_ref();
        &bytes[..self.length.min(bytes.len())]
    }
}

impl<B: AsRef<[u8]>> Rows<B> {
    /// Before the first row of a PNG. One that is interlaced has no rows from the top.
    ///
    /// # Errors
    /// [`MasterError`] if the header is damaged, the picture too large, or interlaced.
    pub(crate) fn open(bytes: B) -> Result<Self, MasterError> {
        let length = png::image(bytes.as_ref()).len();
        let reader = png::open(Image { bytes, length })?;
        let info = reader.info();
        if info.interlaced {
            return Err(MasterError::unsupported("rows of an interlaced PNG"));
        }
        let (dimensions, (channels, depth)) = (png::dimensions(info), png::layout(&reader)?);
        let row = vec![0; reader.output_line_size(dimensions.width).unwrap_or(0)];
        Ok(Self { reader, dimensions, channels, depth, next: 0, row })
    }

    /// The row that comes next: windows may not begin above it.
    pub(crate) fn next(&self) -> u32 {
        self.next
    }

    /// The pixels of a window, which must be inside the picture and begin no higher than [`Rows::next`]. Its last row is
    /// the last that was read.
    ///
    /// # Errors
    /// [`MasterError`] if rows down to its last are damaged or missing, or `watch` ends the work. Then no other window may be asked for.
    pub(crate) fn read<S: Sample>(&mut self, window: Rect, watch: &Watch) -> Result<Raster<S>, MasterError> {
        let whole = Rect::whole(self.dimensions);
        if window.intersection(whole) != Some(window) || window.y < self.next {
            return Err(MasterError::damaged("rows of a PNG that are not there, or behind"));
        }
        let mut raster = Raster::new(window.dimensions(), self.channels);
        while self.next < window.bottom() {
            watch.check()?;
            self.reader.read_row(&mut self.row).map_err(png::explained)?;
            if self.next >= window.y {
                let out = raster.row_mut(self.next - window.y, 0, window.width);
                samples(&self.row, self.depth, window.x as usize * self.channels.count(), out);
            }
            self.next += 1;
        }
        if self.next == self.dimensions.height {
            png::check_end(&mut self.reader, &mut self.row)?;
        }
        Ok(raster)
    }
}

/// The samples of a row from number `first` on.
fn samples<S: Sample>(row: &[u8], depth: Depth, first: usize, out: &mut [S]) {
    match depth {
        Depth::Eight => out.iter_mut().zip(&row[first..]).for_each(|(out, sample)| *out = S::of_8(*sample)),
        Depth::Sixteen => {
            let stored = &row.as_chunks().0[first..];
            let pairs = out.iter_mut().zip(stored);
            pairs.for_each(|(out, sample)| *out = S::of_16(u16::from_be_bytes(*sample)));
        }
    }
}

#[cfg(test)]
mod tests {
    use ::png::{BitDepth, ColorType, Encoder};

    use super::*;
    use crate::raster::AnyRaster;

    const SIZE: Dimensions = Dimensions::new(37, 29);

    fn encoded(colour: ColorType, depth: BitDepth) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, SIZE.width, SIZE.height);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if colour == ColorType::Indexed {
            encoder.set_palette((0..=255).flat_map(|n| [n, n ^ 0x5a, 255 - n]).collect::<Vec<u8>>());
            encoder.set_trns(&b"\x00\x40\xff"[..]);
        }
        let row = (SIZE.width as usize * colour.samples() * depth as usize).div_ceil(8);
        let data: Vec<u8> = (0..row * SIZE.height as usize).map(|n| ((n * n / 7) ^ (n / 3)) as u8).collect();
        encoder.write_header().and_then(|mut writer| writer.write_image_data(&data)).expect("encoded");
        file
    }

    /// Windows that follow each other, with and without rows between them, as wide as the picture and narrower.
    const WINDOWS: [&[Rect]; 4] = [
        &[Rect::new(0, 0, 37, 29)],
        &[Rect::new(0, 0, 37, 5), Rect::new(0, 5, 37, 1), Rect::new(0, 6, 37, 23)],
        &[Rect::new(3, 2, 10, 4), Rect::new(30, 6, 7, 2), Rect::new(0, 20, 1, 9)],
        &[Rect::new(36, 28, 1, 1)],
    ];

    fn read<S: Sample>(rows: &mut Rows<&[u8]>, window: Rect) -> Result<Raster<S>, MasterError> {
        rows.read(window, &Watch::unlimited())
    }

    fn check<S: Sample>(file: &[u8], whole: &AnyRaster) {
        for windows in WINDOWS {
            let mut rows = Rows::open(file).expect("a PNG");
            for window in windows {
                assert_eq!(read::<S>(&mut rows, *window), Ok(whole.part(*window)), "{window}");
                assert_eq!(rows.next(), window.bottom());
            }
        }
    }

    #[test]
    fn rows_are_those_of_the_whole_picture() {
        use BitDepth::{Eight, Four, One, Sixteen, Two};
        for (colour, depths) in [
            (ColorType::Grayscale, &[One, Two, Four, Eight, Sixteen][..]),
            (ColorType::GrayscaleAlpha, &[Eight, Sixteen]),
            (ColorType::Rgb, &[Eight, Sixteen]),
            (ColorType::Rgba, &[Eight, Sixteen]),
            (ColorType::Indexed, &[One, Two, Four, Eight]),
        ] {
            for depth in depths {
                let file = encoded(colour, *depth);
                check::<u8>(&file, &png::decode(&file, Depth::Eight, &Watch::unlimited()).expect("decoded"));
                check::<u16>(
                    &file,
                    &png::decode(&file, Depth::Sixteen, &Watch::unlimited()).expect("decoded"),
                );
            }
        }
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let file = encoded(ColorType::Rgb, BitDepth::Eight);
        let mut rows = Rows::open(&file[..]).expect("a PNG");
        assert!(read::<u8>(&mut rows, Rect::new(0, 10, 37, 2)).is_ok());
        for window in [Rect::new(0, 11, 37, 1), Rect::new(0, 28, 37, 2), Rect::new(30, 12, 8, 1)] {
            assert!(read::<u8>(&mut rows, window).is_err(), "{window}");
        }
        let cut = Rows::open(&file[..file.len() * 2 / 3]).map(|mut rows| {
            (
                read::<u8>(&mut rows, Rect::new(0, 0, 37, 2)).is_ok(),
                read::<u8>(&mut rows, Rect::new(0, 2, 37, 27)).is_err(),
            )
        });
        assert_eq!(cut, Ok((true, true)), "only what is needed has to be there");
        let mut wrong = file.clone();
        // The last byte of the checksum of the pixels: IEND has 12 bytes.
        let at = wrong.len() - 13;
        wrong[at] ^= 1;
        let whole = Rows::open(&wrong[..]).and_then(|mut rows| read::<u8>(&mut rows, Rect::whole(SIZE)));
        assert!(whole.is_err() && png::decode(&wrong, Depth::Eight, &Watch::unlimited()).is_err());
    }
}
