//! How large a derivative may be, for all requests or for one of them.

use std::num::{NonZeroU32, NonZeroU64};

/// What a client may ask for at most, published in info.json (Image API 3.0 section 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Widest derivative, in pixels.
    pub max_width: NonZeroU32,
    /// Highest derivative, in pixels.
    pub max_height: NonZeroU32,
    /// Largest derivative, in pixels.
    pub max_area: NonZeroU64,
}

impl Default for Limits {
    /// Sides of 16384 pixels and an area of 32 million: a page of 24 megapixels can be requested whole, and its pixels
    /// and the buffers of an encoder stay near 100 MB.
    fn default() -> Self {
        let side = NonZeroU32::new(16_384).unwrap_or(NonZeroU32::MIN);
        let area = NonZeroU64::new(32_000_000).unwrap_or(NonZeroU64::MIN);
        Self { max_width: side, max_height: side, max_area: area }
    }
}

impl Limits {
    /// These limits, and those that `size` names as well: `1000` for both sides, or `1000x800`. None if it is neither:
    /// a limit that cannot be read must not become no limit.
    pub fn narrowed(self, size: &str) -> Option<Self> {
        let (width, height) = size.split_once('x').unwrap_or((size, size));
        let (width, height) = (side(width)?, side(height)?);
        Some(Self {
            max_width: self.max_width.min(width),
            max_height: self.max_height.min(height),
            max_area: self.max_area,
        })
    }
}

/// Digits only: `parse` alone would take a plus sign too.
fn side(text: &str) -> Option<NonZeroU32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_can_only_be_narrowed() {
        let nonzero = |n: u32| NonZeroU32::new(n).expect("above zero");
        let area = NonZeroU64::new(1_000_000).expect("above zero");
        let limits =
            |width, height| Limits { max_width: nonzero(width), max_height: nonzero(height), max_area: area };
        for (size, expected) in [
            ("1000", Some(limits(1000, 1000))),
            ("300x200", Some(limits(300, 200))),
            ("9000x200", Some(limits(2000, 200))),
            ("9000", Some(limits(2000, 1500))),
            ("", None),
            ("0", None),
            ("-1", None),
            ("+5", None),
            ("1000 ", None),
            ("1000x", None),
            ("x1000", None),
            ("10x10x10", None),
            ("4294967296", None),
            ("all", None),
        ] {
            assert_eq!(limits(2000, 1500).narrowed(size), expected, "{size}");
        }
    }
}
