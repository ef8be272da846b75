//! What is found out about one file: plain values, which cross from the process that looks to the one that tells, and
//! are what `--json` prints.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How well a file can be served, from worst to best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is damaged, or looking at it did not end well.
    Broken,
    /// It may be whole, and the server does not serve it, or not all that viewers ask for.
    Refused,
    /// Something that viewers ask for takes longer than what is answered at once.
    Slow,
    /// All that viewers ask for is answered at once.
    Good,
    /// It could hardly be stored better.
    Ideal,
    /// It is none of the formats of images.
    NoPicture,
}

/// What is known of one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its path, as the command line leads to it.
    pub file: String,
    /// How well it can be served.
    pub verdict: Verdict,
    /// The identifier by which it is asked for, as it stands in a URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// Why it is not ideal.
    pub why: Vec<String>,
    /// What mends it: a command for a shell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What else is to be known, of its names among others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What the file says of its picture.
    #[serde(flatten)]
    pub picture: Option<Picture>,
}

/// How a picture is stored, and what it takes to serve it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// The format of the file.
    pub format: String,
    /// Its width as it is shown.
    pub width: u32,
    /// Its height as it is shown.
    pub height: u32,
    /// How many samples a pixel has in the file.
    pub samples: u16,
    /// The bits of a sample in the file.
    pub bits: u16,
    /// What the samples mean.
    pub colours: String,
    /// What its ICC profile calls itself, if it has one.
    pub profile: Option<String>,
    /// Whether its pixels are sRGB, or taken for it.
    pub srgb: bool,
    /// Degrees by which it is turned clockwise to be shown.
    pub turned: u16,
    /// Whether it is mirrored before that.
    pub mirrored: bool,
    /// Pixels of an inch of the original, if the file tells that.
    pub pixels_per_inch: Option<f64>,
    /// How many pages the file has.
    pub pages: u32,
    /// Whether it is stored in tiles, or in parts that are as good.
    pub tiled: bool,
    /// How the largest level is compressed.
    pub compression: String,
    /// Its levels, as they are stored, largest first.
    pub levels: Vec<Level>,
    /// Whether there is a level that is small enough for thumbnails.
    pub deep_enough: bool,
    /// Of the tiles that viewers ask for, the part that is sent as it is stored, from 0 to 1.
    pub pass_through: f64,
    /// Milliseconds of a processor for a tile, by estimate: the mean of all scale factors.
    pub tile_ms: f64,
    /// The same for the layout that the command makes, or would make.
    pub best_tile_ms: f64,
    /// What takes longest of what viewers ask for.
    pub slowest: Slowest,
    /// What the first tile would take from an object store, with nothing known yet.
    pub cold: Cold,
    /// Of JPEG 2000: how the codestream is stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jpeg2000: Option<Codestream>,
    /// What `recto identify` looks up besides.
    #[serde(flatten)]
    pub details: Option<Details>,
}

/// A level of the pyramid, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Width of its tiles or strips; of JPEG 2000 those in which it is best read.
    pub tile_width: u32,
    /// Height of its tiles or strips.
    pub tile_height: u32,
    /// Columns of tiles.
    pub columns: u32,
    /// Rows of tiles or strips.
    pub rows: u32,
    /// Whether they are tiles.
    pub tiled: bool,
    /// How they are compressed.
    pub compression: String,
    /// Bytes of all of them, if that was looked up and the file says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// What takes longest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slowest {
    /// The request, without what stands before the region.
    pub request: String,
    /// Milliseconds of a processor, by estimate.
    pub ms: f64,
}

/// What a first tile takes where each read is a request to an object store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cold {
    /// Reads that have to wait for the one before, of which the first finds the object.
    pub round_trips: u32,
    /// Requests, of which those that one read needs go out side by side.
    pub requests: u32,
    /// Bytes of all of them.
    pub bytes: u64,
    /// What of that opens it. A known master, which was opened before, does not take it again.
    pub opening: Part,
    /// What a tile of a known master takes, of which nothing is here but what opened it.
    pub tile: Part,
}

/// A part of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Reads that have to wait for the one before.
    pub round_trips: u32,
    /// Requests.
    pub requests: u32,
    /// Bytes of all of them.
    pub bytes: u64,
}

/// How a codestream of JPEG 2000 is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codestream {
    /// Width of a tile of it.
    pub tile_width: u32,
    /// Height of a tile of it.
    pub tile_height: u32,
    /// How many tiles it has.
    pub tiles: u32,
    /// How often it can be halved.
    pub halvings: u8,
    /// The order of its packets.
    pub progression: String,
    /// Its layers of quality.
    pub layers: u16,
    /// Whether nothing was lost by the wavelet.
    pub reversible: bool,
    /// Whether it says where its tile-parts are.
    pub tlm: bool,
    /// Whether it says where its packets are, if anybody looks for them.
    pub plt: Option<bool>,
}

/// What is looked up for one file, and would take too long for all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// The metadata that pictures of it carry on: name and value.
    pub carried: Vec<(String, String)>,
    /// Bytes of XMP that they carry on.
    pub xmp_bytes: usize,
    /// What it says of how it was made, if `recto convert` has made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
    /// Its info.json, of version 3.
    pub info: serde_json::Value,
}

/// What a file says of how it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The SHA-256 of its pixels, if they were compared with those of its source then.
    pub pixels: Option<String>,
    /// The SHA-256 of the file of which it was made.
    pub source: String,
}

impl Verdict {
    /// All of them, worst first.
    pub const ALL: [Self; 6] =
        [Self::Broken, Self::Refused, Self::Slow, Self::Good, Self::Ideal, Self::NoPicture];

    /// Whether somebody has to do something about the file.
    pub fn is_to_mend(self) -> bool {
        self <= Self::Slow
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Broken => "broken",
            Self::Refused => "refused",
            Self::Slow => "slow",
            Self::Good => "good",
            Self::Ideal => "ideal",
            Self::NoPicture => "no picture",
        })
    }
}

impl Outcome {
    /// A file of which nothing is known but that it cannot be served, and why.
    pub(super) fn failed(file: &str, verdict: Verdict, bytes: u64, why: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            verdict,
            identifier: None,
            bytes,
            why: vec![why.into()],
            command: None,
            notes: Vec::new(),
            picture: None,
        }
    }
}
