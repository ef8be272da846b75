//! All that harms a server, at once and beside ordinary readers, who must notice nothing: damaged masters, masters that
//! are cut while they are read, clients that leave, workers killed, reloads, peers that say nothing, a crowd that asks for
//! what is dear.

use std::fs::{self, File};
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::http::{self, Answer};
use crate::picture::{LEAF, Picture};
use crate::server::children_of;
use crate::site::{MASTER, Setup, Site};

/// All of it.
const LASTS: Duration = Duration::from_secs(40);

/// Clients that behave.
const READERS: usize = 3;

/// Bytes that supervisor and workers may have of their own together.
const MEMORY: u64 = 1 << 30;

/// What somebody asks for to whom it does not matter how long it takes.
static SHEET: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let samples = (0..3000 * 2000 * 3).map(|n| (n / 700 % 251) as u8).collect();
    Picture { width: 3000, height: 2000, channels: 3, samples }.master()
});

/// What it is, and what does it again and again; how often.
type Disturbance = (&'static str, fn(&Chaos) -> usize);

/// The site, and what goes on at it until a moment in time.
struct Chaos {
    site: Site,
    end: Instant,
    /// A number for each request, so that no two ask for the same.
    next: AtomicUsize,
    /// How many answers each reader has had.
    answers: [AtomicUsize; READERS],
}

#[test]
fn ordinary_readers_notice_nothing_of_all_that_harms_a_server() {
    let chaos = Chaos::new();
    let workers = chaos.workers().len();
    let (took, memory) = thread::scope(|scope| {
        let readers: Vec<_> =
            chaos.answers.iter().map(|answers| scope.spawn(|| chaos.reads(answers))).collect();
        let memory = scope.spawn(|| chaos.memory());
        let disturbances: [Disturbance; 7] = [
            ("damaged masters asked for", Chaos::asks_for_damage),
            ("cuts of a master", Chaos::cuts_a_master),
            ("clients left", Chaos::leaves),
            ("workers killed", Chaos::kills),
            ("reloads", Chaos::reloads),
            ("silent peers", Chaos::says_nothing),
            ("dear requests", Chaos::crowds),
        ];
        let all = &chaos;
        let disturbances = disturbances.map(|(what, disturb)| (what, scope.spawn(move || disturb(all))));
        for (what, disturbance) in disturbances {
            let count = disturbance.join().expect("no panic");
            println!("{count} {what}");
            assert!(count > 0, "no {what}");
        }
        let took: Vec<_> = readers.into_iter().flat_map(|reader| reader.join().expect("no panic")).collect();
        (took, memory.join().expect("no panic"))
    });
    chaos.is_whole_again(workers);
    report(took, memory);
}

fn report(mut took: Vec<Duration>, memory: u64) {
    took.sort_unstable();
    let quantile = |part: usize| took[(took.len() - 1) * part / 100];
    println!(
        "{} good requests: p50 {:?}, p99 {:?}, most {:?}",
        took.len(),
        quantile(50),
        quantile(99),
        quantile(100)
    );
    println!("{} MB at most", memory >> 20);
    assert!(took.len() > 20, "only {} requests got through", took.len());
    assert!(memory < MEMORY, "{memory} bytes");
}

impl Chaos {
    fn new() -> Self {
        // Nothing is at work for long after the end.
        let edits = [("fastcgi_next_upstream_timeout 25s", "fastcgi_next_upstream_timeout 8s")];
        let server = "workers = 2\ndeadline = \"10s\"\n";
        let site = Site::with(&Setup { server, edits: &edits, ..Setup::default() });
        let mut torn = LEAF.1.clone();
        torn[100..140].fill(0x55); // inside the first tile
        site.add("torn.tif", &torn);
        site.add("short.tif", &LEAF.1[..LEAF.1.len() / 2]);
        site.add("begun.jp2", b"\0\0\0\x0cjP  \r\n\x87\n\0\0");
        site.add("text.tif", b"this is no image");
        site.add("restless.tif", &LEAF.1);
        site.add("sheet.tif", &SHEET);
        Self { site, end: Instant::now() + LASTS, next: AtomicUsize::new(0), answers: Default::default() }
    }

    /// The process ids of all workers.
    fn workers(&self) -> Vec<i32> {
        children_of(self.site.server.child.id())
    }

    fn goes_on(&self) -> bool {
        Instant::now() < self.end
    }

    fn number(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// An answer, or that the connection was broken off.
    fn ask(&self, path: &str) -> Option<Answer> {
        http::request(self.site.port, "GET", path, &[]).ok()
    }

    /// Does something again and again; how often.
    fn again(&self, pause: u64, mut what: impl FnMut(usize)) -> usize {
        let mut times = 0;
        while self.goes_on() {
            what(times);
            times += 1;
            thread::sleep(Duration::from_millis(pause));
        }
        times
    }

    /// An ordinary reader: all that is asked for comes, and is right. How long each took.
    fn reads(&self, answers: &AtomicUsize) -> Vec<Duration> {
        let mut took = Vec::new();
        self.again(20, |turn| {
            let number = self.number();
            let path = match turn % 8 {
                0 => "info.json".to_owned(),
                // The first is what is kept; others lead there.
                1 => format!("full/{},{}/0/default.jpg", 150 + number % 200, 110),
                2 => format!("full/!{},300/0/default.jpg", 150 + number % 100),
                _ => tile(number),
            };
            let start = Instant::now();
            let answer = self.site.expect(200, &format!("/iiif/3/{MASTER}/{path}"));
            took.push(start.elapsed());
            answers.fetch_add(1, Ordering::Relaxed);
            match turn % 8 {
                0 => assert_eq!(answer.json()["width"], LEAF.0.width),
                1 => assert_eq!(Picture::of_jpeg(&answer.body, 3).width, 150 + number % 200),
                2 => assert_eq!(Picture::of_jpeg(&answer.body, 3).width, 150 + number % 100),
                _ => assert!(shows_tile(&answer, number), "{path} shows something else"),
            }
        });
        took
    }

    fn asks_for_damage(&self) -> usize {
        let asked = [
            ("torn.tif/0,0,256,256/256,256/0/default.png", 500),
            ("torn.tif/full/max/0/default.jpg", 500),
            ("short.tif/info.json", 500),
            ("begun.jp2/full/max/0/default.jpg", 500),
            ("text.tif/info.json", 404),
        ];
        self.again(20, |turn| {
            let (path, status) = asked[turn % asked.len()];
            let answer = self.site.get(&format!("/iiif/3/{path}"));
            assert!(answer.status == status || is_polite(&answer), "{path}: {}", answer.status);
        })
    }

    fn cuts_a_master(&self) -> usize {
        let path = self.site.server.path("masters/restless.tif");
        self.again(50, |_| {
            let number = self.number();
            thread::scope(|scope| {
                scope.spawn(|| {
                    let mut file = File::options().write(true).open(&path).expect("open");
                    file.set_len(5000).expect("cut");
                    thread::sleep(Duration::from_millis(10));
                    file.write_all(&LEAF.1).expect("written");
                });
                let answer = self.ask(&format!("/iiif/3/restless.tif/{}", tile(number))).expect("an answer");
                let is_right = answer.status == 200 && shows_tile(&answer, number);
                assert!(is_right || answer.status == 500 || is_polite(&answer), "{}", answer.status);
            });
        })
    }

    fn leaves(&self) -> usize {
        self.again(100, |turn| {
            let (number, port) = (self.number(), self.site.port);
            let path = if turn % 2 == 0 { format!("{MASTER}/{}", tile(number)) } else { dear(number) };
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("NGINX");
            write!(stream, "GET /iiif/3/{path} HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("written");
            thread::sleep(Duration::from_millis(turn as u64 % 40));
        })
    }

    /// One after another, and the next one when all have their answers that could have come from the last: NGINX hands a
    /// request on once, and on a slow machine it would lose two workers over one request.
    fn kills(&self) -> usize {
        self.again(1000, |turn| {
            let workers = self.workers();
            let victim = workers.get(turn % workers.len().max(1)).and_then(|pid| Pid::from_raw(*pid));
            // One that has ended by itself since then is none the less gone.
            let _ = victim.map(|victim| kill_process(victim, Signal::KILL));
            let had = self.answers.each_ref().map(|answers| answers.load(Ordering::Relaxed));
            for (answers, had) in self.answers.iter().zip(had) {
                while self.goes_on() && answers.load(Ordering::Relaxed) <= had {
                    thread::sleep(Duration::from_millis(10));
                }
            }
        })
    }

    fn reloads(&self) -> usize {
        self.again(4000, |turn| match turn % 2 {
            0 => self.site.server.signal(Signal::HUP),
            _ => self.site.signal_nginx(Signal::HUP),
        })
    }

    fn says_nothing(&self) -> usize {
        let socket = self.site.server.path("recto.sock");
        let silent = || UnixStream::connect(&socket).expect("somebody listens");
        30 * self.again(200, |_| {
            let peers: Vec<_> = (0..30).map(|_| silent()).collect();
            thread::sleep(Duration::from_secs(1));
            drop(peers);
        })
    }

    /// Twelve at once, more than one client may: each gets its picture, or a polite refusal, or sees that its worker died
    /// while it wrote. After many deaths, its master is refused.
    fn crowds(&self) -> usize {
        let asks = || match self.ask(&format!("/iiif/3/{}", dear(self.number()))) {
            None => {}
            Some(answer) if answer.status == 200 => assert!(answer.body.len() > 10_000),
            Some(answer) => {
                assert!(answer.status == 500 || is_polite(&answer), "{}: {}", answer.status, answer.text());
            }
        };
        12 * self.again(2000, |_| {
            thread::scope(|scope| (0..12).for_each(|_| drop(scope.spawn(asks))));
        })
    }

    /// The most memory that supervisor and workers had of their own together.
    fn memory(&self) -> u64 {
        let mut most = 0;
        self.again(50, |_| {
            let supervisor = self.site.server.child.id();
            let workers = self.workers().into_iter().filter_map(|pid| u32::try_from(pid).ok());
            most = most.max(workers.chain([supervisor]).map(anonymous).sum());
        });
        most
    }

    fn is_whole_again(&self, workers: usize) {
        let site = &self.site;
        let is_whole = || self.workers().len() == workers && !site.server.busy();
        // What was begun last may take its time.
        while !is_whole() {
            assert!(self.end.elapsed() < Duration::from_secs(60), "{} workers", self.workers().len());
            thread::sleep(Duration::from_millis(20));
        }
        let number = self.number();
        assert!(shows_tile(&site.expect(200, &format!("/iiif/3/{MASTER}/{}", tile(number))), number));
        assert!(!site.nginx_log().contains("[alert]"), "{}", site.nginx_log());
    }
}

/// Whether it asks to come again in a while.
fn is_polite(answer: &Answer) -> bool {
    let comes_again = |text: &str| text.parse::<u32>().is_ok_and(|seconds| seconds > 0);
    matches!(answer.status, 429 | 503) && answer.header("retry-after").is_some_and(comes_again)
}

fn place(number: usize) -> (usize, usize) {
    (number * 37 % (LEAF.0.width - 256), number * 91 % (LEAF.0.height - 256))
}

fn tile(number: usize) -> String {
    let (x, y) = place(number);
    format!("{x},{y},256,256/256,256/0/default.png")
}

fn shows_tile(answer: &Answer, number: usize) -> bool {
    let (x, y) = place(number);
    Picture::of_png(&answer.body) == LEAF.0.cut(x, y, 256, 256)
}

/// Turned by an angle, which takes longest and is held whole.
fn dear(number: usize) -> String {
    format!("sheet.tif/{},0,2000,1600/2000,1600/45/default.jpg", number % 1000)
}

/// Bytes that a process has of its own; none if it has ended.
fn anonymous(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) << 10
}
