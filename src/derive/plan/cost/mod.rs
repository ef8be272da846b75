//! What a plan costs, estimated before any of it is carried out: by it requests are admitted.
//! Pure arithmetic on the plan and the numbers of [`table`]; a few hundred nanoseconds.

mod decoding;
mod making;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use super::Plan;
use crate::picture::Depth;

/// What carrying out a plan takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Time of a processor.
    pub work: Duration,
    /// Bytes of memory at most, beside the caches of a worker.
    pub bytes: u64,
}

/// How a request is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Tiles, thumbnails, info.json: they never wait for the others.
    Cheap,
    /// What takes longer than anybody should wait for who asked for a tile.
    Middling,
    /// What takes so long, or so much memory, that few may be in work at once.
    Dear,
}

impl Cost {
    /// The most that is cheap. The tiles of all pyramids are, up to 1024 pixels a side of JPEG 2000 as WebP, which take
    /// 190 ms by estimate and 150 in truth; so are thumbnails of photographs without tiles. Whole pages take more.
    pub const CHEAP: Self = Self { work: Duration::from_millis(200), bytes: 64 << 20 };

    /// The most that is middling. Pages of 24 megapixels are that are written while they are made, and thumbnails of as
    /// many pixels without tiles; what is dear takes seconds, or a quarter of the memory that there is.
    pub const MIDDLING: Self = Self { work: Duration::from_millis(1200), bytes: 160 << 20 };

    /// What a tile takes that is sent as it is stored: it is parsed, and sometimes cut, within some tens of microseconds.
    pub const AS_STORED: Self = Self { work: Duration::from_micros(100), bytes: 8 << 20 };

    /// How a request of this cost is admitted.
    pub fn class(self) -> Class {
        let within = |most: Self| self.work <= most.work && self.bytes <= most.bytes;
        match () {
            () if within(Self::CHEAP) => Class::Cheap,
            () if within(Self::MIDDLING) => Class::Middling,
            () => Class::Dear,
        }
    }
}

impl Plan {
    /// What carrying it out takes at most, if a worker has nothing of it in its caches.
    pub fn cost(&self) -> Cost {
        let (decoded, made) = (self.decoding(), self.making());
        let nanoseconds = table::REQUEST + decoded.work + made.work;
        let bands = decoded.held + self.band_bytes() * self.copies();
        let bytes = match self.stream {
            Some(_) => bands + made.band,
            // Decoders are gone when the whole picture is encoded, but for what is cached.
            None => (bands + made.gathered).max(decoded.kept + made.held),
        };
        // `as` saturates.
        let bytes = (table::REQUEST_BYTES + bytes.max(decoded.before)) as u64;
        Cost { work: Duration::from_nanos(nanoseconds as u64), bytes }
    }

    /// Bytes that decoding takes, whatever is made of the pixels.
    pub(super) fn least_bytes(&self) -> u64 {
        let decoded = self.decoding();
        (table::REQUEST_BYTES + decoded.before.max(decoded.held + self.band_bytes())) as u64
    }

    /// Bytes of the pixels of a band.
    fn band_bytes(&self) -> f64 {
        self.scaling.band_area() as f64 * self.channels.count() as f64 * self.sample_bytes()
    }

    /// How often the pixels of a band are held: as they are decoded, with their colours converted, while they are scaled.
    fn copies(&self) -> f64 {
        match (self.scaling.is_copy(), self.channels.has_alpha()) {
            (true, _) => 2.0,
            (false, false) => 3.0,
            (false, true) => 4.0,
        }
    }

    fn sample_bytes(&self) -> f64 {
        f64::from(self.depth.bits() / 8)
    }

    /// By how much longer samples of its depth take.
    fn depth_factor(&self) -> f64 {
        if self.depth == Depth::Sixteen { table::DEEP } else { 1.0 }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.work.as_millis().max(1);
        match milliseconds {
            ..1000 => write!(f, "{milliseconds} ms")?,
            _ => write!(f, "{:.1} s", self.work.as_secs_f64())?,
        }
        write!(f, " of a processor, {} MB: {}", self.bytes.div_ceil(1 << 20), self.class())
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cheap => "cheap",
            Self::Middling => "middling",
            Self::Dear => "dear",
        })
    }
}
