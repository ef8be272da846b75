//! A tree of files, as the server finds them.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use recto::source::{Masters, Sources};
use serde_json::{Value, json};

use super::verdicts::quick;
use super::{checked, recto, said};
use crate::judge::{Bench, text};

fn names(files: &[Value], root: &Path) -> Vec<String> {
    let name =
        |file: &Value| file["file"].as_str().expect("a path").strip_prefix(text(root)).map(str::to_owned);
    files.iter().map(|file| name(file).expect("below the root").trim_start_matches('/').to_owned()).collect()
}

fn note(file: &Value) -> String {
    file["notes"].as_array().map_or_else(String::new, |notes| notes.iter().map(Value::to_string).collect())
}

/// A root with a bit of everything; what is outside of it lies beside it.
fn tree(bench: &Bench) -> std::path::PathBuf {
    let root = bench.path("root");
    for directory in ["root/a/b", "root/.git", "outside"] {
        fs::create_dir_all(bench.path(directory)).expect("made");
    }
    let good = quick(64);
    for name in [
        "root/leaf.tif",
        "root/leaf.jp2",
        "root/leaf.jpg",
        "root/twice.tif",
        "root/twice.tiff",
        "root/bare",
        "root/bare.tif",
        "root/book.tif",
        "root/book.tif;2",
        "root/a/b/deep.tif",
        "root/.hidden.tif",
        "root/.git/object.tif",
        "outside/out.tif",
    ] {
        fs::write(bench.path(name), &good).expect("written");
    }
    fs::write(root.join("notes.txt"), "text").expect("written");
    fs::write(root.join("leaf.tif.json"), "{}").expect("written");
    fs::write(root.join("tab\t.tif"), &good).expect("written");
    fs::write(root.join(OsStr::from_bytes(b"latin\xe9.tif")), &good).expect("written");
    symlink("a/b/deep.tif", root.join("in.tif")).expect("linked");
    symlink("../outside/out.tif", root.join("out.tif")).expect("linked");
    symlink("../outside", root.join("away")).expect("linked");
    symlink("nothing", root.join("gone.tif")).expect("linked");
    symlink("..", root.join("a/loop")).expect("linked");
    rustix::fs::mkfifoat(rustix::fs::CWD, root.join("fifo.tif"), rustix::fs::Mode::RWXU).expect("made");
    root
}

#[test]
fn files_are_those_that_the_server_finds() {
    let bench = Bench::new();
    let root = tree(&bench);
    let (files, summary, status) = checked(&root, &[]);
    let by = |verdict: &str| {
        let of: Vec<Value> = files.iter().filter(|file| file["verdict"] == verdict).cloned().collect();
        names(&of, &root)
    };
    let served = [
        "a/b/deep.tif",
        "bare",
        "bare.tif",
        "book.tif",
        "book.tif;2",
        "in.tif",
        "leaf.jp2",
        "leaf.jpg",
        "leaf.tif",
        "twice.tif",
        "twice.tiff",
    ];
    assert_eq!(by("ideal"), served);
    assert_eq!(by("refused"), ["away", "gone.tif", "latin\u{fffd}.tif", "out.tif", "tab\t.tif"]);
    assert_eq!(
        (&summary["no-picture"], &summary["masters"], status),
        (&json!(2), &json!(16), 1),
        "{summary}"
    );
    // The judge is the server's own way to find files.
    let server = Sources::open(&Masters::below(&root)).expect("a root");
    for name in served {
        assert_eq!(server.find(name).expect(name).path, name);
    }
    assert!(server.find("out.tif").is_err());
}

#[test]
fn links_lead_out_where_the_configuration_says_so() {
    let bench = Bench::new();
    let root = tree(&bench);
    let text_of = format!("[masters]\nroot = \"{}\"\nfollow_symlinks = true\n", text(&root));
    let config = bench.file("recto.toml", text_of.as_bytes());
    // A part of the root is looked at; identifiers are those below the root.
    let (files, _, _) = checked(&root.join("a"), &["--config", text(&config)]);
    let deep =
        files.iter().find(|file| file["file"].as_str().is_some_and(|path| path.ends_with("a/b/deep.tif")));
    assert_eq!(deep.expect("there")["identifier"], "a%2Fb%2Fdeep.tif");
    let (files, _, _) = checked(&root, &["--config", text(&config), "--only", "ideal"]);
    let names = names(&files, &root);
    assert!(names.contains(&"out.tif".to_owned()) && names.contains(&"away/out.tif".to_owned()), "{names:?}");
}

#[test]
fn names_that_lead_elsewhere_without_their_extension_are_told() {
    let bench = Bench::new();
    let root = tree(&bench);
    let server = Sources::open(&Masters::below(&root)).expect("a root");
    let (files, _, _) = checked(&root, &["--only", "ideal"]);
    for (file, name) in files.iter().zip(names(&files, &root)) {
        let Some((stem, _)) = name.rsplit_once('.').filter(|_| !name.contains(';')) else { continue };
        let leads_here = server.find(stem).is_ok_and(|found| found.path == name);
        assert_eq!(note(file).is_empty(), leads_here, "{file}");
    }
    let hides = files.iter().find(|file| note(file).contains("hides page 2 of book.tif"));
    assert!(hides.is_some_and(|file| file["identifier"] == "book.tif;2"), "{files:?}");
}

#[test]
fn the_list_is_what_was_asked_for() {
    let bench = Bench::new();
    for (name, bytes) in [("b.tif", quick(128)), ("a.tif", quick(64)), ("c.tif", b"II*\0\x08\0\0\0".to_vec())]
    {
        bench.file(name, &bytes);
    }
    bench.file("notes.txt", b"text");
    let place = bench.path("");
    let list = |more: &[&str]| {
        let (json, _) = said(&[&["check", "--json", text(&place)], more].concat());
        let files: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        names(&files[..files.len() - 1], &place)
    };
    assert_eq!(list(&["--sort", "name"]), ["a.tif", "b.tif", "c.tif"]);
    assert_eq!(list(&["--sort", "bytes"]), ["b.tif", "a.tif", "c.tif"]);
    assert_eq!(list(&["--sort", "verdict"])[0], "c.tif");
    assert_eq!(list(&["--only", "broken,slow"]), ["c.tif"]);
    assert_eq!(list(&["--only", "slow"]), [""; 0]);
    assert_eq!(list(&["--all", "--sort", "name"]), ["a.tif", "b.tif", "c.tif", "notes.txt"]);
    let (table, status) = said(&["check", text(&place)]);
    assert_eq!(status, 1);
    let lines: Vec<&str> = table.lines().collect();
    assert!(
        lines[0].contains("file") && lines[1].starts_with("broken") && lines[1].contains("c.tif"),
        "{table}"
    );
    assert!(lines[2].contains("damaged master: "), "why is told below: {table}");
    let last = lines.last().expect("a summary");
    assert!(
        last.starts_with("3 masters, ") && last.contains("2 ideal, 1 broken; 1 file is no picture"),
        "{last}"
    );
    fs::remove_file(bench.path("c.tif")).expect("there");
    assert_eq!(said(&["check", text(&place)]).1, 0, "all is well");
}

#[test]
fn wrong_arguments_are_told_from_bad_masters() {
    let bench = Bench::new();
    let file = bench.file("a.tif", &quick(64));
    let wrong = bench.file("wrong.toml", b"[masters]\nroof = 1\n");
    for (arguments, said) in [
        (&["check", "/nowhere"][..], "no such file"),
        (&["check", text(&file), "--only", "bad"], "possible values"),
        (&["check", text(&file), "--jobs", "0"], "--jobs"),
        (&["check", "--deep"], "required"),
        (&["check", text(&file), "--config", text(&wrong)], "roof"),
        (&["identify", "/nowhere.tif"], "no such file"),
        (&["identify", "/"], "recto check /"),
        (&["identify", "https://example.org/iiif/3/a"], "it is a URL"),
    ] {
        let output = recto(arguments);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {complaint}");
        assert!(complaint.contains(said) && output.stdout.is_empty(), "{arguments:?}: {complaint}");
    }
}
