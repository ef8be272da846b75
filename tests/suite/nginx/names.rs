//! Names: identifiers of all kinds lead back to their masters, and hostile ones lead nowhere; hosts that are trusted
//! are told, and others plant nothing.

use serde_json::Value;

use super::cache::entries;
use crate::picture::STAMP;
use crate::site::{MASTER, Setup, Site};

#[test]
fn names_of_all_kinds_lead_back() {
    let site = Site::start();
    // The file, the identifier as a client writes it, and the one that the server writes.
    for (file, asked, expected) in [
        ("plain.tif", "plain.tif", "plain.tif"),
        ("plain2.tif", "%70lain2%2Etif", "plain2.tif"),
        ("a b.tif", "a%20b.tif", "a%20b.tif"),
        ("a+b.tif", "a+b.tif", "a+b.tif"),
        ("ä漢.tif", "%C3%A4%e6%bc%a2.tif", "%C3%A4%E6%BC%A2.tif"),
        ("ö.tif", "ö.tif", "%C3%B6.tif"),
        ("100%.tif", "100%25.tif", "100%25.tif"),
        ("c%2Fd.tif", "c%252Fd.tif", "c%252Fd.tif"),
        ("what?.tif", "what%3F.tif", "what%3F.tif"),
        ("#1.tif", "%231.tif", "%231.tif"),
        ("[e]@f.tif", "[e]@f.tif", "%5Be%5D%40f.tif"),
        ("+&;:,='()~!$*.tif", "+&;:,='()~!$*.tif", "+&;:,='()~!$*.tif"),
        ("\"<g>\\|^.tif", "%22%3Cg%3E%5C%7C%5E.tif", "%22%3Cg%3E%5C%7C%5E.tif"),
        ("box 1/leaf 2/h.tif", "box%201%2Fleaf%202%2Fh.tif", "box%201%2Fleaf%202%2Fh.tif"),
        ("box 1/i.tif", "box%201%2fi.tif", "box%201%2Fi.tif"),
        ("k", "k", "k"),
        ("info.json", "info.json", "info.json"),
        ("l.tif", "l", "l"),
        ("m.TIFF", "m", "m"),
        ("n.o.ptif", "n.o", "n.o"),
    ] {
        site.add(file, &STAMP);
        let info = site.expect(200, &format!("/iiif/3/{asked}/info.json")).json();
        let id = info["id"].as_str().expect("a text").to_owned();
        assert_eq!(site.path_of(&id), format!("/iiif/3/{expected}"), "{file}");
        let info_2 = site.expect(200, &format!("/iiif/2/{asked}/info.json")).json();
        assert_eq!(
            site.path_of(info_2["@id"].as_str().expect("a text")),
            format!("/iiif/2/{expected}"),
            "{file}"
        );
        let picture = site.expect(200, &format!("/iiif/3/{asked}/full/max/0/default.png"));
        let canonical = site.path_of(picture.link("canonical").expect("a link")).to_owned();
        assert!(site.expect(200, &canonical).body == picture.body, "{file}");
        let redirect = site.expect(303, site.path_of(&id));
        let location = site.path_of(redirect.the("location")).to_owned();
        assert_eq!(site.expect(200, &location).json()["id"], Value::from(id), "{file}");
    }
}

#[test]
fn an_ambiguous_name_needs_its_extension() {
    let site = Site::start();
    for name in ["twin.tif", "twin.tiff"] {
        site.add(name, &STAMP);
        site.expect(200, &format!("/iiif/3/{name}/info.json"));
    }
    let answer = site.expect(404, "/iiif/3/twin/info.json");
    assert!(answer.text().contains("extension"), "{}", answer.text());
}

#[test]
fn hostile_paths_are_refused_and_harm_nobody() {
    let site = Site::start();
    std::fs::write(site.server.path("secret.tif"), STAMP.as_slice()).expect("written");
    std::os::unix::fs::symlink("../secret.tif", site.server.path("masters/link.tif")).expect("linked");
    std::os::unix::fs::symlink("/etc/passwd", site.server.path("masters/passwd.tif")).expect("linked");
    let before = site.server.all_workers();
    let digits = "9".repeat(5000);
    let info = |identifier: &str| format!("/iiif/3/{identifier}/info.json").into_bytes();
    let image = |rest: &str| format!("/iiif/3/{MASTER}/{rest}").into_bytes();
    let mut paths: Vec<Vec<u8>> = [
        "../secret.tif",
        "..%2fsecret.tif",
        "..%2Fsecret.tif",
        "%2e%2e%2fsecret.tif",
        "x%2F..%2F..%2Fsecret.tif",
        "%2Fetc%2Fpasswd",
        "..%2f..%2f..%2fetc%2fpasswd",
        "..%5csecret.tif",
        "%252e%252e%252fsecret.tif",
        "..%252Fsecret.tif",
        "%c0%ae%c0%ae%2fsecret.tif",
        "%ff%fe",
        "a%00b",
        "leaf.tif%00",
        "%00",
        "%zz",
        "%",
        "%2",
        "a%0d%0aX-Evil:%201",
        "a%0Ab",
        "a%7f",
        "%c2%85",
        ".",
        "..",
        "%2e",
        "%2e%2e",
        "%2F",
        "leaf.tif%2F",
        "%2Fleaf.tif",
        "a%2F%2Fb",
        "a/b",
        "a//b",
        "link",
        "link.tif",
        "passwd.tif",
        "nothing%2Fhere",
        "~root",
        "file:%2F%2F%2Fetc%2Fpasswd",
        "http:%2F%2Fevil.example%2Fa.tif",
        "CON",
        "leaf.tif;x",
        "leaf.tif%20",
        "*",
        "' OR 1=1",
        "%24%7Bjndi:ldap:x%7D",
        "`id`",
        "%F0%9F%92%A9",
    ]
    .iter()
    .map(|identifier| info(&identifier.replace(' ', "%20")))
    .collect();
    for length in [1024, 1025, 4000, 7000, 9000, 40_000] {
        paths.push(info(&"a".repeat(length)));
        paths.push(info(&"%2F".repeat(length / 3)));
    }
    for rest in [
        format!("{digits},0,1,1/max/0/default.jpg"),
        format!("0,0,{digits},{digits}/{digits},/0/default.jpg"),
        format!("pct:{digits},0,1,1/max/0/default.jpg"),
        format!("pct:0.{digits},0,x,1/max/0/default.jpg"),
        format!("full/{digits},/0/default.jpg"),
        format!("full/^{digits},{digits}/0/default.jpg"),
        format!("full/pct:{digits}/0/default.jpg"),
        format!("full/max/{digits}/default.jpg"),
        format!("full/max/0/{digits}.jpg"),
        format!("full/max/0/default.{digits}"),
        "full/4294967297,/0/default.jpg".into(),
        "full/^18446744073709551617,/0/default.jpg".into(),
        "0,0,0,0/max/0/default.jpg".into(),
        "-1,-1,5,5/max/0/default.jpg".into(),
        "nan,inf,1e3,0x10/max/0/default.jpg".into(),
        "%00/max/0/default.jpg".into(),
        "full/%zz/0/default.jpg".into(),
        "full/max/0/default.jpg%00.png".into(),
        "full/max/0/default.jpg/".into(),
        "full/max/0/default.jpg/..%2f..%2f".into(),
        "full//0/default.jpg".into(),
        "full/%2e%2e/0/default.jpg".into(),
    ] {
        paths.push(image(&rest));
    }
    paths.push(b"/iiif/3/\xff\xfe/info.json".to_vec());
    paths.push(b"/iiif/3/../../etc/passwd".to_vec());
    paths.push(b"/iiif/3/%2e%2e/%2e%2e/etc/passwd".to_vec());
    paths.push(b"//iiif//3//leaf.tif//info.json".to_vec());
    paths.push(b"*".to_vec());
    for path in &paths {
        let answer = site.ask("GET", path, &[]);
        let name = String::from_utf8_lossy(&path[..path.len().min(100)]).into_owned();
        assert!((400..500).contains(&answer.status), "{name}: {}", answer.status);
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!body.contains("root:") && !body.contains("/tmp") && body.len() < 1000, "{name}: {body}");
        assert_eq!(answer.header("x-evil"), None);
    }
    assert_eq!(site.server.all_workers(), before);
    // A link that leads out of the root is reported to the operator; nothing here is an error.
    let log = site.server.log();
    assert!(!log.contains("error:") && log.contains("warn: a master is out of reach"), "{log}");
    site.expect(200, &format!("/iiif/3/{MASTER}/info.json"));
}

/// What info.json, the redirect to it and the canonical link begin with, for a client that asks for `host`; all agree.
#[track_caller]
fn base(site: &Site, host: &str) -> String {
    let ask = |rest: &str| site.ask("GET", format!("/iiif/3/{MASTER}{rest}"), &[("Host", host)]);
    let id = ask("/info.json").json()["id"].as_str().expect("an id").to_owned();
    assert_eq!(ask("").the("location"), format!("{id}/info.json"), "{host}");
    let canonical = format!("{id}/full/60,44/0/default.png");
    assert_eq!(ask("/full/60,/0/default.png").link("canonical"), Some(canonical.as_str()), "{host}");
    id.strip_suffix(&format!("/iiif/3/{MASTER}")).expect("our path").to_owned()
}

/// A container: NGINX does not know what it is called outside, nor which port leads to it.
#[test]
fn a_server_without_a_name_is_called_what_trusted_clients_call_it() {
    let trusting =
        "workers = 1\ntrusted_hosts = [\"images.example.org\", \"*.example.net:8443\", \"box_1:*\"]\n";
    let name = "server_name localhost;";
    for server_name in ["server_name _;", "server_name *.example.net;", "server_name ~^(?<x>.+)$;", ""] {
        let site = Site::with(&Setup { server: trusting, edits: &[(name, server_name)], ..Setup::default() });
        let address = format!("http://127.0.0.1:{}", site.port);
        for (host, expected) in [
            ("images.example.org", "http://images.example.org"),
            ("Images.Example.ORG:80", "http://images.example.org"),
            ("a.example.net:8443", "http://a.example.net:8443"),
            ("box_1:32768", "http://box_1:32768"),
        ] {
            assert_eq!(base(&site, host), expected, "{server_name} {host}");
        }
        assert!(!site.server.log().contains("trusted_hosts if it is yours"), "{}", site.server.log());

        // Whoever is not listed is told the address, leaves nothing behind, and the log says what to do, once.
        assert_eq!(base(&site, "evil.example"), address);
        let before = entries(&site);
        for n in 0..20 {
            assert_eq!(base(&site, &format!("evil-{n}.example")), address);
            assert_eq!(base(&site, &format!("images.example.org:{}", 9000 + n)), address);
            let missing = ("Host", &*format!("evil-{n}.example"));
            assert_eq!(site.ask("GET", "/iiif/3/missing/info.json", &[missing]).status, 404);
            assert_eq!(site.ask("GET", "/iiif/3/leaf.tif/full/0,/0/default.jpg", &[missing]).status, 400);
        }
        assert_eq!(entries(&site), before, "{server_name}");
        let log = site.server.log();
        let warnings: Vec<_> =
            log.lines().filter(|line| line.contains("trusted_hosts if it is yours")).collect();
        assert!(
            warnings.len() == 1 && warnings[0].contains("\"evil.example\"") && warnings[0].contains(&address),
            "{log}"
        );
        assert_eq!(base(&site, "images.example.org"), "http://images.example.org");
    }
}

#[test]
fn whoever_is_on_the_machine_may_call_it_so() {
    let edits = [("server_name localhost;", "server_name _;")];
    let site = Site::with(&Setup { edits: &edits, ..Setup::default() });
    let port = site.port;
    for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "localhost"] {
        assert_eq!(base(&site, host), format!("http://{host}"));
    }
    assert_eq!(base(&site, "192.0.2.7:8080"), format!("http://127.0.0.1:{port}"));
    assert!(site.server.log().contains("localhost:*, 127.0.0.1:*, [::1]:*"), "{}", site.server.log());

    // A vhost with a name, on the usual port, to which another port leads.
    let edits = [("    default            \":$server_port\";", "    default \"\";")];
    let site = Site::with(&Setup { edits: &edits, ..Setup::default() });
    for (host, expected) in [
        ("localhost", "localhost"),
        ("localhost:8080", "localhost:8080"),
        ("192.0.2.7", "localhost"),
        ("192.0.2.7:8080", "localhost"),
        ("evil.example:8080", "localhost"),
        ("127.0.0.1:8080", "localhost"),
    ] {
        assert_eq!(base(&site, host), format!("http://{expected}"), "{host}");
    }
}

#[test]
fn a_name_may_have_an_underscore() {
    let name = "server_name localhost;";
    for server_name in ["my_images", "_a.example.org", "my_images.example.org"] {
        let edits = [(name, &*format!("server_name {server_name};"))];
        let site = Site::with(&Setup { edits: &edits, ..Setup::default() });
        assert_eq!(base(&site, server_name), format!("http://{server_name}:{}", site.port));
        assert_eq!(base(&site, "evil.example"), format!("http://{server_name}:{}", site.port));
    }
}

#[test]
fn the_public_url_is_told_whatever_a_client_asks_for() {
    let server = "workers = 1\npublic_url = \"https://images.example.org/of/iiif\"\n";
    for server_name in ["server_name _;", "server_name localhost;"] {
        let edits = [("server_name localhost;", server_name)];
        let site = Site::with(&Setup { server, edits: &edits, ..Setup::default() });
        let ask = |host: &str| site.ask("GET", format!("/iiif/3/{MASTER}/info.json"), &[("Host", host)]);
        for host in ["images.example.org", "localhost:8080", "evil.example", "evil.example:80"] {
            let id = format!("https://images.example.org/of/iiif/3/{MASTER}");
            assert_eq!(ask(host).json()["id"], Value::from(id), "{host}");
        }
        let before = entries(&site);
        (0..20).for_each(|n| drop(ask(&format!("evil-{n}.example:99"))));
        assert_eq!(entries(&site), before);
        assert!(!site.server.log().contains("if it is yours"));
        assert!(site.server.log().contains("ids begin with https://images.example.org/of/iiif/3/"));
    }
}
