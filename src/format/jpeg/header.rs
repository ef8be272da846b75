//! The header of a JPEG file: its markers up to the first scan. Reads no entropy-coded data.
//! ITU-T T.81 annex B.

use super::app::{self, Meaning};
use super::frame::FrameHeader;
use super::marker::{
    self, APP1, DAC, DHT, EOI, JPG, SOF0, SOF1, SOF2, SOF3, SOF9, SOF10, SOF15, SOS, Segment,
};
use crate::error::MasterError;
use crate::metadata::exif_orientation;
use crate::picture::{Dimensions, Orientation};

/// The content of the markers before the first scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Size of the picture as it is stored.
    pub dimensions: Dimensions,
    /// Number of components: 1, 3 or 4.
    pub components: usize,
    /// Bits of a sample: 8 or 12, without loss 2 to 16.
    pub bits: u8,
    /// Samples of all components: fewer than pixels times components if chroma is subsampled.
    pub samples: u64,
    /// Whether the picture comes in several scans, so that all coefficients are held until the last.
    pub many_scans: bool,
    /// How they are coded.
    pub process: Process,
    /// What components mean. Adobe's marker inverts CMYK.
    pub meaning: Meaning,
    /// How the picture is turned to be shown.
    pub orientation: Orientation,
}

/// How a frame is coded, as far as that decides how it can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Process {
    /// Blocks one after the other in Huffman codes (SOF0, SOF1), of 8 bits: windows can be found in them.
    Sequential,
    /// Progressive, arithmetic coding (SOF2, SOF9, SOF10), or 12 bits.
    Other,
    /// Samples instead of blocks (SOF3): there are no smaller levels.
    Lossless,
}

impl Header {
    /// Reads the markers from SOI to the first SOS.
    ///
    /// # Errors
    /// [`MasterError`] if there is no frame of a kind that Recto decodes, or the file ends before its first scan.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, MasterError> {
        let (mut frame, mut meaning, mut exif) = (None, Meaning::default(), None);
        let mut rest = bytes.get(2..).unwrap_or_default();
        loop {
            let ends = || MasterError::damaged("a JPEG that ends in its header");
            let Segment { marker, content, after } = marker::next(rest)?.ok_or_else(ends)?;
            match marker {
                DHT | JPG | DAC => {}
                SOF0..=SOF15 if frame.is_none() => frame = Some(Self::of_frame(marker, content, after)?),
                SOS => {
                    let frame = frame.ok_or_else(|| MasterError::damaged("a JPEG scan without a frame"))?;
                    let scanned = usize::from(content.first().copied().unwrap_or(0));
                    let many_scans = frame.many_scans || scanned < frame.components;
                    let orientation = exif.unwrap_or(Orientation::UPRIGHT);
                    return Ok(Self { many_scans, meaning, orientation, ..frame });
                }
                EOI => return Err(MasterError::damaged("a JPEG without a scan")),
                APP1 if content.starts_with(app::EXIF) => exif = exif.or_else(|| exif_orientation(content)),
                _ => meaning.note(marker, content),
            }
            rest = after;
        }
    }

    /// Whether the first bytes of a file hold all that is to be read of it before its pixels: its markers with the first
    /// SOS, and the number of its rows, which may also stand behind the first scan (T.81 B.2.5).
    pub(crate) fn is_whole_in(bytes: &[u8]) -> bool {
        let mut markers = marker::before_scan(bytes);
        let is_frame = |found: &Segment| {
            matches!(found.marker, SOF0..=SOF15) && !matches!(found.marker, DHT | JPG | DAC)
        };
        let frame = markers.find(is_frame).and_then(|found| FrameHeader::read(found.content));
        frame.is_some_and(|(frame, _)| frame.height(&[]) > 0) && Self::read(bytes).is_ok()
    }

    /// Reads a frame header, which `after` follows.
    fn of_frame(marker: u8, content: &[u8], after: &[u8]) -> Result<Self, MasterError> {
        let short = || MasterError::damaged("a JPEG frame header that is too short");
        let (frame, _) = FrameHeader::read(content).ok_or_else(short)?;
        let process = match marker {
            SOF0 | SOF1 if frame.bits == 8 => Process::Sequential,
            SOF0 | SOF1 | SOF2 | SOF9 | SOF10 => Process::Other,
            SOF3 => Process::Lossless,
            _ => {
                let number = marker - SOF0;
                return Err(MasterError::unsupported(format!("JPEG of process SOF{number}")));
            }
        };
        // T.81 table B.2.
        if !matches!((process, frame.bits), (_, 8 | 12) | (Process::Lossless, 2..=16)) {
            return Err(MasterError::unsupported(format!("JPEG of {} bits", frame.bits)));
        }
        let components = frame.components().len();
        if !matches!(components, 1 | 3 | 4) {
            return Err(MasterError::unsupported(format!("JPEG of {components} components")));
        }
        let dimensions = Dimensions::new(frame.width.into(), frame.height(after).into());
        Ok(Self {
            dimensions,
            components,
            bits: frame.bits,
            samples: samples(dimensions, frame.components().map(|component| component.sampling))?,
            many_scans: matches!(marker, SOF2 | SOF10),
            process,
            meaning: Meaning::default(),
            orientation: Orientation::UPRIGHT,
        })
    }
}

/// Samples of components with these sampling factors, padded to whole minimum coded units (T.81 A.2).
fn samples(
    dimensions: Dimensions,
    factors: impl Iterator<Item = (u8, u8)> + Clone,
) -> Result<u64, MasterError> {
    let factors = factors.map(|(across, down)| (u64::from(across), u64::from(down)));
    if factors.clone().any(|(across, down)| !(1..=4).contains(&across) || !(1..=4).contains(&down)) {
        return Err(MasterError::damaged("JPEG sampling factors that are none"));
    }
    let widest = factors.clone().map(|(across, _)| across).max().unwrap_or(1);
    let highest = factors.clone().map(|(_, down)| down).max().unwrap_or(1);
    let units =
        u64::from(dimensions.width).div_ceil(8 * widest) * u64::from(dimensions.height).div_ceil(8 * highest);
    Ok(factors.map(|(across, down)| across * down * 64).sum::<u64>() * units)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::metadata::orientation::tests::exif;

    /// A header of this frame, and no data.
    pub(crate) fn sample(frame: u8) -> Vec<u8> {
        let mut file = marker::START.to_vec();
        marker::push(marker::APP0, &[b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"], &mut file);
        marker::push(APP1, &[app::XMP], &mut file);
        marker::push(APP1, &[&exif(6)], &mut file);
        file.extend([0xff, 0xff]);
        marker::push(frame, &[&[8, 1, 1, 2, 0, 3], &[1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]], &mut file);
        marker::push(SOS, &[&[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]], &mut file);
        file
    }

    #[test]
    fn markers_tell_what_is_needed() {
        let header = Header::read(&sample(0xc0)).expect("a header");
        assert_eq!(
            header,
            Header {
                dimensions: Dimensions::new(512, 257),
                components: 3,
                bits: 8,
                samples: 512 * 272 * 3 / 2,
                many_scans: false,
                process: Process::Sequential,
                meaning: Meaning { jfif: true, adobe: None },
                orientation: Orientation::from_tag(6),
            }
        );
        assert!(Header::read(&sample(0xc2)).expect("a header").many_scans);
    }

    #[test]
    fn only_some_numbers_of_bits_go_with_a_process() {
        for (frame, expected) in
            [(0xc0, vec![8, 12]), (0xc1, vec![8, 12]), (0xc2, vec![8, 12]), (0xc3, (2..=16).collect())]
        {
            let mut file = sample(frame);
            let at = file.windows(2).position(|two| two == [0xff, frame]).expect("a frame") + 4;
            let is_read = |bits: &u8| {
                file[at] = *bits;
                Header::read(&file).is_ok_and(|header| header.bits == *bits)
            };
            assert_eq!((0..=255).filter(is_read).collect::<Vec<u8>>(), expected, "{frame:x}");
        }
    }

    #[test]
    fn what_is_cut_or_unknown_is_refused() {
        let whole = sample(0xc0);
        for length in 0..whole.len() {
            assert!(matches!(Header::read(&whole[..length]), Err(MasterError::Damaged(_))), "{length} bytes");
        }
        for frame in [0xc5, 0xc7, 0xcb, 0xcf] {
            assert!(matches!(Header::read(&sample(frame)), Err(MasterError::Unsupported(_))));
        }
        for byte in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xd9, 0xff] {
                let mut wrong = whole.clone();
                wrong[byte] = value;
                let _ = Header::read(&wrong);
            }
        }
    }
}
