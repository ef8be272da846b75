//! The walls around a worker: each way out is tried from within, and each has to end at a wall. What a worker is for
//! works inside: all other tests ask workers that are confined.

mod ask;
mod ways;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use recto::config::Config;
use recto::process::worker::sandbox::{self, Needs};
use recto::source::{Opened, Sources};

use crate::server::Server;

/// Where the confined process finds its room.
const ROOM: &str = "RECTO_TEST_ROOM";

/// How a gap begins that a kernel of some age has. Without Landlock at all these tests prove nothing.
const OLD: &str = "Landlock is of version";

/// A directory with masters, a state directory, and what is neither.
fn room() -> tempfile::TempDir {
    let room = tempfile::tempdir().expect("a directory");
    for name in ["masters", "state", "elsewhere"] {
        fs::create_dir(room.path().join(name)).expect("made");
    }
    for name in ["masters/leaf.tif", "state/kept.state", "elsewhere/secret.tif"] {
        fs::write(room.path().join(name), name).expect("written");
    }
    std::os::unix::fs::symlink("../elsewhere/secret.tif", room.path().join("masters/out.tif"))
        .expect("linked");
    room
}

fn config(room: &Path, lines: &str) -> Config {
    let at = room.display();
    let text = format!("[masters]\nroot = \"{at}/masters\"\n{lines}\n[state]\ndirectory = \"{at}/state\"\n");
    Config::parse(&text).expect("valid")
}

/// Runs one of the ignored tests below in a process of its own, for walls are never taken down again.
fn run(test: &str, room: &Path) {
    let program = std::env::current_exe().expect("a program");
    let name = format!("{}::{test}", module_path!().split_once("::").expect("a module").1);
    let output = Command::new(program).args(["--ignored", "--exact", &name]).env(ROOM, room).output();
    let output = output.expect("started");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// The room of a process that [`run`] started, from inside the walls, and what this kernel does not cover.
fn enter(lines: &str) -> (PathBuf, String) {
    let room = PathBuf::from(std::env::var_os(ROOM).expect("this test is run by another one"));
    let config = config(&room, lines);
    let sources = Sources::open(&config.serving.masters).expect("a directory");
    let gaps = sandbox::confine(&Needs::of(&config), sources.directories());
    assert!(gaps.iter().all(|gap| gap.starts_with(OLD)), "{gaps:?}");
    (room, gaps.concat())
}

#[test]
fn no_way_leads_out() {
    let room = room();
    run("inside", room.path());
    for name in ["masters/leaf.tif", "elsewhere/secret.tif"] {
        assert_eq!(fs::read_to_string(room.path().join(name)).expect("as it was"), name);
    }
    assert_eq!(fs::read_dir(room.path().join("elsewhere")).expect("there").count(), 1, "nothing was added");
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn inside() {
    // Opened before, read after.
    let mut of_process =
        ["status", "limits"].map(|name| fs::File::open(format!("/proc/thread-self/{name}")).expect("there"));
    let (room, gaps) = enter("");
    let mut broken = Vec::new();
    for way in ways::all(&room).into_iter().filter(|way| !gaps.contains(way.since)) {
        let end = ask::ask(way.call, &way.arguments).map_err(|error| error.raw_os_error().expect("a number"));
        if end != Err(way.wall) {
            broken.push(format!("{}: {end:?} instead of {}", way.what, way.wall));
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(Command::new("/bin/true").spawn().is_err() && std::thread::Builder::new().spawn(|| ()).is_err());

    let [status, limits] = of_process.each_mut().map(|file| {
        let mut text = String::new();
        file.read_to_string(&mut text).expect("text");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    assert!(status.contains("NoNewPrivs: 1 Seccomp: 2"), "{status}");
    assert!(limits.contains("Max core file size 0 0") && limits.contains("Max processes 0 0"), "{limits}");
    assert!(Vec::<u8>::new().try_reserve_exact(640 << 20).is_ok(), "what a request may take");
    assert!(Vec::<u8>::new().try_reserve_exact(4 << 30).is_err(), "and no more than one could");
}

#[test]
fn what_a_worker_is_for_works() {
    let room = room();
    run("at_work", room.path());
    let kept = fs::read_dir(room.path().join("state"))
        .expect("there")
        .map(|entry| entry.expect("there").file_name());
    assert_eq!(kept.collect::<Vec<_>>(), ["new.state"]);
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn at_work() {
    let before = PathBuf::from(std::env::var_os(ROOM).expect("this test is run by another one"));
    let sources = Sources::open(&config(&before, "").serving.masters).expect("a directory");
    let (room, _) = enter("");
    let found = sources.find("leaf").expect("found");
    let Opened::File(mut file) = found.opened else { panic!("no file") };
    let mut text = String::new();
    file.read_to_string(&mut text).expect("readable");
    assert_eq!(text, "masters/leaf.tif");
    assert!(sources.find("masters").is_err() && sources.find("out").is_err());

    let state = room.join("state");
    fs::write(state.join("part"), "new").expect("written");
    fs::rename(state.join("part"), state.join("new.state")).expect("renamed");
    fs::remove_file(state.join("kept.state")).expect("removed");
    assert_eq!(fs::read_dir(&state).expect("listed").count(), 1);
}

#[test]
fn where_links_may_lead_anywhere_they_do_and_only_to_be_read() {
    run("linked", room().path());
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn linked() {
    let before = PathBuf::from(std::env::var_os(ROOM).expect("this test is run by another one"));
    let lines = "follow_symlinks = true";
    let sources = Sources::open(&config(&before, lines).serving.masters).expect("a directory");
    let (room, _) = enter(lines);
    assert!(sources.find("out").is_ok());
    let secret = room.join("elsewhere/secret.tif");
    assert!(fs::write(&secret, "changed").is_err() && fs::remove_file(&secret).is_err());
}

/// What the kernel says of a worker.
fn status_of_worker(server: &Server) -> String {
    fs::read_to_string(format!("/proc/{}/status", server.workers()[0])).expect("it lives")
}

#[test]
fn workers_are_confined_unless_the_operator_says_otherwise() {
    let server = Server::configured("workers = 1\n");
    assert!(status_of_worker(&server).contains("Seccomp:\t2"), "confined");
    let gaps = sandbox::lacking(&config(&server.path(""), ""));
    assert_eq!(server.log().matches("the sandbox of the workers has a gap").count(), gaps.len(), "{gaps:?}");
    let server = Server::configured("workers = 1\nsandbox = false\n");
    assert!(status_of_worker(&server).contains("Seccomp:\t0"), "not confined");
    let environment = fs::read_to_string(format!("/proc/{}/environ", server.workers()[0])).expect("it lives");
    let names: Vec<_> =
        environment.split_terminator('\0').filter_map(|line| line.split('=').next()).collect();
    let known = ["RECTO_LOG", "JOURNAL_STREAM", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"];
    assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
}
