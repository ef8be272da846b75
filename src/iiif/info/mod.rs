//! The information about an image: info.json (Image API 3.0 and 2.1, section 5).
//! Says what the other files here do, from the same lists and the same limits; nothing is promised that is not served.
//! Members stand in the order of the standard's tables, `@context` first.

use serde_json::{Map, Value, json};

use super::bounds::proportional;
use super::{Budget, Extras, Format, Level, Offer, Quality, Tiling, Version};
use crate::config::Limits;
use crate::picture::{Description, Dimensions, PhysicalScale, PhysicalUnit, Rect};

/// The profile of the Physical Dimensions service, and its context.
const PHYSDIM: &str = "http://iiif.io/api/annex/services/physdim";
const PHYSDIM_CONTEXT: &str = "http://iiif.io/api/annex/services/physdim/1/context.json";

/// The profile of our own service that tells `page` and `pages`.
const PAGES: &str = "urn:recto:pages";

/// The formats of level 2, which 3.0 does not list again.
const LEVEL_2_FORMATS: [Format; 2] = [Format::Jpg, Format::Png];

/// All that info.json tells of, in the words of either version.
#[derive(Clone, Copy)]
pub struct About<'a> {
    /// The full base URI of the image.
    pub id: &'a str,
    /// The image.
    pub description: &'a Description,
    /// How large it is served.
    pub limits: &'a Limits,
    /// In what ways it is served.
    pub offer: &'a Offer,
    /// How large its pixels are on the original, if that is known.
    pub scale: Option<PhysicalScale>,
    /// Its place in its file.
    pub pages: Pages,
    /// What the publisher adds.
    pub extras: &'a Extras,
    /// What of it may be decoded at a time.
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

/// The image information.
pub fn info(version: Version, about: &About) -> Value {
    let members = match version {
        Version::V2 => info_2(about),
        Version::V3 => info_3(about),
    };
    let services = services(version, about);
    Value::Object(about.extras.join(version, without_empty_lists(members), services))
}

fn info_3(about: &About) -> Map<String, Value> {
    let About { id, description, limits, offer, .. } = *about;
    let (image, level) = (description.dimensions(), offer.level(Version::V3));
    let mut members = Map::new();
    let mut member = |name: &str, value: Value| members.insert(name.to_owned(), value);
    member("@context", json!(Version::V3.context_uri()));
    member("id", json!(id));
    member("type", json!("ImageService3"));
    member("protocol", json!("http://iiif.io/api/image"));
    member("profile", json!(level.word()));
    member("width", json!(image.width));
    member("height", json!(image.height));
    member("maxWidth", json!(limits.max_width));
    member("maxHeight", json!(limits.max_height));
    member("maxArea", json!(limits.max_area));
    member("sizes", sizes(about));
    member("tiles", tiles(about));
    member("preferredFormats", extensions(&offer.preferred_formats, |_| true));
    // Level 1 has jpg alone.
    let known = |format| LEVEL_2_FORMATS.contains(&format) && (level == Level::Two || format == Format::Jpg);
    member("extraFormats", extensions(&offer.formats, |format| !known(format)));
    let qualities = offer.extra_qualities(description.channels.has_colour());
    member("extraQualities", qualities.map(Quality::word).collect());
    member("extraFeatures", json!(offer.extra_features(Version::V3)));
    members
}

/// The services that the server knows of itself (3.0 section 5.8, 2.1 section 5.2): the size of the original, by the
/// Physical Dimensions annex, and the place in a file of several pages, of which RFC 8288 links tell as well.
fn services(version: Version, about: &About) -> Vec<Value> {
    let (id, kind) = match version {
        Version::V2 => ("@id", None),
        Version::V3 => ("id", Some("Service")),
    };
    let service = |name: &str, profile: &str, members: Value| {
        let mut service = Map::new();
        service.insert(id.to_owned(), json!(format!("{}#{name}", about.id)));
        service.extend(kind.map(|kind| ("type".to_owned(), json!(kind))));
        service.insert("profile".to_owned(), json!(profile));
        service.extend(members.as_object().cloned().unwrap_or_default());
        Value::Object(service)
    };
    let scale = about.scale.map(|scale| {
        let unit = match scale.unit {
            PhysicalUnit::Inch => "in",
            PhysicalUnit::Centimetre => "cm",
        };
        let members =
            json!({ "@context": PHYSDIM_CONTEXT, "physicalScale": scale.size, "physicalUnits": unit });
        service("physdim", PHYSDIM, members)
    });
    let Pages { page, of } = about.pages;
    let pages = (of > 1).then(|| service("pages", PAGES, json!({ "page": page, "pages": of })));
    scale.into_iter().chain(pages).collect()
}

fn extensions(formats: &[Format], wanted: impl Fn(Format) -> bool) -> Value {
    formats.iter().filter(|format| wanted(**format)).map(|format| format.extension()).collect()
}

fn info_2(about: &About) -> Map<String, Value> {
    let About { id, description, limits, offer, .. } = *about;
    let image = description.dimensions();
    let extra_qualities = offer.extra_qualities(description.channels.has_colour());
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
    member("@id", json!(id));
    member("@type", json!("iiif:Image"));
    member("protocol", json!("http://iiif.io/api/image"));
    member("width", json!(image.width));
    member("height", json!(image.height));
    member("sizes", sizes(about));
    member("tiles", tiles(about));
    member("profile", json!([offer.level(Version::V2).uri(Version::V2), extras]));
    members
}

/// An empty list says no more than none, and 2.1 wants it left out.
fn without_empty_lists(members: Map<String, Value>) -> Map<String, Value> {
    members.into_iter().filter(|(_, value)| value.as_array().is_none_or(|list| !list.is_empty())).collect()
}

/// The stored levels as they are shown, smallest first: what can be sent without scaling (section 5.3).
///
/// One that `w,` would refuse, because its ratio says less than one pixel, is no size of the same picture.
fn sizes(about: &About) -> Value {
    let About { description, limits, .. } = *about;
    let image = description.dimensions();
    let kept = |size: &Dimensions| {
        size.width <= image.width.min(limits.max_width.get())
            && size.height <= image.height.min(limits.max_height.get())
            && size.area() <= limits.max_area.get()
            && proportional(size.width.into(), image.height, image.width) > 0
            && proportional(size.height.into(), image.width, image.height) > 0
            && about.budget.allows_part(Rect::whole(image), *size)
    };
    let shown =
        description.levels.iter().map(|level| description.orientation.apply_to_size(level.dimensions));
    let mut sizes: Vec<Dimensions> = shown.filter(kept).collect();
    sizes.sort_by_key(|size| (size.width, size.height));
    sizes.dedup();
    sizes.iter().map(|size| json!({ "width": size.width, "height": size.height })).collect()
}

/// One tiling of the whole pyramid (section 5.4), with the scale factors of which the server's limits allow every tile: a
/// master without reduced levels is not read whole for a tile. None at all if there are none of them.
fn tiles(about: &About) -> Value {
    let tiling = Tiling::of(about.description, about.limits);
    let factors: Vec<u64> =
        tiling.scale_factors().filter(|factor| about.budget.allows(tiling, *factor)).collect();
    let Dimensions { width, height } = tiling.tile;
    let tiles =
        (!factors.is_empty()).then(|| json!({ "width": width, "height": height, "scaleFactors": factors }));
    tiles.into_iter().collect()
}

#[cfg(test)]
mod tests;
