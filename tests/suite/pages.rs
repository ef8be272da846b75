//! Pages of a file: how they are addressed, in URLs and on the command line, and how they lead to each other.

use std::process::{Command, Output};

use serde_json::Value;

use crate::http::Answer;
use crate::judge::{Bench, recto, run, text};
use crate::picture::Picture;
use crate::site::Site;

/// A file of three pages: the first is `first` pixels wide, each further one 10 more.
fn book(bench: &Bench, name: &str, first: usize) -> Vec<u8> {
    let leaf =
        |width: usize| bench.file(&format!("leaf-{width}.tif"), &Picture::waves(width, 30, 3).master());
    let leaves = [leaf(first), leaf(first + 10), leaf(first + 20)];
    let target = bench.path(name);
    run("tiffcp", &[text(&leaves[0]), text(&leaves[1]), text(&leaves[2]), text(&target)]);
    std::fs::read(target).expect("a book")
}

#[test]
fn pages_lead_to_pages_of_their_own_file() {
    let (site, bench) = (Site::start(), Bench::new());
    site.add("book.tif", &book(&bench, "book", 40));
    // A file whose own name looks like a page of another file, and one that looks like a page of this one.
    site.add("x.tif", &book(&bench, "x", 140));
    site.add("x;1.tif", &book(&bench, "x1", 240));
    site.add("y;2", &book(&bench, "y2", 340));
    for (identifier, first) in [
        ("book.tif", 40),
        ("book", 40),
        ("x", 140),
        ("x.tif", 140),
        ("x;1.tif", 240),
        ("x;1", 240),
        ("y;2", 340),
    ] {
        for version in [2, 3] {
            let info = |identifier: &str| format!("/iiif/{version}/{identifier}/info.json");
            let mut answer = site.expect(200, &info(identifier));
            let mut from_first = vec![width(&answer)];
            while let Some(next) = answer.link("next") {
                let path = site.path_of(next).to_owned();
                let back = width(&answer);
                answer = site.expect(200, &path);
                let leads_to =
                    |relation| width(&site.expect(200, site.path_of(answer.link(relation).expect("a link"))));
                assert_eq!(leads_to("prev"), back, "{path}");
                assert_eq!((leads_to("first"), leads_to("last")), (first, first + 20), "{path}");
                from_first.push(width(&answer));
            }
            assert_eq!(from_first, [first, first + 10, first + 20], "{identifier}");
            // Not 1: there is a file of that name beside one of them.
            let numbered =
                [2, 3].map(|page| width(&site.expect(200, &info(&format!("{identifier};{page}")))));
            assert_eq!(numbered, [first + 10, first + 20], "{identifier}");
            site.expect(404, &info(&format!("{identifier};4")));
        }
    }
}

#[track_caller]
fn width(answer: &Answer) -> u64 {
    answer.json()["width"].as_u64().expect("a number")
}

#[test]
fn the_command_line_addresses_pages_as_urls_do() {
    let bench = Bench::new();
    book(&bench, "q.tif", 40);
    bench.file("q.tif;2", &Picture::waves(77, 30, 3).master());
    bench.file("q.tif.json", b"{\"rights\": \"http://creativecommons.org/publicdomain/zero/1.0/\"}");
    let info = |name: &str| -> Value {
        serde_json::from_slice(&good(&recto(&bench.path(name), "info.json"))).expect("JSON")
    };
    for (name, width, id) in [
        ("q.tif", 40, "http://localhost/iiif/3/master"),
        ("q.tif;1", 40, "http://localhost/iiif/3/master"),
        ("q.tif;2", 77, "http://localhost/iiif/3/master"),
        ("q.tif;3", 60, "http://localhost/iiif/3/master;3"),
    ] {
        let info = info(name);
        assert_eq!((&info["width"], &info["id"]), (&width.into(), &id.into()), "{name}");
        assert_eq!(
            info["rights"].is_null(),
            name == "q.tif;2",
            "the file beside is that of the whole file: {name}"
        );
        let png = good(&recto(&bench.path(name), "full/max/0/default.png"));
        let expected = Picture::waves(width, 30, 3);
        assert_eq!(Picture::of_png(&png).difference(&expected), 0.0, "{name}");
    }
    assert_eq!(info("q.tif;3")["service"][0]["page"], 3);
    let plan = good(&run_recto(&[text(&bench.path("q.tif;3")), "full/max/0/default.png", "--plan"]));
    assert!(String::from_utf8_lossy(&plan).contains("image     60x30"));
    let itself = bench.path("q.tif");
    let before = std::fs::read(&itself).expect("there");
    let output = run_recto(&[text(&bench.path("q.tif;3")), "full/max/0/default.tif", "-o", text(&itself)]);
    assert!(!output.status.success() && std::fs::read(&itself).expect("there") == before);
    for (name, reason) in [
        ("q.tif;4", "no such page"),
        ("q.tif;0", "q.tif;0"),
        ("q.tif;03", "q.tif;03"),
        ("none.tif;3", "none.tif"),
        ("q.tif.json", "no image"),
    ] {
        let output = recto(&bench.path(name), "full/max/0/default.png");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(reason), "{name}: {said}");
        assert!(output.stdout.is_empty(), "{name}");
    }
    let directory = bench.path("q.tif").parent().expect("a directory").to_owned();
    for (path, request, reason) in [
        (&directory, "info.json", "is a directory"),
        (&itself, "nonsense", "REQUEST is REGION/SIZE/ROTATION/QUALITY.FORMAT"),
        (&itself, "", "REQUEST is"),
        (&itself, "full/max/0/default.jpg/more", "REQUEST is"),
    ] {
        let output = recto(path, request);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(reason), "{request:?}: {said}");
    }
}

#[track_caller]
fn good(output: &Output) -> Vec<u8> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout.clone()
}

fn run_recto(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.arg("render").args(arguments).output().expect("recto runs")
}
