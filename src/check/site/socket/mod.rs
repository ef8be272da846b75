//! The sockets on which NGINX finds the workers: whether they are there, let NGINX's user in, and somebody answers.

mod ask;
mod network;

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

use recto_iiif::Identifier;

use super::person::{Group, Person};
use super::unit::{Unit, edit};
use crate::check::Finding;
use ask::Connection;
pub(super) use network::judge as judge_network;

/// Who may connect: owner, group and the permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Door {
    uid: u32,
    gid: u32,
    mode: u32,
}

impl Door {
    fn of(found: &Metadata) -> Self {
        Self { uid: found.uid(), gid: found.gid(), mode: found.mode() & 0o777 }
    }

    /// Whether `bits`, those of the others, are given to this user.
    fn lets(self, person: &Person, bits: u32) -> bool {
        let given = match self {
            _ if person.is_root() => return true,
            Self { uid, mode, .. } if uid == person.uid => mode >> 6,
            Self { gid, mode, .. } if person.is_in(gid) => mode >> 3,
            Self { mode, .. } => mode,
        };
        given & bits == bits
    }
}

/// All that there is to say of the socket: `nginx` is NGINX's user, `identifier` is of a master to ask for, and `unit` is
/// recto.socket.
pub(super) fn judge(
    path: &Path,
    nginx: Option<&Person>,
    identifier: Option<&str>,
    unit: Option<&Unit>,
) -> Vec<Finding> {
    let about = path.display().to_string();
    let found = match fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => found,
        Ok(_) => {
            let finding = Finding::error(about, "is not a socket: something else is in its place");
            return vec![
                finding.mend("See what it is, and move it away:").by(format!("ls -l {}", path.display())),
            ];
        }
        Err(error) => return vec![absent(about, path, &error, unit)],
    };
    let mut findings: Vec<_> = nginx
        .and_then(|nginx| shut(&about, path, Door::of(&found), nginx, unit.is_some()))
        .into_iter()
        .collect();
    if found.mode() & 0o002 != 0 {
        let what = "lets every user of this machine make requests past NGINX";
        findings.push(
            Finding::advice(about.clone(), what)
                .mend("Leave it to its group: SocketMode=0660 in recto.socket."),
        );
    }
    findings.push(answers(&about, identifier, || UnixStream::connect(path)));
    findings
}

/// Why it is not there.
fn absent(about: String, path: &Path, error: &io::Error, unit: Option<&Unit>) -> Finding {
    match unit {
        Some(unit) => {
            let elsewhere = unit.get("Listen");
            if !elsewhere.is_empty() && elsewhere.split(' ').next() != path.to_str() {
                let what = format!("is not there: recto.socket listens on {elsewhere}");
                return Finding::error(about, what)
                    .mend("Give the same path as socket in [server], or in recto.socket.");
            }
            Finding::error(about, format!("is not there: recto.socket is {}", unit.get("ActiveState")))
                .mend("Start both, now and at each start of the system:")
                .by("systemctl enable --now recto.socket recto.service")
        }
        None => Finding::error(about, format!("is not there ({error}): does recto serve run?")),
    }
}

/// Why NGINX may not connect to it, and what would let it.
fn shut(about: &str, path: &Path, door: Door, nginx: &Person, has_unit: bool) -> Option<Finding> {
    let above = path.ancestors().skip(1).filter_map(|it| Some((it, Door::of(&fs::metadata(it).ok()?))));
    let closed = above.collect::<Vec<_>>().into_iter().rev().find(|(_, door)| !door.lets(nginx, 0o1));
    if let Some((directory, door)) = closed {
        let what = format!(
            "NGINX runs as {}, who may not enter {} (mode {:04o}): it answers 503",
            nginx.name,
            directory.display(),
            door.mode
        );
        let command = format!("chmod o+x {}", directory.display());
        return Some(Finding::error(about, what).mend("Let it through:").by(command));
    }
    if door.lets(nginx, 0o2) {
        return None;
    }
    let group = Group::find(&door.gid.to_string()).map_or_else(|| door.gid.to_string(), |group| group.name);
    let what = format!(
        "NGINX runs as {}, who may not connect (mode {:04o}, group {group}): it answers 503",
        nginx.name, door.mode
    );
    let finding = Finding::error(about, what);
    let own = nginx.group();
    Some(match has_unit {
        true => edit(finding, "recto.socket", &format!("[Socket]\nSocketGroup={own}")),
        false => finding.mend("Give it NGINX's group:").by(format!("chgrp {own} {}", path.display())),
    })
}

/// Whether somebody answers who is reached by `connect`.
fn answers<C: Connection>(
    about: &str,
    identifier: Option<&str>,
    connect: impl FnOnce() -> io::Result<C>,
) -> Finding {
    let known = identifier.and_then(|path| Identifier::new(path).ok()).map(|identifier| identifier.encoded());
    let uri = format!("/iiif/3/{}/info.json", known.as_deref().unwrap_or("recto-check-asks-for-nothing"));
    match connect().and_then(|connection| ask::status_of(connection, &uri)) {
        Ok(200) => Finding::fine(about, format!("answers: {uri}")),
        Ok(404) if known.is_none() => Finding::fine(about, "answers"),
        Ok(503) => Finding::warning(about, format!("is too busy to answer {uri} (503)"))
            .mend("See what the workers do:")
            .by("journalctl --unit=recto.service --lines=30"),
        Ok(status) => {
            Finding::error(about, format!("answers {uri} with {status}, and the master can be read"))
                .mend("Has the service taken up this configuration?")
                .by("systemctl reload recto.service")
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let what = "whether it answers cannot be seen: this user may not connect";
            Finding::advice(about, what).mend("Ask as root:").by("sudo recto check")
        }
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            Finding::error(about, "nobody listens: the server that is to do so is gone")
                .mend("Start the service:")
                .by("systemctl restart recto.socket recto.service")
        }
        Err(error) => Finding::error(about, format!("does not answer: {error}"))
            .mend("See what the workers do:")
            .by("journalctl --unit=recto.service --lines=30"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;

    use super::*;

    fn person(name: &str, uid: u32, gid: u32) -> Person {
        Person { name: name.into(), uid, groups: vec![Group { name: name.into(), gid }] }
    }

    #[test]
    fn who_may_connect_is_as_the_kernel_has_it() {
        let (debian, nginx_org) = (person("www-data", 33, 33), person("nginx", 101, 101));
        for (mode, uid, gid, person, may) in [
            (0o660, 0, 33, &debian, true),
            (0o660, 0, 33, &nginx_org, false),
            (0o666, 0, 33, &nginx_org, true),
            (0o606, 0, 33, &debian, false),
            (0o060, 33, 33, &debian, false),
            (0o600, 101, 0, &nginx_org, true),
            (0o000, 1, 1, &person("root", 0, 0), true),
        ] {
            assert_eq!(Door { uid, gid, mode }.lets(person, 0o2), may, "{mode:o} {} {}", uid, person.name);
        }
    }

    #[test]
    fn the_user_of_nginx_org_is_told_what_lets_it_in() {
        let door = Door { uid: 0, gid: 0, mode: 0o660 };
        let nginx = person("nginx", 101, 101);
        let path = Path::new("/recto.sock");
        let finding = shut("s", path, door, &nginx, true).expect("shut");
        assert!(
            finding.what.starts_with("NGINX runs as nginx, who may not connect (mode 0660, group root)"),
            "{finding:?}"
        );
        let command = "systemctl edit recto.socket\n[Socket]\nSocketGroup=nginx\nsystemctl restart recto.socket recto.service";
        assert_eq!(finding.command.as_deref(), Some(command));
        let finding = shut("s", path, door, &nginx, false).expect("shut");
        assert_eq!(finding.command.as_deref(), Some("chgrp nginx /recto.sock"));
        assert_eq!(shut("s", path, Door { gid: 101, ..door }, &nginx, true), None);
    }

    #[test]
    fn what_is_no_socket_or_nobodys_is_said() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("socket");
        let word = |expected: &str, unit: Option<&Unit>| {
            let findings = judge(&path, None, None, unit);
            assert!(findings.len() == 1 && findings[0].what.contains(expected), "{findings:?}");
        };
        word("does recto serve run?", None);
        word("recto.socket is inactive", Some(&Unit::parse("ActiveState=inactive")));
        word("recto.socket listens on /else", Some(&Unit::parse("Listen=/else (Stream)")));
        fs::write(&path, "").expect("written");
        word("is not a socket", None);
        fs::remove_file(&path).expect("removed");
        let listener = UnixListener::bind(&path).expect("bound");
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o660)).expect("set");
        let echo = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            stream.read_exact(&mut [0; 8]).expect("a request");
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("written");
        });
        word("not FastCGI", None);
        echo.join().expect("ended");
        word("nobody listens", None);
    }
}
