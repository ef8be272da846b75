//! URLs that begin with something other than `/iiif`: each prefix is a line in the vhost.

use crate::picture::LEAF;
use crate::site::{MASTER, Setup, Site};

/// The line that the shipped files tell an operator to write, for each of these.
fn served_at(prefixes: &[&str]) -> String {
    let line = |prefix: &&str| {
        format!("location ^~ {prefix}/ {{ set $recto_prefix {prefix}; rewrite ^ /iiif/ last; }}\n")
    };
    prefixes.iter().map(line).collect()
}

/// A site with these prefixes, and two pages named like a file in a directory.
fn site(prefixes: &[&str], server: &str) -> Site {
    let anchor = "location / { expires -1; }";
    let both = format!("{anchor}\n{}", served_at(prefixes));
    let site = Site::with(&Setup { server, edits: &[(anchor, &both)], ..Setup::default() });
    site.add("box/leaf one.tif", &LEAF.1);
    site
}

#[test]
fn an_old_prefix_and_a_nested_one_serve_beside_the_usual() {
    let site = site(&["/loris", "/digital/iiif"], "workers = 2\n");
    for prefix in ["/iiif", "/loris", "/digital/iiif"] {
        for version in ["2", "3"] {
            let image = format!("{prefix}/{version}/box%2Fleaf%20one.tif");
            let info = site.expect(200, &format!("{image}/info.json"));
            let id = if version == "2" { "@id" } else { "id" };
            assert_eq!(site.path_of(info.json()[id].as_str().expect("an id")), image);
            let led = site.expect(303, &image);
            assert_eq!(site.path_of(led.the("location")), format!("{image}/info.json"));
        }
    }
}

#[test]
fn links_and_copies_stay_below_the_prefix() {
    let site = site(&["/digital/iiif"], "workers = 2\n");
    for prefix in ["/digital/iiif", "/iiif"] {
        let image = format!("{prefix}/3/{MASTER}");
        let first = site.expect(200, &format!("{image}/full/pct:50/0/color.jpg"));
        let canonical = site.path_of(first.link("canonical").expect("a link")).to_owned();
        assert!(canonical.starts_with(&format!("{image}/full/")), "{canonical}");
        // Every spelling is led to one copy, which each prefix has of its own.
        for other in [canonical, format!("{image}/%66ull/pct:50/360/default.jpg")] {
            let answer = site.expect(200, &other);
            assert_eq!((answer.the("x-cache-status"), &answer.body), ("HIT", &first.body), "{other}");
        }
    }
    assert_eq!(site.ask("OPTIONS", "/digital/iiif/3/a/info.json", &[]).status, 204);
    assert_eq!(site.ask("POST", "/digital/iiif/3/a/info.json", &[]).status, 405);
    for path in [
        "/digital/iiif/",
        "/digital/iiif/4/a/info.json",
        "/digital/iiif/kept",
        "/digital/iiif/iiif/3/leaf.tif",
    ] {
        site.expect(404, path);
    }
}

#[test]
fn a_public_url_is_what_ids_begin_with_by_whichever_prefix_a_client_came() {
    let site = site(&["/loris"], "workers = 1\npublic_url = \"https://a.example/images\"\n");
    for prefix in ["/iiif", "/loris"] {
        let info = site.expect(200, &format!("{prefix}/3/{MASTER}/info.json"));
        assert_eq!(info.json()["id"], format!("https://a.example/images/3/{MASTER}"));
    }
}
