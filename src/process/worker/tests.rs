use super::*;
use crate::fastcgi::record;

/// Whether a reply ends with END_REQUEST.
fn is_whole(reply: &[u8]) -> bool {
    reply.ends_with(&record::end_request(1, record::ProtocolStatus::RequestComplete))
}

fn contains(reply: &[u8], text: &str) -> bool {
    reply.windows(text.len()).any(|part| part == text.as_bytes())
}

fn place() -> (Scoreboard, Place) {
    let board = Scoreboard::create().expect("memory");
    let ours = Scoreboard::open(&descriptor_path(board.descriptor())).expect("open");
    (board, Place::take(Rc::new(ours), 3, Account::default()))
}

#[test]
fn the_slot_tells_what_the_worker_does() {
    let (board, mut place) = place();
    let slot = || board.read(3).expect("in one piece");
    assert_eq!((slot().process, slot().busy_since), (std::process::id(), 0));
    place.begin(b"GET /a".to_vec(), b"");
    place.go_on_with(b"a");
    assert!(slot().busy_since > 0 && slot().request == b"a");
    let mut out = Vec::new();
    let flow = answer(|_| Some(Response::text(404, "no")), 1, &mut out, &mut place);
    assert!(flow.is_continue() && is_whole(&out) && contains(&out, "Status: 404"));
    assert_eq!((slot().busy_since, slot().served, slot().request), (0, 1, vec![]));
}

#[test]
fn a_panic_is_answered_and_leaves_its_request_on_the_scoreboard() {
    let (board, mut place) = place();
    place.begin(b"GET /a".to_vec(), b"");
    let mut out = Vec::new();
    let flow = answer(|_| panic!("on purpose, in a test"), 1, &mut out, &mut place);
    assert!(flow.is_break() && is_whole(&out) && contains(&out, "Status: 500"));
    assert_eq!(board.read(3).expect("in one piece").request, b"GET /a");
}

#[test]
fn the_worker_is_busy_while_chunks_are_made_and_none_of_them_can_kill_it_unseen() {
    let (board, mut place) = place();
    let slot = || board.read(3).expect("in one piece");
    let mut give = |last: fn() -> Result<Vec<u8>, Error>| {
        place.begin(b"GET /a".to_vec(), b"");
        place.go_on_with(b"a");
        let busy = || Ok(vec![u8::from(slot().busy_since > 0); 9]);
        let chunks = std::iter::repeat_with(busy).take(2).chain(std::iter::once_with(last));
        let response = Response::new(200, Body::Chunks(Box::new(chunks)));
        let mut out = Vec::new();
        let flow = answer(|_| Some(response), 1, &mut out, &mut place);
        assert!(contains(&out, "Status: 200") && contains(&out, &"\u{1}".repeat(9)));
        (flow.is_continue(), is_whole(&out), slot().request)
    };
    assert_eq!(give(|| Ok(b"end".to_vec())), (true, true, vec![]));
    assert_eq!(give(|| Err(Error::NotFound("gone"))), (true, false, vec![]), "broken off");
    assert_eq!(give(|| panic!("on purpose, in a test")), (false, false, b"a".to_vec()));
}

#[test]
fn the_worker_is_at_a_mount_while_a_chunk_is_made_and_not_while_it_is_read() {
    let (board, mut place) = place();
    let device = || board.read(3).expect("in one piece").device;
    place.begin(b"GET /a".to_vec(), b"");
    place.go_to(7);
    let chunks = std::iter::repeat_with(|| Ok(vec![u8::try_from(device()).expect("small")])).take(2);
    let mut seen = Vec::new();
    for chunk in fetched(Body::Chunks(Box::new(chunks)), &mut place).into_chunks() {
        seen.push((chunk.expect("made"), device()));
    }
    assert_eq!(seen, [(vec![7], 0), (vec![7], 0)]);
    place.go_to(7);
    place.finish();
    assert_eq!(device(), 0);
}

#[test]
fn requests_are_named_without_their_query() {
    let request = Request::from_pairs([("REQUEST_METHOD", "GET"), ("REQUEST_URI", "/iiif/3/a%2Fb?x=1?y")]);
    assert_eq!(request_line(&request), b"GET /iiif/3/a%2Fb");
    assert_eq!(request_line(&Request::default()), b"- -");
}
