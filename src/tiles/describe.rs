//! What stands beside the tiles and tells of them: info.json, or the `.dzi` of DeepZoom. Pure.

use anyhow::Context;
use recto_iiif::Version;
use serde_json::{Map, Value, json};

use super::layout::Layout;
use crate::picture::{Dimensions, Format};

/// What a server promises and files cannot keep; and what is said of them in its place.
const OF_SERVERS: [&str; 9] = [
    "maxWidth",
    "maxHeight",
    "maxArea",
    "sizes",
    "tiles",
    "preferredFormats",
    "extraFormats",
    "extraQualities",
    "extraFeatures",
];

/// The info.json of a tree, made of the one that the server would send: what it says of the picture stays, and what can be
/// asked for is what is there (3.0 and 2.1, section 5; compliance, level 0).
///
/// # Errors
/// If that is no JSON object.
pub(super) fn info(of_server: &[u8], version: Version, layout: &Layout) -> anyhow::Result<Vec<u8>> {
    let members: Map<String, Value> = serde_json::from_slice(of_server).context("info.json")?;
    let mut of_tree = Map::new();
    for (name, value) in members {
        let is_height = name == "height";
        match &*name {
            "profile" => {
                of_tree.insert(name, profile(version, layout));
            }
            name if OF_SERVERS.contains(&name) => {}
            _ => {
                of_tree.insert(name, value);
            }
        }
        if is_height {
            of_tree.extend(offered(version, layout));
        }
    }
    Ok((Value::Object(of_tree).to_string() + "\n").into_bytes())
}

/// What can be asked for, in the order of the standard.
fn offered(version: Version, layout: &Layout) -> Vec<(String, Value)> {
    let Dimensions { width, height } = layout.tiling.tile;
    let sizes: Vec<Value> =
        layout.wholes().map(|size| json!({ "width": size.width, "height": size.height })).collect();
    let factors: Vec<u64> = layout.factors().collect();
    let mut offered = vec![
        ("sizes", json!(sizes)),
        ("tiles", json!([{ "width": width, "height": height, "scaleFactors": factors }])),
    ];
    if version == Version::V3 {
        offered.splice(0..0, largest(layout).map(|side| ("maxWidth", json!(side))));
        if layout.format != Format::Jpg {
            let formats = json!([layout.format.extension()]);
            offered.extend([("preferredFormats", formats.clone()), ("extraFormats", formats)]);
        }
    }
    offered.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Level 0; 2.1 has more to say there.
fn profile(version: Version, layout: &Layout) -> Value {
    if version == Version::V3 {
        return json!("level0");
    }
    let mut details = json!({ "formats": [layout.format.extension()], "qualities": ["default"] });
    if let Some(side) = largest(layout) {
        details["maxWidth"] = json!(side);
    }
    json!(["http://iiif.io/api/image/2/level0.json", details])
}

/// The longest side of the largest whole picture, if that is smaller than the picture: `max` means it. `maxWidth` alone
/// is a limit of both sides.
fn largest(layout: &Layout) -> Option<u32> {
    let largest = layout.wholes().last()?;
    (largest != layout.tiling.image).then_some(largest.width.max(largest.height))
}

/// The `.dzi` of a tree.
pub(super) fn dzi(layout: &Layout, overlap: u32) -> Vec<u8> {
    let Dimensions { width, height } = layout.tiling.image;
    let (format, side) = (layout.format, layout.tiling.tile.width);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Image xmlns=\"http://schemas.microsoft.com/deepzoom/2008\" Format=\"{format}\" Overlap=\"{overlap}\" \
         TileSize=\"{side}\">\n  <Size Width=\"{width}\" Height=\"{height}\"/>\n</Image>\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use recto_iiif::Tiling;

    use super::*;
    use crate::tiles::layout::Kind;

    fn layout(version: Version, side: u32, format: Format) -> Layout {
        let tiling = Tiling { image: Dimensions::new(side, side / 2), tile: Dimensions::new(512, 512) };
        Layout::new(Kind::Image(version), tiling, format)
    }

    fn of_tree(of_server: &Value, version: Version, layout: &Layout) -> Value {
        let info = info(of_server.to_string().as_bytes(), version, layout).expect("an object");
        serde_json::from_slice(&info).expect("JSON")
    }

    #[test]
    fn info_promises_what_is_there_and_keeps_what_it_says_of_the_picture() {
        let of_server = json!({ "@context": "c", "id": "i", "profile": "level2", "width": 5000, "height": 2500,
            "maxWidth": 9, "maxArea": 9, "sizes": [], "tiles": [], "extraFormats": ["tif"], "extraQualities": ["gray"],
            "extraFeatures": ["mirroring"], "service": [{ "id": "s" }], "rights": "r" });
        let found = of_tree(&of_server, Version::V3, &layout(Version::V3, 5000, Format::Jpg));
        let sizes = [(79, 40), (157, 79), (313, 157), (625, 313), (1250, 625)]
            .map(|(width, height)| json!({ "width": width, "height": height }));
        let expected = json!({ "@context": "c", "id": "i", "profile": "level0", "width": 5000, "height": 2500,
            "maxWidth": 1250, "sizes": sizes,
            "tiles": [{ "width": 512, "height": 512, "scaleFactors": [1, 2, 4, 8, 16, 32, 64] }],
            "service": [{ "id": "s" }], "rights": "r" });
        assert_eq!(found.to_string(), expected.to_string());
        let webp = of_tree(&of_server, Version::V3, &layout(Version::V3, 600, Format::Webp));
        assert_eq!((&webp["preferredFormats"], webp.get("maxWidth")), (&json!(["webp"]), None));
    }

    #[test]
    fn info_of_2_names_its_format_in_its_profile() {
        let of_server =
            json!({ "width": 5000, "height": 2500, "profile": ["level2", { "supports": ["x"] }] });
        let found = of_tree(&of_server, Version::V2, &layout(Version::V2, 5000, Format::Jpg));
        let details = json!({ "formats": ["jpg"], "qualities": ["default"], "maxWidth": 1250 });
        assert_eq!(found["profile"], json!(["http://iiif.io/api/image/2/level0.json", details]));
        assert_eq!(found.get("maxWidth"), None);
    }
}
