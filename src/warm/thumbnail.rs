//! Which thumbnails viewers and manifests ask for. Pure.

use std::str::FromStr;

use recto_iiif::{Size, SizeForm, Target, Version};

use super::first::Info;
use crate::picture::Dimensions;

/// The area that Mirador wants a thumbnail to have: a square of 120 pixels.
const MIRADOR: u64 = 120 * 120;

/// A thumbnail of each image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thumbnail {
    /// In a size as it stands in URLs, such as `200,`.
    Size(Size),
    /// In the size of the image's list that Mirador takes.
    Mirador,
}

impl FromStr for Thumbnail {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "mirador" {
            return Ok(Self::Mirador);
        }
        let uri = format!("/iiif/3/x/full/{text}/0/default.jpg");
        match recto_iiif::parse(uri.as_bytes()) {
            Ok(Target::Image { request, .. }) => Ok(Self::Size(request.size)),
            Ok(_) => Err(format!("\"{text}\" is no size")),
            Err(error) => Err(format!("{error}; or mirador")),
        }
    }
}

impl Thumbnail {
    /// Its path below the image's own; None if the image is too small for it, or too narrow.
    pub(super) fn path(&self, info: &Info) -> Option<String> {
        let size = match self {
            Self::Size(size) => Some(*size).filter(|size| fits(*size, info)).map(|size| size.to_string()),
            Self::Mirador => listed(info).map(|Dimensions { width, height }| format!("{width},{height}")),
        };
        Some(format!("full/{}/0/default.jpg", size?))
    }
}

/// Whether a size can be had of the whole image without being enlarged.
fn fits(size: Size, info: &Info) -> bool {
    let (width, height) = (u64::from(info.image.width), u64::from(info.image.height));
    // Half a pixel is one.
    let is_there = |side: u64, other: u64, of: u64| u128::from(side) * u128::from(other) * 2 >= of.into();
    match size.form {
        _ if size.upscaling => info.version == Version::V3,
        SizeForm::Max | SizeForm::Percent(_) => true,
        SizeForm::Full => info.version == Version::V2,
        SizeForm::Width(w) => w <= width && is_there(w, height, width),
        SizeForm::Height(h) => h <= height && is_there(h, width, height),
        SizeForm::Exact(w, h) => w <= width && h <= height,
        SizeForm::Confined(w, h) => {
            (w <= width || h <= height)
                && is_there(w.min(width), height, width)
                && is_there(h.min(height), width, height)
        }
    }
}

/// The size that Mirador 3 and 4 take: of the sizes that are large enough, the one that is least so, if it is not six times
/// too large; else the nearest.
fn listed(info: &Info) -> Option<Dimensions> {
    let far = |size: &Dimensions| size.area().abs_diff(MIRADOR);
    let full = info.image;
    let enough = info.sizes.iter().copied().filter(|size| size.area() >= MIRADOR);
    let best = enough.chain([full]).min_by_key(far)?;
    if best.area() <= 6 * MIRADOR {
        return Some(best).filter(|best| *best != full || info.sizes.contains(best));
    }
    info.sizes.iter().copied().filter(|size| far(size) < far(&best)).min_by_key(far)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn info((width, height): (u32, u32), sizes: &[(u32, u32)]) -> Info {
        let sizes: Vec<_> = sizes.iter().map(|(w, h)| json!({ "width": w, "height": h })).collect();
        let text =
            json!({ "type": "ImageService3", "id": "i", "width": width, "height": height, "sizes": sizes });
        Info::parse(text.to_string().as_bytes()).expect("an info.json")
    }

    #[test]
    fn thumbnails_are_those_that_the_image_has() {
        let sizes = [(94, 63), (188, 125), (375, 250), (750, 500)];
        for (text, image, expected) in [
            ("200,", (6000, 4000), Some("200,")),
            ("200,", (199, 4000), None),
            ("200,", (6000, 10), None),
            (",120", (6000, 4000), Some(",120")),
            ("!200,200", (150, 4000), Some("!200,200")),
            ("!200,200", (150, 100), None),
            ("mirador", (6000, 4000), Some("188,125")),
        ] {
            let thumbnail: Thumbnail = text.parse().expect(text);
            let path = expected.map(|size| format!("full/{size}/0/default.jpg"));
            assert_eq!(thumbnail.path(&info(image, &sizes)), path, "{text} of {image:?}");
        }
        let mirador = |sizes: &[(u32, u32)]| Thumbnail::Mirador.path(&info((6000, 4000), sizes));
        assert_eq!(
            mirador(&[(94, 63), (750, 500)]).as_deref(),
            Some("full/94,63/0/default.jpg"),
            "one is too large"
        );
        assert_eq!(mirador(&[]), None);
        assert!("200".parse::<Thumbnail>().is_err() && "200,/1".parse::<Thumbnail>().is_err());
    }
}
