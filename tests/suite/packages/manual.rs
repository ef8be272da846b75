//! Man pages and completions, read by those who read them on a system: man and bash.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::{done, lines, subcommands};
use crate::judge::{run, text};

fn manual() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    done(Command::new(env!("CARGO_BIN_EXE_recto")).arg("manual").arg(directory.path()));
    directory
}

/// A page as man shows it, which has nothing to say against it.
#[track_caller]
fn shown(page: &PathBuf) -> String {
    let mut man = Command::new("man");
    man.args(["--warnings=w", "--local-file"]).arg(page).env("MANWIDTH", "200").env("LC_ALL", "C.UTF-8");
    let output = done(&mut man);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", page.display());
    lines(&output).join("\n")
}

#[test]
fn each_subcommand_has_a_page_and_no_other_has() {
    let manual = manual();
    let mut expected: Vec<String> = subcommands().iter().map(|name| format!("recto-{name}.1")).collect();
    expected.push("recto.1".to_owned());
    expected.sort();
    let pages = fs::read_dir(manual.path().join("man1")).expect("pages");
    let mut names: Vec<String> =
        pages.map(|page| text(page.expect("one").file_name().as_ref()).to_owned()).collect();
    names.sort();
    assert_eq!(names, expected);

    for name in &names {
        let page = shown(&manual.path().join("man1").join(name));
        for part in ["NAME", "SYNOPSIS", "DESCRIPTION", "SEE ALSO"] {
            assert!(page.lines().any(|line| line == part), "{part} in {name}: {page}");
        }
    }
    let page = shown(&manual.path().join("man1/recto-serve.1"));
    for part in ["The signal HUP", "-c, --config <FILE> [default: /etc/recto/recto.toml]", "recto.toml(5)"] {
        assert!(page.contains(part), "{part}: {page}");
    }
}

#[test]
fn every_key_of_the_configuration_is_in_its_page() {
    let manual = manual();
    let page = shown(&manual.path().join("man5/recto.toml.5"));
    let shipped = include_str!("../../../systemd/recto.toml");
    let mut keys = 0;
    for line in shipped.lines() {
        let set = line.trim_start_matches('#');
        let is_comment = line.starts_with('#') && (set.is_empty() || set.starts_with(' '));
        if let (false, Some((key, value))) = (is_comment, set.split_once(" = ")) {
            let entry = format!("{key} = {value}");
            assert!(page.lines().any(|shown| shown.trim_start().starts_with(&entry)), "{entry}: {page}");
            keys += 1;
        } else if set.starts_with('[') {
            assert!(page.lines().any(|shown| shown == set), "{set}: {page}");
        }
    }
    assert!(keys > 40, "{keys} keys");
}

#[test]
fn bash_completes_the_subcommands_for_people() {
    let manual = manual();
    let completions = manual.path().join("completions/recto.bash");
    let script = format!(
        ". {}\nCOMP_WORDS=(recto '') COMP_CWORD=1 COMPREPLY=()\n_recto recto '' recto\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        text(&completions)
    );
    let offered = run("bash", &["-c", &script]);
    for name in subcommands() {
        assert!(offered.lines().any(|line| line == name), "{name}: {offered}");
    }
    assert!(!offered.contains("worker"), "{offered}");
}
