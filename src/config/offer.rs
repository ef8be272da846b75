//! `[offer]`: the parts of the Image API that are served and advertised. Read here, used as [`Offer`].

use anyhow::{anyhow, ensure};
use recto_iiif::Offer;
use serde::Deserialize;

use crate::picture::{Format, Quality};

/// The section as it stands in the file: all that is left out is offered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawOffer {
    formats: Option<Vec<String>>,
    preferred_formats: Vec<String>,
    qualities: Option<Vec<String>>,
    arbitrary_rotation: bool,
    mirroring: bool,
    upscaling: bool,
    larger_boxes: bool,
    background: String,
}

impl Default for RawOffer {
    fn default() -> Self {
        Self {
            formats: None,
            preferred_formats: Vec::new(),
            qualities: None,
            arbitrary_rotation: true,
            mirroring: true,
            upscaling: true,
            larger_boxes: false,
            background: "#ffffff".into(),
        }
    }
}

impl TryFrom<RawOffer> for Offer {
    type Error = anyhow::Error;

    fn try_from(raw: RawOffer) -> anyhow::Result<Self> {
        let everything = Self::default();
        let formats = match raw.formats {
            Some(words) => chosen("formats", &words, Format::ALL, Format::extension)?,
            None => everything.formats,
        };
        ensure!(
            formats.contains(&Format::Jpg),
            "[offer] formats lacks \"jpg\", which every server must have"
        );
        let preferred_formats =
            chosen("preferred_formats", &raw.preferred_formats, formats.iter().copied(), Format::extension)?;
        let qualities = match raw.qualities {
            Some(words) => chosen("qualities", &words, everything.qualities, Quality::word)?,
            None => everything.qualities,
        };
        Ok(Self {
            formats,
            preferred_formats,
            qualities,
            arbitrary_rotation: raw.arbitrary_rotation,
            mirroring: raw.mirroring,
            upscaling: raw.upscaling,
            larger_boxes: raw.larger_boxes,
            background: colour(&raw.background)?,
        })
    }
}

/// The choices that `words` name, in their order, each once.
fn chosen<T: Copy + PartialEq>(
    key: &str,
    words: &[String],
    from: impl IntoIterator<Item = T> + Clone,
    name: impl Fn(T) -> &'static str,
) -> anyhow::Result<Vec<T>> {
    let mut found = Vec::new();
    for word in words {
        let choice = from.clone().into_iter().find(|choice| name(*choice) == word);
        let choice = choice.ok_or_else(|| {
            let names: Vec<_> = from.clone().into_iter().map(&name).collect();
            anyhow!("[offer] {key} has \"{word}\", which is none of {}", names.join(", "))
        })?;
        ensure!(!found.contains(&choice), "[offer] {key} has \"{word}\" twice");
        found.push(choice);
    }
    Ok(found)
}

/// The colour that `#rrggbb` names.
fn colour(text: &str) -> anyhow::Result<[u8; 3]> {
    let number = text
        .strip_prefix('#')
        .filter(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let [_, red, green, blue] = number
        .ok_or_else(|| anyhow!("[offer] background = \"{text}\" is no colour such as \"#ffffff\""))?
        .to_be_bytes();
    Ok([red, green, blue])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(text: &str) -> anyhow::Result<Offer> {
        toml::from_str::<RawOffer>(text)?.try_into()
    }

    #[test]
    fn all_is_offered_unless_told_otherwise() {
        assert_eq!(offer("").expect("valid"), Offer::default());
        let less = offer(
            "formats = [\"png\", \"jpg\"]\nqualities = []\nmirroring = false\nbackground = \"#0080fF\"",
        );
        let less = less.expect("valid");
        assert_eq!((less.formats, less.qualities), (vec![Format::Png, Format::Jpg], vec![]));
        assert!(!less.mirroring && less.upscaling && less.arbitrary_rotation && !less.larger_boxes);
        assert!(offer("larger_boxes = true").expect("valid").larger_boxes);
        assert_eq!(less.background, [0, 128, 255]);
    }

    #[test]
    fn what_cannot_be_meant_names_its_key() {
        for (text, word) in [
            ("formats = [\"png\"]", "jpg"),
            ("formats = [\"jpg\", \"bmp\"]", "bmp"),
            ("formats = [\"jpg\", \"jpg\"]", "twice"),
            ("formats = [\"jpg\"]\npreferred_formats = [\"png\"]", "preferred_formats"),
            ("qualities = [\"default\"]", "qualities"),
            ("background = \"white\"", "background"),
            ("background = \"#fffffg\"", "background"),
            ("background = \"#+fffff\"", "background"),
            ("mirroring = 1", "mirroring"),
            ("larger_boxes = 400", "larger_boxes"),
        ] {
            let complaint = format!("{:#}", offer(text).expect_err(text));
            assert!(complaint.contains(word), "{text}: {complaint}");
        }
    }
}
