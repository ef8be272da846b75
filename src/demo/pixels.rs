//! Answers as pixels, and whether two pictures are the same.

use std::io::Cursor;

use anyhow::{Context, bail, ensure};

use crate::picture::Dimensions;

/// A decoded picture, 8 bits a channel, interleaved.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Picture {
    /// Width and height.
    pub(super) size: Dimensions,
    channels: usize,
    data: Vec<u8>,
}

impl Picture {
    /// Decodes a PNG.
    pub(super) fn of_png(bytes: &[u8]) -> anyhow::Result<Self> {
        let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().context("no PNG")?;
        let length = reader.output_buffer_size().context("a PNG too large")?;
        let mut data = vec![0; length];
        let frame = reader.next_frame(&mut data).context("a damaged PNG")?;
        ensure!(frame.bit_depth == png::BitDepth::Eight, "a PNG of {:?} bits", frame.bit_depth);
        let size = Dimensions::new(frame.width, frame.height);
        Ok(Self { size, channels: frame.color_type.samples(), data })
    }

    /// Decodes a JPEG to `channels` of 1 or 3.
    fn of_jpeg(bytes: &[u8], channels: usize) -> anyhow::Result<Self> {
        let format = if channels == 1 { turbojpeg::PixelFormat::GRAY } else { turbojpeg::PixelFormat::RGB };
        let image = turbojpeg::decompress(bytes, format).context("no JPEG")?;
        let size = Dimensions::new(u32::try_from(image.width)?, u32::try_from(image.height)?);
        let rows = image.pixels.chunks(image.pitch.max(1)).map(|row| &row[..image.width * channels]);
        let data = rows.collect::<Vec<_>>().concat();
        Ok(Self { size, channels, data })
    }

    /// Puts `part` at a column and a row of this picture.
    pub(super) fn paste(&mut self, part: &Picture, x: u32, y: u32) -> anyhow::Result<()> {
        ensure!(part.channels == self.channels, "{} channels beside {}", part.channels, self.channels);
        let fits = x + part.size.width <= self.size.width && y + part.size.height <= self.size.height;
        ensure!(fits, "{} at {x},{y} does not fit into {}", part.size, self.size);
        let stride = self.size.width as usize * self.channels;
        let row_bytes = part.size.width as usize * part.channels;
        let mut at = y as usize * stride + x as usize * self.channels;
        for row in part.data.chunks_exact(row_bytes) {
            self.data[at..at + row_bytes].copy_from_slice(row);
            at += stride;
        }
        Ok(())
    }

    /// A black picture like this one.
    pub(super) fn blank_like(&self) -> Self {
        Self { size: self.size, channels: self.channels, data: vec![0; self.data.len()] }
    }

    /// An error that says where, if a single sample differs.
    pub(super) fn must_equal(&self, other: &Picture) -> anyhow::Result<()> {
        ensure!(self.size == other.size, "{} is not {}", self.size, other.size);
        ensure!(self.channels == other.channels, "{} channels, not {}", self.channels, other.channels);
        let differ = self.data.iter().zip(&other.data).enumerate().filter(|(_, (a, b))| a != b);
        let worst = differ.clone().map(|(_, (a, b))| a.abs_diff(*b)).max();
        if let (Some((at, _)), Some(worst)) = (differ.clone().next(), worst) {
            let pixel = at / self.channels;
            let (x, y) = (pixel % self.size.width as usize, pixel / self.size.width as usize);
            bail!("{} samples differ, by up to {worst}, the first at {x},{y}", differ.count());
        }
        Ok(())
    }

    /// The mean difference to a JPEG of the same pixels. A picture with alpha cannot be compared: none.
    pub(super) fn mean_difference_to_jpeg(&self, jpeg: &[u8]) -> anyhow::Result<Option<f64>> {
        if !matches!(self.channels, 1 | 3) {
            return Ok(None);
        }
        let other = Self::of_jpeg(jpeg, self.channels)?;
        ensure!(self.size == other.size, "the JPEG is {}, the PNG {}", other.size, self.size);
        let sum: u64 = self.data.iter().zip(&other.data).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        #[allow(clippy::cast_precision_loss)] // sums of bytes stay far below 2^53
        Ok(Some(sum as f64 / self.data.len().max(1) as f64))
    }
}

/// The size in a JPEG's header.
pub(super) fn jpeg_size(bytes: &[u8]) -> anyhow::Result<Dimensions> {
    let header = turbojpeg::read_header(bytes).context("no JPEG")?;
    Ok(Dimensions::new(u32::try_from(header.width)?, u32::try_from(header.height)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gray(width: u32, height: u32, data: &[u8]) -> Picture {
        Picture { size: Dimensions::new(width, height), channels: 1, data: data.to_vec() }
    }

    #[test]
    fn parts_join_to_the_whole() {
        let whole = gray(3, 2, &[1, 2, 3, 4, 5, 6]);
        let mut joined = whole.blank_like();
        joined.paste(&gray(2, 2, &[1, 2, 4, 5]), 0, 0).expect("fits");
        joined.paste(&gray(1, 2, &[3, 6]), 2, 0).expect("fits");
        joined.must_equal(&whole).expect("equal");
        assert!(joined.paste(&gray(2, 2, &[0; 4]), 2, 0).is_err());
        joined.paste(&gray(1, 1, &[9]), 1, 1).expect("fits");
        let fault = joined.must_equal(&whole).expect_err("differs").to_string();
        assert_eq!(fault, "1 samples differ, by up to 4, the first at 1,1");
    }
}
