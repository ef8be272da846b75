use super::*;
use serde_json::json;

const BASE: &str = "https://a.example/iiif/3/b%2Fc";

fn good() -> Value {
    json!({
        "@context": "http://iiif.io/api/image/3/context.json", "id": BASE, "type": "ImageService3",
        "protocol": "http://iiif.io/api/image", "profile": "level2", "width": 600, "height": 401, "maxWidth": 600,
        "sizes": [{"width": 300, "height": 200}, {"width": 300, "height": 201}],
        "tiles": [{"width": 256, "scaleFactors": [1, 2, 4]}],
        "extraFormats": ["webp"], "extraQualities": ["gray"], "extraFeatures": ["mirroring", "sizeUpscaling"],
        "preferredFormats": ["webp", "jpg"], "rights": "http://rightsstatements.org/vocab/NoC-US/1.0/",
        "service": [{"@id": "x", "@type": "y"}], "seeAlso": [{"id": "x", "type": "Dataset"}]
    })
}

fn of(info: &Value, base: &str) -> Vec<Complaint> {
    complaints(info, &Service::declared(info, base), base)
}

/// The text of all complaints about an info.json in which one member is another, or missing.
fn with(name: &str, value: Option<Value>) -> String {
    let mut info = good();
    match value {
        Some(value) => drop(info.as_object_mut().expect("an object").insert(name.to_owned(), value)),
        None => drop(info.as_object_mut().expect("an object").shift_remove(name)),
    }
    of(&info, BASE).iter().map(|complaint| format!("{:?} {}\n", complaint.weight, complaint.what)).collect()
}

#[test]
fn a_good_one_has_no_complaints() {
    assert_eq!(of(&good(), BASE), []);
    let two = json!({
        "@context": "http://iiif.io/api/image/2/context.json", "@id": BASE, "protocol": "http://iiif.io/api/image",
        "width": 600, "height": 400, "profile": ["http://iiif.io/api/image/2/level1.json", {"formats": ["jpg"]}]
    });
    assert_eq!(of(&two, BASE), []);
}

#[test]
fn each_rule_that_is_broken_is_one_complaint() {
    for (name, value, expected) in [
        ("@context", None, "Must @context is null"),
        ("@context", Some(json!(["http://iiif.io/api/image/3/context.json", "x"])), "Must @context"),
        ("id", Some(json!("http://a.example/iiif/3/b%2Fc")), "does not know the scheme"),
        ("id", Some(json!("https://localhost:8182/iiif/3/b%2Fc")), "does not know the host or port"),
        ("id", Some(json!("https://a.example/iiif/3/b/c")), "is not encoded as it was asked for"),
        ("id", Some(json!("https://a.example/iiif/3/b%2Fc/")), "ends with a slash"),
        ("id", Some(json!("https://a.example/x")), "another path"),
        ("id", None, "missing"),
        ("type", None, "Must type is null"),
        ("protocol", Some(json!("https://iiif.io/api/image")), "Must protocol"),
        ("profile", Some(json!("http://iiif.io/api/image/3/level2.json")), "Must profile"),
        ("width", Some(json!(600.5)), "Must width is 600.5"),
        ("height", Some(json!("401")), "Must height is \"401\""),
        ("sizes", Some(json!([{"width": 300, "height": 190}])), "has not the ratio"),
        ("sizes", Some(json!([{"width": 1200, "height": 802}])), "above maxWidth"),
        ("sizes", Some(json!([{"width": 300}])), "sizes has {\"width\":300}"),
        ("sizes", Some(json!({})), "sizes is no list"),
        ("tiles", Some(json!([{"width": 256}])), "scaleFactors is null"),
        ("tiles", Some(json!([{"width": 256, "scaleFactors": [1, 1]}])), "has 1 twice"),
        ("tiles", Some(json!([{"height": 2, "scaleFactors": [1]}])), "tiles has"),
        ("extraQualities", Some(json!("gray")), "extraQualities is no list"),
        ("extraFeatures", Some(json!(["sizeByForcedWh"])), "Should extraFeatures"),
        ("extraQualities", Some(json!([1])), "extraQualities has 1"),
        ("preferredFormats", Some(json!(["tif"])), "preferredFormats has \"tif\""),
        ("maxWidth", None, "sizeUpscaling is listed, without any limit"),
        ("maxHeight", Some(json!(0)), "maxHeight is 0"),
        ("rights", Some(json!(["http://x"])), "Must rights"),
        ("rights", Some(json!("http://example.org")), "Should rights"),
        ("service", Some(json!([{"profile": "x"}])), "service has"),
        ("attribution", Some(json!("x")), "is of the other version"),
    ] {
        let complaint = with(name, value.clone());
        assert!(complaint.contains(expected), "{name} = {value:?}: {complaint:?}");
        assert_eq!(complaint.lines().count(), 1, "{name} = {value:?}: {complaint:?}");
    }
}

#[test]
fn nonsense_does_no_harm() {
    for info in
        [json!(null), json!([]), json!({"sizes": [null, 3], "tiles": {"a": 1}, "profile": [[], {}], "id": 4})]
    {
        assert!(!of(&info, BASE).is_empty());
    }
}
