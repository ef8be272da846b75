//! A JPEG of any height from bands that were compressed one by one, so that only one of them is in memory. Between two
//! bands stands a restart marker: there the decoder begins anew, as the encoder did. The pixels are those of the
//! picture compressed as a whole; a marker costs two bytes and up to seven bits.
//! T.81 B.2 and E.1.4. Needs baseline, one scan, and the same tables in each band.

use super::frame::{FrameHeader, units};
use super::marker::{self, DRI, END, RST0, SOF0, SOS, START, Segment};
use crate::picture::Dimensions;

/// Most MCUs between two restart markers (T.81 B.2.4.4).
const MAX_INTERVAL: u32 = 0xffff;

/// Joins bands.
pub(crate) struct Joiner {
    dimensions: Dimensions,
    /// Bands so far.
    bands: u32,
}

impl Joiner {
    /// For a picture of this size, neither side above 65535.
    pub(crate) fn new(dimensions: Dimensions) -> Self {
        Self { dimensions, bands: 0 }
    }

    /// The bytes that the next band adds to the file. All bands but the last have the same number of rows, a multiple
    /// of the MCU's; `None` if `jpeg` is not the kind of file that can be joined.
    pub(crate) fn join(&mut self, jpeg: &[u8], file: &mut Vec<u8>) -> Option<()> {
        let offsets = Offsets::read(jpeg)?;
        let scan = jpeg.get(offsets.scan..)?.strip_suffix(&END)?;
        if self.bands == 0 {
            self.begin(jpeg, &offsets, file)?;
        } else {
            file.extend([0xff, RST0 + ((self.bands - 1) % 8) as u8]);
        }
        file.extend(scan);
        self.bands += 1;
        Some(())
    }

    /// The end of the file.
    pub(crate) fn finish(&self, file: &mut Vec<u8>) {
        file.extend(END);
    }

    /// The first band's header with the height of the whole, and the length of a band if it is not the only one.
    fn begin(&self, jpeg: &[u8], offsets: &Offsets, file: &mut Vec<u8>) -> Option<()> {
        let height = u16::try_from(self.dimensions.height).ok()?;
        let start = file.len();
        file.extend(jpeg.get(..offsets.sos)?);
        file.get_mut(start + offsets.height..)?.get_mut(..2)?.copy_from_slice(&height.to_be_bytes());
        if offsets.rows < self.dimensions.height {
            let band = Dimensions { height: offsets.rows, ..self.dimensions };
            let interval = u16::try_from(units(band, offsets.mcu).area()).ok();
            let interval = interval.filter(|_| offsets.rows.is_multiple_of(offsets.mcu.height))?;
            marker::push(DRI, &[&interval.to_be_bytes()], file);
        }
        file.extend(jpeg.get(offsets.sos..offsets.scan)?);
        Some(())
    }
}

/// How many rows a band of a picture of this width may have at most, at an MCU of 16 by 16 pixels or 8 by 8.
pub(crate) fn most_rows(width: u32) -> u32 {
    MAX_INTERVAL / width.div_ceil(8) * 8 / 16 * 16
}

/// Where things are in a JPEG file. Offsets from its begin.
struct Offsets {
    /// Of the number of rows in the frame header.
    height: usize,
    /// That number.
    rows: u32,
    /// Pixels of a minimum coded unit.
    mcu: Dimensions,
    /// Of SOS, and of the entropy-coded data behind it.
    sos: usize,
    scan: usize,
}

impl Offsets {
    /// Of a baseline file whose first scan is its only one.
    fn read(jpeg: &[u8]) -> Option<Self> {
        let (mut rest, mut frame) = (jpeg.strip_prefix(&START)?, None);
        loop {
            let Segment { marker, content, after } = marker::here(rest)?;
            let place = |bytes: &[u8]| jpeg.len() - bytes.len();
            match marker {
                // The bits of a sample come first.
                SOF0 => frame = Some((place(after) - content.len() + 1, FrameHeader::read(content)?.0)),
                SOS => {
                    let (height, frame) = frame?;
                    let (mcu, rows, sos, scan) =
                        (frame.mcu(), frame.size().height, place(rest), place(after));
                    return Some(Self { height, rows, mcu, sos, scan });
                }
                _ => {}
            }
            rest = after;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

    fn compressed(
        pixels: &[u8],
        width: usize,
        height: usize,
        format: PixelFormat,
        sampling: Subsamp,
    ) -> Vec<u8> {
        let mut compressor = Compressor::new().expect("libjpeg-turbo");
        compressor.set_quality(80).expect("a quality");
        compressor.set_subsamp(sampling).expect("a sampling");
        let image = Image { pixels, width, pitch: width * format.size(), height, format };
        compressor.compress_to_vec(image).expect("compressed")
    }

    #[test]
    fn joined_bands_are_the_picture_compressed_as_a_whole() {
        for (sampling, format, band, (width, height)) in [
            (Subsamp::Sub2x2, PixelFormat::RGB, 16, (85, 203)),
            (Subsamp::Sub2x2, PixelFormat::RGB, 64, (300, 130)),
            (Subsamp::Sub2x1, PixelFormat::RGB, 48, (64, 144)),
            (Subsamp::None, PixelFormat::RGB, 16, (33, 170)),
            (Subsamp::Gray, PixelFormat::GRAY, 16, (77, 161)),
            (Subsamp::Gray, PixelFormat::GRAY, 256, (77, 161)),
        ] {
            let row = width * format.size();
            let pixels: Vec<u8> = (0..row * height).map(|n| ((n * n / 977) ^ (n / row * 3)) as u8).collect();
            let whole = compressed(&pixels, width, height, format, sampling);
            let mut joiner = Joiner::new(Dimensions::new(width as u32, height as u32));
            let mut file = Vec::new();
            for rows in pixels.chunks(band * row) {
                let part = compressed(rows, width, rows.len() / row, format, sampling);
                joiner.join(&part, &mut file).expect("baseline");
            }
            joiner.finish(&mut file);
            if band >= height {
                assert_eq!(file, whole, "one band is the file itself");
            }
            let decoded = |jpeg: &[u8]| turbojpeg::decompress(jpeg, format).expect("a JPEG");
            let (have, want) = (decoded(&file), decoded(&whole));
            assert_eq!((have.width, have.height), (width, height));
            assert!(have.pixels == want.pixels, "{sampling:?} {width}x{height} in bands of {band}");
        }
    }

    #[test]
    fn a_band_has_no_more_mcus_than_its_marker_can_tell() {
        for width in [1, 7, 8, 9, 640, 4000, 26_720, 65_500] {
            let rows = most_rows(width);
            assert!(rows >= 16 && rows.is_multiple_of(16), "{width}: {rows}");
            assert!(width.div_ceil(8) * (rows / 8) <= MAX_INTERVAL);
        }
    }

    #[test]
    fn other_files_are_refused() {
        let mut compressor = Compressor::new().expect("libjpeg-turbo");
        compressor.set_progressive(true).expect("taken");
        compressor.set_subsamp(Subsamp::Gray).expect("taken");
        let image =
            Image { pixels: &[9u8; 64][..], width: 8, pitch: 8, height: 8, format: PixelFormat::GRAY };
        let progressive = compressor.compress_to_vec(image).expect("compressed");
        let mut file = Vec::new();
        let mut joiner = Joiner::new(Dimensions::new(8, 8));
        for bytes in [&progressive[..], b"", b"\xff\xd8", b"\xff\xd8\xff\xda\0\x08123456"] {
            assert_eq!(joiner.join(bytes, &mut file), None);
        }
        assert!(file.is_empty());
    }
}
