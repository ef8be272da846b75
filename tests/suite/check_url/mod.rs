//! `recto check --url`: our own server is found clean, and of a server with one fault just this fault is found.

mod faults;
pub mod stand_in;

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::http::Answer;
use crate::picture::Picture;
use crate::site::{Setup, Site};
use stand_in::StandIn;

/// A master of odd sides with a few levels, and one in gray; in formats that are quick to make.
fn site() -> Site {
    let server = "workers = 2\n[offer]\nformats = [\"jpg\", \"png\", \"webp\"]\n";
    let site = Site::with(&Setup { server, ..Setup::default() });
    site.add("maps/odd 1.tif", &Picture::waves(600, 275, 3).master());
    site.add("gray.tif", &Picture::waves(300, 201, 1).master());
    site
}

/// The path of the master below an API's prefix.
const MAP: &str = "maps%2Fodd%201.tif";

/// The exit status of the command, and its report.
fn examined(url: &str, more: &[&str]) -> (Option<i32>, Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.args(["check", "--url", url, "--json", "--rate", "1000"]).args(more);
    let output = command.output().expect("recto runs");
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|_| panic!("{url}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), report)
}

/// What is not fine in a report: one finding a line.
fn complaints(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings").iter();
    let wrong = findings.filter(|finding| finding["severity"] != "fine");
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
    wrong
        .map(|finding| {
            ["severity", "about", "what", "advice", "command"].map(|name| text(finding, name)).join(" | ")
        })
        .collect()
}

#[test]
fn our_own_server_is_clean_in_both_versions() {
    let site = site();
    for path in [
        format!("/iiif/3/{MAP}"),
        format!("/iiif/2/{MAP}/info.json"),
        "/iiif/3/gray.tif/".to_owned(),
        "/iiif/2/gray".to_owned(),
    ] {
        let (status, report) = examined(&format!("http://localhost:{}{path}", site.port), &[]);
        assert_eq!((complaints(&report), status), (Vec::new(), Some(0)), "{path}");
        assert!(report["findings"].as_array().expect("findings").len() > 60, "{path}: all was looked at");
    }
}

#[test]
fn requests_are_counted() {
    let site = site();
    let through = StandIn::before(&site, |_| ());
    let (status, report) = examined(&through.url(&format!("/iiif/3/{MAP}")), &["--requests", "20"]);
    assert_eq!(through.asked(), 20);
    assert_eq!(status, Some(0), "what is not tried is not wrong");
    assert!(complaints(&report).iter().all(|line| line.contains("--requests allows more")), "{report}");
}

#[test]
fn what_is_no_image_is_said() {
    let site = site();
    let port = site.port;
    for (url, expected) in [
        (format!("http://localhost:{port}/iiif/3/nobody"), "status 404"),
        (format!("http://localhost:{port}/elsewhere"), "status 404"),
        ("http://localhost:1/iiif/3/a".to_owned(), "info.json"),
        ("localhost/iiif/3/a".to_owned(), "does not begin with http"),
        ("https://localhost:1/iiif/3/a".to_owned(), "info.json"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
        let output = command.args(["check", "--url", &url]).output().expect("recto runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{url}: {said}");
        assert!(said.contains(expected), "{url}: {said}");
    }
}

/// A certificate that nobody knows is not taken.
#[test]
fn tls_is_checked() {
    let site = site();
    let directory = tempfile::tempdir().expect("a directory");
    let at = |name: &str| directory.path().join(name).display().to_string();
    let (key, certificate) = (at("key.pem"), at("certificate.pem"));
    let config = at("openssl.cnf");
    let text = "[req]\ndistinguished_name = dn\nx509_extensions = v3\nprompt = no\n[dn]\nCN = localhost\n[v3]\n\
                subjectAltName = DNS:localhost\nbasicConstraints = CA:FALSE\n";
    fs::write(&config, text).expect("written");
    let openssl = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-config", &config];
    let made = Command::new("openssl").args(openssl).args(["-keyout", &key, "-out", &certificate]).output();
    let made = made.expect("openssl is installed");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let proxy = stand_in::Tls::before(&site, directory.path(), &key, &certificate);
    let url = format!("https://localhost:{}/iiif/3/gray.tif", proxy.port);
    let ask = |roots: Option<&str>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
        command.args(["check", "--json", "--rate", "1000", "--url", &url]);
        if let Some(roots) = roots {
            command.env("SSL_CERT_FILE", roots);
        }
        let output = command.output().expect("recto runs");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (status, said) = ask(None);
    assert!(status == Some(1) && (said.contains("certificate") || said.contains("UnknownIssuer")), "{said}");
    let (_, said) = ask(Some(&certificate));
    assert!(said.contains("every member is of its kind"), "{said}");
}

/// The first value of a header, for those who plant faults.
fn set(answer: &mut Answer, name: &str, value: Option<&str>) {
    answer.headers.retain(|(key, _)| key != name);
    answer.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
}
