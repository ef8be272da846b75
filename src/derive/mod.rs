//! From what is asked for to the bytes of an answer, for the server and the command line alike: a [`Derivation`] knows
//! what a request means on its master, every choice is made in a [`Plan`](plan::Plan), and the
//! [`Pipeline`](pipeline::Pipeline), which makes none, carries it out. [`describe`] writes info.json.

mod info;
pub mod pipeline;
pub mod plan;

use std::num::NonZeroU64;

use recto_iiif::{ImageRequest, ImageService, Offer, Version};

use crate::config::{Colour, Encodings, Metadata, Tiles};
use crate::encode;
use crate::error::Error;
use crate::master::Master;
use crate::picture::{Derivative, Limits};
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
    pub derivative: Derivative,
    /// The image as it is served: under the limits of the request, as far as a file of its format holds that.
    pub service: ImageService<'a>,
    master: &'a Master,
    settings: Settings<'a>,
}

impl<'a> Derivation<'a> {
    /// What `request` means on a master, under the limits of this request.
    ///
    /// # Errors
    /// Those of [`ImageService::resolve`].
    pub fn new(
        master: &'a Master,
        (version, request): (Version, &ImageRequest),
        limits: &Limits,
        settings: Settings<'a>,
    ) -> Result<Self, Error> {
        let description = &master.description;
        let service = ImageService {
            version,
            tiling: description.tiling(limits),
            has_colour: description.channels.has_colour(),
            limits: encode::held(request.format, limits, settings.encodings),
            offer: settings.offer,
        };
        Ok(Self { derivative: service.resolve(request)?, service, master, settings })
    }

    /// The canonical part of its URL after the identifier, such as `full/max/0/default.jpg`.
    pub fn canonical(&self) -> String {
        self.service.canonical(&self.derivative)
    }

    /// The same part as viewers spell it.
    pub fn customary(&self) -> String {
        self.service.customary(&self.derivative)
    }

    /// All choices about it. What it costs is not looked at here.
    pub fn plan(&self) -> Plan {
        let reader = |scaling: &Scaling| self.master.reader(scaling.level, || scaling.first_window());
        Plan::new(&self.derivative, &self.master.description, reader, &self.settings)
    }
}
