//! A plan carried out, from the pixels of a master to the bytes of a derivative.
//! Decides nothing about the request: all choices are in the [`Plan`]. It only looks up what the plan cannot know,
//! because it is in the bytes of the file.

mod colours;
mod lent;
mod scale;
mod stages;
mod stream;

use std::rc::Rc;

use crate::account::{Account, Stage, Way};
use crate::body::Body;
use crate::derive::plan::Plan;
use crate::encode::{self, Carried, Encoder};
use crate::error::Error;
use crate::master::{Decoder, Master};
use crate::memory::room;
use crate::metadata::Metadata;
use crate::passthrough::{Conversion, Passthrough};
use crate::picture::{Depth, Orientation, Quality};
use crate::raster::{Converter, Convertible, Resampler};
use crate::watch::Watch;
use lent::Lent;
use stages::{bands, gathered};
use stream::ChunkStream;

/// The tools that make derivatives, with the buffers and caches that they reuse.
#[derive(Default)]
pub struct Pipeline {
    decoder: Decoder,
    converter: Converter,
    resampler: Resampler,
    encoder: Encoder,
    passthrough: Passthrough,
    account: Account,
}

impl Pipeline {
    /// A pipeline that tells this account what it does.
    pub fn telling(account: Account) -> Self {
        Self { account, ..Self::default() }
    }

    /// The derivative that `plan` describes. If it comes in chunks, the first is made at once, so that errors that
    /// concern the whole master are returned here.
    ///
    /// # Errors
    /// [`Error::Request`] if the format cannot hold a picture of that size; [`Error::Master`] if a piece that the plan
    /// needs is damaged; [`Error::Stopped`] if `watch` ends the work; [`Error::Internal`] if an encoder fails.
    pub fn derive(&mut self, master: &Rc<Master>, plan: &Plan, watch: &Watch) -> Result<Body<'_>, Error> {
        encode::check(plan.format, plan.canvas(), &plan.encodings)?;
        let profiles = colours::profiles(master, plan, &mut self.converter)?;
        let carried = Carried { profile: profiles.sent, metadata: metadata(master, plan)? };
        // Tiles leave in the colours in which they are stored.
        if profiles.source.is_none()
            && let Some(file) = self.stored(master, plan, &carried)?
        {
            self.account.end(Stage::Copy);
            return Ok(file.into());
        }
        match plan.depth {
            Depth::Eight => self.made::<u8>(master, plan, profiles.source, carried, watch),
            Depth::Sixteen => self.made::<u16>(master, plan, profiles.source, carried, watch),
        }
    }

    /// Whether the tile that the plan would send as it is stored may be sent so: its bytes and colours allow it.
    ///
    /// # Errors
    /// [`Error::Master`] if its bytes are not in the file.
    pub fn passes(&mut self, master: &Master, plan: &Plan) -> Result<bool, Error> {
        let profiles = colours::profiles(master, plan, &mut self.converter)?;
        let carried = Carried { profile: profiles.sent, metadata: metadata(master, plan)? };
        Ok(profiles.source.is_none() && self.stored(master, plan, &carried)?.is_some())
    }

    /// The file of the tile that the plan would send as it is stored, if its bytes allow it.
    fn stored(&mut self, master: &Master, plan: &Plan, carried: &Carried) -> Result<Option<Vec<u8>>, Error> {
        let Some(planned) = plan.pass_through else { return Ok(None) };
        let Some(stored) = master.stored(plan.scaling.level, planned.tile)? else { return Ok(None) };
        let conversion = Conversion {
            stored: plan.scaling.piece,
            samples: master.description.channels.count(),
            size: plan.scaling.output(),
            turn: plan.turn,
            gray: plan.quality == Quality::Gray,
            growth: planned.growth,
            encodings: plan.encodings,
        };
        let file = self.passthrough.file(stored, &conversion);
        self.account.goes(match () {
            () if conversion.gray || conversion.turn != Orientation::UPRIGHT => Way::Turned,
            () if conversion.size != conversion.stored => Way::Cut,
            () => Way::Stored,
        });
        Ok(file.and_then(|file| encode::into_file(file, plan.format, carried)))
    }

    /// The file made from decoded pixels, converted from the profile `source`.
    fn made<S: Convertible>(
        &mut self,
        master: &Rc<Master>,
        plan: &Plan,
        source: Option<Vec<u8>>,
        carried: Carried,
        watch: &Watch,
    ) -> Result<Body<'_>, Error> {
        self.account.goes(Way::Decoded);
        self.account.decodes(plan.scaling.source_area());
        let held = master.held_bytes(plan.scaling.level, plan.scaling.first_window());
        room(held.max(plan.cost().bytes))?;
        master.fetch(plan.scaling.level, plan.scaling.window())?;
        let conversion = self.converter.conversion::<S>(source.as_deref(), master.description.channels);
        self.decoder.watch = watch.clone();
        let decoder = Lent::new(&mut self.decoder, Decoder::release_buffers);
        let resampler = Lent::new(&mut self.resampler, Resampler::release_buffers);
        let bands = bands(Rc::clone(master), *plan, decoder, conversion, resampler, watch.clone());
        match plan.stream {
            Some(format) => {
                let file = format.begin(plan.scaling.output(), carried, &plan.encodings, watch);
                ChunkStream::begin(bands, file, self.account.clone())
            }
            None => {
                let picture = gathered(bands, plan.canvas().height)?;
                self.account.end(Stage::Decode);
                let file = self.encoder.encode(picture, plan.format, &carried, &plan.encodings, watch)?;
                self.account.end(Stage::Encode);
                Ok(file.into())
            }
        }
    }
}

/// The metadata of the master that goes into the file.
fn metadata(master: &Master, plan: &Plan) -> Result<Metadata, Error> {
    Ok(match plan.metadata {
        Some(policy) => master.metadata()?.under(policy),
        None => Metadata::default(),
    })
}
