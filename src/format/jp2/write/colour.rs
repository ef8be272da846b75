//! Which colours the pixels of a file have: its colour specification boxes.
//! Pure. T.800 I.5.3.3 with amendment 6 (display profiles); T.801 M.11.7.3 for what JP2 cannot say.

use super::boxes::boxed;
use crate::picture::Channels;

/// What a file says of its colours.
pub(super) struct Colours {
    /// The boxes, that which serves best first.
    pub(super) boxes: Vec<u8>,
    /// Whether they are more than JP2 has: then the file is a JPX.
    pub(super) are_jpx: bool,
}

/// METH, the ways to specify colours.
const ENUMERATED: u8 = 1;
const RESTRICTED_PROFILE: u8 = 2;
const ANY_PROFILE: u8 = 3;

/// EnumCS (T.800 table I.10, T.801 table M.25).
const CMYK: u32 = 12;
const SRGB: u32 = 16;
const GRAY: u32 = 17;

/// The colours of pixels with this profile. One of another colour space than theirs is left out; without one, gray and
/// RGB are those of sRGB.
pub(super) fn colours(channels: Channels, profile: Option<&[u8]>) -> Colours {
    let (space, number): (&[u8], u32) = match channels {
        Channels::Gray | Channels::GrayAlpha => (b"GRAY", GRAY),
        Channels::Rgb | Channels::Rgba => (b"RGB ", SRGB),
        Channels::Cmyk => (b"CMYK", CMYK),
    };
    let profile = profile.filter(|profile| profile.get(16..20) == Some(space));
    match profile {
        Some(profile) if is_restricted(profile) => {
            let boxes = specification(RESTRICTED_PROFILE, [0, 0], profile);
            Colours { boxes, are_jpx: false }
        }
        // PREC 1 and APPROX 1: better than the next, and exact. Readers without profiles know inks by the next.
        Some(profile) => {
            let mut boxes = specification(ANY_PROFILE, [1, 1], profile);
            if channels == Channels::Cmyk {
                boxes.extend(specification(ENUMERATED, [0, 3], &number.to_be_bytes()));
            }
            Colours { boxes, are_jpx: true }
        }
        None => {
            let are_jpx = number == CMYK;
            // APPROX: JPX wants to know, and JP2 nothing of it.
            let boxes = specification(ENUMERATED, [0, are_jpx.into()], &number.to_be_bytes());
            Colours { boxes, are_jpx }
        }
    }
}

/// A box with a method, precedence and approximation, and colours.
fn specification(method: u8, [precedence, approximation]: [u8; 2], colours: &[u8]) -> Vec<u8> {
    boxed(b"colr", &[&[method, precedence, approximation], colours])
}

/// Whether a profile of gray or RGB is of the kind that JP2 has: of an input or display, from curves and a matrix, not
/// from tables.
fn is_restricted(profile: &[u8]) -> bool {
    let word = |at: usize| profile.get(at..at + 4);
    let is_device = matches!(word(12), Some(b"scnr" | b"mntr"));
    let is_picture = matches!(word(16), Some(b"GRAY" | b"RGB ")) && word(20) == Some(b"XYZ ");
    let tags = profile.get(132..).unwrap_or_default().as_chunks::<12>().0;
    let count = word(128).and_then(|count| count.first_chunk()).map_or(0, |count| u32::from_be_bytes(*count));
    let has_tables = tags.iter().take(count as usize).any(|[a, b, c, ..]| [*a, *b, *c] == *b"A2B");
    is_device && is_picture && !has_tables
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a profile with one tag.
    fn profile(class: &[u8; 4], space: &[u8; 4], connection: &[u8; 4], tag: &[u8; 4]) -> Vec<u8> {
        let mut profile = vec![0; 144];
        for (at, word) in [(12, class), (16, space), (20, connection), (132, tag)] {
            profile[at..at + 4].copy_from_slice(word);
        }
        profile[131] = 1;
        profile
    }

    #[test]
    fn a_file_is_a_jpx_only_if_its_colours_are_beyond_jp2() {
        let display = profile(b"mntr", b"RGB ", b"XYZ ", b"rXYZ");
        for (channels, profile, are_jpx, first) in [
            (Channels::Gray, None, false, [1, 0, 0]),
            (Channels::Rgba, None, false, [1, 0, 0]),
            (Channels::Cmyk, None, true, [1, 0, 1]),
            (Channels::Rgb, Some(display.clone()), false, [2, 0, 0]),
            (Channels::GrayAlpha, Some(profile(b"scnr", b"GRAY", b"XYZ ", b"kTRC")), false, [2, 0, 0]),
            (Channels::Rgb, Some(profile(b"mntr", b"RGB ", b"Lab ", b"A2B0")), true, [3, 1, 1]),
            (Channels::Rgb, Some(profile(b"prtr", b"RGB ", b"XYZ ", b"rXYZ")), true, [3, 1, 1]),
            (Channels::Cmyk, Some(profile(b"prtr", b"CMYK", b"Lab ", b"A2B0")), true, [3, 1, 1]),
            (Channels::Gray, Some(display.clone()), false, [1, 0, 0]),
            (Channels::Rgb, Some(display[..100].to_vec()), false, [2, 0, 0]),
            (Channels::Rgb, Some(display[..19].to_vec()), false, [1, 0, 0]),
        ] {
            let colours = colours(channels, profile.as_deref());
            assert_eq!((colours.are_jpx, &colours.boxes[8..11]), (are_jpx, &first[..]), "{channels:?}");
        }
    }
}
