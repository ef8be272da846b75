//! A store for tests: HTTP/1.1 over loopback, with ranges, entity tags and conditions, that can be told to misbehave.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::thread;

/// What is done with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Twist {
    /// What should be done.
    Honest,
    /// This status, these headers and this body.
    Status(u16, &'static str, String),
    /// Everything, with status 200.
    Whole,
    /// Half of what was announced, and then the end.
    Half,
    /// A range further on.
    Beside,
    /// Ranges of whatever is there, whatever the condition.
    Unconditional,
    /// A closed connection.
    Reset,
}

/// A request that came.
#[derive(Clone, Debug, Default)]
pub(super) struct Came {
    /// The path and the query.
    pub(super) target: String,
    pub(super) range: Option<Range<usize>>,
    pub(super) headers: HashMap<String, String>,
}

type Objects = HashMap<String, (String, Vec<u8>)>;
type Decide = dyn Fn(&Came, usize) -> Twist + Send + Sync;

/// The store.
pub(super) struct Fake {
    pub(super) address: SocketAddr,
    objects: Arc<Mutex<Objects>>,
    came: Arc<Mutex<Vec<Came>>>,
}

impl Fake {
    /// One that decides by each request and its number what to do with it.
    pub(super) fn new(decide: impl Fn(&Came, usize) -> Twist + Send + Sync + 'static) -> Self {
        Self::at(([127, 0, 0, 1], 0).into(), decide)
    }

    pub(super) fn honest() -> Self {
        Self::new(|_, _| Twist::Honest)
    }

    pub(super) fn at(
        address: SocketAddr,
        decide: impl Fn(&Came, usize) -> Twist + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("bound");
        let (objects, came) = (Arc::<Mutex<Objects>>::default(), Arc::<Mutex<Vec<Came>>>::default());
        let (theirs, seen, decide): (_, _, Arc<Decide>) = (objects.clone(), came.clone(), Arc::new(decide));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (objects, came, decide) = (theirs.clone(), seen.clone(), decide.clone());
                // Whoever has left needs no answer.
                thread::spawn(move || while serve(&stream, &objects, &came, &*decide).is_some() {});
            }
        });
        Self { address, objects, came }
    }

    /// Puts an object there.
    pub(super) fn put(&self, path: &str, etag: &str, bytes: &[u8]) {
        let object = (etag.to_owned(), bytes.to_vec());
        self.objects.lock().expect("whole").insert(path.to_owned(), object);
    }

    pub(super) fn remove(&self, path: &str) {
        self.objects.lock().expect("whole").remove(path);
    }

    /// The requests since this was last asked.
    pub(super) fn take(&self) -> Vec<Came> {
        std::mem::take(&mut *self.came.lock().expect("whole"))
    }
}

fn serve(
    stream: &TcpStream,
    objects: &Mutex<Objects>,
    came: &Mutex<Vec<Came>>,
    decide: &Decide,
) -> Option<()> {
    let request = read(stream)?;
    let number = {
        let mut came = came.lock().expect("whole");
        came.push(request.clone());
        came.len() - 1
    };
    let path = request.target.split('?').next().unwrap_or_default();
    let object = objects.lock().expect("whole").get(path).cloned();
    let listed = listing(&request.target, objects);
    let mut out = stream;
    let twist = decide(&request, number);
    let (head, body) = match (twist.clone(), object) {
        (Twist::Reset, _) => return None,
        (Twist::Status(status, headers, body), _) => {
            (format!("{status} X\r\n{headers}Content-Length: {}", body.len()), body.into_bytes())
        }
        (_, None) => match listed {
            Some(xml) => (format!("200 OK\r\nContent-Length: {}", xml.len()), xml.into_bytes()),
            None => ("404 Not Found\r\nContent-Length: 0".into(), Vec::new()),
        },
        (twist, Some((etag, bytes))) => answer(&request, &twist, &etag, &bytes),
    };
    let date = "Last-Modified: Sun, 09 Sep 2001 01:46:40 GMT";
    out.write_all(format!("HTTP/1.1 {head}\r\n{date}\r\n\r\n").as_bytes()).ok()?;
    if twist == Twist::Half {
        let _ = out.write_all(&body[..body.len() / 2]);
        return None;
    }
    out.write_all(&body).ok()
}

fn answer(request: &Came, twist: &Twist, etag: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    let has = |name: &str| request.headers.get(name).map(String::as_str);
    if has("if-match").is_some_and(|tag| tag != etag) && *twist != Twist::Unconditional {
        return ("412 Precondition Failed\r\nContent-Length: 0".into(), Vec::new());
    }
    if has("if-none-match") == Some(etag) {
        return (format!("304 Not Modified\r\nETag: {etag}"), Vec::new());
    }
    let all = 0..bytes.len();
    let range = request.range.clone().filter(|_| *twist != Twist::Whole).unwrap_or(all.clone());
    let shift = if *twist == Twist::Beside { 1 } else { 0 };
    let range = (range.start + shift).min(all.end)..(range.end + shift).min(all.end);
    let length = range.len();
    let head = match *twist == Twist::Whole {
        true => format!("200 OK\r\nETag: {etag}\r\nContent-Length: {length}"),
        false => format!(
            "206 Partial Content\r\nETag: {etag}\r\nContent-Length: {length}\r\nContent-Range: bytes {}-{}/{}",
            range.start,
            range.end - 1,
            all.end
        ),
    };
    (head, bytes[range].to_vec())
}

/// A listing as S3 has it.
fn listing(target: &str, objects: &Mutex<Objects>) -> Option<String> {
    let (bucket, query) = target.split_once('?').filter(|(_, query)| query.contains("list-type=2"))?;
    let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix="))?.replace("%2F", "/");
    let mut keys: Vec<_> = objects.lock().expect("whole").keys().cloned().collect();
    keys.sort();
    let within = keys.iter().filter_map(|key| key.strip_prefix(bucket)?.strip_prefix('/'));
    let contents: String = within
        .filter(|key| key.starts_with(&prefix))
        .map(|key| {
            let rest = "<LastModified>2001-09-09T01:46:40.000Z</LastModified><Size>1</Size><ETag>1</ETag>";
            format!("<Contents><Key>{key}</Key>{rest}</Contents>")
        })
        .collect();
    Some(format!("<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"))
}

fn read(stream: &TcpStream) -> Option<Came> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let mut came = Came { target: first.split(' ').nth(1)?.to_owned(), ..Came::default() };
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(':') else { break };
        came.headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    came.range = came.headers.get("range").and_then(|range| {
        let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
        Some(start.parse().ok()?..end.parse::<usize>().ok()? + 1)
    });
    Some(came)
}
