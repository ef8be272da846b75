//! Tiles that leave as they are stored: not decoded, so in a twentieth of the time and with nothing lost. What has to be
//! cut, turned or made gray is so on its coefficients, which loses nothing either.
//! Pure. What may leave so is decided here; how a JPEG is looked through, cut and turned, [`crate::format::jpeg`] knows.
//! Every stream is looked through before it leaves, and whatever is unusual about one is a reason to decode it, never an
//! error: who decodes knows better what is wrong.

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

/// What a stored tile must be, and what is to become of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conversion {
    /// Its size as stored, padding included.
    pub stored: Dimensions,
    /// Components of a pixel.
    pub samples: usize,
    /// Its pixels in the image: the upper left of those that are stored.
    pub size: Dimensions,
    /// How it is turned after that.
    pub turn: Orientation,
    /// Whether its colours are left out.
    pub gray: bool,
    /// How many times the bytes it may have that encoding it anew would give, as estimated.
    pub growth: f64,
    /// How it would be encoded.
    pub encodings: Encodings,
}

/// Makes files of stored tiles; keeps its buffers.
#[derive(Default)]
pub(crate) struct Passthrough {
    cutter: Cutter,
    turner: Reused<turbojpeg::Transformer>,
}

impl Passthrough {
    /// The file that comes of a tile, or nothing if the tile has to be decoded for it.
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
