//! What was found out, for people: a line for each file, why those that are to be mended are, and by which command.

use super::outcome::{Outcome, Picture, Verdict};
use crate::check::report::{Look, wrap};

/// A file's name may be cut to so many columns, before columns to the right of it are left out.
const SHORTEST_NAME: usize = 24;

/// A column: its heading, how wide it is, what stands in it, and how soon it is left out where there is no room: 0 never.
struct Column {
    heading: &'static str,
    width: usize,
    is_number: bool,
    leaves: u8,
    text: fn(&Outcome, &Picture) -> String,
}

/// The columns behind the name.
const COLUMNS: [Column; 9] = [
    Column { heading: "stored as", width: 17, is_number: false, leaves: 4, text: |_, of| stored_as(of) },
    Column {
        heading: "pixels",
        width: 13,
        is_number: true,
        leaves: 2,
        text: |_, of| size(of.width, of.height),
    },
    Column { heading: "tiles", width: 9, is_number: true, leaves: 0, text: |_, of| tiles(of) },
    Column { heading: "levels", width: 6, is_number: true, leaves: 7, text: |_, of| levels(of) },
    Column { heading: "sent", width: 5, is_number: true, leaves: 6, text: |_, of| percent(of.pass_through) },
    Column {
        heading: "trips",
        width: 5,
        is_number: true,
        leaves: 1,
        text: |_, of| of.cold.round_trips.to_string(),
    },
    Column { heading: "ms", width: 6, is_number: true, leaves: 0, text: |_, of| number(of.tile_ms) },
    Column { heading: "best", width: 5, is_number: true, leaves: 3, text: |_, of| number(of.best_tile_ms) },
    Column { heading: "bytes", width: 7, is_number: true, leaves: 5, text: |of, _| bytes(of.bytes) },
];

/// The table of these files, in their order.
pub(super) fn table(outcomes: &[Outcome], look: Look) -> String {
    let verdict = outcomes.iter().map(|of| of.verdict.to_string().len()).max().unwrap_or(0).max(7);
    let longest = outcomes.iter().map(|of| shown(&of.file).chars().count()).max().unwrap_or(0).max(4);
    let (columns, name) = layout(verdict, longest, look.width);
    let mut text = heading(&columns, verdict, name);
    for outcome in outcomes {
        let (on, off) = colour(outcome.verdict, look);
        text.push_str(&format!(
            "{on}{:verdict$}{off} {:name$}",
            outcome.verdict,
            cut(&shown(&outcome.file), name)
        ));
        if let Some(picture) = &outcome.picture {
            for column in &columns {
                cell(&mut text, column, &(column.text)(outcome, picture));
            }
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        explain(&mut text, outcome, look);
    }
    text
}

/// The columns for which there is room, and how wide the name is.
fn layout(verdict: usize, longest: usize, width: Option<usize>) -> (Vec<Column>, usize) {
    let mut columns: Vec<Column> = COLUMNS.into_iter().collect();
    let Some(width) = width else { return (columns, longest) };
    let room = |columns: &[Column]| {
        let taken: usize = columns.iter().map(|column| column.width + 1).sum();
        width.saturating_sub(verdict + 1 + taken)
    };
    for leaves in 1..=7 {
        if room(&columns) < longest.min(SHORTEST_NAME) {
            columns.retain(|column| column.leaves != leaves);
        }
    }
    let name = longest.min(room(&columns)).max(8);
    (columns, name)
}

fn heading(columns: &[Column], verdict: usize, name: usize) -> String {
    let mut text = format!("{:verdict$} {:name$}", "", "file");
    for column in columns {
        cell(&mut text, column, column.heading);
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

fn cell(text: &mut String, column: &Column, what: &str) {
    let width = column.width;
    text.push_str(&if column.is_number { format!(" {what:>width$}") } else { format!(" {what:width$}") });
}

/// Why a file is to be mended, and how; what else is to be known of it.
fn explain(text: &mut String, outcome: &Outcome, look: Look) {
    let whys = outcome.why.iter().filter(|_| outcome.verdict.is_to_mend());
    for line in whys.chain(&outcome.notes) {
        text.push_str("    ");
        wrap(text, &shown(line), 4, look.width);
    }
    // To be copied: it is not broken into lines.
    if let Some(command) = outcome.command.as_ref().filter(|_| outcome.verdict.is_to_mend()) {
        text.push_str(&format!("    $ {}\n", shown(command)));
    }
}

/// Switches a colour on and off.
fn colour(verdict: Verdict, look: Look) -> (String, &'static str) {
    let code = match verdict {
        Verdict::Broken | Verdict::Refused => 31,
        Verdict::Slow => 33,
        Verdict::Ideal => 32,
        Verdict::Good | Verdict::NoPicture => return (String::new(), ""),
    };
    if look.colours { (format!("\u{1b}[{code}m"), "\u{1b}[0m") } else { (String::new(), "") }
}

/// Text out of files and of names of files, harmless to a terminal.
pub(super) fn shown(text: &str) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escaped).collect()
}

/// The end of a name, which tells more than its beginning.
fn cut(name: &str, width: usize) -> String {
    let length = name.chars().count();
    if length <= width {
        return name.to_owned();
    }
    let end: String = name.chars().skip(length + 1 - width.max(1)).collect();
    format!("\u{2026}{end}")
}

fn stored_as(picture: &Picture) -> String {
    let format = picture.format.replace("JPEG 2000 codestream", "JPEG 2000");
    match picture.format.ends_with("TIFF") {
        true => format!("{format} {}", picture.compression.trim_end_matches(" in planes")),
        false => format,
    }
}

fn tiles(picture: &Picture) -> String {
    match picture.levels.first() {
        Some(full) if picture.tiled => size(full.tile_width, full.tile_height),
        Some(_) if picture.format.ends_with("TIFF") => "strips".to_owned(),
        _ => "none".to_owned(),
    }
}

/// Their number, with a mark where they do not go far enough down.
fn levels(picture: &Picture) -> String {
    format!("{}{}", picture.levels.len(), if picture.deep_enough { "" } else { "!" })
}

pub(super) fn size(width: u32, height: u32) -> String {
    format!("{width}x{height}")
}

pub(super) fn percent(part: f64) -> String {
    format!("{:.0}%", part * 100.0)
}

/// With as many digits as say something.
pub(super) fn number(number: f64) -> String {
    match number {
        ..10.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

/// Bytes in the unit that suits them.
pub(super) fn bytes(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB"];
    let mut scaled = bytes as f64 / 1000.0;
    let mut unit = 0;
    while scaled >= 999.5 && unit + 1 < units.len() {
        scaled /= 1000.0;
        unit += 1;
    }
    match scaled {
        _ if bytes < 1000 => format!("{bytes} B"),
        ..9.95 => format!("{scaled:.1} {}", units[unit]),
        _ => format!("{scaled:.0} {}", units[unit]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_a_unit_that_suits_them() {
        for (number, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (12_345, "12 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (4_294_967_296, "4.3 GB"),
            (u64::MAX, "18447 PB"),
        ] {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn names_keep_their_end_and_do_nothing_to_a_terminal() {
        assert_eq!(cut("maps/leaf.tif", 9), "\u{2026}leaf.tif");
        assert_eq!(cut("leaf.tif", 8), "leaf.tif");
        assert_eq!(shown("a\u{1b}[31mb\n"), "a\\u{1b}[31mb\\n");
    }

    #[test]
    fn lines_fit_where_there_is_a_width() {
        let long = "a".repeat(70);
        let outcome =
            |verdict| Outcome::failed(&long, verdict, 9, "one two three four five six seven eight nine ten");
        for width in [40, 80, 120] {
            let text = table(
                &[outcome(Verdict::Broken), outcome(Verdict::NoPicture)],
                Look { colours: false, width: Some(width) },
            );
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}:\n{text}");
        }
    }
}
