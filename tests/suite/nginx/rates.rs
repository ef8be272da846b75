//! How many requests of a client are let in: by kind, beyond what readers ask for, and hits in the cache count.

use std::thread;

use crate::http;
use crate::site::{MASTER, Setup, Site};

/// Nobody is let in but by the burst.
const STILL: [(&str, &str); 3] =
    [("rate=500r/s", "rate=1r/m"), ("rate=2000r/s", "rate=1r/m"), ("rate=200r/s", "rate=1r/m")];

#[test]
fn requests_are_of_three_kinds() {
    let local = [("local-headers.conf", "add_header X-Kind $recto_kind always;\n")];
    let site = Site::with(&Setup { local: &local, ..Setup::default() });
    for (kind, paths) in [
        ("info", &["leaf.tif/info.json", "no/such/info.json", "leaf.tif/info.json?x=/y"][..]),
        (
            "tile",
            &[
                "leaf.tif/0,0,512,512/256,256/0/default.jpg",
                "leaf.tif/0,0,4096,4096/256,/0/default.jpg",
                "leaf.tif/0,0,256,256/max/0/default.webp",
                "leaf.tif/0,0,1024,1024/full/0/default.png",
                "leaf.tif/0,0,2048,2048/1024,1024/0/default.jpg",
                "leaf.tif/full/!200,200/0/default.jpg",
                "leaf.tif/full/,150/0/gray.png",
                "leaf.tif/square/90,/!90/default.jpg",
                "box%2Fleaf.tif/full/90,/0/default.jpg?x=1",
            ],
        ),
        (
            "other",
            &[
                "leaf.tif/full/max/0/default.jpg",
                "leaf.tif/full/1025,/0/default.jpg",
                "leaf.tif/full/1500,200/0/default.jpg",
                "leaf.tif/0,0,1025,1024/max/0/default.jpg",
                "leaf.tif/full/pct:10/0/default.jpg",
                "leaf.tif",
                "leaf.tif/nonsense",
            ],
        ),
    ] {
        for path in paths {
            assert_eq!(site.get(&format!("/iiif/3/{path}")).the("x-kind"), kind, "{path}");
        }
    }
}

#[test]
fn each_kind_has_a_limit_of_its_own() {
    let bursts = "limit_req zone=recto_info burst=1 nodelay;\nlimit_req zone=recto_tiles burst=2 nodelay;\n\
                  limit_req zone=recto_others burst=3 nodelay;\n";
    let site = Site::with(&Setup { edits: &STILL, local: &[("local.conf", bursts)], ..Setup::default() });
    for (burst, path) in [
        (1, "info.json"),
        (2, "0,0,256,256/256,256/0/default.jpg"),
        // Led to what is kept, and counted once.
        (3, "full/pct:50/0/color.jpg"),
    ] {
        let path = format!("/iiif/3/{MASTER}/{path}");
        (0..=burst).for_each(|_| drop(site.expect(200, &path)));
        let refused = site.expect(429, &path);
        assert_eq!((refused.the("retry-after"), refused.the("cache-control")), ("1", "no-store"), "{path}");
        assert_eq!(refused.text(), "too many requests\n");
        assert_eq!(site.ask("HEAD", &path, &[]).status, 429, "{path}");
    }
    // A preflight asks for nothing.
    assert_eq!(site.ask("OPTIONS", "/iiif/3/leaf.tif/info.json", &[]).status, 204);
    assert!(!site.nginx_log().contains("limiting"), "a client fills the log: {}", site.nginx_log());
}

#[test]
fn who_is_exempt_has_no_limit() {
    let local = [
        ("local-http.conf", "geo $recto_unlimited { default 0; 127.0.0.0/8 1; }\n"),
        ("local.conf", "limit_req zone=recto_tiles;\n"),
    ];
    let site = Site::with(&Setup { edits: &STILL, local: &local, ..Setup::default() });
    (0..5).for_each(|_| drop(site.expect(200, &format!("/iiif/3/{MASTER}/full/90,/0/default.jpg"))));
}

/// Behind a proxy it is the address that the proxy tells.
#[test]
fn each_client_is_counted_by_itself() {
    let local = [
        ("local-http.conf", "set_real_ip_from 127.0.0.1;\nreal_ip_header X-Forwarded-For;\n"),
        ("local.conf", "limit_req zone=recto_tiles;\n"),
    ];
    let site = Site::with(&Setup { edits: &STILL, local: &local, ..Setup::default() });
    let path = format!("/iiif/3/{MASTER}/full/90,/0/default.jpg");
    let status = |client: &str| site.ask("GET", &path, &[("X-Forwarded-For", client)]).status;
    for (client, expected) in [
        ("192.0.2.1", 200),
        ("192.0.2.1", 429),
        ("192.0.2.2", 200),
        ("2001:db8:1:2:3:4:5:6", 200),
        ("2001:db8:1:2:f::9", 429),
        ("2001:db8:1:3::1", 200),
    ] {
        assert_eq!(status(client), expected, "{client}");
    }
}

/// What is shipped, of which `settings.conf` tells how it was chosen: so many at once, even if no more were let in later.
#[test]
fn the_shipped_limits_let_readers_in() {
    let site = Site::with(&Setup { edits: &STILL, ..Setup::default() });
    let clients = 4;
    for (path, let_in) in
        [("info.json", 3000), ("0,0,256,256/256,256/0/default.jpg", 6000), ("full/max/0/default.jpg", 1000)]
    {
        let path = format!("/iiif/3/{MASTER}/{path}");
        site.expect(200, &path);
        let refused = |requests: usize| -> usize {
            let status = |_| http::request(site.port, "HEAD", &path, &[]).expect("an answer").status;
            let ask = || (0..requests / clients).map(status).filter(|status| *status == 429).count();
            thread::scope(|scope| {
                let asking: Vec<_> = (0..clients).map(|_| scope.spawn(ask)).collect();
                asking.into_iter().map(|asking| asking.join().expect("no panic")).sum()
            })
        };
        assert_eq!((refused(let_in), refused(8)), (0, 8), "{path}");
    }
}
