//! libjpeg-turbo, reached through its safe binding, and the rule by which a stream is damaged.
//!
//! A stream whose pixels libjpeg-turbo makes without a warning is sound. When it warns, it has replaced missing data,
//! or skipped superfluous data, and it reports only its first warning. So:
//!
//! | its first warning | the stream is |
//! |---|---|
//! | zeros before EOI, with which some scanners pad their files, where no restart marker is due | sound: nothing can follow that warning |
//! | the end is missing, bytes before a marker, a restart marker of another number, SOS of another process | sound if each bit of each coefficient is there, and the stream without what is superfluous decodes without a warning |
//! | any other: data that run out, codes that are none, scans in no order | damaged |
//!
//! Whatever it would warn of before the first scan is removed beforehand ([`super::assemble`]).

use std::fmt::Display;

use turbojpeg::{DecompressHeader, Decompressor, Image, ScalingFactor};

use super::MAX_SCANS;
use super::assemble::mended;
use super::marker::{DRI, END};
use crate::error::MasterError;
use crate::watch::Watch;

/// Warnings of streams of which all pixels may be there.
const HARMLESS: [&str; 4] = [
    "Premature end of JPEG file",
    "extraneous bytes before marker",
    "Corrupt JPEG data: found marker",
    "Invalid SOS parameters for sequential JPEG",
];

/// A stream whose header was read. libjpeg keeps the tables of a stream for the next one that goes through the same
/// handle, and decodes one that lacks its own by them: so each stream has its own handle, which costs 1 % of a tile's
/// time.
pub(crate) struct Decoder<'a> {
    stream: &'a [u8],
    handle: Decompressor,
    header: DecompressHeader,
}

impl<'a> Decoder<'a> {
    /// Reads the header of a stream.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] with the words of the library.
    pub(crate) fn open(stream: &'a [u8]) -> Result<Self, MasterError> {
        let mut handle = fresh().map_err(|error| damaged(&error))?;
        let header = handle.read_header(stream).map_err(|error| damaged(&error))?;
        Ok(Self { stream, handle, header })
    }

    /// The content of its header.
    pub(crate) fn header(&self) -> &DecompressHeader {
        &self.header
    }

    /// Puts its pixels into `image`, scaled by `factor`. Few streams have to be decoded twice for it.
    ///
    /// # Errors
    /// [`MasterError::Damaged`] with the words of the library; [`MasterError::Stopped`] before or after a pass of it.
    pub(crate) fn decode(
        self,
        factor: ScalingFactor,
        mut image: Image<&mut [u8]>,
        watch: &Watch,
    ) -> Result<(), MasterError> {
        let mut opened = Some(self.handle);
        decode_sound(self.stream, watch, |stream| {
            let mut handle = opened.take().map_or_else(fresh, Ok)?;
            handle.set_scaling_factor(factor)?;
            handle.decompress(stream, image.as_deref_mut())
        })
    }
}

/// Decodes a stream by `decode`, which fails at warnings: once, or, if the stream may be sound all the same, again
/// without what caused the warning. The library cannot be stopped while it decodes.
///
/// # Errors
/// [`MasterError::Damaged`] with the words of the library; [`MasterError::Stopped`].
pub(super) fn decode_sound<E: Display>(
    stream: &[u8],
    watch: &Watch,
    mut decode: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), MasterError> {
    watch.check()?;
    let decoded = decode(stream);
    watch.check()?;
    let Err(warning) = decoded else { return Ok(()) };
    let message = warning.to_string();
    if is_padding(&message, stream) {
        return Ok(());
    }
    let may_be_sound = HARMLESS.iter().any(|harmless| message.contains(harmless));
    let mended = may_be_sound.then(|| mended(stream, watch)).flatten();
    watch.check()?;
    let stream = mended.ok_or_else(|| damaged(&warning))?;
    decode(&stream).map_err(|error| damaged(&error))
}

fn fresh() -> turbojpeg::Result<Decompressor> {
    let mut decoder = Decompressor::new()?;
    decoder.set_scan_limit(MAX_SCANS as u32)?;
    Ok(decoder)
}

pub(super) fn damaged(error: &impl Display) -> MasterError {
    MasterError::damaged(format!("JPEG data: {error}"))
}

/// Whether the library warns only of zeros before EOI, after which nothing can be wrong unless EOI is where a restart
/// marker should be.
fn is_padding(complaint: &str, stream: &[u8]) -> bool {
    let counted = complaint.strip_suffix(" extraneous bytes before marker 0xd9");
    let count = counted.and_then(|text| text.rsplit(' ').next()?.parse::<usize>().ok());
    let end = stream.windows(2).rposition(|marker| marker == END);
    let padding = count.zip(end).and_then(|(count, end)| stream.get(end.checked_sub(count)?..end));
    padding.is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0)) && !has_restarts(stream)
}

/// Whether there is DRI anywhere.
fn has_restarts(stream: &[u8]) -> bool {
    memchr::memmem::find(stream, &[0xff, DRI]).is_some()
}
