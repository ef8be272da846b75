//! Everything that is known of one file, for people.

use serde_json::Value;

use super::outcome::{Details, Level, Outcome, Part, Picture};
use super::table::{bytes, number, percent, shown, size};
use crate::check::report::{Look, wrap};

/// Columns before what is told.
const INDENT: usize = 14;

/// Lines with a word before them.
struct Lines {
    text: String,
    look: Look,
}

impl Lines {
    fn tell(&mut self, word: &str, what: &str) {
        self.text.push_str(&format!("  {word:width$}", width = INDENT - 2));
        wrap(&mut self.text, &shown(what), INDENT, self.look.width);
    }

    fn tell_all(&mut self, word: &str, what: &[String]) {
        for (index, line) in what.iter().enumerate() {
            self.tell(if index == 0 { word } else { "" }, line);
        }
    }
}

/// What is known of a file.
pub(super) fn text(outcome: &Outcome, look: Look) -> String {
    let mut lines = Lines { text: shown(&outcome.file) + "\n", look };
    let format = outcome.picture.as_ref().map_or_else(String::new, |picture| format!("{}, ", picture.format));
    lines.tell("file", &format!("{format}{}", bytes(outcome.bytes)));
    if let Some(identifier) = &outcome.identifier {
        lines.tell("identifier", identifier);
    }
    if let Some(picture) = &outcome.picture {
        tell_picture(&mut lines, picture);
        if let Some(details) = &picture.details {
            tell_details(&mut lines, details);
        }
        tell_cost(&mut lines, picture);
    }
    lines.tell("verdict", &outcome.verdict.to_string());
    lines.tell_all("because", &outcome.why);
    lines.tell_all("note", &outcome.notes);
    if let Some(command) = &outcome.command {
        // To be copied: it is not broken into lines.
        lines.text.push_str(&format!("  {:width$}{}\n", "better", shown(command), width = INDENT - 2));
    }
    lines.text
}

fn tell_picture(lines: &mut Lines, picture: &Picture) {
    let samples = if picture.samples == 1 { "sample" } else { "samples" };
    let pages = if picture.pages > 1 { format!("; {} pages", picture.pages) } else { String::new() };
    let (width, height) = (picture.width, picture.height);
    lines.tell(
        "picture",
        &format!(
            "{} pixels, {} {samples} of {} bits{pages}",
            size(width, height),
            picture.samples,
            picture.bits
        ),
    );
    let profile =
        picture.profile.as_ref().map_or_else(|| "no profile".to_owned(), |name| format!("profile {name:?}"));
    let srgb = if picture.srgb { "shown as it is" } else { "converted to sRGB" };
    lines.tell("colours", &format!("{}, {profile}, {srgb}", picture.colours));
    let mirrored = if picture.mirrored { "mirrored, then " } else { "" };
    if picture.turned > 0 || picture.mirrored {
        lines.tell("orientation", &format!("{mirrored}turned by {} degrees to be shown", picture.turned));
    }
    if let Some(resolution) = picture.pixels_per_inch {
        lines.tell("resolution", &format!("{} pixels per inch", number(resolution)));
    }
    lines.tell_all("levels", &picture.levels.iter().map(level).collect::<Vec<_>>());
    if let Some(codestream) = &picture.jpeg2000 {
        let has = |word: &str, is: bool| format!("{} {word}", if is { "with" } else { "without" });
        let plt = codestream.plt.map_or_else(|| "High Throughput".to_owned(), |plt| has("PLT", plt));
        let wavelet = if codestream.reversible { "5/3, reversible" } else { "9/7" };
        lines.tell(
            "codestream",
            &format!(
                "{} of {}, {}, {} of quality, wavelet {wavelet}, {plt}, {}",
                counted(codestream.tiles.into(), "tile"),
                size(codestream.tile_width, codestream.tile_height),
                codestream.progression,
                counted(codestream.layers.into(), "layer"),
                has("TLM", codestream.tlm)
            ),
        );
    }
}

fn level(level: &Level) -> String {
    let of = if level.tiled { "tiles" } else { "strips" };
    if !level.tiled && (level.columns, level.rows) == (1, 1) {
        return format!("{:13} in one piece, {}", size(level.width, level.height), level.compression);
    }
    let stored = level.bytes.map_or_else(String::new, |count| format!(", {}", bytes(count)));
    format!(
        "{:13} {} {of} of {}, {}{stored}",
        size(level.width, level.height),
        size(level.columns, level.rows),
        size(level.tile_width, level.tile_height),
        level.compression
    )
}

fn tell_details(lines: &mut Lines, details: &Details) {
    let mut carried: Vec<String> =
        details.carried.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    if details.xmp_bytes > 0 {
        carried.push(format!("XMP, {}", bytes(details.xmp_bytes as u64)));
    }
    if carried.is_empty() {
        carried.push("no metadata".to_owned());
    }
    lines.tell_all("carried", &carried);
    if let Some(made) = &details.made {
        let pixels = made.pixels.as_ref().map(|sum| format!("pixels with the SHA-256 {sum}"));
        let source = format!("by `recto convert` of a file with the SHA-256 {}", made.source);
        lines.tell_all("made", &[Some(source), pixels].into_iter().flatten().collect::<Vec<_>>());
    }
    lines.tell_all("info.json", &advertised(&details.info));
}

/// What an info.json offers.
fn advertised(info: &Value) -> Vec<String> {
    let list = |member: &str, word: &dyn Fn(&Value) -> String| {
        let values = info.get(member).and_then(Value::as_array)?;
        Some(values.iter().map(word).collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty())
    };
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let side = |value: &Value, side: &str| value.get(side).map_or_else(|| "?".to_owned(), Value::to_string);
    let pixels = |value: &Value| format!("{}x{}", side(value, "width"), side(value, "height"));
    let tile = |value: &Value| {
        let height = if value.get("height").is_some() { "height" } else { "width" };
        let factors = value.get("scaleFactors").and_then(Value::as_array);
        let factors =
            factors.map_or_else(String::new, |all| all.iter().map(plain).collect::<Vec<_>>().join(" "));
        format!("{}x{} by {factors}", side(value, "width"), side(value, height))
    };
    let limits = ["maxWidth", "maxHeight", "maxArea"]
        .iter()
        .filter_map(|name| Some(format!("{name} {}", info.get(*name)?)));
    let limits = Some(limits.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty());
    let members = [
        ("", Some(pixels(info))),
        ("tiles ", list("tiles", &tile)),
        ("sizes ", list("sizes", &pixels)),
        ("also as ", list("extraFormats", &plain)),
        ("also ", list("extraQualities", &plain)),
        ("within ", limits),
    ];
    members.into_iter().filter_map(|(word, text)| Some(format!("{word}{}", text?))).collect()
}

fn tell_cost(lines: &mut Lines, picture: &Picture) {
    let (tile, best) = (number(picture.tile_ms), number(picture.best_tile_ms));
    let sent = percent(picture.pass_through);
    lines.tell(
        "tiles",
        &format!(
            "{tile} ms of a processor each, {best} in the best layout; {sent} are sent as they are stored"
        ),
    );
    lines.tell("slowest", &format!("{}: {} ms", picture.slowest.request, number(picture.slowest.ms)));
    let reads = |part: Part| {
        let (trips, requests) = (part.round_trips.into(), part.requests.into());
        let (trips, requests) = (counted(trips, "round trip"), counted(requests, "request"));
        format!("{trips}, {requests} and {}", bytes(part.bytes))
    };
    let (opening, tile) = (reads(picture.cold.opening), reads(picture.cold.tile));
    lines.tell(
        "in a store",
        &format!("{opening} to find and open it for the first time; {tile} for a tile then"),
    );
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
