//! `[limits]`: how large a derivative may be, and how much of a master and of memory one may cost. Read here, used as
//! [`Limits`] and [`Rendering`](crate::derive::Rendering).

use std::num::{NonZeroU32, NonZeroU64};

use anyhow::ensure;
use serde::Deserialize;

use crate::picture::Limits;

/// Less would not do for the tiles of all masters.
const LEAST_MEMORY: u64 = 64 << 20;

/// The section as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLimits {
    max_width: NonZeroU32,
    max_height: Option<NonZeroU32>,
    max_area: NonZeroU64,
    max_source_area: NonZeroU64,
    memory: u64,
}

/// The section, checked.
pub(super) struct Checked {
    /// The limits of a derivative.
    pub(super) derivatives: Limits,
    /// Pixels of a master that one request may have decoded.
    pub(super) max_source_area: NonZeroU64,
    /// Bytes of memory that all requests in work may take together.
    pub(super) memory: u64,
}

impl Default for RawLimits {
    fn default() -> Self {
        let Limits { max_width, max_area, .. } = Limits::default();
        // About three seconds of the slowest ordinary compression.
        let max_source_area = NonZeroU64::new(256_000_000).unwrap_or(NonZeroU64::MIN);
        // As much as the largest picture without tiles takes to decode.
        Self { max_width, max_height: None, max_area, max_source_area, memory: 640 << 20 }
    }
}

impl RawLimits {
    /// The section, checked.
    ///
    /// # Errors
    /// If a value is out of range.
    pub(super) fn checked(self) -> anyhow::Result<Checked> {
        let Self { max_width, max_height, max_area, max_source_area, memory } = self;
        ensure!(memory >= LEAST_MEMORY, "[limits] memory = {memory} is less than {LEAST_MEMORY} bytes");
        let derivatives = Limits { max_width, max_height: max_height.unwrap_or(max_width), max_area };
        Ok(Checked { derivatives, max_source_area, memory })
    }
}
