//! `[limits]`: how large a derivative may be, and how much of a master one may cost. Read here, used as [`Limits`].

use std::num::{NonZeroU32, NonZeroU64};

use anyhow::ensure;
use serde::Deserialize;

use crate::derive::plan::Cost;
use crate::picture::Limits;

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

impl Default for RawLimits {
    fn default() -> Self {
        let Limits { max_width, max_area, .. } = Limits::default();
        // About three seconds of the slowest ordinary compression.
        let max_source_area = NonZeroU64::new(256_000_000).unwrap_or(NonZeroU64::MIN);
        Self { max_width, max_height: None, max_area, max_source_area, memory: 640 << 20 }
    }
}

impl RawLimits {
    /// Bytes that all requests which are not cheap may need together.
    ///
    /// # Errors
    /// If there is not enough for one that is not dear.
    pub(super) fn memory(&self) -> anyhow::Result<u64> {
        let least = Cost::MIDDLING.bytes;
        ensure!(self.memory >= least, "[limits] memory = {} is less than {least}", self.memory);
        Ok(self.memory)
    }

    /// The limits of a derivative, and of the pixels of a master that one request may decode.
    pub(super) fn meant(self) -> (Limits, NonZeroU64) {
        let Self { max_width, max_height, max_area, max_source_area, .. } = self;
        (Limits { max_width, max_height: max_height.unwrap_or(max_width), max_area }, max_source_area)
    }
}
