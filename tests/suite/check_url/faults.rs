//! Servers with one fault each, and what has to be said of them.

use super::stand_in::{Passing, StandIn};
use super::{MAP, complaints, examined, set, site};

/// A fault: its name, what it does, and a part of the line that has to tell of it.
type Fault = (&'static str, fn(&mut Passing), &'static str);

/// Something in the path that the site is asked for.
fn ask(passing: &mut Passing, from: &str, to: &str) {
    if passing.answer.is_none() {
        passing.path = passing.path.replace(from, to);
    }
}

/// Something in the text of info.json.
fn tell(passing: &mut Passing, from: &str, to: &str) {
    if let Some(answer) = passing.answer.as_mut().filter(|_| passing.path.contains("info.json"))
        && let Ok(text) = std::str::from_utf8(&answer.body)
    {
        answer.body = text.replace(from, to).into_bytes();
    }
}

/// A header of every answer.
fn head(passing: &mut Passing, name: &str, value: Option<&str>) {
    if let Some(answer) = &mut passing.answer {
        set(answer, name, value);
    }
}

/// A status in place of another.
fn status(passing: &mut Passing, from: u16, to: u16) {
    if let Some(answer) = passing.answer.as_mut().filter(|answer| answer.status == from) {
        answer.status = to;
    }
}

/// The first of the sizes, with another ratio.
fn stretched(passing: &mut Passing) {
    let Some(answer) = passing.answer.as_mut().filter(|_| passing.path.contains("info.json")) else { return };
    if let Ok(mut info) = serde_json::from_slice::<serde_json::Value>(&answer.body) {
        info["sizes"][0]["height"] = 20.into();
        answer.body = info.to_string().into_bytes();
    }
}

const FAULTS: &[Fault] = &[
    (
        "another host in the id",
        |p| tell(p, "\"id\":\"http://localhost", "\"id\":\"http://inside"),
        "error | info.json | id is \"http://inside",
    ),
    ("a decoded id", |p| tell(p, "maps%2Fodd%201", "maps/odd 1"), "is not encoded as it was asked for"),
    ("http behind TLS", |p| tell(p, "\"id\":\"http:", "\"id\":\"https:"), "does not know the scheme"),
    ("stretched sizes", stretched, "has not the ratio of 600x275"),
    (
        "a size that is not served",
        |p| ask(p, "/full/300,", "/full/frob"),
        "error | sizes | status 400, not 200",
    ),
    ("no width", |p| tell(p, "\"width\":600", "\"width\":\"600\""), "error | info.json | width is \"600\""),
    (
        "a profile of 2.1",
        |p| tell(p, "\"level2\"", "\"http://iiif.io/api/image/2/level2.json\""),
        "error | info.json | profile is",
    ),
    (
        "no CORS",
        |p| head(p, "access-control-allow-origin", None),
        "error | CORS | there is no Access-Control-Allow-Origin (status 200)",
    ),
    (
        "CORS twice",
        |p| {
            if let Some(a) = &mut p.answer {
                a.headers.push(("access-control-allow-origin".into(), "*".into()))
            }
        },
        "comes 2 times",
    ),
    (
        "no CORS on errors",
        |p| {
            if p.answer.as_ref().is_some_and(|a| a.status == 400) {
                head(p, "access-control-allow-origin", None)
            }
        },
        "error | CORS | there is no Access-Control-Allow-Origin (status 400)",
    ),
    (
        "a rounded down edge",
        |p| ask(p, "/512,0,88,275/44,138/", "/512,0,88,275/43,138/"),
        "error | tiles | 43x138 came, not 44x138",
    ),
    (
        "a moved tile",
        |p| ask(p, "/0,0,512,275/256,138/0/default.png", "/4,0,512,275/256,138/0/default.png"),
        "moved a pixel to the",
    ),
    ("PNG that is JPEG", |p| ask(p, "default.png", "default.jpg"), "the bytes are image/jpeg"),
    (
        "a wrong media type",
        |p| {
            if p.path.ends_with("default.webp") {
                head(p, "content-type", Some("image/jpeg"))
            }
        },
        "error | format | Content-Type is \"image/jpeg\"",
    ),
    ("sides not swapped", |p| ask(p, "/90/default", "/0/default"), "width and height are swapped"),
    (
        "turned the other way",
        |p| ask(p, "/max/90/default", "/max/270/default"),
        "it is turned as 270 has to be",
    ),
    ("no mirror", |p| ask(p, "/!0/", "/0/"), "it is turned as 0 has to be"),
    ("turned before it is mirrored", |p| ask(p, "/!90/", "/!270/"), "it is turned as !270 has to be"),
    ("gray in colour", |p| ask(p, "gray.png", "default.png"), "it is in colour"),
    ("bitonal in grays", |p| ask(p, "bitonal.png", "gray.png"), "neither black nor white"),
    ("an unlisted quality", |p| tell(p, "\"bitonal\"", "\"gray\""), "bitonal is served, and not listed"),
    (
        "a region padded",
        |p| ask(p, "/590,255,100,100/max/", "/500,175,100,100/max/"),
        "100x100 came, not 10x20",
    ),
    ("a region moved", |p| ask(p, "/0/default.png", "/180/default.png"), "shows something else"),
    (
        "enlarged unasked",
        |p| ask(p, "/480,320/", "/^480,320/"),
        "warning | size | it is answered with a picture",
    ),
    ("no enlarging", |p| ask(p, "/^480,320/", "/^frob/"), "error | size | status 400, not 200"),
    (
        "errors of the server's",
        |p| status(p, 400, 500),
        "error | errors | a region that is none has status 500",
    ),
    ("no 404", |p| status(p, 404, 200), "warning | errors | status 200, not 404"),
    ("no redirect", |p| status(p, 303, 404), "error | base URI | status 404 and no Location"),
    ("another redirect", |p| status(p, 303, 302), "warning | base URI | status 302"),
    (
        "HEAD refused",
        |p| {
            if p.method == "HEAD" {
                status(p, 200, 405)
            }
        },
        "HEAD has status 405, GET 200",
    ),
    (
        "validators forgotten",
        |p| p.headers.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("if-")),
        "warning | picture | status 200, not 304",
    ),
    (
        "no validators",
        |p| {
            head(p, "etag", None);
            head(p, "last-modified", None)
        },
        "advice | picture | there is neither ETag nor Last-Modified",
    ),
    (
        "JSON as text",
        |p| {
            if p.path.contains("info.json") {
                head(p, "content-type", Some("text/plain"))
            }
        },
        "error | info.json | Content-Type is \"text/plain\"",
    ),
    (
        "no JSON-LD",
        |p| {
            for (_, value) in &mut p.headers {
                *value = value.replace("ld+json", "json")
            }
        },
        "error | info.json | Content-Type is \"application/json\"",
    ),
    ("no Vary", |p| head(p, "vary", None), "no Vary: Accept"),
    (
        "a profile with https",
        |p| {
            if let Some(a) = &mut p.answer {
                for (_, v) in &mut a.headers {
                    *v = v.replace("<http://iiif.io", "<https://iiif.io")
                }
            }
        },
        "the Link of the profile leads to https://",
    ),
    (
        "a canonical link elsewhere",
        |p| {
            if let Some(a) = &mut p.answer {
                for (_, v) in &mut a.headers {
                    *v = v.replace("/0/default.jpg>", "/90/default.jpg>")
                }
            }
        },
        "error | Link | ",
    ),
    ("escapes not understood", |p| ask(p, "%2C", "%252C"), "warning | errors | status 400, not 200"),
    (
        "a body cut off",
        |p| {
            if let Some(a) = p.answer.as_mut().filter(|_| p.path.contains(",1,1/")) {
                a.body.truncate(40)
            }
        },
        "the picture cannot be read",
    ),
];

#[test]
fn each_fault_is_found() {
    let site = site();
    let mut missed = Vec::new();
    for (name, fault, expected) in FAULTS {
        let stand_in = StandIn::before(&site, fault);
        let (code, report) = examined(&stand_in.url(&format!("/iiif/3/{MAP}")), &[]);
        let found = complaints(&report);
        let line = found.iter().find(|line| line.contains(expected));
        let right = match line {
            Some(line) if line.starts_with("advice") => code == Some(0),
            Some(line) => code == Some(1) && line.contains("curl -sS"),
            None => false,
        };
        if !right {
            missed.push(format!(
                "{name}: not \"{expected}\" but status {code:?} and\n  {}",
                found.join("\n  ")
            ));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
