//! Windows against OpenJPEG's decoding of the same area.

use std::cell::RefCell;
use std::ops::Range;

use proptest::prelude::*;

use recto_jp2::{Bytes, Dimensions, Error, Header, Index, Plane, Rect, Source, WindowDecoder};

use super::headers::bytes;
use super::index;
use crate::format::jp2::openjpeg::{self, sample::Sample};

/// More components than any sample has.
pub(super) const ALL: [usize; 4] = [0, 1, 2, 3];

/// Windows and the whole at each reduction, against OpenJPEG's whole. Not against its windows: of the 9/7 wavelet some of
/// their last columns are a level off its own whole.
fn check(sample: &Sample, windows: &[Rect]) {
    let codestream = sample.codestream();
    let index = Index::read(&codestream).expect("an index");
    let source = Source { codestream: (&codestream).into(), index: &index, components: &ALL, identity: 1 };
    let mut decoder = WindowDecoder::default();
    for reduction in 0..=sample.levels as u8 {
        // It refuses images without a sample at this reduction.
        let Ok(wholes) = openjpeg::decode(&codestream, &index.header, reduction, sample.image) else {
            continue;
        };
        for area in windows.iter().chain([&sample.image]) {
            let planes = decoder.decode(source, reduction, *area);
            let planes =
                planes.unwrap_or_else(|error| panic!("{error}: {area} at {reduction} of {sample:?}"));
            for (number, (have, whole)) in planes.iter().zip(&wholes).enumerate() {
                let expected = index.header.components[number].reduced(*area, reduction);
                assert_eq!(have.rect, expected, "component {number} of {area} at {reduction} of {sample:?}");
                let same = have.samples == part(whole, have.rect);
                assert!(same, "component {number} of {area} at {reduction} of {sample:?}");
            }
        }
    }
}

pub(super) fn part(whole: &Plane, rect: Rect) -> Vec<u16> {
    let width = whole.rect.width as usize;
    let row = |y: u32| (y - whole.rect.y) as usize * width + (rect.x - whole.rect.x) as usize;
    (rect.y..rect.bottom())
        .flat_map(|y| &whole.samples[row(y)..row(y) + rect.width as usize])
        .copied()
        .collect()
}

pub(super) fn windows(image: Rect) -> Vec<Rect> {
    let Rect { x, y, width, height } = image;
    [
        Rect::new(x + width / 3, y + height / 2, width / 4 + 1, height / 5 + 1),
        Rect::new(x, y, width.min(17), height.min(9)),
        Rect::new(x + width - width.min(33), y + height - height.min(21), width.min(33), height.min(21)),
        Rect::new(x + width / 2, y, 1, height),
    ]
    .into()
}

fn agrees(sample: &Sample) {
    check(sample, &windows(sample.image));
}

#[test]
fn plain_files_agree() {
    for reversible in [true, false] {
        agrees(&Sample { reversible, ..Sample::default() });
        agrees(&Sample { reversible, block: (64, 64), levels: 5, ..Sample::default() });
        agrees(&Sample { reversible, levels: 0, ..Sample::default() });
        agrees(&Sample { reversible, components: 1, layers: 3, ..Sample::default() });
    }
}

#[test]
fn tiles_and_offsets_agree() {
    for reversible in [true, false] {
        let sample = Sample {
            reversible,
            image: Rect::new(37, 21, 230, 170),
            tiles: Some(((5, 9), Dimensions::new(64, 80))),
            precincts: vec![(64, 32), (32, 32)],
            ..Sample::default()
        };
        agrees(&sample);
        agrees(&Sample { tlm: true, plt: true, tile_parts: Some(b'R'), progression: 2, ..sample.clone() });
        agrees(&Sample { step: (2, 2), progression: 3, ..sample.clone() });
        agrees(&Sample { step: (2, 1), progression: 4, layers: 2, ..sample });
    }
}

#[test]
fn all_styles_of_code_blocks_agree() {
    for style in 0..64 {
        let sample = Sample { style, image: Rect::new(0, 0, 90, 70), layers: 2, ..Sample::default() };
        agrees(&Sample { reversible: style % 3 == 0, ..sample });
    }
}

#[test]
fn all_depths_agree() {
    for bits in 1..=16 {
        for (signed, reversible) in [(false, true), (true, false), (true, true), (false, false)] {
            let image = Rect::new(0, 0, 70, 60);
            agrees(&Sample { precision: (bits, signed), reversible, image, ..Sample::default() });
        }
    }
}

#[test]
fn regions_of_interest_agree() {
    for (reversible, shift) in [(true, 3), (true, 12), (false, 5), (false, 11)] {
        let image = Rect::new(0, 0, 90, 70);
        agrees(&Sample { region: Some((1, shift)), reversible, image, ..Sample::default() });
    }
}

#[test]
fn all_orders_of_packets_agree() {
    index::samples().iter().for_each(agrees);
}

#[test]
fn what_is_decoded_again_comes_from_the_cache() {
    let sample = Sample { plt: true, ..Sample::default() };
    let codestream = sample.codestream();
    let index = Index::read(&codestream).expect("an index");
    let mut decoder = WindowDecoder::default();
    let source = Source { codestream: (&codestream).into(), index: &index, components: &ALL, identity: 1 };
    let first = decoder.decode(source, 0, sample.image).expect("decoded").to_vec();
    // Nothing but headers is left: who decodes from it again gets something else.
    let mut damaged = codestream.clone();
    let start = codestream.len() / 4;
    damaged[start..].fill(0);
    let again =
        decoder.decode(Source { codestream: (&damaged).into(), ..source }, 0, sample.image).expect("kept");
    assert!(first.iter().zip(again).all(|(one, other)| one.samples == other.samples));
    let other =
        decoder.decode(Source { codestream: (&damaged).into(), identity: 2, ..source }, 0, sample.image);
    assert!(other.is_err() || other.is_ok_and(|other| other[0].samples != first[0].samples));
}

#[test]
fn damage_is_an_error_where_it_is_and_nowhere_else() {
    let sample = Sample { tiles: Some(((0, 0), Dimensions::new(100, 100))), plt: true, ..Sample::default() };
    let codestream = sample.codestream();
    let cut = &codestream[..codestream.len() * 2 / 3];
    let index = Index::read(cut).expect("an index");
    let source = Source { codestream: cut.into(), index: &index, components: &ALL, identity: 1 };
    let mut decoder = WindowDecoder::default();
    let first = Rect::new(0, 0, 90, 90);
    let have = decoder.decode(source, 0, first).expect("before the damage");
    let want = openjpeg::decode(&codestream, &index.header, 0, first).expect("whole");
    assert!(have.iter().zip(&want).all(|(have, want)| have.samples == want.samples));
    assert!(decoder.decode(source, 0, Rect::new(250, 150, 50, 50)).is_err());
}

#[test]
fn what_encoders_write_besides_is_passed_over() {
    let codestream = Sample { components: 1, ..Sample::default() }.codestream();
    let decoded = |codestream: &[u8]| {
        let index = Index::read(codestream).expect("an index");
        let source = Source { codestream: codestream.into(), index: &index, components: &ALL, identity: 1 };
        let mut decoder = WindowDecoder::default();
        decoder.decode(source, 0, area()).expect("decoded")[0].samples.clone()
    };
    let cod = codestream.windows(2).position(|marker| marker == [0xff, 0x52]).expect("COD");
    let mut transformed = codestream.clone();
    transformed[cod + 8] = 1;
    assert_eq!(
        decoded(&transformed),
        decoded(&codestream),
        "a transform of three components, of which there is one"
    );
    let mut marked = codestream.clone();
    marked.splice(cod..cod, [0xff, 0x30, 0xff, 0x3f]);
    let sot = marked.windows(2).position(|marker| marker == [0xff, 0x90]).expect("SOT");
    marked.splice(sot..sot, [0xff, 0x37]);
    assert_eq!(decoded(&marked), decoded(&codestream), "markers without a segment");
}

fn area() -> Rect {
    Sample::default().image
}

#[test]
fn what_is_announced_is_all_that_is_read() {
    for sample in index::samples().iter().filter(|sample| sample.plt && sample.image.width > 9) {
        let codestream = sample.codestream();
        let index = Index::read(&codestream).expect("an index");
        let announced = RefCell::new(Vec::new());
        let announce = |ranges: &[Range<usize>]| {
            announced.borrow_mut().extend_from_slice(ranges);
            Ok(())
        };
        let source = Source {
            codestream: Bytes::new(&codestream, &announce, true),
            index: &index,
            components: &ALL,
            identity: 1,
        };
        let Rect { x, y, width, height } = sample.image;
        let area = Rect::new(x + width / 3, y + height / 3, width / 6 + 1, height / 6);
        let expected = WindowDecoder::default().decode(source, 0, area).expect("decoded").to_vec();
        let announced = announced.take();
        // All other bytes are overwritten behind the back of the index.
        let mut rest = vec![0xee; codestream.len()];
        announced.iter().for_each(|range| rest[range.clone()].copy_from_slice(&codestream[range.clone()]));
        let mut decoder = WindowDecoder::default();
        let got = decoder.decode(Source { codestream: (&rest).into(), ..source }, 0, area);
        let got = got.unwrap_or_else(|error| panic!("{error}: {sample:?}"));
        assert!(got.iter().zip(&expected).all(|(a, b)| a.samples == b.samples), "{sample:?}");
        let bytes: usize = announced.iter().map(Range::len).sum();
        assert!(bytes < 2 * codestream.len(), "{bytes} of {}: {sample:?}", codestream.len());
    }
}

#[test]
fn what_takes_too_long_is_refused() {
    let sample = Sample { image: Rect::new(0, 0, 600, 400), ..Sample::default() };
    let mut codestream = sample.codestream();
    let cod = codestream.windows(2).position(|marker| marker == [0xff, 0x52]).expect("COD");
    codestream[cod + 6..cod + 8].fill(0xff);
    let index = Index::read(&codestream).expect("an index of 65535 layers");
    let source = Source { codestream: (&codestream).into(), index: &index, components: &ALL, identity: 1 };
    let error = WindowDecoder::default().decode(source, 0, Rect::new(0, 0, 9, 9)).err();
    assert!(matches!(error, Some(Error::TooLarge(_))), "{error:?}");
}

/// Whether OpenJPEG's encoder keeps within its memory: of a tile-component of one sample or none its 5/3 wavelet does not.
fn is_safe(sample: &Sample) -> bool {
    let Rect { x, y, .. } = sample.image;
    let image = [sample.image.right(), sample.image.bottom(), x, y];
    let tile = sample.tiles.map(|((left, top), Dimensions { width, height })| [width, height, left, top]);
    let components: Vec<_> = (0..sample.components)
        .map(|number| if number == 0 { [7, 1, 1] } else { [7, sample.step.0 as u8, sample.step.1 as u8] })
        .collect();
    let Ok(header) = Header::read(&bytes(image, tile.unwrap_or(image), &components)) else { return false };
    let has_some = |rect: Rect| rect.width.min(rect.height) > 0 && rect.width.max(rect.height) > 1;
    (0..header.tiles()).all(|number| {
        let rect = header.tile_rect(number);
        header.components.iter().all(|component| has_some(component.reduced(rect, 0)))
    })
}

/// The styles that end segments before the last pass (T.800 Table A.19).
const BYPASS: i32 = 1;
const TERMINATE_ALL: i32 = 4;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_file_agrees(
        (x, y, width, height) in (0u32..40, 0u32..40, 1u32..150, 1u32..150),
        (tile_width, tile_height, tiled) in (16u32..90, 16u32..90, any::<bool>()),
        (components, step) in (1usize..5, prop::sample::select(vec![(1, 1), (2, 1), (2, 2)])),
        (reversible, levels, layers, progression) in (any::<bool>(), 0i32..6, 1usize..4, 0i32..5),
        block in prop::sample::select(vec![(4, 4), (16, 16), (64, 64), (4, 64), (128, 8)]),
        precincts in prop::sample::select(vec![vec![], vec![(64, 64)], vec![(128, 64), (32, 64)]]),
        (sop, eph, plt, tlm) in any::<(bool, bool, bool, bool)>(),
        (bits, signed, style) in (1u32..=16, any::<bool>(), 0i32..64),
    ) {
        // OpenJPEG's encoder writes beyond its memory where many segments end in a block of a few samples.
        let style = style & !(BYPASS | TERMINATE_ALL);
        // And gives up on lone rows and columns of the 9/7 wavelet.
        let (width, height, tiled) =
            if reversible { (width, height, tiled) } else { (width + 64, height + 64, false) };
        let image = Rect::new(x, y, width, height);
        let tiles = tiled.then(|| ((x / 2, y / 2), Dimensions::new(tile_width.max(x), tile_height.max(y))));
        let sample = Sample {
            image, components, precision: (bits, signed), step, tiles, progression, layers, levels, block, precincts,
            style, reversible, sop, eph, plt, tlm, ..Sample::default()
        };
        // Some it does not write.
        prop_assume!(is_safe(&sample) && sample.encode().is_ok());
        agrees(&sample);
    }
}

#[test]
fn components_that_are_not_wanted_are_not_decoded() {
    for reversible in [true, false] {
        let codestream = Sample { reversible, ..Sample::default() }.codestream();
        let index = Index::read(&codestream).expect("an index");
        let all = Source { codestream: (&codestream).into(), index: &index, components: &ALL, identity: 1 };
        let mut decoder = WindowDecoder::default();
        let expected = decoder.decode(all, 0, area()).expect("decoded").to_vec();
        let got = decoder.decode(Source { components: &[1], ..all }, 0, area()).expect("decoded");
        assert_eq!((&got[1], got.len()), (&expected[1], expected.len()));
        assert!(got[0].samples.is_empty() && got[2].samples.is_empty());
    }
}

/// The numbers of SIZ may be anything below 2^31, those of tiles below 2^32: what is far from 0, or only claims to be large,
/// is decoded as what is not.
#[test]
fn places_near_the_ends_of_their_numbers_agree() {
    let column = Some(((0, 0), Dimensions::new(300, 64)));
    for (reversible, tiles) in [(true, None), (false, column)] {
        let sample = Sample { reversible, tiles, step: (2, 2), ..Sample::default() };
        let near = sample.codestream();
        let whole = |codestream: &[u8], shift: u32| {
            let index = Index::read(codestream).expect("an index");
            let source =
                Source { codestream: codestream.into(), index: &index, components: &ALL, identity: 1 };
            let area = Rect { x: sample.image.x + shift, y: sample.image.y + shift, ..sample.image };
            assert_eq!(index.header.image, area);
            (0..=3)
                .flat_map(|reduction| {
                    WindowDecoder::default().decode(source, reduction, area).expect("decoded")
                })
                .map(|plane| plane.samples)
                .collect::<Vec<_>>()
        };
        let expected = whole(&near, 0);
        // A multiple of all that precincts, code-blocks and samples are counted in.
        for shift in [0, 1 << 30, 0x7fff_0000] {
            for width in [None, Some(i32::MAX as u32), Some(1 << 31), Some(u32::MAX)] {
                let mut far = near.clone();
                // Xsiz, Ysiz, XOsiz, YOsiz; XTOsiz, YTOsiz.
                for at in [8, 12, 16, 20, 32, 36] {
                    let number = u32::from_be_bytes(*far[at..].first_chunk().expect("SIZ"));
                    far[at..at + 4].copy_from_slice(&(number + shift).to_be_bytes());
                }
                // XTsiz: no column is added or lost.
                if let Some(width) = width {
                    far[24..28].copy_from_slice(&width.to_be_bytes());
                }
                assert!(whole(&far, shift) == expected, "{shift} further, tiles {width:?} wide");
            }
        }
    }
}
