//! The bytes that every encoder makes of one picture, kept in `tests/golden`: that a version makes other bytes of the
//! same request must be seen before caches and users see it. `RECTO_RENEW_GOLDEN=1 cargo test --test suite golden`
//! writes them anew; look at the difference before it is committed.
//!
//! Formats without loss must be the same everywhere. Lossy encoders round by the instructions of the machine: their
//! bytes are compared on x86-64, elsewhere their length, within a twentieth.

use std::path::Path;

use recto::config::Config;
use recto::encode::{Carried, Encoder};
use recto::picture::{Channels, Dimensions, Format};
use recto::raster::{Raster, Sample, flatten};
use recto::watch::Watch;

/// Shades, edges and a few odd values, from whole numbers only.
fn picture<S: Sample>(channels: Channels) -> Raster<S> {
    let size = Dimensions::new(41, 29);
    let mut raster = Raster::<S>::new(size, channels);
    for (at, sample) in (0u32..).zip(raster.pixels.iter_mut()) {
        let (pixel, channel) = (at / channels.count() as u32, at % channels.count() as u32);
        let (x, y) = (pixel % size.width, pixel / size.width);
        let edge = if (x / 8 + y / 8) % 2 == 0 { 0 } else { S::MAX / 3 };
        *sample = S::of((x * (S::MAX / 90) + y * channel * (S::MAX / 170) + edge).min(S::MAX));
    }
    raster
}

#[test]
fn the_same_picture_has_the_same_bytes_in_every_version() {
    let config = Config::parse("[masters]\nroot = \"/\"").expect("a configuration");
    let mut encoder = Encoder::default();
    let carried = Carried::default();
    let lossless = [Format::Png, Format::Tif, Format::Gif];
    for format in Format::ALL {
        for (name, channels) in [("gray", Channels::Gray), ("rgb", Channels::Rgb), ("rgba", Channels::Rgba)] {
            let raster = picture::<u8>(channels);
            let raster =
                if format.has_alpha() { raster } else { flatten(raster, config.rendering.offer.background) };
            let bytes = encoder
                .encode(raster, format, &carried, &config.rendering.encodings, &Watch::unlimited())
                .expect("encoded");
            check(&format!("{name}.{format}"), &bytes, lossless.contains(&format));
        }
    }
    for format in [Format::Png, Format::Tif] {
        let raster = picture::<u16>(Channels::Rgb);
        let bytes = encoder
            .encode(raster, format, &carried, &config.rendering.encodings, &Watch::unlimited())
            .expect("encoded");
        check(&format!("rgb16.{format}"), &bytes, true);
    }
}

fn check(name: &str, bytes: &[u8], lossless: bool) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("RECTO_RENEW_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        std::fs::write(&path, bytes).expect("written");
    }
    let golden = std::fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    if lossless || cfg!(target_arch = "x86_64") {
        let at = golden.iter().zip(bytes).position(|(a, b)| a != b);
        assert!(
            golden == bytes,
            "{name} has other bytes: {} were {}, first at {at:?}",
            bytes.len(),
            golden.len()
        );
    } else {
        assert!(golden.len().abs_diff(bytes.len()) * 20 <= golden.len(), "{name}: {} bytes", bytes.len());
    }
}
