//! `make install` and its inverse, and the archive that has both in it.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{done, everything, lines, script};
use crate::judge::{run, text};

/// A directory that stands for the root of a system, with a little in it.
fn system() -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a directory");
    for directory in ["usr/lib", "etc/nginx/conf.d", "etc/nginx/sites-available", "var"] {
        fs::create_dir_all(root.path().join(directory)).expect("made");
    }
    fs::write(root.path().join("usr/lib/other"), "not ours").expect("written");
    root
}

/// `make WHAT` for that system, by the script that it calls; what it says.
#[track_caller]
fn make(what: &str, root: &Path, purge: &str) -> String {
    let mut command = script("sh", "packages/install.sh");
    let output = done(command.arg(what).env("DESTDIR", root).env("PREFIX", "/usr").env("PURGE", purge));
    lines(&output).join("\n") + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn uninstall_is_the_inverse_of_install() {
    let root = system();
    let before = everything(root.path());
    make("install", root.path(), "");
    assert_ne!(everything(root.path()), before);
    make("uninstall", root.path(), "1");
    assert_eq!(everything(root.path()), before);

    make("install", root.path(), "");
    make("install", root.path(), ""); // an upgrade does not forget what the first one made
    make("uninstall", root.path(), "");
    let names =
        |found: &[(String, Vec<u8>)]| -> Vec<String> { found.iter().map(|(name, _)| name.clone()).collect() };
    let kept = names(&everything(root.path()));
    let kept: Vec<&String> = kept.iter().filter(|name| !names(&before).contains(name)).collect();
    assert!(kept.iter().all(|name| name.starts_with("etc/recto")), "{kept:?}");
    assert!(kept.iter().any(|name| *name == "etc/recto/recto.toml"), "{kept:?}");

    make("uninstall", root.path(), "1");
    assert_eq!(everything(root.path()), before);
}

#[test]
fn an_upgrade_keeps_what_was_edited_and_says_where_the_new_text_is() {
    let root = system();
    let at = |name: &str| root.path().join("etc/recto").join(name);
    make("install", root.path(), "");
    let shipped = fs::read_to_string(at("nginx/http.conf")).expect("a file");
    fs::write(at("recto.toml"), "[masters]\nroot = \"/mine\"\n").expect("written");
    fs::write(at("nginx/local.conf"), "# mine\n").expect("written");

    // The same version again has no other text.
    let said = make("install", root.path(), "");
    assert!(!said.contains("as you edited it") && !at("recto.toml.new").exists(), "{said}");

    // One that has: this system remembers other texts of the last version.
    let record = root.path().join("usr/share/recto/installed");
    let remembered = fs::read_to_string(&record).expect("a record");
    fs::write(at("nginx/http.conf"), "# of the last version\n").expect("written");
    let sum = run("sha256sum", &[text(&at("nginx/http.conf"))])[..64].to_owned();
    let other = remembered.lines().map(|line| match line.split_once("  ") {
        Some((_, file)) if file.ends_with("http.conf") => format!("{sum}  {file}\n"),
        Some((_, file)) if file.ends_with("recto.toml") => format!("{}  {file}\n", "0".repeat(64)),
        _ => format!("{line}\n"),
    });
    fs::write(&record, other.collect::<String>()).expect("written");
    let said = make("install", root.path(), "");

    assert_eq!(fs::read_to_string(at("recto.toml")).expect("kept"), "[masters]\nroot = \"/mine\"\n");
    assert!(fs::read_to_string(at("recto.toml.new")).expect("beside it").contains("[limits]"));
    assert!(said.contains("recto.toml is as you edited it"), "{said}");
    assert_eq!(fs::read_to_string(at("nginx/local.conf")).expect("kept"), "# mine\n");
    assert_eq!(fs::read_to_string(at("nginx/http.conf")).expect("new"), shipped, "nobody had edited it");
    assert!(!at("nginx/http.conf.new").exists(), "{said}");
}

#[test]
fn a_purge_takes_out_the_link_for_nginx_and_names_what_includes_what_is_gone() {
    let root = system();
    let nginx = root.path().join("etc/nginx");
    make("install", root.path(), "");
    std::os::unix::fs::symlink("/etc/recto/nginx/http.conf", nginx.join("conf.d/recto.conf"))
        .expect("a link");
    let site = nginx.join("sites-available/site");
    fs::write(&site, "server {\n    include \"/etc/recto/nginx/location.conf\";\n}\n").expect("written");
    fs::write(nginx.join("sites-available/other"), "# include /etc/recto/nginx/location.conf;\n")
        .expect("written");

    let said = make("uninstall", root.path(), "");
    assert!(nginx.join("conf.d/recto.conf").is_symlink() && said.contains("is kept"), "{said}");
    let said = make("uninstall", root.path(), "1");
    assert!(!nginx.join("conf.d/recto.conf").is_symlink(), "{said}");
    assert!(
        said.contains(&format!("{}:2\n", text(&site))) && !said.contains("sites-available/other"),
        "{said}"
    );

    // A link that leads elsewhere is somebody else's.
    make("install", root.path(), "");
    std::os::unix::fs::symlink("/etc/other.conf", nginx.join("conf.d/recto.conf")).expect("a link");
    make("uninstall", root.path(), "1");
    assert!(nginx.join("conf.d/recto.conf").is_symlink());
}

#[test]
fn the_archive_is_the_same_each_time_and_installs_itself() {
    let places = [tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory")];
    let archives = places.each_ref().map(|place| {
        let output = done(script("sh", "packages/tarball.sh").arg(place.path()));
        Path::new(&lines(&output)[0]).to_owned()
    });
    assert!(fs::read(&archives[0]).expect("one") == fs::read(&archives[1]).expect("another"), "they differ");
    let place = places[0].path();
    done(Command::new("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(place));

    run("tar", &["-xzf", text(&archives[0]), "-C", text(place)]);
    let name = archives[0].file_name().and_then(|name| name.to_str()).expect("a name");
    let unpacked = place.join(name.trim_end_matches(".tar.gz"));
    let from_archive = system();
    let installer = unpacked.join("install.sh");
    let command = || {
        let mut command = Command::new("sh");
        command.arg(&installer).env("DESTDIR", from_archive.path()).env("PREFIX", "/usr").env_remove("RECTO");
        command
    };
    done(&mut command());
    run(text(&from_archive.path().join("usr/bin/recto")), &["--version"]);
    let from_repository = system();
    make("install", from_repository.path(), "");
    let names = |root: &Path| everything(root).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(from_archive.path()), names(from_repository.path()));

    // What any system with the C library of the one that built it has.
    let needed = run("readelf", &["--dynamic", text(&unpacked.join("recto"))]);
    for line in needed.lines().filter(|line| line.contains("(NEEDED)")) {
        let system = ["libc.so.6", "libm.so.6", "libgcc_s.so.1", "ld-linux"];
        assert!(system.iter().any(|library| line.contains(library)), "{line}");
    }
}

#[test]
fn shell_scripts_are_without_fault() {
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("packages");
    let scripts =
        everything(&packages).into_iter().map(|(name, _)| name).filter(|name| name.ends_with(".sh"));
    let scripts: Vec<String> = scripts.map(|name| text(&packages.join(name)).to_owned()).collect();
    assert!(scripts.len() >= 6, "{scripts:?}");
    let arguments: Vec<&str> =
        ["--severity=warning"].into_iter().chain(scripts.iter().map(String::as_str)).collect();
    run("shellcheck", &arguments);
}
