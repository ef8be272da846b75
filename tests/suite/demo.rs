//! `recto demo` as a newcomer runs it.

use std::fs;
use std::io::{BufRead, BufReader, pipe};
use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::batch::bmp;
use crate::judge::{run, text};
use crate::picture::{LEAF, STAMP};
use crate::server::until;

const RECTO: &str = env!("CARGO_BIN_EXE_recto");

fn demo(place: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(RECTO);
    command.args(["demo", "--masters", text(&place.join("masters")), "--run-dir", text(&place.join("run"))]);
    // Else demos that start at once find the same port free.
    let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
    command.args(["--port", &free.port().to_string()]).args(arguments).stdin(Stdio::null());
    command
}

fn place(names: &[&str]) -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a directory");
    fs::create_dir(place.path().join("masters")).expect("a directory");
    for name in names {
        fs::write(place.path().join("masters").join(name), &*LEAF.1).expect("written");
    }
    place
}

#[test]
fn what_names_hold_is_no_fault_of_the_masters() {
    let place = place(&["a & b; 1.tif", "c;2#?%.tif"]);
    let output = demo(place.path(), &["--check"]).output().expect("run");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains(" 0 failed"), "{said}");
}

#[test]
fn a_broken_master_is_listed_with_its_reason() {
    let place = place(&["leaf.tif"]);
    fs::write(place.path().join("masters/broken.tif"), &STAMP[..STAMP.len() / 2]).expect("written");
    let mut child = demo(place.path(), &[]).stdout(Stdio::null()).spawn().expect("started");
    until("it is up", || place.path().join("run/nginx.pid").exists());
    let list = fs::read(place.path().join("run/page/masters.json")).expect("a list");
    end(&mut child);
    let list: serde_json::Value = serde_json::from_slice(&list).expect("JSON");
    assert!(list[0]["fault"].is_string() && list[0]["manifest"].is_null(), "{list}");
    assert!(list[1]["fault"].is_null() && list[1]["manifest"].is_string(), "{list}");
}

#[test]
fn who_reads_no_more_does_not_stop_it() {
    let place = place(&["leaf.tif"]);
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    let mut child = demo(place.path(), &[]).stdout(writer).spawn().expect("started");
    until("it is up", || place.path().join("run/nginx.pid").exists());
    end(&mut child);
}

#[test]
fn a_large_flat_file_that_is_named_is_converted_first() {
    let place = place(&[]);
    let large = place.path().join("large.bmp");
    fs::write(&large, bmp(2100, 2000, 3)).expect("written");
    let photo = place.path().join("photo.jpg");
    let plain = place.path().join("plain.ppm");
    let pixels: Vec<u8> = (0..2100_u32 * 2000 * 3).map(|n| (n / 8000) as u8).collect();
    fs::write(&plain, [b"P6\n2100 2000\n255\n", &pixels[..]].concat()).expect("written");
    run("cjpeg", &["-outfile", text(&photo), text(&plain)]);
    let small = place.path().join("small.bmp");
    fs::write(&small, bmp(210, 200, 3)).expect("written");
    let directory = place.path().join("run");
    let shown = |arguments: &[&str]| {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
        let mut command = Command::new(RECTO);
        command
            .args(["demo", text(&large), text(&photo), text(&small), "--run-dir", text(&directory)])
            .args(arguments);
        command.args(["--port", &free.port().to_string()]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("started");
        // However long it takes to convert.
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        assert!(lines.into_iter().any(|line| line.starts_with("Recto is up")), "it is up");
        let of = ["large.bmp", "photo.jpg", "small.bmp"].map(|name| directory.join("masters").join(name));
        let of = of.map(|link| fs::canonicalize(link).expect("a link"));
        end(&mut child);
        of
    };
    let [made, of_photo] = ["large.tif", "photo.tif"].map(|name| directory.join("converted/1").join(name));
    assert_eq!(shown(&[]), [made.clone(), of_photo, small.clone()]);
    let time = |path: &Path| fs::metadata(path).and_then(|is| is.modified()).expect("there");
    let before = time(&made);
    assert_eq!(shown(&[])[0], made);
    assert_eq!(time(&made), before, "it is not made again");
    assert_eq!(shown(&["--as-is"]), [large.clone(), photo.clone(), small.clone()]);
}

fn end(child: &mut Child) {
    kill_process(Pid::from_child(child), Signal::TERM).expect("it runs");
    assert!(child.wait().expect("ended").success());
}

#[test]
fn what_is_printed_for_nobody_ends_quietly() {
    let place = place(&["leaf.tif"]);
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    let mut command = Command::new(RECTO);
    command.args([
        "render",
        text(&place.path().join("masters/leaf.tif")),
        "full/max/0/default.jpg",
        "--plan",
    ]);
    let output = command.stdout(writer).stderr(Stdio::piped()).spawn().expect("started");
    let output = output.wait_with_output().expect("ended");
    assert_eq!(output.status.signal(), Some(Signal::PIPE.as_raw()));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
