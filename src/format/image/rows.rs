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
