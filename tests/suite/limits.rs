//! What can never fit the memory of the server is refused before anything is decoded, and is not advertised.

use std::fs;
use std::path::Path;

use recto::config::Config;
use recto::desk::Alone;
use recto::http::Request;
use recto::respond::Service;
use serde_json::Value;

/// A BMP of this size without its pixels: nothing here decodes any.
fn bitmap(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"BM".to_vec();
    file.extend([0; 8]);
    for number in [54, 40, width, height] {
        file.extend(u32::to_le_bytes(number));
    }
    file.extend([1, 0, 24, 0]);
    file.extend([0; 24]);
    file
}

/// The status and body of the answer to a request, by a server with these settings.
fn answer(masters: &Path, settings: &str, path: &str) -> (u16, String) {
    let text = format!("masters.root = {masters:?}\nserver.public_url = 'http://x/iiif'\n{settings}");
    let mut service = Service::new(Config::parse(&text).expect("a configuration")).expect("a service");
    let uri = format!("/iiif/3/{path}");
    let request = Request::from_pairs([("REQUEST_METHOD", "GET"), ("REQUEST_URI", &uri)]);
    let response = service.respond(&request, &mut Alone).expect("nobody else has it");
    let chunks = response.body.into_chunks().flat_map(|chunk| chunk.expect("whole"));
    (response.status, String::from_utf8_lossy(&chunks.collect::<Vec<u8>>()).into_owned())
}

fn masters() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("page.bmp"), bitmap(2500, 2000)).expect("written");
    fs::write(directory.path().join("wall.bmp"), bitmap(9000, 9000)).expect("written");
    directory
}

fn info(masters: &Path, settings: &str, name: &str) -> Value {
    let (status, text) = answer(masters, settings, &format!("{name}/info.json"));
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).expect("JSON")
}

fn has_format(info: &Value, format: &str) -> bool {
    info["extraFormats"].as_array().expect("formats").iter().any(|has| has == format)
}

const LITTLE: &str = "limits.memory = 100000000\nwebp.lossless = true";

#[test]
fn a_format_that_takes_too_much_memory_is_refused_by_name_and_not_advertised() {
    let masters = masters();
    // Without loss, WebP takes 40 bytes for each of five million pixels.
    let (status, text) = answer(masters.path(), LITTLE, "page.bmp/full/2500,2000/0/default.webp");
    assert_eq!(status, 400, "{text}");
    assert!(text.starts_with("format: ") && text.contains("jpg takes less"), "{text}");
    let info = info(masters.path(), LITTLE, "page.bmp");
    assert!(!has_format(&info, "webp") && has_format(&info, "tif"), "{info}");
    assert_eq!(info.get("maxArea").and_then(Value::as_u64), Some(32_000_000), "JPEG is as large as ever");
    let usual = self::info(masters.path(), "webp.lossless = true", "page.bmp");
    assert!(has_format(&usual, "webp"), "{usual}");
}

#[test]
fn max_is_what_fits() {
    let masters = masters();
    // There are no pixels, and so no picture; but the request is no fault of the client's.
    let (status, text) = answer(masters.path(), LITTLE, "page.bmp/full/max/0/default.webp");
    assert_eq!((status, text.contains("cannot be read")), (500, true), "{text}");
}

#[test]
fn a_master_of_which_nothing_fits_is_its_owners_fault() {
    let masters = masters();
    for request in ["full/100,/0/default.jpg", "0,0,100,100/max/0/default.png", "full/max/0/default.webp"] {
        let (status, text) = answer(masters.path(), LITTLE, &format!("wall.bmp/{request}"));
        assert_eq!(status, 500, "{request}: {text}");
        assert!(text.contains("too large"), "{request}: {text}");
    }
}

#[test]
fn by_default_the_largest_picture_without_tiles_is_within_the_memory() {
    let masters = masters();
    let info = info(masters.path(), "", "wall.bmp");
    for format in ["gif", "jp2", "pdf", "tif", "webp"] {
        assert!(has_format(&info, format), "{format}: {info}");
    }
}
