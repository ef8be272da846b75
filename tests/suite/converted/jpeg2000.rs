//! JPEG 2000 out of the converter.

use recto::convert::{Container, Purpose, Way, Wish, decide, is_result_of};
use sha2::{Digest, Sha256};

use super::inputs::input;
use super::{converted, order};
use crate::examined::of;
use crate::judge::{Bench, rendered, run, text};

fn wish(purpose: Purpose) -> Wish {
    Wish { tile_side: 64, verify: true, ..Wish::of(purpose).to(Container::Jp2) }
}

#[test]
fn every_kind_becomes_jpeg_2000_and_is_left_alone_then() {
    for kind in ["PNG", "PNG, 16 bits", "PNG, alpha", "TIFF, CMYK", "TIFF, bilevel", "JPEG", "JP2"] {
        for purpose in [Purpose::Speed, Purpose::Archive] {
            let (bench, wish) = (Bench::new(), wish(purpose));
            let source = input(&bench, kind);
            let (result, report) = converted(&bench, &source, "result.jp2", &wish);
            let is_lossless = purpose == Purpose::Archive || kind == "TIFF, bilevel";
            let scheme = if is_lossless { "JPEG 2000 without loss" } else { "JPEG 2000" };
            assert_eq!((report.way, report.compression), (Way::Encode, scheme), "{kind}: {}", report.why);
            assert_eq!(report.why.contains("random access"), kind == "JP2", "{kind}: {}", report.why);
            let verified = report.verified.expect("verified");
            assert_eq!(verified.exact, is_lossless, "{kind}: {verified:?}");
            assert!(is_lossless || verified.psnr > Some(37.5), "{kind}: {verified:?}");
            let tolerance = if is_lossless { 0 } else { 24 };
            rendered(&result, "full/max").assert_near(&rendered(&source, "full/max"), tolerance, kind);
            let judged = of(&result, &["--deep"]);
            assert!(judged["notes"].to_string().contains("those that it was made with"), "{judged}");
            assert_eq!(is_result_of(&order(&source, &result), &wish), Ok(true), "{kind}");
            if kind == "TIFF, bilevel" {
                // It has become gray, and gray may lose something.
                continue;
            }
            let again = decide(&order(&result, &bench.path("again.jp2")), &wish).expect("decided");
            assert_eq!(again.way, Way::LeaveAlone, "{kind}, {purpose:?}: {}", again.why);
        }
    }
}

#[test]
fn pillow_decodes_what_was_kept() {
    let program = "import hashlib, sys\nfrom PIL import Image\n\
                   print(hashlib.sha256(Image.open(sys.argv[1]).tobytes()).hexdigest())";
    for kind in ["PNG", "PNG, alpha"] {
        let bench = Bench::new();
        let source = input(&bench, kind);
        let (result, _) = converted(&bench, &source, "result.jp2", &wish(Purpose::Archive));
        let seen = run("/usr/bin/python3", &["-c", program, text(&result)]);
        let given = Sha256::digest(&bench.judged(&source, "").pixels);
        let digits: String = given.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(seen.trim(), digits, "{kind}");
    }
}
