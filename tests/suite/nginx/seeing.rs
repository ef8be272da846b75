//! What the service says of itself, through NGINX: to whom, and whether it is so.

use std::io::Write;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::http::{self, Answer};
use crate::server::{send, until};
use crate::site::{MASTER, Setup, Site};

const TILE: &str = "0,0,256,256/256,256/0/default.png";

/// The answer to a GET of what the service says, which no page of others may read.
#[track_caller]
fn told(site: &Site, path: &str, headers: &[(&str, &str)]) -> Answer {
    let answer = http::request(site.port, "GET", path, headers).expect("an answer");
    assert_eq!(answer.all("access-control-allow-origin"), [""; 0], "{path}");
    answer
}

/// The value of a sample; 0 if it is not there.
fn sample(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().expect("a number"))
}

#[test]
fn health_is_for_everybody_and_all_else_for_those_who_are_let_in() {
    let site = Site::start();
    let health = told(&site, "/iiif/health", &[]);
    assert_eq!((health.status, health.text()), (200, "ok\n"));
    assert_eq!(health.the("cache-control"), "no-store");

    let page = told(&site, "/iiif/status", &[("Accept", "text/html,*/*;q=0.8")]);
    assert_eq!((page.status, page.the("content-type")), (200, "text/html; charset=utf-8"));
    assert!(
        page.text().contains("<h1>Recto is ready</h1>") && page.text().contains("http-equiv=\"refresh\"")
    );
    assert!(page.the("content-security-policy").contains("default-src 'none'"));
    let still = told(&site, "/iiif/status?still", &[]);
    assert!(!still.text().contains("http-equiv=\"refresh\""), "{}", still.text());
    for (path, accept) in [
        ("/iiif/status.json", "*/*"),
        ("/iiif/status?format=json", "text/html"),
        ("/iiif/status", "application/json"),
    ] {
        let answer = told(&site, path, &[("Accept", accept)]);
        assert_eq!(answer.the("content-type"), "application/json", "{path}");
        let report = answer.json();
        assert_eq!((&report["ready"], &report["generation"]), (&true.into(), &1.into()), "{path}");
        let workers = report["workers"].as_array().expect("workers");
        assert_eq!(workers.len(), 4);
        assert!(workers.iter().all(|worker| worker["state"] == "idle"), "{report}");
    }
    let head = http::request(site.port, "HEAD", "/iiif/status", &[]).expect("an answer");
    assert_eq!((head.status, head.body.len()), (200, 0));
    let post =
        http::request(site.port, "POST", "/iiif/metrics", &[("Content-Length", "0")]).expect("an answer");
    assert_eq!((post.status, post.the("allow")), (405, "GET, HEAD"));
    // Images may have these names, and nobody reaches the inner place.
    assert_eq!(site.get("/iiif/3/status/info.json").status, 404);
    assert_eq!(told(&site, "/iiif/service", &[]).status, 404);

    let local = [("local-status.conf", "deny all;\n")];
    let site = Site::with(&Setup { local: &local, ..Setup::default() });
    for path in ["/iiif/status", "/iiif/status.json", "/iiif/metrics"] {
        assert_eq!(told(&site, path, &[]).status, 403, "{path}");
    }
    assert_eq!(told(&site, "/iiif/health", &[]).status, 200);
}

#[test]
fn a_pool_that_is_gone_is_not_healthy() {
    let mut site = Site::start();
    assert_eq!(site.server.stop(), Some(0));
    let health = http::request(site.port, "GET", "/iiif/health", &[]).expect("an answer");
    assert_eq!(health.status, 503);
}

#[test]
fn answers_are_counted_by_class_path_and_status_and_outlive_their_workers() {
    let local = [("local.conf", "fastcgi_cache off;\n")];
    let server = "workers = 1\nbackground_workers = 1\n";
    let site = Site::with(&Setup { server, local: &local, ..Setup::default() });
    let tile = format!("/iiif/3/{MASTER}/{TILE}");
    let metrics = || told(&site, "/iiif/metrics", &[]).text().to_owned();
    let count = |class: &str, path: &str, status: u16| {
        let name = format!("recto_requests_total{{class=\"{class}\",path=\"{path}\",status=\"{status}\"}}");
        sample(&metrics(), &name)
    };

    let etag = site.expect(200, &tile).the("etag").to_owned();
    site.expect(200, &tile);
    assert_eq!(site.ask("GET", &tile, &[("If-None-Match", &etag)]).status, 304);
    assert_eq!(site.ask("GET", &tile, &[("If-None-Match", "\"other\"")]).status, 200);
    site.expect(200, &format!("/iiif/3/{MASTER}/info.json"));
    site.expect(303, &format!("/iiif/3/{MASTER}"));
    site.expect(404, "/iiif/3/nothing/info.json");
    site.expect(400, &format!("/iiif/3/{MASTER}/nonsense/max/0/default.jpg"));
    site.expect(200, &format!("/iiif/3/{MASTER}/full/max/0/default.jp2"));

    assert_eq!(count("cheap", "decoded", 200), 3.0, "{}", metrics());
    assert_eq!(count("none", "not_modified", 304), 1.0);
    assert_eq!((count("cheap", "info", 200), count("none", "redirected", 303)), (1.0, 1.0));
    assert_eq!((count("none", "refused", 404), count("none", "refused", 400)), (1.0, 1.0));
    // By the other worker, which counts what it has sent.
    until("it is counted", || count("middling", "decoded", 200) == 1.0);
    let text = metrics();
    for (name, value) in [
        ("recto_validations_total{outcome=\"fresh\"}", 1.0),
        ("recto_validations_total{outcome=\"stale\"}", 1.0),
        ("recto_handed_over_total{lane=\"middling\"}", 1.0),
        ("recto_queue_wait_seconds_count{lane=\"middling\"}", 1.0),
        ("recto_stage_duration_seconds_count{stage=\"decode\",format=\"tiff\"}", 4.0),
        ("recto_request_duration_seconds_count{class=\"cheap\"}", 4.0),
        ("recto_workers{lane=\"front\",state=\"idle\"}", 1.0),
        ("recto_ready", 1.0),
        ("recto_quarantined", 0.0),
    ] {
        assert_eq!(sample(&text, name), value, "{name} in {text}");
    }
    assert!(
        sample(&text, "recto_sent_bytes_total") > 3.0 * 256.0
            && sample(&text, "recto_decoded_pixels_total{format=\"tiff\"}") >= 3.0 * 65_536.0
    );

    let workers = site.server.all_workers();
    workers.iter().for_each(|worker| send(*worker, Signal::KILL));
    until("all workers are new", || {
        let now = site.server.all_workers();
        now.len() == 2 && workers.iter().all(|old| !now.contains(old))
    });
    until("they are counted", || sample(&metrics(), "recto_worker_deaths_total{cause=\"idle\"}") == 2.0);
    assert_eq!((count("cheap", "decoded", 200), count("middling", "decoded", 200)), (3.0, 1.0));
    site.expect(200, &tile);
    assert_eq!(count("cheap", "decoded", 200), 4.0);
}

#[test]
fn prometheus_finds_nothing_wrong_with_the_metrics() {
    let site = Site::start();
    site.expect(200, &format!("/iiif/3/{MASTER}/{TILE}"));
    let metrics = told(&site, "/iiif/metrics", &[]);
    assert_eq!(metrics.the("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = promtool.spawn().expect("promtool is installed");
    promtool.stdin.take().expect("a pipe").write_all(&metrics.body).expect("read");
    let output = promtool.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn a_slow_master_is_named_with_what_makes_it_slow_and_its_name_is_no_page() {
    let server = "workers = 1\nbackground_workers = 1\n[png]\ncompression = \"high\"";
    let site = Site::with(&Setup { server, ..Setup::default() });
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, 1500, 1500);
    encoder.set_color(png::ColorType::Rgb);
    let noise = |at: u32| (at.wrapping_mul(2_654_435_761) >> 28) as u8 | (at / 40_000) as u8 & 0xf0;
    let pixels: Vec<u8> = (0..1500 * 1500 * 3).map(noise).collect();
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&pixels)).expect("encoded");
    site.add("<b>slow & flat.png", &file);
    site.expect(200, "/iiif/3/%3Cb%3Eslow%20%26%20flat.png/full/max/0/default.png");
    // The worker counts it when all is sent.
    let report = || told(&site, "/iiif/status.json", &[]).json();
    until("it is among the slowest", || report()["slowest"][0].is_object());
    let report = report();
    let slowest = &report["slowest"][0];
    assert_eq!((&slowest["path"], &slowest["times"]), (&"<b>slow & flat.png".into(), &1.into()), "{report}");
    assert!(slowest["worst"].as_f64().expect("seconds") >= 0.1);
    assert!(slowest["reasons"][0].as_str().expect("a reason").contains("a flat file"), "{slowest}");
    let page = told(&site, "/iiif/status", &[]);
    assert!(page.text().contains("&lt;b&gt;slow &amp; flat.png") && !page.text().contains("<b>"));
}

#[test]
fn pictures_say_how_long_they_took_only_if_the_operator_wants_it() {
    let tile = format!("/iiif/3/{MASTER}/{TILE}");
    assert_eq!(Site::start().expect(200, &tile).header("server-timing"), None);
    let server = "workers = 1\nserver_timing = true\n";
    let site = Site::with(&Setup { server, ..Setup::default() });
    let answer = site.expect(200, &tile);
    let timing = answer.the("server-timing");
    let names: Vec<_> = timing.split(", ").filter_map(|entry| entry.split(';').next()).collect();
    assert_eq!(names, ["open", "plan", "decode", "encode", "path"], "{timing}");
    assert!(timing.contains("decode;dur=") && timing.ends_with("path;desc=decoded"), "{timing}");
    assert_eq!(answer.the("timing-allow-origin"), "*");
    let info = site.expect(200, &format!("/iiif/3/{MASTER}/info.json"));
    assert!(info.the("server-timing").ends_with("path;desc=info"));
    assert_eq!(site.expect(404, "/iiif/3/nothing/info.json").header("server-timing"), None);
}
