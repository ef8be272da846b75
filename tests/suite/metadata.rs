//! What masters say about themselves reaches derivatives as libvips and libtiff read it: no more than is configured,
//! only with whole pictures, and true of what was turned and scaled.

use std::path::{Path, PathBuf};

use recto::ifd::{Field, Layout};
use recto::picture::Dimensions;

use crate::judge::{Bench, Picture, Raw, quantised, run, smooth, text};

const SIZE: Dimensions = Dimensions::new(300, 200);
const EVERYTHING: &str = "[metadata]\ncarry = [\"copyright\", \"exif\", \"xmp\"]";

/// EXIF of a picture that lies on its side, with a place and the notes of a maker.
fn exif() -> Vec<u8> {
    let mut block = Layout::Classic.header(0).expect("short");
    let mut below = |entries| {
        let at = block.len() as u64;
        block.extend(Layout::Classic.directory(entries, at, true).expect("short"));
        at as u32
    };
    let details =
        below(vec![Field::text(36_867, "1912:03:04 05:06:07"), Field::bytes(37_500, b"notes of a maker")]);
    let place = below(vec![Field::text(1, "N")]);
    let main = below(vec![
        Field::text(270, "A leaf of a book"),
        Field::text(315, "A. Photographer"),
        Field::text(33_432, "The library of example"),
        Field::shorts(274, &[6]),
        Field::long(34_665, details),
        Field::long(34_853, place),
    ]);
    block[..8].copy_from_slice(&Layout::Classic.header(main.into()).expect("short"));
    block
}

const XMP: &str = "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF \
    xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\" \
    xmlns:tiff=\"http://ns.adobe.com/tiff/1.0/\" tiff:Orientation=\"6\" tiff:Make=\"a packet\"/></rdf:RDF></x:xmpmeta>";

/// A JPEG of libvips with both.
fn jpeg(bench: &Bench) -> PathBuf {
    let bytes = Picture::of(SIZE, 3, |x, y, channel| quantised(smooth(x, y, channel), 256) as u8).pixels;
    let raw = Raw { size: SIZE, bands: 3, format: "uchar", interpretation: "srgb", bytes };
    let plain = bench.vips_tiff("plain.tif", &raw, "");
    let bare = bench.path("bare.jpg");
    run("vips", &["jpegsave", text(&plain), text(&bare)]);
    let segment = |name: &[u8], content: &[u8]| {
        let length = (name.len() + content.len() + 2) as u16;
        [&[0xff, 0xe1][..], &length.to_be_bytes(), name, content].concat()
    };
    let bare = std::fs::read(bare).expect("read");
    let parts = [
        &bare[..2],
        &segment(b"Exif\0\0", &exif()),
        &segment(b"http://ns.adobe.com/xap/1.0/\0", XMP.as_bytes()),
        &bare[2..],
    ];
    bench.file("master.jpg", &parts.concat())
}

/// What the outside judges read of a file, and its bytes as text.
fn read(file: &Path) -> String {
    let described = run("vipsheader", &["-a", text(file)]);
    let bytes = std::fs::read(file).expect("read");
    let tags = if bytes.starts_with(b"II") { run("tiffinfo", &[text(file)]) } else { String::new() };
    format!("{described}{tags}{}", String::from_utf8_lossy(&bytes))
}

#[test]
fn whole_pictures_carry_what_is_configured() {
    let bench = Bench::new();
    let original = jpeg(&bench);
    // libvips carries both into the other formats; Recto's own TIFF has them as fields.
    let [webp, tiff] = ["copy.webp", "copy.tif"].map(|name| bench.path(name));
    run("vips", &["webpsave", text(&original), text(&webp)]);
    let own = bench.derivative(&original, "full/max/0/default.tif", EVERYTHING);
    std::fs::copy(own, &tiff).expect("copied");
    for master in [&original, &webp, &tiff] {
        for format in ["jpg", "png", "webp", "tif"] {
            let what = format!("{} as {format}", master.display());
            let request = format!("full/100,/0/default.{format}");
            let all = read(&bench.derivative(master, &request, EVERYTHING));
            for part in
                ["The library of example", "A. Photographer", "A leaf of a book", "1912:03:04", "a packet"]
            {
                assert!(all.contains(part), "{what} has no {part}");
            }
            assert!(!all.contains("notes of a maker") && !all.contains("Orientation=\"6\""), "{what}");
            assert!(!all.contains("exif-ifd3"), "{what}: a place");
            let some = read(&bench.derivative(master, &request, ""));
            assert!(some.contains("The library of example") && some.contains("A. Photographer"), "{what}");
            for part in ["A leaf of a book", "1912:03:04", "a packet"] {
                assert!(!some.contains(part), "{what} has {part}");
            }
            let none = read(&bench.derivative(master, &request, "[metadata]\ncarry = []"));
            assert!(!none.contains("The library"), "{what}");
            let part =
                read(&bench.derivative(master, &format!("0,0,99,99/max/0/default.{format}"), EVERYTHING));
            assert!(!part.contains("The library") && !part.contains("a packet"), "a part, {what}");
        }
    }
}

/// libvips reads the fields under their names, and finds the picture upright.
#[test]
fn fields_keep_their_names() {
    let bench = Bench::new();
    let master = jpeg(&bench);
    for format in ["jpg", "webp", "png"] {
        let shown = bench.derivative(&master, &format!("full/max/0/default.{format}"), EVERYTHING);
        let all = run("vipsheader", &["-a", text(&shown)]);
        for (field, value) in [
            ("exif-ifd0-Copyright", "The library of example"),
            ("exif-ifd0-Artist", "A. Photographer"),
            ("exif-ifd2-DateTimeOriginal", "1912:03:04 05:06:07"),
        ] {
            let line = all.lines().find(|line| line.starts_with(field));
            assert!(line.is_some_and(|line| line.contains(value)), "{format}: {field}\n{all}");
        }
        let orientation = all.lines().find(|line| line.starts_with("orientation:"));
        assert!(orientation.is_none_or(|line| line.ends_with(" 1")), "{format}: {orientation:?}");
    }
    let shown = bench.derivative(&master, "full/max/0/default.tif", EVERYTHING);
    let all = run("tiffinfo", &[text(&shown)]);
    for line in ["Copyright: The library of example", "Artist: A. Photographer", "ImageDescription: A leaf"] {
        assert!(all.contains(line), "{line}\n{all}");
    }
}
