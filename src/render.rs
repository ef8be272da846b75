//! Hops 7 to 9 of a request: a plan carried out, from the pixels of a master to the bytes of a derivative.
//! Decides nothing: all choices are in the [`Plan`].

use crate::config::Config;
use crate::encode::{self, Encoder};
use crate::error::Error;
use crate::master::Master;
use crate::plan::Plan;
use crate::raster::{Raster, Resampler, apply, orient};
use crate::tiff::WindowDecoder;

/// The tools of rendering, with the buffers that they keep.
#[derive(Default)]
pub struct Renderer {
    decoder: WindowDecoder,
    resampler: Resampler,
    encoder: Encoder,
}

impl Renderer {
    /// The derivative that `plan` describes.
    ///
    /// # Errors
    /// [`Error::Request`] if the format cannot hold a picture of that size; [`Error::Master`] if a piece that the plan needs is damaged; [`Error::Internal`] if an encoder fails.
    pub fn render(&mut self, master: &Master, plan: &Plan, config: &Config) -> Result<Vec<u8>, Error> {
        encode::check(plan.format, plan.scaled(), &config.encodings)?;
        let scaled = self.scaled(master, plan)?;
        let turned = orient(scaled, plan.turn);
        let toned = apply(turned, plan.quality);
        self.encoder.encode(toned, plan.format, config)
    }

    /// Decodes and scales, band by band.
    fn scaled(&mut self, master: &Master, plan: &Plan) -> Result<Raster, Error> {
        self.decoder.forget();
        if plan.is_copy() {
            return Ok(master.decode(&mut self.decoder, plan.level, plan.window())?);
        }
        let mut picture = Raster::new(plan.scaled(), master.description.channels);
        let row_bytes = picture.row_bytes();
        for band in plan.bands() {
            let source = master.decode(&mut self.decoder, plan.level, band.window)?;
            let part = self.resampler.resample(&source, band.window, (plan.x, plan.y), band.rows.clone());
            let part = part.map_err(|error| Error::Internal(format!("resampling: {error}")))?;
            let place = band.rows.start as usize * row_bytes..band.rows.end as usize * row_bytes;
            picture.pixels[place].copy_from_slice(&part.pixels);
        }
        Ok(picture)
    }
}
