//! What the service's user finds where the configuration says that something is. Looked at by a process of that user,
//! which is given up if a file system does not answer.

mod eye;
mod permission;
mod store;
mod walk;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use eye::look;

use super::person::Person;
use super::program::{self, End};
use crate::check::Finding;
use crate::check::finding::plain;

/// A line that the looking process prints.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sight {
    /// It turns to this now.
    Turned(PathBuf),
    /// A root of masters, with its path as it stands in the configuration and without symbolic links.
    Root(PathBuf, PathBuf),
    /// The identifier of a master that can be read.
    Readable(String),
    /// What it found.
    Found(Finding),
    /// It has seen all.
    Done,
}

/// All that it saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// What it found.
    pub(super) findings: Vec<Finding>,
    /// The roots that it could open: as written, and without symbolic links.
    pub(super) roots: Vec<(PathBuf, PathBuf)>,
    /// Identifiers of masters that can be read.
    pub(super) readable: Vec<String>,
}

/// Has this program look with the eyes of `person`, if that is somebody else and we may; else with our own. `credentials` are
/// variables that the service has for its stores.
pub(super) fn through(
    person: Option<&Person>,
    config: &Path,
    quick: bool,
    credentials: &[(String, String)],
) -> Seen {
    let looker = looker(person, config, quick);
    let said = looker.and_then(|mut looker| {
        looker.envs(credentials.iter().map(|(name, value)| (name, value)));
        program::run(&mut looker, LIMIT)
    });
    match said {
        Ok(said) => understand(&said.out, said.end, &said.error),
        Err(error) => {
            let what = format!("cannot be looked at by another process: {error}");
            Seen { findings: vec![Finding::warning("masters", what)], ..Seen::default() }
        }
    }
}

/// This program once more. As somebody else by setpriv(1) of util-linux, which every Debian has.
fn looker(person: Option<&Person>, config: &Path, quick: bool) -> std::io::Result<Command> {
    let program = std::env::current_exe()?;
    let mut command = match person {
        None => Command::new(program),
        Some(person) => {
            let groups: Vec<_> = person.groups.iter().map(|group| group.gid.to_string()).collect();
            let first = groups.first().map_or("65534", |gid| gid);
            let mut command = Command::new("setpriv");
            command.args([format!("--reuid={}", person.uid), format!("--regid={first}")]);
            command.args([format!("--groups={}", groups.join(",")), "--inh-caps=-all".to_owned()]);
            command.arg("--").arg(program);
            command
        }
    };
    command.args(["check", "--look", "--config"]).arg(std::path::absolute(config)?);
    command.args(quick.then_some("--quick")).env("RECTO_LOG", "off");
    Ok(command)
}

/// What the lines say, and how it ended.
fn understand(lines: &str, end: End, complaint: &str) -> Seen {
    let (mut seen, mut last, mut done) = (Seen::default(), None, false);
    for sight in lines.lines().filter_map(|line| serde_json::from_str(line).ok()) {
        match sight {
            Sight::Turned(path) => last = Some(path),
            Sight::Root(written, real) => seen.roots.push((written, real)),
            Sight::Readable(identifier) => seen.readable.push(identifier),
            Sight::Found(finding) => seen.findings.push(finding),
            Sight::Done => done = true,
        }
    }
    if !done {
        let about = last.map_or_else(|| "masters".to_owned(), |path| path.display().to_string());
        seen.findings.push(interrupted(about, end, complaint));
    }
    seen
}

/// Why it has not seen all.
fn interrupted(about: String, end: End, complaint: &str) -> Finding {
    if end == End::Late {
        let what =
            format!("does not answer for {} s: a file system that waits for its server?", LIMIT.as_secs());
        let advice = "See whether the server is up, and what the mount's options are (NFS: soft,timeo=100 rather than hard):";
        return Finding::error(about, what).mend(advice).by("findmnt --types nfs,nfs4,cifs,fuse");
    }
    match complaint.lines().next_back() {
        Some(line) => Finding::warning(about, format!("cannot be looked at: {}", plain(line))),
        None => Finding::error(about, "ends the process that looks at it")
            .mend("Leave it out of the masters, and report it: no file should do that."),
    }
}

/// How long all of it may take. What is read is little.
const LIMIT: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;

    fn lines(sights: &[Sight]) -> String {
        sights.iter().map(|sight| serde_json::to_string(sight).expect("JSON") + "\n").collect()
    }

    #[test]
    fn what_was_seen_before_a_file_system_stopped_to_answer_is_kept() {
        let sights = [
            Sight::Root("/a".into(), "/b".into()),
            Sight::Readable("x y".into()),
            Sight::Found(Finding::fine("a", "b")),
            Sight::Turned("/a/c".into()),
        ];
        let seen = understand(&lines(&sights), End::Late, "");
        assert_eq!(seen.roots, [("/a".into(), "/b".into())]);
        assert_eq!((&*seen.readable[0], seen.findings.len()), ("x y", 2));
        let last = &seen.findings[1];
        assert!(
            last.severity == Severity::Error && last.about == "/a/c" && last.what.contains("does not answer")
        );
        // The last line may be cut off.
        let cut = lines(&sights);
        assert_eq!(understand(&cut[..cut.len() - 5], End::Late, "").findings[1].about, "masters");
    }

    #[test]
    fn the_end_of_the_looker_is_judged() {
        assert_eq!(understand(&lines(&[Sight::Done]), End::Well, "noise"), Seen::default());
        let without = |complaint| understand("", End::Badly, complaint).findings.remove(0);
        assert!(without("a\nsetpriv: no such program\n").what.ends_with("setpriv: no such program"));
        assert!(without("").what.contains("ends the process"));
    }
}
