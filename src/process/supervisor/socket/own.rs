//! Sockets of our own: a file that only its owner and group may connect to, or an address and a port.
//! unix(7), tcp(7), ipv6(7).

use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};

use super::{Address, Listener};

/// Connections that may wait to be accepted. Two workers with 2 ms a tile answer the last one after a second.
const BACKLOG: i32 = 1024;

/// The mode of the socket: its owner may connect, and its group, which is NGINX's.
const MODE: u32 = 0o660;

/// A socket file that we made, distinguished from one that another server may have put in its place since.
#[derive(Debug)]
pub(super) struct OwnFile {
    pub(super) path: PathBuf,
    pub(super) identity: (u64, u64),
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

/// A new socket there.
///
/// # Errors
/// If somebody listens there already, if its directory is missing, or if the system does not allow it.
pub(super) fn listen(address: Address) -> anyhow::Result<Listener> {
    let opened = match &address {
        Address::Unix(path) => bind(path).map(|(descriptor, own)| (descriptor, Some(own))),
        Address::Tcp(address) => bind_tcp(*address).map(|descriptor| (descriptor, None)),
    };
    let (descriptor, own) = opened.with_context(|| format!("cannot listen on {address}"))?;
    Ok(Listener { descriptor, address, systemds: false, own, left: None })
}

/// A new socket at `path`, in place of a stale one.
fn bind(path: &Path) -> anyhow::Result<(OwnedFd, OwnFile)> {
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
    Ok((socket, own))
}

/// A new socket of TCP.
fn bind_tcp(address: SocketAddr) -> anyhow::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = match rustix::net::socket_with(family, SocketType::STREAM, flags, None) {
        Err(Errno::AFNOSUPPORT) => bail!(
            "the unit forbids it: let systemd open it (systemctl edit recto.socket: [Socket] ListenStream={address}), \
             or see [server] listen in the shipped recto.toml for what recto.service has to allow"
        ),
        outcome => outcome?,
    };
    // Connections of the server before may linger.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if address.is_ipv6() {
        // 0.0.0.0 is another address.
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    rustix::net::bind(&socket, &address)?;
    prepare_tcp(&socket, address)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(socket)
}

/// What holds for any socket of TCP, of whoever.
pub(super) fn prepare_tcp(socket: impl AsFd, address: SocketAddr) -> anyhow::Result<()> {
    // What is accepted has it from here: the end of an answer does not wait for its beginning to be acknowledged.
    sockopt::set_tcp_nodelay(socket, true)?;
    if is_exposed(address.ip()) {
        log::warn!(
            "{address} may be reached from other networks: FastCGI has no passwords, so whoever gets there may have any \
             picture, in any size: see to it that a firewall lets only NGINX in, or listen on a private address"
        );
    }
    Ok(())
}

/// Whether anybody might come by this address: neither of this machine alone, nor of a private network.
fn is_exposed(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(it) => !(it.is_loopback() || it.is_private() || it.is_link_local()),
        IpAddr::V6(it) => !(it.is_loopback() || it.is_unique_local() || it.is_unicast_link_local()),
    }
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
        let (descriptor, own) = listener;
        let listener = Listener {
            descriptor,
            address: Address::Unix(path.clone()),
            systemds: false,
            own: Some(own),
            left: None,
        };
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

    #[test]
    fn only_addresses_of_this_machine_and_of_private_networks_are_not_exposed() {
        for (address, exposed) in [
            ("127.0.0.1", false),
            ("::1", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("192.168.1.1", false),
            ("fd00::1", false),
            ("fe80::1", false),
            ("0.0.0.0", true),
            ("::", true),
            ("192.0.2.1", true),
            ("2001:db8::1", true),
        ] {
            assert_eq!(is_exposed(address.parse().expect("an address")), exposed, "{address}");
        }
    }
}
