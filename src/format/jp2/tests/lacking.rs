//! Tiles that have fewer levels than the main header declares.

use recto_jp2::{Dimensions, Error, Index, Rect, Source, WindowDecoder};

use super::headers::bytes;
use super::windows::{ALL, part, windows};
use crate::format::jp2::openjpeg::{self, sample::Sample};

/// The codestream of two tiles, of which the second has fewer levels, as its own COD and QCD say.
fn uneven(sample: &Sample, levels: i32) -> Vec<u8> {
    let (even, other) = (sample.codestream(), Sample { levels, ..sample.clone() }.codestream());
    let parts = |codestream: &[u8]| -> Vec<usize> {
        (0..codestream.len() - 4).filter(|at| codestream[*at..].starts_with(&[0xff, 0x90, 0, 10])).collect()
    };
    let (even_parts, other_parts) = (parts(&even), parts(&other));
    assert_eq!((even_parts.len(), other_parts.len()), (2, 2), "a tile-part for each tile");
    let segment = |marker: u8| {
        let at = other.windows(2).position(|bytes| bytes == [0xff, marker]).expect("a marker");
        let length = u16::from_be_bytes([other[at + 2], other[at + 3]]);
        &other[at..at + 2 + usize::from(length)]
    };
    let (cod, qcd) = (segment(0x52), segment(0x5c));
    let mut tile = other[other_parts[1]..].to_vec();
    let length = u32::from_be_bytes(*tile[6..].first_chunk().expect("Psot"));
    tile[6..10].copy_from_slice(&(length + (cod.len() + qcd.len()) as u32).to_be_bytes());
    tile.splice(12..12, [cod, qcd].concat());
    [&even[..even_parts[1]], &tile].concat()
}

#[test]
fn tiles_that_lack_levels_are_lowered_as_an_encoder_would() {
    for (reversible, levels) in [(true, 1), (true, 0), (true, 2), (false, 1), (false, 0)] {
        let tiles = Some(((5, 9), Dimensions::new(140, 300)));
        let image = Rect::new(37, 21, 200, 171);
        let sample = Sample { reversible, tiles, image, levels: 4, ..Sample::default() };
        let codestream = uneven(&sample, levels);
        let even = sample.codestream();
        let index = Index::read(&codestream).expect("an index");
        assert_eq!(index.levels(&codestream), 4);
        let source =
            Source { codestream: (&codestream).into(), index: &index, components: &ALL, identity: 1 };
        let mut decoder = WindowDecoder::default();
        for reduction in 0..=4u8 {
            // As long as no level is lacking OpenJPEG reads it as it is, else with all levels in both tiles.
            let whole = i32::from(reduction) <= levels;
            let judged = if whole { &codestream } else { &even };
            let expected = openjpeg::decode(judged, &index.header, reduction, image).expect("decoded");
            for area in windows(image).into_iter().chain([image]) {
                let planes = decoder.decode(source, reduction, area).expect("decoded");
                for (have, expected) in planes.iter().zip(&expected) {
                    let pairs = have.samples.iter().zip(part(expected, have.rect));
                    let worst = pairs.map(|(have, expected)| have.abs_diff(expected)).max().unwrap_or(0);
                    // Of the 9/7 wavelet, what was quantised in other subbands is lost in other places.
                    let tolerance = if reversible || whole { 0 } else { 3 };
                    assert!(worst <= tolerance, "{levels} levels by 2^{reduction}: off by {worst} in {area}");
                }
            }
        }
    }
}

#[test]
fn tiles_that_lack_levels_must_not_be_large() {
    let bytes = bytes([60_000, 60_000, 0, 0], [60_000, 30_000, 0, 0], &[[7, 1, 1]]);
    let start = bytes.windows(4).position(|bytes| bytes == [0xff, 0x90, 0, 10]).expect("SOT");
    let cod = [0xff, 0x52, 0, 12, 0, 0, 0, 1, 0, 0, 4, 4, 0, 1];
    let mut lacking = bytes.clone();
    lacking.splice(start + 12..start + 12, cod);
    let length = u32::from_be_bytes(*lacking[start + 6..].first_chunk().expect("Psot"));
    lacking[start + 6..start + 10].copy_from_slice(&(length + cod.len() as u32).to_be_bytes());
    let index = Index::read(&lacking).expect("an index");
    let source = Source { codestream: (&lacking).into(), index: &index, components: &[0], identity: 1 };
    let decoded = WindowDecoder::default().decode(source, 5, Rect::new(0, 0, 60_000, 30_000));
    assert!(matches!(decoded, Err(Error::TooLarge(_))), "{decoded:?}");
}
