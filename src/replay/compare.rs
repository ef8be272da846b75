//! Two answers to one request, and what differs. Pure, but for the decoding of pictures.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::client::{Answer, Picture, format_of};
use crate::picture::Format;

/// How far pictures may differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// The least ratio of peak to noise, in decibels: two good ways of scaling and compressing are 28 to 40 apart.
    pub psnr: f64,
    /// The greatest difference of any sample, 0 to 255.
    pub max: u8,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { psnr: 28.0, max: 255 }
    }
}

/// What differs, from what is worst to what is least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// One of them gives nothing in time.
    Answer,
    /// One has it, the other not; or they refuse with other statuses.
    Status,
    /// One of the pictures cannot be read.
    Damage,
    /// Width or height.
    Size,
    /// What is to be seen.
    Pixels,
    /// What info.json says.
    Info,
    /// The Content-Type.
    MediaType,
}

/// A difference, and how bad it is among those of its kind: more is worse.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    pub(super) kind: Kind,
    pub(super) badness: f64,
    pub(super) what: String,
}

fn difference(kind: Kind, badness: f64, what: String) -> Option<Difference> {
    Some(Difference { kind, badness, what })
}

/// What differs most between two answers to the same path; None if nothing does that counts. `bases` is what each server's
/// URLs begin with.
pub(super) fn compare(
    path: &str,
    [old, new]: [&Answer; 2],
    bases: [&str; 2],
    tolerance: Tolerance,
) -> Option<Difference> {
    if old.status != new.status {
        let lost = if old.status == 200 { 2.0 } else { 1.0 };
        let (one, other) = (old.status, new.status);
        let said = if other == 200 { String::new() } else { format!(": \"{}\"", new.said()) };
        return difference(Kind::Status, lost, format!("status {one} and {other}{said}"));
    }
    if old.status != 200 {
        return None;
    }
    let content = match path.ends_with("/info.json") {
        true => info([&old.body, &new.body], bases),
        false => pictures([&old.body, &new.body], tolerance),
    };
    content.or_else(|| media([&old.media_type(), &new.media_type()]))
}

fn media([old, new]: [&str; 2]) -> Option<Difference> {
    let json = ["application/json", "application/ld+json"];
    let same = old == new || (json.contains(&old) && json.contains(&new));
    if same {
        None
    } else {
        difference(Kind::MediaType, 0.0, format!("Content-Type \"{old}\" and \"{new}\""))
    }
}

fn pictures([old, new]: [&[u8]; 2], tolerance: Tolerance) -> Option<Difference> {
    if old == new {
        return None;
    }
    let (was, is) = (format_of(old), format_of(new));
    if was != is {
        let name = |format: Option<Format>| format.map_or("no picture", Format::media_type);
        return difference(Kind::Damage, 1.0, format!("{} and {}", name(was), name(is)));
    }
    // What we do not read ourselves.
    if matches!(was, Some(Format::Pdf | Format::Avif)) {
        return None;
    }
    match [old, new].map(Picture::decode) {
        [Ok(old), Ok(new)] => pixels(&old, &new, tolerance),
        [Err(old), Ok(_)] => difference(Kind::Damage, 0.0, format!("the first cannot be read: {old:#}")),
        [Ok(_), Err(new)] => difference(Kind::Damage, 2.0, format!("the second cannot be read: {new:#}")),
        [Err(_), Err(_)] => None,
    }
}

fn pixels(old: &Picture, new: &Picture, tolerance: Tolerance) -> Option<Difference> {
    let (was, is) = (old.size(), new.size());
    let Some(between) = old.difference(new) else {
        let off = was.width.abs_diff(is.width).max(was.height.abs_diff(is.height));
        return difference(Kind::Size, f64::from(off), format!("{was} and {is} pixels"));
    };
    let far = between.psnr < tolerance.psnr || between.max > tolerance.max;
    let (psnr, max) = (between.psnr, between.max);
    far.then(|| Difference {
        kind: Kind::Pixels,
        badness: -psnr,
        what: format!("PSNR {psnr:.1} dB, samples up to {max} apart"),
    })
}

/// Members that differ, apart from the addresses of the servers.
fn info([old, new]: [&[u8]; 2], [of_old, of_new]: [&str; 2]) -> Option<Difference> {
    let parsed = [old, new].map(serde_json::from_slice::<Value>);
    let [Ok(mut old), Ok(mut new)] = parsed else {
        return difference(Kind::Damage, 1.0, "one of them is no JSON".to_owned());
    };
    relative(&mut old, of_old);
    relative(&mut new, of_new);
    let mut names = Vec::new();
    members(&old, &new, "", &mut names);
    let size = names.iter().any(|name| name.starts_with("width") || name.starts_with("height"));
    let badness = names.len() as f64 + if size { 1000.0 } else { 0.0 };
    if names.is_empty() { None } else { difference(Kind::Info, badness, names.join("; ")) }
}

/// Texts that begin with a server's address begin with nothing instead.
fn relative(value: &mut Value, base: &str) {
    match value {
        Value::String(text) => {
            if let Some(rest) = text.strip_prefix(base) {
                *text = rest.to_owned();
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|value| relative(value, base)),
        Value::Object(members) => members.values_mut().for_each(|value| relative(value, base)),
        _ => {}
    }
}

/// The names of what differs, with both values if they are short. Lists of texts have no order.
fn members(old: &Value, new: &Value, name: &str, found: &mut Vec<String>) {
    let texts = |value: &Value| {
        let list = value.as_array()?;
        list.iter().map(|entry| entry.as_str().map(str::to_owned)).collect::<Option<BTreeSet<_>>>()
    };
    match (old, new) {
        _ if old == new => {}
        (Value::Object(was), Value::Object(is)) => {
            let all: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            for key in all {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                let value = |of: &serde_json::Map<String, Value>| of.get(key).cloned().unwrap_or_default();
                members(&value(was), &value(is), &name, found);
            }
        }
        _ if texts(old).is_some() && texts(old) == texts(new) => {}
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            let pairs = was.iter().zip(is).enumerate();
            pairs.for_each(|(at, (was, is))| members(was, is, &format!("{name}[{at}]"), found));
        }
        _ => found.push(format!("{name} {} and {}", short(old), short(new))),
    }
}

fn short(value: &Value) -> String {
    let text: String =
        value.to_string().chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    match text.chars().count() {
        0..=60 => text,
        _ => text.chars().take(57).collect::<String>() + "...",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(old: &str, new: &str) -> Option<String> {
        info([old.as_bytes(), new.as_bytes()], ["http://a", "https://b/x"]).map(|difference| difference.what)
    }

    #[test]
    fn info_json_is_compared_by_what_it_means() {
        let same = (
            r#"{"id":"http://a/3/i","f":["x","y"],"n":1}"#,
            r#"{"n":1,"f":["y","x"],"id":"https://b/x/3/i"}"#,
        );
        assert_eq!(told(same.0, same.1), None);
        assert_eq!(
            told(r#"{"id":"http://a/3/i"}"#, r#"{"id":"http://a/3/i"}"#)
                .expect("another host")
                .split(' ')
                .next(),
            Some("id")
        );
        let expected = "sizes[0].width 1 and 2; width null and 3";
        let tells = told(r#"{"sizes":[{"width":1}]}"#, r#"{"sizes":[{"width":2}],"width":3}"#);
        assert_eq!(tells.as_deref(), Some(expected));
        assert!(told("{", "{}").expect("no JSON").contains("no JSON"));
    }

    #[test]
    fn media_types_of_json_are_one() {
        assert_eq!(media(["application/json", "application/ld+json"]), None);
        assert!(media(["image/jpeg", "image/jpg"]).is_some());
    }
}
