//! Hops 7 to 9 of a request: a plan carried out, from the pixels of a master to the bytes of a derivative.
//! Decides nothing: all choices are in the [`Plan`].

mod stream;

use std::rc::Rc;

use crate::body::Body;
use crate::config::{Colour, Config, Profile};
use crate::derive::plan::{Band, Plan};
use crate::encode::{self, Carried, Encoder, into_jpeg};
use crate::error::Error;
use crate::master::{Decoder, Master};
use crate::metadata::Metadata;
use crate::passthrough::{Conversion, Passthrough};
use crate::picture::{Channels, Depth, Dimensions, Format, Quality, Rect};
use crate::raster::{Converter, Raster, Resampler, Sample, apply, orient, rotate};
use stream::Flow;

/// The ICC profile to convert from, and the one to send.
type Profiles = (Option<Vec<u8>>, Option<Vec<u8>>);

/// The tools of rendering, with the buffers that they keep.
#[derive(Default)]
pub struct Renderer {
    decoder: Decoder,
    converter: Converter,
    resampler: Resampler,
    encoder: Encoder,
    passthrough: Passthrough,
}

impl Renderer {
    /// The derivative that `plan` describes. Of one that comes in pieces the first is made, so that what is wrong with
    /// the master as a whole is told here.
    ///
    /// # Errors
    /// [`Error::Request`] if the format cannot hold a picture of that size; [`Error::Master`] if a piece that the plan
    /// needs is damaged; [`Error::Internal`] if an encoder fails.
    pub fn render<'r>(
        &'r mut self,
        master: &Rc<Master>,
        plan: &Plan,
        config: &'r Config,
    ) -> Result<Body<'r>, Error> {
        encode::check(plan.format, plan.canvas(), &config.encodings)?;
        if let Some(file) = self.stored(master, plan, config)? {
            return Ok(file.into());
        }
        let (source, profile) = self.colours(master, plan, config.colour)?;
        let carried = Carried { profile, metadata: metadata(master, plan, config)? };
        let size = plan.scaled();
        match plan.depth {
            Depth::Eight => {
                let file = plan.flows().then(|| encode::flow(plan.format, size, &carried, config)).flatten();
                if let Some(file) = file {
                    return Flow::begin(self, master, plan, source, config, file);
                }
                let picture = self.picture::<u8>(master, plan, source.as_deref(), config)?;
                Ok(self.encoder.encode(picture, plan.format, &carried, config)?.into())
            }
            Depth::Sixteen => {
                let file =
                    plan.flows().then(|| encode::flow_deep(plan.format, size, &carried, config)).flatten();
                if let Some(file) = file {
                    return Flow::begin(self, master, plan, source, config, file);
                }
                let picture = self.picture::<u16>(master, plan, source.as_deref(), config)?;
                Ok(self.encoder.encode_deep(&picture, plan.format, &carried, config)?.into())
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
        match master.icc_profile(plan.level)? {
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
        self.rest();
        let turned = orient(scaled?, plan.turn);
        let background = config.offer.background;
        let tilted = match plan.tilt {
            0.0 => turned,
            degrees => rotate(&turned, degrees, plan.is_opaque().then_some(background)),
        };
        Ok(apply(tilted, plan.quality, background))
    }

    /// To be called when a request is done with pixels.
    fn rest(&mut self) {
        self.decoder.rest();
        self.resampler.rest();
    }

    /// The tile that the plan names, as it is stored, if it may be sent so.
    fn stored(&mut self, master: &Master, plan: &Plan, config: &Config) -> Result<Option<Vec<u8>>, Error> {
        let Some(tile) = plan.tile.filter(|_| config.tiles.pass_through > 0.0) else { return Ok(None) };
        let (is_converted, profile) = match config.colour.profile {
            Profile::Strip => (false, None),
            Profile::Srgb => (!master.is_srgb(plan.level, &mut self.converter)?, None),
            Profile::Keep => {
                let (source, profile) = self.colours(master, plan, config.colour)?;
                (source.is_some() && !master.is_srgb(plan.level, &mut self.converter)?, profile)
            }
        };
        let carried = Carried { profile, metadata: metadata(master, plan, config)? };
        if is_converted || plan.format != Format::Jpg && !carried.is_empty() {
            return Ok(None);
        }
        let Some(stored) = master.stored(plan.level, tile)? else { return Ok(None) };
        let conversion = Conversion {
            stored: plan.piece,
            samples: master.description.channels.count(),
            size: plan.scaled(),
            turn: plan.turn,
            gray: plan.quality == Quality::Gray,
            growth: config.tiles.pass_through,
            encodings: config.encodings,
        };
        Ok(self.passthrough.file(stored, &conversion).map(|file| into_jpeg(file, &carried)))
    }

    /// Decodes and scales, band by band.
    fn scaled<S: Sample>(
        &mut self,
        master: &Master,
        plan: &Plan,
        profile: Option<&[u8]>,
    ) -> Result<Raster<S>, Error> {
        let (mut source, mut picture) = (Source::new(), Source::new());
        for band in plan.bands() {
            picture.append(self.band(master, plan, &band, &mut source, profile)?);
            picture.reserve(plan.scaled().height);
        }
        Ok(picture.pixels)
    }

    /// The rows of a band, and in `source` the pixels of the level that they were made of.
    fn band<S: Sample>(
        &mut self,
        master: &Master,
        plan: &Plan,
        band: &Band,
        source: &mut Source<S>,
        profile: Option<&[u8]>,
    ) -> Result<Raster<S>, Error> {
        source.drop_above(band.window.y);
        if band.fresh.height > 0 {
            source.append(self.decoded(master, plan, band.fresh, profile)?);
        }
        if plan.is_copy() {
            return Ok(source.take());
        }
        let part = self.resampler.resample(&source.pixels, band.window, (plan.x, plan.y), band.rows.clone());
        part.map_err(|error| Error::Internal(format!("resampling: {error}")))
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

/// What the answer says in words: whole pictures only, for a tile must stay small.
fn metadata(master: &Master, plan: &Plan, config: &Config) -> Result<Metadata, Error> {
    if !plan.whole {
        return Ok(Metadata::default());
    }
    Ok(master.metadata()?.under(config.metadata))
}

/// Rows of the level that are decoded: what a band has in common with the one above it is not decoded again.
struct Source<S> {
    /// The row of the level that comes first.
    top: u32,
    pixels: Raster<S>,
}

impl<S: Sample> Source<S> {
    fn new() -> Self {
        Self { top: 0, pixels: Raster::new(Dimensions::new(0, 0), Channels::Gray) }
    }

    /// Forgets the rows of the level above `top`.
    fn drop_above(&mut self, top: u32) {
        let above = top.saturating_sub(self.top).min(self.pixels.dimensions.height);
        self.pixels.drop_rows(above);
        self.top = top;
    }

    fn append(&mut self, rows: Raster<S>) {
        match self.pixels.dimensions.height {
            0 => self.pixels = rows,
            _ => self.pixels.append(&rows),
        }
    }

    /// Makes room for so many rows in all.
    fn reserve(&mut self, height: u32) {
        let rows = (height - self.pixels.dimensions.height) as usize;
        self.pixels.pixels.reserve_exact(rows * self.pixels.row_length());
    }

    fn take(&mut self) -> Raster<S> {
        std::mem::replace(self, Self::new()).pixels
    }
}
