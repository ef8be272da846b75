//! The information about an image: info.json (Image API 3.0 and 2.1, section 5).
//! Says what the other files here do, from the same lists and the same limits; nothing is promised that is not served.
//! Members stand in the order of the standard's tables, `@context` first.

use serde_json::{Map, Value, json};

use super::bounds::proportional;
use super::{Extras, Format, Level, Offer, Quality, Version};
use crate::config::Limits;
use crate::description::{Description, PhysicalScale, PhysicalUnit};
use crate::geometry::Dimensions;

/// Tiles are at least so wide and so high: smaller ones cost a viewer more in requests than they save in pixels.
const SMALLEST_TILE: u32 = 256;

/// The tiles of masters that have none, where any rectangle costs about the same.
const TILE_WITHOUT_TILES: Dimensions = Dimensions::new(512, 512);

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
    member("sizes", sizes(description, limits));
    member("tiles", tiles(description, limits));
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
    member("sizes", sizes(description, limits));
    member("tiles", tiles(description, limits));
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
fn sizes(description: &Description, limits: &Limits) -> Value {
    let image = description.dimensions();
    let kept = |size: &Dimensions| {
        size.width <= image.width.min(limits.max_width.get())
            && size.height <= image.height.min(limits.max_height.get())
            && size.area() <= limits.max_area.get()
            && proportional(size.width.into(), image.height, image.width) > 0
            && proportional(size.height.into(), image.width, image.height) > 0
    };
    let shown =
        description.levels.iter().map(|level| description.orientation.apply_to_size(level.dimensions));
    let mut sizes: Vec<Dimensions> = shown.filter(kept).collect();
    sizes.sort_by_key(|size| (size.width, size.height));
    sizes.dedup();
    sizes.iter().map(|size| json!({ "width": size.width, "height": size.height })).collect()
}

/// One tiling of the whole pyramid (section 5.4).
fn tiles(description: &Description, limits: &Limits) -> Value {
    let tile = tile(description, limits);
    let factors = scale_factors(description.dimensions(), tile);
    json!([{ "width": tile.width, "height": tile.height, "scaleFactors": factors }])
}

/// The stored tile as it is shown, or a multiple of it, so that a request meets whole tiles; within the limits.
fn tile(description: &Description, limits: &Limits) -> Dimensions {
    let stored = match description.levels.first() {
        Some(level) if level.tiled => level.tile,
        _ => TILE_WITHOUT_TILES,
    };
    let shown = description.orientation.apply_to_size(stored);
    // Within one `u32`: a side below 256 grows to less than 512.
    let grown = |side: u32| side.max(1).saturating_mul(SMALLEST_TILE.div_ceil(side.max(1)));
    let width = grown(shown.width).min(limits.max_width.get());
    let height = grown(shown.height).min(limits.max_height.get());
    let tile = Dimensions::new(width, height);
    if tile.area() <= limits.max_area.get() {
        return tile;
    }
    let side = u32::try_from(limits.max_area.get().isqrt()).unwrap_or(u32::MAX);
    Dimensions::new(width.min(side), height.min(side))
}

/// Powers of two from 1 until the whole image is one tile.
fn scale_factors(image: Dimensions, tile: Dimensions) -> Vec<u64> {
    let covers = |factor: u64| {
        u64::from(image.width).div_ceil(factor) <= tile.width.into()
            && u64::from(image.height).div_ceil(factor) <= tile.height.into()
    };
    // A tile has at least one pixel, so 2^32 covers every image.
    std::iter::successors(Some(1_u64), |factor| (!covers(*factor)).then(|| factor.saturating_mul(2)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU32, NonZeroU64};

    use super::Version::{V2, V3};
    use super::*;
    use crate::description::{Channels, Level};
    use crate::geometry::Orientation;
    use crate::iiif::{Target, parse, resolve};

    /// The information with all that there is to offer.
    fn info(version: Version, id: &str, description: &Description, limits: &Limits) -> Value {
        let offer = Offer { formats: vec![Format::Jpg, Format::Png], ..Offer::default() };
        super::info(version, &about(id, description, limits, &offer, &Extras::default()))
    }

    fn about<'a>(
        id: &'a str,
        description: &'a Description,
        limits: &'a Limits,
        offer: &'a Offer,
        extras: &'a Extras,
    ) -> About<'a> {
        About { id, description, limits, offer, scale: None, pages: Pages::default(), extras }
    }

    const ID: &str = "https://host/iiif/3/a%2Fb";

    fn limits(width: u32, area: u64) -> Limits {
        let width = NonZeroU32::new(width).expect("width");
        Limits { max_width: width, max_height: width, max_area: NonZeroU64::new(area).expect("area") }
    }

    /// A master of these levels with tiles of one size, or strips where `tile` is zero.
    fn master(levels: &[(u32, u32)], tile: (u32, u32), tag: u16, channels: Channels) -> Description {
        let levels = levels.iter().map(|&(width, height)| Level {
            dimensions: Dimensions::new(width, height),
            tile: Dimensions::new(tile.0, tile.1),
            tiled: tile.0 > 0,
        });
        Description { levels: levels.collect(), orientation: Orientation::from_tag(tag), channels }
    }

    fn pyramid(tag: u16, channels: Channels) -> Description {
        master(&[(6000, 4000), (3000, 2000), (1500, 1000), (750, 500), (375, 250)], (256, 128), tag, channels)
    }

    #[test]
    fn info_3_whole() {
        let info = info(V3, ID, &pyramid(1, Channels::Rgb), &limits(16_384, 16_000_000));
        let expected = concat!(
            r#"{"@context":"http://iiif.io/api/image/3/context.json","id":"https://host/iiif/3/a%2Fb","#,
            r#""type":"ImageService3","protocol":"http://iiif.io/api/image","profile":"level2","#,
            r#""width":6000,"height":4000,"maxWidth":16384,"maxHeight":16384,"maxArea":16000000,"#,
            r#""sizes":[{"width":375,"height":250},{"width":750,"height":500},{"width":1500,"height":1000},"#,
            r#"{"width":3000,"height":2000}],"#,
            r#""tiles":[{"width":256,"height":256,"scaleFactors":[1,2,4,8,16,32]}],"#,
            r#""extraQualities":["color","gray","bitonal"],"#,
            r#""extraFeatures":["canonicalLinkHeader","mirroring","profileLinkHeader","rotationArbitrary","sizeUpscaling"]}"#,
        );
        assert_eq!(info.to_string(), expected, "INFO-01..08, IMG3-INFO-21..28");
    }

    #[test]
    fn info_2_whole() {
        let info = info(V2, "https://host/iiif/2/a", &pyramid(6, Channels::Gray), &limits(3000, 9_000_000));
        let expected = concat!(
            r#"{"@context":"http://iiif.io/api/image/2/context.json","@id":"https://host/iiif/2/a","#,
            r#""@type":"iiif:Image","protocol":"http://iiif.io/api/image","width":4000,"height":6000,"#,
            r#""sizes":[{"width":250,"height":375},{"width":500,"height":750},{"width":1000,"height":1500},"#,
            r#"{"width":2000,"height":3000}],"#,
            r#""tiles":[{"width":256,"height":256,"scaleFactors":[1,2,4,8,16,32]}],"#,
            r#""profile":["http://iiif.io/api/image/2/level2.json",{"formats":["jpg","png"],"#,
            r#""qualities":["default","gray","bitonal"],"supports":["canonicalLinkHeader","mirroring","#,
            r#""profileLinkHeader","regionSquare","rotationArbitrary","sizeAboveFull"],"#,
            r#""maxWidth":3000,"maxHeight":3000,"maxArea":9000000}]}"#,
        );
        assert_eq!(info.to_string(), expected, "IMG2-INFO-09..15");
    }

    #[test]
    fn tiles_follow_the_stored_ones() {
        let free = limits(16_384, 32_000_000);
        for (rule, levels, stored, tag, limits, expected, factors) in [
            ("TILES-01..09", (6000, 4000), (512, 512), 1, free, (512, 512), 5),
            ("TILES-01..09", (6000, 4000), (1024, 256), 1, free, (1024, 256), 5),
            ("PORTRAIT", (6000, 4000), (1024, 256), 6, free, (256, 1024), 5),
            ("TILES-01..09", (6000, 4000), (240, 16), 1, free, (480, 256), 5),
            ("FLAT", (6000, 4000), (0, 0), 1, free, (512, 512), 5),
            ("TINY", (100, 50), (256, 256), 1, free, (256, 256), 1),
            ("ONE", (1, 1), (0, 0), 1, free, (512, 512), 1),
            ("THIN", (1, 100_000), (256, 256), 1, free, (256, 256), 10),
            ("LIMITS", (1000, 1000), (512, 512), 1, limits(200, 32_000_000), (200, 200), 4),
            ("LIMITS", (1000, 1000), (512, 512), 1, limits(16_384, 10_000), (100, 100), 5),
            ("LARGE", (u32::MAX, 1), (256, 256), 1, limits(1, 1), (1, 1), 33),
        ] {
            let info = info(V3, ID, &master(&[levels], stored, tag, Channels::Rgb), &limits);
            let tile = &info["tiles"][0];
            assert_eq!((&tile["width"], &tile["height"]), (&json!(expected.0), &json!(expected.1)), "{rule}");
            assert_eq!(tile["scaleFactors"].as_array().map(Vec::len), Some(factors), "{rule}");
        }
    }

    #[test]
    fn every_size_and_every_tile_is_served() {
        // SIZES-01..04, TILES-05..09, with the arithmetic of the implementation notes.
        let (limits, description) = (limits(2500, 4_000_000), pyramid(8, Channels::Rgb));
        let image = description.dimensions();
        let served = |version: Version, region: &str, size: &str| {
            let uri = format!("/iiif/{}/a/{region}/{size}/0/default.jpg", version.segment());
            let Target::Image { request, .. } = parse(uri.as_bytes()).expect(&uri) else { panic!("{uri}") };
            resolve(&request, version, image, &limits, &Offer::default(), true).expect(&uri).size
        };
        let info = info(V3, ID, &description, &limits);
        assert_eq!(info["sizes"].as_array().map(Vec::len), Some(3), "levels above the limits are left out");
        for size in info["sizes"].as_array().expect("sizes") {
            let (w, h) = (size["width"].clone(), size["height"].clone());
            let got = served(V3, "full", &format!("{w},{h}"));
            assert_eq!((json!(got.width), json!(got.height)), (w.clone(), h.clone()));
            assert_eq!(served(V2, "full", &format!("{w},")), got, "2.1 in its canonical form");
        }
        let tile = tile(&description, &limits);
        for factor in scale_factors(image, tile) {
            let (wide, high) = (u64::from(tile.width) * factor, u64::from(tile.height) * factor);
            for x in (0..u64::from(image.width)).step_by(wide.try_into().expect("step")) {
                for y in (0..u64::from(image.height)).step_by(high.try_into().expect("step")) {
                    let (w, h) =
                        (wide.min(u64::from(image.width) - x), high.min(u64::from(image.height) - y));
                    let (ws, hs) = (w.div_ceil(factor), h.div_ceil(factor));
                    let got = served(V3, &format!("{x},{y},{w},{h}"), &format!("{ws},{hs}"));
                    assert_eq!((u64::from(got.width), u64::from(got.height)), (ws, hs));
                }
            }
        }
    }

    #[test]
    fn services_and_what_the_publisher_adds() {
        let (description, limits, offer) =
            (pyramid(1, Channels::Rgb), limits(3000, 9_000_000), Offer::default());
        let extras = Extras::parse(
            r#"{"@context": "http://example.org/c.json", "rights": "http://rightsstatements.org/vocab/NoC-US/1.0/",
                "service": [{"id": "http://example.org/s", "type": "Service"}], "shelf": "A 12"}"#,
        );
        let extras = extras.expect("valid");
        let about = About {
            scale: Some(PhysicalScale { size: 0.0025, unit: PhysicalUnit::Inch }),
            pages: Pages { page: 2, of: 9 },
            ..about(ID, &description, &limits, &offer, &extras)
        };
        let told = super::info(V3, &about);
        assert_eq!(told["@context"], json!(["http://example.org/c.json", V3.context_uri()]), "INFO-02, 03");
        assert_eq!(told.as_object().and_then(|members| members.keys().next()), Some(&"@context".to_owned()));
        let services = told["service"].as_array().expect("IMG3-INFO-30..32");
        assert_eq!(services[0]["physicalScale"], json!(0.0025));
        assert_eq!((&services[1]["page"], &services[1]["pages"]), (&json!(2), &json!(9)));
        assert_eq!(services[2]["id"], json!("http://example.org/s"));
        assert!(services.iter().all(|service| service["id"].is_string() && service["type"].is_string()));
        assert_eq!((&told["shelf"], &told["width"]), (&json!("A 12"), &json!(6000)));
        let told = super::info(V2, &about);
        assert_eq!(told["@context"], json!(V2.context_uri()));
        assert_eq!(told["license"], json!("http://rightsstatements.org/vocab/NoC-US/1.0/"), "IMG2-INFO-15");
        assert_eq!(told["service"][2]["@id"], json!("http://example.org/s"));
        assert!(told.get("rights").is_none(), "INFO-33");
    }

    #[test]
    fn less_is_told_where_less_is_offered() {
        let offer = Offer {
            formats: vec![Format::Jpg],
            preferred_formats: vec![Format::Jpg],
            qualities: vec![Quality::Gray],
            mirroring: false,
            upscaling: false,
            ..Offer::default()
        };
        let (description, limits) = (pyramid(1, Channels::Rgb), limits(3000, 9_000_000));
        let extras = Extras::default();
        let about = about(ID, &description, &limits, &offer, &extras);
        let told = super::info(V3, &about);
        assert_eq!(told["profile"], json!("level1"), "png is of level 2");
        assert_eq!(told["preferredFormats"], json!(["jpg"]), "IMG3-INFO-23..28");
        assert_eq!(told["extraQualities"], json!(["gray"]));
        let features = told["extraFeatures"].as_array().expect("features");
        assert!(features.contains(&json!("rotationBy90s")) && !features.contains(&json!("mirroring")));
        let told = super::info(V2, &about);
        assert_eq!(told["profile"][0], json!("http://iiif.io/api/image/2/level1.json"));
        assert_eq!(told["profile"][1]["formats"], json!(["jpg"]));
        assert_eq!(told["profile"][1]["qualities"], json!(["default", "gray"]));
        assert!(told.get("preferredFormats").is_none(), "INFO-33");
    }

    #[test]
    fn what_there_is_none_of_is_left_out() {
        let large = master(&[(9000, 9000)], (0, 0), 1, Channels::GrayAlpha);
        let info = info(V3, ID, &large, &limits(1000, 1_000_000));
        assert!(info.get("sizes").is_none() && info.get("extraFormats").is_none());
        assert_eq!(info["extraQualities"], json!(["gray", "bitonal"]), "IMG3-QUAL-33");
    }

    #[test]
    fn thin_levels_that_lost_their_ratio_are_no_sizes() {
        let thin = master(&[(8, 1), (4, 1), (2, 1), (1, 1)], (0, 0), 1, Channels::Rgb);
        assert_eq!(
            sizes(&thin, &limits(100, 10_000)),
            json!([{"width": 4, "height": 1}, {"width": 8, "height": 1}])
        );
    }
}
