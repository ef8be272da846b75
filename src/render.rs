//! Hops 7 to 9 of a request: a plan carried out, from the pixels of a master to the bytes of a derivative.
//! Decides nothing: all choices are in the [`Plan`].

use crate::config::{Config, Profile};
use crate::description::Channels;
use crate::encode::{self, Encoder};
use crate::error::Error;
use crate::geometry::Rect;
use crate::iiif::Quality;
use crate::master::{Decoder, Master};
use crate::plan::Plan;
use crate::raster::{Converter, Raster, Resampler, apply, orient, rotate};
use crate::stored::{Passer, Wanted};

/// The tools of rendering, with the buffers that they keep.
#[derive(Default)]
pub struct Renderer {
    decoder: Decoder,
    converter: Converter,
    resampler: Resampler,
    encoder: Encoder,
    passer: Passer,
}

impl Renderer {
    /// The derivative that `plan` describes.
    ///
    /// # Errors
    /// [`Error::Request`] if the format cannot hold a picture of that size; [`Error::Master`] if a piece that the plan
    /// needs is damaged; [`Error::Internal`] if an encoder fails.
    pub fn render(&mut self, master: &Master, plan: &Plan, config: &Config) -> Result<Vec<u8>, Error> {
        encode::check(plan.format, plan.scaled(), &config.encodings)?;
        if let Some(file) = self.stored(master, plan, config)? {
            return Ok(file);
        }
        let profile = if config.colour.profile == Profile::Srgb { master.icc_profile()? } else { None };
        let scaled = self.scaled(master, plan, profile.as_deref());
        self.decoder.rest();
        let turned = orient(scaled?, plan.turn);
        let background = config.offer.background;
        let tilted = match plan.tilt {
            0.0 => turned,
            degrees => rotate(&turned, degrees, plan.is_opaque().then_some(background)),
        };
        let toned = apply(tilted, plan.quality, background);
        self.encoder.encode(toned, plan.format, config)
    }

    /// The tile that the plan names, as it is stored, if it may be sent so.
    fn stored(&mut self, master: &Master, plan: &Plan, config: &Config) -> Result<Option<Vec<u8>>, Error> {
        let Some(tile) = plan.tile.filter(|_| config.tiles.pass_through > 0.0) else { return Ok(None) };
        let has_its_colours = match config.colour.profile {
            Profile::Srgb => master.is_srgb(&mut self.converter)?,
            Profile::Strip => true,
        };
        if !has_its_colours {
            return Ok(None);
        }
        let Some(stored) = master.stored(plan.level, tile)? else { return Ok(None) };
        let wanted = Wanted {
            stored: plan.piece,
            samples: master.description.channels.count(),
            size: plan.scaled(),
            turn: plan.turn,
            gray: plan.quality == Quality::Gray,
            growth: config.tiles.pass_through,
            encodings: config.encodings,
        };
        Ok(self.passer.pass(stored, &wanted))
    }

    /// Decodes and scales, band by band.
    fn scaled(&mut self, master: &Master, plan: &Plan, profile: Option<&[u8]>) -> Result<Raster, Error> {
        if plan.is_copy() {
            return self.decoded(master, plan, plan.window(), profile);
        }
        let channels = match master.description.channels {
            Channels::Cmyk => Channels::Rgb,
            other => other,
        };
        let mut picture = Raster::new(plan.scaled(), channels);
        let row_bytes = picture.row_bytes();
        for band in plan.bands() {
            let source = self.decoded(master, plan, band.window, profile)?;
            let part = self.resampler.resample(&source, band.window, (plan.x, plan.y), band.rows.clone());
            let part = part.map_err(|error| Error::Internal(format!("resampling: {error}")))?;
            let place = band.rows.start as usize * row_bytes..band.rows.end as usize * row_bytes;
            picture.pixels[place].copy_from_slice(&part.pixels);
        }
        Ok(picture)
    }

    /// Pixels of a window in the colours that will be sent. Before scaling, so that a tile and a scaled picture meet
    /// in the same colours.
    fn decoded(
        &mut self,
        master: &Master,
        plan: &Plan,
        window: Rect,
        profile: Option<&[u8]>,
    ) -> Result<Raster, Error> {
        let raster = master.decode(&mut self.decoder, plan.level, window)?;
        Ok(self.converter.to_srgb(raster, profile))
    }
}
