//! Old-style JPEG (compression 6): the parts of a stream, which writers leave in different places, as one that stands
//! alone. Pure on the bytes of the file. TIFF 6.0 section 22 as libtiff understands it; ITU-T T.81 annex B.

use super::image::Image;
use super::values::Compression;
use crate::error::MasterError;
use crate::format::jpeg::FrameHeader;
use crate::format::jpeg::marker::{
    self, APP0, APP15, COM, DAC, DHT, DNL, DQT, DRI, END, EOI, RST0, RST7, SOF0, SOF15, SOI, SOS, START,
    Segment,
};
use crate::ifd::tag;
use crate::ifd::{Entry, File, Ifd};
use crate::picture::Dimensions;

/// Headers are looked for in no more bytes: 64 KB for each of a few application markers.
const MAX_HEADER: u64 = 1 << 20;

/// A longer stream is cut off: no picture that is decoded in one piece needs more.
const MAX_STREAM: u64 = 256 << 20;

/// Components of a picture, at most.
const MAX_COMPONENTS: usize = 3;

/// Where the tags of old-style JPEG say that parts of the stream lie.
#[derive(Clone, Copy, Debug)]
pub struct OldJpeg {
    /// JPEGInterchangeFormat: the whole stream, or the begin of it; offset and length.
    stream: Option<(u64, u64)>,
    /// Whether scans are in it.
    is_whole: bool,
    quantisation: Option<Entry>,
    dc: Option<Entry>,
    ac: Option<Entry>,
    restart_interval: u16,
}

impl OldJpeg {
    /// Reads it from a directory; None for another compression.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if a tag has no number.
    pub fn read(file: &File, ifd: &Ifd, compression: Compression) -> Result<Option<Self>, MasterError> {
        if compression != Compression::OldJpeg {
            return Ok(None);
        }
        let length = ifd.integer(file, tag::JPEG_INTERCHANGE_FORMAT_LENGTH)?;
        let stream = ifd.integer(file, tag::JPEG_INTERCHANGE_FORMAT)?.and_then(|offset| {
            let length = file.length_from(offset, length.filter(|length| *length > 0).unwrap_or(u64::MAX));
            (offset > 0 && length > 0).then_some((offset, length.min(MAX_STREAM)))
        });
        let is_whole = match stream {
            None => false,
            Some((offset, length)) => {
                let (parts, rest) = Parts::default().and(file.read(offset, length.min(MAX_HEADER))?);
                parts.scan.is_some() && !rest.is_empty()
            }
        };
        Ok(Some(Self {
            stream,
            is_whole,
            quantisation: ifd.entry(tag::JPEG_Q_TABLES).copied(),
            dc: ifd.entry(tag::JPEG_DC_TABLES).copied(),
            ac: ifd.entry(tag::JPEG_AC_TABLES).copied(),
            restart_interval: ifd
                .integer(file, tag::JPEG_RESTART_INTERVAL)?
                .and_then(|interval| u16::try_from(interval).ok())
                .unwrap_or(0),
        }))
    }

    /// Where the single stream of all pixels lies, if there is one: offset and length. Strips then describe parts of
    /// it, and are not needed.
    pub fn whole(&self) -> Option<(u64, u64)> {
        self.stream.filter(|_| self.is_whole)
    }
}

/// The stream of one piece, of which `size` is stored: a JPEG file without application markers. `compressed` are the
/// piece's own bytes, which begin anywhere from SOI to the entropy-coded data.
///
/// # Errors
/// [`MasterError`] if a part is in none of the places where it may be.
pub(super) fn assemble(
    file: &File,
    image: &Image,
    compressed: &[u8],
    size: Dimensions,
) -> Result<Vec<u8>, MasterError> {
    let Some(old) = &image.old_jpeg else { return Err(MasterError::damaged("no old-style JPEG")) };
    let (own, data) = Parts::default().and(compressed);
    let has_own_scan = own.scan.is_some();
    let is_alone = has_own_scan && own.frame.is_some();
    let parts = if is_alone { own } else { old.shared(file, image)?.before(own) };
    let mut stream = START.to_vec();
    match (parts.frame, parts.scan) {
        (Some((process, frame)), Some(scan)) => {
            stream.extend(&parts.tables);
            push_frame(process, frame, size, &mut stream);
            marker::push(SOS, &[scan], &mut stream);
        }
        (Some(_), None) => return Err(MasterError::damaged("old-style JPEG without SOS")),
        (None, _) => old.push_headers(file, image, size, &mut stream)?,
    }
    match has_own_scan {
        true => stream.extend(data),
        false => push_restarted(data, &mut stream),
    }
    if !stream.ends_with(&END) {
        stream.extend(END);
    }
    Ok(stream)
}

/// The parts of a stream up to its entropy-coded data.
#[derive(Clone, Default)]
struct Parts<'a> {
    /// DQT, DHT, DAC and DRI, in their order.
    tables: Vec<u8>,
    /// SOFn: its marker and parameters.
    frame: Option<(u8, &'a [u8])>,
    /// The parameters of the first SOS.
    scan: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// With the parts that `bytes` begin with, and what is left of them. Application markers and comments are left out.
    fn and(mut self, bytes: &'a [u8]) -> (Self, &'a [u8]) {
        let mut rest = bytes;
        while self.scan.is_none() {
            if let [0xff, 0xff, ..] = rest {
                rest = &rest[1..];
                continue;
            }
            let Some(Segment { marker, content, after }) = marker::here(rest) else { break };
            match marker {
                DHT | DAC | DQT | DRI => marker::push(marker, &[content], &mut self.tables),
                SOF0..=SOF15 => self.frame = Some((marker, content)),
                SOS => self.scan = Some(content),
                SOI | DNL | APP0..=APP15 | COM => {}
                _ => break,
            }
            rest = after;
        }
        (self, rest)
    }

    /// These, and what comes after them.
    fn before(mut self, own: Self) -> Self {
        self.tables.extend(own.tables);
        Self { tables: self.tables, frame: own.frame.or(self.frame), scan: own.scan.or(self.scan) }
    }
}

impl OldJpeg {
    /// The parts that serve all pieces: those of JPEGInterchangeFormat, and those that begin the first piece.
    fn shared<'a>(&self, file: &File<'a>, image: &Image) -> Result<Parts<'a>, MasterError> {
        let header = |(offset, length): (u64, u64)| file.read(offset, length.min(MAX_HEADER));
        let parts = match self.stream {
            Some(range) => Parts::default().and(header(range)?).0,
            None => Parts::default(),
        };
        Ok(match image.piece_range(file, 0)? {
            Some(first) if parts.scan.is_none() => parts.and(header(first)?).0,
            _ => parts,
        })
    }

    /// Writes all headers from tags: a table of each kind for each component (TIFF 6.0 section 22).
    fn push_headers(
        &self,
        file: &File,
        image: &Image,
        size: Dimensions,
        stream: &mut Vec<u8>,
    ) -> Result<(), MasterError> {
        let count = usize::from(image.pixel.samples).min(MAX_COMPONENTS);
        let (across, down) = if count == 1 { (1, 1) } else { image.pixel.subsampling };
        if !matches!((across, down), (1 | 2 | 4, 1 | 2 | 4)) {
            return Err(MasterError::damaged(format!("chroma subsampling of {across} by {down}")));
        }
        for number in 0..count {
            let values = bytes_at(file, self.quantisation.as_ref(), number, |_| 64)?;
            marker::push(DQT, &[&[number as u8], values], stream);
            for (class, entry) in [(0, &self.dc), (0x10, &self.ac)] {
                // Sixteen counts of codes by their length, then what they stand for.
                let codes = |counts: &[u8]| 16 + counts.iter().map(|count| u64::from(*count)).sum::<u64>();
                let table = bytes_at(file, entry.as_ref(), number, codes)?;
                marker::push(DHT, &[&[class | number as u8], table], stream);
            }
        }
        if self.restart_interval > 0 {
            marker::push(DRI, &[&self.restart_interval.to_be_bytes()], stream);
        }
        let sampling = |number: usize| if number == 0 { (across << 4 | down) as u8 } else { 0x11 };
        let frame: Vec<u8> = (0..count).flat_map(|n| [n as u8, sampling(n), n as u8]).collect();
        let scan: Vec<u8> = (0..count).flat_map(|n| [n as u8, (n << 4 | n) as u8]).collect();
        let (height, width) = (side(size.height)?.to_be_bytes(), side(size.width)?.to_be_bytes());
        marker::push(SOF0, &[&[8], &height, &width, &[count as u8], &frame], stream);
        marker::push(SOS, &[&[count as u8], &scan, &[0, 63, 0]], stream);
        Ok(())
    }
}

fn side(side: u32) -> Result<u16, MasterError> {
    u16::try_from(side).map_err(|_| MasterError::damaged(format!("old-style JPEG of {side} pixels")))
}

/// A table at one of the offsets that a tag lists; the last of them serves all further components. `length` tells from
/// its first 16 bytes how long it is.
fn bytes_at<'a>(
    file: &File<'a>,
    entry: Option<&Entry>,
    number: usize,
    length: impl Fn(&[u8]) -> u64,
) -> Result<&'a [u8], MasterError> {
    let entry = entry.ok_or_else(|| MasterError::damaged("old-style JPEG without tables"))?;
    let offset = entry.integer(file, (number as u64).min(entry.count().saturating_sub(1)))?;
    file.read(offset, length(file.read(offset, 16)?))
}

/// Writes SOF with the rows of this piece, and with its columns if these are as many MCUs: then data are the same.
fn push_frame(process: u8, content: &[u8], size: Dimensions, stream: &mut Vec<u8>) {
    let at = stream.len() + 5;
    marker::push(process, &[content], stream);
    let (Some((frame, _)), Ok(height), Ok(width)) =
        (FrameHeader::read(content), u16::try_from(size.height), u16::try_from(size.width))
    else {
        return;
    };
    let units = |width: u16| u32::from(width).div_ceil(frame.mcu().width);
    stream[at..at + 2].copy_from_slice(&height.to_be_bytes());
    if units(frame.width) == units(width) {
        stream[at + 2..at + 4].copy_from_slice(&width.to_be_bytes());
    }
}

/// Writes entropy-coded data that is a part of a longer scan: restarts are numbered from 0 again, and one at the end,
/// or EOI, is left out.
fn push_restarted(data: &[u8], stream: &mut Vec<u8>) {
    let data = match data {
        [data @ .., 0xff, RST0..=RST7 | EOI] => data,
        data => data,
    };
    let start = stream.len();
    stream.extend(data);
    let (mut number, mut at) = (0, start);
    while let Some(found) = memchr::memchr(0xff, &stream[at..]) {
        at += found + 1;
        if let Some(marker @ RST0..=RST7) = stream.get_mut(at) {
            *marker = RST0 | number;
            number = (number + 1) % 8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_end() {
        let markers = [0xff, 0xd8, 0xc0, 0xc4, 0xda, 0xd0, 0, 3, 8, 11];
        let mut state = 1u32;
        for length in 0..500 {
            let noise: Vec<u8> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    markers[(state >> 16) as usize % markers.len()]
                })
                .collect();
            let (parts, rest) = Parts::default().and(&noise);
            assert!(parts.tables.len() + rest.len() <= noise.len());
            let mut stream = Vec::new();
            let (process, frame) = parts.frame.unwrap_or((SOF0, &noise));
            push_frame(process, frame, Dimensions::new(9, 70_000), &mut stream);
            push_frame(process, frame, Dimensions::new(9, 7), &mut stream);
            push_restarted(rest, &mut stream);
        }
    }

    #[test]
    fn restarts_are_numbered_from_0() {
        let mut stream = vec![0xff, 0xd9];
        push_restarted(&[1, 0xff, 0xd5, 2, 0xff, 0, 0xff, 0xd6, 3, 0xff, 0xd7], &mut stream);
        assert_eq!(stream, [0xff, 0xd9, 1, 0xff, 0xd0, 2, 0xff, 0, 0xff, 0xd1, 3]);
    }

    #[test]
    fn a_frame_gets_the_size_of_its_piece_where_that_has_as_many_mcus() {
        let frame = [8, 0, 117, 0, 208, 3, 0, 0x22, 0, 1, 0x11, 1, 2, 0x11, 1];
        for (width, written) in [(203, 203), (193, 193), (192, 208), (209, 208)] {
            let mut stream = Vec::new();
            push_frame(SOF0, &frame, Dimensions::new(width, 48), &mut stream);
            assert_eq!(stream[5..9], [0, 48, 0, written], "{width}");
        }
    }
}
