//! Outside judges and what is put before them: pictures made here, written by the tools of libvips and libtiff, read
//! back through `recto render`.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // made-up pixels, all in range

pub mod deep;
pub mod writer;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use recto::picture::{Dimensions, Rect};

/// A rectangle of 8-bit pixels, interleaved.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    pub size: Dimensions,
    pub channels: usize,
    pub pixels: Vec<u8>,
}

impl Picture {
    /// The picture that has `at(x, y, channel)` everywhere.
    pub fn of(size: Dimensions, channels: u32, at: impl Fn(u32, u32, u32) -> u8) -> Self {
        let pixels = samples(size, channels).map(|(x, y, channel)| at(x, y, channel)).collect();
        Self { size, channels: channels as usize, pixels }
    }

    pub fn pixel(&self, x: u32, y: u32) -> &[u8] {
        let at = y as usize * self.size.width as usize + x as usize;
        &self.pixels[at * self.channels..][..self.channels]
    }

    pub fn crop(&self, rect: Rect) -> Self {
        let rows = rect.y..rect.bottom();
        let pixels = rows.flat_map(|y| (rect.x..rect.right()).flat_map(move |x| self.pixel(x, y)).copied());
        Self { size: rect.dimensions(), channels: self.channels, pixels: pixels.collect() }
    }

    /// The mean of the differences of all samples.
    pub fn mean_difference(&self, other: &Self) -> f64 {
        let pairs = self.pixels.iter().zip(&other.pixels);
        pairs.map(|(have, want)| f64::from(have.abs_diff(*want))).sum::<f64>() / self.pixels.len() as f64
    }

    /// Fails with the first pixel that differs by more than `tolerance`, and with the mean of all differences.
    #[track_caller]
    pub fn assert_near(&self, expected: &Self, tolerance: u8, what: &str) {
        assert_eq!((self.size, self.channels), (expected.size, expected.channels), "{what}: size, channels");
        let pairs = || self.pixels.iter().zip(&expected.pixels).map(|(have, want)| have.abs_diff(*want));
        let Some(at) = pairs().position(|difference| difference > tolerance) else { return };
        let mean = self.mean_difference(expected);
        let (x, y) =
            ((at / self.channels) as u32 % self.size.width, (at / self.channels) as u32 / self.size.width);
        panic!(
            "{what}: at {x},{y} {:?} should be {:?} (greatest difference {}, mean {mean:.3})",
            self.pixel(x, y),
            expected.pixel(x, y),
            pairs().max().unwrap_or(0)
        );
    }
}

/// Column, row and channel of every sample, in the order in which they are stored.
pub fn samples(size: Dimensions, channels: u32) -> impl Iterator<Item = (u32, u32, u32)> {
    let places = (0..size.height).flat_map(move |y| (0..size.width).map(move |x| (x, y)));
    places.flat_map(move |(x, y)| (0..channels).map(move |channel| (x, y, channel)))
}

/// Waves, edges, flat parts and noise: different everywhere, something for every compression. 0 to 1.
pub fn tone(x: u32, y: u32, channel: u32) -> f64 {
    let (fx, fy, c) = (f64::from(x), f64::from(y), f64::from(channel));
    let wave = 0.5 + 0.25 * ((fx + 40.0 * c) / 17.0).sin() + 0.2 * (fy / (11.0 + c)).cos();
    let seed =
        (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503) ^ channel << 7).wrapping_mul(2_246_822_519);
    match (x / 64 + y / 48) % 4 {
        0 => f64::from(seed >> 16) / 65_535.0,
        1 if (x + y) % 9 < 2 => 0.0,
        2 if x.is_multiple_of(13) => 1.0,
        3 => f64::from((x / 8 + y / 8 + channel) % 5) / 4.0,
        _ => wave,
    }
}

/// What libjpeg can be expected to keep: no edges, no noise. 0 to 1.
pub fn smooth(x: u32, y: u32, channel: u32) -> f64 {
    let (fx, fy, c) = (f64::from(x), f64::from(y), f64::from(channel));
    0.5 + 0.25 * ((fx + 40.0 * c) / 17.0).sin() + 0.2 * (fy / (11.0 + c)).cos()
}

/// `tone` or `smooth` as one of `levels` numbers from 0.
pub fn quantised(value: f64, levels: u32) -> u32 {
    (value.clamp(0.0, 1.0) * f64::from(levels - 1)).round() as u32
}

/// A directory for the files of one test.
pub struct Bench {
    directory: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).expect("written");
        path
    }

    /// Has libvips write a TIFF of raw pixels: `options` as in `[tile,compression=lzw]`, `format` as vips names them.
    pub fn vips_tiff(&self, name: &str, raw: &Raw, options: &str) -> PathBuf {
        let (source, target) = (self.file(&format!("{name}.raw"), &raw.bytes), self.path(name));
        let (width, height) = (raw.size.width.to_string(), raw.size.height.to_string());
        run(
            "vips",
            &[
                "rawload",
                text(&source),
                &format!("{}{options}", text(&target)),
                &width,
                &height,
                &raw.bands.to_string(),
                "--format",
                raw.format,
                "--interpretation",
                raw.interpretation,
            ],
        );
        target
    }

    /// Has libtiff copy a TIFF into another layout.
    pub fn tiffcp(&self, name: &str, source: &Path, options: &str) -> PathBuf {
        let target = self.path(name);
        let mut arguments: Vec<&str> = options.split_whitespace().collect();
        arguments.extend([text(source), text(&target)]);
        run("tiffcp", &arguments);
        target
    }

    /// What `recto render` makes of a master under a configuration that has these lines.
    #[track_caller]
    pub fn rendered(&self, master: &Path, request: &str, lines: &str) -> Vec<u8> {
        let config = self.file("recto.toml", format!("[masters]\nroot = \"/\"\n{lines}\n").as_bytes());
        let output = Command::new(env!("CARGO_BIN_EXE_recto"))
            .args(["render", text(master), request, "--config", text(&config)])
            .output()
            .expect("recto runs");
        assert!(output.status.success(), "{request}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// The same in a file that is named by its format.
    #[track_caller]
    pub fn derivative(&self, master: &Path, request: &str, lines: &str) -> PathBuf {
        let (_, format) = request.rsplit_once('.').expect("a format");
        self.file(&format!("derivative.{format}"), &self.rendered(master, request, lines))
    }

    /// An image as libvips decodes it, 8 bits a channel; `page` as in `[page=1]`.
    pub fn judged(&self, file: &Path, page: &str) -> Picture {
        let Samples { size, channels, bits, bytes: pixels } = self.by_vips(&format!("{}{page}", text(file)));
        assert_eq!(bits, 8, "libvips has more than 8 bits a channel");
        Picture { size, channels, pixels }
    }

    /// The same of any depth, by one process: libvips has a format of its own that says all.
    pub fn by_vips(&self, image: &str) -> Samples {
        let copy = self.path("judged.v");
        run("vips", &["copy", image, text(&copy)]);
        let file = fs::read(copy).expect("a picture of libvips");
        let number = |at: usize| u32::from_le_bytes(*file[4 * at..].first_chunk().expect("a header"));
        let (size, channels) = (Dimensions::new(number(1), number(2)), number(3) as usize);
        let bits = match number(5) {
            0 => 8,
            2 => 16,
            other => panic!("libvips has samples of format {other} of {image}"),
        };
        let length = size.area() as usize * channels * bits / 8;
        Samples { size, channels, bits, bytes: file[64..64 + length].to_vec() }
    }
}

/// What libvips has decoded.
pub struct Samples {
    pub size: Dimensions,
    pub channels: usize,
    /// 8 or 16.
    pub bits: usize,
    /// Least significant first.
    pub bytes: Vec<u8>,
}

/// Pixels as `vips rawload` takes them.
pub struct Raw {
    pub size: Dimensions,
    pub bands: u32,
    pub format: &'static str,
    pub interpretation: &'static str,
    pub bytes: Vec<u8>,
}

/// A path of ours as text: it has no others.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// Runs a tool that must be there and must succeed; what it prints.
#[track_caller]
pub fn run(tool: &str, arguments: &[&str]) -> String {
    let package = match tool {
        _ if tool.starts_with("vips") => "libvips-tools",
        _ if tool.starts_with("opj") => "libopenjp2-tools",
        "cjpeg" => "libjpeg-turbo-progs",
        "curl" | "openssl" => tool,
        _ => "libtiff-tools",
    };
    let output = Command::new(tool).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{tool} cannot be run ({error}): install {package}"));
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{tool} {arguments:?}: {complaints}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// `recto render`, as a user runs it.
pub fn recto(master: &Path, request: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_recto");
    Command::new(program).arg("render").arg(master).arg(request).output().expect("recto runs")
}

/// The PNG that Recto makes of a master for REGION/SIZE.
#[track_caller]
pub fn rendered(master: &Path, region_and_size: &str) -> Picture {
    let output = recto(master, &format!("{region_and_size}/0/default.png"));
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {region_and_size}: {complaints}", master.display());
    decoded(&output.stdout)
}

/// The pixels of a PNG.
pub fn decoded(file: &[u8]) -> Picture {
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
    let frame = reader.next_frame(&mut pixels).expect("pixels");
    assert_eq!(frame.bit_depth, png::BitDepth::Eight);
    Picture { size: Dimensions::new(frame.width, frame.height), channels: frame.color_type.samples(), pixels }
}

/// Whether the environment's SKIP names this test, as it does where there is no browser, or where nothing can be mounted.
pub fn skipped(name: &str) -> bool {
    let skip = std::env::var("SKIP").unwrap_or_default();
    let skipped = skip.split_whitespace().any(|word| word == name);
    if skipped {
        eprintln!("left out by SKIP: {name}");
    }
    skipped
}

/// What a program said on standard error, which has ended with this status.
#[track_caller]
pub fn ended(output: &Output, status: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{said}{}", String::from_utf8_lossy(&output.stdout));
    said
}
