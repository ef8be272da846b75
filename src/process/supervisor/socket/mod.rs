//! The listening sockets: those that systemd hands over, or our own at the configured path, and those of TCP beside it.
//! Must not accept anything: that is for the workers, who get them when they start.
//! sd_listen_fds(3), systemd.exec(5).

mod own;

use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fmt, fs};

use anyhow::{Context, ensure};
use listenfd::ListenFd;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::net::{SocketAddrUnix, getsockname, sockopt};
use serde::{Deserialize, Serialize};

use crate::config::Pool;
use own::OwnFile;

/// Most sockets in all: they go to workers in one message.
const MOST: usize = 32;

/// How long whoever waits at a socket of TCP that is given up is served: there may be new ones all the time. A file is
/// removed, so that nobody new finds it.
const LAST_CALL: Duration = Duration::from_secs(5);

/// How long a worker may wait for a connection of which it has heard, if the socket has come to block.
const TOO_LATE: Duration = Duration::from_millis(1);

/// How long somebody may take from finding a file that is then removed to waiting at its socket.
const MOMENT: Duration = Duration::from_millis(20);

/// Where clients find a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Address {
    /// A file, or with an @ in front an abstract name.
    Unix(PathBuf),
    /// An address and a port.
    Tcp(SocketAddr),
}

/// A listening socket.
#[derive(Debug)]
pub(super) struct Listener {
    descriptor: OwnedFd,
    address: Address,
    /// Whether systemd handed it over. It is the next server's as well then, and only systemd closes it.
    systemds: bool,
    /// Its file, if that is ours; it is removed with it.
    own: Option<OwnFile>,
    /// Since when it is given up.
    left: Option<Instant>,
}

/// What is known of a listener beside its descriptor.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Note {
    address: Address,
    systemds: bool,
    /// Device and inode of its file, if that is ours.
    file: Option<(u64, u64)>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Listeners(Vec<Listener>);

impl Listeners {
    /// The sockets of systemd if it started us with some, else a new one at `[server] socket`; and those of
    /// `[server] listen`.
    ///
    /// # Errors
    /// If somebody listens there already, if its directory is missing, or if one cannot be made.
    pub(super) fn open(pool: &Pool) -> anyhow::Result<Self> {
        let mut listeners = Self(from_systemd()?);
        for listener in &listeners.0 {
            log::info!("listening on {}, which systemd handed over", listener.address);
        }
        listeners.add(pool)?;
        Ok(listeners)
    }

    /// Opens those that `pool` wants and that are not there.
    ///
    /// # Errors
    /// As [`open`](Self::open). Nothing is changed then.
    pub(super) fn add(&mut self, pool: &Pool) -> anyhow::Result<()> {
        let mut added = Vec::new();
        for address in self.wanted(pool) {
            let known = self.0.iter_mut().find(|listener| listener.address == address);
            // A file of one that was given up is gone; a port is not.
            match known.filter(|it| it.left.is_none() || matches!(it.address, Address::Tcp(_))) {
                Some(listener) => listener.left = None,
                None => added.push(own::listen(address)?),
            }
        }
        ensure!(self.0.len() + added.len() <= MOST, "there are more than {MOST} sockets to listen on");
        for listener in &added {
            log::info!("listening on {}", listener.address);
        }
        self.0.append(&mut added);
        Ok(())
    }

    /// What of our own `pool` wants.
    fn wanted(&self, pool: &Pool) -> Vec<Address> {
        let socket = (!self.are_systemds()).then(|| Address::Unix(pool.socket.clone()));
        let wanted = socket.into_iter().chain(pool.listen.iter().copied().map(Address::Tcp));
        wanted.filter(|address| !self.systemds().any(|listener| listener.address == *address)).collect()
    }

    /// Those from which workers with this configuration accept.
    pub(super) fn of(&self, pool: &Pool) -> Vec<BorrowedFd<'_>> {
        let wanted = self.wanted(pool);
        let those = self.0.iter().filter(|it| it.systemds || wanted.contains(&it.address));
        those.map(|listener| listener.descriptor.as_fd()).collect()
    }

    /// Gives up those of our own that `pool` does not want, or all of them. Whoever waits there is served yet.
    pub(super) fn leave(&mut self, pool: Option<&Pool>, now: Instant) {
        let wanted = pool.map_or_else(Vec::new, |pool| self.wanted(pool));
        for listener in self.0.iter_mut().filter(|it| !it.systemds && !wanted.contains(&it.address)) {
            if listener.left.is_none() {
                listener.own = None;
                listener.left = Some(now);
            }
        }
    }

    /// Whether nobody waits any more at those that were given up.
    pub(super) fn are_served(&self, now: Instant) -> bool {
        let is_over = |listener: &Listener, since| {
            matches!(listener.address, Address::Tcp(_)) && now.saturating_duration_since(since) >= LAST_CALL
        };
        let is_new = |since| now.saturating_duration_since(since) < MOMENT;
        let waits = |it: &Listener| {
            it.left.is_some_and(|since| !is_over(it, since) && (is_new(since) || it.has_queue()))
        };
        !self.0.iter().any(waits)
    }

    /// Closes those that were given up.
    pub(super) fn close_left(&mut self) {
        self.0.retain(|listener| {
            if listener.left.is_some() {
                log::info!("no longer listening on {}", listener.address);
            }
            listener.left.is_none()
        });
    }

    /// Whether systemd handed over the socket that NGINX knows: then its unit says where that is.
    pub(super) fn are_systemds(&self) -> bool {
        self.systemds().any(|listener| matches!(listener.address, Address::Unix(_)))
    }

    /// Why a changed `[server] socket` has no effect, if so, and what to do.
    pub(super) fn why_not(&self, pool: &Pool) -> Option<String> {
        let wanted = Address::Unix(pool.socket.clone());
        let theirs: Vec<_> = self.systemds().map(|listener| &listener.address).collect();
        let is_it = |address: &&Address| **address == wanted || is_same_file(address, &pool.socket);
        if !self.are_systemds() || theirs.iter().any(is_it) {
            return None;
        }
        let theirs: Vec<_> = theirs.iter().map(ToString::to_string).collect();
        Some(format!(
            "[server] socket is {wanted}, but systemd holds the socket, at {}: to move it, give \
             \"ListenStream=\" and \"ListenStream={wanted}\" in a drop-in (systemctl edit recto.socket), then \
             systemctl restart recto.socket recto.service",
            theirs.join(" and ")
        ))
    }

    fn systemds(&self) -> impl Iterator<Item = &Listener> {
        self.0.iter().filter(|listener| listener.systemds)
    }

    /// What another program needs to go on with them in this process: [`Listeners::adopt`].
    pub(super) fn notes(&self) -> (Vec<Note>, Vec<BorrowedFd<'_>>) {
        let kept = || self.0.iter().filter(|listener| listener.left.is_none());
        let note = |listener: &Listener| Note {
            address: listener.address.clone(),
            systemds: listener.systemds,
            file: listener.own.as_ref().map(|own| own.identity),
        };
        (kept().map(note).collect(), kept().map(|listener| listener.descriptor.as_fd()).collect())
    }

    /// Those that the program had that was here before.
    pub(super) fn adopt(notes: Vec<Note>, descriptors: impl Iterator<Item = OwnedFd>) -> Self {
        let adopted = notes.into_iter().zip(descriptors).map(|(note, descriptor)| {
            let own = match (&note.address, note.file) {
                (Address::Unix(path), Some(identity)) => Some(OwnFile { path: path.clone(), identity }),
                _ => None,
            };
            Listener { descriptor, address: note.address, systemds: note.systemds, own, left: None }
        });
        Self(adopted.collect())
    }
}

impl Listener {
    /// Whether a connection waits to be accepted.
    fn has_queue(&self) -> bool {
        let mut polled = [PollFd::new(&self.descriptor, PollFlags::IN)];
        poll(&mut polled, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp(address) => write!(f, "{address}"),
        }
    }
}

/// Whether two names lead to one file, as those in /run and /var/run do.
fn is_same_file(address: &Address, path: &Path) -> bool {
    let Address::Unix(other) = address else { return false };
    fs::canonicalize(other).is_ok_and(|other| fs::canonicalize(path).is_ok_and(|path| path == other))
}

/// Standard input, if it is a listening socket (`StandardInput=socket`); else the descriptors of which the environment
/// says that they were meant for this process.
fn from_systemd() -> anyhow::Result<Vec<Listener>> {
    let stdin = std::io::stdin();
    if sockopt::socket_acceptconn(&stdin).unwrap_or(false) {
        return Ok(vec![understood(stdin.as_fd().try_clone_to_owned()?)?]);
    }
    let mut handed_over = ListenFd::from_env();
    let mut listeners = Vec::new();
    for index in 0..handed_over.len() {
        let unix = handed_over.take_unix_listener(index).ok().flatten().map(UnixListener::into);
        let tcp = || handed_over.take_tcp_listener(index).ok().flatten().map(TcpListener::into);
        let socket = unix.or_else(tcp).context(NO_SOCKET)?;
        listeners.push(understood(socket)?);
    }
    Ok(listeners)
}

/// What is said of anything else that systemd may hand over.
const NO_SOCKET: &str = "what systemd handed over is not a listening socket, unix or TCP (ListenStream=)";

/// What systemd handed over, if it is of use.
fn understood(descriptor: OwnedFd) -> anyhow::Result<Listener> {
    ensure!(sockopt::socket_acceptconn(&descriptor).unwrap_or(false), NO_SOCKET);
    let address = address_of(&descriptor).context(NO_SOCKET)?;
    // Of several workers that hear of a connection only one gets it.
    let flags = rustix::fs::fcntl_getfl(&descriptor)?;
    rustix::fs::fcntl_setfl(&descriptor, flags | OFlags::NONBLOCK)?;
    // With StandardInput=socket, systemd takes that back for all who have the socket whenever it starts another program of
    // the unit (ExecReload=). A worker that is too late for a connection would then wait for the next one, and hear of
    // nothing meanwhile, not even that it is to end.
    sockopt::set_socket_timeout(&descriptor, sockopt::Timeout::Recv, Some(TOO_LATE))?;
    if let Address::Tcp(address) = address {
        own::prepare_tcp(&descriptor, address)?;
    }
    Ok(Listener { descriptor, address, systemds: true, own: None, left: None })
}

fn address_of(socket: &OwnedFd) -> Option<Address> {
    let name = getsockname(socket).ok()?;
    if let Ok(address) = SocketAddr::try_from(name.clone()) {
        return Some(Address::Tcp(address));
    }
    let name = SocketAddrUnix::try_from(name).ok()?;
    let path = |bytes: &[u8]| PathBuf::from(String::from_utf8_lossy(bytes).into_owned());
    let file = name.path().map(|name| path(name.to_bytes()));
    let named = file.or_else(|| Some(path(&[b"@", name.abstract_name()?].concat())));
    named.map(Address::Unix)
}
