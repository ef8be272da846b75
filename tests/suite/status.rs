//! `recto status` and `recto top`, and what they are told by a pool: that it is ready, or why it is not.

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};

use rustix::process::Signal;

use crate::process::{connect, request, status};
use crate::server::{Server, until};

/// `recto status` for a server, with these arguments.
fn ask(server: &Server, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
    command.args(arguments).arg("--config").arg(server.path("recto.toml"));
    command.output().expect("started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_service_says_what_its_workers_do() {
    let server = Server::configured("workers = 2\nbackground_workers = 1\n");
    assert_eq!(status(&server, "/iiif/3/nothing/info.json"), 404);
    let output = ask(&server, &["status"]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}{}", text(&output.stderr));
    assert!(said.contains(": ready, up for "), "{said}");
    assert_eq!(said.matches("  front     idle").count(), 2, "{said}");
    assert_eq!(said.matches("  dear      idle").count(), 1, "{said}");
    assert!(said.contains("refused 100 %") && said.contains("lost        no worker"), "{said}");
    assert!(said.lines().all(|line| line.chars().count() <= 80), "{said}");

    let output = ask(&server, &["status", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&report["ready"], &report["workers"][0]["lane"]), (&true.into(), &"front".into()));
    // Without a terminal.
    assert!(text(&ask(&server, &["top"]).stdout).contains(": ready, up for "));
}

#[test]
fn masters_that_are_gone_are_told_and_so_is_their_return() {
    let server = Server::configured("workers = 1\n");
    let (here, there) = (server.path("masters"), server.path("elsewhere"));
    fs::rename(&here, &there).expect("moved");
    until("it is noticed", || ask(&server, &["status"]).status.code() == Some(3));
    let said = text(&ask(&server, &["status"]).stdout);
    assert!(said.contains("NOT READY") && said.contains("! a directory of masters is not there"), "{said}");
    fs::rename(&there, &here).expect("moved");
    until("it is noticed", || ask(&server, &["status"]).status.code() == Some(0));
}

#[test]
fn who_is_asked_while_the_service_stops_says_so() {
    let mut server = Server::configured("workers = 1\n");
    let health = [
        &recto::fastcgi::record::header(recto::fastcgi::record::kind::PARAMS, 1, 21)[..],
        &[13, 6],
        b"RECTO_SERVICEhealth",
    ]
    .concat();
    let request = request("/iiif/health");
    // Behind BEGIN_REQUEST: another parameter, before all others.
    let (begin, rest) = request.split_at(16);
    let whole = [begin, &health, rest].concat();
    let answer =
        |stream: &mut std::os::unix::net::UnixStream| crate::process::reply(stream).expect("an answer");
    let mut stream = connect(&server);
    stream.write_all(&whole).expect("open");
    assert!(answer(&mut stream).ends_with("\r\n\r\nok\n"));
    let mut stream = connect(&server);
    stream.write_all(&whole[..40]).expect("open");
    assert_eq!(status(&server, "/iiif/3/nothing/info.json"), 404);
    server.signal(Signal::TERM);
    until("it stops", || server.log().contains("stopping"));
    stream.write_all(&whole[40..]).expect("open");
    let said = answer(&mut stream);
    assert!(said.starts_with("Status: 503 ") && said.ends_with("\r\n\r\nnot ready\n"), "{said}");
    assert_eq!(server.child.wait().expect("a child").code(), Some(0));
}

#[test]
fn who_cannot_be_asked_is_an_error_that_says_what_to_do() {
    let mut server = Server::configured("workers = 1\n");
    assert_eq!(server.stop(), Some(0));
    let output = ask(&server, &["status"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("there is no socket") && said.contains("systemctl status recto"), "{said}");
    assert_eq!(ask(&server, &["top"]).status.code(), Some(1));
}

#[test]
fn top_gives_the_terminal_back() {
    let server = Server::configured("workers = 1\n");
    let socket = server.path("recto.sock");
    let recto = env!("CARGO_BIN_EXE_recto");
    let line =
        format!("stty rows 24 cols 80; {recto} top --socket {}; echo left $?; stty -a", socket.display());
    let mut terminal = Command::new("script");
    terminal.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    let mut terminal =
        terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script is there");
    let (mut keys, mut screen) =
        (terminal.stdin.take().expect("a pipe"), terminal.stdout.take().expect("a pipe"));
    let mut seen = Vec::new();
    let mut has = |what: &str| {
        let mut part = [0; 4096];
        while !text(&seen).contains(what) {
            let length = screen.read(&mut part).expect("open");
            assert!(length > 0, "it has ended: {}", text(&seen));
            seen.extend_from_slice(&part[..length]);
        }
        text(&seen)
    };
    has("\x1b[?1049h");
    has("/s)");
    keys.write_all(b"q").expect("open");
    let all = has("left 0");
    assert!(all.contains("\x1b[?1049l") && all.contains("\x1b[?25h"), "{all}");
    let modes = has("echoke");
    assert!(modes.contains(" icanon") && modes.contains(" echo ") && modes.contains("susp = ^Z"), "{modes}");
    drop(keys);
    assert!(terminal.wait().expect("a child").success());
}
