//! The colour specification box: what the colours of an image are.
//! Pure. T.800 I.5.3.3 and, for what JPX adds, T.801 M.11.7.

use std::ops::Range;

use moxcms::{ColorProfile, ToneReprCurve};

use crate::raster::written;

/// The largest printing profiles have 3 MB.
const MAX_PROFILE: usize = 4 << 20;

/// A colour specification that Recto understands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Colour {
    /// The model of its colours.
    pub space: Space,
    /// The ICC profile that says which colours they are exactly: bytes of the file.
    pub profile: Option<Range<usize>>,
    precedence: i8,
    approximation: u8,
}

/// A model of colours.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Space {
    /// Black is 0.
    Gray,
    /// White is 0.
    WhiteIsZero,
    /// Red, green, blue.
    Rgb,
    /// sRGB as luma and two differences of the full range (IEC 61966-2-1, amendment 1).
    Sycc,
    /// RGB as luma and two differences of the range of video, which leaves room at both ends.
    Video(Luma),
    /// sRGB with room for colours outside it at both ends (PIMA 7667).
    ESrgb,
    /// RGB of ROMM (ISO 22028-2), which few monitors show all of.
    Romm,
    /// Cyan, magenta, yellow: 0 is no ink.
    Cmy,
    /// Cyan, magenta, yellow, black.
    Cmyk,
    /// These, of which the first three are coded as sYCC codes what they leave of red, green and blue.
    Ycck,
    /// CIE L*a*b*.
    Lab(LabRanges),
}

/// The weights of red and blue in luma.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Luma {
    /// Of red.
    pub red: f64,
    /// Of blue.
    pub blue: f64,
}

impl Luma {
    /// ITU-R BT.601.
    const BT601: Self = Self { red: 0.299, blue: 0.114 };
    /// ITU-R BT.709.
    const BT709: Self = Self { red: 0.2126, blue: 0.0722 };
}

/// How codes stand for L*, a* and b*: range and offset of each (T.801 M.11.7.4.1).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LabRanges(pub Option<[(f64, f64); 3]>);

impl Colour {
    /// Of the contents of a box no more is looked at than so many first bytes: METH, PREC, APPROX, then EnumCS with
    /// the seven numbers of EP, or the header of a profile as far as its colour space.
    pub(crate) const LOOKED_AT: usize = 3 + 4 + 7 * 4;

    /// Reads a box whose contents start at `start` in the file; `None` if it is damaged or nothing that Recto
    /// understands: another may do.
    pub(crate) fn read(contents: &[u8], start: usize) -> Option<Self> {
        let (&[method, precedence, approximation], rest) = contents.split_first_chunk()?;
        let (space, profile) = match method {
            1 => (Space::enumerated(rest)?, None),
            // Restricted, or any.
            2 | 3 if rest.len() <= MAX_PROFILE => {
                (Space::of_profile(rest)?, Some(start + 3..start + contents.len()))
            }
            _ => return None,
        };
        Some(Self { space, profile, precedence: precedence.cast_signed(), approximation })
    }

    /// The number of the enumerated space that a box names.
    pub(crate) fn number(contents: &[u8]) -> Option<u32> {
        let (&[method, _, _, a, b, c, d], _) = contents.split_first_chunk()?;
        (method == 1).then_some(u32::from_be_bytes([a, b, c, d]))
    }

    /// How well it serves: by its precedence, then by how exact it claims to be. Of JP2, both are 0.
    pub(crate) fn rank(&self) -> (i8, u8) {
        let exactness = if (1..=4).contains(&self.approximation) { 5 - self.approximation } else { 0 };
        (self.precedence, exactness)
    }
}

impl Space {
    /// Number of its channels.
    pub(crate) fn channels(&self) -> usize {
        match self {
            Self::Gray | Self::WhiteIsZero => 1,
            Self::Rgb | Self::Sycc | Self::Video(_) | Self::ESrgb | Self::Romm | Self::Cmy | Self::Lab(_) => {
                3
            }
            Self::Cmyk | Self::Ycck => 4,
        }
    }

    /// EnumCS (T.800 table I.10, T.801 table M.25).
    fn enumerated(rest: &[u8]) -> Option<Self> {
        let (number, parameters) = rest.split_first_chunk()?;
        match u32::from_be_bytes(*number) {
            0 => Some(Self::WhiteIsZero),
            // YCbCr(1), and YPbPr(1125/60) of high-definition television.
            1 | 22 => Some(Self::Video(Luma::BT709)),
            // YCbCr(2) is ITU-R BT.601 of the full range, as sYCC is. OpenJPEG reads e-sYCC so.
            3 | 18 | 24 => Some(Self::Sycc),
            // YCbCr(3), and YPbPr(1250/50), whose luma is the older one.
            4 | 23 => Some(Self::Video(Luma::BT601)),
            11 => Some(Self::Cmy),
            12 => Some(Self::Cmyk),
            13 => Some(Self::Ycck),
            14 => LabRanges::read(parameters).map(Self::Lab),
            15 | 17 => Some(Self::Gray),
            16 => Some(Self::Rgb),
            20 => Some(Self::ESrgb),
            21 => Some(Self::Romm),
            _ => None,
        }
    }

    /// The name of a space that Recto does not understand.
    pub(crate) fn name(number: u32) -> String {
        match number {
            9 => "9, PhotoYCC".to_owned(),
            19 => "19, CIEJab".to_owned(),
            25 => "25, scRGB".to_owned(),
            26 => "26, gray of scRGB".to_owned(),
            _ => number.to_string(),
        }
    }

    /// The profile of a space that none has, but by which it is known.
    pub(crate) fn profile(&self) -> Option<Vec<u8>> {
        if *self != Self::Romm {
            return None;
        }
        let mut profile = ColorProfile::new_pro_photo_rgb();
        // ISO 22028-2: to the power of 1.8, and a straight line below 1/512.
        let curve = || Some(ToneReprCurve::Parametric(vec![1.8, 1.0, 0.0, 1.0 / 16.0, 16.0 / 512.0]));
        (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve(), curve(), curve());
        written(profile)
    }

    /// The data colour space in the header of an ICC profile (ICC.1:2022 table 19).
    fn of_profile(profile: &[u8]) -> Option<Self> {
        match profile.get(16..20)? {
            b"GRAY" => Some(Self::Gray),
            b"RGB " => Some(Self::Rgb),
            b"CMYK" => Some(Self::Cmyk),
            _ => None,
        }
    }
}

impl LabRanges {
    /// The EP field: RL, OL, RA, OA, RB, OB and the illuminant, which is taken for D50 whatever it says: a* and b* are
    /// relative to it. Without one, the defaults hold.
    fn read(parameters: &[u8]) -> Option<Self> {
        if parameters.is_empty() {
            return Some(Self(None));
        }
        let word = |index: usize| parameters.as_chunks::<4>().0.get(index).copied().map(u32::from_be_bytes);
        let pair = |index: usize| Some((f64::from(word(index)?), f64::from(word(index + 1)?)));
        Some(Self(Some([pair(0)?, pair(2)?, pair(4)?])))
    }

    /// L*, a* and b* that three codes stand for, whose greatest are `most`.
    pub(crate) fn lab(&self, codes: [u16; 3], most: [u32; 3]) -> [f64; 3] {
        let ranges = self.0.unwrap_or_else(|| {
            let levels = |channel: usize| f64::from(most[channel]) + 1.0;
            [(100.0, 0.0), (170.0, levels(1) / 2.0), (200.0, levels(2) * 3.0 / 8.0)]
        });
        [0, 1, 2].map(|channel| {
            let (range, offset) = ranges[channel];
            (f64::from(codes[channel]) - offset) * range / f64::from(most[channel])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lab_codes_have_ranges() {
        let lab = LabRanges::read(&[]).expect("defaults");
        assert_eq!(lab.lab([255, 128, 96], [255; 3]), [100.0, 0.0, 0.0]);
        let own = [100u32, 0, 255, 128, 255, 128, 0x0044_3530].map(u32::to_be_bytes).concat();
        let lab = LabRanges::read(&own).expect("ranges");
        assert_eq!(lab.lab([0, 0, 255], [255; 3]), [0.0, -128.0, 127.0]);
        assert_eq!(LabRanges::read(&own[..20]), None);
    }

    #[test]
    fn profiles_tell_their_space_and_not_more_than_they_should() {
        let mut contents = vec![0; 131];
        contents[..3].copy_from_slice(&[2, 0, 0]);
        contents[19..23].copy_from_slice(b"CMYK");
        let colour = Colour::read(&contents, 100).expect("colour");
        assert_eq!((colour.space, colour.profile), (Space::Cmyk, Some(103..231)));
        contents[19..23].copy_from_slice(b"6CLR");
        assert_eq!(Colour::read(&contents, 100), None);
        contents[19..23].copy_from_slice(b"RGB ");
        contents.resize(MAX_PROFILE + 4, 0);
        assert_eq!(Colour::read(&contents, 100), None);
    }
}
