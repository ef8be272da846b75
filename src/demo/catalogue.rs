//! What the page reads of the masters: their list, and for each one a manifest (Presentation API 3.0), by which other
//! viewers open it, or why it cannot be shown.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use recto_iiif::{Identifier, Version, base_uri};
use serde::Serialize;
use serde_json::{Value, json};

use super::masters::Masters;
use crate::master::Master;
use crate::picture::Dimensions;
use crate::source::Place;

/// How many masters are looked into, and for how long, before the page is shown. Of the others it tells what the server
/// tells.
const LOOKED_INTO: usize = 1000;
const PATIENCE: Duration = Duration::from_secs(5);

/// One line of the page's list.
#[derive(Debug, Serialize)]
struct Line {
    /// The identifier, percent-encoded.
    id: String,
    /// The path below the root, to be read.
    name: String,
    /// The path of its manifest, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<String>,
    /// What is wrong with the file. The server tells it to its log alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
}

/// Writes all of it for the page in `directory`; `base` is the URL of the `/iiif` root. The identifier, as it stands in
/// URLs, of the first master that nothing is known against.
///
/// # Errors
/// If a file cannot be written.
pub(super) fn write(directory: &Path, base: &str, masters: &Masters) -> anyhow::Result<Option<String>> {
    let manifests = directory.join("manifests");
    fs::create_dir_all(&manifests).with_context(|| format!("cannot make {}", manifests.display()))?;
    let give_up = Instant::now() + PATIENCE;
    let mut lines = Vec::new();
    for (number, identifier) in masters.listed().iter().enumerate() {
        let mut line = Line {
            id: identifier.encoded(),
            name: identifier.as_str().to_owned(),
            manifest: None,
            fault: None,
        };
        // Of those in a store the server tells, which alone may speak with it.
        if let Place::Directory(root) = &masters.place
            && number < LOOKED_INTO
            && Instant::now() < give_up
        {
            match Master::open(&root.join(identifier.as_str())) {
                Ok(master) => {
                    let path = format!("manifests/{number}.json");
                    let site = base.trim_end_matches("iiif");
                    let size = master.description.dimensions();
                    let manifest = manifest(&format!("{site}{path}"), base, identifier, size);
                    put(&directory.join(&path), &manifest)?;
                    line.manifest = Some(path);
                }
                Err(error) => line.fault = Some(error.to_string()),
            }
        }
        lines.push(line);
    }
    put(&directory.join("masters.json"), &lines)?;
    Ok(lines.into_iter().find(|line| line.fault.is_none()).map(|line| line.id))
}

fn put(path: &Path, value: &impl Serialize) -> anyhow::Result<()> {
    fs::write(path, serde_json::to_vec(value)?).with_context(|| format!("cannot write {}", path.display()))
}

/// One canvas with one picture on it.
fn manifest(id: &str, base: &str, identifier: &Identifier, size: Dimensions) -> Value {
    let service = base_uri(base, Version::V3, identifier);
    let Dimensions { width, height } = size;
    let body = json!({
        "id": format!("{service}/full/max/0/default.jpg"),
        "type": "Image",
        "format": "image/jpeg",
        "width": width,
        "height": height,
        "service": [{ "id": service, "type": "ImageService3", "profile": "level2" }],
    });
    let canvas = format!("{id}/canvas");
    let annotation = json!({
        "id": format!("{id}/annotation"),
        "type": "Annotation",
        "motivation": "painting",
        "body": body,
        "target": canvas,
    });
    let page = json!({ "id": format!("{id}/page"), "type": "AnnotationPage", "items": [annotation] });
    json!({
        "@context": "http://iiif.io/api/presentation/3/context.json",
        "id": id,
        "type": "Manifest",
        "label": { "none": [identifier.as_str()] },
        "items": [{ "id": canvas, "type": "Canvas", "width": width, "height": height, "items": [page] }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_master_has_a_manifest_and_a_broken_one_a_reason() {
        let place = tempfile::tempdir().expect("a directory");
        let root = place.path().join("masters");
        fs::create_dir(&root).expect("a directory");
        let mut gif = b"GIF89a\x03\x00\x02\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff".to_vec();
        gif.extend(b",\x00\x00\x00\x00\x03\x00\x02\x00\x00\x02\x03\x84\x01\x05\x00;");
        fs::write(root.join("a;b.gif"), gif).expect("a file");
        fs::write(root.join("broken.tif"), b"II*\0\x08\0\0\0").expect("a file");
        let masters = Masters::of_directory(&root).expect("masters");
        let first = write(place.path(), "http://localhost:8182/iiif", &masters).expect("written");
        let read = |name: &str| -> Value {
            serde_json::from_slice(&fs::read(place.path().join(name)).expect("a file")).expect("JSON")
        };
        let list = read("masters.json");
        assert_eq!((&list[0]["name"], &list[0]["id"]), (&json!("a;b.gif"), &json!(first)));
        assert!(list[1]["fault"].as_str().is_some_and(|fault| !fault.is_empty()), "{list}");
        let manifest = read(list[0]["manifest"].as_str().expect("a manifest"));
        assert_eq!(manifest["id"], "http://localhost:8182/manifests/0.json");
        let canvas = &manifest["items"][0];
        assert_eq!((&canvas["width"], &canvas["height"]), (&json!(3), &json!(2)));
        let body = &canvas["items"][0]["items"][0]["body"];
        let id = format!("http://localhost:8182/iiif/3/{}", list[0]["id"].as_str().expect("an identifier"));
        assert_eq!(body["service"][0]["id"], id);
    }
}
