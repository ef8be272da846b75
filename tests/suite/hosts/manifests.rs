//! The manifests under `deploy/`: what the schemas of Kubernetes say of them, and that they mean what the tested files say.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::balancer::HAPROXY;
use crate::fetched;
use crate::judge::skipped;

/// The oldest one that is still in use somewhere, and the newest that the checker knows.
const VERSIONS: [&str; 2] = ["1.28", "1.37"];

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

/// What a program of the checker's environment says, which has to be content.
fn said(program: &str, arguments: &[&str], files: &[PathBuf]) -> String {
    let path = fetched::directory("validator").join("bin").join(program);
    let output = Command::new(path).args(arguments).args(files).output().expect("runs");
    let [out, error] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(output.status.success(), "{program} {arguments:?}: {out}{error}");
    out
}

/// All objects in files of YAML.
fn objects(files: &[PathBuf]) -> Vec<Value> {
    let program = "import json, sys, yaml\n\
                   print(json.dumps([o for f in sys.argv[1:] for o in yaml.safe_load_all(open(f))]))";
    serde_json::from_str(&said("python", &["-c", program], files)).expect("JSON")
}

fn of_kind<'o>(objects: &'o [Value], kind: &str, name: &str) -> &'o Value {
    let is = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
    objects.iter().find(is).unwrap_or_else(|| panic!("no {kind} {name}"))
}

fn cluster() -> [PathBuf; 2] {
    ["kubernetes/recto.yaml", "kubernetes/haproxy.yaml"].map(deploy)
}

#[test]
fn the_manifests_are_what_kubernetes_takes() {
    for version in VERSIONS {
        said("kubernetes-validate", &["--strict", "--quiet", "--kubernetes-version", version], &cluster());
    }
    let objects = objects(&cluster());
    for (kind, name) in [("StatefulSet", "recto"), ("Deployment", "recto-balancer")] {
        let pod = &of_kind(&objects, kind, name)["spec"]["template"]["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{name}");
        let container = &pod["containers"][0];
        for (key, value) in [("allowPrivilegeEscalation", false), ("readOnlyRootFilesystem", true)] {
            assert_eq!(container["securityContext"][key], value, "{name}: {key}");
        }
        // What each mounts is there.
        let volumes = [&pod["volumes"], &of_kind(&objects, kind, name)["spec"]["volumeClaimTemplates"]];
        let names: Vec<&Value> = volumes
            .iter()
            .filter_map(|list| list.as_array())
            .flatten()
            .map(|volume| volume.get("name").unwrap_or(&volume["metadata"]["name"]))
            .collect();
        for mount in container["volumeMounts"].as_array().expect("mounts") {
            assert!(names.contains(&&mount["name"]), "{name}: {mount}");
        }
    }
    let host = &of_kind(&objects, "StatefulSet", "recto")["spec"]["template"]["spec"];
    assert_eq!(host["containers"][0]["readinessProbe"]["httpGet"]["path"], "/iiif/health");
    // It may run as whoever the image says: packages/container/Containerfile.
    assert!(include_str!("../../../packages/container/Containerfile").contains("USER 10001:0"));
    assert_eq!(host["securityContext"]["runAsUser"], 10001);
}

/// The configuration in the manifests is the tested one, but for where hosts are and how it is run; and both are HAProxy's.
#[test]
fn the_balancer_in_the_cluster_is_the_tested_one() {
    if skipped("fronts") {
        return;
    }
    let objects = objects(&cluster());
    let map = of_kind(&objects, "ConfigMap", "recto-balancer");
    let inside = map["data"]["haproxy.cfg"].as_str().expect("a file");
    let rules = |text: &str| -> Vec<String> {
        let from = text.find("\ndefaults\n").expect("defaults");
        let lines = text[from..].lines().map(|line| line.replace("resolvers cluster init-addr none ", ""));
        let differs = |line: &str| {
            ["server ", "bind ", "#bind ", "# With TLS", "http-request return status 200 "]
                .iter()
                .any(|word| line.trim_start().starts_with(word))
        };
        lines.filter(|line| !differs(line)).collect()
    };
    assert_eq!(rules(inside), rules(HAPROXY));
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in [("inside", inside), ("shipped", HAPROXY)] {
        let path = directory.path().join(name);
        fs::write(&path, text).expect("written");
        let search = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("haproxy");
        command.args(["-c", "-f", crate::judge::text(&path)]).env("PATH", search).env("NAMESPACE", "images");
        let output = command.output().expect("haproxy");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The zones, upstreams and variables by which http.conf and location.conf know the settings.
fn names(settings: &str) -> BTreeSet<&str> {
    let lines = settings.lines().filter(|line| !line.starts_with('#'));
    let words = lines.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && !"_$".contains(c)));
    words.filter(|word| word.trim_start_matches('$').starts_with("recto_")).collect()
}

#[test]
fn the_settings_without_a_disk_have_all_that_the_shipped_ones_have() {
    let settings = fs::read_to_string(deploy("serverless/settings.conf")).expect("shipped");
    let shipped = names(include_str!("../../../nginx/settings.conf"));
    assert!(shipped.len() > 6 && names(&settings) == shipped, "{shipped:?}");
    // All that is written is in /tmp.
    let configuration = fs::read_to_string(deploy("serverless/recto.toml")).expect("shipped");
    for text in [&settings, &configuration] {
        let places = text.lines().filter(|line| !line.starts_with('#') && line.contains("\"/"));
        assert!(
            places.clone().count() > 0 && places.into_iter().all(|line| line.contains("/tmp/recto/")),
            "{text}"
        );
    }
    let files = ["serverless/knative.yaml", "serverless/cloud-run.yaml"].map(deploy);
    for service in objects(&files) {
        let container = &service["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["ports"][0]["containerPort"], 8080);
        let probe = ["readinessProbe", "startupProbe"].iter().find_map(|name| container.get(name));
        assert_eq!(probe.expect("a probe")["httpGet"]["path"], "/iiif/health");
    }
    let lambda = objects(&[deploy("serverless/lambda.yaml")]);
    let variables = &lambda[0]["Resources"]["Recto"]["Properties"]["Environment"]["Variables"];
    assert_eq!(variables["AWS_LWA_READINESS_CHECK_PATH"], "/iiif/health");
}
