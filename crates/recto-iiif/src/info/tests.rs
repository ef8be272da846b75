//! What info.json says of masters of every shape, in both versions.

use std::num::{NonZeroU32, NonZeroU64};

use super::*;
use crate::Version::{V2, V3};
use crate::{Limits, Offer, Orientation, PhysicalUnit, Target, Tiling, parse};

const ID: &str = "https://host/iiif/3/a%2Fb";

/// What of an image makes a difference to its info.json.
#[derive(Clone)]
struct Image {
    /// The sizes of its levels as they are shown, the full one first.
    levels: Vec<Dimensions>,
    /// Its tiles as they are shown, if there are some.
    tile: Option<Dimensions>,
    has_colour: bool,
}

/// An image of these levels with tiles of one size, or strips where `tile` is zero, shown as the TIFF Orientation says.
fn image(levels: &[(u32, u32)], tile: (u32, u32), tag: u16, has_colour: bool) -> Image {
    let shown = |(width, height)| Orientation::from_tag(tag).apply_to_size(Dimensions::new(width, height));
    Image {
        levels: levels.iter().copied().map(shown).collect(),
        tile: (tile.0 > 0).then(|| shown(tile)),
        has_colour,
    }
}

fn pyramid(tag: u16, has_colour: bool) -> Image {
    let levels = [(6000, 4000), (3000, 2000), (1500, 1000), (750, 500), (375, 250)];
    image(&levels, (256, 128), tag, has_colour)
}

impl Image {
    fn tiling(&self, limits: &Limits) -> Tiling {
        Tiling::of(self.levels[0], self.tile, limits)
    }

    fn info<'a>(
        &'a self,
        version: Version,
        id: &'a str,
        limits: &Limits,
        offer: &'a Offer,
        extras: &'a Extras,
    ) -> ImageInfo<'a> {
        let (tiling, has_colour) = (self.tiling(limits), self.has_colour);
        ImageInfo {
            id,
            service: ImageService { version, tiling, has_colour, limits: *limits, offer },
            sizes: &self.levels,
            scale: None,
            pages: Pages::default(),
            extras,
            budget: Budget::UNLIMITED,
        }
    }
}

/// The information with all that there is to offer.
fn info(version: Version, id: &str, image: &Image, limits: &Limits) -> Value {
    let offer = Offer { formats: vec![Format::Jpg, Format::Png], ..Offer::default() };
    image.info(version, id, limits, &offer, &Extras::default()).to_json()
}

fn limits(width: u32, area: u64) -> Limits {
    let width = NonZeroU32::new(width).expect("width");
    Limits { max_width: width, max_height: width, max_area: NonZeroU64::new(area).expect("area") }
}

#[test]
fn info_3_whole() {
    let info = info(V3, ID, &pyramid(1, true), &limits(16_384, 16_000_000));
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
    let info = info(V2, "https://host/iiif/2/a", &pyramid(6, false), &limits(3000, 9_000_000));
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
        let info = info(V3, ID, &image(&[levels], stored, tag, true), &limits);
        let tile = &info["tiles"][0];
        assert_eq!((&tile["width"], &tile["height"]), (&json!(expected.0), &json!(expected.1)), "{rule}");
        assert_eq!(tile["scaleFactors"].as_array().map(Vec::len), Some(factors), "{rule}");
    }
}

#[test]
fn every_size_and_every_tile_is_served() {
    // SIZES-01..04, TILES-05..09, with the arithmetic of the implementation notes.
    let (limits, image, offer) = (limits(2500, 4_000_000), pyramid(8, true), Offer::default());
    let tiling = image.tiling(&limits);
    let served = |version: Version, region: &str, size: &str| {
        let uri = format!("/iiif/{}/a/{region}/{size}/0/default.jpg", version.segment());
        let Target::Image { request, .. } = parse(uri.as_bytes()).expect(&uri) else { panic!("{uri}") };
        let service = ImageService { version, tiling, has_colour: true, limits, offer: &offer };
        service.resolve(&request).expect(&uri).size
    };
    let info = info(V3, ID, &image, &limits);
    assert_eq!(info["sizes"].as_array().map(Vec::len), Some(3), "levels above the limits are left out");
    for size in info["sizes"].as_array().expect("sizes") {
        let (w, h) = (size["width"].clone(), size["height"].clone());
        let got = served(V3, "full", &format!("{w},{h}"));
        assert_eq!((json!(got.width), json!(got.height)), (w.clone(), h.clone()));
        assert_eq!(served(V2, "full", &format!("{w},")), got, "2.1 in its canonical form");
    }
    for factor in tiling.scale_factors() {
        let (wide, high) = tiling.step(factor);
        for x in (0..tiling.image.width).step_by(wide.try_into().expect("step")) {
            for y in (0..tiling.image.height).step_by(high.try_into().expect("step")) {
                let (region, size) = tiling.tile_at((x, y), factor);
                assert_eq!(served(V3, &region.to_string(), &format!("{},{}", size.width, size.height)), size);
                assert_eq!(served(V2, &region.to_string(), &format!("{},", size.width)), size);
            }
        }
    }
}

#[test]
fn scales_that_cost_too_much_are_not_offered() {
    let (image, limits, offer) = (pyramid(1, true), limits(3000, 9_000_000), Offer::default());
    let (none, area) = (Extras::default(), |region: Rect, _: Dimensions| region.dimensions().area());
    let info_of = |image: &Image, piece, most, cost: &dyn Fn(Rect, Dimensions) -> u64| {
        let budget = Budget { piece, most, cost };
        ImageInfo { budget, ..image.info(V3, ID, &limits, &offer, &none) }.to_json()
    };
    let info = |most, cost| info_of(&image, 256, most, cost);
    let all = info(24_000_000, &area);
    assert_eq!(all["tiles"][0]["scaleFactors"], json!([1, 2, 4, 8, 16, 32]));
    assert_eq!(all["sizes"].as_array().map(Vec::len), Some(4));
    let some = info(2048 * 2048, &area);
    assert_eq!(some["tiles"][0]["scaleFactors"], json!([1, 2, 4, 8]));
    assert!(some.get("sizes").is_none(), "all are of the whole image");
    // Levels that cost less than the full size, which is one piece and no tile: their scale factors stay.
    let reduced = |region: Rect, size: Dimensions| {
        if region.dimensions() == size { 24_000_000 } else { size.area() }
    };
    let lump = Image { tile: None, ..image.clone() };
    assert_eq!(info_of(&lump, 6000, 6_000_000, &reduced)["tiles"][0]["scaleFactors"], json!([2, 4, 8, 16]));
    let nothing = info(10, &area);
    assert!(nothing.get("tiles").is_none(), "no empty list of scale factors: {nothing}");
}

#[test]
fn each_tile_of_a_scale_factor_has_to_be_affordable() {
    // Stored in strips of 3000 rows, which tiles of 512 meet one or two of.
    let tiling = image(&[(20_000, 20_000)], (0, 0), 1, true).tiling(&limits(16_384, 32_000_000));
    let strips = |region: Rect| u64::from((region.bottom() - 1) / 3000 - region.y / 3000 + 1);
    let cost = |region: Rect, _: Dimensions| strips(region) * 60_000_000;
    let allowed = |most| {
        let budget = Budget { piece: 20_000, most, cost: &cost };
        tiling.scale_factors().filter(|factor| budget.allows(tiling, *factor)).collect::<Vec<_>>()
    };
    assert_eq!(allowed(400_000_000), [1, 2, 4, 8, 16, 32, 64]);
    assert_eq!(allowed(130_000_000), [1, 2, 4]);
    assert_eq!(allowed(119_999_999), [] as [u64; 0], "the first tile has one strip, the sixth has two");
    // The same with each of its tiles, one by one.
    for most in (1..8).map(|strips| strips * 60_000_000) {
        let each = |factor: &u64| {
            let all = |side: u32, step: u64| (0..side).step_by(step as usize);
            let (wide, high) = tiling.step(*factor);
            all(20_000, wide).all(|x| {
                all(20_000, high).all(|y| {
                    let (region, size) = tiling.tile_at((x, y), *factor);
                    cost(region, size) <= most
                })
            })
        };
        assert_eq!(allowed(most), tiling.scale_factors().filter(each).collect::<Vec<_>>(), "{most}");
    }
}

#[test]
fn services_and_what_the_publisher_adds() {
    let (image, limits, offer) = (pyramid(1, true), limits(3000, 9_000_000), Offer::default());
    let extras = Extras::parse(
        r#"{"@context": "http://example.org/c.json", "rights": "http://rightsstatements.org/vocab/NoC-US/1.0/",
            "service": [{"id": "http://example.org/s", "type": "Service"}], "shelf": "A 12"}"#,
    );
    let extras = extras.expect("valid");
    let info = |version| {
        let info = image.info(version, ID, &limits, &offer, &extras);
        let scale = Some(PhysicalScale { size: 0.0025, unit: PhysicalUnit::Inch });
        ImageInfo { scale, pages: Pages { page: 2, of: 9 }, ..info }.to_json()
    };
    let info_2 = info(V2);
    let info = info(V3);
    assert_eq!(info["@context"], json!(["http://example.org/c.json", V3.context_uri()]), "INFO-02, 03");
    assert_eq!(info.as_object().and_then(|members| members.keys().next()), Some(&"@context".to_owned()));
    let services = info["service"].as_array().expect("IMG3-INFO-30..32");
    assert_eq!(services[0]["physicalScale"], json!(0.0025));
    assert_eq!((&services[1]["page"], &services[1]["pages"]), (&json!(2), &json!(9)));
    assert_eq!(services[2]["id"], json!("http://example.org/s"));
    assert!(services.iter().all(|service| service["id"].is_string() && service["type"].is_string()));
    assert_eq!((&info["shelf"], &info["width"]), (&json!("A 12"), &json!(6000)));
    assert_eq!(info_2["@context"], json!(V2.context_uri()));
    assert_eq!(info_2["license"], json!("http://rightsstatements.org/vocab/NoC-US/1.0/"), "IMG2-INFO-15");
    assert_eq!(info_2["service"][2]["@id"], json!("http://example.org/s"));
    assert!(info_2.get("rights").is_none(), "INFO-33");
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
    let (image, limits) = (pyramid(1, true), limits(3000, 9_000_000));
    let info = |version| image.info(version, ID, &limits, &offer, &Extras::default()).to_json();
    let info_2 = info(V2);
    let info = info(V3);
    assert_eq!(info["profile"], json!("level1"), "png is of level 2");
    assert_eq!(info["preferredFormats"], json!(["jpg"]), "IMG3-INFO-23..28");
    assert_eq!(info["extraQualities"], json!(["gray"]));
    let features = info["extraFeatures"].as_array().expect("features");
    assert!(features.contains(&json!("rotationBy90s")) && !features.contains(&json!("mirroring")));
    assert_eq!(info_2["profile"][0], json!("http://iiif.io/api/image/2/level1.json"));
    assert_eq!(info_2["profile"][1]["formats"], json!(["jpg"]));
    assert_eq!(info_2["profile"][1]["qualities"], json!(["default", "gray"]));
    assert!(info_2.get("preferredFormats").is_none(), "INFO-33");
}

#[test]
fn what_there_is_none_of_is_left_out() {
    let large = image(&[(9000, 9000)], (0, 0), 1, false);
    let info = info(V3, ID, &large, &limits(1000, 1_000_000));
    assert!(info.get("sizes").is_none() && info.get("extraFormats").is_none());
    assert_eq!(info["extraQualities"], json!(["gray", "bitonal"]), "IMG3-QUAL-33");
}

#[test]
fn thin_levels_that_lost_their_ratio_are_no_sizes() {
    let thin = image(&[(8, 1), (4, 1), (2, 1), (1, 1)], (0, 0), 1, true);
    let info = info(V3, ID, &thin, &limits(100, 10_000));
    assert_eq!(info["sizes"], json!([{"width": 4, "height": 1}, {"width": 8, "height": 1}]));
}
