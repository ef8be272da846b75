//! Hops 7 to 9 of a request: a plan carried out, from the pixels of a master to the bytes of a derivative.
//! Decides nothing: all choices are in the [`Plan`].

use crate::config::{Colour, Config, Profile};
use crate::description::{Channels, Depth};
use crate::encode::{self, Carried, Encoder};
use crate::error::Error;
use crate::geometry::Rect;
use crate::master::{Decoder, Master};
use crate::metadata::Metadata;
use crate::plan::Plan;
use crate::raster::{Converter, Raster, Resampler, Sample, apply, orient, rotate};

/// The ICC profile to convert from, and the one to send.
type Profiles = (Option<Vec<u8>>, Option<Vec<u8>>);

/// The tools of rendering, with the buffers that they keep.
#[derive(Default)]
pub struct Renderer {
    decoder: Decoder,
    converter: Converter,
    resampler: Resampler,
    encoder: Encoder,
}

impl Renderer {
    /// The derivative that `plan` describes.
    ///
    /// # Errors
    /// [`Error::Request`] if the format cannot hold a picture of that size; [`Error::Master`] if a piece that the plan
    /// needs is damaged; [`Error::Internal`] if an encoder fails.
    pub fn render(&mut self, master: &Master, plan: &Plan, config: &Config) -> Result<Vec<u8>, Error> {
        encode::check(plan.format, plan.scaled(), &config.encodings)?;
        let (source, profile) = self.colours(master, plan, config.colour)?;
        let metadata =
            if plan.whole { master.metadata()?.under(config.metadata) } else { Metadata::default() };
        let carried = Carried { profile, metadata };
        match plan.depth {
            Depth::Eight => {
                let picture = self.picture::<u8>(master, plan, source.as_deref(), config)?;
                self.encoder.encode(picture, plan.format, &carried, config)
            }
            Depth::Sixteen => {
                let picture = self.picture::<u16>(master, plan, source.as_deref(), config)?;
                self.encoder.encode_deep(&picture, plan.format, &carried, config)
            }
        }
    }

    /// The profile that pixels are converted from, or else the one that they are sent with.
    fn colours(&mut self, master: &Master, plan: &Plan, policy: Colour) -> Result<Profiles, Error> {
        if policy.profile == Profile::Strip {
            return Ok((None, None));
        }
        let channels = master.description.channels;
        let kept = |profile: &Vec<u8>| {
            policy.profile == Profile::Keep
                && profile.len() <= policy.longest_kept
                && plan.holds_profile(channels)
        };
        match master.icc_profile()? {
            Some(profile) if kept(&profile) && self.converter.knows(&profile, channels) => {
                Ok((None, Some(profile)))
            }
            profile => Ok((profile, None)),
        }
    }

    /// The pixels of the derivative.
    fn picture<S: Sample>(
        &mut self,
        master: &Master,
        plan: &Plan,
        profile: Option<&[u8]>,
        config: &Config,
    ) -> Result<Raster<S>, Error> {
        let scaled = self.scaled(master, plan, profile);
        self.decoder.rest();
        let turned = orient(scaled?, plan.turn);
        let background = config.offer.background;
        let tilted = match plan.tilt {
            0.0 => turned,
            degrees => rotate(&turned, degrees, plan.is_opaque().then_some(background)),
        };
        Ok(apply(tilted, plan.quality, background))
    }

    /// Decodes and scales, band by band.
    fn scaled<S: Sample>(
        &mut self,
        master: &Master,
        plan: &Plan,
        profile: Option<&[u8]>,
    ) -> Result<Raster<S>, Error> {
        if plan.is_copy() {
            return self.decoded(master, plan, plan.window(), profile);
        }
        let channels = match master.description.channels {
            Channels::Cmyk => Channels::Rgb,
            other => other,
        };
        let mut picture = Raster::new(plan.scaled(), channels);
        let row_length = picture.row_length();
        for band in plan.bands() {
            let source = self.decoded(master, plan, band.window, profile)?;
            let part = self.resampler.resample(&source, band.window, (plan.x, plan.y), band.rows.clone());
            let part = part.map_err(|error| Error::Internal(format!("resampling: {error}")))?;
            let place = band.rows.start as usize * row_length..band.rows.end as usize * row_length;
            picture.pixels[place].copy_from_slice(&part.pixels);
        }
        Ok(picture)
    }

    /// Pixels of a window in the colours that will be sent. Before scaling, so that a tile and a scaled picture meet
    /// in the same colours.
    fn decoded<S: Sample>(
        &mut self,
        master: &Master,
        plan: &Plan,
        window: Rect,
        profile: Option<&[u8]>,
    ) -> Result<Raster<S>, Error> {
        let raster = master.decode(&mut self.decoder, plan.level, window)?;
        Ok(self.converter.to_srgb(raster, profile))
    }
}
