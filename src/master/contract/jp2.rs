//! JPEG 2000 over an object of which nothing is there but what was announced: boxes, headers, packets.

use super::*;
use crate::format::jp2::{Picture, SampleCodestream as Codestream, compress};
use crate::watch::Watch;

/// A box of a JP2 file.
fn boxed(kind: &[u8; 4], contents: &[u8]) -> Vec<u8> {
    let length = contents.len() as u32 + 8;
    [&length.to_be_bytes()[..], kind, contents].concat()
}

/// A JP2 file around a codestream in colour, with all that a server passes on, and something behind.
fn jp2(codestream: &[u8]) -> Vec<u8> {
    let mut profile = row(5, 9000).collect::<Vec<_>>();
    profile[16..20].copy_from_slice(b"RGB ");
    let xmp = format!("<rdf:RDF>{}</rdf:RDF>", "<!-- history -->".repeat(600));
    let identifier = b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac";
    let header = [
        boxed(b"ihdr", &[0, 0, 0, 200, 0, 0, 1, 44, 0, 3, 7, 7, 0, 0]),
        boxed(b"colr", &[&[2, 0, 0][..], &profile].concat()),
        boxed(b"res ", &boxed(b"resc", &[0, 3, 0, 1, 0, 3, 0, 1, 4, 4])),
        boxed(b"cdef", &[0, 3, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 2, 0, 2, 0, 0, 0, 3]),
    ];
    [
        b"\0\0\0\x0cjP  \r\n\x87\n".to_vec(),
        boxed(b"ftyp", b"jp2 \0\0\0\0jp2 "),
        boxed(b"jp2h", &header.concat()),
        boxed(b"free", &[0; 30_000]),
        boxed(b"uuid", &[&identifier[..], xmp.as_bytes()].concat()),
        boxed(b"jp2c", codestream),
        boxed(b"uuid", b"JpgTiffExif->JP2MM\0\x2a\0\0\0\x08\0\0\0\0\0\0"),
    ]
    .concat()
}

/// Codestreams in colour with all that leads to packets, or lacks.
fn codestreams() -> Vec<(&'static str, Codestream)> {
    let tiles = Some(((0, 0), recto_jp2::Dimensions::new(TILE, TILE)));
    let precincts = vec![(64, 64), (32, 32)];
    let fine = Codestream { precincts, layers: 3, sop: true, eph: true, ..Codestream::default() };
    // A packet for each component.
    let image = recto_jp2::Rect::new(0, 0, 500, 300);
    let long = Codestream { image, precision: (16, false), levels: 0, ..Codestream::default() };
    assert!(long.codestream().len() > 3 * 70_000);
    vec![
        ("untiled", Codestream::default()),
        ("untiled, PLT", Codestream { plt: true, progression: 2, ..fine.clone() }),
        ("tiled", Codestream { tiles, ..fine.clone() }),
        ("tiled, PLT and TLM", Codestream { tiles, plt: true, tlm: true, ..fine.clone() }),
        ("tile-parts", Codestream { tile_parts: Some(b'R'), progression: 2, ..fine }),
        ("packets longer than what is got of them at once", Codestream { plt: true, ..long.clone() }),
        ("packets that are passed over", long),
    ]
}

#[test]
fn codestreams_announce_what_they_read() {
    for (what, codestream) in codestreams() {
        let codestream = codestream.codestream();
        assert!(!check(what, &codestream, 1), "{what}");
        let bytes = jp2(&codestream);
        let master = on_disk(&bytes, 1);
        let icc_profile = master.icc_profile(0).expect("there");
        assert!(icc_profile.is_some_and(|profile| profile.len() == 9000) && master.scale().is_some());
        assert!(!check(&format!("{what}, in a file"), &bytes, 1), "{what}");
    }
    let pixels: Vec<u8> = (0..SIZE.height).flat_map(|y| row(y, SIZE.width)).collect();
    let picture = Picture { dimensions: SIZE, channels: Channels::Gray, pixels: &pixels };
    assert!(!check("JP2", &compress(&picture, None, &Watch::unlimited()).expect("compressed"), 1));
    let high_throughput = include_bytes!("../../format/jp2/tests/high_throughput.j2k");
    assert!(check("of OpenJPEG", high_throughput, 1), "which does not say what it reads");
}

#[test]
fn what_a_codestream_announces_is_little() {
    let tiles = Some(((0, 0), recto_jp2::Dimensions::new(256, 256)));
    let image = recto_jp2::Rect::new(0, 0, 1500, 1000);
    let sample = Codestream { image, tiles, plt: true, tlm: true, ..Codestream::default() };
    let bytes = jp2(&sample.codestream());
    let (remote, master) = far_away(&bytes, 1, 0);
    let headers = remote.announced.get();
    assert!(headers < 30_000, "{headers} of {}", bytes.len());
    answer(&master.expect("a master"), Query::Window(0, Rect::new(256, 256, 256, 256)));
    let more = remote.announced.get() - headers;
    assert!(more < bytes.len() as u64 / 4, "{more} of {} for one tile of 24", bytes.len());
}

#[test]
fn a_connection_that_breaks_is_an_error() {
    for (what, codestream) in codestreams().into_iter().step_by(3) {
        let bytes = jp2(&codestream.codestream());
        let whole = on_disk(&bytes, 1);
        let query = Query::Window(0, Rect::new(100, 70, 50, 50));
        let expected = answer(&whole, query);
        let mut was_mended = false;
        for lasts in (0..).step_by(7) {
            let remote = Rc::new(Remote::new(bytes.clone(), 0xff));
            remote.lasts.set(lasts);
            let Ok(master) = Master::of(Rc::clone(&remote) as Rc<dyn Object>, found(&bytes, 1), None) else {
                continue;
            };
            assert_eq!(master.description, whole.description, "{what}: {lasts}");
            let answer = answer(&master, query);
            assert_eq!(answer == expected, master.is_whole(), "{what}: {lasts}");
            if master.is_whole() {
                break;
            }
            if !std::mem::replace(&mut was_mended, true) {
                leaves_nothing_behind(&remote, &master, &whole, what);
            }
        }
    }
}
