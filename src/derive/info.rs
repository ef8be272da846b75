//! The text of an info.json, for the server and the command line alike.

use std::borrow::Cow;

use recto_iiif::{Budget, Extras, ImageInfo, ImageService, Pages, Version};

use super::Rendering;
use super::plan::Scaling;
use crate::encode;
use crate::error::{Error, MasterError};
use crate::master::Master;
use crate::picture::Limits;
use crate::source::Sidecar;

/// What is asked for with an info.json.
pub struct InfoRequest<'a> {
    /// The version of the Image API in whose form it is written.
    pub version: Version,
    /// The full base URI of the image.
    pub id: &'a str,
    /// How large it is served.
    pub limits: &'a Limits,
    /// What the publisher adds.
    pub extras: &'a Extras,
}

/// The text of the info.json of a master.
///
/// # Errors
/// [`Error::Master`] if its file shrinks meanwhile.
pub fn describe(master: &Master, asked: &InfoRequest, rendering: &Rendering) -> Result<Vec<u8>, Error> {
    let description = &master.description;
    let largest = asked.limits.largest(description.dimensions());
    let info = ImageInfo {
        id: asked.id,
        service: ImageService {
            version: asked.version,
            tiling: description.tiling(asked.limits),
            has_colour: description.channels.has_colour(),
            limits: *asked.limits,
            offer: &encode::offered(&rendering.offer, largest, &rendering.encodings),
        },
        sizes: &description.sizes().collect::<Vec<_>>(),
        scale: master.scale(),
        pages: pages(master)?,
        extras: asked.extras,
        budget: Budget {
            piece: description.longest_piece(),
            most: rendering.max_source_area.get(),
            cost: &|region, size| Scaling::new(description, region, size).source_area(),
        },
    };
    Ok(info.to_string().into_bytes())
}

/// The place of a master in its file.
///
/// # Errors
/// [`MasterError`] if the file shrinks meanwhile.
pub fn pages(master: &Master) -> Result<Pages, MasterError> {
    Ok(Pages { page: master.page, of: master.pages()? })
}

/// What the publisher adds to the info.json of a master: `general` to each, and to this one the file beside it.
///
/// # Errors
/// With what is wrong with that file.
pub fn extras<'c>(general: &'c Extras, sidecar: Option<&Sidecar>) -> Result<Cow<'c, Extras>, String> {
    let Some(sidecar) = sidecar else { return Ok(Cow::Borrowed(general)) };
    let own = Extras::parse(&sidecar.text()?)?;
    Ok(Cow::Owned(general.overlaid(own)))
}
