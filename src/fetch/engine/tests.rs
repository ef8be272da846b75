//! The engine with a store over loopback, honest or not.

use std::future::Future;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use tokio::task::LocalSet;

use super::super::environment::Environment;
use super::super::freshness::Name;
use super::super::origin;
use super::fake::{Came, Fake, Twist};
use super::*;
use crate::blocks::{BLOCK, Missing};
use crate::source::{CacheSettings, StoreKind, StoreSettings};

/// Runs it by the clock of the machine: the kernel takes part.
fn alive<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    LocalSet::new().block_on(&runtime, test)
}

fn web(fake: &Fake) -> StoreSettings {
    StoreSettings {
        kind: StoreKind::Http,
        bucket: fake.address.to_string(),
        path: String::new(),
        endpoint: None,
        region: None,
        account: None,
        public: false,
        ca: None,
        user: None,
        password_file: None,
    }
}

fn s3(fake: &Fake) -> StoreSettings {
    StoreSettings {
        kind: StoreKind::S3,
        bucket: "bucket".into(),
        path: "path/".into(),
        endpoint: Some(format!("http://{}", fake.address)),
        ..web(fake)
    }
}

/// An engine for one store, and its directory.
fn engine(settings: &StoreSettings) -> (Rc<Engine>, tempfile::TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    let cache = CacheSettings { directory: directory.path().to_owned(), ..CacheSettings::default() };
    let cache = Cache::open(&cache).expect("a cache");
    let counts = Rc::new(Counts::create().expect("memory"));
    let variables = [("AWS_ACCESS_KEY_ID", "AKIAPUBLIC"), ("AWS_SECRET_ACCESS_KEY", "quite+secret")];
    let environment = Environment::of(&variables);
    let origins = origin::all([(0, settings)].into_iter(), &environment, &counts).expect("a store");
    (Engine::new(origins, cache, counts, Duration::from_secs(60)), directory)
}

async fn find(engine: &Rc<Engine>, path: &str) -> (Reply, Option<Rc<BlockFile>>) {
    engine.reply(Ask::Find { source: 0, path: path.into(), complete: true }).await
}

async fn found(engine: &Rc<Engine>, path: &str) -> (Version, Rc<BlockFile>) {
    match find(engine, path).await {
        (Reply { answer: Answer::Found(version), .. }, Some(file)) => (version, file),
        (reply, _) => panic!("{path}: {reply:?}"),
    }
}

async fn fetch(engine: &Rc<Engine>, version: &Version, blocks: &[Range<u32>]) -> Reply {
    let ask = Ask::Fetch { source: 0, version: version.clone(), blocks: blocks.to_vec(), ahead: false };
    engine.reply(ask).await.0
}

/// So many blocks, and a few bytes, which tell where they are.
fn object(blocks: u64) -> Vec<u8> {
    (0..blocks * BLOCK + 100).map(|at| ((at / 251) ^ at) as u8).collect()
}

fn read(file: &BlockFile, blocks: Range<u32>) -> Vec<u8> {
    let place = file.layout().bytes(&blocks);
    let mut bytes = vec![0; (place.end - place.start) as usize];
    file.file().read_exact_at(&mut bytes, place.start).expect("read");
    bytes
}

fn ranges(came: &[Came]) -> Vec<Range<u64>> {
    let blocks = |at: usize| (at as u64).div_ceil(BLOCK);
    let ranges = came.iter().filter_map(|came| came.range.clone());
    let mut ranges: Vec<_> = ranges.map(|range| blocks(range.start)..blocks(range.end)).collect();
    ranges.sort_by_key(|range| range.start);
    ranges
}

#[test]
fn a_find_is_one_request_and_brings_the_first_block() {
    alive(async {
        let fake = Fake::honest();
        let bytes = object(3);
        fake.put("/box%20%23%3F/a%25.tif", "\"1\"", &bytes);
        let (engine, _directory) = engine(&web(&fake));
        let (version, file) = found(&engine, "box #?/a%.tif").await;
        assert_eq!((version.size, version.etag.as_str()), (bytes.len() as u64, "\"1\""));
        assert_eq!(read(&file, 0..1), bytes[..BLOCK as usize]);
        assert!(file.state().expect("read").is_fresh(blocks::now()));
        assert_eq!(fake.take().len(), 1);
        let (again, _) = find(&engine, "box #?/a%.tif").await;
        assert_eq!(again, Answer::Found(version).into());
        assert!(fake.take().is_empty());
    });
}

#[test]
fn names_without_an_extension_are_found_by_a_listing_or_by_trying() {
    for (before, settings, requests) in [("/", web as fn(&Fake) -> _, 7), ("/bucket/path/", s3, 3)] {
        alive(async {
            let fake = Fake::honest();
            for name in ["a.tif", "a.jpg", "b.tif", "b.tiff", "c", "c.tif"] {
                fake.put(&format!("{before}{name}"), "\"1\"", b"some bytes");
            }
            let (engine, _directory) = engine(&settings(&fake));
            assert_eq!(found(&engine, "a").await.0.key, "a.tif");
            assert_eq!(fake.take().len(), requests, "{before}");
            assert_eq!(find(&engine, "b").await.0.answer, Answer::Missing(Missing::Ambiguous));
            assert_eq!(found(&engine, "c").await.0.key, "c");
            assert_eq!(found(&engine, "a.jpg").await.0.key, "a.jpg");
            assert_eq!(find(&engine, "d").await.0.answer, Answer::Missing(Missing::NotFound));
            let exact = Ask::Find { source: 0, path: "a".into(), complete: false };
            assert_eq!(engine.reply(exact).await.0.answer, Answer::Missing(Missing::NotFound));
        });
    }
}

#[test]
fn a_hundred_who_want_the_same_have_each_block_fetched_once() {
    alive(async {
        let fake = Fake::honest();
        let bytes = object(150);
        fake.put("/a.tif", "\"1\"", &bytes);
        let (engine, _directory) = engine(&web(&fake));
        let (version, file) = found(&engine, "a.tif").await;
        fake.take();
        let asks: Vec<_> = (0..100)
            .map(|number| {
                let (engine, version) = (Rc::clone(&engine), version.clone());
                let start = number % 7;
                spawn_local(async move { fetch(&engine, &version, &[start..151]).await })
            })
            .collect();
        let mut spent = blocks::Spent::default();
        for ask in asks {
            let reply = ask.await.expect("done");
            assert_eq!(reply.answer, Answer::There);
            spent = spent.and(reply.spent);
        }
        let came = fake.take();
        let ranges = ranges(&came);
        assert_eq!(ranges.iter().map(|range| range.end - range.start).sum::<u64>(), 150, "{ranges:?}");
        assert!(ranges.windows(2).all(|pair| pair[0].end <= pair[1].start));
        let all = bytes.len() as u64 - BLOCK;
        assert_eq!(spent, blocks::Spent { requests: came.len() as u32, bytes: all });
        assert_eq!(read(&file, 0..151), bytes);
    });
}

#[test]
fn neighbours_and_what_little_lies_between_them_come_together() {
    alive(async {
        let fake = Fake::honest();
        fake.put("/a.tif", "\"1\"", &object(20));
        let (engine, _directory) = engine(&web(&fake));
        let (version, _) = found(&engine, "a.tif").await;
        fake.take();
        let reply = fetch(&engine, &version, &[2..3, 5..6, 12..13]).await;
        assert_eq!((reply.answer, reply.spent.requests), (Answer::There, 2));
        assert_eq!(ranges(&fake.take()), [2..6, 12..13]);
        assert_eq!(fetch(&engine, &version, &[0..1, 3..5]).await, Answer::There.into());
    });
}

#[test]
fn an_object_that_has_changed_is_never_mixed_with_what_it_was() {
    for twist in [Twist::Honest, Twist::Unconditional] {
        let is_honest = twist == Twist::Honest;
        alive(async {
            let fake = Fake::new(move |_, _| twist.clone());
            fake.put("/a.tif", "\"1\"", &object(3));
            let (engine, _directory) = engine(&web(&fake));
            let (version, _) = found(&engine, "a.tif").await;
            fake.put("/a.tif", "\"2\"", &object(4));
            assert_eq!(fetch(&engine, &version, &[1..2]).await.answer, Answer::Changed, "{is_honest}");
            let (new, _) = found(&engine, "a.tif").await;
            assert_eq!(new.etag, "\"2\"");
            assert_eq!(fetch(&engine, &new, &[0..5]).await.answer, Answer::There);
            fake.remove("/a.tif");
            assert_eq!(fetch(&engine, &new, &[0..5]).await.answer, Answer::There);
        });
    }
}

#[test]
fn a_store_that_lies_is_not_believed() {
    for twist in [Twist::Whole, Twist::Beside] {
        alive(async {
            let lies = twist.clone();
            let fake = Fake::new(move |_, number| if number == 0 { Twist::Honest } else { lies.clone() });
            fake.put("/a.tif", "\"1\"", &object(3));
            let (engine, _directory) = engine(&web(&fake));
            let (version, file) = found(&engine, "a.tif").await;
            let reply = fetch(&engine, &version, &[1..3]).await;
            assert!(matches!(reply.answer, Answer::Refused(Refused::Lying(_))), "{twist:?}: {reply:?}");
            assert_eq!(file.missing(&[0..4]).expect("read"), [1..4]);
        });
    }
}

#[test]
fn what_breaks_off_is_completed_and_nothing_comes_twice_of_what_came_whole() {
    for (twist, second) in [(Twist::Half, 2..5), (Twist::Reset, 1..5), (status(500), 1..5)] {
        alive(async {
            let breaks = twist.clone();
            let fake = Fake::new(move |_, number| if number == 1 { breaks.clone() } else { Twist::Honest });
            let bytes = object(4);
            fake.put("/a.tif", "\"1\"", &bytes);
            let (engine, _directory) = engine(&web(&fake));
            let (version, file) = found(&engine, "a.tif").await;
            assert_eq!(fetch(&engine, &version, &[1..5]).await.answer, Answer::There);
            let came = fake.take();
            assert_eq!(ranges(&came[2..]), [second], "{twist:?}");
            assert_eq!(read(&file, 0..5), bytes);
        });
    }
}

fn status(status: u16) -> Twist {
    Twist::Status(status, "", String::new())
}

#[test]
fn a_store_that_wants_a_pause_has_it() {
    alive(async {
        let slow = Twist::Status(503, "Retry-After: 100\r\n", "<Code>SlowDown</Code>".into());
        let fake = Fake::new(move |_, _| slow.clone());
        let (engine, _directory) = engine(&web(&fake));
        for requests in [1, 0] {
            let (reply, _) = find(&engine, "a.tif").await;
            let Answer::Refused(Refused::Throttled { wait }) = reply.answer else { panic!("{reply:?}") };
            assert!(wait > Duration::from_secs(50), "{wait:?}");
            assert_eq!((fake.take().len(), reply.spent.requests), (requests, requests as u32));
        }
    });
}

#[test]
fn a_store_that_refuses_access_is_told_apart_and_no_secret_is_told() {
    alive(async {
        let echo = "<Code>SignatureDoesNotMatch</Code><Message>AKIAPUBLIC quite+secret</Message>";
        let fake = Fake::new(move |_, _| Twist::Status(403, "", echo.into()));
        let (engine, _directory) = engine(&s3(&fake));
        assert_eq!(find(&engine, "a.tif").await.0.answer, Answer::Refused(Refused::Forbidden));
        let signed = fake.take().iter().all(|came| came.headers.contains_key("authorization"));
        assert!(signed);
        let origin = engine.origins[0].clone().expect("a store");
        let failure = origin.list("a", &Meter::default()).await;
        assert_eq!(failure, Ok(None), "reading may be allowed where listing is not");
        let meter = Meter::default();
        let wanted = origin::Wanted {
            key: "a.tif",
            condition: super::super::remote::Condition::None,
            urgency: &super::super::once::Urgency::urgent(),
            meter: &meter,
        };
        let failure = origin.get(&(0..1), wanted).await.err().expect("refused");
        let told = format!("{} {failure:?}", failure.explained());
        assert!(told.contains("SignatureDoesNotMatch"), "{told}");
        assert!(!told.contains("AKIAPUBLIC") && !told.contains("secret"), "{told}");
    });
}

#[test]
fn what_anybody_may_read_is_missing_where_it_is_forbidden() {
    alive(async {
        let fake = Fake::new(|_, _| status(403));
        let (engine, _directory) = engine(&StoreSettings { public: true, ..web(&fake) });
        assert_eq!(find(&engine, "a.tif").await.0.answer, Answer::Missing(Missing::NotFound));
    });
}

#[test]
fn while_nobody_answers_all_is_refused_at_once_but_what_is_known_and_it_ends_by_itself() {
    alive(async {
        let fake = Fake::new(|came, _| if came.target == "/a.tif" { Twist::Honest } else { Twist::Reset });
        fake.put("/a.tif", "\"1\"", b"some bytes");
        let (engine, _directory) = engine(&web(&fake));
        let (version, _) = found(&engine, "a.tif").await;
        // Without an answer between them, the requests of two asks are enough.
        for _ in 0..2 {
            let (reply, _) = find(&engine, "b.tif").await;
            assert!(matches!(reply.answer, Answer::Refused(Refused::Down { .. })), "{reply:?}");
        }
        let (reply, _) = find(&engine, "c.tif").await;
        assert!(matches!(reply.answer, Answer::Refused(Refused::Down { .. })) && reply.spent.requests == 0);
        let (known, _) = find(&engine, "a.tif").await;
        assert_eq!(known, Answer::Found(version.clone()).into());
        // What answered before is what it is tried with, and it answers.
        let other = Name { source: 0, path: "a.tif".into(), complete: true };
        while engine
            .reply(Ask::Find { source: 0, path: "a.tif.json".into(), complete: false })
            .await
            .0
            .spent
            .requests
            == 0
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        engine.names.borrow_mut().recall(&other, version, Duration::MAX, engine.now());
        assert_eq!(find(&engine, "a.tif").await.0.spent.requests, 1);
    });
}

#[test]
fn what_is_known_is_given_out_while_it_is_asked_again() {
    alive(async {
        let fake = Fake::honest();
        fake.put("/a.tif", "\"1\"", b"some bytes");
        let (engine, _directory) = engine(&web(&fake));
        let (version, _) = found(&engine, "a.tif").await;
        fake.put("/a.tif", "\"2\"", b"other bytes");
        fake.take();
        let name = Name { source: 0, path: "a.tif".into(), complete: true };
        engine.names.borrow_mut().recall(&name, version.clone(), Duration::ZERO, engine.now());
        let (reply, _) = find(&engine, "a.tif").await;
        assert_eq!(reply.answer, Answer::Found(version));
        while found(&engine, "a.tif").await.0.etag != "\"2\"" {
            tokio::task::yield_now().await;
        }
        let came = fake.take();
        assert_eq!(came.len(), 1);
        assert_eq!(came[0].headers.get("if-none-match").map(String::as_str), Some("\"1\""));
    });
}

#[test]
fn nobody_is_asked_where_no_store_is() {
    alive(async {
        let (engine, _directory) = engine(&web(&Fake::honest()));
        let ask = Ask::Find { source: 7, path: "a".into(), complete: true };
        assert_eq!(engine.reply(ask).await.0, Answer::Missing(Missing::NotFound).into());
    });
}
