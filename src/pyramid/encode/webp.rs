//! WebP tiles, with alpha where there is one. Tag Compression 50001 of libtiff.

use webp::{PixelLayout, WebPConfig};

use super::failed;
use crate::picture::Channels;
use crate::pyramid::Result;

/// How hard libwebp tries: 0 to 6. More than this takes twice the time for 3 % fewer bytes.
const METHOD: i32 = 4;
/// How hard it tries without loss: 0 to 100.
const LOSSLESS_EFFORT: f32 = 50.0;

/// Encodes tiles of one kind.
pub(super) struct Encoder {
    config: WebPConfig,
    layout: PixelLayout,
    side: u32,
}

impl Encoder {
    /// For RGB with or without alpha; without loss if there is no quality.
    ///
    /// # Errors
    /// [`Error::Encoder`](crate::pyramid::Error::Encoder).
    pub(super) fn new(channels: Channels, side: u32, quality: Option<u8>) -> Result<Self> {
        let mut config = WebPConfig::new().map_err(|()| failed("WebP", "another version of libwebp"))?;
        config.method = METHOD;
        config.quality = quality.map_or(LOSSLESS_EFFORT, f32::from);
        config.lossless = quality.is_none().into();
        config.exact = quality.is_none().into(); // also the colours of transparent pixels
        let layout = if channels.has_alpha() { PixelLayout::Rgba } else { PixelLayout::Rgb };
        Ok(Self { config, layout, side })
    }

    /// The tile of these samples.
    ///
    /// # Errors
    /// [`Error::Encoder`](crate::pyramid::Error::Encoder).
    pub(super) fn encode(&self, samples: &[u8]) -> Result<Vec<u8>> {
        let encoder = webp::Encoder::new(samples, self.layout, self.side, self.side);
        let stream =
            encoder.encode_advanced(&self.config).map_err(|error| failed("WebP", format!("{error:?}")))?;
        Ok(stream.to_vec())
    }
}
