//! Tiles that leave as they are stored: not decoded, so in a twentieth of the time and with nothing lost. What has to be
//! cut, turned or made gray is so on its coefficients, which loses nothing either.
//! Pure. Every stream is looked through before it leaves, and whatever is unusual about one is a reason to decode it,
//! never an error: who decodes knows better what is wrong.

mod cut;
pub(crate) mod jpeg;
mod settings;
mod size_estimate;
#[cfg(test)]
pub(crate) mod tests;
mod turn;
mod webp;

use crate::encode::Encodings;
use crate::kept::Kept;
use crate::picture::{Dimensions, Orientation};
use cut::Cutter;
use jpeg::Jpeg;
pub use settings::Tiles;

/// A tile's bytes as a complete file, out of the map.
#[derive(Debug)]
pub enum Stored {
    /// A JPEG stream.
    Jpeg(Vec<u8>),
    /// A RIFF file of WebP.
    WebP(Vec<u8>),
}

/// What a stored tile must be, and what is to become of it.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
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
pub struct Passer {
    cutter: Cutter,
    turner: Kept<turbojpeg::Transformer>,
}

impl Passer {
    /// The file that `wanted` describes, or nothing if the tile has to be decoded for it.
    pub fn pass(&mut self, tile: Stored, wanted: &Wanted) -> Option<Vec<u8>> {
        match tile {
            Stored::Jpeg(stream) => self.jpeg(stream, wanted),
            Stored::WebP(file) => webp::pass(file, wanted),
        }
    }

    fn jpeg(&mut self, mut stream: Vec<u8>, wanted: &Wanted) -> Option<Vec<u8>> {
        let jpeg = Jpeg::read(&stream)?;
        let fits = jpeg.size == wanted.stored && jpeg.components.len() == wanted.samples;
        if !fits || size_estimate::of_jpeg(&jpeg, &wanted.encodings.jpeg) > wanted.growth {
            return None;
        }
        if wanted.size != wanted.stored {
            stream = self.cutter.cut(&jpeg, wanted.size)?;
        } else {
            let length = jpeg.bytes.len();
            stream.truncate(length);
        }
        if wanted.turn == Orientation::UPRIGHT && !wanted.gray {
            return Some(stream);
        }
        turn::turned(&mut self.turner, &stream, wanted)
    }
}
