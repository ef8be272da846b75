//! The Debian package: what is in it, what it wants, and what it does when it is installed.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{debian, done, lines, notices, subcommands};
use crate::judge::{run, text};

/// Of each file its mode, owner and name.
fn contents(package: &Path) -> Vec<(String, String, String)> {
    let listing = done(Command::new("dpkg-deb").arg("--contents").arg(package));
    let files = lines(&listing).into_iter().map(|line| {
        let mut words = line.split_whitespace().map(str::to_owned);
        let (mode, owner) = (words.next().expect("a mode"), words.next().expect("an owner"));
        (mode, owner, words.nth(3).expect("a name"))
    });
    files.collect()
}

fn field(package: &Path, name: &str) -> String {
    run("dpkg-deb", &["--field", text(package), name]).trim().to_owned()
}

#[test]
fn the_package_has_all_that_an_administrator_looks_for_and_nothing_elsewhere() {
    let files = contents(debian());
    let mut expected: Vec<String> = [
        "etc/recto/recto.toml",
        "etc/recto/nginx/http.conf",
        "etc/recto/nginx/location.conf",
        "usr/bin/recto",
        "usr/lib/systemd/system/recto.service",
        "usr/lib/systemd/system/recto.socket",
        "usr/lib/systemd/system/recto-purge.path",
        "usr/lib/systemd/system/recto-purge.service",
        "usr/lib/sysusers.d/recto.conf",
        "usr/share/man/man1/recto.1.gz",
        "usr/share/man/man5/recto.toml.5.gz",
        "usr/share/bash-completion/completions/recto",
        "usr/share/zsh/vendor-completions/_recto",
        "usr/share/fish/vendor_completions.d/recto.fish",
        "usr/share/doc/recto/copyright",
        "usr/share/doc/recto/changelog.gz",
        "usr/share/doc/recto/third-party.txt.gz",
        "usr/share/doc/recto/README.md",
        "usr/share/doc/recto/LICENSE-MIT",
        "usr/share/doc/recto/LICENSE-APACHE",
        "usr/share/doc/recto/examples/site.example.conf",
        "usr/share/doc/recto/examples/grafana.json",
        "usr/share/doc/recto/examples/stores.conf",
        "usr/share/doc/recto/examples/stores.env",
    ]
    .map(str::to_owned)
    .to_vec();
    expected.extend(subcommands().iter().map(|name| format!("usr/share/man/man1/recto-{name}.1.gz")));
    for name in expected {
        assert!(
            files.iter().any(|(_, _, file)| *file == format!("./{name}")),
            "{name} is missing: {files:#?}"
        );
    }

    let places = ["./etc/recto/", "./usr/bin/recto", "./usr/lib/s", "./usr/share/", "./var/cache/nginx/"];
    for (mode, owner, name) in &files {
        let is_directory = name.ends_with('/');
        assert_eq!(owner, "root/root", "{name}");
        let expected = if is_directory {
            "drwxr-xr-x"
        } else if name == "./usr/bin/recto" {
            "-rwxr-xr-x"
        } else {
            "-rw-r--r--"
        };
        assert_eq!(mode, expected, "{name}");
        let is_above = places.iter().any(|place| place.starts_with(name.as_str()));
        assert!(is_above || places.iter().any(|place| name.starts_with(place)), "{name} is elsewhere");
    }
}

#[test]
fn every_file_in_etc_is_kept_by_dpkg_when_it_is_edited() {
    let control = tempfile::tempdir().expect("a directory");
    run("dpkg-deb", &["--control", text(debian()), text(control.path())]);
    let kept = fs::read_to_string(control.path().join("conffiles")).expect("a list");
    let mut kept: Vec<String> = kept.lines().map(|line| format!(".{line}")).collect();
    kept.sort();
    let files = contents(debian()).into_iter().map(|(_, _, name)| name);
    let mut in_etc: Vec<String> =
        files.filter(|name| name.starts_with("./etc/") && !name.ends_with('/')).collect();
    in_etc.sort();
    assert_eq!(kept, in_etc);

    for name in ["postinst", "prerm", "postrm"] {
        run("shellcheck", &["--severity=warning", text(&control.path().join(name))]);
    }
}

#[test]
fn the_package_wants_what_its_program_is_linked_with_and_recommends_nginx() {
    let wanted = field(debian(), "Depends");
    for library in ["libc6 (>= ", "libgcc-s1 (>= ", "systemd"] {
        assert!(wanted.contains(library), "{wanted}");
    }
    assert_eq!(wanted.split(", ").count(), 3, "{wanted}");
    assert_eq!(field(debian(), "Recommends"), "nginx (>= 1.19.1)");
    assert_eq!(field(debian(), "Version"), format!("{}-1", env!("CARGO_PKG_VERSION")));
}

#[test]
fn all_who_wrote_what_is_in_the_program_are_named_with_their_licences() {
    let notices = fs::read_to_string(notices()).expect("a file");
    // The libraries in C, whose licences want it, by their authors; and our own dependencies by name.
    for author in
        ["The libjpeg-turbo Project", "Universite catholique de Louvain", "Google Inc.", "Meta Platforms"]
    {
        assert!(notices.contains(author), "{author}");
    }
    let manifest = include_str!("../../../Cargo.toml");
    let section =
        manifest.split("\n[dependencies]\n").nth(1).and_then(|rest| rest.split("\n[").next()).expect("one");
    for line in section.lines().filter(|line| !line.contains("path = ") && line.contains('=')) {
        let name = line.split(' ').next().expect("a name");
        assert!(notices.contains(&format!("\n== {name} v")), "{name}");
    }
}

/// The number by which debuggers find the symbols of a program.
fn build_id(program: &Path) -> String {
    let notes = run("readelf", &["--notes", text(program)]);
    notes.split("Build ID: ").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("one").to_owned()
}

#[test]
fn debug_symbols_are_in_a_package_of_their_own() {
    let unpacked = tempfile::tempdir().expect("a directory");
    run("dpkg-deb", &["--extract", text(debian()), text(unpacked.path())]);
    let program = unpacked.path().join("usr/bin/recto");
    let sections = run("readelf", &["--section-headers", "--wide", text(&program)]);
    // `.debug_gdb_scripts` stays: it is loaded with the program, and has a name of 34 bytes.
    let left: Vec<&str> = sections
        .lines()
        .filter(|line| {
            line.contains(".symtab") || (line.contains(".debug_") && !line.contains("_gdb_scripts"))
        })
        .collect();
    assert!(left.is_empty(), "{left:#?}");
    run(text(&program), &["--version"]);

    let directory = debian().parent().expect("a directory");
    let packages = fs::read_dir(directory).expect("packages").map(|entry| entry.expect("an entry").path());
    let symbols = packages.into_iter().find(|path| text(path).contains("/recto-dbgsym_")).expect("symbols");
    let id = build_id(&program);
    let name = format!("./usr/lib/debug/.build-id/{}/{}.debug", &id[..2], &id[2..]);
    assert!(contents(&symbols).iter().any(|(_, _, file)| *file == name), "{name}");
}
