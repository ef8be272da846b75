//! Where the pool takes requests from: sockets that change, several of them, TCP, and those that systemd hands over.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};

use recto::fastcgi::record::{self, kind};
use rustix::process::Signal;

use crate::process::{NOWHERE, get, load, none_is_lost, request, status};
use crate::server::{Server, until};

/// Puts this text in place of another one in the configuration.
fn edit(server: &Server, from: &str, to: &str) {
    let path = server.path("recto.toml");
    let text = fs::read_to_string(&path).expect("a file");
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).expect("written");
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

/// The beginning of the answer to a GET of nothing by TCP.
fn get_by_tcp(port: u16) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.write_all(&request(NOWHERE))?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let (answer, _) = record::cut(&bytes).map_err(io::Error::other)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    assert_eq!(answer.kind, kind::STDOUT);
    Ok(String::from_utf8_lossy(&answer.content[..11]).into_owned())
}

#[test]
fn a_socket_that_is_moved_loses_no_request() {
    let server = Server::start(2, "10s");
    let load = load(&server, 4);
    let before = server.workers();
    edit(&server, "recto.sock", "other.sock");
    server.signal(Signal::HUP);
    server.until_replaced(&before, 2);
    until("the old one is removed", || !server.path("recto.sock").exists());
    none_is_lost(load);
    assert_eq!(get(&server.path("other.sock"), NOWHERE).expect("an answer"), 404);
    assert!(server.log().contains("no longer listening on"), "{}", server.log());
}

#[test]
fn a_socket_that_cannot_be_opened_leaves_the_old_one() {
    let server = Server::start(1, "10s");
    let before = server.workers();
    edit(&server, "recto.sock", "missing/recto.sock");
    server.signal(Signal::HUP);
    until("the fault is logged", || {
        server.log().contains("going on with the old configuration: cannot listen on")
    });
    assert_eq!((server.workers(), status(&server, NOWHERE)), (before, 404));
}

#[test]
fn workers_take_requests_by_tcp_as_well() {
    let (one, other) = (free_port(), free_port());
    let server = Server::configured(&format!("workers = 2\nlisten = [\"127.0.0.1:{one}\"]\n"));
    for _ in 0..10 {
        assert_eq!(get_by_tcp(one).expect("an answer"), "Status: 404");
        assert_eq!(status(&server, NOWHERE), 404);
    }
    // Moved by a reload, without a pause for those who come by the other way.
    let load = load(&server, 2);
    let before = server.workers();
    edit(&server, &one.to_string(), &other.to_string());
    server.signal(Signal::HUP);
    server.until_replaced(&before, 2);
    assert_eq!(get_by_tcp(other).expect("an answer"), "Status: 404");
    until("the old one is closed", || get_by_tcp(one).is_err());
    none_is_lost(load);
    assert!(!server.log().contains("other networks"), "{}", server.log());
}

#[test]
fn an_address_that_others_reach_is_warned_of() {
    let server = Server::configured(&format!("workers = 1\nlisten = [\"0.0.0.0:{}\"]\n", free_port()));
    assert!(server.log().contains("FastCGI has no passwords"), "{}", server.log());
}

/// The command with these sockets, as systemd hands them over. The shell gives them their numbers.
fn handed_over(command: &mut Command, sockets: [OwnedFd; 2]) {
    let ours: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    let program = command.get_program().to_owned();
    let log = ours[2].to_str().expect("text").replace("recto.toml", "log");
    *command = Command::new("sh");
    let script = "exec 3<&0 4<&1; LISTEN_PID=$$ LISTEN_FDS=2 exec \"$0\" \"$@\" </dev/null >/dev/null";
    command.args(["-c", script]).arg(program).args(ours);
    let [unix, tcp] = sockets;
    command.stdin(Stdio::from(unix)).stdout(Stdio::from(tcp));
    command.stderr(fs::File::options().append(true).open(log).expect("a log"));
}

#[test]
fn systemd_hands_over_several_sockets_which_outlast_an_upgrade_and_are_moved_by_its_unit_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("systemd.sock");
    let unix = UnixListener::bind(&path).expect("bound");
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = tcp.local_addr().expect("an address").port();
    let mut server = Server::upgradable("workers = 1\n", |command| {
        handed_over(command, [unix.into(), tcp.into()]);
    });
    let answers = |server: &Server| {
        assert_eq!(get(&path, NOWHERE).expect("an answer"), 404, "{}", server.log());
        assert_eq!(get_by_tcp(port).expect("an answer"), "Status: 404");
        assert!(!server.path("recto.sock").exists());
    };
    answers(&server);
    let before = server.workers();
    server.install(env!("CARGO_BIN_EXE_recto"), "echo >>\"$1\"");
    server.signal(Signal::HUP);
    server.until_replaced(&before, 1);
    answers(&server);
    // The unit says where it is.
    let before = server.workers();
    edit(&server, "recto.sock", "moved.sock");
    server.signal(Signal::HUP);
    until("the fault is logged", || {
        server.log().contains("going on with the old configuration: [server] socket is")
    });
    assert!(server.log().contains("systemctl edit recto.socket"), "{}", server.log());
    assert_eq!(server.workers(), before);
    answers(&server);
    assert_eq!(server.stop(), Some(0));
    assert!(Path::new(&path).exists(), "it is systemd's");
}
