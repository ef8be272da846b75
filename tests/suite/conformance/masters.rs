//! Masters of many kinds, each made by libvips from an original whose every sample is known.

use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::picture::Picture;
use crate::site::Site;

/// One kind: a name, the original's size and channels, and how libvips stores it.
pub struct Kind {
    pub name: &'static str,
    pub width: usize,
    pub height: usize,
    pub channels: usize,
    /// Options of `vips tiffsave`.
    options: &'static str,
    /// How far its pixels may be from the original's, in the mean: none, or what a lossy or deep coding costs.
    pub loss: f64,
}

/// Every rule is asked of the first one; what depends on the master, of all.
pub const KINDS: [Kind; 11] = [
    kind(
        "wide",
        (600, 400, 3),
        "--tile --tile-width 128 --tile-height 128 --pyramid --compression deflate",
        0.0,
    ),
    kind("tall", (451, 677, 3), "--tile --tile-width 64 --tile-height 32 --pyramid --compression lzw", 0.0),
    kind(
        "square",
        (512, 512, 3),
        "--tile --tile-width 256 --tile-height 256 --pyramid --compression jpeg --Q 95",
        1.5,
    ),
    kind("one", (1, 1, 3), "--compression none", 0.0),
    kind("thin", (1, 300, 3), "--tile --pyramid --compression deflate", 0.0),
    kind("flat", (300, 1, 3), "--compression none", 0.0),
    kind(
        "gray",
        (601, 397, 1),
        "--tile --tile-width 128 --tile-height 128 --pyramid --compression deflate",
        0.0,
    ),
    kind(
        "clear",
        (300, 200, 4),
        "--tile --tile-width 128 --tile-height 128 --pyramid --compression zstd",
        0.0,
    ),
    kind("deep", (333, 250, 3), "--tile --pyramid --compression deflate --predictor horizontal", 0.5),
    kind("strips", (640, 481, 3), "--compression packbits", 0.0),
    kind(
        "level",
        (500, 301, 3),
        "--tile --tile-width 128 --tile-height 128 --bigtiff --compression none",
        0.0,
    ),
];

/// The first kind, which has colour, levels, and sides that are not equal.
pub const WIDE: &Kind = &KINDS[0];

const fn kind(
    name: &'static str,
    (width, height, channels): (usize, usize, usize),
    options: &'static str,
    loss: f64,
) -> Kind {
    Kind { name, width, height, channels, options, loss }
}

impl Kind {
    /// The original, as a PNG of 8 bits.
    pub fn original(&self) -> PathBuf {
        GALLERY.join(format!("{}.png", self.name))
    }

    fn master(&self) -> PathBuf {
        GALLERY.join(format!("{}.tif", self.name))
    }

    fn make(&self, directory: &Path) {
        let at = |ending: &str| directory.join(format!("{}.{ending}", self.name)).display().to_string();
        let mut picture = Picture::waves(self.width, self.height, self.channels);
        if self.channels == 4 {
            // Never quite transparent: a colour that cannot be seen need not survive.
            picture.samples.iter_mut().skip(3).step_by(4).for_each(|alpha| *alpha = (*alpha).max(64));
        }
        write_png(Path::new(&at("png")), &picture);
        let mut source = at("png");
        if self.name == "deep" {
            vips(&["linear", &at("png"), &at("float.v"), "257", "0"]);
            vips(&["cast", &at("float.v"), &at("ushort.v"), "ushort"]);
            vips(&["copy", &at("ushort.v"), &at("v"), "--interpretation", "rgb16"]);
            source = at("v");
        }
        let target = at("tif");
        let save = ["tiffsave", &source, &target].into_iter();
        vips(&save.chain(self.options.split_whitespace()).collect::<Vec<_>>());
    }
}

/// A site with all kinds.
pub fn site() -> Site {
    let site = Site::start();
    for kind in &KINDS {
        site.add(&format!("{}.tif", kind.name), &fs::read(kind.master()).expect("a master"));
    }
    site
}

/// Made anew by every run of the tests, once.
static GALLERY: LazyLock<PathBuf> = LazyLock::new(|| {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance");
    fs::create_dir_all(&directory).expect("a directory");
    KINDS.iter().for_each(|kind| kind.make(&directory));
    directory
});

/// Runs libvips.
#[track_caller]
pub fn vips(arguments: &[&str]) {
    let output = Command::new("vips").args(arguments).output().expect("vips is installed");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "vips {}: {said}", arguments.join(" "));
}

/// Stores a picture where libvips can read it.
pub fn write_png(path: &Path, picture: &Picture) {
    let file = BufWriter::new(fs::File::create(path).expect("a file"));
    let side = |side: usize| u32::try_from(side).expect("small");
    let mut encoder = png::Encoder::new(file, side(picture.width), side(picture.height));
    encoder.set_color(match picture.channels {
        1 => png::ColorType::Grayscale,
        3 => png::ColorType::Rgb,
        _ => png::ColorType::Rgba,
    });
    encoder.write_header().expect("written").write_image_data(&picture.samples).expect("written");
}
