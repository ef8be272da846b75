//! What info.json declares: read as a viewer reads it, which takes what it understands and leaves the rest.

use std::collections::BTreeSet;

use recto_iiif::Version;
use serde_json::Value;

use crate::picture::{Dimensions, Format};

/// Features of 3.0 by level (compliance 3.0, sections 3 and 4).
const LEVEL_1_OF_3: &[&str] =
    &["regionByPx", "regionSquare", "sizeByW", "sizeByH", "baseUriRedirect", "cors", "jsonldMediaType"];
const LEVEL_2_OF_3: &[&str] = &["regionByPct", "sizeByPct", "sizeByConfinedWh", "sizeByWh", "rotationBy90s"];

/// Those of 2.1 (compliance 2.1, sections 3 and 4).
const LEVEL_1_OF_2: &[&str] =
    &["regionByPx", "sizeByW", "sizeByH", "sizeByPct", "baseUriRedirect", "cors", "jsonldMediaType"];
const LEVEL_2_OF_2: &[&str] =
    &["regionByPct", "sizeByConfinedWh", "sizeByDistortedWh", "sizeByWh", "rotationBy90s"];

/// An image service as it describes itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) version: Version,
    /// The level of compliance; 0 if it is not told.
    pub(super) level: u8,
    /// The full size.
    pub(super) image: Dimensions,
    /// What is promised beyond the minimum, by level or by name.
    pub(super) features: BTreeSet<String>,
    /// Extensions of what is served, `jpg` first.
    pub(super) formats: Vec<String>,
    /// What is served besides `default`.
    pub(super) qualities: Vec<String>,
    pub(super) sizes: Vec<Dimensions>,
    pub(super) tiles: Vec<Tiles>,
    /// The greatest width, height and area that may be asked for.
    pub(super) limits: (Option<u64>, Option<u64>, Option<u64>),
}

/// A set of tiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tiles {
    pub(super) tile: Dimensions,
    pub(super) factors: Vec<u32>,
}

impl Service {
    /// What `info` says of the image at `base`. What is missing or wrong counts as not said.
    pub(super) fn declared(info: &Value, base: &str) -> Self {
        let version = version(info, base);
        let extras = match version {
            Version::V3 => info,
            Version::V2 => info["profile"]
                .as_array()
                .and_then(|list| list.iter().find(|entry| entry.is_object()))
                .unwrap_or(&Value::Null),
        };
        let level = level(info);
        let (one, two) = match version {
            Version::V3 => (LEVEL_1_OF_3, LEVEL_2_OF_3),
            Version::V2 => (LEVEL_1_OF_2, LEVEL_2_OF_2),
        };
        let promised = one.iter().filter(|_| level >= 1).chain(two.iter().filter(|_| level >= 2));
        let names = |three: &str, two: &str| words(&extras[if version == Version::V3 { three } else { two }]);
        let mut features: BTreeSet<String> = promised.map(|name| (*name).to_owned()).collect();
        features.extend(names("extraFeatures", "supports").iter().map(|name| short(name)));
        let limit = |name: &str| extras[name].as_u64().filter(|limit| *limit > 0);
        Self {
            version,
            level,
            image: dimensions(info).unwrap_or(Dimensions::new(0, 0)),
            features,
            formats: formats(level, names("extraFormats", "formats")),
            qualities: qualities(version, level, names("extraQualities", "qualities")),
            sizes: list(&info["sizes"]).filter_map(dimensions).collect(),
            tiles: list(&info["tiles"]).filter_map(tiles).collect(),
            limits: (limit("maxWidth"), limit("maxHeight").or(limit("maxWidth")), limit("maxArea")),
        }
    }

    /// Whether a feature is promised, by level or by name.
    pub(super) fn offers(&self, feature: &str) -> bool {
        self.features.contains(feature)
    }

    /// Whether a picture of this size may be asked for.
    pub(super) fn allows(&self, size: Dimensions) -> bool {
        let (width, height, area) = self.limits;
        let within = |value: u64, limit: Option<u64>| limit.is_none_or(|limit| value <= limit);
        within(size.width.into(), width) && within(size.height.into(), height) && within(size.area(), area)
    }

    /// The size parameter that means the region's own size.
    pub(super) fn own_size(&self) -> &'static str {
        match self.version {
            Version::V2 => "full",
            Version::V3 => "max",
        }
    }

    /// The format in which pixels are compared: one without loss if there is one.
    pub(super) fn exact_format(&self) -> &'static str {
        if self.formats.iter().any(|format| format == "png") { "png" } else { "jpg" }
    }

    /// It in a line.
    pub(super) fn in_words(&self) -> String {
        let version = if self.version == Version::V3 { "3.0" } else { "2.1" };
        let Self { level, image, formats, qualities, .. } = self;
        let qualities = qualities.iter().fold("default".to_owned(), |all, one| format!("{all} {one}"));
        format!(
            "Image API {version}, level {level}, {image} pixels, formats {}, qualities {qualities}",
            formats.join(" ")
        )
    }
}

/// By the context, or by the address, or by the names of the members.
fn version(info: &Value, base: &str) -> Version {
    let contexts: Vec<&str> = match &info["@context"] {
        Value::String(one) => vec![one],
        list_of => list(list_of).filter_map(Value::as_str).collect(),
    };
    let has = |part: &str| contexts.iter().any(|context| context.contains(part));
    match () {
        () if has("/image/3/") => Version::V3,
        () if has("/image/2/") => Version::V2,
        () if base.contains("/iiif/2/") || info.get("@id").is_some() => Version::V2,
        () => Version::V3,
    }
}

/// The level that `profile` names.
fn level(info: &Value) -> u8 {
    let profile = match &info["profile"] {
        Value::Array(all) => all.first().and_then(Value::as_str),
        one => one.as_str(),
    };
    let digit = profile.and_then(|profile| profile.split("level").last()?.chars().next()?.to_digit(10));
    digit.filter(|digit| *digit <= 2).map_or(0, |digit| digit as u8)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn words(value: &Value) -> Vec<String> {
    list(value).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// 2.1 allows features by their URI as well.
fn short(name: &str) -> String {
    name.rsplit(['/', '#']).next().unwrap_or(name).to_owned()
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0)
}

fn dimensions(value: &Value) -> Option<Dimensions> {
    Some(Dimensions::new(number(&value["width"])?, number(&value["height"])?))
}

fn tiles(value: &Value) -> Option<Tiles> {
    let width = number(&value["width"])?;
    let tile = Dimensions::new(width, number(&value["height"]).unwrap_or(width));
    Some(Tiles { tile, factors: list(&value["scaleFactors"]).filter_map(number).collect() })
}

fn formats(level: u8, extra: Vec<String>) -> Vec<String> {
    let promised =
        [Format::Jpg, Format::Png].into_iter().filter(|format| *format == Format::Jpg || level >= 2);
    each_once(promised.map(|format| format.extension().to_owned()).chain(extra))
}

fn qualities(version: Version, level: u8, extra: Vec<String>) -> Vec<String> {
    // In 3.0 a server lists what it has; in 2.1 level 2 says it, for pictures in colour.
    let promised: &[&str] =
        if version == Version::V2 && level >= 2 { &["color", "gray", "bitonal"] } else { &[] };
    let all = each_once(promised.iter().map(|word| (*word).to_owned()).chain(extra));
    all.into_iter().filter(|quality| quality != "default").collect()
}

fn each_once(words: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    words.filter(|word| seen.insert(word.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn levels_and_names_promise_features() {
        let three = Service::declared(
            &json!({"@context": ["x", "http://iiif.io/api/image/3/context.json"], "profile": "level1", "width": 9,
                    "height": 8, "extraFeatures": ["mirroring"], "extraFormats": ["png"], "maxWidth": 5}),
            "http://a/b",
        );
        assert_eq!((three.version, three.level, three.image), (Version::V3, 1, Dimensions::new(9, 8)));
        assert!(three.offers("regionSquare") && three.offers("mirroring") && !three.offers("sizeByPct"));
        assert_eq!(three.formats, ["jpg", "png"]);
        assert!(
            three.allows(Dimensions::new(5, 5)) && !three.allows(Dimensions::new(5, 6)),
            "as high as wide"
        );
        let two = Service::declared(
            &json!({"@context": "http://iiif.io/api/image/2/context.json", "width": 9, "height": 8, "profile":
                    ["http://iiif.io/api/image/2/level2.json", {"supports": ["http://x/#regionSquare"]}],
                    "tiles": [{"width": 4, "scaleFactors": [1, 2, "x", 0]}]}),
            "http://a/b",
        );
        assert!(two.offers("regionSquare") && two.offers("sizeByDistortedWh"));
        assert_eq!(two.qualities, ["color", "gray", "bitonal"]);
        assert_eq!(two.tiles, [Tiles { tile: Dimensions::new(4, 4), factors: vec![1, 2] }]);
    }

    #[test]
    fn nonsense_declares_nothing() {
        for info in
            [json!(null), json!([1]), json!({"width": -1, "sizes": 3, "profile": {"x": 1}, "tiles": [null]})]
        {
            let service = Service::declared(&info, "http://a/iiif/3/b");
            assert_eq!((service.level, service.image.area(), service.tiles.len()), (0, 0, 0));
        }
    }
}
