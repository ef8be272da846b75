//! Alpha that hides nothing: GIF has it always, and much that programs export. It keeps a picture from JPEG, whose tiles
//! are sent as they are stored, and is left out. Of 8 bits a sample, which JPEG has. Pure.

use crate::picture::Channels;
use crate::raster::{AnyRaster, Raster};

/// Pixels without their alpha.
pub(super) fn without_alpha(channels: Channels) -> Channels {
    match channels {
        Channels::GrayAlpha => Channels::Gray,
        Channels::Rgba => Channels::Rgb,
        other => other,
    }
}

/// Rows without their alpha, if they have 8 bits a sample.
pub(super) fn opaque(rows: AnyRaster) -> AnyRaster {
    let AnyRaster::Eight(mut rows) = rows else { return rows };
    match rows.channels {
        Channels::GrayAlpha => {
            rows.pixels = rows.pixels.as_chunks::<2>().0.iter().map(|[gray, _]| *gray).collect()
        }
        Channels::Rgba => {
            let colours = rows.pixels.as_chunks::<4>().0.iter().map(|[r, g, b, _]| [*r, *g, *b]);
            rows.pixels = colours.collect::<Vec<_>>().into_flattened();
        }
        _ => {}
    }
    rows.channels = without_alpha(rows.channels);
    AnyRaster::Eight(rows)
}

/// Whether rows have 8 bits a sample, and alpha that is full everywhere.
pub(super) fn is_opaque(rows: &AnyRaster) -> bool {
    let AnyRaster::Eight(Raster { channels, pixels, .. }) = rows else { return false };
    let count = channels.count();
    channels.has_alpha() && pixels.iter().skip(count - 1).step_by(count).all(|alpha| *alpha == u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Dimensions;

    #[test]
    fn alpha_goes_and_colours_stay() {
        for (channels, pixels, expected) in [
            (Channels::Rgba, vec![1, 2, 3, 255, 4, 5, 6, 255], vec![1, 2, 3, 4, 5, 6]),
            (Channels::GrayAlpha, vec![1, 255, 2, 255], vec![1, 2]),
            (Channels::Rgb, vec![1, 2, 3, 4, 5, 6], vec![1, 2, 3, 4, 5, 6]),
        ] {
            let rows = Raster { dimensions: Dimensions::new(2, 1), channels, pixels };
            let mut seen = rows.clone();
            *seen.pixels.last_mut().expect("alpha") = 254;
            assert_eq!(is_opaque(&AnyRaster::Eight(rows.clone())), channels.has_alpha());
            assert!(!is_opaque(&AnyRaster::Eight(seen)));
            let expected = Raster { channels: without_alpha(channels), pixels: expected, ..rows.clone() };
            assert_eq!(opaque(AnyRaster::Eight(rows)), AnyRaster::Eight(expected));
        }
    }
}
