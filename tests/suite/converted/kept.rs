//! What a file says besides its pixels is said by what is made of it, as Pillow and libtiff read it.

use std::path::Path;

use recto::convert::{Purpose, Wish};

use super::inputs::{input, lab};
use super::{converted, tiffinfo, wish};
use crate::examined::said;
use crate::judge::{Bench, run, text};

const XMP: &str = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
                   <rdf:Description rdf:about='' xmlns:tiff='http://ns.adobe.com/tiff/1.0/' tiff:Orientation='6'/>\
                   </rdf:RDF></x:xmpmeta>";

/// IIM: a caption.
const IPTC: &[u8] = b"\x1c\x02\x78\x00\x06A leaf";

/// A field of a directory: tag, type, count, and four bytes of value or where longer ones are.
type Entry = (u16, u16, u32, [u8; 4]);

/// A block of EXIF: IFD0, and below it EXIF and GPS directories.
fn exif() -> Vec<u8> {
    let mut block = b"II*\0".to_vec();
    let texts: [(u16, &str); 6] = [
        (270, "A leaf"),
        (271, "Maker"),
        (272, "Model 1"),
        (305, "Scanner 3"),
        (315, "A. Photographer"),
        (33432, "The library"),
    ];
    let (mut values, mut main): (Vec<u8>, Vec<Entry>) = (Vec::new(), Vec::new());
    let at = |values: &[u8]| (1000 + values.len() as u32).to_le_bytes();
    for (tag, value) in texts {
        main.push((tag, 2, value.len() as u32 + 1, at(&values)));
        values.extend(value.bytes().chain([0]));
        values.resize(values.len().next_multiple_of(2), 0);
    }
    for (tag, value) in [(282, 300u32), (283, 300)] {
        main.push((tag, 5, 1, at(&values)));
        values.extend([value, 1].map(u32::to_le_bytes).as_flattened());
    }
    main.push((306, 2, 20, at(&values)));
    values.extend(b"2001:02:03 04:05:06\0");
    let (exposure, latitude) = (at(&values), (1000 + values.len() as u32 + 8).to_le_bytes());
    values.extend([1u32, 125, 48, 1, 30, 1, 0, 1].map(u32::to_le_bytes).as_flattened());
    main.extend([
        (274, 3, 1, [6, 0, 0, 0]),
        (296, 3, 1, [2, 0, 0, 0]),
        (34665, 4, 1, 400u32.to_le_bytes()),
        (34853, 4, 1, 600u32.to_le_bytes()),
    ]);
    main.sort_by_key(|entry| entry.0);
    let details = [(33434, 5, 1, exposure), (40961, 3, 1, [1, 0, 0, 0])];
    let gps = [(1, 2, 2, *b"N\0\0\0"), (2, 5, 3, latitude)];
    block.extend(8u32.to_le_bytes());
    for (start, entries) in [(8, &main[..]), (400, &details), (600, &gps)] {
        block.resize(start, 0);
        block.extend((entries.len() as u16).to_le_bytes());
        for (tag, kind, count, value) in entries {
            block.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
            block.extend([count.to_le_bytes(), *value].concat());
        }
    }
    block.resize(1000, 0);
    block.extend(values);
    block
}

/// A JPEG that says all that one can say.
fn talkative(bench: &Bench) -> std::path::PathBuf {
    let plain = std::fs::read(input(bench, "JPEG")).expect("there");
    let resource =
        [b"Photoshop 3.0\0" as &[u8], b"8BIM\x04\x04\0\0", &(IPTC.len() as u32).to_be_bytes(), IPTC, b"\0"];
    let icc = srgb();
    let segments = [
        (0xe1u8, [b"Exif\0\0" as &[u8], &exif()].concat()),
        (0xe1, [b"http://ns.adobe.com/xap/1.0/\0" as &[u8], XMP.as_bytes()].concat()),
        (0xe2, [b"ICC_PROFILE\0\x01\x01" as &[u8], &icc].concat()),
        (0xed, resource.concat()),
    ];
    let mut file = plain[..2].to_vec();
    for (marker, content) in segments {
        file.extend([0xff, marker]);
        file.extend((content.len() as u16 + 2).to_be_bytes());
        file.extend(content);
    }
    file.extend(&plain[2..]);
    bench.file("talkative.jpg", &file)
}

/// A profile of RGB, as far as its header tells: nothing else of it is looked at.
fn srgb() -> Vec<u8> {
    let mut profile = vec![0; 160];
    profile[..4].copy_from_slice(&160u32.to_be_bytes());
    profile[12..24].copy_from_slice(b"mntrRGB XYZ ");
    profile[36..40].copy_from_slice(b"acsp");
    profile
}

/// What Pillow reads of a file: a line for each.
fn read_by_pillow(file: &Path) -> String {
    let program = r#"
import sys
from PIL import Image
image = Image.open(sys.argv[1])
exif = image.getexif()
for tag in (270, 271, 272, 274, 282, 283, 296, 306, 315, 33432):
    print(tag, exif.get(tag))
print("exposure", exif.get_ifd(0x8769).get(33434))
print("gps", exif.get_ifd(0x8825).get(1), exif.get_ifd(0x8825).get(2))
print("icc", len(image.info.get("icc_profile") or b""))
print("xmp", bytes(image.tag_v2[700])[:10])
print("iptc", bytes(image.tag_v2[33723])[:11])
"#;
    run("/usr/bin/python3", &["-c", program, text(file)])
}

#[test]
fn all_that_a_jpeg_says_is_said_by_the_pyramid() {
    for purpose in [Purpose::Speed, Purpose::Archive] {
        for compression in [None, Some(recto::convert::Compression::Deflate)] {
            let bench = Bench::new();
            let wish = Wish { compression, ..wish(purpose) };
            let (result, _) = converted(&bench, &talkative(&bench), "result.tif", &wish);
            tiffinfo(&result);
            let told = read_by_pillow(&result);
            for line in [
                "270 A leaf",
                "271 Maker",
                "272 Model 1",
                "274 6",
                "282 300.0",
                "283 300.0",
                "296 2",
                "306 2001:02:03 04:05:06",
                "315 A. Photographer",
                "33432 The library",
                "exposure 0.008",
                "gps N (48.0, 30.0, 0.0)",
                "icc 160",
                "xmp b'<x:xmpmeta",
                "iptc b'\\x1c\\x02x\\x00\\x06A leaf",
            ] {
                assert!(told.contains(line), "{purpose:?}, {compression:?}: {line} in\n{told}");
            }
            // What was there before stands before the seal.
            let info = tiffinfo(&result);
            assert!(info.contains("Software: Scanner 3; Recto "), "{info}");
            // The server shows it as it did the source: turned.
            let (text_of, _) = said(&["identify", text(&result)]);
            assert!(text_of.contains("turned by 90 degrees"), "{text_of}");
        }
    }
}

#[test]
fn what_a_png_says_in_words_of_its_own_is_said_in_those_of_tiff() {
    let bench = Bench::new();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 8, 8);
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: 3000, yppu: 6000, unit: png::Unit::Meter }));
    encoder.add_text_chunk("Author".to_owned(), "A. Painter".to_owned()).expect("Latin 1");
    encoder.add_text_chunk("Copyright".to_owned(), "The museum \u{a9}".to_owned()).expect("Latin 1");
    encoder.add_itxt_chunk("Description".to_owned(), "Ein Blatt".to_owned()).expect("a text");
    let mut writer = encoder.write_header().expect("a PNG");
    writer.write_image_data(&[128; 64]).and_then(|()| writer.finish()).expect("a PNG");
    let source = bench.file("talkative.png", &file);
    let (result, _) = converted(&bench, &source, "result.tif", &wish(Purpose::Archive));
    let told = tiffinfo(&result);
    for line in [
        "Artist: A. Painter",
        "Copyright: The museum",
        "ImageDescription: Ein Blatt",
        "Resolution: 30, 60 pixels/cm",
    ] {
        assert!(told.contains(line), "{line} in\n{told}");
    }
}

#[test]
fn a_profile_of_other_colours_than_are_stored_is_left_out() {
    let bench = Bench::new();
    let mut profile = srgb();
    profile[16..20].copy_from_slice(b"Lab ");
    let lab = bench.file("lab.tif", &lab().with_raw(34675, 7, &profile).bytes());
    let (result, report) = converted(&bench, &lab, "result.tif", &wish(Purpose::Speed));
    assert!(report.notes.iter().any(|note| note.contains("profile is left out")), "{:?}", report.notes);
    assert!(!tiffinfo(&result).contains("ICC Profile"), "left out");
}
