//! What a pyramid says besides its pixels, as exiftool reads it.

use recto::ifd::{Field, tag};
use recto::pyramid::{Big, Order, Resolution, Tags, Unit};
use serde_json::{Value, json};

use super::*;

fn tags() -> Tags {
    let xmp = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:format>image/tiff</dc:format></rdf:Description></rdf:RDF></x:xmpmeta>"#;
    // Record 2, data set 116: CopyrightNotice.
    let iptc = [&[0x1c, 2, 116, 0, 11][..], b"The library"].concat();
    let text = |text: &str| Some(text.to_owned());
    Tags {
        icc_profile: None,
        resolution: Some(Resolution { x: 118.11, y: 300.0, unit: Unit::Centimetre }),
        orientation: Some(6),
        description: text("Ein Blatt, größer"),
        copyright: text("The library"),
        artist: text("A. Photographer"),
        date: text("2026:11:30 10:00:00"),
        make: text("Maker"),
        model: text("Model 1"),
        software: None,
        xmp: Some(xmp.into()),
        iptc: Some(iptc),
        exif: vec![
            Field::text(tag::DATE_TIME_ORIGINAL, "1912:03:04 05:06:07"),
            Field::rationals(tag::EXPOSURE_TIME, &[4]),
        ],
        gps: vec![Field::text(1, "N"), Field::rationals(2, &[47, 22, 30])],
        more: vec![Field::text(tag::DOCUMENT_NAME, "leaf 12r"), Field::long(tag::IMAGE_WIDTH, 1)],
    }
}

fn exiftool(file: &Path) -> Value {
    let arguments = ["-j", "-n", "-G0", "-warning", "-error", "-all", &file.display().to_string()];
    let mut found: Value = serde_json::from_str(&run("exiftool", &arguments)).expect("JSON");
    found[0].take()
}

#[test]
fn everything_that_is_said_is_found() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("p.tif");
    for (big, sub_ifds, order) in [
        (Big::Auto, false, Order::AsMade),
        (Big::Always, true, Order::DirectoriesFirst),
        (Big::Never, true, Order::AsMade),
        (Big::Always, false, Order::DirectoriesFirst),
    ] {
        let settings = settings(Channels::Gray, Depth::Eight, Compression::Lzw);
        write(&file, Settings { big, sub_ifds, order, tags: tags(), ..settings });
        tiffinfo(&file);
        let found = exiftool(&file);
        for (name, expected) in [
            ("EXIF:ImageDescription", json!("Ein Blatt, größer")),
            ("EXIF:Copyright", json!("The library")),
            ("EXIF:Artist", json!("A. Photographer")),
            ("EXIF:ModifyDate", json!("2026:11:30 10:00:00")),
            ("EXIF:Make", json!("Maker")),
            ("EXIF:Model", json!("Model 1")),
            ("EXIF:Software", json!("Recto")),
            ("EXIF:DocumentName", json!("leaf 12r")),
            ("EXIF:Orientation", json!(6)),
            ("EXIF:ResolutionUnit", json!(3)),
            ("EXIF:XResolution", json!(118.11)),
            ("EXIF:YResolution", json!(300)),
            ("EXIF:DateTimeOriginal", json!("1912:03:04 05:06:07")),
            ("EXIF:ExposureTime", json!(4)),
            ("XMP:Format", json!("image/tiff")),
            ("IPTC:CopyrightNotice", json!("The library")),
        ] {
            assert_eq!(found[name], expected, "{name}, {big:?}, SubIFDs {sub_ifds}, {order:?}: {found}");
        }
        // Of BigTIFF, exiftool 12 takes the directory of GPS for one of EXIF.
        if big != Big::Always {
            assert_eq!(
                (&found["EXIF:GPSLatitude"], &found["EXIF:GPSLatitudeRef"]),
                (&json!(47.375), &json!("N"))
            );
        }
        assert!(found.get("ExifTool:Warning").is_none() && found.get("ExifTool:Error").is_none(), "{found}");
    }
}

#[test]
fn what_is_said_may_change_until_the_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("p.tif");
    let settings = settings(Channels::Gray, Depth::Eight, Compression::Lzw);
    let mut writer = Writer::create(&file, settings).expect("started");
    writer.rows(0, AnyRaster::Eight(picture(Channels::Gray))).expect("written");
    writer.tags().description = Some("known at the end".to_owned());
    writer.finish().expect("finished");
    assert!(tiffinfo(&file).contains("ImageDescription: known at the end"));
}

#[test]
fn short_profiles_are_in_each_level_and_long_ones_in_the_first() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("p.tif");
    for (length, count) in [(3000, 3), (30_000, 1)] {
        let mut settings = settings(Channels::Gray, Depth::Eight, Compression::Lzw);
        settings.tags.icc_profile = Some(vec![7; length]);
        write(&file, settings);
        assert_eq!(tiffinfo(&file).matches("ICC Profile: <present>").count(), count);
        let master = Master::open(&file).expect("a master");
        for level in 0..3 {
            assert_eq!(master.icc_profile(level).expect("readable"), Some(vec![7; length]), "level {level}");
        }
    }
}
