//! `recto identify`: one file, in full.

use serde_json::{Value, json};

use super::{colourful, config, recto, said};
use crate::judge::writer::Tiff;
use crate::judge::{Bench, run, text};

fn identified(arguments: &[&str]) -> (Value, i32) {
    let (json, status) = said(&[&["identify", "--json"], arguments].concat());
    (serde_json::from_str(&json).expect("an object"), status)
}

#[test]
fn it_tells_what_pictures_carry_on_and_what_is_offered() {
    let bench = Bench::new();
    let pieces = vec![vec![7; 64 * 64]];
    let master = Tiff::new(64, 64, 1, 1, 8)
        .with_raw(315, 2, b"A. Photographer\0")
        .with_raw(33432, 2, b"The library\0")
        .with_raw(305, 2, b"a scanner\0")
        .tiles(64, 64, pieces);
    let file = bench.file("leaf.tif", &master.bytes());
    let (told, status) = identified(&[text(&file)]);
    assert_eq!((&told["verdict"], status), (&json!("ideal"), 0));
    let carried = json!([["Artist", "A. Photographer"], ["Copyright", "The library"]]);
    assert_eq!(told["carried"], carried, "the default is who made it and whose it is");
    let everything = config(&bench, "[metadata]\ncarry = [\"copyright\", \"exif\"]");
    let (told, _) = identified(&[text(&file), "--config", text(&everything)]);
    assert!(
        told["carried"].as_array().is_some_and(|all| all.contains(&json!(["Software", "a scanner"]))),
        "{told}"
    );
    // Judged by what the server says.
    let info = recto(&["render", text(&file), "info.json"]).stdout;
    let mut info: Value = serde_json::from_slice(&info).expect("JSON");
    let (told, _) = identified(&[text(&file)]);
    info["id"] = told["info"]["id"].clone();
    assert_eq!(told["info"], info);
    assert_eq!(told["levels"][0]["bytes"], json!(64 * 64));
    let (text_of, _) = said(&["identify", text(&file)]);
    for line in [
        "picture     64x64 pixels, 1 sample of 8 bits",
        "carried     Artist: A. Photographer",
        "verdict     ideal",
    ] {
        assert!(text_of.contains(line), "{line} in {text_of}");
    }
}

#[test]
fn pages_are_told_apart() {
    let bench = Bench::new();
    let pages = [(64, 40), (48, 32)]
        .map(|(width, height)| bench.vips_tiff(&format!("{width}.tif"), &colourful(width, height), ""));
    let book = bench.path("book.tif");
    run("tiffcp", &[text(&pages[0]), text(&pages[1]), text(&book)]);
    for (page, width, pages) in [("", 64, 2), (";1", 64, 2), (";2", 48, 2)] {
        let (told, _) = identified(&[&format!("{}{page}", text(&book))]);
        assert_eq!((&told["width"], &told["pages"]), (&json!(width), &json!(pages)), "{page}: {told}");
    }
    let (told, status) = identified(&[&format!("{};3", text(&book))]);
    assert_eq!((&told["verdict"], status), (&json!("refused"), 1));
}

#[test]
fn it_says_why_a_file_cannot_be_served() {
    let bench = Bench::new();
    let bytes = super::verdicts::quick(64);
    for (name, bytes, reason) in [
        ("cut.tif", &bytes[..3000], "outside the file's 3000"),
        ("text.txt", b"text", "no image"),
        (".hidden.tif", &bytes, "begins with a dot"),
    ] {
        let file = bench.file(name, bytes);
        let (told, status) = said(&["identify", text(&file)]);
        assert_eq!(status, 1, "{told}");
        assert!(told.contains("because") && told.contains(reason), "{told}");
    }
}
