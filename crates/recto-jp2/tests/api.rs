//! The public interface, on a small codestream: one component of 41 by 29 samples with four decomposition levels.

use std::cell::Cell;
use std::ops::Range;

use recto_jp2::{Bytes, Error, Index, Plane, Rect, Source, WindowDecoder};

const GRAY: &[u8] = include_bytes!("../examples/gray.j2k");

fn decode(codestream: &[u8], reduction: u8, area: Rect) -> Result<Plane, Error> {
    let index = Index::read(codestream)?;
    let source = Source { codestream: codestream.into(), index: &index, components: &[0], identity: 1 };
    let planes = WindowDecoder::default().decode(source, reduction, area)?;
    Ok(planes.into_iter().next().expect("its only component"))
}

#[test]
fn a_window_is_a_part_of_the_whole() {
    for reduction in 0..=4 {
        let whole = decode(GRAY, reduction, Rect::new(0, 0, 41, 29)).expect("decoded");
        assert_eq!(whole.rect, Rect::new(0, 0, 41, 29).reduced(reduction));
        for area in [Rect::new(3, 5, 8, 9), Rect::new(16, 16, 25, 13), Rect::new(40, 0, 1, 29)] {
            let window = decode(GRAY, reduction, area).expect("decoded");
            assert_eq!(window.rect, area.reduced(reduction));
            for y in window.rect.y..window.rect.bottom() {
                let columns = window.rect.x as usize..window.rect.right() as usize;
                assert_eq!(window.row(y), &whole.row(y)[columns], "row {y} of {area} at {reduction}");
            }
        }
    }
}

#[test]
fn what_is_outside_the_image_is_left_out() {
    let outside =
        |x, y, width, height| decode(GRAY, 0, Rect::new(x, y, width, height)).expect("decoded").rect;
    assert_eq!(outside(30, 20, 100, u32::MAX), Rect::new(30, 20, 11, 9));
    assert_eq!(outside(500, 10, 7, 7).dimensions().area(), 0);
    assert_eq!(outside(u32::MAX, u32::MAX, u32::MAX, u32::MAX).dimensions().area(), 0);
}

#[test]
fn a_window_tells_what_it_is_going_to_read() {
    let index = Index::read(GRAY).expect("an index");
    let announced = Cell::new(0);
    let announce = |ranges: &[Range<usize>]| {
        assert!(ranges.iter().all(|range| range.end <= GRAY.len()));
        announced.set(announced.get() + ranges.iter().map(|range| range.end - range.start).sum::<usize>());
        Ok(())
    };
    let codestream = Bytes::new(GRAY, &announce, true);
    let source = Source { codestream, index: &index, components: &[0], identity: 1 };
    let mut decoder = WindowDecoder::default();
    decoder.decode(source, 4, Rect::new(0, 0, 41, 29)).expect("decoded");
    assert!(announced.get() > 0);
    assert_eq!(index.dirty_index(), None, "a few packet headers are not worth keeping");
}

#[test]
fn it_stops_at_any_place_and_goes_on_as_before() {
    let area = Rect::new(0, 0, 41, 29);
    let whole = decode(GRAY, 0, area).expect("decoded");
    // An index and a decoder that are stopped again and again, a place later each time: whatever they keep is right.
    let (index, mut decoder) = (Index::read(GRAY).expect("an index"), WindowDecoder::default());
    let places = (0..10_000).find(|&last| {
        let asked = Cell::new(0);
        let goes_on = || asked.replace(asked.get() + 1) < last;
        let codestream = Bytes::from(GRAY).watched(&goes_on);
        let source = Source { codestream, index: &index, components: &[0], identity: 1 };
        match decoder.decode(source, 0, area) {
            Err(error) => {
                assert_eq!((error, asked.get()), (Error::Stopped, last + 1), "it asks no more");
                false
            }
            Ok(planes) => {
                assert!(planes[0].samples == whole.samples);
                true
            }
        }
    });
    // Code-blocks that were decoded before it was stopped are not decoded again, but each of them was asked for once.
    assert!(places.is_some_and(|places| places > 10), "{places:?}");
}

#[test]
fn errors_say_where_and_whose_fault_it_is() {
    let cut = Index::read(&GRAY[..60]).err();
    let Some(Error::Damaged { offset: Some(offset), .. }) = &cut else { panic!("{cut:?}") };
    assert!((40..60).contains(offset), "{offset}");
    assert!(cut.as_ref().is_some_and(|error| error.to_string().ends_with(&format!(", at offset {offset}"))));
    let mut wide = GRAY.to_vec();
    wide[8..12].copy_from_slice(&i32::MAX.to_be_bytes());
    wide[24..28].copy_from_slice(&i32::MAX.to_be_bytes());
    let area = Rect::new(0, 0, i32::MAX as u32, 29);
    assert!(matches!(decode(&wide, 0, area), Err(Error::TooLarge(_) | Error::Damaged { .. })));
}

#[test]
fn damaged_bytes_never_panic() {
    for at in 0..GRAY.len() {
        let _ = decode(&GRAY[..at], 1, Rect::new(0, 0, 41, 29));
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut wrong = GRAY.to_vec();
            wrong[at] = value;
            let _ = decode(&wrong, 0, Rect::new(0, 0, 41, 29));
            if let Ok(mut index) = Index::read(GRAY) {
                index.restore_index(&wrong);
            }
        }
    }
}
