//! Every output format judged by libvips: the pixels that it decodes are those that were encoded, within what the
//! format loses. Also: the same picture makes the same bytes, settings reach the file, sizes have their limits.

use std::fs;
use std::path::Path;
use std::process::Command;

use recto::config::Config;
use recto::encode::{Carried, Encoder, Encodings, check};
use recto::http::{public_message, status};
use recto::picture::{Channels, Dimensions, Format};
use recto::raster::{Raster, flatten};
use recto::watch::Watch;

const CHANNELS: [Channels; 4] = [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba];

/// Sizes and channels that a case is tried with. Settings change little of what the defaults prove: they get one size
/// of several tiles and strips.
const fn variants(section: &str) -> (&'static [(u32, u32)], &'static [Channels]) {
    if section.is_empty() {
        (&[(1, 1), (2, 3), (67, 45)], &CHANNELS)
    } else {
        (&[(131, 97)], &[Channels::Gray, Channels::Rgba])
    }
}

/// What a format keeps of alpha.
#[derive(Clone, Copy, PartialEq)]
enum Alpha {
    Kept,
    OneBit,
    White,
}

/// Format, its section of the configuration, what becomes of alpha, and the largest mean difference of a sample.
#[rustfmt::skip]
const CASES: [(Format, &str, Alpha, f64); 26] = [
    (Format::Png, "", Alpha::Kept, 0.0),
    (Format::Png, "[png]\ncompression = \"fastest\"", Alpha::Kept, 0.0),
    (Format::Png, "[png]\ncompression = \"high\"", Alpha::Kept, 0.0),
    (Format::Tif, "", Alpha::Kept, 0.0),
    (Format::Tif, "[tiff]\ncompression = \"none\"", Alpha::Kept, 0.0),
    (Format::Tif, "[tiff]\ncompression = \"lzw\"", Alpha::Kept, 0.0),
    (Format::Tif, "[tiff]\ncompression = \"deflate\"", Alpha::Kept, 0.0),
    (Format::Tif, "[tiff]\ncompression = \"none\"\ntile = 64", Alpha::Kept, 0.0),
    (Format::Tif, "[tiff]\ncompression = \"lzw\"\ntile = 256", Alpha::Kept, 0.0),
    (Format::Tif, "[tiff]\ncompression = \"deflate\"\ntile = 128", Alpha::Kept, 0.0),
    (Format::Webp, "[webp]\nlossless = true", Alpha::Kept, 0.0),
    (Format::Jp2, "[jp2]\nlossless = true", Alpha::Kept, 0.0),
    (Format::Jpg, "", Alpha::White, 4.0),
    (Format::Jpg, "[jpeg]\nquality = 95\nsubsampling = \"4:4:4\"", Alpha::White, 1.0),
    (Format::Jpg, "[jpeg]\nsubsampling = \"4:2:2\"\nprogressive = true", Alpha::White, 4.0),
    (Format::Jpg, "[jpeg]\noptimize = true", Alpha::White, 4.0),
    (Format::Pdf, "", Alpha::White, 4.0),
    (Format::Pdf, "[pdf]\nquality = 95\n[jpeg]\nsubsampling = \"4:4:4\"", Alpha::White, 1.0),
    (Format::Webp, "", Alpha::Kept, 4.0),
    (Format::Webp, "[webp]\nquality = 95\nmethod = 4", Alpha::Kept, 2.0),
    (Format::Avif, "", Alpha::Kept, 4.0),
    (Format::Avif, "[avif]\nquality = 95\nspeed = 9", Alpha::Kept, 1.0),
    (Format::Jp2, "", Alpha::Kept, 6.0),
    (Format::Jp2, "[jp2]\nratio = 4", Alpha::Kept, 3.0),
    (Format::Gif, "", Alpha::OneBit, 3.0),
    (Format::Gif, "[gif]\nspeed = 1", Alpha::OneBit, 3.0),
];

#[test]
fn libvips_reads_what_was_encoded() {
    let directory = tempfile::tempdir().expect("a directory");
    for (format, section, alpha, tolerance) in CASES {
        let (sizes, all_channels) = variants(section);
        for &(width, height) in sizes {
            for &channels in all_channels {
                let what = format!("{format} {section:?} {width}x{height} {channels:?}");
                let raster = picture(width, height, channels);
                let path = directory.path().join(format!("picture.{format}"));
                fs::write(&path, encode(&raster, format, section)).expect("written");
                let expected = shown(&raster.pixels, channels.count(), alpha);
                let actual = decode(&path, Dimensions::new(width, height), &what);
                let difference = mean_difference(&expected, &actual);
                // Six pixels of colour have nothing smooth about them: it is their size that counts.
                let tolerance = if (width, height) == (2, 3) { tolerance * 16.0 } else { tolerance };
                assert!(difference <= tolerance, "{what}: mean difference {difference}");
            }
        }
    }
}

#[test]
fn jpeg_2000_of_several_tiles() {
    let directory = tempfile::tempdir().expect("a directory");
    for (section, tolerance) in [("[jp2]\nlossless = true", 0.0), ("", 1.0)] {
        let raster = picture(1100, 1031, Channels::Rgb);
        let path = directory.path().join("picture.jp2");
        fs::write(&path, encode(&raster, Format::Jp2, section)).expect("written");
        let difference = mean_difference(
            &shown(&raster.pixels, 3, Alpha::Kept),
            &decode(&path, raster.dimensions, "1100x1031"),
        );
        assert!(difference <= tolerance, "{section}: mean difference {difference}");
    }
}

#[test]
fn gray_is_one_channel_where_the_format_has_it() {
    let directory = tempfile::tempdir().expect("a directory");
    for (format, bands) in [
        (Format::Jpg, "1"),
        (Format::Png, "1"),
        (Format::Tif, "1"),
        (Format::Jp2, "1"),
        (Format::Webp, "3"),
        (Format::Avif, "3"),
    ] {
        let path = directory.path().join(format!("gray.{format}"));
        fs::write(&path, encode(&picture(40, 30, Channels::Gray), format, "")).expect("written");
        assert_eq!(header(&path, "bands"), bands, "{format}");
    }
}

#[test]
fn the_same_picture_makes_the_same_bytes() {
    for (format, section, ..) in CASES {
        for channels in [Channels::Gray, Channels::Rgba] {
            let raster = picture(130, 97, channels);
            let (first, second) = (encode(&raster, format, section), encode(&raster, format, section));
            assert!(first == second, "{format} {section:?} {channels:?}");
        }
    }
}

#[test]
fn settings_reach_the_file() {
    let directory = tempfile::tempdir().expect("a directory");
    for (format, section, field, value) in [
        (Format::Jpg, "", "jpeg-chroma-subsample", "4:2:0"),
        (Format::Jpg, "[jpeg]\nsubsampling = \"4:4:4\"", "jpeg-chroma-subsample", "4:4:4"),
        (Format::Jpg, "[jpeg]\nprogressive = true", "jpeg-multiscan", "1"),
        (Format::Pdf, "[pdf]\ndpi = 144", "width", "100"),
        (Format::Pdf, "", "width", "200"),
    ] {
        let path = directory.path().join(format!("picture.{format}"));
        fs::write(&path, encode(&picture(200, 100, Channels::Rgb), format, section)).expect("written");
        assert_eq!(header(&path, field), value, "{format} {section:?}");
    }
    let path = directory.path().join("tiles.tif");
    let tiles = encode(&picture(200, 100, Channels::Rgb), Format::Tif, "[tiff]\ntile = 64");
    fs::write(&path, tiles).expect("written");
    let described = run("tiffinfo", &[path.as_ref()]);
    assert!(described.contains("Tile Width: 64 Tile Length: 64"), "{described}");
    let bytes = |format, section| encode(&picture(200, 100, Channels::Rgb), format, section).len();
    for (format, larger, smaller) in [
        (Format::Jpg, "", "[jpeg]\noptimize = true"),
        (Format::Jpg, "", "[jpeg]\nquality = 30"),
        (Format::Png, "[png]\ncompression = \"fastest\"", "[png]\ncompression = \"high\""),
        (Format::Webp, "", "[webp]\nquality = 30"),
        (Format::Avif, "", "[avif]\nquality = 30"),
        (Format::Jp2, "", "[jp2]\nratio = 40"),
        (Format::Tif, "[tiff]\ncompression = \"none\"", "[tiff]\ncompression = \"deflate\""),
    ] {
        assert!(bytes(format, larger) > bytes(format, smaller), "{format} {larger:?} {smaller:?}");
    }
}

#[test]
fn a_picture_that_the_format_cannot_hold_is_the_clients_mistake() {
    let settings = config("").rendering.encodings;
    for (format, width, height) in [
        (Format::Webp, 16_383, 1),
        (Format::Gif, 1, 65_535),
        (Format::Jpg, 65_500, 1),
        (Format::Pdf, 65_500, 1),
        (Format::Avif, 1, 65_535),
        (Format::Avif, 4000, 2000),
    ] {
        check(format, Dimensions::new(width, height), &settings).expect("it fits");
        let error = check(format, Dimensions::new(width + 1, height + 1), &settings).expect_err("too large");
        assert_eq!(status(&error), 400);
        assert!(public_message(&error).starts_with(&format!("format: {format} holds at most ")), "{error}");
    }
}

#[test]
fn the_shipped_configuration_shows_the_defaults() {
    let shipped = Config::parse(include_str!("../../systemd/recto.toml")).expect("a configuration");
    assert_eq!(shipped.rendering.encodings, Encodings::default());
}

fn config(section: &str) -> Config {
    Config::parse(&format!("[masters]\nroot = \"/\"\n{section}")).expect("a configuration")
}

fn encode(raster: &Raster, format: Format, section: &str) -> Vec<u8> {
    let (config, raster) = (config(section), raster.clone());
    let raster = if format.has_alpha() { raster } else { flatten(raster, config.rendering.offer.background) };
    Encoder::default()
        .encode(raster, format, &Carried::default(), &config.rendering.encodings, &Watch::unlimited())
        .expect("encoded")
}

/// Gradients with a disc in another colour, and alpha of all values in its right half.
fn picture(width: u32, height: u32, channels: Channels) -> Raster {
    let mut raster = Raster::new(Dimensions::new(width, height), channels);
    let (w, h) = (f64::from(width), f64::from(height));
    for (at, pixel) in raster.pixels.chunks_exact_mut(channels.count()).enumerate() {
        let (x, y) = ((at as u32 % width) as f64 / w, (at as u32 / width) as f64 / h);
        let inside = (x - 0.5).hypot(y - 0.5) < 0.3;
        let colour = if inside {
            [60.0 + 120.0 * x, 90.0, 200.0 - 90.0 * y]
        } else {
            [220.0 * y, 60.0 + 150.0 * x, 40.0]
        };
        let alpha = if x < 0.5 { 255.0 } else { 255.0 * y };
        let all = match channels {
            Channels::Gray => vec![colour[0]],
            Channels::GrayAlpha => vec![colour[0], alpha],
            Channels::Rgb => colour.to_vec(),
            Channels::Rgba | Channels::Cmyk => [&colour[..], &[alpha]].concat(),
        };
        pixel.iter_mut().zip(all).for_each(|(sample, value)| *sample = value as u8);
    }
    raster
}

/// The pixels as somebody sees them on white paper, with the alpha that they still have.
fn shown(pixels: &[u8], count: usize, rule: Alpha) -> Vec<[f64; 4]> {
    let pixel = |pixel: &[u8]| {
        let has_alpha = count == 2 || count == 4;
        let mut alpha = if has_alpha { f64::from(pixel[count - 1]) } else { 255.0 };
        let on_white = |value: u8, alpha: f64| (f64::from(value) * alpha + 255.0 * (255.0 - alpha)) / 255.0;
        let hidden = rule == Alpha::OneBit && alpha < 128.0;
        let colour = |channel: usize| {
            if hidden { 255.0 } else { on_white(pixel[if count < 3 { 0 } else { channel }], alpha) }
        };
        let colours = [0, 1, 2].map(colour);
        if rule != Alpha::Kept {
            alpha = if hidden { 0.0 } else { 255.0 };
        }
        [colours[0], colours[1], colours[2], alpha]
    };
    pixels.chunks_exact(count).map(pixel).collect()
}

fn mean_difference(expected: &[[f64; 4]], actual: &[[f64; 4]]) -> f64 {
    assert_eq!(expected.len(), actual.len());
    let differences = expected.as_flattened().iter().zip(actual.as_flattened()).map(|(a, b)| (a - b).abs());
    // Half a step is what rounding on white paper costs.
    differences.map(|d| if d <= 0.5 { 0.0 } else { d }).sum::<f64>() / (expected.len() * 4) as f64
}

/// The pixels as libvips decodes them.
fn decode(path: &Path, size: Dimensions, what: &str) -> Vec<[f64; 4]> {
    let raw = path.with_extension("raw");
    run("vips", &["rawsave".as_ref(), path.as_ref(), raw.as_ref()]);
    let bytes = fs::read(raw).expect("pixels");
    assert_eq!(bytes.len() as u64 % size.area(), 0, "{what}: not {size} pixels");
    shown(&bytes, bytes.len() / size.area() as usize, Alpha::Kept)
}

fn header(path: &Path, field: &str) -> String {
    run("vipsheader", &["-f".as_ref(), field.as_ref(), path.as_ref()]).trim().to_owned()
}

/// Runs one of the judges.
fn run(program: &str, arguments: &[&std::ffi::OsStr]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|_| panic!("{program}: install libvips-tools and libtiff-tools"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}\n(for AVIF, libvips may need the package libheif-plugin-aomdec)",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
