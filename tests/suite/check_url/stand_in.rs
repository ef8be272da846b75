//! Somebody before a site who passes everything on, but for one fault.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use crate::http::{self, Answer};
use crate::server::until;
use crate::site::Site;

/// A request on its way, and what came back: a fault changes either.
pub struct Passing {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    /// None before the site was asked.
    pub answer: Option<Answer>,
}

/// Listens on a port of its own. It ends with this value.
pub struct StandIn {
    pub port: u16,
    asked: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl StandIn {
    /// One whose every request passes `fault` twice: before the site is asked, and with its answer.
    pub fn before(site: &Site, fault: impl Fn(&mut Passing) + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (asked, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, end, behind) = (Arc::clone(&asked), Arc::clone(&ended), site.port);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if end.load(Ordering::SeqCst) {
                    break;
                }
                count.fetch_add(1, Ordering::SeqCst);
                pass(stream.expect("a client"), (behind, port), &fault);
            }
        });
        Self { port, asked, ended, thread: Some(thread) }
    }

    /// How many requests there were.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.port)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        if let Some(thread) = self.thread.take() {
            assert!(thread.join().is_ok() || thread::panicking(), "the stand-in failed");
        }
    }
}

/// One request, one answer, one connection. A client who has gone gets nothing.
fn pass(mut stream: TcpStream, (behind, port): (u16, u16), fault: &impl Fn(&mut Passing)) {
    let Some(mut passing) = read(&stream) else { return };
    fault(&mut passing);
    let headers: Vec<_> = passing.headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    let answer = http::request(behind, &passing.method, &passing.path, &headers).expect("the site answers");
    passing.answer = Some(as_ours(answer, behind, port));
    fault(&mut passing);
    let Answer { status, mut headers, body } = passing.answer.expect("it is there");
    headers.retain(|(name, _)| name != "connection" && name != "transfer-encoding");
    if passing.method != "HEAD" && !matches!(status, 204 | 304) {
        headers.retain(|(name, _)| name != "content-length");
        headers.push(("content-length".to_owned(), body.len().to_string()));
    }
    let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("HTTP/1.1 {status} As it is\r\nconnection: close\r\n{lines}\r\n");
    let _ = stream.write_all(&[head.as_bytes(), &body].concat());
}

fn read(stream: &TcpStream) -> Option<Passing> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let headers = lines.take_while(|line| !line.is_empty()).filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        // Host is the site's own, and the answer is to come whole.
        let ours = ["host", "connection"].contains(&&*name.to_ascii_lowercase());
        (!ours).then(|| (name.to_owned(), value.to_owned()))
    });
    Some(Passing { method, path, headers: headers.collect(), answer: None })
}

/// The site's answer with our port in it. Both have five digits.
fn as_ours(mut answer: Answer, behind: u16, port: u16) -> Answer {
    let (theirs, ours) = (format!("http://localhost:{behind}"), format!("http://localhost:{port}"));
    for (_, value) in &mut answer.headers {
        *value = value.replace(&theirs, &ours);
    }
    if let Ok(text) = std::str::from_utf8(&answer.body) {
        answer.body = text.replace(&theirs, &ours).into_bytes();
    }
    answer
}

/// An NGINX that ends TLS before a site. It ends with this value.
pub struct Tls {
    pub port: u16,
    nginx: Child,
}

impl Tls {
    /// With this key and certificate; ids are those that its clients see.
    pub fn before(site: &Site, directory: &Path, key: &str, certificate: &str) -> Self {
        let at = |name: &str| directory.join(name).display().to_string();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let (port, behind) = (listener.local_addr().expect("an address").port(), site.port);
        drop(listener);
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let temp: String = ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"]
            .map(|kind| format!("{kind}_temp_path \"{}\";\n", at(kind)))
            .concat();
        let pid = at("nginx.pid");
        let text = format!(
            "{user}\ndaemon off;\npid \"{pid}\";\nevents {{ }}\nhttp {{\n{temp}access_log off;\nserver {{\n\
             listen 127.0.0.1:{port} ssl;\nssl_certificate \"{certificate}\";\nssl_certificate_key \"{key}\";\n\
             location / {{\nproxy_pass http://localhost:{behind};\nproxy_redirect http://localhost:{behind} \
             https://localhost:{port};\nsub_filter_types *;\nsub_filter_once off;\nsub_filter \
             http://localhost:{behind} https://localhost:{port};\n}}\n}}\n}}\n"
        );
        fs::write(directory.join("tls.conf"), text).expect("written");
        let log = File::create(directory.join("log")).expect("a log");
        let mut command = Command::new("nginx");
        command.arg("-c").arg(directory.join("tls.conf")).arg("-e").arg(directory.join("log"));
        let nginx = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().expect("NGINX");
        until("NGINX listens", || fs::read_to_string(&pid).is_ok_and(|pid| pid.ends_with('\n')));
        Self { port, nginx }
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        // A killed NGINX would leave its workers behind.
        let pid = rustix::process::Pid::from_child(&self.nginx);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.nginx.wait();
    }
}
