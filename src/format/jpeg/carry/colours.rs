//! What components mean, as far as a TIFF can say it: by the rules of libjpeg, and those of libtiff.
//! Pure. JFIF 1.02; Adobe Technical Note 5116; TIFF 6.0 sections 16 and 21.

use super::Hindrance;
use crate::format::jpeg::index::Head;
use crate::picture::Channels;

/// What the components of a tile mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// Gray, 0 is black.
    Gray,
    /// Luma, and chroma of which one sample stands for so many pixels; of full range, as JFIF has them.
    YCbCr {
        /// 1, 2 or 4.
        across: u16,
        /// 1, 2 or 4.
        down: u16,
    },
    /// Red, green, blue.
    Rgb,
    /// Amounts of ink.
    Cmyk,
}

impl Colours {
    pub(super) fn of(head: &Head) -> Result<Self, Hindrance> {
        let colours = match (head.components.len(), head.meaning.adobe) {
            (1, _) => Self::Gray,
            (3, _) if is_rgb(head) => Self::Rgb,
            (3, _) => {
                let (across, down) = head.components[0].blocks;
                Self::YCbCr { across: across.into(), down: down.into() }
            }
            (_, None) => Self::Cmyk,
            (_, Some(0)) => return Err(Hindrance::Inks("stored as what they leave white")),
            (_, Some(_)) => return Err(Hindrance::Inks("stored as YCCK")),
        };
        let has_factors = |n: usize| matches!(head.components[n].blocks, (1 | 2 | 4, 1 | 2 | 4));
        let is_single = |n: usize| head.components[n].blocks == (1, 1);
        let first = if matches!(colours, Self::YCbCr { .. }) { has_factors(0) } else { is_single(0) };
        let all = first && (1..head.components.len()).all(is_single);
        all.then_some(colours).ok_or(Hindrance::Sampling)
    }

    /// The channels of its pixels, once decoded.
    pub fn channels(self) -> Channels {
        match self {
            Self::Gray => Channels::Gray,
            Self::YCbCr { .. } | Self::Rgb => Channels::Rgb,
            Self::Cmyk => Channels::Cmyk,
        }
    }
}

/// Whether libjpeg takes three components as RGB.
fn is_rgb(head: &Head) -> bool {
    let ids = || head.components.iter().map(|component| component.id).eq(*b"RGB");
    !head.meaning.jfif && head.meaning.adobe.map_or_else(ids, |transform| transform == 0)
}
