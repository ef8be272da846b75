//! Compressed bytes of a piece to the bytes of its samples, for all compressions that know nothing of pictures.
//! Pure; the output has its final size before anything is decoded into it. TIFF 6.0 sections 9 and 13.

use std::io::Read;

use flate2::{FlushDecompress, Status};
use weezl::{BitOrder, LzwStatus};
use zstd::stream::raw::Operation;

use super::ccitt;
use super::values::Compression;
use crate::error::MasterError;
use crate::reused::Reused;
use crate::watch::Watch;

/// Bytes behind the samples of a piece that deflate data may have.
pub(super) const MAX_BEYOND: usize = 64 << 20;

/// What a decoder of LZMA may take, in KiB: the dictionary of the highest preset, 64 MiB, and some more.
const LZMA_MEMORY: u32 = 66 << 10;

/// Bytes that are decoded at once at most, where a decoder can be interrupted: some milliseconds.
const AT_ONCE: usize = 1 << 20;

/// Decoders whose tables are worth keeping from one piece to the next.
#[derive(Default)]
pub(super) struct Decompressor {
    deflate: Reused<libdeflater::Decompressor>,
    zstd: Reused<zstd::bulk::Decompressor<'static>>,
}

impl Decompressor {
    /// Fills `samples` from `compressed`; `width` is that of the piece in pixels. At least `needed` bytes must come:
    /// some writers pad the last strip to full height, most do not. More are decoded only where that is all or nothing.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] if the bytes do not decode, or to fewer than `needed` or more than `samples` holds;
    /// [`MasterError::Stopped`].
    pub(super) fn decode(
        &mut self,
        compression: Compression,
        compressed: &[u8],
        width: u32,
        samples: &mut [u8],
        needed: usize,
        watch: &Watch,
    ) -> Result<(), MasterError> {
        let first = needed.min(samples.len());
        let written = match compression {
            Compression::None => copy(compressed, &mut samples[..first]),
            Compression::Deflate => self.inflate(compressed, samples)?,
            Compression::Zstd => self.unzstd(compressed, samples)?,
            Compression::Lzw => lzw(compressed, &mut samples[..first], watch)?,
            Compression::Lzma => lzma(compressed, &mut samples[..first], watch)?,
            Compression::PackBits => pack_bits(compressed, &mut samples[..first]),
            Compression::Ccitt(coding) => {
                ccitt::decode(coding, compressed, width, &mut samples[..first], watch)?
            }
            Compression::OldJpeg | Compression::Jpeg | Compression::Jpeg2000(_) | Compression::WebP => {
                return Err(MasterError::unsupported(format!("{compression:?} as plain bytes")));
            }
        };
        match written {
            written if written >= needed => Ok(()),
            written => Err(MasterError::damaged(format!(
                "{compression:?} data ends after {written} of {needed} bytes"
            ))),
        }
    }

    fn inflate(&mut self, compressed: &[u8], samples: &mut [u8]) -> Result<usize, MasterError> {
        let fresh = || Ok(libdeflater::Decompressor::new());
        let inflated = self.deflate.with(fresh, |decoder| decoder.zlib_decompress(compressed, samples));
        // What it refuses may still be whole.
        inflated.or_else(|_: libdeflater::DecompressionError| inflate_slowly(compressed, samples))
    }

    fn unzstd(&mut self, compressed: &[u8], samples: &mut [u8]) -> Result<usize, MasterError> {
        let decode =
            |decoder: &mut zstd::bulk::Decompressor| decoder.decompress_to_buffer(compressed, samples);
        let written = self.zstd.with(zstd::bulk::Decompressor::new, decode);
        written.or_else(|_| unzstd_slowly(compressed, samples).map_err(|error| bad_zstd(&error)))
    }
}

/// Deflate data that goes on beyond the samples of the piece, or lacks the checksum behind it, which some writers leave
/// out. All of it is read: a checksum that is there has to be right.
fn inflate_slowly(compressed: &[u8], samples: &mut [u8]) -> Result<usize, MasterError> {
    let corrupt = || MasterError::damaged("deflate data is corrupt");
    let body = compressed.get(2..).filter(|_| is_zlib(compressed)).ok_or_else(corrupt)?;
    let (mut decoder, mut sum) = (flate2::Decompress::new(false), libdeflater::Adler32::new());
    let mut step = |output: &mut [u8]| {
        let before = decoder.total_out();
        let rest = body.get(decoder.total_in() as usize..).unwrap_or_default();
        let status = decoder.decompress(rest, output, FlushDecompress::None).map_err(|_| corrupt())?;
        let written = (decoder.total_out() - before) as usize;
        sum.update(&output[..written]);
        Ok::<_, MasterError>((status, written, decoder.total_in() as usize))
    };
    let (mut status, written, mut read) = step(samples)?;
    let (mut spill, mut more, mut beyond) = (vec![0; 1 << 16], written, 0);
    while status != Status::StreamEnd {
        if more == 0 || beyond > MAX_BEYOND {
            return Err(corrupt());
        }
        (status, more, read) = step(&mut spill)?;
        beyond += more;
    }
    match body[read..].first_chunk() {
        Some(stated) if u32::from_be_bytes(*stated) != sum.sum() => Err(corrupt()),
        _ => Ok(written),
    }
}

/// Whether deflate data has the header of zlib (RFC 1950): method 8, a multiple of 31, no preset dictionary.
pub(super) fn is_zlib(compressed: &[u8]) -> bool {
    let header = compressed.first_chunk().map_or(0, |head| u16::from_be_bytes(*head));
    header >> 8 & 0xf == 8 && header.is_multiple_of(31) && header & 0x20 == 0
}

pub(super) fn bad_zstd(error: &std::io::Error) -> MasterError {
    MasterError::damaged(format!("zstd data is corrupt: {error}"))
}

/// Zstandard data of which more is there than the piece has samples, or something else behind it.
fn unzstd_slowly(compressed: &[u8], samples: &mut [u8]) -> std::io::Result<usize> {
    let mut decoder = zstd::stream::raw::Decoder::new()?;
    let (mut read, mut written) = (0, 0);
    while written < samples.len() {
        let step = decoder.run_on_buffers(&compressed[read..], &mut samples[written..])?;
        read += step.bytes_read;
        written += step.bytes_written;
        if step.remaining == 0 || step.bytes_read + step.bytes_written == 0 {
            break;
        }
    }
    Ok(written)
}

fn copy(stored: &[u8], samples: &mut [u8]) -> usize {
    let length = stored.len().min(samples.len());
    samples[..length].copy_from_slice(&stored[..length]);
    length
}

/// A decoder for data that begin with these two bytes.
pub(super) fn lzw_decoder(head: &[u8]) -> weezl::decode::Decoder {
    // Writers before 1990 packed codes from the low end of bytes and switched sizes late (libtiff's "compat" LZW):
    // there the first code, Clear, begins with a zero byte.
    let old = matches!(head, [0, second, ..] if second & 1 == 1);
    match old {
        true => weezl::decode::Decoder::new(BitOrder::Lsb, 8),
        false => weezl::decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8),
    }
}

fn lzw(compressed: &[u8], samples: &mut [u8], watch: &Watch) -> Result<usize, MasterError> {
    let mut decoder = lzw_decoder(compressed);
    let (mut read, mut written) = (0, 0);
    while written < samples.len() {
        watch.check()?;
        let end = samples.len().min(written + AT_ONCE);
        let step = decoder.decode_bytes(&compressed[read..], &mut samples[written..end]);
        read += step.consumed_in;
        written += step.consumed_out;
        match step.status {
            Ok(LzwStatus::Ok) if step.consumed_in + step.consumed_out > 0 => {}
            Ok(_) => break,
            Err(_) => return Err(MasterError::damaged("LZW data is corrupt")),
        }
    }
    Ok(written)
}

fn lzma(compressed: &[u8], samples: &mut [u8], watch: &Watch) -> Result<usize, MasterError> {
    let mut reader = lzma_rust2::XzReader::new_mem_limit(compressed, false, LZMA_MEMORY);
    let mut written = 0;
    while written < samples.len() {
        watch.check()?;
        let end = samples.len().min(written + AT_ONCE);
        match reader.read(&mut samples[written..end]) {
            Ok(0) => break,
            Ok(count) => written += count,
            Err(error) => return Err(MasterError::damaged(format!("LZMA data is corrupt: {error}"))),
        }
    }
    Ok(written)
}

/// TIFF 6.0 section 9.
fn pack_bits(mut packed: &[u8], samples: &mut [u8]) -> usize {
    let mut written = 0;
    while let [head, rest @ ..] = packed {
        packed = rest;
        let room = samples.len() - written;
        match *head {
            count @ 0..=127 => {
                let length = (usize::from(count) + 1).min(rest.len()).min(room);
                samples[written..written + length].copy_from_slice(&rest[..length]);
                written += length;
                packed = &rest[length..];
            }
            128 => {}
            count => {
                let [value, after @ ..] = rest else { break };
                let length = (257 - usize::from(count)).min(room);
                samples[written..written + length].fill(*value);
                written += length;
                packed = after;
            }
        }
        if written == samples.len() {
            break;
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::super::values::Ccitt;
    use super::*;

    fn decode(compression: Compression, compressed: &[u8], size: usize) -> Result<Vec<u8>, MasterError> {
        let mut samples = vec![0; size];
        Decompressor::default()
            .decode(compression, compressed, 8, &mut samples, size, &Watch::unlimited())
            .map(|()| samples)
    }

    #[test]
    fn pack_bits_decodes_apples_example() {
        // Apple Technical Note TN1023, which TIFF 6.0 section 9 refers to.
        let packed =
            [0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0xfd, 0xaa, 0x03, 0x80, 0x00, 0x2a, 0x22, 0xf7, 0xaa];
        let mut plain =
            vec![0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0xaa, 0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0x22];
        plain.extend([0xaa; 10]);
        assert_eq!(decode(Compression::PackBits, &packed, 24), Ok(plain));
    }

    #[test]
    fn shortage_is_an_error_in_every_compression() {
        let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
        let mut deflated = vec![0; 64];
        let length = compressor.zlib_compress(&[7; 10], &mut deflated).expect("room");
        let zstd = zstd::bulk::compress(&[7; 10], 1).expect("zstd");
        let lzw =
            weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(&[7; 10]).expect("lzw");
        for (compression, bytes) in [
            (Compression::None, &[7; 10][..]),
            (Compression::Deflate, &deflated[..length]),
            (Compression::Zstd, &zstd),
            (Compression::Lzw, &lzw),
            (Compression::PackBits, &[247, 7]),
        ] {
            assert_eq!(decode(compression, bytes, 10), Ok(vec![7; 10]), "{compression:?}");
            assert!(decode(compression, bytes, 11).is_err(), "{compression:?}");
            assert!(decode(compression, &bytes[..bytes.len() / 2], 10).is_err(), "{compression:?}");
            assert!(decode(compression, &[], 10).is_err(), "{compression:?}");
        }
    }

    #[test]
    fn damage_behind_what_is_needed_does_not_matter() {
        let mut state = 1u32;
        let mut byte = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let plain: Vec<u8> = (0..4000).map(|_| byte()).collect();
        let lzw =
            weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(&plain).expect("lzw");
        let packed: Vec<u8> = plain.chunks(100).flat_map(|run| [&[99], run].concat()).collect();
        for (compression, bytes) in [(Compression::Lzw, lzw), (Compression::PackBits, packed)] {
            let mut samples = vec![0; plain.len()];
            let half = &bytes[..bytes.len() / 2];
            let decoded =
                Decompressor::default().decode(compression, half, 8, &mut samples, 1500, &Watch::unlimited());
            assert_eq!(decoded, Ok(()), "{compression:?}");
            assert!(samples[..1500] == plain[..1500] && samples[1500..].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn hostile_bytes_never_panic() {
        let mut state = 1u32;
        for _ in 0..2000 {
            let bytes: Vec<u8> = (0..40)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            for compression in [
                Compression::Deflate,
                Compression::Zstd,
                Compression::Lzma,
                Compression::Lzw,
                Compression::PackBits,
                Compression::Ccitt(Ccitt::T6),
            ] {
                let _ = decode(compression, &bytes, 100);
            }
        }
    }
}
