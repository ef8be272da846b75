//! HTTP around the pictures: redirect, CORS, methods, errors (Image API sections 2, 6, 7 and 9). Negotiation, caches,
//! names and hostile paths have tests of their own beside `nginx`. That every answer has its one CORS header is
//! checked by the client itself, whatever is asked.

use super::masters;

#[test]
fn base_uris_redirect() {
    let site = masters::site();
    for version in [3, 2] {
        for end in ["", "/"] {
            let answer = site.expect(303, &format!("/iiif/{version}/wide.tif{end}"));
            let location = format!("/iiif/{version}/wide.tif/info.json");
            assert_eq!(site.path_of(answer.the("location")), location, "HTTP-01..03");
        }
    }
}

#[test]
fn head_is_a_get_without_a_body_and_options_a_preflight() {
    let site = masters::site();
    for path in [
        "/iiif/3/wide.tif/info.json",
        "/iiif/2/wide.tif/info.json",
        "/iiif/3/wide.tif/full/300,/0/default.jpg",
        "/iiif/2/wide.tif/full/300,/0/default.png",
        "/iiif/3/wide.tif/full/frob/0/default.png",
        "/iiif/3/nothing.tif/info.json",
    ] {
        let (get, head) = (site.get(path), site.ask("HEAD", path, &[]));
        assert_eq!(get.status, head.status, "HTTP-20: {path}");
        for name in ["content-type", "content-length", "etag", "link", "last-modified"] {
            assert_eq!(get.header(name), head.header(name), "HTTP-21, 22: {path}: {name}");
        }
        let asked = [("Origin", "http://viewer.example"), ("Access-Control-Request-Method", "GET")];
        let options = site.ask("OPTIONS", path, &asked);
        assert!(matches!(options.status, 200 | 204), "IMG3-HTTP-16: {path}");
        assert!(options.the("access-control-allow-methods").contains("GET"), "IMG3-HTTP-16: {path}");
        assert!(options.the("access-control-allow-headers").contains("Accept"), "IMG3-HTTP-17: {path}");
        for method in ["POST", "PUT", "DELETE"] {
            assert_eq!(site.ask(method, path, &[]).status, 405, "{method} {path}");
        }
    }
}

#[test]
fn errors_have_their_status_and_say_why() {
    let site = masters::site();
    for (rule, path, status) in [
        ("ERR-01", "/iiif/3/nothing.tif/info.json", 404),
        ("ERR-01", "/iiif/2/nothing.tif/full/full/0/default.jpg", 404),
        ("ERR-01", "/iiif/3/nothing.tif", 303),
        ("ERR-02", "/iiif/3/wide.tif/full/max/0", 404),
        ("ERR-02", "/iiif/3/a/b/full/max/0/default.jpg", 404),
        ("ERR-02", "/iiif/4/wide.tif/info.json", 404),
        ("ERR-02", "/iiif/3/wide.tif/info.xml", 404),
        ("ERR-03", "/iiif/3/wide.tif/frob/max/0/default.jpg", 400),
        ("ERR-03", "/iiif/3/wide.tif/full/max/0/default", 400),
    ] {
        let answer = site.expect(status, path);
        let text = answer.the("content-type").starts_with("text/") && !answer.text().is_empty();
        assert!(text, "{rule}: {path}");
    }
}

#[test]
fn profile_links_name_the_level() {
    let site = masters::site();
    for version in [3, 2] {
        let profile = format!("http://iiif.io/api/image/{version}/level2.json");
        for path in ["info.json", "full/300,/0/default.jpg"] {
            let answer = site.expect(200, &format!("/iiif/{version}/wide.tif/{path}"));
            assert_eq!(answer.link("profile"), Some(profile.as_str()), "LINK-01, 02");
        }
    }
}
