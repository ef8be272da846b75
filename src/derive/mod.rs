//! From a request to the bytes of its response, for the server and the command line alike: a [`Derivation`] resolves a
//! request against its master, every choice is made in a [`Plan`], and the
//! [`Pipeline`](pipeline::Pipeline), which makes none, carries it out. [`describe`] writes info.json.

mod info;
pub mod pipeline;
pub mod plan;
mod settings;

use std::num::NonZeroU64;

use recto_iiif::{ImageRequest, ImageService, SizeForm, Version};

use crate::encode;
use crate::error::Error;
use crate::master::Master;
use crate::picture::{Derivative, Limits};
pub use info::{InfoRequest, describe, extras, pages};
use plan::{Plan, Scaling};
pub use settings::{Colour, Profile, Rendering};

/// So often a picture is made smaller until it fits: each time what is too much becomes a small part of what it was.
const FITTINGS: usize = 16;

/// A request resolved against its master: what it asks for in pixels, and under which URLs.
pub struct Derivation<'a> {
    /// What is asked for.
    pub derivative: Derivative,
    /// The image as it is served: under the limits of the request, and what a file of its format can hold.
    pub service: ImageService<'a>,
    master: &'a Master,
    rendering: &'a Rendering,
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
        rendering: &'a Rendering,
    ) -> Result<Self, Error> {
        let description = &master.description;
        let service = ImageService {
            version,
            tiling: description.tiling(limits),
            has_colour: description.channels.has_colour(),
            limits: encode::held(request.format, limits, &rendering.encodings),
            offer: &rendering.offer,
        };
        let derivation = Self { derivative: service.resolve(request)?, service, master, rendering };
        match request.size.form {
            SizeForm::Max => derivation.fitted(request),
            _ => Ok(derivation),
        }
    }

    /// The same in the largest size that fits the memory of one request, as the size is left to the server. If none
    /// does, as it is.
    fn fitted(self, request: &ImageRequest) -> Result<Self, Error> {
        let most = self.rendering.memory;
        let mut fitted = Self { ..self };
        for _ in 0..FITTINGS {
            let bytes = fitted.plan().cost().bytes;
            if bytes <= most {
                return Ok(fitted);
            }
            // A part of the bytes does not depend on the size: so it takes more than one step.
            let area = u128::from(fitted.plan().canvas().area()) * u128::from(most) / u128::from(bytes);
            let area = NonZeroU64::new(u64::try_from(area).unwrap_or(u64::MAX)).unwrap_or(NonZeroU64::MIN);
            fitted.service.limits.max_area = fitted.service.limits.max_area.min(area);
            fitted.derivative = fitted.service.resolve(request)?;
        }
        Ok(self)
    }

    /// The canonical part of its URL after the identifier, such as `full/max/0/default.jpg`.
    pub fn canonical(&self) -> String {
        self.service.canonical(&self.derivative)
    }

    /// The same part as viewers spell it.
    pub fn customary(&self) -> String {
        self.service.customary(&self.derivative)
    }

    /// All choices about it. What it takes is checked later, by [`Plan::within`].
    pub fn plan(&self) -> Plan {
        let reader = |scaling: &Scaling| self.master.reader(scaling.level, || scaling.first_window());
        Plan::new(&self.derivative, &self.master.description, reader, self.rendering)
    }
}
