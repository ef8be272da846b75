//! What a plan costs, estimated before any of it is carried out: by it requests are admitted.

use std::fmt;
use std::time::Duration;

use super::Plan;

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
    /// The most that is cheap.
    pub const CHEAP: Self = Self { work: Duration::from_millis(60), bytes: 32 << 20 };

    /// The most that is middling.
    pub const MIDDLING: Self = Self { work: Duration::from_millis(600), bytes: 128 << 20 };

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
    /// What carrying it out takes at most.
    pub fn cost(&self) -> Cost {
        let (decoded, made) = (self.decoded_area(), self.scaling.output().area());
        let nanoseconds = decoded.saturating_mul(10).saturating_add(made.saturating_mul(30));
        let held = if self.stream.is_some() { 8 << 20 } else { made.saturating_mul(6) };
        Cost { work: Duration::from_nanos(nanoseconds), bytes: held }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {} MB, {:?}", self.work, self.bytes >> 20, self.class())
    }
}
