//! What the result says besides its pixels: all that its source says, and stays true.

use super::failure::Failure;
use super::rows::Source;
use crate::ifd::{Field, tag};
use crate::metadata::{Kept, Seal};
use crate::picture::{Channels, Orientation};
use crate::pyramid::{Resolution, Tags, Unit};

/// What the result of a source says besides its pixels, with a seal. The pixels are not turned: the orientation is told.
/// What is to be known of what is left out is added to `notes`.
///
/// # Errors
/// [`Failure`] if the source shrinks meanwhile.
pub(super) fn of(source: &Source, seal: &Seal, notes: &mut Vec<String>) -> Result<Tags, Failure> {
    let failed = |error| Failure::of_pixels(&source.path, error);
    let (master, channels) = (&source.master, source.master.description.channels);
    let icc_profile = master.icc_profile(0).map_err(failed)?;
    let icc_profile = match icc_profile {
        Some(profile) if !describes(&profile, channels) => {
            notes
                .push("its ICC profile is left out: it is not one of the colours that are stored".to_owned());
            None
        }
        profile => profile,
    };
    let orientation = tag_of(master.description.orientation);
    let Kept { mut main, exif, gps, xmp, iptc, resolution } = master.kept().map_err(failed)?;
    let mut text = |tag| {
        let at = main.iter().position(|field| field.tag() == tag)?;
        Some(words(&main.remove(at))).filter(|words| !words.is_empty())
    };
    Ok(Tags {
        description: text(tag::IMAGE_DESCRIPTION),
        copyright: text(tag::COPYRIGHT),
        artist: text(tag::ARTIST),
        date: text(tag::DATE_TIME),
        make: text(tag::MAKE),
        model: text(tag::MODEL),
        software: Some(seal.after(&text(tag::SOFTWARE).unwrap_or_default())),
        icc_profile,
        resolution: resolution.map(|of| Resolution {
            x: of.x,
            y: of.y,
            unit: match of.unit {
                1 => Unit::None,
                3 => Unit::Centimetre,
                _ => Unit::Inch,
            },
        }),
        orientation: (orientation != 1).then_some(orientation),
        xmp,
        iptc,
        exif,
        gps,
        more: main,
    })
}

/// A text in UTF-8: what is none is taken for Latin 1, which has a letter for each byte.
fn words(field: &Field) -> String {
    let words = field
        .as_text()
        .map_or_else(|| field.octets_of().iter().map(|byte| char::from(*byte)).collect(), str::to_owned);
    words.trim_end_matches('\0').to_owned()
}

/// The value of the tag that turns a picture so.
fn tag_of(orientation: Orientation) -> u16 {
    (1..=8).find(|tag| Orientation::from_tag(*tag) == orientation).unwrap_or(1)
}

/// Whether a profile is one of colours that such pixels have (ICC.1:2022 section 7.2).
fn describes(profile: &[u8], channels: Channels) -> bool {
    let space = match channels {
        Channels::Gray | Channels::GrayAlpha => b"GRAY",
        Channels::Rgb | Channels::Rgba => b"RGB ",
        Channels::Cmyk => b"CMYK",
    };
    profile.get(16..20) == Some(space)
}
