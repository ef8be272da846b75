//! The servers of stores, each as its makers ship it, with a bucket named `masters` in a directory of the test.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::fetched;
use crate::judge::{run, text};
use crate::site::Other;

/// The account of versitygw.
pub const KEY: &str = "AKIAOFTHETEST";
pub const SECRET: &str = "a/secret+of/the+test";

/// The account of azurite, which is public knowledge.
pub const AZURE_ACCOUNT: &str = "devstoreaccount1";
pub const AZURE_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A running server. It ends with this value.
pub struct Running {
    child: Child,
    pub port: u16,
}

impl Running {
    /// Started by what `command` makes of a free port.
    fn start(log: &Path, command: impl Fn(u16) -> Command) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let mut command = command(port);
        let output = File::create(log).expect("a log");
        command.stdin(Stdio::null()).stdout(output.try_clone().expect("a log")).stderr(output);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let said = || fs::read_to_string(log).expect("a log");
            assert!(child.try_wait().expect("a child").is_none(), "{command:?} ended: {}", said());
            assert!(start.elapsed() < Duration::from_secs(60), "{command:?} does not start: {}", said());
            thread::sleep(Duration::from_millis(5));
        }
        Self { child, port }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An S3 server, and what is in its bucket.
pub struct S3 {
    place: PathBuf,
    pub running: Running,
}

impl S3 {
    /// In a directory, which is made.
    pub fn start(place: &Path) -> Self {
        let (buckets, attributes) = (place.join("buckets"), place.join("attributes"));
        for bucket in [&buckets, &attributes].map(|of| of.join("masters")) {
            fs::create_dir_all(bucket).expect("made");
        }
        let program = fetched::directory("versitygw").join("versitygw");
        let running = Running::start(&place.join("log"), |port| {
            let mut command = Command::new(&program);
            command.arg(format!("127.0.0.1:{port}")).args([&buckets, &attributes]);
            command.env("ROOT_ACCESS_KEY", KEY).env("ROOT_SECRET_KEY", SECRET);
            command
        });
        Self { place: place.to_owned(), running }
    }

    /// Puts an object under a key, in place of what was there, with an ETag of its own.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let tag = format!("\"{:032x}\"", COUNT.fetch_add(1, Ordering::Relaxed));
        self.attribute(&format!("{key}/meta/etag"), tag.as_bytes());
        let (aside, target) = (self.place.join("aside"), self.place.join("buckets/masters").join(key));
        fs::create_dir_all(target.parent().expect("a directory")).expect("made");
        fs::write(&aside, bytes).expect("written");
        fs::rename(aside, target).expect("renamed");
    }

    /// Takes an object out.
    pub fn remove(&self, key: &str) {
        fs::remove_file(self.place.join("buckets/masters").join(key)).expect("removed");
    }

    /// From now on anybody may read and list its bucket.
    pub fn publish(&self) {
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::masters/*","arn:aws:s3:::masters"]}]}"#;
        self.attribute("meta/policy", policy.as_bytes());
    }

    fn attribute(&self, name: &str, value: &[u8]) {
        let path = self.place.join("attributes/masters").join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, value).expect("written");
    }
}

/// A server of Azure Blob Storage, into whose container a directory was put.
pub fn azure(place: &Path, masters: &Path) -> Running {
    fs::create_dir_all(place).expect("made");
    let program = fetched::directory("azurite").join("node_modules/azurite/dist/src/blob/main.js");
    let running = Running::start(&place.join("log"), |port| {
        let mut command = Command::new("node");
        command.arg(&program).args([
            "--blobHost",
            "127.0.0.1",
            "--blobPort",
            &port.to_string(),
            "--silent",
            "--loose",
        ]);
        command.args(["--skipApiVersionCheck", "--location", text(place)]);
        command
    });
    let put = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores/put_azure.py");
    run("/usr/bin/python3", &[text(&put), &running.port.to_string(), AZURE_KEY, text(masters)]);
    running
}

/// A server of Google Cloud Storage with what is below `buckets`, which answers to the name of another port.
pub fn gcs(place: &Path, buckets: &Path, called: u16) -> Running {
    fs::create_dir_all(place).expect("made");
    let program = fetched::directory("fake-gcs").join("fake-gcs-server");
    Running::start(&place.join("log"), |port| {
        let mut command = Command::new(&program);
        command.args(["-scheme", "http", "-host", "127.0.0.1", "-backend", "memory", "-data", text(buckets)]);
        command.args(["-port", &port.to_string(), "-public-host", &format!("127.0.0.1:{called}")]);
        command
    })
}

/// A web server of a directory, which may refuse HEAD.
pub fn web(place: &Path, masters: &Path, head: bool) -> Other {
    let refusal = if head { "" } else { "if ($request_method = HEAD) { return 405; }" };
    let lines = format!("server {{ listen 127.0.0.1:PORT; root {}; {refusal} }}\n", masters.display());
    Other::start(place, &lines, &[])
}

/// A web server of a directory behind TLS and a password, with a certificate of its own authority; the file of that.
pub fn guarded(place: &Path, masters: &Path, password: &str) -> (Other, PathBuf) {
    fs::create_dir_all(place).expect("made");
    let at = |name: &str| text(&place.join(name)).to_owned();
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let (authority, key) = (at("ca.pem"), at("ca.key"));
    let of_authority =
        ["req", "-x509", "-days", "2", "-subj", "/CN=A test", "-keyout", &key, "-out", &authority];
    run("openssl", &[&of_authority[..], &curve].concat());
    let (asked, own) = (at("server.csr"), at("server.key"));
    run(
        "openssl",
        &[&["req", "-subj", "/CN=localhost", "-keyout", &own, "-out", &asked][..], &curve].concat(),
    );
    fs::write(place.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        .expect("written");
    let (names, signed) = (at("names"), at("server.pem"));
    let signing =
        ["x509", "-req", "-days", "2", "-in", &asked, "-CA", &authority, "-CAkey", &key, "-CAcreateserial"];
    run("openssl", &[&signing[..], &["-extfile", &names, "-out", &signed]].concat());
    let hashed = run("openssl", &["passwd", "-apr1", password]);
    fs::write(place.join("people"), format!("reader:{hashed}")).expect("written");
    let lines = format!(
        "server {{ listen 127.0.0.1:PORT ssl; ssl_certificate {signed}; ssl_certificate_key {own}; root {};\n\
         auth_basic masters; auth_basic_user_file {}; }}\n",
        masters.display(),
        at("people")
    );
    (Other::start(place, &lines, &[]), PathBuf::from(authority))
}
