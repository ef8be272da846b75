//! What is asked for, in pixels: where every protocol of tiles and pictures ends, and processing begins.

use std::fmt;

use crate::grammar::Rotation;
use crate::{Decimal, Dimensions, Format, Orientation, Quality, Rect};

/// A derivative of an image. Made in the order of its fields (Image API 3.0 section 4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Derivative {
    /// The part of the image as it is shown. Never empty, never beyond the image.
    pub region: Rect,
    /// The size to which that part is scaled, before it is turned. Both sides are at least 1.
    pub size: Dimensions,
    /// The mirror and the quarter turns.
    pub orientation: Orientation,
    /// The degrees by which it is turned beyond them, clockwise; less than 90. The corners that this adds are empty.
    pub tilt: Decimal,
    /// The colours. Never [`Quality::Color`], nor [`Quality::Gray`] of a gray image: both are the default there.
    pub quality: Quality,
    /// The file format.
    pub format: Format,
}

impl Derivative {
    /// The size of the answer: of the canvas that holds the scaled picture once it is turned (section 4.3).
    pub fn canvas(&self) -> Dimensions {
        self.orientation.apply_to_size(self.size).tilted(self.tilt.to_f64())
    }
}

/// All of it in numbers, such as `0,0,6000,4000/300,200/!90/default.jpg`: one text for one derivative, whichever version
/// of the API it was asked for by.
impl fmt::Display for Derivative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, size, orientation, tilt, quality, format } = self;
        let rotation = Rotation::of(*orientation, *tilt);
        write!(f, "{region}/{},{}/{rotation}/{quality}.{format}", size.width, size.height)
    }
}
