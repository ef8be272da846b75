//! Rectangles and errors of `recto_jp2` as those of this crate.

use crate::error::MasterError;
use crate::picture::Rect;

/// A rectangle of a codestream as one of a picture.
pub(super) fn rect(recto_jp2::Rect { x, y, width, height }: recto_jp2::Rect) -> Rect {
    Rect::new(x, y, width, height)
}

impl From<recto_jp2::Error> for MasterError {
    fn from(error: recto_jp2::Error) -> Self {
        let text = error.to_string();
        match error {
            recto_jp2::Error::Damaged { .. } => Self::Damaged(text),
            recto_jp2::Error::Unsupported(_) => Self::Unsupported(text),
            recto_jp2::Error::TooLarge(_) => Self::TooLarge(text),
        }
    }
}
