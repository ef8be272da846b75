//! What goes over the counter, and what is in block files, hostile bytes among it.

use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use proptest::prelude::*;

use super::version::tests::version;
use super::*;

fn head(version: Version) -> Head {
    Head { state: State { fresh_until: 9, retired: false }, boot: [3; 16], source: "s3://a/".into(), version }
}

fn block_file(size: u64) -> BlockFile {
    let file = tempfile::tempfile().expect("a file");
    BlockFile::create(file, &head(version("a", size))).expect("created")
}

fn asks() -> Vec<Ask> {
    let find = |path: &str, complete| Ask::Find { source: 3, path: path.into(), complete };
    let fetch = |blocks, ahead| Ask::Fetch { source: 0, version: version("b/c", 9 * BLOCK), blocks, ahead };
    vec![
        find("a", true),
        find("b/ü;2.tif", false),
        fetch(vec![0..1, 1..3, 8..9], true),
        fetch(vec![0..9], false),
    ]
}

fn replies() -> Vec<Reply> {
    let wait = Duration::from_millis(1234);
    let refusals = [
        Refused::Down { wait },
        Refused::Slow { wait },
        Refused::Throttled { wait },
        Refused::Forbidden,
        Refused::Lying("a wrong length".into()),
        Refused::NoDisk,
    ];
    let mut answers = vec![
        Answer::Found(version("a", LARGEST)),
        Answer::Missing(Missing::NotFound),
        Answer::Missing(Missing::Ambiguous),
        Answer::There,
        Answer::Changed,
    ];
    answers.extend(refusals.map(Answer::Refused));
    let spent = Spent { requests: 2, bytes: 99 };
    answers.into_iter().map(|answer| Reply { answer, spent }).collect()
}

#[test]
fn what_is_said_is_understood_and_nothing_that_is_cut_short() {
    let (asks, replies) = (asks(), replies());
    let messages = asks.iter().map(Ask::encode).chain(replies.iter().map(Reply::encode));
    for (number, message) in messages.enumerate() {
        let decode = |bytes: &[u8]| match number < asks.len() {
            true => Ask::decode(bytes).ok().map(|ask| format!("{ask:?}")),
            false => Reply::decode(bytes).ok().map(|reply| format!("{reply:?}")),
        };
        let said = match asks.get(number) {
            Some(ask) => format!("{ask:?}"),
            None => format!("{:?}", replies[number - asks.len()]),
        };
        assert_eq!(decode(&message), Some(said));
        let is_ranges = number == 2;
        for length in 0..message.len() {
            // Of several ranges the first ones are an ask as well.
            let may_be = is_ranges && (message.len() - length) % 8 == 0;
            assert!(decode(&message[..length]).is_none() || may_be, "{length} of {message:?}");
        }
        assert_eq!(decode(&[&message[..], &[0]].concat()), None, "{message:?}");
    }
}

#[test]
fn what_nobody_may_ask_is_not_understood() {
    let fetch = |size, blocks: &[(u32, u32)]| {
        let blocks = blocks.iter().map(|(start, end)| *start..*end).collect();
        Ask::Fetch { source: 0, version: version("a", size), blocks, ahead: false }
    };
    let find = |path: &str| Ask::Find { source: 0, path: path.into(), complete: true };
    let many: Vec<_> = (0..=MOST_RANGES as u32).map(|at| (2 * at, 2 * at + 1)).collect();
    for (ask, is_understood) in [
        (fetch(4 * BLOCK, &[(0, 4)]), true),
        (fetch(4 * BLOCK, &[(0, 5)]), false),
        (fetch(4 * BLOCK, &[(1, 1)]), false),
        (fetch(4 * BLOCK, &[(2, 1)]), false),
        (fetch(4 * BLOCK, &[(2, 3), (0, 1)]), false),
        (fetch(4 * BLOCK, &[(0, 2), (1, 3)]), false),
        (fetch(4 * BLOCK, &[]), false),
        (fetch(LARGEST, &many[1..]), true),
        (fetch(LARGEST, &many), false),
        (fetch(LARGEST + 1, &[(0, 1)]), false),
        (find("../secret"), false),
        (find(".hidden"), false),
        (find(""), false),
        (find(&"x".repeat(LONGEST_KEY)), true),
    ] {
        let message = ask.encode();
        assert!(message.len() < 60 << 10, "{} bytes", message.len());
        assert_eq!(Ask::decode(&message).is_ok(), is_understood, "{:?}", &message[..message.len().min(99)]);
    }
    let wait = Duration::MAX;
    let long = Reply::from(Answer::Refused(Refused::Down { wait }));
    let Ok(Reply { answer: Answer::Refused(Refused::Down { wait }), .. }) = Reply::decode(&long.encode())
    else {
        panic!("not understood");
    };
    assert!(wait <= Duration::from_secs(600));
    let said = Reply::from(Answer::Refused(Refused::Lying("ü".repeat(9999))));
    assert!(Reply::decode(&said.encode()).is_ok_and(|reply| format!("{reply:?}").len() < 2000));
}

proptest! {
    #[test]
    fn any_bytes_are_a_message_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        super::fuzz::any(&bytes);
    }

    #[test]
    fn messages_with_a_mistake_are_a_message_or_none(number in 0usize..15, at in any::<usize>(), byte in any::<u8>()) {
        let (asks, replies) = (asks(), replies());
        let mut messages = asks.iter().map(Ask::encode).chain(replies.iter().map(Reply::encode));
        let mut message = messages.nth(number).expect("so many");
        let length = message.len();
        message[at % length] = byte;
        super::fuzz::any(&message);
    }

    #[test]
    fn heads_with_a_mistake_are_a_head_or_none(at in 0usize..200, byte in any::<u8>()) {
        let mut page = head(version("a", 9)).encode().expect("short");
        page[at] = byte;
        super::fuzz::any(&page);
    }
}

#[test]
fn asks_are_answered_once_and_files_come_with_answers() {
    let Counter { entrance, exit } = Counter::new().expect("a counter");
    assert!(exit.take().expect("open").is_none());
    let pending: Vec<_> = asks().iter().map(|ask| entrance.put(ask).expect("room")).collect();
    assert!(pending[0].take().expect("open").is_none());
    let file = block_file(5);
    for (number, expected) in asks().into_iter().enumerate() {
        let (ask, asker) = exit.take().expect("open").expect("there");
        assert!(ask == expected && !asker.has_left());
        match number {
            0 => asker.reply(&replies()[0], Some(&file)).expect("there"),
            1 => asker.reply(&replies()[1], None).expect("there"),
            _ => drop(asker),
        }
    }
    let (reply, descriptor) = pending[0].take().expect("open").expect("there");
    assert_eq!(reply, replies()[0]);
    let (read, its_head) = BlockFile::open(descriptor.expect("a file").into()).expect("a block file");
    assert_eq!(its_head, head(version("a", 5)));
    assert!(read.write(0, b"12345").is_err() && read.mark(&(0..1)).is_err() && read.cut_off().is_err());
    let (reply, descriptor) = pending[1].take().expect("open").expect("there");
    assert!(reply == replies()[1] && descriptor.is_none());
    let ended = pending[2].take().map_err(|error| error.kind());
    assert!(matches!(ended, Err(ErrorKind::UnexpectedEof)));
}

#[test]
fn who_leaves_is_seen_and_what_is_no_ask_is_dropped() {
    let Counter { entrance, exit } = Counter::new().expect("a counter");
    drop(entrance.put(&asks()[0]).expect("room"));
    let (_, asker) = exit.take().expect("open").expect("there");
    assert!(asker.has_left());
    assert!(asker.reply(&replies()[3], None).is_err());
    let nonsense = Ask::Find { source: 0, path: "..".into(), complete: true };
    let pending = entrance.put(&nonsense).expect("room");
    assert_eq!(exit.take().map(drop).map_err(|error| error.kind()), Err(ErrorKind::InvalidData));
    assert!(exit.take().expect("open").is_none());
    assert_eq!(pending.take().map(drop).map_err(|error| error.kind()), Err(ErrorKind::UnexpectedEof));
    pending.wait(0);
}

#[test]
fn a_block_file_has_what_was_marked_in_it() {
    let size = 3 * BLOCK + 5;
    let file = block_file(size);
    let missing = |blocks: &[std::ops::Range<u32>]| file.missing(blocks).expect("readable");
    assert_eq!(missing(&[0..9]), [0..4]);
    file.write(3, b"12345").expect("written");
    assert_eq!(missing(&[3..4]), [3..4], "not marked");
    file.mark(&(3..4)).expect("marked");
    file.write(1, &vec![7; BLOCK as usize]).expect("written");
    file.mark(&(1..2)).expect("marked");
    assert_eq!(missing(&[0..2, 2..9]), [0..1, 2..3]);
    assert_eq!(missing(&[3..9, 1..2, 4..5]), []);
    for (block, bytes) in [(3, &b"123456"[..]), (3, b"1234"), (4, b""), (u32::MAX, b"1")] {
        assert!(file.write(block, bytes).is_err(), "{block}");
    }
    let mut read = [0; 5];
    file.file().read_exact_at(&mut read, 3 * BLOCK).expect("there");
    assert_eq!(&read, b"12345");
    let (again, found) = BlockFile::open(file.file().try_clone().expect("open")).expect("a block file");
    assert_eq!((found, again.layout()), (head(version("a", size)), file.layout()));
}

#[test]
fn what_changes_in_a_head_is_seen_by_all() {
    let file = block_file(5);
    let other = file.try_clone().expect("open");
    assert!(file.state().expect("readable").is_fresh(8) && !file.state().expect("readable").is_fresh(9));
    let state = State { fresh_until: 77, retired: true };
    file.set_state(state).expect("set");
    assert_eq!(other.state().expect("readable"), state);
    assert!(!state.is_fresh(0) && !other.is_cut_off());
    file.cut_off().expect("cut off");
    assert!(
        other.is_cut_off() && other.state().expect("readable").retired && other.missing(&[0..1]).is_err()
    );
}

#[test]
fn what_is_no_block_file_is_not_taken_for_one() {
    let whole = block_file(5).file().try_clone().expect("open");
    let length = whole.metadata().expect("open").len();
    let mut bytes = vec![0; length as usize];
    whole.read_exact_at(&mut bytes, 0).expect("read");
    let open = |bytes: &[u8]| {
        let file = tempfile::tempfile().expect("a file");
        file.write_all_at(bytes, 0).expect("written");
        BlockFile::open(file).is_ok()
    };
    assert!(open(&bytes));
    for length in [0, 1, 4095, 4096, bytes.len() - 1] {
        assert!(!open(&bytes[..length]), "{length}");
        assert!(!open(&vec![0xff; length]), "{length}");
    }
    assert!(!open(&[&[0; 4096], &bytes[..]].concat()), "of another length");
    for version in [version("../a", 5), version(&"x".repeat(3000), 5)] {
        assert!(BlockFile::create(tempfile::tempfile().expect("a file"), &head(version)).is_err());
    }
}
