use super::*;

fn entry(busy_since: u64, request: &[u8]) -> Entry {
    Entry { process: 42, busy_since, served: 7, device: 9, id: [7; 32], request: request.to_vec() }
}

fn another(board: &Scoreboard) -> Scoreboard {
    Scoreboard::open(Path::new(&format!("/proc/self/fd/{}", board.descriptor()))).expect("open")
}

#[test]
fn slots_do_not_touch_each_other() {
    let board = Scoreboard::create().expect("memory");
    for slot in [0, 1, 2, 900] {
        assert_eq!(board.read(slot), Some(Entry::default()));
    }
    let long = vec![b'x'; REQUEST_LENGTH];
    board.write(1, &entry(5, &long));
    board.write(2, &entry(6, b"GET /"));
    board.write(900, &entry(0, b""));
    board.write(SLOTS, &entry(0, b"there is no such slot"));
    assert_eq!(board.read(0), Some(Entry::default()));
    assert_eq!(board.read(1), Some(entry(5, &long)));
    assert_eq!(board.read(2), Some(entry(6, b"GET /")));
    assert_eq!(board.read(900), Some(entry(0, b"")));
    assert_eq!((board.read(SLOTS - 1), board.read(SLOTS)), (Some(Entry::default()), None));
    assert_eq!((board.slots(), Scoreboard::create().expect("memory").slots()), (901, 0));
}

#[test]
fn overlong_requests_are_cut() {
    let board = Scoreboard::create().expect("memory");
    let long = vec![b'x'; 5000];
    board.write(0, &entry(5, &long));
    let read = board.read(0).expect("in one piece");
    assert_eq!(read.request, long[..REQUEST_LENGTH]);
    board.refuse(&[Refusal { name: read.request, why: Why::Deadly, until: 0 }]).expect("memory");
    assert_eq!(board.why_refused(&[b"other", &long]), Some(Why::Deadly));
}

#[test]
fn a_slot_that_was_left_in_the_middle_of_a_write_is_not_believed_until_the_next() {
    let board = Scoreboard::create().expect("memory");
    board.write(3, &entry(5, b"GET /a"));
    board.slot(3).expect("a slot")[0].fetch_add(1, Ordering::Relaxed);
    assert_eq!(board.read(3), None);
    board.write(3, &entry(0, b""));
    assert_eq!(board.read(3), Some(entry(0, b"")));
}

#[test]
fn refusals_are_exact_and_can_be_lifted() {
    let board = Scoreboard::create().expect("memory");
    let refuse = |names: &[String]| {
        let refusal = |name: &String| Refusal { name: name.clone().into(), why: Why::Overdue, until: 0 };
        board.refuse(&names.iter().map(refusal).collect::<Vec<_>>()).expect("memory");
    };
    let is_refused = |name: &str| board.why_refused(&[name.as_bytes()]) == Some(Why::Overdue);
    assert!(!is_refused("a"));
    assert!(!board.refuses_anything());
    refuse(&["a".into(), "b".into()]);
    assert!(board.refuses_anything());
    assert!(is_refused("a") && is_refused("b") && !is_refused("") && !is_refused("ab"));
    refuse(&(0..100).map(|n| n.to_string()).collect::<Vec<_>>());
    assert!(is_refused("47") && !is_refused("48"));
    refuse(&[]);
    assert!(!is_refused("47"));
}

#[test]
fn another_process_finds_it_by_its_descriptor() {
    let board = Scoreboard::create().expect("memory");
    another(&board).write(3, &entry(0, b""));
    assert_eq!(board.read(3), Some(entry(0, b"")));
    board.head()[0].store(u64::from_le_bytes(*b"recto-01"), Ordering::Relaxed);
    let path = format!("/proc/self/fd/{}", board.descriptor());
    assert!(Scoreboard::open(Path::new(&path)).is_err());
}

#[test]
fn what_the_supervisor_says_of_a_worker_goes_with_it() {
    let board = Scoreboard::create().expect("memory");
    let post = Post {
        lane: crate::process::lane::Lane::Dear,
        process: 9,
        generation: 3,
        started: 77,
        draining: true,
    };
    board.set_post(2, Some(&post));
    assert_eq!((another(&board).post(2), board.post(1)), (Some(post), None));
    board.set_post(2, None);
    assert_eq!(board.post(2), None);
}

#[test]
fn what_a_worker_counted_outlives_it_and_is_summed_with_the_others() {
    let board = Scoreboard::create().expect("memory");
    for slot in [0, 5, 0] {
        board.write(slot, &Entry::default());
        another(&board).counters(slot).add(counters::Count::Sent, 10);
    }
    assert_eq!(board.totals().of_count(counters::Count::Sent), 30);
}
