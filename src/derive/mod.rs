//! From what is asked for to the bytes of an answer, for the server and the command line alike: a [`Derivation`] knows
//! what a request means on its master, every choice is made in a [`Plan`], and the
//! [`Pipeline`](pipeline::Pipeline), which makes none, carries it out. [`describe`] writes info.json.

mod info;
pub mod pipeline;
pub mod plan;

use std::num::NonZeroU64;

use crate::config::{Colour, Encodings, Limits, Metadata, Tiles};
use crate::encode;
use crate::error::Error;
use crate::iiif::{self, ImageRequest, Offer, Resolved, Tiling, Version};
use crate::master::Master;
pub use info::{InfoRequest, describe, extras, pages};
use plan::{Plan, Scaling};

/// The settings that derivatives and info.json depend on.
#[derive(Clone, Copy)]
pub struct Settings<'c> {
    /// In what ways images are served.
    pub offer: &'c Offer,
    /// How each format is written.
    pub encodings: &'c Encodings,
    /// What is done about colour profiles.
    pub colour: Colour,
    /// What whole pictures carry on of what masters say about themselves.
    pub metadata: Metadata,
    /// When tiles are sent as they are stored.
    pub tiles: Tiles,
    /// Pixels of a master that one request may have decoded.
    pub max_source_area: NonZeroU64,
}

/// A request held against its master: what it asks for in pixels, and by what names.
pub struct Derivation<'a> {
    /// What is asked for.
    pub resolved: Resolved,
    /// How large it may be: the limits of the request, as far as a file of its format holds that.
    pub limits: Limits,
    version: Version,
    tiling: Tiling,
    master: &'a Master,
    settings: Settings<'a>,
}

impl<'a> Derivation<'a> {
    /// What `request` means on a master, under the limits of this request.
    ///
    /// # Errors
    /// Those of [`iiif::resolve`].
    pub fn new(
        master: &'a Master,
        (version, request): (Version, &ImageRequest),
        limits: &Limits,
        settings: Settings<'a>,
    ) -> Result<Self, Error> {
        let description = &master.description;
        let tiling = Tiling::of(description, limits);
        let limits = encode::held(request.format, limits, settings.encodings);
        let has_colour = description.channels.has_colour();
        let resolved = iiif::resolve(request, version, tiling, &limits, settings.offer, has_colour)?;
        Ok(Self { resolved, limits, version, tiling, master, settings })
    }

    /// The canonical part of its URL after the identifier, such as `full/max/0/default.jpg`.
    pub fn canonical(&self) -> String {
        iiif::canonical(&self.resolved, self.version, self.tiling, &self.limits)
    }

    /// The same part as viewers spell it.
    pub fn customary(&self) -> String {
        iiif::customary(&self.resolved, self.version, self.tiling, &self.limits)
    }

    /// All choices about it. What it costs is not looked at here.
    pub fn plan(&self) -> Plan {
        let reader = |scaling: &Scaling| self.master.reader(scaling.level, || scaling.first_window());
        Plan::new(&self.resolved, &self.master.description, reader, &self.settings)
    }
}
