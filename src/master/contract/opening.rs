//! How often opening masters far away has to wait, and how much it fetches; and that what was kept of them spares it.

use super::*;
use crate::blocks::Version;
use crate::format::jp2::SampleCodestream as Codestream;
use crate::master::{Opening, StateSettings};
use crate::source::{Counted, Reads};

/// How the directories of a pyramid lie.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Order {
    /// Each behind its tiles, as libtiff and libvips write them.
    Behind,
    /// So, and those of smaller levels hang below the first (SubIFDs).
    Below,
    /// All at the beginning (COG).
    First,
    /// The first at the beginning, the others behind all tiles, as GDAL adds levels.
    Both,
}

const SIDE: u32 = 256;

/// A gray pyramid of four levels in plain tiles, of some megabytes. `pages` times the same, one behind the other.
fn pyramid(layout: Layout, order: Order, size: Dimensions, pages: u32) -> Vec<u8> {
    let mut tiff = Tiff::new(layout);
    let (mut places, mut waiting) = (Vec::new(), Vec::new());
    let reserved = tiff.bytes.len();
    if matches!(order, Order::First | Order::Both) {
        tiff.bytes.resize(reserved + 20_000, 0);
    }
    for halvings in (0..pages).flat_map(|_| 0..4u32) {
        let size = Dimensions::new(size.width >> halvings, size.height >> halvings);
        let count = size.width.div_ceil(SIDE) * size.height.div_ceil(SIDE);
        let length = SIDE * SIDE;
        let offsets: Vec<u64> = (0..count).map(|n| tiff.bytes.len() as u64 + u64::from(n * length)).collect();
        for n in 0..count {
            let at = tiff.bytes.len();
            tiff.bytes.resize(at + length as usize, (n * 7 + halvings) as u8);
            tiff.bytes[at..at + 4].copy_from_slice(&(n * 31 + halvings).to_le_bytes());
        }
        let mut fields = vec![
            Field::long(tag::IMAGE_WIDTH, size.width),
            Field::long(tag::IMAGE_LENGTH, size.height),
            Field::long(tag::TILE_WIDTH, SIDE),
            Field::long(tag::TILE_LENGTH, SIDE),
            Field::offsets(tag::TILE_OFFSETS, layout, &offsets).expect("short"),
            Field::offsets(tag::TILE_BYTE_COUNTS, layout, &vec![u64::from(length); count as usize])
                .expect("short"),
        ];
        fields.extend(gray());
        match halvings {
            0 => fields.extend(words()),
            _ => fields.push(Field::long(tag::NEW_SUBFILE_TYPE, 1)),
        }
        match order {
            // The first says where the others are, and is written when they are.
            Order::Below if halvings == 0 => waiting.push(fields),
            Order::Behind | Order::Below => places.push(tiff.directory(fields, true)),
            Order::First | Order::Both => waiting.push(fields),
        }
    }
    match order {
        Order::Behind => linked(tiff, layout, &places),
        Order::Below => {
            let mut full = waiting.remove(0);
            full.push(Field::offsets(tag::SUB_IFDS, layout, &places).expect("short"));
            let first = tiff.directory(full, true);
            tiff.file(first)
        }
        Order::First | Order::Both => {
            let (mut at, before) = (reserved.next_multiple_of(8), if order == Order::Both { 1 } else { 4 });
            for fields in waiting.drain(..before) {
                let bytes = layout.directory(fields, at as u64, true).expect("short");
                places.push(at as u64);
                tiff.bytes[at..at + bytes.len()].copy_from_slice(&bytes);
                at = (at + bytes.len()).next_multiple_of(8);
            }
            places.extend(waiting.into_iter().map(|fields| tiff.directory(fields, true)));
            linked(tiff, layout, &places)
        }
    }
}

/// The file whose directories are at these places, each of which leads to the next.
fn linked(mut tiff: Tiff, layout: Layout, places: &[u64]) -> Vec<u8> {
    let (counts, entry, link) = if layout == Layout::Big { (8, 20, 8) } else { (2, 12, 4) };
    for pair in places.windows(2) {
        let at = pair[0] as usize;
        let count = usize::from(u16::from_le_bytes([tiff.bytes[at], tiff.bytes[at + 1]]));
        let at = at + counts + count * entry;
        tiff.bytes[at..at + link].copy_from_slice(&pair[1].to_le_bytes()[..link]);
    }
    tiff.file(places[0])
}

/// A master of these bytes in a store, of which this worker knows what is kept in a directory.
struct Far {
    counted: Rc<Counted>,
    master: Master,
    opening: Reads,
}

/// The identity of object number `number` of a store.
fn identity(bytes: &[u8], number: u64) -> Identity {
    let (key, size) = (number.to_string(), bytes.len() as u64);
    Identity::of_object("store", &Version { key, etag: "\"tag\"".to_owned(), size, modified: 5 })
}

fn open(bytes: &[u8], page: u32, poison: u8, kept: Option<(&Rc<IndexStore>, u64)>) -> Result<Far, Error> {
    let mut found = found(bytes, page);
    found.identity = identity(bytes, kept.map_or(0, |(_, inode)| inode));
    let mut counted = None;
    let store = kept.map(|(store, _)| store);
    let opening = Opening::keeping(found.identity, store, |pages| {
        let remote = Rc::new(Remote::with_pages(bytes.to_vec(), poison, pages));
        Ok(counted.insert(Rc::new(Counted::new(remote))).clone())
    })?;
    let counted = counted.expect("asked for");
    let master = Master::of_far(Rc::new(opening), found, store.cloned())?;
    let opening = counted.so_far();
    Ok(Far { counted, master, opening })
}

/// Opens and answers over each poison as on disk; gives what opening and the query took.
#[track_caller]
fn cold(what: &str, bytes: &[u8], page: u32, query: Query) -> (Reads, Reads) {
    let disk = on_disk(bytes, page);
    let expected = answer(&disk, query);
    assert!(expected.starts_with("Ok"), "{what}: {expected}");
    let mut reads = (Reads::default(), Reads::default());
    for poison in POISONS {
        let far = open(bytes, page, poison, None).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(far.master.description, disk.description, "{what}");
        assert_eq!(far.master.pages(), disk.pages(), "{what}");
        assert_eq!(far.master.icc_profile(0), disk.icc_profile(0), "{what}");
        let before = far.counted.so_far();
        assert!(answer(&far.master, query) == expected, "{what}: {query:?}");
        reads = (before, far.counted.so_far().since(before));
    }
    reads
}

fn in_the_middle(size: Dimensions, side: u32) -> Query {
    let snapped = |side_of: u32| side_of / 2 / SIDE * SIDE;
    Query::Window(0, Rect::new(snapped(size.width), snapped(size.height), side, side))
}

#[test]
fn pyramids_are_opened_in_three_round_trips_wherever_their_directories_lie() {
    let size = Dimensions::new(2400, 1900);
    for layout in [Layout::Classic, Layout::Big] {
        for order in [Order::Behind, Order::Below, Order::First, Order::Both] {
            let what = format!("{layout:?}, {order:?}");
            let bytes = pyramid(layout, order, size, 1);
            assert_eq!(on_disk(&bytes, 1).description.levels.len(), 4, "{what}");
            let (opening, tile) = cold(&what, &bytes, 1, in_the_middle(size, SIDE));
            let all = bytes.len() as u64;
            assert!(opening.round_trips <= 3 && opening.bytes < all / 2, "{what}: {opening:?} of {all}");
            assert!(tile.round_trips <= 1 && tile.bytes < 150_000, "{what}: {tile:?}");
        }
    }
}

#[test]
fn pages_of_books_are_found_in_longer_and_longer_steps() {
    let bytes = pyramid(Layout::Classic, Order::Behind, Dimensions::new(512, 512), 30);
    let (first, tile) = cold("first page", &bytes, 1, Query::Window(0, Rect::new(0, 0, SIDE, SIDE)));
    assert!(first.round_trips <= 8 && tile.round_trips <= 1, "{first:?}, then {tile:?}, of {}", bytes.len());
    let last = open(&bytes, 30, 0, None).expect("a page");
    assert!(last.opening.round_trips <= 8, "{:?}", last.opening);
}

/// A codestream in a file whose metadata lies behind it, so that the file is too long to be fetched whole.
fn in_file(codestream: &[u8]) -> Vec<u8> {
    let boxed = |kind: &[u8; 4], contents: &[u8]| {
        [&(contents.len() as u32 + 8).to_be_bytes()[..], kind, contents].concat()
    };
    let [ihdr, colr] = [
        boxed(b"ihdr", &[0, 0, 0, 200, 0, 0, 1, 44, 0, 3, 7, 7, 0, 0]),
        boxed(b"colr", &[1, 0, 0, 0, 0, 0, 16]),
    ];
    [
        b"\0\0\0\x0cjP  \r\n\x87\n".to_vec(),
        boxed(b"ftyp", b"jp2 \0\0\0\0jp2 "),
        boxed(b"jp2h", &[ihdr, colr].concat()),
        boxed(b"jp2c", codestream),
        boxed(b"free", &vec![0; 2 << 20]),
    ]
    .concat()
}

#[test]
fn codestreams_are_opened_in_three_round_trips() {
    let tiles = Some(((0, 0), recto_jp2::Dimensions::new(SIDE, SIDE)));
    let image = recto_jp2::Rect::new(0, 0, 1400, 900);
    let precincts = vec![(128, 128)];
    let sample = Codestream { image, precincts, ..Codestream::default() };
    for (what, codestream) in [
        ("untiled, PLT", Codestream { plt: true, ..sample.clone() }),
        ("tiled, PLT and TLM", Codestream { tiles, plt: true, tlm: true, ..sample.clone() }),
        ("tiled, PLT", Codestream { tiles, plt: true, ..sample.clone() }),
        ("untiled", sample.clone()),
        ("tiled, TLM", Codestream { tiles, tlm: true, ..sample.clone() }),
    ] {
        let bytes = in_file(&codestream.codestream());
        // More than is decoded at once.
        for query in
            [in_the_middle(Dimensions::new(1400, 900), SIDE), Query::Window(0, Rect::new(0, 0, 1400, 300))]
        {
            let (opening, window) = cold(what, &bytes, 1, query);
            assert!(opening.round_trips <= 3, "{what}: {opening:?} of {}", bytes.len());
            assert!(window.round_trips <= 1, "{what}: {query:?}: {window:?}");
        }
    }
}

#[test]
fn windows_take_one_round_trip_whatever_they_are_made_of() {
    let layout = Layout::Classic;
    let tile = Dimensions::new(TILE, TILE);
    let size = Dimensions::new(1500, 900);
    let mut tiff = Tiff::new(layout);
    let main = [tiff.add(size, tile, |rows| rows), gray()].concat();
    let mask = [tiff.add(size, tile, |rows| rows), gray(), vec![Field::long(tag::NEW_SUBFILE_TYPE, 4)]];
    let first = tiff.directory(main, false);
    tiff.directory(mask.concat(), true);
    let bytes = tiff.file(first);
    for window in [Rect::new(0, 0, TILE, TILE), Rect::new(100, 100, 1300, 700)] {
        let (opening, window) = cold("mask", &bytes, 1, Query::Window(0, window));
        assert!(opening.round_trips <= 3 && window.round_trips <= 1, "{opening:?}, {window:?}");
    }
    let (_, stored) = cold(
        "stored",
        &written(Compression::Jpeg { quality: 80, subsampling: Subsampling::S420 }),
        1,
        Query::Stored(0, Tile { column: 1, row: 1 }),
    );
    assert!(stored.round_trips <= 1);
}

/// A JPEG of some hundred kilobytes.
fn jpeg() -> Vec<u8> {
    let (width, height) = (1200usize, 900usize);
    let pixels: Vec<u8> = (0..width * height).map(|n| ((n * n / 91) ^ (n / 13)) as u8).collect();
    let format = turbojpeg::PixelFormat::GRAY;
    let image = turbojpeg::Image { pixels: &pixels[..], width, pitch: width, height, format };
    turbojpeg::compress(image, 90, turbojpeg::Subsamp::Gray).expect("compressed").to_vec()
}

fn store(directory: &std::path::Path) -> Rc<IndexStore> {
    let settings = StateSettings { directory: directory.to_owned(), max_bytes: 64 << 20 };
    Rc::new(IndexStore::open(&settings).expect("a directory"))
}

#[test]
fn what_was_opened_once_is_known_to_another_worker_and_a_tile_of_it_takes_one_round_trip() {
    let directory = tempfile::tempdir().expect("a directory");
    let size = Dimensions::new(2400, 1900);
    let image = recto_jp2::Rect::new(0, 0, 1400, 900);
    let precincts = vec![(128, 128)];
    let codestream = Codestream { image, precincts, plt: true, ..Codestream::default() };
    let masters = [
        ("TIFF", pyramid(Layout::Classic, Order::Behind, size, 1)),
        ("SubIFDs", pyramid(Layout::Big, Order::Below, size, 1)),
        ("JP2", in_file(&codestream.codestream())),
        ("JPEG", jpeg()),
    ];
    for (inode, (what, bytes)) in (1..).zip(masters) {
        let query = Query::Window(0, Rect::new(512, 512, SIDE, SIDE));
        let expected = answer(&on_disk(&bytes, 1), query);
        let told =
            |far: &Far| (far.master.description.clone(), far.master.pages(), far.master.icc_profile(0));
        let first = open(&bytes, 1, 0xff, Some((&store(directory.path()), inode))).expect("a master");
        let before = told(&first);
        assert!(answer(&first.master, query) == expected && first.counted.so_far().round_trips > 1, "{what}");
        for poison in POISONS {
            let known = open(&bytes, 1, poison, Some((&store(directory.path()), inode))).expect("a master");
            assert_eq!(told(&known), before, "{what}");
            let opening = known.counted.so_far();
            assert_eq!(opening.round_trips, 1, "{what}: it was found, and no more: {opening:?}");
            assert!(answer(&known.master, query) == expected, "{what}, {poison:#x}");
            let tile = known.counted.so_far().since(opening);
            assert!(tile.round_trips == 1 && tile.bytes < bytes.len() as u64 / 2, "{what}: {tile:?}");
        }
    }
}

#[test]
fn kept_pages_of_another_master_or_damaged_ones_are_none() {
    let directory = tempfile::tempdir().expect("a directory");
    let bytes = pyramid(Layout::Classic, Order::Behind, Dimensions::new(1200, 900), 1);
    let query = Query::Window(0, Rect::new(0, 0, SIDE, SIDE));
    let expected = answer(&on_disk(&bytes, 1), query);
    let trips = |inode: u64| {
        let far = open(&bytes, 1, 0x5a, Some((&store(directory.path()), inode))).expect("a master");
        let trips = far.opening.round_trips;
        assert!(answer(&far.master, query) == expected);
        trips
    };
    let cold = trips(1);
    assert!(cold > 1 && trips(1) == 1);
    let files =
        || std::fs::read_dir(directory.path()).expect("a directory").map(|of| of.expect("there").path());
    let path = files().find(|path| path.to_string_lossy().contains("/head-")).expect("kept");
    assert_eq!(trips(2), cold, "another object");
    let whole = std::fs::read(&path).expect("there");
    for at in (0..whole.len()).step_by(whole.len() / 9) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x20;
        std::fs::write(&path, &damaged).expect("written");
        assert_eq!(trips(1), cold, "byte {at}");
        assert_eq!(trips(1), 1, "and kept anew");
    }
}

#[test]
fn what_could_not_be_fetched_is_an_error_and_is_not_kept() {
    let directory = tempfile::tempdir().expect("a directory");
    let bytes = pyramid(Layout::Classic, Order::Below, Dimensions::new(1200, 900), 1);
    let store = store(directory.path());
    let mut refused = 0;
    loop {
        let mut found = found(&bytes, 1);
        found.identity = identity(&bytes, 1);
        let opening = Opening::keeping(found.identity, Some(&store), |pages| {
            assert!(pages.is_empty(), "nothing is kept of what failed");
            let remote = Remote::with_pages(bytes.clone(), 0, pages);
            remote.lasts.set(refused);
            Ok(Rc::new(remote))
        });
        match Master::of_far(Rc::new(opening.expect("kept")), found, Some(Rc::clone(&store))) {
            Ok(master) => {
                assert_eq!(master.description, on_disk(&bytes, 1).description);
                break;
            }
            Err(_) => refused += 1,
        }
    }
    assert!((2..=3).contains(&refused), "{refused} announcements were needed");
}
