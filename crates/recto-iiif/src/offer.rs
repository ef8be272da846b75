//! What a server offers beyond the minimum of the Image API: formats, qualities, turns, enlargement.
//! One plain value that info.json advertises and resolving checks, so that what is promised is served. Compliance
//! documents of the Image API 3.0 and 2.1.

use crate::error::{Error, quoted};
use crate::{Format, Quality, Version};

/// The offer of a server, or of one vhost of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Offer {
    /// The formats that are served, in the order in which they are advertised; [`Format::Jpg`] is always among them.
    pub formats: Vec<Format>,
    /// The formats that the publisher would rather see asked for, best first (3.0 section 5.5); all in `formats`.
    pub preferred_formats: Vec<Format>,
    /// The qualities besides `default` that are served, in the order in which they are advertised.
    pub qualities: Vec<Quality>,
    /// Turns by any angle.
    pub arbitrary_rotation: bool,
    /// `!` before an angle.
    pub mirroring: bool,
    /// Sizes above that of the region.
    pub upscaling: bool,
    /// Boxes of `!w,h` in 3.0 that are larger than the region on both sides: it comes in its own size.
    pub larger_boxes: bool,
    /// Red, green and blue of the background where a picture is empty and its format has no transparency.
    pub background: [u8; 3],
}

/// A level of compliance: a set of features that need not be listed one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compliance {
    /// jpg in the default quality, and regions and sizes in pixels.
    One,
    /// All that viewers rely on.
    Two,
}

impl Default for Offer {
    /// Everything but `larger_boxes`, on a white background, as the official validator expects.
    fn default() -> Self {
        Self {
            formats: Format::ALL.to_vec(),
            preferred_formats: Vec::new(),
            qualities: vec![Quality::Color, Quality::Gray, Quality::Bitonal],
            arbitrary_rotation: true,
            mirroring: true,
            upscaling: true,
            larger_boxes: false,
            background: [255; 3],
        }
    }
}

impl Offer {
    /// The same without the formats of which `holds` is false. What every server must offer stays.
    pub fn of_formats(&self, holds: impl Fn(Format) -> bool) -> Self {
        let held = |formats: &[Format]| {
            formats.iter().copied().filter(|format| *format == Format::Jpg || holds(*format)).collect()
        };
        let (formats, preferred_formats) = (held(&self.formats), held(&self.preferred_formats));
        Self { formats, preferred_formats, ..self.clone() }
    }

    /// The highest level of compliance that is fully offered (compliance 3.0 and 2.1, sections 3.4 and 3.5).
    pub fn compliance(&self, version: Version) -> Compliance {
        let qualities: &[Quality] = match version {
            Version::V2 => &[Quality::Color, Quality::Gray, Quality::Bitonal],
            Version::V3 => &[Quality::Color, Quality::Gray],
        };
        let has = |quality| self.qualities.contains(quality);
        let whole = self.formats.contains(&Format::Png) && qualities.iter().all(has);
        if whole { Compliance::Two } else { Compliance::One }
    }

    /// The qualities besides `default` that info.json lists: `color` only where there is colour (3.0 section 5.7).
    pub fn extra_qualities(&self, has_colour: bool) -> impl Iterator<Item = Quality> + '_ {
        self.qualities.iter().copied().filter(move |quality| *quality != Quality::Color || has_colour)
    }

    /// The optional features that info.json lists, beyond those of [`Offer::compliance`] (compliance documents, section
    /// 3 and 4). In alphabetical order.
    pub fn extra_features(&self, version: Version) -> Vec<&'static str> {
        let v2 = version == Version::V2;
        let one = self.compliance(version) == Compliance::One;
        [
            ("canonicalLinkHeader", true),
            ("mirroring", self.mirroring),
            ("profileLinkHeader", true),
            ("regionByPct", one),
            ("regionSquare", v2),
            ("rotationArbitrary", self.arbitrary_rotation),
            ("rotationBy90s", one),
            ("sizeAboveFull", v2 && self.upscaling),
            ("sizeByConfinedWh", one),
            ("sizeByDistortedWh", v2 && one),
            ("sizeByPct", one && !v2),
            ("sizeByWh", one),
            ("sizeUpscaling", !v2 && self.upscaling),
        ]
        .into_iter()
        .filter_map(|(name, offered)| offered.then_some(name))
        .collect()
    }

    /// `format`, if it is served.
    ///
    /// # Errors
    /// [`Error::Request`] if it is not; section 4.5 makes that a 400.
    pub(crate) fn format(&self, format: Format) -> Result<Format, Error> {
        self.formats.contains(&format).then_some(format).ok_or_else(|| {
            let served: Vec<_> = self.formats.iter().map(|format| format.extension()).collect();
            let rule = format!("is not served; these are: {}", served.join(", "));
            Error::request("format", format!("{} {rule}", quoted(format.extension())))
        })
    }

    /// `quality`, if it is served.
    ///
    /// # Errors
    /// [`Error::Request`] if it is not; section 4.4 makes that a 400.
    pub(crate) fn quality(&self, quality: Quality) -> Result<Quality, Error> {
        let served = quality == Quality::Default || self.qualities.contains(&quality);
        served
            .then_some(quality)
            .ok_or_else(|| Error::request("quality", format!("{} is not served", quoted(quality.word()))))
    }
}

impl Compliance {
    /// The value of `profile` in info.json of 3.0 (section 5.2).
    pub const fn word(self) -> &'static str {
        match self {
            Self::One => "level1",
            Self::Two => "level2",
        }
    }

    /// The compliance document, for `Link: <...>;rel="profile"` and 2.1's `profile` (section 6). The scheme is http in
    /// both versions.
    pub const fn uri(self, version: Version) -> &'static str {
        match (version, self) {
            (Version::V2, Self::One) => "http://iiif.io/api/image/2/level1.json",
            (Version::V2, Self::Two) => "http://iiif.io/api/image/2/level2.json",
            (Version::V3, Self::One) => "http://iiif.io/api/image/3/level1.json",
            (Version::V3, Self::Two) => "http://iiif.io/api/image/3/level2.json",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Version::{V2, V3};

    #[test]
    fn what_is_not_offered_is_neither_named_nor_served() {
        let offer = Offer {
            formats: vec![Format::Jpg, Format::Png],
            qualities: vec![Quality::Color, Quality::Gray],
            arbitrary_rotation: false,
            mirroring: false,
            upscaling: false,
            ..Offer::default()
        };
        assert_eq!(offer.extra_features(V3), ["canonicalLinkHeader", "profileLinkHeader"]);
        assert!(offer.extra_qualities(false).eq([Quality::Gray]), "IMG3-QUAL-33");
        assert_eq!(offer.format(Format::Webp).expect_err("FMT-03..07").status(), 400);
        assert_eq!(offer.quality(Quality::Bitonal).expect_err("QUAL-20..23").status(), 400);
        assert!(offer.quality(Quality::Default).is_ok() && offer.format(Format::Jpg).is_ok());
        assert_eq!(
            (offer.compliance(V3), offer.compliance(V2)),
            (Compliance::Two, Compliance::One),
            "2.1 wants bitonal"
        );
        assert!(offer.extra_features(V2).contains(&"sizeByDistortedWh"));
    }

    #[test]
    fn a_server_without_png_is_of_level_1_and_names_the_rest() {
        let offer = Offer { formats: vec![Format::Jpg], ..Offer::default() };
        assert_eq!(offer.compliance(V3).uri(V3), "http://iiif.io/api/image/3/level1.json");
        for name in ["regionByPct", "sizeByPct", "sizeByConfinedWh", "rotationBy90s", "rotationArbitrary"] {
            assert!(offer.extra_features(V3).contains(&name), "{name}");
        }
    }

    #[test]
    fn all_of_it_is_level_2() {
        let offer = Offer::default();
        assert_eq!((offer.compliance(V2), offer.compliance(V3)), (Compliance::Two, Compliance::Two));
        assert!(offer.extra_qualities(true).eq([Quality::Color, Quality::Gray, Quality::Bitonal]));
        for format in Format::ALL {
            assert!(offer.format(format).is_ok(), "{format}");
        }
    }
}
