//! The listening socket: the one that systemd hands over, or our own at the configured path.
//! Must not accept anything: that is for the workers, who get it as descriptor 0.
//! sd_listen_fds(3), unix(7).

use std::fs;
use std::io::ErrorKind;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};
use rustix::process::{PidfdFlags, PidfdGetfdFlags};

/// Connections that may queue. With four front workers and 20 ms a request the last one waits 1.3 seconds.
const BACKLOG: i32 = 256;

/// The mode of the socket: its owner may connect, and its group, which is NGINX's.
const MODE: u32 = 0o660;

/// The first descriptor that systemd hands over.
const FIRST_FROM_SYSTEMD: i32 = 3;

/// A listening unix socket. Our own file is removed with it; systemd's is left alone.
#[derive(Debug)]
pub(super) struct Listener {
    descriptor: OwnedFd,
    own: Option<OwnFile>,
}

/// A socket file that we made, distinguished from one that another server may have put in its place since.
#[derive(Debug)]
struct OwnFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl Listener {
    /// The socket of systemd if it started us with one, else a new one at `path`.
    ///
    /// # Errors
    /// If somebody listens at `path` already, if its directory is missing, or if it cannot be made.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        match from_systemd()? {
            Some(descriptor) => {
                log::info!("listening on the socket that systemd handed over");
                Ok(Self { descriptor, own: None })
            }
            None => {
                let listener = bind(path).with_context(|| format!("cannot listen on {}", path.display()))?;
                log::info!("listening on {}", path.display());
                Ok(listener)
            }
        }
    }

    /// Accepts no new connections, but keeps those in the queue. A socket of systemd stays open: its queue is served by
    /// the next server.
    pub(super) fn close_door(&mut self) {
        self.own = None;
    }

    /// Whether a connection waits to be accepted.
    pub(super) fn has_queue(&self) -> bool {
        let mut polled = [PollFd::new(&self.descriptor, PollFlags::IN)];
        poll(&mut polled, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    }

    /// Whether the socket is systemd's.
    pub(super) fn is_systemds(&self) -> bool {
        self.own.is_none()
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl Drop for OwnFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|found| found == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> std::io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}

/// Descriptor 3, if the environment says that it was meant for this process.
fn from_systemd() -> anyhow::Result<Option<OwnedFd>> {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<u32>().ok());
    if number("LISTEN_PID") != Some(std::process::id()) {
        return Ok(None);
    }
    match number("LISTEN_FDS") {
        None | Some(0) => return Ok(None),
        Some(1) => {}
        Some(more) => {
            bail!("systemd hands over {more} sockets; the socket unit may have only one ListenStream=")
        }
    }
    // A copy by way of the kernel: nothing can guarantee that a number is an open descriptor without another owner.
    let ourselves = rustix::process::pidfd_open(rustix::process::getpid(), PidfdFlags::empty())?;
    let socket = rustix::process::pidfd_getfd(ourselves, FIRST_FROM_SYSTEMD, PidfdGetfdFlags::empty())
        .context("cannot take the socket that systemd handed over (this needs Linux 5.6)")?;
    let listens = sockopt::socket_acceptconn(&socket).unwrap_or(false);
    let is_unix = sockopt::socket_domain(&socket).is_ok_and(|domain| domain == AddressFamily::UNIX);
    ensure!(listens && is_unix, "what systemd handed over is not a listening unix socket");
    // Of several workers that hear of a connection only one gets it.
    let flags = rustix::fs::fcntl_getfl(&socket)?;
    rustix::fs::fcntl_setfl(&socket, flags | OFlags::NONBLOCK)?;
    Ok(Some(socket))
}

/// A new socket at `path`, in place of a stale one.
fn bind(path: &Path) -> anyhow::Result<Listener> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    ensure!(directory.is_dir(), "the directory {} does not exist", directory.display());
    let address = SocketAddrUnix::new(path).context("the path is too long for a socket")?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    match rustix::net::bind(&socket, &address) {
        Err(Errno::ADDRINUSE) => {
            remove_stale(path)?;
            rustix::net::bind(&socket, &address)?;
        }
        outcome => outcome?,
    }
    // No client can connect before `listen`, so the mode is right in time.
    let own = OwnFile { path: path.to_owned(), identity: identity(path)? };
    fs::set_permissions(path, fs::Permissions::from_mode(MODE))?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(Listener { descriptor: socket, own: Some(own) })
}

/// Removes the socket that a server left behind when it was killed. Anything else at its path is not ours to remove.
fn remove_stale(path: &Path) -> anyhow::Result<()> {
    ensure!(fs::symlink_metadata(path)?.file_type().is_socket(), "there is a file which is not a socket");
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(fs::remove_file(path)?),
        Err(error) => Err(error).context("cannot find out whether another server listens there"),
        Ok(_) => bail!("another server listens there"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_for_owner_and_group_and_goes_with_its_server() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("socket");
        let listener = bind(&path).expect("free");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, MODE);
        assert!(!listener.has_queue());
        let _queued = UnixStream::connect(&path).expect("listening");
        assert!(listener.has_queue());
        drop(listener);
        assert!(!path.exists());
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_living_one_is_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("socket");
        drop(std::os::unix::net::UnixListener::bind(&path).expect("free"));
        assert!(path.exists());
        let listener = bind(&path).expect("stale");
        let error = bind(&path).expect_err("living");
        assert!(error.to_string().contains("another server"), "{error:#}");
        drop(listener);
    }

    #[test]
    fn a_successors_socket_is_not_removed() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("socket");
        let old = bind(&path).expect("free");
        fs::rename(&path, directory.path().join("moved")).expect("moved");
        let new = bind(&path).expect("free");
        drop(old);
        assert!(path.exists());
        drop(new);
    }

    #[test]
    fn nothing_but_a_socket_is_ever_removed() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        fs::write(&path, "precious").expect("written");
        assert!(bind(&path).expect_err("taken").to_string().contains("not a socket"));
        assert!(path.exists());
        let missing = directory.path().join("missing/socket");
        assert!(bind(&missing).expect_err("no directory").to_string().contains("does not exist"));
    }
}
