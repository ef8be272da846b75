//! What workers log: a line for each fault of a master, whatever clients do.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;

use rustix::process::Signal;

use crate::picture::Picture;
use crate::process::{answer, connect, request_called, status, with_dear_work};
use crate::server::{Server, send, until};

/// The lines that speak of `what`.
fn lines(server: &Server, what: &str) -> Vec<String> {
    server.log().lines().filter(|line| line.contains(what)).map(str::to_owned).collect()
}

#[test]
fn a_lookup_that_tries_many_names_is_one_line() {
    let server = Server::start(1, "10s");
    fs::create_dir(server.path("elsewhere")).expect("made");
    symlink("../elsewhere", server.path("masters/out")).expect("linked");
    for _ in 0..5 {
        assert_eq!(status(&server, "/iiif/3/out%2Fleaf/info.json"), 404);
    }
    let said = lines(&server, "out of reach");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("recto: warn: ") && said[0].ends_with("[out/leaf]"), "{said:?}");
}

#[test]
fn a_damaged_master_is_one_line_however_it_is_spelled() {
    let server = Server::start(1, "10s");
    let mut master = Picture::waves(1000, 800, 3).master();
    master[100..140].fill(0x55);
    fs::write(server.path("masters/torn.tif"), &master).expect("written");
    fs::write(server.path("masters/worn.tif"), &master).expect("written");
    for number in 0..20 {
        for name in ["torn.tif", "torn", "%74orn.tif", "torn.tif;1"] {
            let path = format!("/iiif/3/{name}/0,0,{},100/max/0/default.jpg", 100 + number);
            assert_eq!(status(&server, &path), 500, "{path}");
        }
    }
    assert_eq!(status(&server, "/iiif/3/worn/full/max/0/default.png"), 500);
    for name in ["torn", "worn"] {
        let said = lines(&server, name);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].contains("damaged master") && said[0].ends_with(&format!("[{name}.tif]")),
            "{said:?}"
        );
    }
}

#[test]
fn no_client_floods_the_log_at_any_level() {
    let server = Server::logging("debug");
    for number in 0..300 {
        assert_eq!(status(&server, &format!("/iiif/3/name-{number}/info.json")), 404);
    }
    let said = lines(&server, "name-").len();
    assert!((10..=100).contains(&said), "{said} lines");
}

/// The id that NGINX gives a request.
const ID: &str = "0123456789abcdef0123456789abcdef";

/// The status of a GET that NGINX calls so.
fn status_called(server: &Server, id: &str, path: &str) -> u16 {
    let mut stream = connect(server);
    stream.write_all(&request_called(id, path)).expect("open");
    answer(&mut stream).expect("an answer")
}

/// Puts a damaged master there.
fn add_torn(server: &Server) -> &'static str {
    let mut master = Picture::waves(1000, 800, 3).master();
    master[100..140].fill(0x55);
    fs::write(server.path("masters/torn.tif"), &master).expect("written");
    "/iiif/3/torn.tif/0,0,100,100/max/0/default.jpg"
}

#[test]
fn each_line_has_the_id_of_the_request_in_work() {
    let server = Server::start(1, "10s");
    assert_eq!(status_called(&server, ID, add_torn(&server)), 500);
    let said = lines(&server, "damaged master");
    assert!(said.len() == 1 && said[0].ends_with(&format!(" [torn.tif] request={ID}")), "{said:?}");
    // What could not stand in a line is left out, and so is what is over.
    fs::create_dir(server.path("elsewhere")).expect("made");
    symlink("../elsewhere", server.path("masters/out")).expect("linked");
    assert_eq!(status_called(&server, "a\nrecto: error: forged", "/iiif/3/out%2Fleaf/info.json"), 404);
    let said = lines(&server, "out of reach");
    assert!(said.len() == 1 && said[0].ends_with(" [out/leaf]"), "{said:?}");
    assert!(!server.log().contains("forged"));
}

#[test]
fn what_is_handed_over_keeps_its_id() {
    let (server, dear) = with_dear_work("20s");
    let path = server.path("masters/dear.png");
    let whole = fs::read(&path).expect("a file");
    fs::write(&path, &whole[..whole.len() * 9 / 10]).expect("written");
    assert_eq!(status_called(&server, ID, dear), 500);
    let said = lines(&server, "dear.png");
    assert!(said.len() == 1 && said[0].ends_with(&format!(" [dear.png] request={ID}")), "{said:?}");
}

#[test]
fn what_is_said_of_a_dead_worker_has_the_id_of_its_request() {
    let (server, dear) = with_dear_work("20s");
    let mut client = connect(&server);
    client.write_all(&request_called(ID, dear)).expect("open");
    // Until its job is known it has another name.
    let at_work = || {
        server
            .slots()
            .into_iter()
            .find(|slot| slot.busy_since > 0 && slot.request.starts_with(b"dear.png;1/"))
    };
    until("it is worked on", || at_work().is_some());
    send(at_work().expect("in work").process.cast_signed(), Signal::ABORT);
    until("it is logged", || !lines(&server, " died ").is_empty());
    let said = lines(&server, " died ");
    assert!(said.len() == 1 && said[0].ends_with(&format!(" request={ID}")), "{said:?}");
}

#[test]
fn as_json_each_line_is_an_object() {
    let server = Server::configured("workers = 1\n[log]\nformat = \"json\"\n");
    assert_eq!(status_called(&server, ID, add_torn(&server)), 500);
    let log = server.log();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    for line in &lines {
        let time = line["time"].as_str().expect("a time");
        assert!(time.len() == 24 && time.ends_with('Z') && time.as_bytes()[10] == b'T', "{line}");
        assert!(line["message"].is_string() && line["pid"].is_u64(), "{line}");
    }
    let worker = server.workers()[0];
    let fault = lines.iter().find(|line| line["level"] == "error").expect("a fault");
    assert_eq!(
        (&fault["request"], &fault["master"], &fault["pid"]),
        (&ID.into(), &"torn.tif".into(), &worker.into())
    );
    assert!(fault["message"].as_str().is_some_and(|message| message.contains("damaged master")), "{fault}");
    assert!(lines[0].get("request").is_none() && lines[0]["pid"] == server.child.id());
}

#[test]
fn the_level_of_the_configuration_holds_unless_the_variable_says_otherwise() {
    let quiet = "workers = 1\n[log]\nlevel = \"error\"\n";
    let server = Server::configured(quiet);
    assert_eq!(status(&server, add_torn(&server)), 500);
    assert_eq!(server.log().lines().count(), 1, "{}", server.log());
    // A reload takes it up.
    let text = fs::read_to_string(server.path("recto.toml")).expect("a file");
    fs::write(server.path("recto.toml"), text.replace("\"error\"", "\"info\"")).expect("written");
    let before = server.workers();
    server.signal(Signal::HUP);
    server.until_replaced(&before, 1);
    assert!(server.log().contains("recto: info: reloading"), "{}", server.log());
    let server = Server::spawned(quiet, |command| {
        command.env("RECTO_LOG", "info");
    });
    assert!(server.log().contains("recto: info: ready with 1 workers"), "{}", server.log());
}
