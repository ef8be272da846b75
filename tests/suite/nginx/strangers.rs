//! Files among the masters that are no images, or nobody's business: the answer is as if they were not there.
//! A file that begins as an image and does not go on as one is damaged, and reported to the operator.

use crate::picture::{Picture, STAMP};
use crate::site::Site;

/// How files of each format begin: just enough to be known by it.
const BEGINNINGS: [&[u8]; 8] = [
    b"II*\0",
    b"MM\0+",
    b"\0\0\0\x0cjP  \r\n\x87\n",
    b"\xff\x4f\xff\x51",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"RIFF\x20\0\0\0WEBP",
];

#[test]
fn files_that_are_no_images_are_not_there() {
    let site = Site::start();
    site.add("empty.tif", b"");
    site.add("one.tif", b"I");
    site.add("text.tif", b"this is not an image at all");
    site.add("notes.txt", b"BMW, and other things");
    site.add("leaf.tif.json", b"{\"rights\": \"http://creativecommons.org/publicdomain/zero/1.0/\"}");
    site.add("page.html", b"<!doctype html><title>404</title>");
    site.add("print.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n");
    site.add("clip.webp", b"RIFF\x20\0\0\0WAVEfmt ");
    site.add("zeros.jp2", &[0; 5000]);
    for (number, beginning) in BEGINNINGS.iter().enumerate() {
        site.add(&format!("short-{number}"), &beginning[..beginning.len() - 1]);
    }
    let shorts = (0..BEGINNINGS.len()).map(|number| format!("short-{number}"));
    let others = ["empty.tif", "empty", "one.tif", "text.tif", "text.tif;2", "notes.txt", "leaf.tif.json"];
    let others = others.into_iter().chain(["page.html", "print.pdf", "clip", "zeros"]).map(str::to_owned);
    let nothing = site.expect(404, "/iiif/3/nothing/info.json");
    for identifier in shorts.chain(others) {
        for request in ["info.json", "full/max/0/default.jpg"] {
            for version in [2, 3] {
                let answer = site.expect(404, &format!("/iiif/{version}/{identifier}/{request}"));
                assert_eq!(answer.text(), nothing.text(), "{identifier}");
                assert_eq!(answer.the("cache-control"), nothing.the("cache-control"), "{identifier}");
            }
        }
    }
    assert_eq!(complaints(&site), Vec::<String>::new());
    site.expect(200, "/iiif/3/leaf.tif/info.json");
}

#[test]
fn hidden_files_are_not_there() {
    let site = Site::start();
    for name in
        [".leaf.tif", "._leaf.tif", "..leaf.tif", ".box/leaf.tif", "box/.leaf.tif", "box/.a/b/leaf.tif"]
    {
        site.add(name, &STAMP);
    }
    site.add(".recto.toml", b"[masters]\n");
    site.add("box/le.af.tif", &STAMP);
    for identifier in [
        ".leaf.tif",
        ".leaf",
        ".leaf.tif;1",
        "%2Eleaf.tif",
        "._leaf.tif",
        "..leaf.tif",
        ".box%2Fleaf.tif",
        "%2ebox%2fleaf",
        "box%2F.leaf.tif",
        "box%2F.a%2Fb%2Fleaf.tif",
        ".recto.toml",
        ".recto",
    ] {
        let answer = site.expect(404, &format!("/iiif/3/{identifier}/info.json"));
        assert!(answer.text().contains("no image has this identifier"), "{}", answer.text());
        site.expect(404, &format!("/iiif/2/{identifier}/full/full/0/default.jpg"));
    }
    // A dot within a name hides nothing, and neither does a link's target: the operator has given it a name.
    std::os::unix::fs::symlink(".box/leaf.tif", site.server.path("masters/shown.tif")).expect("linked");
    for identifier in ["box%2Fle.af.tif", "box%2Fle.af", "shown"] {
        site.expect(200, &format!("/iiif/3/{identifier}/info.json"));
    }
    assert_eq!(complaints(&site), Vec::<String>::new());
}

#[test]
fn what_begins_as_an_image_and_is_none_is_damage() {
    let site = Site::start();
    let whole = Picture::waves(300, 200, 3).master();
    let mut files: Vec<Vec<u8>> = BEGINNINGS.map(<[u8]>::to_vec).to_vec();
    files.extend(BEGINNINGS.map(|beginning| [beginning, b"\0\0"].concat()));
    files.extend([4, 8, 15, 16, 17, 100].map(|length| whole[..length].to_vec()));
    files.push(b"BM\0\0\0\0\0\0\0\0".to_vec());
    for (number, file) in files.iter().enumerate() {
        site.add(&format!("damaged-{number}"), file);
        let answer = site.expect(500, &format!("/iiif/3/damaged-{number}/info.json"));
        assert!(answer.text().contains("the server's log says why"), "{number}: {}", answer.text());
        assert_eq!(answer.the("cache-control"), "no-store");
        assert_eq!(complaints(&site).len(), number + 1, "a line for each: {:?}", complaints(&site));
    }
}

/// The lines that the operator should look at.
fn complaints(site: &Site) -> Vec<String> {
    let log = site.server.log();
    let is_reported = |line: &&str| line.contains("error:") || line.contains("warn:");
    log.lines().filter(is_reported).map(str::to_owned).collect()
}
