//! What a request must show: the original, cropped, scaled and turned by libvips.

use std::fs;
use std::path::Path;

use super::masters::{Kind, vips};
use crate::http::Answer;
use crate::picture::Picture;

/// How far two good ways of scaling are apart, in the mean: it grows with the source pixels that fall on one, because
/// one way begins at a smaller level and the other averages first. Half a pixel to the side is further.
fn scaling_tolerance(source: usize, output: usize) -> f64 {
    0.7 + 0.25 * (source as f64 / output as f64).max(1.0)
}

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
    pub fn by_libvips(&self, original: &Path) -> Picture {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name).display().to_string();
        let [x, y, width, height] = self.region.map(|number| number.to_string());
        vips(&["crop", &original.display().to_string(), &at("0.v"), &x, &y, &width, &height]);
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
        if !self.turn.is_multiple_of(360) {
            vips(&["rot", &last, &at("3.v"), &format!("d{}", self.turn)]);
            last = at("3.v");
        }
        vips(&["pngsave", &last, &at("shown.png")]);
        Picture::of_png(&fs::read(at("shown.png")).expect("a picture"))
    }

    /// What is wrong with an answer that ought to show this, in colours as they are.
    pub fn fault(&self, kind: &Kind, answer: &Answer) -> Option<String> {
        let expected = self.by_libvips(&kind.original());
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
        let [_, _, width, height] = self.region;
        let scaling = match self.size == [width, height] {
            true => 0.0,
            false => scaling_tolerance(width, self.size[0]).max(scaling_tolerance(height, self.size[1])),
        };
        let allowed = kind.loss + scaling + if is_jpeg { JPEG } else { 0.0 };
        // JPEG has no alpha: it is judged by its size alone where the original has some.
        if is_jpeg && kind.channels == 4 {
            return None;
        }
        let difference = shown.difference(&expected);
        (difference > allowed)
            .then(|| format!("off by {difference:.3} in the mean, where {allowed} is allowed"))
    }
}
