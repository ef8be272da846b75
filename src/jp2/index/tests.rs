//! Indexes of codestreams that OpenJPEG wrote: its PLT is the judge of what we read from packet headers.

use super::*;
use crate::geometry::{Dimensions, Rect};
use crate::jp2::openjpeg::sample::Sample;

/// Samples of all that changes the order, number or form of packets.
pub(crate) fn samples() -> Vec<Sample> {
    let tiles = Some(((3, 5), Dimensions::new(128, 100)));
    let precincts = vec![(64, 32), (32, 32)];
    let mut samples = Vec::new();
    for progression in 0..5 {
        let plain = Sample { progression, plt: true, ..Sample::default() };
        let fine = Sample { precincts: precincts.clone(), layers: 3, ..plain.clone() };
        let odd = Rect::new(17, 11, 301, 203);
        // By resolution, layer or component: OpenJPEG cannot divide tiles where precincts come late, and makes too many
        // parts where what divides them does.
        let whole = if progression < 2 { Vec::new() } else { precincts.clone() };
        let parted = |by: u8| Sample {
            tile_parts: [&b"RLC"[..], b"RLC", b"R", b"", b"C"][progression as usize]
                .contains(&by)
                .then_some(by),
            precincts: whole.clone(),
            ..fine.clone()
        };
        samples.extend([
            plain,
            Sample { image: odd, step: (2, 2), levels: 4, ..fine.clone() },
            Sample { image: odd, step: (3, 1), tiles, sop: true, eph: true, tlm: true, ..fine.clone() },
            Sample { tlm: true, reversible: false, ..parted(b'R') },
            Sample { image: odd, tiles, style: 1, ..parted(b'L') },
            Sample { style: 4, eph: true, ..parted(b'C') },
            Sample { style: 5, components: 1, levels: 0, sop: true, ..fine.clone() },
            Sample { image: Rect::new(5, 3, 1, 1), levels: 2, ..fine.clone() },
            Sample { image: Rect::new(31, 0, 3, 200), levels: 5, block: (4, 64), ..fine },
        ]);
    }
    let changes = vec![([0, 0, 3, 2, 3], 4), ([2, 0, 3, 4, 3], 1)];
    let precincts = vec![(64, 32), (32, 32)];
    samples.push(Sample {
        changes: changes.clone(),
        layers: 3,
        precincts: precincts.clone(),
        ..Sample::default()
    });
    samples.push(Sample {
        changes,
        layers: 3,
        precincts,
        plt: true,
        sop: true,
        eph: true,
        ..Sample::default()
    });
    samples
}

/// The table of each tile by the packet headers, and whether all were found.
fn walked(codestream: &[u8]) -> Vec<(Table, bool)> {
    let index = Index::read(codestream).expect("an index");
    let walk = |number| {
        let tile = index.tile(codestream, number).expect("a tile");
        Table::walked(codestream, &tile.header, &tile.layout, tile.packed.as_ref()).expect("a table")
    };
    (0..index.header.tiles()).map(walk).collect()
}

/// All precincts of a tile.
pub(crate) fn precincts(index: &Index, codestream: &[u8], number: u32) -> Vec<Result<Precinct, MasterError>> {
    let tile = index.tile(codestream, number).expect("a tile");
    let mut all = Vec::new();
    for (c, component) in tile.layout.components.iter().enumerate() {
        for (r, resolution) in component.resolutions.iter().enumerate() {
            all.extend((0..resolution.precincts()).map(|p| index.precinct(codestream, number, c, r, p)));
        }
    }
    all
}

#[test]
fn packet_headers_agree_with_the_lengths_told() {
    for sample in samples() {
        let codestream = sample.codestream();
        let index = Index::read(&codestream).expect("an index");
        for (number, (table, complete)) in (0..).zip(walked(&codestream)) {
            assert!(complete, "packets fill tile {number} of {sample:?}");
            let tile = index.tile(&codestream, number).expect("a tile");
            assert_eq!(tile.origin == Origin::Told, sample.plt, "tile {number} of {sample:?}");
            assert!(tile.table == table, "tile {number} of {sample:?}");
        }
    }
}
