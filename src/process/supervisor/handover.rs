//! What a supervisor leaves to the program that takes its place: a letter, and the descriptors that it speaks of.
//! Must not act on it. The letter is on standard input: a socket in which it waits as a message that has been sent.
//!
//! A letter is JSON. Any program understands `program` and `listeners`, whose sockets are the first descriptors; that is
//! enough to begin anew without losing a request. What `workers` says depends on its `form`, and one of another form is
//! left alone.

use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use anyhow::{Context, ensure};
use rustix::fs::MemfdFlags;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{AddressFamily, SocketType, sockopt};
use serde::{Deserialize, Serialize};

use super::socket::Note;
use super::{fetchers, pool};
use crate::packet;

/// The form of [`Workers`], and of all that workers share but the scoreboard, which has a form of its own: to be changed
/// with any of it.
const FORM: u32 = 2;

/// What each message says.
const LETTER: &[u8] = b"recto";

/// The longest letter: a worker takes less than 200 bytes of it.
const LONGEST: u64 = 4 << 20;

/// All that is left.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Letter {
    /// Where the program is, and its successor will be.
    pub(super) program: PathBuf,
    /// The listening sockets.
    pub(super) listeners: Vec<Note>,
    /// The workers, unless they have ended.
    workers: Option<serde_json::Value>,
}

/// The workers that are there, and what is known of them. Its descriptors are the configuration of these workers, those of
/// the fetchers, and those of the pool.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Workers {
    form: u32,
    /// The number of the generation that serves.
    pub(super) generation: u64,
    /// Whether it was said that the server is ready.
    pub(super) ready: bool,
    /// How many workers were lost.
    pub(super) lost: u64,
    /// The fetchers.
    pub(super) fetchers: Vec<fetchers::Note>,
    /// Each worker.
    pub(super) pool: pool::Note,
}

impl Letter {
    pub(super) fn new(
        program: PathBuf,
        listeners: Vec<Note>,
        workers: Option<Workers>,
    ) -> serde_json::Result<Self> {
        Ok(Self { program, listeners, workers: workers.map(serde_json::to_value).transpose()? })
    }

    /// The workers, if any are left.
    ///
    /// # Errors
    /// If that is written in another form.
    pub(super) fn workers(&mut self) -> anyhow::Result<Option<Workers>> {
        let Some(workers) = self.workers.take() else { return Ok(None) };
        let form = workers.get("form").and_then(serde_json::Value::as_u64);
        ensure!(form == Some(FORM.into()), "it leaves its workers in the form {form:?}, and not in {FORM}");
        Ok(Some(serde_json::from_value(workers)?))
    }

    /// The socket to start the next program with: the letter and its descriptors wait there.
    ///
    /// # Errors
    /// If the system has no memory or descriptors for it.
    pub(super) fn post(&self, descriptors: &[BorrowedFd<'_>]) -> io::Result<OwnedFd> {
        let mut text = File::from(rustix::fs::memfd_create("recto-letter", MemfdFlags::CLOEXEC)?);
        text.write_all(&serde_json::to_vec(self)?)?;
        let (ours, theirs) = packet::pair()?;
        for some in [&[text.as_fd()], descriptors].concat().chunks(packet::MOST) {
            packet::send(&ours, &[IoSlice::new(LETTER)], some)?;
        }
        Ok(theirs)
    }

    /// The letter on standard input, and its descriptors; None if that is something else.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn received() -> anyhow::Result<Option<(Self, std::vec::IntoIter<OwnedFd>)>> {
        let stdin = io::stdin();
        let is_one = sockopt::socket_domain(&stdin) == Ok(AddressFamily::UNIX)
            && sockopt::socket_type(&stdin) == Ok(SocketType::SEQPACKET);
        is_one.then(|| Self::read(stdin.as_fd()).context("what the program before has left")).transpose()
    }

    fn read(from: BorrowedFd<'_>) -> anyhow::Result<(Self, std::vec::IntoIter<OwnedFd>)> {
        let mut descriptors = Vec::new();
        loop {
            match packet::receive(from, &mut [0; LETTER.len()]) {
                Ok((0, _)) => break,
                Ok((_, more)) => descriptors.extend(more),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        let mut descriptors = descriptors.into_iter();
        let mut text = File::from(descriptors.next().context("nothing is there")?);
        text.rewind()?;
        Ok((serde_json::from_reader(text.take(LONGEST))?, descriptors))
    }
}

impl Workers {
    pub(super) fn new(
        generation: u64,
        ready: bool,
        lost: u64,
        fetchers: Vec<fetchers::Note>,
        pool: pool::Note,
    ) -> Self {
        Self { form: FORM, generation, ready, lost, fetchers, pool }
    }
}

/// Says whether programs that are started have this descriptor.
///
/// # Errors
/// None in practice.
pub(super) fn pass_on(descriptor: impl AsFd, yes: bool) -> io::Result<()> {
    Ok(fcntl_setfd(descriptor, if yes { FdFlags::empty() } else { FdFlags::CLOEXEC })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(workers: serde_json::Value) -> Letter {
        Letter { program: "/usr/bin/recto".into(), listeners: Vec::new(), workers: Some(workers) }
    }

    #[test]
    fn a_letter_arrives_with_all_its_descriptors_in_order() {
        let files: Vec<_> = (0..200).map(|_| tempfile::tempfile().expect("a file")).collect();
        for (number, mut file) in files.iter().enumerate() {
            write!(file, "{number}").expect("written");
        }
        let descriptors: Vec<_> = files.iter().map(AsFd::as_fd).collect();
        let socket = letter("any".into()).post(&descriptors).expect("posted");
        let (read, descriptors) = Letter::read(socket.as_fd()).expect("there");
        assert_eq!((read.program, read.workers), ("/usr/bin/recto".into(), Some("any".into())));
        let mut texts = Vec::new();
        for descriptor in descriptors {
            let mut file = File::from(descriptor);
            file.rewind().expect("a file");
            texts.push(io::read_to_string(file).expect("text"));
        }
        assert_eq!(texts, (0..200).map(|number| number.to_string()).collect::<Vec<_>>());
        assert!(Letter::read(socket.as_fd()).is_err(), "once only");
    }

    #[test]
    fn workers_of_another_form_are_left_alone() {
        let mut other = letter(serde_json::json!({ "form": FORM + 1, "generation": "a word" }));
        assert!(other.workers().expect_err("another form").to_string().contains("form"));
        let note = serde_json::from_str(r#"{"served": 3, "workers": []}"#).expect("a note");
        let workers = serde_json::to_value(Workers::new(7, true, 2, Vec::new(), note)).expect("JSON");
        let workers = letter(workers).workers().expect("the same form").expect("some");
        assert_eq!((workers.generation, workers.ready, workers.lost), (7, true, 2));
    }
}
