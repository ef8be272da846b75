//! Asking a running service how it is, on its socket, as NGINX would.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};

use super::PARAMETER;
use super::report::Report;
use crate::fastcgi::params;
use crate::fastcgi::record::{self, kind};

/// How long the service may take to answer. It answers at once, unless all front workers are held up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Most bytes of an answer.
const LONGEST: u64 = 16 << 20;

/// How the service that listens at `socket` is.
///
/// # Errors
/// If it cannot be reached, does not answer, or is of another version; the message says what to do about it.
pub fn ask(socket: &Path) -> anyhow::Result<Report> {
    let mut stream = connect(socket)?;
    let silent =
        || format!("nobody answers at {} (all workers may be held up: see the log)", socket.display());
    stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)))?;
    stream.write_all(&request()).with_context(silent)?;
    let mut reply = Vec::new();
    stream.take(LONGEST).read_to_end(&mut reply).with_context(silent)?;
    understood(&reply)
        .with_context(|| format!("what answers at {} is no Recto of this version", socket.display()))
}

fn connect(socket: &Path) -> anyhow::Result<UnixStream> {
    UnixStream::connect(socket).map_err(|error| {
        let at = socket.display();
        match error.kind() {
            ErrorKind::NotFound => {
                anyhow!("there is no socket {at}: the service does not run (systemctl status recto), or has another configuration")
            }
            ErrorKind::PermissionDenied => {
                let group = std::fs::metadata(socket).map(|file| file.gid());
                let group = group.map_or_else(|_| "its directory's group".to_owned(), group_name);
                anyhow!("you may not connect to {at}: root and the members of {group} may (try sudo)")
            }
            ErrorKind::ConnectionRefused => {
                anyhow!("nobody listens at {at}: the service has ended (systemctl status recto)")
            }
            _ => anyhow!("cannot connect to {at}: {error}"),
        }
    })
}

/// What a group is called, by the file that lists them; groups of a directory service are told by their number.
fn group_name(id: u32) -> String {
    let list = std::fs::read_to_string("/etc/group").unwrap_or_default();
    let name = list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, number) = (fields.next()?, fields.nth(1)?);
        (number.parse() == Ok(id)).then_some(name)
    });
    name.map_or_else(|| format!("the group {id}"), |name| format!("the group {name}"))
}

/// FastCGI 1.0 sections 5.1 to 5.3, as a responder.
fn request() -> Vec<u8> {
    let pairs = [("REQUEST_METHOD", "GET"), (PARAMETER, "status.json")];
    let params = params::encode(pairs.map(|(name, value)| (name.as_bytes(), value.as_bytes())));
    let record = |kind, content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap_or(0);
        [&record::header(kind, 1, length)[..], content].concat()
    };
    [
        record(kind::BEGIN_REQUEST, &[0, 1, 0, 0, 0, 0, 0, 0]),
        record(kind::PARAMS, &params),
        record(kind::PARAMS, b""),
        record(kind::STDIN, b""),
    ]
    .concat()
}

/// The report in a reply.
fn understood(mut rest: &[u8]) -> anyhow::Result<Report> {
    let mut answer = Vec::new();
    while let Some((record, taken)) = record::cut(rest)? {
        if record.kind == kind::STDOUT {
            answer.extend_from_slice(record.content);
        }
        rest = &rest[taken..];
    }
    ensure!(rest.is_empty(), "its answer breaks off");
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n").context("its answer has no head")?;
    let (head, body) = answer.split_at(end + 4);
    if !head.starts_with(b"Status: 200 ") {
        bail!("it answers {}", String::from_utf8_lossy(head).lines().next().unwrap_or_default());
    }
    Ok(serde_json::from_slice(body)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_answer_is_said_to_be_none() {
        let reply = |text: &str| {
            let length = u16::try_from(text.len()).expect("short");
            [&record::header(kind::STDOUT, 1, length)[..], text.as_bytes()].concat()
        };
        for (bytes, says) in [
            (reply("Status: 404 Not Found\r\n\r\n"), "Status: 404"),
            (reply("Status: 200 OK"), "no head"),
            (reply("Status: 200 OK\r\n\r\n{}"), "missing field"),
            (reply("Status: 200 OK\r\n\r\n")[..9].to_vec(), "breaks off"),
            (Vec::new(), "no head"),
            (b"HTTP/1.1 400 Bad Request\r\n".to_vec(), "version"),
        ] {
            let error = understood(&bytes).expect_err("no answer");
            assert!(error.to_string().contains(says), "{error:#}");
        }
    }

    #[test]
    fn who_cannot_be_reached_is_told_what_to_do() {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("recto.sock");
        let says = || ask(&socket).expect_err("nobody").to_string();
        assert!(says().contains("there is no socket"), "{}", says());
        drop(std::os::unix::net::UnixListener::bind(&socket).expect("bound"));
        assert!(says().contains("nobody listens"), "{}", says());
        assert_eq!(group_name(0), "the group root");
    }
}
