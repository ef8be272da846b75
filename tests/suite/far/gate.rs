//! A store for tests: an NGINX that serves the files of a directory, and a gate before it that can be shut.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::site::Other;

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Way {
    /// It leads to the store.
    Open,
    /// It is closed at once, as if nobody were there.
    Shut,
    /// Nobody ever answers.
    Silent,
}

/// The store. It ends with this value.
pub struct Store {
    directory: tempfile::TempDir,
    _nginx: Other,
    way: Arc<AtomicU8>,
    led: Arc<Mutex<Vec<TcpStream>>>,
    pub port: u16,
}

impl Store {
    pub fn start() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let objects = directory.path().join("objects");
        fs::create_dir(&objects).expect("made");
        let lines = format!("server {{ listen 127.0.0.1:PORT; root {}; }}", objects.display());
        let nginx = Other::start(&directory.path().join("nginx"), &lines, &[]);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let way = Arc::new(AtomicU8::new(Way::Open as u8));
        let led = Arc::new(Mutex::new(Vec::new()));
        let (behind, switch, leads) = (nginx.port, Arc::clone(&way), Arc::clone(&led));
        // It ends with the process: nobody connects any more then.
        thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().flatten() {
                match switch.load(Ordering::Relaxed) {
                    way if way == Way::Open as u8 => {
                        leads.lock().expect("whole").extend(stream.try_clone());
                        lead(stream, behind);
                    }
                    way if way == Way::Silent as u8 => held.push(stream),
                    _ => {}
                }
            }
        });
        Self { directory, _nginx: nginx, way, led, port }
    }

    /// Puts an object there.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        let path = self.path(key);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, bytes).expect("written");
    }

    pub fn path(&self, key: &str) -> PathBuf {
        self.directory.path().join("objects").join(key)
    }

    /// What becomes of connections from now on; those that there are end.
    pub fn set(&self, way: Way) {
        self.way.store(way as u8, Ordering::Relaxed);
        for stream in self.led.lock().expect("whole").drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// The lines of a source that is this store, without credentials.
    pub fn source(&self, prefix: &str) -> String {
        format!("[[source]]\nprefix = \"{prefix}\"\nurl = \"http://127.0.0.1:{}/\"\n", self.port)
    }

    /// How many requests it has answered.
    pub fn requests(&self) -> usize {
        let log = fs::read_to_string(self.directory.path().join("nginx/access.log")).expect("a log");
        log.lines().count()
    }
}

/// Has both speak with each other.
fn lead(client: TcpStream, port: u16) {
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return };
    let (Ok(back), Ok(forth)) = (client.try_clone(), server.try_clone()) else { return };
    for (mut from, mut to) in [(client, forth), (server, back)] {
        thread::spawn(move || {
            // Whoever leaves, leaves for both.
            let _ = io::copy(&mut from, &mut to);
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}
