//! The members of info.json that are lists: sizes, tiles, names, links.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Complaints, Weight::Must};
use crate::check::url::service::Service;
use crate::picture::Dimensions;

/// The entries of a member that is a list.
pub(super) fn entries<'m>(members: &'m Map<String, Value>, name: &str) -> impl Iterator<Item = &'m Value> {
    members.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn positive(value: &Value) -> Option<u64> {
    value.as_u64().filter(|number| *number > 0)
}

/// Whether a member is left out or a list.
fn list(complaints: &mut Complaints, members: &Map<String, Value>, name: &str, section: &'static str) {
    let right = members.get(name).is_none_or(Value::is_array);
    complaints.want(right, (Must, section), "it is a list", || format!("{name} is no list"));
}

/// Sizes of the whole image.
pub(super) fn sizes(complaints: &mut Complaints, members: &Map<String, Value>, service: &Service) {
    list(complaints, members, "sizes", "5.3|5.2");
    for entry in entries(members, "sizes") {
        let sides = (positive(&entry["width"]), positive(&entry["height"]));
        let (Some(width), Some(height)) = sides else {
            let rule = "each size has a width and a height";
            complaints.want(false, (Must, "5.3|5.2"), rule, || format!("sizes has {entry}"));
            continue;
        };
        let size =
            Dimensions::new(width.try_into().unwrap_or(u32::MAX), height.try_into().unwrap_or(u32::MAX));
        complaints.want(service.allows(size), (Must, "5.3|5.2"), "sizes are within the limits", || {
            format!("sizes has {size}, which is above maxWidth, maxHeight or maxArea")
        });
        let image = service.image;
        let proportional = stretched(size, image) <= 1.0;
        let rule = "sizes show the whole image in its own ratio, to the pixel";
        complaints.want(proportional || image.area() == 0, (Must, "5.3|5.2"), rule, || {
            format!("sizes has {size}, which has not the ratio of {image}")
        });
    }
}

/// By how many pixels a size is off the ratio of the image, on the side where it is off less.
fn stretched(size: Dimensions, image: Dimensions) -> f64 {
    let [w, h, width, height] = [size.width, size.height, image.width, image.height].map(f64::from);
    let (down, across) = ((w * height / width - h).abs(), (h * width / height - w).abs());
    down.min(across)
}

/// Tiles at scale factors.
pub(super) fn tiles(complaints: &mut Complaints, members: &Map<String, Value>) {
    list(complaints, members, "tiles", "5.4|5.2");
    let (mut sizes, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for entry in entries(members, "tiles") {
        let (width, height) = (positive(&entry["width"]), entry.get("height").map(positive));
        let right = width.is_some() && height != Some(None);
        complaints.want(right, (Must, "5.4|5.2"), "tiles have a width, and perhaps a height", || {
            format!("tiles has {entry}")
        });
        let new = sizes.insert((width, height.flatten().or(width)));
        let rule = "no two sets of tiles have one size";
        complaints.want(new, (Must, "5.4|5.2"), rule, || format!("tiles has {entry} a second time"));
        let factors = entry["scaleFactors"].as_array().filter(|factors| !factors.is_empty());
        let all = factors.is_some_and(|factors| factors.iter().all(|factor| positive(factor).is_some()));
        let rule = "scaleFactors is a list of whole numbers above 0";
        complaints
            .want(all, (Must, "5.4|5.2"), rule, || format!("scaleFactors is {}", entry["scaleFactors"]));
        for factor in factors.into_iter().flatten().filter_map(positive) {
            let new = seen.insert((sizes.len(), factor));
            let rule = "a scale factor stands once in a set of tiles";
            complaints.want(new, (Must, "5.4|5.2"), rule, || format!("scaleFactors has {factor} twice"));
        }
    }
}

/// Names: of formats, qualities, features.
pub(super) fn words(
    complaints: &mut Complaints,
    members: &Map<String, Value>,
    name: &str,
    section: &'static str,
) {
    list(complaints, members, name, section);
    let strange = entries(members, name).find(|entry| !entry.is_string());
    complaints.want(strange.is_none(), (Must, section), "it is a list of texts", || {
        format!("{name} has {}", strange.cloned().unwrap_or_default())
    });
}

/// Things that have an id and a type.
pub(super) fn objects(complaints: &mut Complaints, members: &Map<String, Value>, name: &str) {
    list(complaints, members, name, "5.8|5.5");
    for entry in entries(members, name) {
        let text = |key: &str| entry.get(key).is_some_and(Value::is_string);
        let right = (text("id") && text("type")) || (name == "service" && text("@id") && text("@type"));
        complaints.want(
            right,
            (Must, "5.8|5.5"),
            "partOf, seeAlso and service list objects with id and type",
            || format!("{name} has {entry}"),
        );
    }
}
