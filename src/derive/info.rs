//! The text of an info.json, for the server and the command line alike.

use std::borrow::Cow;

use recto_iiif::{
    Budget, Extras, ImageInfo, ImageRequest, ImageService, Pages, Region, Rotation, Size, SizeForm, Version,
};

use super::plan::Scaling;
use super::{Derivation, Rendering};
use crate::error::{Error, MasterError};
use crate::master::Master;
use crate::picture::{Decimal, Format, Limits, Quality};
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
    let whole = |format| Derivation::new(master, (asked.version, &whole(format)), asked.limits, rendering);
    // As much as JPEG can have, which is always offered.
    let largest = whole(Format::Jpg)?;
    let limits = Limits { max_area: largest.service.limits.max_area, ..*asked.limits };
    let largest = limits.largest(description.dimensions());
    let holds = |format| whole(format).is_ok_and(|whole| whole.derivative.size == largest);
    let info = ImageInfo {
        id: asked.id,
        service: ImageService {
            version: asked.version,
            tiling: description.tiling(&limits),
            has_colour: description.channels.has_colour(),
            limits,
            offer: &rendering.offer.of_formats(holds),
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

/// A request for the whole image in a format, as large as it can be had.
fn whole(format: Format) -> ImageRequest {
    ImageRequest {
        region: Region::Full,
        size: Size { upscaling: false, form: SizeForm::Max },
        rotation: Rotation { mirrored: false, degrees: Decimal::default() },
        quality: Quality::Default,
        format,
    }
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
