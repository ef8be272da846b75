//! Rectangles, errors and announced bytes of `recto_jp2` as those of this crate.

use std::ops::Range;

use crate::error::{MasterError, Stopped};
use crate::picture::Rect;
use crate::source::Bytes;

/// A rectangle of a codestream as one of a picture.
pub(super) fn rect(recto_jp2::Rect { x, y, width, height }: recto_jp2::Rect) -> Rect {
    Rect::new(x, y, width, height)
}

/// A range of the bytes of a file, in its own numbers.
pub(super) fn range(range: &Range<usize>) -> Range<u64> {
    range.start as u64..range.end as u64
}

/// Announces ranges of the codestream that begins at `start` of a file.
pub(super) fn announcer(
    file: Bytes<'_>,
    start: usize,
) -> impl Fn(&[Range<usize>]) -> Result<(), recto_jp2::Error> {
    move |ranges| {
        let in_file =
            |of: &Range<usize>| range(&(start.saturating_add(of.start)..start.saturating_add(of.end)));
        let ranges: Vec<_> = ranges.iter().map(in_file).collect();
        // Why they cannot be had, the object says when it is checked.
        file.announce(&ranges).map_err(|_| recto_jp2::Error::Unavailable)
    }
}

impl From<recto_jp2::Error> for MasterError {
    fn from(error: recto_jp2::Error) -> Self {
        let text = error.to_string();
        match error {
            recto_jp2::Error::Damaged { .. } | recto_jp2::Error::Unavailable => Self::Damaged(text),
            // Why, the watch says when it is asked again.
            recto_jp2::Error::Stopped => Self::Stopped(Stopped::AskerLeft),
            recto_jp2::Error::Unsupported(_) => Self::Unsupported(text),
            recto_jp2::Error::TooLarge(_) => Self::TooLarge(text),
        }
    }
}
