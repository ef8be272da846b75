//! What a worker sees of a store, with a fetcher that does as it is told.

mod fetcher;

use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use self::fetcher::{Fetcher, masters};
use crate::blocks::{BLOCK, Counter, Refused, Spent, State};
use crate::error::{Busy, Error, MasterError, Stopped};
use crate::master::{Bounds, Decoder, Master, OpenMasters};
use crate::picture::{Rect, Tile};
use crate::source::{Found, Masters, Object, Patience, Sources};
use crate::watch::Watch;

/// As long as it takes.
fn patient(sources: &Sources) {
    sources.wait(Patience::Until(Watch::unlimited()));
}

fn room(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, bytes) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("below")).expect("made");
        fs::write(path, bytes).expect("written");
    }
    directory
}

/// Bytes that differ from block to block.
fn long(blocks: u64) -> Vec<u8> {
    (0..blocks * BLOCK).map(|at| (at / 251 % 253) as u8).collect()
}

fn find(sources: &Sources, identifier: &str) -> Found {
    sources.find(identifier).unwrap_or_else(|error| panic!("{identifier}: {error}"))
}

fn object(sources: &Sources, identifier: &str) -> Rc<dyn Object> {
    find(sources, identifier).object().expect("mapped")
}

/// All that a master gives.
fn all_of(master: &Master) -> String {
    let decoder = &mut Decoder::default();
    let mut all = format!("{:?} {:?} {:?}", master.description, master.pages(), master.metadata().is_ok());
    for (number, level) in master.description.levels.iter().enumerate() {
        all += &format!(
            "{:?} {:?} {:?}",
            master.icc_profile(number),
            master.decode::<u8>(decoder, number, Rect::whole(level.dimensions)),
            master.stored(number, Tile { column: 0, row: 0 })
        );
    }
    all
}

fn open(sources: &Sources, identifier: &str) -> Result<Rc<Master>, Error> {
    OpenMasters::new(Bounds { known: 9, known_bytes: 1 << 20 }, None).find(sources, identifier, |_| Ok(()))
}

#[test]
fn masters_are_the_same_as_in_a_directory() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let fetcher = Fetcher::start(&golden);
    patient(&fetcher.sources);
    let here = Sources::open(&Masters::below(&golden)).expect("a directory");
    for name in ["rgb.tif", "rgb16.tif", "rgba.jp2", "rgb.jpg", "gray.png"] {
        let far = open(&fetcher.sources, &format!("far/{name}")).expect("a master");
        let near = open(&here, name).expect("a master");
        assert_eq!(far.path, format!("far/{name}"));
        assert!(all_of(&far) == all_of(&near), "{name}");
        assert!(far.identity.is_settled());
    }
}

#[test]
fn identifiers_have_the_rules_of_directories() {
    let room = room(&[
        ("a.tif", b"1"),
        ("b.tif", b"1"),
        ("b.jp2", b"1"),
        ("book.tif", b"1"),
        ("book.tif;2", b"1"),
        (".hidden.tif", b"1"),
        ("box/leaf.jpg", b"1"),
    ]);
    let fetcher = Fetcher::start(room.path());
    patient(&fetcher.sources);
    for (identifier, expected) in [
        ("far/a.tif", Some(("far/a.tif", 1))),
        ("far/a", Some(("far/a.tif", 1))),
        ("far/b.tif", Some(("far/b.tif", 1))),
        ("far/b", None),
        ("far/book;3", Some(("far/book.tif", 3))),
        ("far/book.tif;3", Some(("far/book.tif", 3))),
        ("far/book.tif;2", Some(("far/book.tif;2", 1))),
        ("far/book.tif;2;5", Some(("far/book.tif;2", 5))),
        ("far/book.tif;0", None),
        ("far/box/leaf", Some(("far/box/leaf.jpg", 1))),
        ("far/none", None),
        ("a.tif", None),
    ] {
        let found = fetcher.sources.find(identifier).ok().map(|found| (found.path, found.page));
        assert_eq!(found, expected.map(|(path, page)| (path.to_owned(), page)), "{identifier}");
    }
    let taken = fetcher.taken();
    for identifier in ["far/a", "far/book;3", "far/book.tif;3", "far/book.tif;2;5", "far/box/leaf"] {
        find(&fetcher.sources, identifier);
    }
    assert_eq!(fetcher.taken(), taken, "pages too are known by then");
    for path in [".hidden.tif", "box/../a.tif", "box//leaf.jpg", "/a.tif", "box/.b", "a.tif/", "a\n"] {
        let found = fetcher.sources.find(&format!("far/{path}"));
        assert!(matches!(found, Err(Error::NotFound(_))), "{path}");
    }
    assert_eq!(fetcher.taken(), taken, "nobody was asked");
}

#[test]
fn what_is_known_and_here_is_asked_of_nobody() {
    let bytes = long(4);
    let room = room(&[("a.tif", &bytes)]);
    let fetcher = Fetcher::start(room.path());
    let sources = &fetcher.sources;
    patient(sources);
    let first = object(sources, "far/a");
    assert_eq!(first.announce(&[0..10, BLOCK - 1..BLOCK + 1, 3 * BLOCK..u64::MAX]), Ok(()));
    assert_eq!((fetcher.taken(), sources.take_spent()), (2, Spent { requests: 2, bytes: 20 }));
    let again = object(sources, "far/a");
    assert_eq!(again.announce(&[0..2 * BLOCK]), Ok(()));
    assert_eq!(&again.bytes()[..2 * BLOCK as usize], &bytes[..2 * BLOCK as usize]);
    assert_eq!((again.bytes().len(), again.bytes().last()), (bytes.len(), bytes.last()));
    assert_eq!((again.check(), fetcher.taken(), sources.take_spent()), (Ok(()), 2, Spent::default()));
    // When it is no longer fresh, the fetcher is asked; what was seen to be there is there still.
    let stale = State { fresh_until: 0, retired: false };
    fetcher.orders.files.lock().expect("no panic")["a.tif"].1.set_state(stale).expect("set");
    assert_eq!(object(sources, "far/a").announce(&[0..2 * BLOCK]), Ok(()));
    assert_eq!(fetcher.taken(), 3);
}

#[test]
fn who_does_not_wait_gets_what_is_here_and_is_told_of_the_rest() {
    let bytes = long(3);
    let room = room(&[("a.tif", &bytes)]);
    let fetcher = Fetcher::start(room.path());
    let sources = &fetcher.sources;
    fetcher.orders.holds.store(true, Ordering::SeqCst);
    assert!(matches!(sources.find("far/a"), Err(Error::Away)));
    assert!(matches!(sources.find("far/a"), Err(Error::Away)));
    fetcher.orders.holds.store(false, Ordering::SeqCst);
    // The answer to the first question is taken up when it is there; no other one is asked.
    let found = std::iter::repeat_with(|| sources.find("far/a")).find(Result::is_ok);
    let object = found.expect("some").expect("found").object().expect("mapped");
    assert_eq!(fetcher.taken(), 1);
    assert_eq!(object.announce(&[0..BLOCK]), Ok(()));
    assert_eq!(object.check(), Ok(()));
    assert_eq!(object.announce(&[0..BLOCK + 1]), Err(MasterError::Away));
    assert_eq!((object.check(), object.announce(&[0..1])), (Err(MasterError::Away), Err(MasterError::Away)));
    assert_eq!(fetcher.taken(), 1);
    find(sources, "far/a");
    assert_eq!(
        (object.check(), object.announce(&[0..1])),
        (Ok(()), Ok(())),
        "for the next request it is as before"
    );
    // Somebody else waits for it.
    patient(sources);
    assert_eq!(self::object(sources, "far/a").announce(&[0..BLOCK + 1]), Ok(()));
    sources.wait(Patience::None);
    assert_eq!(self::object(sources, "far/a").announce(&[0..BLOCK + 1]), Ok(()));
}

#[test]
fn a_fetcher_that_ends_with_an_ask_in_its_hands_is_asked_once_more() {
    let room = room(&[("a.tif", &long(3))]);
    let fetcher = Fetcher::start(room.path());
    patient(&fetcher.sources);
    fetcher.orders.drops.store(1, Ordering::SeqCst);
    let object = object(&fetcher.sources, "far/a");
    fetcher.orders.drops.store(1, Ordering::SeqCst);
    assert_eq!(object.announce(&[BLOCK..2 * BLOCK]), Ok(()));
    assert_eq!(fetcher.taken(), 4);
    fetcher.orders.drops.store(2, Ordering::SeqCst);
    let refused = object.announce(&[2 * BLOCK..3 * BLOCK]);
    assert!(matches!(refused, Err(MasterError::Busy { why: Busy::Fetcher, .. })), "{refused:?}");
    assert_eq!(object.check(), refused);
}

#[test]
fn an_object_that_changes_in_the_middle_is_read_anew() {
    let (before, after) = (long(3), [long(3), b"more".to_vec()].concat());
    let room = room(&[("a.tif", &before)]);
    let fetcher = Fetcher::start(room.path());
    let sources = &fetcher.sources;
    patient(sources);
    let old = find(sources, "far/a");
    let object = old.object().expect("mapped");
    assert_eq!(object.announce(&[0..1]), Ok(()));
    fs::write(room.path().join("a.tif"), &after).expect("written");
    assert_eq!(object.announce(&[0..2 * BLOCK]), Err(MasterError::Away));
    assert_eq!(object.check(), Err(MasterError::Away));
    let new = find(sources, "far/a");
    assert_ne!(new.identity, old.identity);
    let object = new.object().expect("mapped");
    assert_eq!(object.announce(&[0..u64::MAX]), Ok(()));
    assert!(object.bytes() == after && object.check().is_ok());
}

#[test]
fn what_was_taken_away_is_told_and_found_again() {
    let bytes = long(2);
    let room = room(&[("a.tif", &bytes)]);
    let fetcher = Fetcher::start(room.path());
    let sources = &fetcher.sources;
    patient(sources);
    let before = object(sources, "far/a");
    assert_eq!(before.announce(&[0..u64::MAX]), Ok(()));
    fetcher.orders.files.lock().expect("no panic")["a.tif"].1.cut_off().expect("cut off");
    assert_eq!(before.check(), Err(MasterError::Away), "nobody trusts the zeros in its place");
    let after = object(sources, "far/a");
    assert_eq!(after.announce(&[0..u64::MAX]), Ok(()));
    assert!(after.bytes() == bytes && after.check().is_ok() && before.check().is_err());
}

#[test]
fn who_has_left_or_has_no_time_is_not_waited_for() {
    let room = room(&[("a.tif", &long(3))]);
    let fetcher = Fetcher::start(room.path());
    let sources = &fetcher.sources;
    patient(sources);
    let objects = [object(sources, "far/a"), object(sources, "far/a")];
    fetcher.orders.holds.store(true, Ordering::SeqCst);
    let long_time = Duration::from_secs(3600);
    let left = Watch::asking_every(Duration::ZERO, long_time, || true);
    let late = Watch::asking_every(Duration::ZERO, Duration::ZERO, || false);
    for (object, watch, why) in
        [(&objects[0], left, Stopped::AskerLeft), (&objects[1], late, Stopped::OverBudget)]
    {
        sources.wait(Patience::Until(watch));
        assert_eq!(object.announce(&[BLOCK..BLOCK + 1]), Err(MasterError::Stopped(why)));
        assert!(matches!(sources.find("far/b"), Err(Error::Stopped(said)) if said == why));
    }
    // The fetcher sees that.
    while fetcher.orders.left.load(Ordering::SeqCst) < 4 {
        std::thread::yield_now();
    }
}

#[test]
fn refusals_are_told_as_what_they_are() {
    let room = room(&[("a.tif", &long(2))]);
    let fetcher = Fetcher::start(room.path());
    patient(&fetcher.sources);
    let wait = Duration::from_secs(7);
    for (refused, expected, waits) in [
        (Refused::Down { wait }, Busy::StoreDown, true),
        (Refused::Slow { wait }, Busy::StoreSlow, true),
        (Refused::Throttled { wait }, Busy::StoreThrottles, true),
        (Refused::Forbidden, Busy::StoreRefuses, false),
        (Refused::Lying("a wrong length".into()), Busy::StoreLies, false),
        (Refused::NoDisk, Busy::BlockCache, false),
    ] {
        fetcher.orders.refuses.lock().expect("no panic").take();
        let object = object(&fetcher.sources, "far/a");
        fetcher.orders.refuses.lock().expect("no panic").replace(refused);
        for error in [
            fetcher.sources.find("far/b").expect_err("refused"),
            object.announce(&[BLOCK..BLOCK + 1]).expect_err("refused").into(),
        ] {
            let Error::Busy { why, wait: told } = error else { panic!("{error}") };
            assert!(why == expected && (told == wait) == waits, "{why:?} {told:?}");
        }
    }
}

#[test]
fn files_beside_masters_are_kept_and_so_is_that_there_are_none() {
    let room =
        room(&[("a.tif", b"1"), ("a.tif.json", b"{}"), ("b.tif", b"1"), ("b.tif.json", &[b' '; 70_000])]);
    let fetcher = Fetcher::start(room.path());
    let sources = &fetcher.sources;
    patient(sources);
    let text = |key: &str| {
        let sidecar = sources.sidecar(0, key).expect("an answer");
        sidecar.map(|sidecar| (sidecar.text().ok(), sidecar.identity.size))
    };
    for _ in 0..2 {
        assert_eq!(text("far/a.tif"), Some((Some("{}".to_owned()), 2)));
        assert_eq!(text("far/b.tif"), Some((None, 70_000)), "too long");
        assert_eq!(text("far/c.tif"), None);
    }
    assert_eq!(fetcher.taken(), 3);
    fetcher.orders.holds.store(true, Ordering::SeqCst);
    sources.wait(Patience::None);
    assert_eq!(text("far/a.tif"), Some((Some("{}".to_owned()), 2)));
    assert!(matches!(sources.sidecar(0, "far/d.tif"), Err(Error::Away)));
}

#[test]
fn without_a_fetcher_and_at_a_full_counter_all_is_busy() {
    let busy = |sources: &Sources| {
        let found = sources.find("far/a");
        assert!(matches!(found, Err(Error::Busy { why: Busy::Fetcher, .. })), "{found:?}");
    };
    busy(&Sources::open(&masters()).expect("no directory"));
    let Counter { entrance, exit } = Counter::new().expect("a counter");
    let sources = Sources::open(&masters()).expect("no directory").asking(entrance, Duration::ZERO);
    let mut asked = 0;
    // Nobody takes them, and each has another name.
    while let Err(Error::Away) = sources.find(&format!("far/{asked}")) {
        asked += 1;
        assert!(asked < 10_000, "the counter is never full");
    }
    assert!(asked > 50, "no room for more than {asked}");
    busy(&sources);
    drop(exit);
    busy(&sources);
}
