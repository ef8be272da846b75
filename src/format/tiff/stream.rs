//! Rows of a tall strip, by a decoder that stays where it is from one window to the next: a strip of a whole picture
//! takes memory for the rows that are asked for only. To go back is to begin anew. Rows of a strip without compression,
//! be it tall or not, are read where they lie.
//! Pure on the bytes of the file, which are copied before a decoder sees them.

use std::ops::Range;

use flate2::{Decompress, FlushDecompress, Status};
use weezl::LzwStatus;
use zstd::stream::raw::Operation;

use super::compression::{self, MAX_BEYOND};
use super::image::Image;
use super::values::Compression;
use crate::error::MasterError;
use crate::watch::Watch;

/// Strips of fewer bytes are decoded at once, by faster decoders, if they are compressed.
const LEAST_BYTES: usize = 4 << 20;

/// So much is copied out of the file, or skipped, at once.
const STEP: usize = 64 << 10;

/// A strip that is being decoded.
pub(super) struct Stream {
    /// Its number in the image.
    pub(super) index: u64,
    /// The row that comes next.
    next: u32,
    /// How many of its bytes were read.
    read: usize,
    codec: Codec,
    input: Vec<u8>,
}

enum Codec {
    /// Bytes as they are.
    Plain,
    Deflate {
        decoder: Decompress,
        sum: libdeflater::Adler32,
        is_ended: bool,
    },
    Lzw(weezl::decode::Decoder),
    Zstd(zstd::stream::raw::Decoder<'static>),
    PackBits(Run),
}

/// What is left of a run (TIFF 6.0 section 9).
enum Run {
    None,
    /// So many bytes as they are.
    Literal(usize),
    /// So many times one byte.
    Repeat(usize, u8),
}

/// What a step of a decoder has done.
struct Step {
    read: usize,
    written: usize,
}

impl Stream {
    /// Whether the pieces of an image are decoded by streams.
    pub(super) fn suits(image: &Image) -> bool {
        let is_known = matches!(
            image.compression,
            Compression::None
                | Compression::Deflate
                | Compression::Lzw
                | Compression::Zstd
                | Compression::PackBits
        );
        // Of subsampled pixels a file may say that they are so by nothing, which matters to their own decoders alone.
        is_known
            && !image.pixel.is_subsampled()
            && image.piece.width >= image.dimensions.width
            && image.piece.height > 1
            && (image.compression == Compression::None
                || image.packed_bytes(image.piece.height) > LEAST_BYTES)
    }

    /// Before the first row of a strip.
    ///
    /// # Errors
    /// [`MasterError`] if its first bytes cannot be those of its compression.
    pub(super) fn open(image: &Image, index: u64, compressed: &[u8]) -> Result<Self, MasterError> {
        let mut head = compressed.get(..2).unwrap_or(compressed).to_vec();
        if image.reversed_bits {
            head.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        }
        let (codec, read) = match image.compression {
            Compression::Deflate if compression::is_zlib(&head) => {
                let (decoder, sum) = (Decompress::new(false), libdeflater::Adler32::new());
                (Codec::Deflate { decoder, sum, is_ended: false }, 2)
            }
            Compression::Deflate => return Err(MasterError::damaged("deflate data is corrupt")),
            Compression::Lzw => (Codec::Lzw(compression::lzw_decoder(&head)), 0),
            Compression::Zstd => {
                let decoder = zstd::stream::raw::Decoder::new();
                (Codec::Zstd(decoder.map_err(|error| compression::bad_zstd(&error))?), 0)
            }
            Compression::PackBits => (Codec::PackBits(Run::None), 0),
            _ => (Codec::Plain, 0),
        };
        Ok(Self { index, next: 0, read, codec, input: Vec::new() })
    }

    /// Whether the rows from `first` on are yet to come.
    pub(super) fn is_above(&self, first: u32) -> bool {
        self.next <= first
    }

    /// Leaves these rows of the strip in `out`. They must be yet to come.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if the bytes do not decode, or end before; [`MasterError::Stopped`] if `watch` ends the
    /// work. Then nothing else may be asked for.
    pub(super) fn rows(
        &mut self,
        image: &Image,
        compressed: &[u8],
        rows: Range<u32>,
        out: &mut Vec<u8>,
        watch: &Watch,
    ) -> Result<(), MasterError> {
        let row_bytes = image.row_bytes() as usize;
        let skipped = (rows.start - self.next) as usize * row_bytes;
        out.clear();
        match self.codec {
            Codec::Plain => self.read += skipped,
            _ => {
                out.resize(STEP.min(skipped), 0);
                let mut left = skipped;
                while left > 0 {
                    watch.check()?;
                    let step = left.min(STEP);
                    self.fill(image, compressed, &mut out[..step])?;
                    left -= step;
                }
            }
        }
        out.resize((rows.end - rows.start) as usize * row_bytes, 0);
        self.fill(image, compressed, out)?;
        self.next = rows.end;
        let grid_row = (self.index % image.pieces_per_plane()) as u32;
        if rows.end == image.stored_rows(grid_row) { self.finish(image, compressed) } else { Ok(()) }
    }

    fn fill(&mut self, image: &Image, compressed: &[u8], out: &mut [u8]) -> Result<(), MasterError> {
        let mut written = 0;
        let plain = compressed.get(self.read..).and_then(|rest| rest.get(..out.len()));
        if let (Codec::Plain, Some(plain), false) = (&self.codec, plain, image.reversed_bits) {
            out.copy_from_slice(plain);
            self.read += plain.len();
            return Ok(());
        }
        while written < out.len() {
            let step = self.step(image, compressed, &mut out[written..])?;
            written += step.written;
            if step.read + step.written == 0 {
                let (compression, needed) = (image.compression, out.len());
                return Err(MasterError::damaged(format!(
                    "{compression:?} data ends {} bytes too early",
                    needed - written
                )));
            }
        }
        Ok(())
    }

    /// Once all rows are there: data may go on, but has to end, with a checksum that is right if it is there, as in
    /// [`compression`].
    fn finish(&mut self, image: &Image, compressed: &[u8]) -> Result<(), MasterError> {
        if !matches!(self.codec, Codec::Deflate { .. }) {
            return Ok(());
        }
        let (mut spill, mut beyond) = (vec![0; STEP], 0);
        loop {
            let step = self.step(image, compressed, &mut spill)?;
            beyond += step.written;
            if step.read + step.written == 0 || beyond > MAX_BEYOND {
                break;
            }
        }
        let mut sum = compressed.get(self.read..).and_then(<[u8]>::first_chunk).copied();
        if let Some(sum) = sum.as_mut().filter(|_| image.reversed_bits) {
            sum.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        }
        let is_right = match &self.codec {
            Codec::Deflate { sum: expected, is_ended, .. } => {
                *is_ended && sum.is_none_or(|stated| u32::from_be_bytes(stated) == expected.sum())
            }
            _ => true,
        };
        if is_right { Ok(()) } else { Err(MasterError::damaged("deflate data is corrupt")) }
    }

    /// Decodes some bytes; none are read and none written only at the end.
    fn step(&mut self, image: &Image, compressed: &[u8], out: &mut [u8]) -> Result<Step, MasterError> {
        let rest = compressed.get(self.read..).unwrap_or_default();
        self.input.clear();
        self.input.extend_from_slice(&rest[..rest.len().min(STEP)]);
        if image.reversed_bits {
            self.input.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        }
        let step = self.codec.step(&self.input, out)?;
        self.read += step.read;
        Ok(step)
    }
}

impl Codec {
    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Result<Step, MasterError> {
        match self {
            Self::Plain => {
                let length = input.len().min(out.len());
                out[..length].copy_from_slice(&input[..length]);
                Ok(Step { read: length, written: length })
            }
            Self::Deflate { is_ended: true, .. } => Ok(Step { read: 0, written: 0 }),
            Self::Deflate { decoder, sum, is_ended } => {
                let (read, written) = (decoder.total_in(), decoder.total_out());
                let status = decoder.decompress(input, out, FlushDecompress::None);
                let status = status.map_err(|_| MasterError::damaged("deflate data is corrupt"))?;
                *is_ended = status == Status::StreamEnd;
                let step = Step {
                    read: (decoder.total_in() - read) as usize,
                    written: (decoder.total_out() - written) as usize,
                };
                sum.update(&out[..step.written]);
                Ok(step)
            }
            Self::Lzw(decoder) => {
                let step = decoder.decode_bytes(input, out);
                match step.status {
                    Ok(LzwStatus::Ok | LzwStatus::NoProgress | LzwStatus::Done) => {
                        Ok(Step { read: step.consumed_in, written: step.consumed_out })
                    }
                    Err(_) => Err(MasterError::damaged("LZW data is corrupt")),
                }
            }
            Self::Zstd(decoder) => {
                let step =
                    decoder.run_on_buffers(input, out).map_err(|error| compression::bad_zstd(&error))?;
                Ok(Step { read: step.bytes_read, written: step.bytes_written })
            }
            Self::PackBits(run) => Ok(run.step(input, out)),
        }
    }
}

impl Run {
    fn step(&mut self, input: &[u8], out: &mut [u8]) -> Step {
        let (mut read, mut written) = (0, 0);
        while written < out.len() {
            match self {
                Self::None | Self::Literal(0) | Self::Repeat(0, _) => {
                    let Some((next, length)) = Self::begin(&input[read..]) else { break };
                    (*self, read) = (next, read + length);
                }
                Self::Literal(left) => {
                    let length = (*left).min(input.len() - read).min(out.len() - written);
                    if length == 0 {
                        break;
                    }
                    out[written..written + length].copy_from_slice(&input[read..read + length]);
                    (*left, read, written) = (*left - length, read + length, written + length);
                }
                Self::Repeat(left, value) => {
                    let length = (*left).min(out.len() - written);
                    out[written..written + length].fill(*value);
                    (*left, written) = (*left - length, written + length);
                }
            }
        }
        Step { read, written }
    }

    /// The run that begins here, and the bytes of its head.
    fn begin(input: &[u8]) -> Option<(Self, usize)> {
        match *input {
            [128, ..] => Some((Self::None, 1)),
            [count @ 0..=127, ..] => Some((Self::Literal(usize::from(count) + 1), 1)),
            [count, value, ..] => Some((Self::Repeat(257 - usize::from(count), value), 2)),
            _ => None,
        }
    }
}
