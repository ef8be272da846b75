//! Tiles that are sent as they are stored: not decoded, so in a twentieth of the time and without loss. They are cut,
//! turned or made gray on their coefficients, which loses nothing either.
//! Pure. Which tiles qualify is decided here; [`crate::format::jpeg`] parses, cuts and turns JPEGs. Every stream is
//! parsed before it is sent, and anything unusual about one is a reason to decode it, never an error: the decoder
//! reports better what is wrong.

mod settings;
mod size_estimate;
#[cfg(test)]
mod tests;
mod webp;

use crate::encode::Encodings;
use crate::format::Stored;
use crate::format::jpeg::Layout;
use crate::format::jpeg::cut::Cutter;
use crate::format::jpeg::turn::turned;
use crate::picture::{Dimensions, Orientation};
use crate::reused::Reused;
pub(crate) use settings::Tiles;

/// What a stored tile must be, and how it is converted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conversion {
    /// Its size as stored, padding included.
    pub stored: Dimensions,
    /// Components of a pixel.
    pub samples: usize,
    /// Its size within the image: the upper left of the stored pixels.
    pub size: Dimensions,
    /// How it is turned after that.
    pub turn: Orientation,
    /// Whether it is made gray.
    pub gray: bool,
    /// Its longest length, as a multiple of the estimated length of a new encoding.
    pub growth: f64,
    /// How it would be encoded.
    pub encodings: Encodings,
}

/// Makes files of stored tiles; reuses its buffers.
#[derive(Default)]
pub(crate) struct Passthrough {
    cutter: Cutter,
    turner: Reused<turbojpeg::Transformer>,
}

impl Passthrough {
    /// The file made from a tile; None if the tile has to be decoded.
    pub(crate) fn file(&mut self, tile: Stored, conversion: &Conversion) -> Option<Vec<u8>> {
        match tile {
            Stored::Jpeg(stream) => self.jpeg(stream, conversion),
            Stored::WebP(file) => webp::file(file, conversion),
        }
    }

    fn jpeg(&mut self, mut stream: Vec<u8>, conversion: &Conversion) -> Option<Vec<u8>> {
        let Conversion { stored, samples, size, turn, gray, growth, encodings } = conversion;
        let layout = Layout::read(&stream)?;
        let fits = layout.size == *stored && layout.components.len() == *samples;
        if !fits || size_estimate::of_jpeg(&layout, &encodings.jpeg) > *growth {
            return None;
        }
        if size != stored {
            stream = self.cutter.cut(&layout, *size)?;
        } else {
            let length = layout.bytes.len();
            stream.truncate(length);
        }
        if *turn == Orientation::UPRIGHT && !gray {
            return Some(stream);
        }
        turned(&mut self.turner, &stream, *turn, *gray)
    }
}
