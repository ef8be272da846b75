//! What a result says of what it was made of, and what becomes of orders that cannot be carried out.

use std::fs;
use std::sync::atomic::AtomicBool;

use recto::convert::{Blame, Compression, Purpose, Wish, convert, is_result_of};

use super::inputs::input;
use super::{converted, order, tried, wish};
use crate::examined::{of, said};
use crate::judge::{Bench, text};

#[test]
fn a_result_knows_its_source_and_its_wish() {
    let bench = Bench::new();
    let (source, wish) = (input(&bench, "PNG"), wish(Purpose::Speed));
    let order = order(&source, &bench.path("result.tif"));
    assert_eq!(is_result_of(&order, &wish), Ok(false), "it is not there");
    let (result, report) = converted(&bench, &source, "result.tif", &wish);
    assert_eq!(is_result_of(&order, &wish), Ok(true));
    let moved = bench.path("moved.png");
    fs::copy(&source, &moved).expect("copied");
    assert_eq!(is_result_of(&super::order(&moved, &result), &wish), Ok(true), "contents count, and no names");
    assert_eq!(is_result_of(&order, &Wish { quality: 70, ..wish.clone() }), Ok(false), "another wish");
    assert_eq!(is_result_of(&recto::convert::Order { page: 2, ..order.clone() }, &wish), Ok(false));
    fs::write(&source, fs::read(input(&bench, "JPEG")).expect("there")).expect("written");
    assert_eq!(is_result_of(&order, &wish), Ok(false), "another source");
    let (told, _) = said(&["identify", text(&result)]);
    let sum = report.verified.expect("verified").pixels;
    assert!(told.replace(['\n', ' '], "").contains(&sum), "{told}");
}

#[test]
fn pixels_that_have_changed_are_found_by_their_checksum() {
    let bench = Bench::new();
    let wish = Wish { compression: Some(Compression::None), ..wish(Purpose::Archive) };
    let (result, _) = converted(&bench, &input(&bench, "TIFF, 16 bits"), "result.tif", &wish);
    let judged = of(&result, &["--deep"]);
    assert!(judged["notes"].to_string().contains("those that it was made with"), "{judged}");
    let mut bytes = fs::read(&result).expect("there");
    // The first tile lies behind the header.
    bytes[100] ^= 1;
    fs::write(&result, bytes).expect("written");
    assert_ne!(of(&result, &[])["verdict"], "broken");
    let judged = of(&result, &["--deep"]);
    assert_eq!(judged["verdict"], "broken");
    assert!(judged["why"].to_string().contains("are not those that it was made with"), "{judged}");
}

#[test]
fn what_cannot_be_converted_says_whose_fault_it_is_and_leaves_what_was_there() {
    let bench = Bench::new();
    let wish = wish(Purpose::Speed);
    let whole = fs::read(input(&bench, "PNG")).expect("there");
    let good = bench.file("good.png", &whole);
    let cut = bench.file("cut.png", &whole[..whole.len() / 2]);
    let text_file = bench.file("notes.txt", b"no picture");
    let target = bench.file("target.tif", b"what was there");
    for (input, output, blame) in [
        (&cut, &target, Blame::Input),
        (&text_file, &target, Blame::Input),
        (&bench.path("gone.png"), &target, Blame::Machine),
        (&good, &bench.path("nowhere/target.tif"), Blame::Machine),
    ] {
        let failure = tried(&bench, &order(input, output), &wish).expect_err("it cannot be done");
        assert_eq!((failure.blame, failure.is_of_all), (blame, false), "{failure}");
        assert!(!failure.cause.is_empty() && !failure.to_string().contains(".part"), "{failure}");
        assert_eq!(fs::read(&target).expect("there"), b"what was there");
    }
    let odd = Wish { tile_side: 100, ..wish.clone() };
    assert_eq!(tried(&bench, &order(&good, &target), &odd).expect_err("odd").blame, Blame::Wish);
    let stopped = convert(&order(&good, &target), &wish, 2, &|_| (), &AtomicBool::new(true));
    assert_eq!(stopped.expect_err("stopped").blame, Blame::Stopped);
    assert_eq!(fs::read(&target).expect("there"), b"what was there");
}

#[test]
fn a_file_may_be_converted_in_its_own_place() {
    let bench = Bench::new();
    let source = input(&bench, "TIFF, strips");
    let before = crate::judge::rendered(&source, "full/max");
    let (_, report) = converted(&bench, &source, "strips.tif", &wish(Purpose::Archive));
    assert!(report.verified.expect("verified").exact);
    crate::judge::rendered(&source, "full/max").assert_near(&before, 0, "in place");
}
