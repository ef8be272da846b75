//! What a pixel is made of: which components, through which palette, are which colours and alpha.
//! Pure; decided once from the boxes and the main header. T.800 I.5.3.

mod draw;

use std::ops::Range;

use super::file::{Colour, File, Mapping, Palette, Space, damaged};
use crate::error::MasterError;
use crate::picture::{Channels, Depth};
pub(super) use draw::Samples;
use recto_jp2::Header;

/// The deepest samples that are shown; elevations and measurements have more.
const MAX_PRECISION: u8 = 16;

/// The channels of a pixel and what they mean.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pixel {
    /// The model of its colours.
    pub space: Space,
    /// Where its colours come from, in the order of the model.
    pub colours: Vec<Source>,
    /// Where its alpha comes from, if it has one.
    pub alpha: Option<Source>,
    /// Whether colours are multiplied with alpha.
    pub premultiplied: bool,
    /// What codes stand for.
    pub palette: Option<Palette>,
    /// The ICC profile of its colours: bytes of the file.
    pub profile: Option<Range<usize>>,
}

/// Where a channel comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// The index of a component.
    pub component: usize,
    /// The column of the palette through which it goes, if it does.
    pub column: Option<usize>,
    /// Bits of its codes, after the palette: 1 to 16.
    pub precision: u8,
}

impl Pixel {
    /// The pixel of a file with this main header.
    ///
    /// # Errors
    /// [`MasterError`] if a box names components or columns that are not there, or colours are beyond what Recto reads.
    pub(super) fn new(file: &File, header: &Header) -> Result<Self, MasterError> {
        let sources = sources(file, header)?;
        let (space, has_alpha) = match specified(file, sources.len()) {
            Some(colour) => (colour.space.clone(), false),
            None => guessed(file, header, sources.len())?,
        };
        let defined = |kind: u16, association: usize| {
            let found = file.definitions.iter().find(|definition| {
                definition.kind == kind && usize::from(definition.association) == association
            })?;
            sources.get(found.channel).copied()
        };
        let colours = (0..space.channels()).map(|n| defined(0, n + 1).unwrap_or(sources[n])).collect();
        let premultiplied = defined(2, 0);
        let last = sources.get(space.channels()).copied().filter(|_| has_alpha);
        Ok(Self {
            colours,
            alpha: defined(1, 0).or(premultiplied).or(last),
            premultiplied: defined(1, 0).is_none() && premultiplied.is_some(),
            palette: file.palette.clone(),
            profile: specified(file, sources.len()).and_then(|colour| colour.profile.clone()),
            space,
        })
    }

    /// The pixel whose channels are the components of a codestream, 4 at most, in their order.
    ///
    /// # Errors
    /// [`MasterError::Unsupported`] if there are more, or if they are too deep.
    pub(super) fn of_components(header: &Header) -> Result<Self, MasterError> {
        let mut colours = sources(&File::default(), header)?;
        // A channel in the place of alpha is one like any other.
        let (space, alpha) = match colours.len() {
            1 => (Space::Gray, None),
            2 => (Space::Gray, colours.pop()),
            3 => (Space::Rgb, None),
            4 => (Space::Rgb, colours.pop()),
            more => return Err(MasterError::unsupported(format!("a piece of {more} components"))),
        };
        Ok(Self { space, colours, alpha, premultiplied: false, palette: None, profile: None })
    }

    /// The components that it is made of.
    pub(super) fn components(&self) -> Vec<usize> {
        self.colours.iter().chain(&self.alpha).map(|source| source.component).collect()
    }

    /// The useful depth of decoded samples: of a palette, that of its columns.
    pub(super) fn depth(&self) -> Depth {
        let deepest = self.colours.iter().map(|source| source.precision).max();
        if deepest > Some(8) { Depth::Sixteen } else { Depth::Eight }
    }

    /// What decoded pixels hold.
    pub(super) fn channels(&self) -> Channels {
        match (&self.space, self.alpha) {
            (Space::Cmyk | Space::Ycck, None) => Channels::Cmyk,
            (Space::Gray | Space::WhiteIsZero, None) => Channels::Gray,
            (Space::Gray | Space::WhiteIsZero, Some(_)) => Channels::GrayAlpha,
            (_, None) => Channels::Rgb,
            (_, Some(_)) => Channels::Rgba,
        }
    }
}

/// The colour specification, unless it contradicts the number of channels: if they are too few, or enough for colours where
/// it knows only gray. Where channels are defined, those of other kinds do not count.
fn specified(file: &File, channels: usize) -> Option<&Colour> {
    let colour = file.colour.as_ref()?;
    let defined = file.definitions.iter().filter(|definition| definition.kind == 0).count();
    let colours = if defined > 0 { defined.min(channels) } else { channels };
    let needed = colour.space.channels();
    let is_colour = needed == 1 && colours >= 3;
    (needed <= channels && !is_colour).then_some(colour)
}

/// Colours by the number of channels, where the file does not say, and whether the next is alpha. A bare codestream
/// cannot say that, so its second or fourth is taken as alpha, as by every other reader.
fn guessed(file: &File, header: &Header, channels: usize) -> Result<(Space, bool), MasterError> {
    if let (None, Some(number)) = (&file.colour, file.unknown_space) {
        let name = Space::name(number);
        return Err(MasterError::unsupported(format!("JP2 file of colour space {name}")));
    }
    if let Some(colour) = &file.colour {
        log::warn!(
            "a JP2 file of {channels} channels, which cannot be {:?}, is shown by their number",
            colour.space
        );
    }
    let finer = |a: usize, b: usize| {
        let (a, b) = (header.components[a], header.components[b]);
        a.dx < b.dx || a.dy < b.dy
    };
    let space = match channels {
        1 | 2 => Space::Gray,
        // Nobody subsamples green and blue.
        _ if file.palette.is_none() && finer(0, 1) && finer(0, 2) => Space::Sycc,
        _ => Space::Rgb,
    };
    Ok((space, file.is_bare()))
}

/// The channels in the order of their index: those of cmap, or else one for each component. Some writers map a
/// palette's columns wrongly, or not at all, but what it is for is clear where there is one component: all of them.
fn sources(file: &File, header: &Header) -> Result<Vec<Source>, MasterError> {
    let count = header.components.len();
    let columns = file.palette.as_ref().map_or(0, |palette| palette.precisions.len());
    let is_used = |column| file.mappings.iter().any(|mapping| mapping.column == Some(column));
    let mappings: Vec<Mapping> = if count == 1 && !(0..columns).all(is_used) {
        (0..columns).map(|column| Mapping { component: 0, column: Some(column) }).collect()
    } else if columns == 0 || file.mappings.is_empty() {
        (0..count).map(|component| Mapping { component, column: None }).collect()
    } else {
        file.mappings.clone()
    };
    mappings.iter().map(|mapping| source(*mapping, file.palette.as_ref(), header)).collect()
}

fn source(mapping: Mapping, palette: Option<&Palette>, header: &Header) -> Result<Source, MasterError> {
    let missing = || damaged("a channel of a component or column that is not there");
    let component = header.components.get(mapping.component).ok_or_else(missing)?;
    if component.precision > MAX_PRECISION {
        return Err(MasterError::unsupported(format!("JPEG 2000 of {} bits", component.precision)));
    }
    let column = mapping.column.zip(palette);
    let precision = match column {
        Some((column, palette)) => *palette.precisions.get(column).ok_or_else(missing)?,
        None => component.precision,
    };
    Ok(Source { component: mapping.component, column: mapping.column, precision })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::jp2::file::Definition;
    use crate::format::jp2::tests::headers::bytes;

    fn pixel(file: &File, components: &[[u8; 3]]) -> Result<Pixel, MasterError> {
        let bytes = bytes([8, 8, 0, 0], [8, 8, 0, 0], components);
        Pixel::new(file, &Header::read(&bytes).expect("a header"))
    }

    fn bare() -> File {
        File { codestream: 0..9, ..File::default() }
    }

    fn jp2(definitions: &[(usize, u16, u16)]) -> File {
        let definition = |&(channel, kind, association)| Definition { channel, kind, association };
        File {
            codestream: 85..99,
            definitions: definitions.iter().map(definition).collect(),
            ..File::default()
        }
    }

    #[test]
    fn bare_codestreams_are_guessed() {
        for (components, channels) in [
            (&[[7, 1, 1]; 2][..], Channels::GrayAlpha),
            (&[[7, 1, 1]; 3], Channels::Rgb),
            (&[[7, 1, 1]; 4], Channels::Rgba),
        ] {
            assert_eq!(pixel(&bare(), components).expect("a pixel").channels(), channels);
        }
        let ycc = pixel(&bare(), &[[7, 1, 1], [7, 2, 1], [7, 2, 1]]).expect("a pixel");
        assert_eq!(ycc.space, Space::Sycc);
        assert!(pixel(&bare(), &[[16, 1, 1]; 3]).is_err(), "17 bits");
    }

    #[test]
    fn a_colour_that_contradicts_the_number_of_channels_is_ignored() {
        let colour = |method: &[u8]| Colour::read(method, 0);
        let enumerated = |number| colour(&[1, 0, 0, 0, 0, 0, number]);
        let profile = |space: &[u8; 4]| colour(&[&[2, 0, 0], &[0; 16][..], space, &[0; 108]].concat());
        let shown = |colour: Option<Colour>, components: usize, definitions: &[(usize, u16, u16)]| {
            let file = File { colour, ..jp2(definitions) };
            let pixel = pixel(&file, &vec![[7, 1, 1]; components]).expect("a pixel");
            (pixel.channels(), pixel.profile.is_some())
        };
        for (colour, components, channels) in [
            (enumerated(17), 3, Channels::Rgb),
            (enumerated(17), 4, Channels::Rgb),
            (enumerated(0), 3, Channels::Rgb),
            (enumerated(16), 1, Channels::Gray),
            (enumerated(18), 2, Channels::Gray),
            (enumerated(12), 3, Channels::Rgb),
            (enumerated(13), 1, Channels::Gray),
            (profile(b"GRAY"), 3, Channels::Rgb),
            (profile(b"RGB "), 1, Channels::Gray),
            (profile(b"CMYK"), 3, Channels::Rgb),
        ] {
            assert!(colour.is_some());
            assert_eq!(
                shown(colour.clone(), components, &[]),
                (channels, false),
                "{colour:?} of {components}"
            );
        }
        assert_eq!(shown(enumerated(17), 2, &[]), (Channels::Gray, false));
        assert_eq!(shown(profile(b"RGB "), 4, &[]), (Channels::Rgb, true), "a fourth nobody names");
        let one = [(0, 0, 1), (1, 1, 0), (2, 65_535, 65_535)];
        assert_eq!(shown(profile(b"GRAY"), 3, &one), (Channels::GrayAlpha, true), "of which one is a colour");
        let three = [(0, 0, 1), (1, 0, 2), (2, 0, 3), (3, 1, 0)];
        assert_eq!(shown(enumerated(17), 4, &three), (Channels::Rgba, false));
    }

    #[test]
    fn definitions_name_alpha_and_the_order_of_colours() {
        let four = [[7, 1, 1]; 4];
        assert_eq!(pixel(&jp2(&[]), &four).expect("a pixel").channels(), Channels::Rgb, "nobody says alpha");
        let bgr = pixel(&jp2(&[(0, 1, 0), (1, 0, 3), (2, 0, 2), (3, 0, 1)]), &four).expect("a pixel");
        let components: Vec<_> = bgr.colours.iter().map(|source| source.component).collect();
        assert_eq!((components, bgr.alpha.map(|alpha| alpha.component)), (vec![3, 2, 1], Some(0)));
        let premultiplied = pixel(&jp2(&[(3, 2, 0)]), &four).expect("a pixel");
        assert!(premultiplied.premultiplied && premultiplied.alpha.is_some());
        assert_eq!(pixel(&jp2(&[(9, 1, 0)]), &four).expect("a pixel").alpha, None, "no such channel");
    }

    #[test]
    fn palettes_make_channels() {
        let palette = Palette::read(&[0, 1, 3, 7, 7, 7, 1, 2, 3]).ok();
        let through = |column| Mapping { component: 0, column: Some(column) };
        let file = |columns: &[usize]| File {
            palette: palette.clone(),
            mappings: columns.iter().map(|column| through(*column)).collect(),
            ..jp2(&[])
        };
        let pixel_of = |columns: &[usize]| pixel(&file(columns), &[[7, 1, 1], [7, 1, 1]]);
        assert_eq!(pixel_of(&[0, 1, 2]).map(|pixel| pixel.channels()), Ok(Channels::Rgb));
        assert_eq!(pixel_of(&[2]).map(|pixel| pixel.channels()), Ok(Channels::Gray));
        assert!(pixel_of(&[0, 1, 3]).is_err());
        for columns in [&[][..], &[0], &[0, 0, 0], &[0, 1, 2]] {
            let pixel = pixel(&file(columns), &[[7, 1, 1]]).expect("a pixel");
            let mapped: Vec<_> = pixel.colours.iter().map(|source| source.column).collect();
            assert_eq!(mapped, [Some(0), Some(1), Some(2)], "of one component: {columns:?}");
        }
    }
}
