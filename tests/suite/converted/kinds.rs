//! Every kind of file, by every preset.

use recto::convert::{Blame, Compression, Order, Purpose, Way, Wish, decide, pages};

use super::inputs::{SIZE, input};
use super::{checksum_by_vips, converted, order, tiffinfo, tried, wish};
use crate::examined::of;
use crate::judge::{Bench, rendered, run, text};

/// What becomes of a kind of file by the preset for speed: how, in which compression, and what is said of it.
const KINDS: [(&str, Way, &str, &str); 29] = [
    ("JPEG", Way::CarryCoefficients, "JPEG", ""),
    ("JPEG, 4:4:4", Way::CarryCoefficients, "JPEG", ""),
    ("JPEG, gray", Way::CarryCoefficients, "JPEG", ""),
    ("JPEG, progressive", Way::CarryCoefficients, "JPEG", ""),
    ("JPEG, CMYK", Way::Encode, "deflate", "inks"),
    ("PNG", Way::Encode, "JPEG", ""),
    ("PNG, 16 bits", Way::Encode, "deflate", "16 bits"),
    ("PNG, alpha", Way::Encode, "deflate", "alpha"),
    ("PNG, gray with alpha", Way::Encode, "deflate", "alpha"),
    ("PNG, palette", Way::Encode, "JPEG", ""),
    ("PNG, interlaced", Way::Encode, "JPEG", ""),
    ("WebP", Way::Encode, "JPEG", ""),
    ("WebP, alpha", Way::Encode, "deflate", "alpha"),
    ("PNG, full alpha", Way::Encode, "JPEG", "its alpha hides nothing"),
    // A palette of GIF may have a colour for nothing, so that it is read with alpha.
    ("GIF", Way::Encode, "JPEG", "its alpha hides nothing"),
    ("BMP", Way::Encode, "JPEG", ""),
    ("JP2", Way::Encode, "JPEG", ""),
    ("TIFF, strips", Way::Encode, "JPEG", ""),
    ("TIFF, tiles", Way::Encode, "JPEG", ""),
    ("TIFF, JPEG tiles", Way::CarryTiles, "JPEG", ""),
    ("TIFF, 16 bits", Way::Encode, "deflate", "16 bits"),
    ("TIFF, 16 bits, gray with alpha", Way::Encode, "deflate", "16 bits"),
    ("TIFF, floating point", Way::Encode, "deflate", "become 16 bits"),
    ("TIFF, CMYK", Way::Encode, "deflate", "inks"),
    ("TIFF, CIELab", Way::Encode, "JPEG", "CIELab becomes sRGB"),
    ("TIFF, bilevel", Way::Encode, "deflate", "black and white"),
    ("TIFF, palette", Way::Encode, "JPEG", "palette becomes RGB"),
    ("TIFF, white is 0", Way::Encode, "JPEG", "0 was white"),
    ("TIFF, planes", Way::Encode, "JPEG", ""),
];

#[test]
fn every_kind_becomes_what_serves_it_best() {
    for (kind, way, compression, said) in KINDS {
        let bench = Bench::new();
        let source = input(&bench, kind);
        // A number of levels: else what is small is good as it is.
        let wish = Wish { levels: Some(3), ..wish(Purpose::Speed) };
        let (result, report) = converted(&bench, &source, "result.tif", &wish);
        assert_eq!((report.way, report.compression), (way, compression), "{kind}: {}", report.why);
        let notes = report.notes.join("; ");
        assert!(notes.contains(said) && notes.is_empty() == said.is_empty(), "{kind}: {notes}");
        assert_eq!((report.width, report.height, report.levels), (SIZE.width, SIZE.height, 3), "{kind}");
        let verified = report.verified.expect("verified");
        assert!(verified.exact || verified.psnr > Some(20.0), "{kind}: {verified:?}");
        assert_eq!(tiffinfo(&result).matches("Image Width: ").count(), 3, "{kind}");
        assert_eq!(checksum_by_vips(&bench, &result), verified.pixels, "{kind}");
        // As they are served.
        let (is, mut was) = (rendered(&result, "full/max"), rendered(&source, "full/max"));
        if said.contains("alpha hides") {
            let colours = was.pixels.as_chunks::<4>().0.iter().map(|[r, g, b, _]| [*r, *g, *b]);
            (was.pixels, was.channels) = (colours.collect::<Vec<_>>().into_flattened(), 3);
        }
        let lost = is.mean_difference(&was);
        assert!(if verified.exact { lost == 0.0 } else { lost < 8.0 }, "{kind}: {lost}");
    }
}

#[test]
fn an_archive_loses_nothing_and_is_ideal() {
    for kind in ["PNG", "PNG, 16 bits", "TIFF, deflate tiles", "TIFF, one strip", "JP2", "TIFF, CMYK", "JPEG"]
    {
        let bench = Bench::new();
        let source = input(&bench, kind);
        let wish = Wish { levels: Some(3), ..wish(Purpose::Archive) };
        let (result, report) = converted(&bench, &source, "result.tif", &wish);
        let is_kept = matches!(report.way, Way::CarryTiles | Way::CarryCoefficients);
        assert_eq!(is_kept, kind.starts_with("JPEG") || kind.contains("deflate"), "{kind}: {}", report.why);
        // Beyond the edges of tiles a decoder does not see the colours of a JPEG.
        assert!(report.verified.expect("verified").exact || kind == "JPEG", "{kind}");
        tiffinfo(&result);
    }
}

#[test]
fn results_of_every_preset_are_ideal_and_are_left_alone() {
    for purpose in [Purpose::Speed, Purpose::Archive, Purpose::ObjectStore] {
        for kind in ["TIFF, strips", "JPEG, 80", "PNG, alpha", "PNG, 16 bits"] {
            let (bench, wish) = (Bench::new(), Wish::of(purpose));
            let (result, report) = converted(&bench, &input(&bench, kind), "result.tif", &wish);
            let judged = of(&result, &["--deep"]);
            assert_eq!(judged["verdict"], "ideal", "{kind}, {purpose:?}: {judged}");
            assert_eq!(judged.get("command"), None, "{kind}, {purpose:?}");
            let again = decide(&order(&result, &bench.path("again.tif")), &wish).expect("decided");
            assert_eq!(again.way, Way::LeaveAlone, "{kind}, {purpose:?}, {}: {}", report.way, again.why);
        }
    }
}

#[test]
fn good_levels_are_kept_and_only_the_others_are_made() {
    let bench = Bench::new();
    // Two of three levels, of which the second is one that would not be made so again.
    let half = Wish { levels: Some(2), linear: true, ..wish(Purpose::Archive) };
    let (source, _) = converted(&bench, &input(&bench, "PNG"), "half.tif", &half);
    // A number of levels: else what is small is good as it is.
    let three = Wish { levels: Some(3), ..wish(Purpose::Archive) };
    let (result, report) = converted(&bench, &source, "whole.tif", &three);
    assert_eq!((report.way, report.levels), (Way::CarryTiles, 3), "{}", report.why);
    assert!(report.why.contains("2 levels"), "{}", report.why);
    assert!(report.verified.expect("verified").exact);
    for page in ["[page=0]", "[page=1]"] {
        bench.judged(&result, page).assert_near(&bench.judged(&source, page), 0, page);
    }
    // Somebody else's levels may be means of anything.
    let linear = Wish { linear: true, ..wish(Purpose::Archive) };
    let decided = decide(&order(&source, &bench.path("linear.tif")), &linear).expect("decided");
    assert_eq!((decided.way, decided.kept_levels), (Way::CarryTiles, 1), "{}", decided.why);
}

#[test]
fn each_page_becomes_a_file() {
    let bench = Bench::new();
    let book = input(&bench, "TIFF, two pages");
    assert_eq!(pages(&book).expect("readable"), 2);
    for page in [1, 2] {
        let output = bench.path(&format!("{page}.tif"));
        let order = Order { page, output: output.clone(), input: book.clone() };
        tried(&bench, &order, &wish(Purpose::Archive)).expect("converted");
        let paged = std::path::PathBuf::from(format!("{};{page}", text(&book)));
        rendered(&output, "full/max").assert_near(&rendered(&paged, "full/max"), 0, "a page");
    }
    let order = Order { page: 3, output: bench.path("3.tif"), input: book };
    let failure = tried(&bench, &order, &wish(Purpose::Archive)).expect_err("no such page");
    assert_eq!(failure.blame, Blame::Wish, "{failure}");
}

#[test]
fn every_compression_and_layout_that_is_named_is_read_by_others() {
    let bench = Bench::new();
    let source = input(&bench, "PNG");
    let alpha = input(&bench, "PNG, alpha");
    let base = wish(Purpose::Speed);
    for (number, (input, wish, said)) in [
        (&source, Wish { compression: Some(Compression::Lzw), ..base.clone() }, "Compression Scheme: LZW"),
        (&source, Wish { compression: Some(Compression::Zstd), ..base.clone() }, "Compression Scheme: ZSTD"),
        (&source, Wish { compression: Some(Compression::None), ..base.clone() }, "Compression Scheme: None"),
        (&source, Wish { compression: Some(Compression::WebP), ..base.clone() }, "Compression Scheme: WEBP"),
        (
            &alpha,
            Wish { compression: Some(Compression::WebPLossless), ..base.clone() },
            "Compression Scheme: WEBP",
        ),
        (&source, Wish { sub_ifds: true, ..base.clone() }, "SubIFD"),
        (&source, Wish { linear: true, compression: Some(Compression::Deflate), ..base.clone() }, "Deflate"),
        (&source, Wish { directories_first: true, levels: Some(2), ..base.clone() }, "JPEG Tables"),
        (&source, Wish { big: recto::convert::Big::Always, ..base.clone() }, "JPEG Tables"),
        (&source, Wish { tile_side: 48, quality: 50, ..base.clone() }, "Tile Width: 48"),
    ]
    .into_iter()
    .enumerate()
    {
        let (result, report) = converted(&bench, input, &format!("{number}.tif"), &wish);
        let told = tiffinfo(&result);
        assert!(told.contains(said), "{wish:?}: {told}");
        assert_eq!(checksum_by_vips(&bench, &result), report.verified.expect("verified").pixels, "{wish:?}");
    }
}

#[test]
fn pillow_opens_what_is_made() {
    let bench = Bench::new();
    for (kind, mode) in [("JPEG", "RGB"), ("JPEG, gray", "L"), ("PNG, alpha", "RGBA"), ("TIFF, CMYK", "CMYK")]
    {
        let (result, _) =
            converted(&bench, &input(&bench, kind), &format!("{mode}.tif"), &wish(Purpose::Speed));
        let program = "import sys; from PIL import Image; i = Image.open(sys.argv[1]); i.load(); \
                       print(i.mode, i.size[0], i.size[1], i.n_frames)";
        let said = run("/usr/bin/python3", &["-c", program, text(&result)]);
        assert_eq!(said.trim(), format!("{mode} {} {} 3", SIZE.width, SIZE.height), "{kind}");
    }
}
