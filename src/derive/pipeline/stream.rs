//! A derivative in pieces: each is made of one band of the picture when it is asked for.

use std::rc::Rc;

use super::{Renderer, Source};
use crate::body::Body;
use crate::config::Config;
use crate::derive::plan::{Band, Plan};
use crate::encode;
use crate::error::Error;
use crate::master::Master;
use crate::raster::{Raster, Sample, apply, orient};

/// What is left to be made of a plan that [flows](Plan::flows).
pub(super) struct Flow<'r, S> {
    renderer: &'r mut Renderer,
    master: Rc<Master>,
    plan: Plan,
    /// What pixels are converted from.
    profile: Option<Vec<u8>>,
    background: [u8; 3],
    bands: Box<dyn Iterator<Item = Band>>,
    source: Source<S>,
    /// Gone when it is finished, or has failed.
    file: Option<Box<dyn encode::Flow<S>>>,
}

impl<'r, S: Sample> Flow<'r, S> {
    /// The pieces of `file`, the first of which is made.
    pub(super) fn begin(
        renderer: &'r mut Renderer,
        master: &Rc<Master>,
        plan: &Plan,
        profile: Option<Vec<u8>>,
        config: &Config,
        file: Box<dyn encode::Flow<S>>,
    ) -> Result<Body<'r>, Error> {
        let mut flow = Self {
            renderer,
            master: Rc::clone(master),
            plan: plan.clone(),
            profile,
            background: config.rendering.offer.background,
            bands: Box::new(plan.bands()),
            source: Source::new(),
            file: Some(file),
        };
        let first = flow.next().transpose()?.map(Ok);
        Ok(Body::Pieces(Box::new(first.into_iter().chain(flow))))
    }

    /// The rows of a band as they are written.
    fn rows(&mut self, band: &Band) -> Result<Raster<S>, Error> {
        let (master, profile) = (&self.master, self.profile.as_deref());
        let rows = self.renderer.band(master, &self.plan, band, &mut self.source, profile)?;
        Ok(apply(orient(rows, self.plan.turn), self.plan.quality, self.background))
    }
}

impl<S: Sample> Iterator for Flow<'_, S> {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut file = self.file.take()?;
        let Some(band) = self.bands.next() else { return Some(file.end()) };
        let piece = self.rows(&band).and_then(|rows| file.add(rows));
        if piece.is_ok() {
            self.file = Some(file);
        }
        Some(piece)
    }
}

/// However it ends.
impl<S> Drop for Flow<'_, S> {
    fn drop(&mut self) {
        self.renderer.rest();
    }
}
