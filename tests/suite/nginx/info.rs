//! info.json: what it calls itself, as which type it comes, and the redirect that leads to it.

use serde_json::Value;

use super::settings::is_content;
use crate::judge::run;
use crate::site::{MASTER, Setup, Site};

const JSON: &str = "application/json";
const LINKED: &str = "application/ld+json";
const LINKED_3: &str = "application/ld+json;profile=\"http://iiif.io/api/image/3/context.json\"";
const CONTEXT_3: &str = "http://iiif.io/api/image/3/context.json";
const CONTEXT_2: &str = "http://iiif.io/api/image/2/context.json";

/// The base URI in an info.json of either version.
fn id(info: &Value) -> &str {
    info.get("id").or_else(|| info.get("@id")).and_then(Value::as_str).expect("an id")
}

#[test]
fn both_versions_describe_the_picture() {
    let site = Site::start();
    for (version, context, context_key) in [(3, CONTEXT_3, "type"), (2, CONTEXT_2, "@type")] {
        let path = format!("/iiif/{version}/{MASTER}");
        let answer = site.expect(200, &format!("{path}/info.json"));
        assert!(answer.text().starts_with("{\"@context\""), "{}", answer.text());
        let info = answer.json();
        assert_eq!(info["@context"], context);
        assert!(info.get(context_key).is_some());
        assert_eq!((&info["width"], &info["height"]), (&1500.into(), &1100.into()));
        assert_eq!(site.path_of(id(&info)), path);
        let profile = format!("http://iiif.io/api/image/{version}/level2.json");
        assert_eq!(answer.link("profile"), Some(profile.as_str()));
    }
}

#[test]
fn the_type_is_negotiated() {
    let site = Site::start();
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let picky = "application/ld+json;profile=\"http://iiif.io/api/image/3/context.json\"";
    let long = format!("application/json, {}", "text/x-very-long-type, ".repeat(40));
    for (accept, of_3, of_2) in [
        (None, LINKED_3, JSON),
        (Some("*/*"), LINKED_3, JSON),
        (Some(browser), LINKED_3, JSON),
        (Some(JSON), JSON, JSON),
        (Some(LINKED), LINKED_3, LINKED),
        (Some(picky), LINKED_3, LINKED),
        (Some("application/json, application/ld+json"), LINKED_3, LINKED),
        (Some("application/ld+json, application/json"), LINKED_3, LINKED),
        (Some("application/ld+json;q=0.5, application/json"), JSON, JSON),
        (Some("application/ld+json;q=0.5, application/json;q=0.4"), LINKED_3, LINKED),
        (Some("application/json;q=0"), LINKED_3, LINKED),
        (Some("application/ld+json;q=0"), JSON, JSON),
        (Some("Application/JSON; charset=utf-8"), JSON, JSON),
        (Some("image/png"), LINKED_3, JSON),
        (Some("nonsense;;q=,,=\"/"), LINKED_3, JSON),
        (Some(long.as_str()), JSON, JSON),
    ] {
        for (version, expected) in [(3, of_3), (2, of_2)] {
            let headers: Vec<_> = accept.iter().map(|value| ("Accept", *value)).collect();
            let path = format!("/iiif/{version}/{MASTER}/info.json");
            // From the worker, and from the cache.
            for _ in 0..2 {
                let answer = site.ask("GET", &path, &headers);
                assert_eq!(
                    (answer.status, answer.the("content-type")),
                    (200, expected),
                    "{version} {accept:?}"
                );
                assert!(answer.all("vary").contains(&"Accept"), "{:?}", answer.all("vary"));
                assert_eq!(
                    id(&answer.json()),
                    format!("http://localhost:{}{}", site.port, &path[..path.len() - 10])
                );
                let context = answer.link("http://www.w3.org/ns/json-ld#context");
                assert_eq!(context.is_some(), expected == JSON, "{version} {accept:?}");
            }
        }
    }
}

#[test]
fn the_base_uri_leads_to_info_json() {
    let site = Site::start();
    for (path, location) in [
        (format!("/iiif/3/{MASTER}"), format!("/iiif/3/{MASTER}/info.json")),
        (format!("/iiif/2/{MASTER}/"), format!("/iiif/2/{MASTER}/info.json")),
        (format!("/iiif/3/{MASTER}?a=b"), format!("/iiif/3/{MASTER}/info.json")),
    ] {
        let answer = site.expect(303, &path);
        assert_eq!(site.path_of(answer.the("location")), location);
        site.expect(200, &location);
    }
}

#[test]
fn the_host_header_never_shows() {
    let site = Site::start();
    let base = format!("http://localhost:{}/iiif/3/{MASTER}", site.port);
    let absolute = format!("http://evil.example/iiif/3/{MASTER}/info.json");
    let headers = [
        ("Host", "evil.example"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "host=evil.example;proto=https"),
    ];
    for target in [absolute, format!("/iiif/3/{MASTER}/info.json")] {
        let answer = site.ask("GET", &target, &headers);
        assert_eq!((answer.status, id(&answer.json())), (200, base.as_str()), "{target}");
    }
    let redirect = site.ask("GET", format!("/iiif/3/{MASTER}"), &headers);
    assert_eq!(redirect.the("location"), format!("{base}/info.json"));
    let picture = site.ask("GET", format!("/iiif/3/{MASTER}/full/90,/0/default.jpg"), &headers);
    assert_eq!(picture.link("canonical"), Some(format!("{base}/full/90,66/0/default.jpg").as_str()));
    // The first to come asked with a foreign Host: the others must not see it.
    assert_eq!(site.get(&format!("/iiif/3/{MASTER}/info.json")).the("x-cache-status"), "HIT");
}

#[test]
fn the_base_is_the_configured_one() {
    let name = "server_name localhost;";
    let public = "workers = 1\npublic_url = \"https://images.example.org/of/iiif\"\n";
    // PORT stands for that of the site.
    for (server, server_name, base) in [
        (public, name, "https://images.example.org/of/iiif"),
        ("workers = 1\n", name, "http://localhost:PORT/iiif"),
        ("workers = 1\n", "server_name images.example.org;", "http://images.example.org:PORT/iiif"),
        ("workers = 1\n", "server_name images.example.org localhost;", "http://images.example.org:PORT/iiif"),
        ("workers = 1\n", "server_name _;", "http://localhost:PORT/iiif"),
        ("workers = 1\n", "server_name *.example.org;", "http://localhost:PORT/iiif"),
        ("workers = 1\n", "", "http://localhost:PORT/iiif"),
        ("workers = 1\ntrusted_hosts = []\n", "server_name _;", "http://127.0.0.1:PORT/iiif"),
    ] {
        let site = Site::with(&Setup { server, edits: &[(name, server_name)], ..Setup::default() });
        let base = format!("{}/3/{MASTER}", base.replace("PORT", &site.port.to_string()));
        assert_eq!(id(&site.get(&format!("/iiif/3/{MASTER}/info.json")).json()), base);
        let location = format!("{base}/info.json");
        assert_eq!(site.get(&format!("/iiif/3/{MASTER}")).the("location"), location);
        let picture = site.expect(200, &format!("/iiif/3/{MASTER}/full/60,/0/default.png"));
        assert_eq!(picture.link("canonical"), Some(format!("{base}/full/60,44/0/default.png").as_str()));
    }
}

/// TLS and HTTP/2, and a redirect for who comes without.
#[test]
fn the_example_of_a_site_works() {
    let site = Site::with(&Setup { example: true, ..Setup::default() });
    is_content(&site);
    let base = format!("https://images.example.org:{}", site.port);
    let resolve = format!("images.example.org:{}:127.0.0.1", site.port);
    let curl = |arguments: &[&str], url: &str| {
        let usual =
            ["--silent", "--show-error", "--insecure", "--include", "--path-as-is", "--resolve", &resolve];
        let answer = run("curl", &[&usual, arguments, &[url]].concat()).to_lowercase();
        assert_eq!(answer.matches("access-control-allow-origin: *\r\n").count(), 1, "{url}: {answer}");
        answer
    };
    let path = format!("/iiif/3/{MASTER}");
    for (status, path, says) in [
        (200, format!("{path}/info.json"), format!("\"id\":\"{base}{path}\"")),
        (303, path.clone(), format!("location: {base}{path}/info.json\r\n")),
        (200, format!("{path}/info.json?a=%2F"), "rel=\"profile\"".to_owned()),
        // What NGINX answers before or beside our location.
        (400, "/iiif/3/%zz/info.json".to_owned(), "nginx".to_owned()),
        (404, "/".to_owned(), "nginx".to_owned()),
    ] {
        let answer = curl(&["--http2"], &format!("{base}{path}"));
        assert!(
            answer.starts_with(&format!("http/2 {status} ")) && answer.contains(&says),
            "{path}: {answer}"
        );
    }
    for (status, path) in [(200, format!("{path}/info.json")), (414, format!("/iiif/3/{}", "a".repeat(9000)))]
    {
        let answer = curl(&["--http1.1"], &format!("{base}{path}"));
        assert!(answer.starts_with(&format!("http/1.1 {status} ")), "{answer}");
    }
    // One entry of the cache, whatever brings it.
    for (protocol, cache) in [("--http1.1", "miss"), ("--http2", "hit"), ("--http1.1", "hit")] {
        let answer = curl(
            &[protocol, "--output", "/dev/null", "--dump-header", "-"],
            &format!("{base}{path}/0,0,16,16/16,16/0/default.jpg"),
        );
        assert!(answer.contains(&format!("x-cache-status: {cache}\r\n")), "{protocol}: {answer}");
    }
    let plain = site.server.path("plain.sock").display().to_string();
    let url = format!("http://images.example.org{path}/a%2Fb/info.json?x=1");
    let redirect = curl(&["--unix-socket", &plain], &url);
    let location = url.replace("http://", "https://").to_lowercase();
    assert!(redirect.starts_with("http/1.1 301 ") && redirect.contains(&location), "{redirect}");
}
