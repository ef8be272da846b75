//! What a request must show: the original, cropped, scaled and turned by libvips.

use std::fs;

use super::masters::{Kind, vips};
use crate::http::Answer;
use crate::picture::Picture;

/// Two good implementations of the same kernel stay below this on the originals; half a pixel to the side does not.
const SCALED: f64 = 0.7;
/// What JPEG at the usual quality adds.
const JPEG: f64 = 3.0;

/// A part of an original in a size, perhaps mirrored, perhaps turned.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    pub region: [usize; 4],
    /// Before the turn.
    pub size: [usize; 2],
    pub mirrored: bool,
    /// Degrees, clockwise.
    pub turn: usize,
}

impl Shown {
    /// The picture that libvips makes.
    pub fn by_libvips(&self, kind: &Kind) -> Picture {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name).display().to_string();
        let [x, y, width, height] = self.region.map(|number| number.to_string());
        vips(&["crop", &kind.original().display().to_string(), &at("0.v"), &x, &y, &width, &height]);
        let mut last = at("0.v");
        if self.size != [self.region[2], self.region[3]] {
            let [width, height] = self.size.map(|number| number.to_string());
            vips(&["thumbnail", &last, &at("1.v"), &width, "--height", &height, "--size", "force"]);
            last = at("1.v");
        }
        if self.mirrored {
            vips(&["flip", &last, &at("2.v"), "horizontal"]);
            last = at("2.v");
        }
        if self.turn % 360 != 0 {
            vips(&["rot", &last, &at("3.v"), &format!("d{}", self.turn)]);
            last = at("3.v");
        }
        vips(&["pngsave", &last, &at("shown.png")]);
        Picture::of_png(&fs::read(at("shown.png")).expect("a picture"))
    }

    /// What is wrong with an answer that ought to show this, in colours as they are.
    pub fn fault(&self, kind: &Kind, answer: &Answer) -> Option<String> {
        let expected = self.by_libvips(kind);
        let is_jpeg = answer.header("content-type") == Some("image/jpeg");
        let shown = match is_jpeg {
            true => Picture::of_jpeg(&answer.body, if kind.channels == 1 { 1 } else { 3 }),
            false => Picture::of_png(&answer.body),
        };
        if (shown.width, shown.height) != (expected.width, expected.height) {
            return Some(format!(
                "{}x{}, not {}x{}",
                shown.width, shown.height, expected.width, expected.height
            ));
        }
        let scaled = self.size != [self.region[2], self.region[3]];
        let allowed = kind.loss + if scaled { SCALED } else { 0.0 } + if is_jpeg { JPEG } else { 0.0 };
        // JPEG has no alpha: it is judged by its size alone where the original has some.
        if is_jpeg && kind.channels == 4 {
            return None;
        }
        let difference = shown.difference(&expected);
        (difference > allowed)
            .then(|| format!("off by {difference:.3} in the mean, where {allowed} is allowed"))
    }
}
