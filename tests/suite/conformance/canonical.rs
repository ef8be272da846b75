//! The canonical URL (Image API 3.0 section 4.8, 2.1 section 4.7), and percent-encoding (section 9).

use super::masters;
use crate::site::Site;

/// What the Link of a picture says is canonical, after the identifier.
#[track_caller]
fn canonical(site: &Site, version: u8, request: &str) -> (String, Vec<u8>) {
    let answer = site.expect(200, &format!("/iiif/{version}/wide.tif/{request}"));
    let link = site.path_of(answer.link("canonical").expect("a link")).to_owned();
    let after = link.strip_prefix(&format!("/iiif/{version}/wide.tif/")).expect("the same identifier");
    (after.to_owned(), answer.body)
}

/// Each request has this canonical URL, which leads to the same bytes and is its own.
fn check(version: u8, rows: &[(&str, &str)]) {
    let site = masters::site();
    for (request, expected) in rows {
        let (link, body) = canonical(&site, version, request);
        assert_eq!(link, *expected, "CANON: {version} {request}");
        let (again, same) = canonical(&site, version, &link);
        assert!(again == link && same == body, "CANON: {version} {request}: {link} is another picture");
    }
}

#[test]
fn canonical_urls_of_version_3() {
    check(
        3,
        &[
            ("full/max/0/default.jpg", "full/max/0/default.jpg"),
            ("0,0,600,400/max/0/default.jpg", "full/max/0/default.jpg"),
            ("0,0,9999,9999/max/0/default.jpg", "full/max/0/default.jpg"),
            ("pct:0,0,100,100/600,/0/color.jpg", "full/max/0/default.jpg"),
            ("full/300,/0/default.jpg", "full/300,200/0/default.jpg"),
            ("full/,200/0/default.jpg", "full/300,200/0/default.jpg"),
            ("full/pct:50/0/default.jpg", "full/300,200/0/default.jpg"),
            ("full/!300,300/0/default.jpg", "full/300,200/0/default.jpg"),
            ("full/^300,/0/default.jpg", "full/300,200/0/default.jpg"),
            ("full/300,100/90.0/gray.png", "full/300,100/90/gray.png"),
            ("square/max/!0/default.png", "100,0,400,400/max/!0/default.png"),
            ("500,300,500,500/50,/360/default.png", "500,300,100,100/50,50/0/default.png"),
            ("0,0,60,40/^120,/0/default.png", "0,0,60,40/^120,80/0/default.png"),
            ("0,0,60,40/^max/0/default.jpg", "0,0,60,40/^max/0/default.jpg"),
        ],
    );
}

#[test]
fn canonical_urls_of_version_2() {
    check(
        2,
        &[
            ("full/full/0/default.jpg", "full/full/0/default.jpg"),
            ("full/max/0/default.jpg", "full/full/0/default.jpg"),
            ("0,0,600,400/600,400/0/color.jpg", "full/full/0/default.jpg"),
            ("full/300,200/0/default.jpg", "full/300,/0/default.jpg"),
            ("full/,200/0/default.jpg", "full/300,/0/default.jpg"),
            ("full/300,100/90.0/default.jpg", "full/300,100/90/default.jpg"),
            ("full/!300,300/!0/bitonal.png", "full/300,/!0/bitonal.png"),
            ("0,0,60,40/120,/0/default.png", "0,0,60,40/120,/0/default.png"),
        ],
    );
}

#[test]
fn percent_encoding_makes_no_difference() {
    let site = masters::site();
    for (rule, version, encoded, plain) in [
        ("URI-01", 3, "0%2C0%2c60,40/max/0/default.png", "0,0,60,40/max/0/default.png"),
        ("URI-02", 3, "pct%3A0,0,50,50/max/0/default.png", "pct:0,0,50,50/max/0/default.png"),
        ("URI-03", 3, "full/%2190,90/0/default.png", "full/!90,90/0/default.png"),
        ("URI-04", 3, "0,0,60,40/%5E120%2C/0/default.png", "0,0,60,40/^120,/0/default.png"),
        ("URI-05", 2, "%66ull/%6d%61x/%210/%64efault.png", "full/max/!0/default.png"),
        ("URI-06", 2, "full/300%2c/0/default%2epng", "full/300,/0/default.png"),
    ] {
        let (link, body) = canonical(&site, version, encoded);
        assert!((link, body) == canonical(&site, version, plain), "{rule}: {encoded}");
    }
}
