//! `recto check --config`: a site that is well, and what is said of one that is not, before a real NGINX.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;

use crate::judge::{run, text};
use crate::server::Server;
use crate::site::Site;

/// A finding in short: how bad, and all of its words.
type Short = (String, String);

/// What the doctor says of this installation, and its exit status. As the user `nobody` if told so, and if we may.
fn check(server: &Server, nginx: &str, as_nobody: bool) -> (Option<i32>, Vec<Short>) {
    let program = server.path("program");
    if !program.exists() {
        // By another process: what this one has open for writing, a child of another test may have open as well, and then
        // nobody can run it.
        run("cp", &[env!("CARGO_BIN_EXE_recto"), text(&program)]);
        fs::set_permissions(server.path(""), fs::Permissions::from_mode(0o755)).expect("open to all");
    }
    let mut command = match as_nobody && rustix::process::geteuid().is_root() {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program);
            command
        }
        false => Command::new(program),
    };
    command.args(["check", "--json", "--config"]).arg(server.path("recto.toml"));
    command.arg("--nginx").arg(server.path(nginx));
    let output = command.output().expect("run");
    let json: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let findings = json["findings"].as_array().expect("findings").iter().map(|finding| {
        let words =
            ["about", "what", "advice", "command"].map(|name| finding[name].as_str().unwrap_or_default());
        (finding["severity"].as_str().expect("a severity").to_owned(), words.join("\n"))
    });
    (output.status.code(), findings.collect())
}

#[track_caller]
fn says(findings: &[Short], severity: &str, word: &str) {
    let found = findings.iter().any(|(how, words)| how == severity && words.contains(word));
    assert!(found, "{severity}: {word} is not in {findings:#?}");
}

/// What is wrong, but for what depends on the machine of the test: its memory and its disk.
fn wrong(findings: &[Short]) -> Vec<&Short> {
    let of_the_machine = ["memory\n", "cache "];
    findings
        .iter()
        .filter(|(how, words)| {
            (how == "warning" || how == "error") && of_the_machine.iter().all(|it| !words.starts_with(it))
        })
        .collect()
}

#[test]
fn a_site_that_is_well_has_nothing_wrong_and_another_one_is_told_what() {
    let site = Site::start();
    let server = &site.server;
    let (_, findings) = check(server, "nginx.conf", false);
    assert_eq!(wrong(&findings), [] as [&Short; 0]);
    says(&findings, "fine", "masters can be read: tried 1 TIFF");
    says(&findings, "fine", "recto.sock\nanswers: /iiif/3/leaf.tif/info.json");
    says(&findings, "fine", "http.conf\nis the shipped file, whole");
    says(&findings, "fine", "location.conf\nis the shipped file, whole");
    says(&findings, "fine", &format!("ids begin with http://localhost:{}/iiif/3/", site.port));
    says(&findings, "fine", "viewers on other sites may read what it answers");

    let main = fs::read_to_string(server.path("nginx.conf")).expect("a file");
    let edited = |from: &str, to: &str| {
        assert!(main.contains(from), "{from}");
        fs::write(server.path("edited.conf"), main.replace(from, to)).expect("written");
        check(server, "edited.conf", false)
    };
    let include = format!("include \"{}\";", server.path("location.conf").display());
    let header = "add_header Strict-Transport-Security max-age=9 always; server_name localhost;";
    for (from, to, severity, word) in [
        ("server_name localhost;", "server_name _;", "warning", "server_name is no name (`_`)"),
        ("server_name localhost;", header, "warning", "lack Strict-Transport-Security"),
        (&*include, "", "error", "no server{} includes location.conf"),
        (
            "server_name localhost;",
            "return 301 https://localhost; server_name localhost;",
            "error",
            "before they come to",
        ),
        ("server {", "serve {", "error", "unknown directive \"serve\""),
    ] {
        let (code, findings) = edited(from, to);
        assert_eq!(code, Some(1), "{to}");
        says(&findings, severity, word);
    }
}

#[test]
fn what_the_files_are_like_is_seen_by_another_user_too() {
    let site = Site::start();
    let server = &site.server;
    let shut = server.path("masters/shut.jp2");
    fs::write(&shut, "").expect("written");
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o600)).expect("shut");
    let location = fs::read_to_string(server.path("location.conf")).expect("a file");
    let half = &location[..location.rfind("\nlocation @").expect("a location")];
    fs::write(server.path("location.conf"), half).expect("written");

    let (code, findings) = check(server, "nginx.conf", true);
    assert_eq!(code, Some(1));
    says(&findings, "advice", "who is not root: some things cannot be seen");
    says(&findings, "error", "is cut off after line");
    if rustix::process::geteuid().is_root() {
        says(&findings, "advice", "looked as nobody");
        says(&findings, "advice", "read file by file");
        says(&findings, "warning", "nobody may not read");
        says(&findings, "warning", "setfacl --modify=user:nobody:r");
        says(&findings, "advice", "this user may not connect");
    }
}

#[test]
fn what_cannot_be_served_is_decisive_and_quickly_said() {
    let server = Server::start(1, "10s");
    let config = server.path("recto.toml");
    let good = fs::read_to_string(&config).expect("a file");
    let masters = server.path("masters").display().to_string();
    let nowhere = good.replace(&masters, "/nowhere/at/all");
    let a_file = good.replace(&masters, "/etc/passwd");
    let wrong = good.replace("workers = 1", "workers = -1");
    for (text, code, word) in [
        (&good, 0, "is valid"),
        (&nowhere, 78, "/nowhere does not exist"),
        (&a_file, 78, "/etc/passwd is no directory"),
        (&wrong, 78, "line 4: [server] workers: "),
    ] {
        fs::write(&config, text).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
        let output = command.args(["check", "--quick", "--config"]).arg(&config).output().expect("run");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(word), "{said}");
    }
}
