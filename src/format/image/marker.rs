//! The header of a JPEG file: its markers up to the first scan.
//! Reads no entropy-coded data. ITU-T T.81 annex B; ICC.1:2022 annex B.4.

use crate::error::MasterError;
use crate::format::jpeg::segment::{self, Segment};
use crate::format::jpeg::stream::Meaning;
use crate::metadata::Exif;
use crate::metadata::exif_orientation;
use crate::metadata::{Metadata, Xmp};
use crate::picture::{Dimensions, Orientation};

/// What the markers before the first scan tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
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

/// How a frame is coded, as far as it matters what can be had of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Process {
    /// Blocks one after the other in Huffman codes (SOF0, SOF1), of 8 bits: windows can be found in them.
    Sequential,
    /// Progressive, arithmetic coding (SOF2, SOF9, SOF10), or 12 bits.
    Other,
    /// Samples instead of blocks (SOF3): there are no smaller levels.
    Lossless,
}

/// SOFn: what a frame header tells.
struct Frame {
    dimensions: Dimensions,
    components: usize,
    bits: u8,
    samples: u64,
    progressive: bool,
    process: Process,
}

impl Header {
    /// Reads the markers from SOI to the first SOS.
    ///
    /// # Errors
    /// [`MasterError`] if there is no frame of a kind that Recto decodes, or the file ends before its first scan.
    pub fn read(bytes: &[u8]) -> Result<Self, MasterError> {
        let (mut frame, mut meaning, mut exif) = (None, Meaning::default(), None);
        let mut rest = bytes.get(2..).unwrap_or_default();
        loop {
            let ends = || MasterError::damaged("a JPEG that ends in its header");
            let Segment { marker, content, after } = segment::next(rest)?.ok_or_else(ends)?;
            match marker {
                0xc4 | 0xc8 | 0xcc => {}
                0xc0..=0xcf if frame.is_none() => frame = Some(Frame::read(marker, content, after)?),
                0xda => {
                    let frame = frame.ok_or_else(|| MasterError::damaged("a JPEG scan without a frame"))?;
                    let scanned = usize::from(content.first().copied().unwrap_or(0));
                    return Ok(Self::new(&frame, scanned, meaning, exif.unwrap_or(Orientation::UPRIGHT)));
                }
                0xd9 => return Err(MasterError::damaged("a JPEG without a scan")),
                0xe1 if content.starts_with(b"Exif\0\0") => exif = exif.or_else(|| exif_orientation(content)),
                _ => meaning.note(marker, content),
            }
            rest = after;
        }
    }

    fn new(frame: &Frame, scanned: usize, meaning: Meaning, orientation: Orientation) -> Self {
        Self {
            dimensions: frame.dimensions,
            components: frame.components,
            bits: frame.bits,
            samples: frame.samples,
            many_scans: frame.progressive || scanned < frame.components,
            process: frame.process,
            meaning,
            orientation,
        }
    }
}

/// EXIF and XMP in the markers before the first scan (XMP part 3, section 1.1.3): the first of each.
pub fn metadata(bytes: &[u8]) -> Metadata {
    Metadata {
        exif: exif(bytes).map_or_else(Exif::default, Exif::read),
        xmp: named(bytes, b"http://ns.adobe.com/xap/1.0/\0").and_then(Xmp::read),
    }
}

/// The block of EXIF.
pub fn exif(bytes: &[u8]) -> Option<&[u8]> {
    named(bytes, b"Exif\0\0")
}

/// What follows a name in the first marker APP1 that has it.
fn named<'a>(bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    segments(bytes).find_map(|(marker, segment)| segment.strip_prefix(name).filter(|_| marker == 0xe1))
}

/// The markers before the first scan with their parameters, as far as they can be read.
fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = bytes.get(2..).unwrap_or_default();
    std::iter::from_fn(move || {
        let Segment { marker, content, after } = segment::next(rest).ok()??;
        rest = after;
        (!matches!(marker, 0xd9 | 0xda)).then_some((marker, content))
    })
}

/// The ICC profile in the markers before the first scan (ICC.1:2022 annex B.4).
pub fn icc_profile(bytes: &[u8]) -> Option<Vec<u8>> {
    profile_parts(bytes).map(|parts| parts.concat()).filter(|profile| !profile.is_empty())
}

/// Whether there are parts of a profile, but not each of them once: then it is left out.
pub fn has_broken_profile(bytes: &[u8]) -> bool {
    profile_parts(bytes).is_none()
}

/// The parts of a profile in their order; none if there is no profile. Nothing if they are not numbered from 1 to the
/// number of parts that each of them tells.
fn profile_parts(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts: Vec<(u8, u8, &[u8])> = segments(bytes)
        .filter(|(marker, _)| *marker == 0xe2)
        .filter_map(|(_, content)| match content.strip_prefix(b"ICC_PROFILE\0")? {
            [number, count, part @ ..] => Some((*number, *count, part)),
            _ => None,
        })
        .collect();
    parts.sort_by_key(|(number, ..)| *number);
    let count = parts.len();
    let is_whole = parts
        .iter()
        .zip(1..)
        .all(|(part, number)| (usize::from(part.0), usize::from(part.1)) == (number, count));
    is_whole.then(|| parts.into_iter().map(|(.., part)| part).collect())
}

impl Frame {
    /// T.81 B.2.2.
    fn read(marker: u8, segment: &[u8], after: &[u8]) -> Result<Self, MasterError> {
        let short = || MasterError::damaged("a JPEG frame header that is too short");
        let (&[bits, h1, h0, w1, w0, count], table) = segment.split_first_chunk().ok_or_else(short)?;
        let process = match marker {
            0xc0 | 0xc1 if bits == 8 => Process::Sequential,
            0xc0..=0xc2 | 0xc9 | 0xca => Process::Other,
            0xc3 => Process::Lossless,
            _ => {
                let number = marker - 0xc0;
                return Err(MasterError::unsupported(format!("JPEG of process SOF{number}")));
            }
        };
        // T.81 table B.2.
        if !matches!((process, bits), (_, 8 | 12) | (Process::Lossless, 2..=16)) {
            return Err(MasterError::unsupported(format!("JPEG of {bits} bits")));
        }
        let components = usize::from(count);
        if !matches!(components, 1 | 3 | 4) {
            return Err(MasterError::unsupported(format!("JPEG of {components} components")));
        }
        let height = segment::height(u16::from_be_bytes([h1, h0]), after);
        let dimensions = Dimensions::new(u16::from_be_bytes([w1, w0]).into(), height.into());
        let factors = table.get(..components * 3).ok_or_else(short)?.chunks_exact(3).map(|row| row[1]);
        Ok(Self {
            dimensions,
            components,
            bits,
            samples: samples(dimensions, factors)?,
            progressive: matches!(marker, 0xc2 | 0xca),
            process,
        })
    }
}

/// Samples of components with these sampling factors, padded to whole minimum coded units (T.81 A.2).
fn samples(dimensions: Dimensions, factors: impl Iterator<Item = u8> + Clone) -> Result<u64, MasterError> {
    let (across, down) = (|factor: u8| u64::from(factor >> 4), |factor: u8| u64::from(factor & 15));
    if factors.clone().any(|f| !(1..=4).contains(&across(f)) || !(1..=4).contains(&down(f))) {
        return Err(MasterError::damaged("JPEG sampling factors that are none"));
    }
    let widest = factors.clone().map(across).max().unwrap_or(1);
    let highest = factors.clone().map(down).max().unwrap_or(1);
    let units =
        u64::from(dimensions.width).div_ceil(8 * widest) * u64::from(dimensions.height).div_ceil(8 * highest);
    Ok(factors.map(|f| across(f) * down(f) * 64).sum::<u64>() * units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::orientation::tests::exif;

    fn with_length(marker: u8, segment: &[u8]) -> Vec<u8> {
        let length = u16::try_from(segment.len() + 2).expect("short");
        [&[0xff, marker][..], &length.to_be_bytes(), segment].concat()
    }

    fn sample(frame: u8) -> Vec<u8> {
        let components = [1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
        [
            vec![0xff, 0xd8],
            with_length(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
            with_length(0xe1, b"http://ns.adobe.com/xap/1.0/\0"),
            with_length(0xe1, &exif(6)),
            vec![0xff, 0xff],
            with_length(frame, &[&[8, 1, 1, 2, 0, 3][..], &components].concat()),
            with_length(0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]),
        ]
        .concat()
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
            let mut is_read = |bits: &u8| {
                file[at] = *bits;
                Header::read(&file).is_ok_and(|header| header.bits == *bits)
            };
            assert_eq!((0..=255).filter(|bits| is_read(bits)).collect::<Vec<u8>>(), expected, "{frame:x}");
        }
    }

    #[test]
    fn a_profile_is_joined_from_its_parts() {
        let part =
            |number: u8, text: &[u8]| with_length(0xe2, &[b"ICC_PROFILE\0", &[number, 2][..], text].concat());
        let other = with_length(0xe2, b"MPF\0");
        let file =
            [vec![0xff, 0xd8], part(2, b"file"), other, part(1, b"pro"), sample(0xc0)[2..].to_vec()].concat();
        assert_eq!(icc_profile(&file).as_deref(), Some(&b"profile"[..]));
        assert_eq!(icc_profile(&sample(0xc0)), None);
        assert_eq!(icc_profile(&[]), None);
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
