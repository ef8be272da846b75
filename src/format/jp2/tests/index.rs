//! Indexes of codestreams that OpenJPEG wrote: its PLT is the judge of what we read from packet headers.

use recto_jp2::internals::{CodeBlock, Origin, Packet, Precinct, Segment, Table, packets};
use recto_jp2::{Dimensions, Error, Index, Rect};

use crate::format::jp2::openjpeg::sample::Sample;

/// Samples of all that changes the order, number or form of packets.
pub(super) fn samples() -> Vec<Sample> {
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
        tile.walked(codestream).expect("a table")
    };
    (0..index.header.tiles()).map(walk).collect()
}

/// All precincts of a tile.
pub(super) fn precincts(index: &Index, codestream: &[u8], number: u32) -> Vec<Result<Precinct, Error>> {
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
            assert_eq!(tile.origin == Origin::Plt, sample.plt, "tile {number} of {sample:?}");
            assert!(tile.table == table, "tile {number} of {sample:?}");
        }
    }
}

/// A packet, its header and its body.
type Piece = (Packet, Vec<u8>, Vec<u8>);

/// The main header of a codestream of one tile, and its packets in their order. EPH ends their headers.
fn pieces(codestream: &[u8]) -> (Vec<u8>, Vec<Piece>) {
    let index = Index::read(codestream).expect("an index");
    let tile = index.tile(codestream, 0).expect("a tile");
    let mut pieces = Vec::new();
    for packet in packets(&tile.layout, tile.coding()) {
        let component = &tile.layout.components[usize::from(packet.component)];
        let resolution = &component.resolutions[usize::from(packet.resolution)];
        let (bytes, _) = tile.table.extent(resolution, packet.precinct, packet.layer).expect("a packet");
        // EPH, which cannot stand within a packet header: there a byte of ones is followed by a stuffed zero.
        let eph =
            codestream[bytes.clone()].windows(2).position(|marker| marker == [0xff, 0x92]).expect("EPH");
        let body = bytes.start + eph + 2;
        pieces.push((packet, codestream[bytes.start..body].to_vec(), codestream[body..bytes.end].to_vec()));
    }
    let tile_part = codestream.windows(2).position(|marker| marker == [0xff, 0x90]).expect("SOT");
    (codestream[..tile_part].to_vec(), pieces)
}

fn segment(marker: u8, parameters: &[u8]) -> Vec<u8> {
    let length = u16::try_from(parameters.len() + 2).expect("short");
    [&[0xff, marker][..], &length.to_be_bytes(), parameters].concat()
}

/// A tile-part of tile 0 with these marker segments and packets.
fn tile_part(number: u8, segments: &[u8], packets: &[u8]) -> Vec<u8> {
    let length = (14 + segments.len() + packets.len()) as u32;
    let sot = segment(0x90, &[&[0, 0][..], &length.to_be_bytes(), &[number, 0]].concat());
    [&sot[..], segments, &[0xff, 0x93], packets].concat()
}

/// Where a code-block lies, its zero bit-planes, and passes and bytes of each segment.
type Content = (Rect, u8, Vec<(u32, Vec<u8>)>);

/// The bytes of each code-block of a codestream of one tile, with everything else that is coded about them.
fn contents(codestream: &[u8]) -> Vec<Content> {
    let index = Index::read(codestream).expect("an index");
    let all = precincts(&index, codestream, 0).into_iter().map(|precinct| precinct.expect("a precinct"));
    let blocks = all.flat_map(|precinct| precinct.bands).flat_map(|band| band.blocks);
    let bytes = |segment: &Segment| {
        segment.ranges.iter().flat_map(|range| &codestream[range.clone()]).copied().collect()
    };
    let contents = |block: CodeBlock| {
        let segments = block.segments.iter().map(|segment| (segment.passes, bytes(segment))).collect();
        (block.rect, block.zero_planes, segments)
    };
    blocks.map(contents).collect()
}

fn fine(progression: i32) -> Sample {
    Sample {
        progression,
        layers: 3,
        style: 1,
        precincts: vec![(64, 32), (32, 32)],
        eph: true,
        ..Sample::default()
    }
}

#[test]
fn packet_headers_may_be_packed_elsewhere() {
    let codestream = fine(1).codestream();
    let (main, pieces) = pieces(&codestream);
    let join = |pieces: &[Piece], of: fn(&Piece) -> &Vec<u8>| pieces.iter().flat_map(of).copied().collect();
    let (first, second) = pieces.split_at(100);
    let halves = [first, second].map(|half| (join(half, |piece| &piece.1), join(half, |piece| &piece.2)));
    let halves: [(Vec<u8>, Vec<u8>); 2] = halves;
    // PPT: in each tile-part, the second in two of them and out of order.
    let [(headers, bodies), (more_headers, more_bodies)] = &halves;
    let (low, high) = more_headers.split_at(55);
    let two = [segment(0x61, &[&[2], high].concat()), segment(0x61, &[&[1], low].concat())].concat();
    let parts = [
        tile_part(0, &segment(0x61, &[&[0], &headers[..]].concat()), bodies),
        tile_part(1, &two, more_bodies),
    ];
    let by_tile = [main.clone(), parts.concat(), vec![0xff, 0xd9]].concat();
    assert!(contents(&by_tile) == contents(&codestream));
    // PPM: one after the other, cut in the middle of the second.
    let length = |headers: &[u8]| (headers.len() as u32).to_be_bytes();
    let all = [&length(headers)[..], headers, &length(more_headers), more_headers].concat();
    let (low, high) = all.split_at(4 + headers.len() + 4 + 55);
    let packed = [segment(0x60, &[&[0], low].concat()), segment(0x60, &[&[1], high].concat())].concat();
    let parts = [tile_part(0, &[], bodies), tile_part(1, &[], more_bodies)].concat();
    let by_image = [main, packed, parts, vec![0xff, 0xd9]].concat();
    assert!(contents(&by_image) == contents(&codestream));
}

#[test]
fn progression_volumes_may_overlap() {
    let codestream = fine(0).codestream();
    let (main, pieces) = pieces(&codestream);
    // First the first layer of all, then the rest of the low resolutions, then what is left.
    let changes = [[0, 0, 0, 1, 4, 3, 1], [0, 0, 0, 3, 2, 3, 2], [0, 0, 0, 3, 33, 255, 4]];
    let poc = segment(0x5f, changes.as_flattened());
    let index = Index::read(&codestream).expect("an index");
    let tile = index.tile(&codestream, 0).expect("a tile");
    // Where the precinct of a packet begins on the reference grid, which is that of the picture, row by row.
    let place = |packet: &Packet| {
        let of = &tile.layout.components[0].resolutions[usize::from(packet.resolution)];
        let below = 3 - packet.resolution;
        let (column, row) = (packet.precinct % of.columns, packet.precinct / of.columns);
        (row << (of.precinct.1 + below), column << (of.precinct.0 + below))
    };
    // T.800 B.12.1.2, B.12.1.3 and B.12.1.5.
    let order = |packet: &Packet| {
        let Packet { layer, resolution, component, precinct } = *packet;
        let numbers = |numbers: [u32; 5]| numbers;
        let (r, c, l) = (resolution.into(), component.into(), layer.into());
        let (y, x) = place(packet);
        match (layer, resolution) {
            (0, _) => (1, numbers([r, l, c, precinct, 0])),
            (_, 0 | 1) => (2, numbers([r, y, x, c, l])),
            _ => (3, numbers([c, y, x, r, l])),
        }
    };
    let mut sorted: Vec<&Piece> = pieces.iter().collect();
    sorted.sort_by_key(|(packet, ..)| order(packet));
    let all: Vec<u8> =
        sorted.into_iter().flat_map(|(_, header, body)| [header, body]).flatten().copied().collect();
    let reordered = [main, tile_part(0, &poc, &all), vec![0xff, 0xd9]].concat();
    assert!(contents(&reordered) == contents(&codestream));
}

#[test]
fn what_is_cut_off_is_missing_and_nothing_else() {
    for sample in [Sample { plt: true, ..fine(2) }, fine(0), Sample { tlm: true, plt: true, ..fine(4) }] {
        let whole = sample.codestream();
        let index = Index::read(&whole).expect("an index");
        let all = precincts(&index, &whole, 0);
        let tile = index.tile(&whole, 0).expect("a tile");
        let resolutions = tile.layout.components.iter().flat_map(|component| &component.resolutions);
        let ends: Vec<usize> = resolutions
            .flat_map(|of| (0..of.precincts()).map(move |precinct| (of, precinct)))
            .map(|(of, precinct)| {
                let extent = |layer| tile.table.extent(of, precinct, layer).expect("a packet").0.end;
                (0..tile.coding().layers).map(extent).max().expect("a layer")
            })
            .collect();
        let packets = whole.windows(2).position(|marker| marker == [0xff, 0x93]).expect("SOD") + 2;
        for end in (packets..whole.len()).step_by(997) {
            let cut = &whole[..end];
            let index = Index::read(cut).expect("an index");
            for ((whole, last), cut) in all.iter().zip(&ends).zip(precincts(&index, cut, 0)) {
                match cut {
                    Ok(_) => assert!(cut == *whole && *last <= end),
                    Err(error) => assert!(matches!(error, Error::Damaged { .. }) && *last > end, "{error}"),
                }
            }
        }
    }
}

#[test]
fn lengths_that_lie_are_read_anew() {
    let sample = Sample { plt: true, tlm: true, tiles: Some(((0, 0), Dimensions::new(160, 200))), ..fine(2) };
    let right = sample.codestream();
    let all = |codestream: &[u8]| {
        let index = Index::read(codestream).expect("an index");
        (0..index.header.tiles()).map(|tile| precincts(&index, codestream, tile)).collect::<Vec<_>>()
    };
    let position = |marker: u8| right.windows(2).position(|bytes| bytes == [0xff, marker]).expect("a marker");
    // One byte of the first packet is said to be of the second.
    let plt = position(0x58) + 5;
    assert!(right[plt..plt + 2].iter().all(|byte| (2..0x7f).contains(byte)), "short packets");
    let mut wrong = right.clone();
    wrong[plt] -= 1;
    wrong[plt + 1] += 1;
    assert!(all(&wrong) == all(&right));
    // PLT that does not add up.
    wrong[plt] -= 1;
    assert!(all(&wrong) == all(&right));
    // The tiles have changed places.
    let mut wrong = right.clone();
    let tlm = position(0x55) + 6;
    let (a, b) = (wrong[tlm..tlm + 5].to_vec(), wrong[tlm + 5..tlm + 10].to_vec());
    wrong[tlm..tlm + 10].copy_from_slice(&[b, a].concat());
    assert!(all(&wrong) == all(&right));
}

#[test]
fn a_damaged_packet_harms_its_precinct_only() {
    let right = Sample { plt: true, layers: 1, style: 0, eph: false, ..fine(2) }.codestream();
    let index = Index::read(&right).expect("an index");
    let tile = index.tile(&right, 0).expect("a tile");
    let highest = &tile.layout.components[0].resolutions[3];
    let (bytes, _) = tile.table.extent(highest, 1, 0).expect("a packet");
    let mut wrong = right.clone();
    wrong[bytes.start..bytes.start + 12].fill(0xfe);
    let index = Index::read(&wrong).expect("an index");
    let (before, after) =
        (precincts(&Index::read(&right).expect("an index"), &right, 0), precincts(&index, &wrong, 0));
    let harmed: Vec<_> = before.iter().zip(&after).filter(|(before, after)| before != after).collect();
    assert_eq!(harmed.len(), 1);
    assert!(matches!(harmed[0].1, Err(Error::Damaged { .. })), "{:?}", harmed[0].1);
}

#[test]
fn packets_that_an_encoder_left_out_are_empty() {
    let sample = Sample { layers: 2, ..Sample::default() };
    let codestream = sample.codestream();
    let index = Index::read(&codestream).expect("an index");
    let tile = index.tile(&codestream, 0).expect("a tile");
    let component = &tile.layout.components[0];
    let (resolution, last) = (component.resolutions.len() - 1, component.resolutions.last().expect("one"));
    let (packet, _) = tile.table.extent(last, 0, 1).expect("found");
    // Of the second layer nothing from this packet on, and the tile-part says so.
    let sot = codestream.windows(2).position(|marker| marker == [0xff, 0x90]).expect("SOT");
    let mut early = [&codestream[..packet.start], &[0xff, 0xd9]].concat();
    early[sot + 6..sot + 10].copy_from_slice(&((packet.start - sot) as u32).to_be_bytes());
    let passes = |codestream: &[u8]| -> u32 {
        let index = Index::read(codestream).expect("an index");
        let precinct = index.precinct(codestream, 0, 0, resolution, 0).expect("a precinct");
        let blocks = precinct.bands.iter().flat_map(|band| &band.blocks);
        blocks.flat_map(|block| &block.segments).map(|segment| segment.passes).sum()
    };
    assert!(0 < passes(&early) && passes(&early) < passes(&codestream));
    early.truncate(early.len() - 9);
    let cut = Index::read(&early).expect("an index");
    assert!(cut.precinct(&early, 0, 0, resolution, 0).is_err(), "but if the file is cut they are missing");
}
