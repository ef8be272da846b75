//! What the publisher adds to info.json: rights, links, services, and members of their own (Image API 3.0 sections 5.6
//! to 5.8, 2.1 section 5.2). Written once, in the form of 3.0, and published in the form of either version.
//! Checked completely before any of it is used; members that the server itself states cannot be overridden.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde_json::{Map, Value, json};

use crate::Version;
use crate::error::quoted;

/// Members that only the server can know.
const STATED: [&str; 22] = [
    "@id",
    "@type",
    "extraFeatures",
    "extraFormats",
    "extraQualities",
    "formats",
    "height",
    "id",
    "maxArea",
    "maxHeight",
    "maxWidth",
    "preferredFormats",
    "profile",
    "protocol",
    "qualities",
    "scale_factors",
    "sizes",
    "supports",
    "tile_width",
    "tiles",
    "type",
    "width",
];

/// Members that 2.1 alone has, and those that 3.0 alone has (`rights` and `service` are published in both).
const ONLY_2: [&str; 3] = ["attribution", "license", "logo"];
const ONLY_3: [&str; 2] = ["partOf", "seeAlso"];

/// Checked members for info.json.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extras(Map<String, Value>);

impl Extras {
    /// The members in a JSON text.
    ///
    /// ```
    /// use recto_iiif::Extras;
    ///
    /// assert!(Extras::parse(r#"{"rights": "http://creativecommons.org/licenses/by/4.0/"}"#).is_ok());
    /// assert_eq!(Extras::parse(r#"{"width": 5}"#).unwrap_err(), "\"width\" is for the server to say");
    /// ```
    ///
    /// # Errors
    /// With what is wrong, if it is no object, or has a member that [`Extras::new`] refuses.
    pub fn parse(text: &str) -> Result<Self, String> {
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Self::new(members),
            Ok(_) => Err("it is no JSON object".to_owned()),
            Err(error) => Err(format!("it is no JSON: {error}")),
        }
    }

    /// These members, checked.
    ///
    /// # Errors
    /// With the name of a member that only the server can know, or that has not the form that the standard gives it.
    pub fn new(members: Map<String, Value>) -> Result<Self, String> {
        for (name, value) in &members {
            if STATED.contains(&name.as_str()) {
                return Err(format!("{} is for the server to say", quoted(name)));
            }
            let (right, form) = match name.as_str() {
                "@context" => (is_context(value), "a URI or an array of them"),
                "rights" => (is_rights(value), "an http or https URI"),
                "partOf" | "seeAlso" => (is_list_of(value, has_id), "an array of objects with id and type"),
                "service" => (is_list_of(value, has_any_id), "an array of objects with id and type"),
                _ => (true, ""),
            };
            if !right {
                return Err(format!("{} is not {form}", quoted(name)));
            }
        }
        Ok(Self(members))
    }

    /// These members, and where both have one of the same name that of `above`.
    pub fn overlaid(&self, above: Self) -> Self {
        let mut members = self.0.clone();
        members.extend(above.0);
        Self(members)
    }

    /// What the server states, with these members and `services`, those of the server first.
    pub(super) fn join(
        &self,
        version: Version,
        mut stated: Map<String, Value>,
        mut services: Vec<Value>,
    ) -> Map<String, Value> {
        for (name, value) in &self.0 {
            match (name.as_str(), version) {
                ("service", _) => {
                    services.extend(list(value).iter().map(|service| in_version(version, service)))
                }
                ("@context", Version::V3) => {
                    let api = json!(version.context_uri());
                    // "The API context MUST be the last" (3.0 section 5.2). The member stays in its place, the first.
                    let contexts: Vec<Value> = list(value).iter().cloned().chain([api]).collect();
                    stated.insert(name.clone(), contexts.into());
                }
                ("rights", Version::V2) if !self.0.contains_key("license") => {
                    stated.insert("license".to_owned(), value.clone());
                }
                ("@context" | "rights", Version::V2) => {}
                (name, Version::V2) if ONLY_3.contains(&name) => {}
                (name, Version::V3) if ONLY_2.contains(&name) => {}
                (name, _) => drop(stated.insert(name.to_owned(), value.clone())),
            }
        }
        if !services.is_empty() {
            stated.insert("service".to_owned(), services.into());
        }
        stated
    }
}

impl fmt::Display for Extras {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", json!(self.0))
    }
}

/// By its text, for the same members in another order make other bytes.
impl Hash for Extras {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.to_string().hash(state);
    }
}

/// A service in the form of a version: 2.1 has `@id` and `@type`, 3.0 allows them.
fn in_version(version: Version, service: &Value) -> Value {
    let renamed = |name: &String| match (name.as_str(), version) {
        ("id", Version::V2) => "@id".to_owned(),
        ("type", Version::V2) => "@type".to_owned(),
        _ => name.clone(),
    };
    let members = service.as_object().into_iter().flatten();
    members.map(|(name, value)| (renamed(name), value.clone())).collect::<Map<_, _>>().into()
}

/// The values of an array, or the one value.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn is_context(value: &Value) -> bool {
    let uri = |value: &Value| value.as_str().is_some_and(|uri| uri.contains(':'));
    !list(value).is_empty() && list(value).iter().all(uri)
}

/// One of Creative Commons, of RightsStatements.org, or of a registry to which anybody may add (3.0 section 5.6), so
/// that only its form can be judged.
fn is_rights(value: &Value) -> bool {
    let uri = value.as_str().unwrap_or_default();
    let rest = uri.strip_prefix("http://").or_else(|| uri.strip_prefix("https://")).unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or_default();
    host.contains('.') && !path.is_empty() && uri.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_list_of(value: &Value, form: impl Fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(form))
}

fn has_id(value: &Value) -> bool {
    value["id"].is_string() && value["type"].is_string()
}

fn has_any_id(value: &Value) -> bool {
    has_id(value) || (value["@id"].is_string() && value["@type"].is_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_standard_gives_a_form_must_have_it() {
        for text in [
            "[]",
            "{",
            r#"{"width": 5}"#,
            r#"{"@id": "x"}"#,
            r#"{"profile": "level0"}"#,
            r#"{"rights": "mine"}"#,
            r#"{"rights": ["http://creativecommons.org/licenses/by/4.0/"]}"#,
            r#"{"rights": "https://example.org/"}"#,
            r#"{"rights": "ftp://creativecommons.org/licenses/by/4.0/"}"#,
            r#"{"rights": "https://creativecommons.org/licenses/by 4.0/"}"#,
            r#"{"partOf": {"id": "x", "type": "Manifest"}}"#,
            r#"{"seeAlso": [{"id": "x"}]}"#,
            r#"{"seeAlso": []}"#,
            r#"{"service": [{"@id": "x", "type": "y"}]}"#,
            r#"{"@context": 3}"#,
        ] {
            assert!(Extras::parse(text).is_err(), "IMG3-INFO-29..32: {text}");
        }
        for text in [
            "{}",
            r#"{"rights": "http://creativecommons.org/licenses/by/4.0/", "anything": {"of": ["mine"]}}"#,
            r#"{"rights": "https://www.rightsstatements.org/vocab/InC/1.0/"}"#,
            r#"{"rights": "https://example.org/registered/rights"}"#,
            r#"{"partOf": [{"id": "x", "type": "Manifest"}], "service": [{"@id": "x", "@type": "y"}]}"#,
        ] {
            assert!(Extras::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn each_version_has_its_own_members() {
        let below = Extras::parse(r#"{"attribution": "A library", "shelf": 1}"#).expect("valid");
        let above =
            Extras::parse(r#"{"shelf": 2, "partOf": [{"id": "x", "type": "Manifest"}]}"#).expect("valid");
        let both = below.overlaid(above);
        let joined = |version| Value::from(both.join(version, Map::new(), Vec::new()));
        assert_eq!(joined(Version::V2), json!({"attribution": "A library", "shelf": 2}));
        assert_eq!(joined(Version::V3), json!({"shelf": 2, "partOf": [{"id": "x", "type": "Manifest"}]}));
    }
}
