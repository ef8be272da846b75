//! The dashboard and the rules for alerts: that they are right, and speak of metrics that there are.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::http;
use crate::site::{MASTER, Setup, Site};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("monitoring").join(name)
}

/// The names of metrics in a text; those of a histogram's series are its own.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let names = words.filter(|word| word.starts_with("recto_"));
    let family = |name: &str| {
        let ends = ["_bucket", "_sum", "_count"];
        ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name).to_owned()
    };
    names.map(family).collect()
}

#[test]
fn dashboard_and_alerts_speak_of_metrics_that_there_are() {
    // Of a store that nobody needs to reach there are metrics too.
    let cache = tempfile::tempdir().expect("a directory");
    let server = format!(
        "workers = 2\n[cache]\ndirectory = \"{}/blocks\"\n[[source]]\nprefix = \"far/\"\nurl = \"http://127.0.0.1:1/\"\n",
        cache.path().display()
    );
    let site = Site::with(&Setup { server: &server, ..Setup::default() });
    site.expect(200, &format!("/iiif/3/{MASTER}/0,0,256,256/256,256/0/default.png"));
    let metrics = http::request(site.port, "GET", "/iiif/metrics", &[]).expect("an answer");
    let there = names(metrics.text());
    assert!(there.len() > 20, "{there:?}");
    for name in ["grafana.json", "recto.rules.yml"] {
        let used = names(&std::fs::read_to_string(file(name)).expect("shipped"));
        assert!(used.len() > 5, "{name}: {used:?}");
        let unknown: Vec<_> = used.difference(&there).collect();
        assert!(unknown.is_empty(), "{name} speaks of {unknown:?}");
    }
    let shown = names(&std::fs::read_to_string(file("grafana.json")).expect("shipped"));
    let unseen: Vec<_> = there.difference(&shown).collect();
    assert!(unseen.is_empty(), "nobody sees {unseen:?}");
}

#[test]
fn the_dashboard_is_one_and_its_panels_do_not_overlap() {
    let text = std::fs::read_to_string(file("grafana.json")).expect("shipped");
    let dashboard: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let place = |panel: &serde_json::Value| {
        ["x", "y", "w", "h"].map(|side| panel["gridPos"][side].as_u64().expect("a number"))
    };
    let mut taken = BTreeSet::new();
    for panel in panels {
        let [x, y, w, h] = place(panel);
        assert!(x + w <= 24, "{panel}");
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(taken.insert(cell), "{} lies on another", panel["title"]);
        }
        for target in panel["targets"].as_array().expect("targets") {
            assert!(target["expr"].as_str().is_some_and(|expr| expr.contains("$instance")), "{panel}");
        }
    }
}

#[test]
fn prometheus_takes_the_rules() {
    let output = Command::new("promtool").args(["check", "rules"]).arg(file("recto.rules.yml")).output();
    let output = output.expect("promtool is installed");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.contains("12 rules found"), "{said}");
}
