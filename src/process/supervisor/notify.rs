//! Status messages to systemd: one datagram each to the socket in NOTIFY_SOCKET. None without systemd. Must not fail or
//! wait: a supervisor that cannot report goes on supervising. What came of a reload is told to its command as well.
//! sd_notify(3).

use std::ffi::OsStr;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use crate::process::outcome::Outcome;

/// The way to systemd, if there is one.
#[derive(Debug)]
pub(super) struct Notify {
    way: Option<(UnixDatagram, SocketAddr)>,
    outcome: Option<Outcome>,
}

impl Notify {
    /// The socket that the environment names.
    pub(super) fn from_environment() -> Self {
        let address = std::env::var_os("NOTIFY_SOCKET");
        Self { way: address.and_then(|address| way_to(&address)), outcome: Outcome::from_environment() }
    }

    /// Says that a reload is over, and what came of it.
    pub(super) fn reloaded(&self, outcome: Result<(), &str>) {
        if let Some(file) = &self.outcome {
            file.tell(outcome);
        }
        self.send("READY=1");
    }

    /// Sends `state`, lines of `NAME=value`.
    pub(super) fn send(&self, state: &str) {
        if let Some((socket, address)) = &self.way
            && let Err(error) = socket.send_to_addr(state.as_bytes(), address)
        {
            log::debug!("cannot notify systemd: {error}");
        }
    }
}

/// `@name` is an abstract socket, `/path` one in the file system.
fn way_to(address: &OsStr) -> Option<(UnixDatagram, SocketAddr)> {
    let target = match address.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(address),
    };
    let socket = UnixDatagram::unbound().ok()?;
    // A full queue at systemd must not stop the deadlines here.
    socket.set_nonblocking(true).ok()?;
    Some((socket, target.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(receiver: &UnixDatagram, address: &OsStr) {
        Notify { way: way_to(address), outcome: None }.send("READY=1\nSTATUS=well");
        let mut buffer = [0; 64];
        let length = receiver.recv(&mut buffer).expect("sent");
        assert_eq!(&buffer[..length], b"READY=1\nSTATUS=well");
    }

    #[test]
    fn both_kinds_of_address_are_reached() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("notify");
        check(&UnixDatagram::bind(&path).expect("bound"), path.as_os_str());
        let name = format!("recto-notify-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("short");
        check(&UnixDatagram::bind_addr(&address).expect("bound"), OsStr::new(&format!("@{name}")));
    }

    #[test]
    fn nobody_to_notify_is_no_error() {
        Notify { way: None, outcome: None }.send("READY=1");
        Notify { way: way_to(OsStr::new("/nonexistent/notify")), outcome: None }.send("READY=1");
    }
}
