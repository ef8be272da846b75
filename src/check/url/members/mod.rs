//! The members of info.json against the rules of section 5, in both versions. Pure.

mod lists;
#[cfg(test)]
mod tests;

use recto_iiif::Version;
use serde_json::{Map, Value};

use super::examination::Weight;
use super::service::Service;
use crate::client::{origin, path};
use Weight::{Must, Should};

/// A rule of info.json that is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) weight: Weight,
    pub(super) section: &'static str,
    /// What is so.
    pub(super) what: String,
    /// The rule.
    pub(super) rule: &'static str,
}

/// What has been complained of so far.
#[derive(Default)]
struct Complaints(Vec<Complaint>);

impl Complaints {
    /// Complains unless a rule `holds`.
    fn want(
        &mut self,
        holds: bool,
        (weight, section): (Weight, &'static str),
        rule: &'static str,
        what: impl FnOnce() -> String,
    ) {
        if !holds {
            self.0.push(Complaint { weight, section, what: what(), rule });
        }
    }
}

/// Features that 3.0 has a name for.
const FEATURES_OF_3: &[&str] = &[
    "baseUriRedirect",
    "canonicalLinkHeader",
    "cors",
    "jsonldMediaType",
    "mirroring",
    "profileLinkHeader",
    "regionByPct",
    "regionByPx",
    "regionSquare",
    "rotationArbitrary",
    "rotationBy90s",
    "sizeByConfinedWh",
    "sizeByH",
    "sizeByPct",
    "sizeByW",
    "sizeByWh",
    "sizeUpscaling",
];

/// All that is wrong with an info.json that came for the image at `base`.
pub(super) fn complaints(info: &Value, service: &Service, base: &str) -> Vec<Complaint> {
    let mut complaints = Complaints::default();
    let Some(members) = info.as_object() else {
        complaints.want(false, (Must, "5.1"), "it is a JSON object", || "info.json is no object".to_owned());
        return complaints.0;
    };
    let version = service.version;
    context(&mut complaints, members, version);
    id(&mut complaints, members, version, base);
    kind(&mut complaints, members, version);
    full_size(&mut complaints, members);
    lists::sizes(&mut complaints, members, service);
    lists::tiles(&mut complaints, members);
    match version {
        Version::V3 => three(&mut complaints, members, service),
        Version::V2 => two(&mut complaints, members),
    }
    complaints.0
}

fn context(complaints: &mut Complaints, members: &Map<String, Value>, version: Version) {
    let expected = version.context_uri();
    let context = &members.get("@context").cloned().unwrap_or_default();
    let right = match (context, version) {
        (Value::Array(all), Version::V3) => all.last().is_some_and(|last| last == expected),
        (one, _) => one == expected,
    };
    complaints.want(right, (Must, "5.1"), "@context is the API's, in 3.0 perhaps the last of a list", || {
        format!("@context is {context}, not \"{expected}\"")
    });
    let first = members.keys().next().map(String::as_str);
    complaints.want(
        first == Some("@context") || !right,
        (Should, "5.1"),
        "@context is the first member",
        || format!("the first member is \"{}\"", first.unwrap_or_default()),
    );
}

/// The one member that most servers get wrong once there is a proxy before them.
fn id(complaints: &mut Complaints, members: &Map<String, Value>, version: Version, base: &str) {
    let name = if version == Version::V3 { "id" } else { "@id" };
    let id = members.get(name).and_then(Value::as_str).unwrap_or_default();
    let rule = "the id is the base URI at which the image was asked for, encoded, without a slash at its end";
    complaints.want(id == base, (Must, "5.2"), rule, || {
        let why = why_another(id, base);
        format!("{name} is \"{id}\", and \"{base}\" was asked for: {why}")
    });
}

/// What mostly makes an id differ in this way.
fn why_another(id: &str, base: &str) -> &'static str {
    let decoded = |text: &str| text.replace("%2F", "/").replace("%2f", "/").replace("%20", " ");
    let host = |url: &str| origin(url).split("://").nth(1).unwrap_or_default().to_owned();
    match () {
        () if id.is_empty() => "it is missing or no text",
        () if id.strip_suffix('/') == Some(base) => "it ends with a slash, so that viewers ask for //",
        () if origin(id) != origin(base) && host(id) == host(base) => {
            "the server does not know the scheme that clients use; a proxy before it has to tell it"
        }
        () if origin(id) != origin(base) => {
            "the server does not know the host or port that clients use; viewers will ask there"
        }
        () if decoded(path(id)) == decoded(path(base)) => {
            "the identifier in it is not encoded as it was asked for"
        }
        () => "viewers will ask for tiles at another path",
    }
}

fn kind(complaints: &mut Complaints, members: &Map<String, Value>, version: Version) {
    let is = |name: &str, expected: &str| members.get(name).is_some_and(|value| value == expected);
    let said = |name: &str| members.get(name).cloned().unwrap_or_default();
    let protocol = "http://iiif.io/api/image";
    complaints.want(is("protocol", protocol), (Must, "5.2"), "protocol is the URI of the Image API", || {
        format!("protocol is {}, not \"{protocol}\"", said("protocol"))
    });
    match version {
        Version::V3 => {
            complaints.want(is("type", "ImageService3"), (Must, "5.2"), "type is ImageService3", || {
                format!("type is {}", said("type"))
            });
            let level = ["level0", "level1", "level2"].iter().any(|level| is("profile", level));
            complaints.want(level, (Must, "5.2"), "profile is level0, level1 or level2", || {
                format!("profile is {}", said("profile"))
            });
        }
        Version::V2 => {
            let right = !members.contains_key("@type") || is("@type", "iiif:Image");
            complaints.want(right, (Must, "5.2"), "@type, if given, is iiif:Image", || {
                format!("@type is {}", said("@type"))
            });
            let first = said("profile").as_array().and_then(|all| all.first().cloned()).unwrap_or_default();
            let level = (0..3).any(|level| first == format!("http://iiif.io/api/image/2/level{level}.json"));
            let rule = "profile is a list, whose first entry is the URI of a level, with http:";
            complaints.want(level, (Must, "5.3"), rule, || format!("the first entry of profile is {first}"));
        }
    }
}

fn full_size(complaints: &mut Complaints, members: &Map<String, Value>) {
    for name in ["width", "height"] {
        let value = members.get(name).cloned().unwrap_or_default();
        let right = value.as_u64().is_some_and(|number| number > 0);
        let rule = "width and height are whole numbers of pixels";
        complaints.want(right, (Must, "5.2"), rule, || format!("{name} is {value}"));
    }
}

/// What 3.0 alone has.
fn three(complaints: &mut Complaints, members: &Map<String, Value>, service: &Service) {
    limits(complaints, members, "5.2");
    let has = |name: &str| members.contains_key(name);
    complaints.want(!has("maxHeight") || has("maxWidth"), (Must, "5.2"), "maxHeight needs maxWidth", || {
        "there is a maxHeight without maxWidth".to_owned()
    });
    let bounded = has("maxWidth") || has("maxArea");
    let rule = "a server that enlarges says how far, by maxWidth or maxArea";
    complaints.want(!service.offers("sizeUpscaling") || bounded, (Must, "5.2"), rule, || {
        "sizeUpscaling is listed, without any limit".to_owned()
    });
    for (name, section) in [
        ("preferredFormats", "5.5"),
        ("extraFormats", "5.7"),
        ("extraQualities", "5.7"),
        ("extraFeatures", "5.7"),
    ] {
        lists::words(complaints, members, name, section);
    }
    let preferred = lists::entries(members, "preferredFormats").filter_map(Value::as_str);
    for format in preferred {
        let served = service.formats.iter().any(|served| served == format);
        complaints.want(served, (Must, "5.5"), "preferred formats are among those that are served", || {
            format!("preferredFormats has \"{format}\", which is neither of the level nor in extraFormats")
        });
    }
    for feature in lists::entries(members, "extraFeatures").filter_map(Value::as_str) {
        complaints.want(
            FEATURES_OF_3.contains(&feature),
            (Should, "5.7"),
            "features have the names of 3.0",
            || format!("extraFeatures has \"{feature}\", which no client of 3.0 knows"),
        );
    }
    rights(complaints, members);
    for name in ["partOf", "seeAlso", "service"] {
        lists::objects(complaints, members, name);
    }
    foreign(
        complaints,
        members,
        &["@id", "@type", "attribution", "license", "logo", "formats", "qualities", "supports"],
    );
}

/// What 2.1 alone has.
fn two(complaints: &mut Complaints, members: &Map<String, Value>) {
    for profile in lists::entries(members, "profile").filter_map(Value::as_object) {
        limits(complaints, profile, "5.3");
        for name in ["formats", "qualities", "supports"] {
            lists::words(complaints, profile, name, "5.3");
            let empty = profile.get(name).and_then(Value::as_array).is_some_and(Vec::is_empty);
            complaints
                .want(!empty, (Should, "5.3"), "an empty list is left out", || format!("{name} is empty"));
        }
    }
    foreign(
        complaints,
        members,
        &[
            "id",
            "type",
            "extraFormats",
            "extraQualities",
            "extraFeatures",
            "preferredFormats",
            "rights",
            "partOf",
        ],
    );
}

fn limits(complaints: &mut Complaints, members: &Map<String, Value>, section: &'static str) {
    for name in ["maxWidth", "maxHeight", "maxArea"] {
        let right = members.get(name).is_none_or(|value| value.as_u64().is_some_and(|number| number > 0));
        complaints.want(right, (Must, section), "limits are whole numbers above 0", || {
            format!("{name} is {}", members[name])
        });
    }
}

fn rights(complaints: &mut Complaints, members: &Map<String, Value>) {
    let Some(rights) = members.get("rights") else { return };
    let known = ["http://creativecommons.org/", "http://rightsstatements.org/"];
    let text = rights.as_str().unwrap_or_default();
    let rule =
        "rights is one URI of Creative Commons or RightsStatements.org (with http:), or a registered one";
    complaints.want(text.starts_with("http"), (Must, "5.6"), rule, || format!("rights is {rights}"));
    let usual = !text.starts_with("http") || known.iter().any(|start| text.starts_with(start));
    complaints.want(usual, (Should, "5.6"), rule, || format!("rights is {rights}"));
}

/// Members of the other version, which clients of this one do not look at.
fn foreign(complaints: &mut Complaints, members: &Map<String, Value>, names: &[&str]) {
    for name in names.iter().filter(|name| members.contains_key(**name)) {
        let rule = "an info.json has the members of its own version";
        complaints
            .want(false, (Should, "5.2"), rule, || format!("\"{name}\" is of the other version of the API"));
    }
}
