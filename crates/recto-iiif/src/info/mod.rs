//! The information about an image: info.json (Image API 3.0 and 2.1, section 5).
//! Says what the other files here do, from the same lists and the same limits; nothing is promised that is not served.
//! Members stand in the order of the standard's tables, `@context` first.

mod budget;
mod extras;

pub use budget::Budget;
pub use extras::Extras;

use std::fmt;

use serde_json::{Map, Value, json};

use crate::bounds::proportional;
use crate::{Compliance, Dimensions, Format, ImageService, PhysicalScale, Quality, Rect, Version};

/// The profile of the Physical Dimensions service, and its context.
const PHYSDIM: &str = "http://iiif.io/api/annex/services/physdim";
const PHYSDIM_CONTEXT: &str = "http://iiif.io/api/annex/services/physdim/1/context.json";

/// The profile of our own service that has `page` and `pages`.
const PAGES: &str = "urn:recto:pages";

/// The formats of level 2, which 3.0 does not list again.
const LEVEL_2_FORMATS: [Format; 2] = [Format::Jpg, Format::Png];

/// All that info.json says about an image, in the form of either version. Its `Display` is the text of info.json.
///
/// ```
/// use recto_iiif::{Budget, Dimensions, Extras, ImageInfo, ImageService, Limits, Offer, Pages, Tiling, Version};
///
/// let (image, limits, offer) = (Dimensions::new(600, 400), Limits::default(), Offer::default());
/// let tiling = Tiling::of(image, None, &limits);
/// let info = ImageInfo {
///     id: "https://example.org/iiif/3/a",
///     service: ImageService { version: Version::V3, tiling, has_colour: true, limits, offer: &offer },
///     sizes: &[Dimensions::new(300, 200)],
///     scale: None,
///     pages: Pages::default(),
///     extras: &Extras::default(),
///     budget: Budget::UNLIMITED,
/// };
/// assert_eq!(info.to_json()["sizes"][0]["width"], 300);
/// assert!(info.to_string().starts_with(r#"{"@context":"http://iiif.io/api/image/3/context.json","#));
/// ```
#[derive(Clone, Copy)]
pub struct ImageInfo<'a> {
    /// The full base URI of the image.
    pub id: &'a str,
    /// The image, and how it is served.
    pub service: ImageService<'a>,
    /// The sizes at which the whole image, as it is shown, costs least: those of its stored levels, in any order. The
    /// ones that the limits or the budget refuse are left out.
    pub sizes: &'a [Dimensions],
    /// How large its pixels are on the original, if that is known.
    pub scale: Option<PhysicalScale>,
    /// Its place in its file.
    pub pages: Pages,
    /// What the publisher adds.
    pub extras: &'a Extras,
    /// How much of it may be decoded at a time.
    pub budget: Budget<'a>,
}

/// The place of an image in a file of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pages {
    /// Which one it is, from 1.
    pub page: u32,
    /// How many there are.
    pub of: u32,
}

impl Default for Pages {
    /// The only one.
    fn default() -> Self {
        Self { page: 1, of: 1 }
    }
}

impl fmt::Display for ImageInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_json())
    }
}

impl ImageInfo<'_> {
    /// The image information.
    pub fn to_json(&self) -> Value {
        let members = match self.service.version {
            Version::V2 => self.members_2(),
            Version::V3 => self.members_3(),
        };
        let members = without_empty_lists(members);
        Value::Object(self.extras.join(self.service.version, members, self.services()))
    }

    fn members_3(&self) -> Map<String, Value> {
        let ImageService { tiling, has_colour, limits, offer, .. } = self.service;
        let level = offer.compliance(Version::V3);
        let mut members = Map::new();
        let mut member = |name: &str, value: Value| members.insert(name.to_owned(), value);
        member("@context", json!(Version::V3.context_uri()));
        member("id", json!(self.id));
        member("type", json!("ImageService3"));
        member("protocol", json!("http://iiif.io/api/image"));
        member("profile", json!(level.word()));
        member("width", json!(tiling.image.width));
        member("height", json!(tiling.image.height));
        member("maxWidth", json!(limits.max_width));
        member("maxHeight", json!(limits.max_height));
        member("maxArea", json!(limits.max_area));
        member("sizes", self.allowed_sizes());
        member("tiles", self.tiles());
        member("preferredFormats", extensions(&offer.preferred_formats, |_| true));
        // Level 1 has jpg alone.
        let known =
            |format| LEVEL_2_FORMATS.contains(&format) && (level == Compliance::Two || format == Format::Jpg);
        member("extraFormats", extensions(&offer.formats, |format| !known(format)));
        member("extraQualities", offer.extra_qualities(has_colour).map(Quality::word).collect());
        member("extraFeatures", json!(offer.extra_features(Version::V3)));
        members
    }

    fn members_2(&self) -> Map<String, Value> {
        let ImageService { tiling, has_colour, limits, offer, .. } = self.service;
        let extra_qualities = offer.extra_qualities(has_colour);
        let qualities = std::iter::once(Quality::Default).chain(extra_qualities).map(Quality::word);
        let extras = json!({
            "formats": extensions(&offer.formats, |_| true),
            "qualities": qualities.collect::<Vec<_>>(),
            "supports": offer.extra_features(Version::V2),
            "maxWidth": limits.max_width,
            "maxHeight": limits.max_height,
            "maxArea": limits.max_area,
        });
        let mut members = Map::new();
        let mut member = |name: &str, value: Value| members.insert(name.to_owned(), value);
        member("@context", json!(Version::V2.context_uri()));
        member("@id", json!(self.id));
        member("@type", json!("iiif:Image"));
        member("protocol", json!("http://iiif.io/api/image"));
        member("width", json!(tiling.image.width));
        member("height", json!(tiling.image.height));
        member("sizes", self.allowed_sizes());
        member("tiles", self.tiles());
        member("profile", json!([offer.compliance(Version::V2).uri(Version::V2), extras]));
        members
    }

    /// The services that the server itself provides (3.0 section 5.8, 2.1 section 5.2): the size of the original, by
    /// the Physical Dimensions annex, and the place in a file of several pages, which RFC 8288 links give as well.
    fn services(&self) -> Vec<Value> {
        let (id, kind) = match self.service.version {
            Version::V2 => ("@id", None),
            Version::V3 => ("id", Some("Service")),
        };
        let service = |name: &str, profile: &str, members: Value| {
            let mut service = Map::new();
            service.insert(id.to_owned(), json!(format!("{}#{name}", self.id)));
            service.extend(kind.map(|kind| ("type".to_owned(), json!(kind))));
            service.insert("profile".to_owned(), json!(profile));
            service.extend(members.as_object().cloned().unwrap_or_default());
            Value::Object(service)
        };
        let scale = self.scale.map(|PhysicalScale { size, unit }| {
            let unit = unit.word();
            let members =
                json!({ "@context": PHYSDIM_CONTEXT, "physicalScale": size, "physicalUnits": unit });
            service("physdim", PHYSDIM, members)
        });
        let Pages { page, of } = self.pages;
        let pages = (of > 1).then(|| service("pages", PAGES, json!({ "page": page, "pages": of })));
        scale.into_iter().chain(pages).collect()
    }

    /// The sizes that can be sent without scaling, smallest first (section 5.3).
    ///
    /// One that `w,` would refuse, because its ratio says less than one pixel, is no size of the same picture.
    fn allowed_sizes(&self) -> Value {
        let (image, limits) = (self.service.tiling.image, &self.service.limits);
        let allowed = |size: &Dimensions| {
            size.width <= image.width
                && size.height <= image.height
                && limits.allow(*size)
                && proportional(size.width.into(), image.height, image.width) > 0
                && proportional(size.height.into(), image.width, image.height) > 0
                && self.budget.allows_part(Rect::whole(image), *size)
        };
        let mut sizes: Vec<Dimensions> = self.sizes.iter().copied().filter(allowed).collect();
        sizes.sort_by_key(|size| (size.width, size.height));
        sizes.dedup();
        sizes.iter().map(|size| json!({ "width": size.width, "height": size.height })).collect()
    }

    /// One tiling of the whole pyramid (section 5.4), with the scale factors of which the budget allows every tile: an
    /// image without reduced levels is not read whole for a tile. None at all if there are none of them.
    fn tiles(&self) -> Value {
        let tiling = self.service.tiling;
        let allowed = |factor: &u64| self.budget.allows(tiling, *factor);
        let factors: Vec<u64> = tiling.scale_factors().filter(allowed).collect();
        let Dimensions { width, height } = tiling.tile;
        let tiles = (!factors.is_empty())
            .then(|| json!({ "width": width, "height": height, "scaleFactors": factors }));
        tiles.into_iter().collect()
    }
}

fn extensions(formats: &[Format], listed: impl Fn(Format) -> bool) -> Value {
    formats.iter().filter(|format| listed(**format)).map(|format| format.extension()).collect()
}

/// An empty list says no more than none, and 2.1 wants it left out.
fn without_empty_lists(members: Map<String, Value>) -> Map<String, Value> {
    members.into_iter().filter(|(_, value)| value.as_array().is_none_or(|list| !list.is_empty())).collect()
}

#[cfg(test)]
mod tests;
