//! Work that nobody waits for ends wherever it is, soon, and leaves everything as good as new.

#![allow(clippy::cast_possible_truncation)] // made-up pixels, all in range

use std::cell::Cell;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use recto::config::Config;
use recto::derive::Derivation;
use recto::derive::pipeline::Pipeline;
use recto::derive::plan::Plan;
use recto::encode::{Carried, Encoder};
use recto::error::{Error, Stopped};
use recto::master::{Decoder, Master};
use recto::picture::{Channels, Dimensions, Format, Orientation, Rect};
use recto::raster::{Converter, Raster, Sample, flatten, orient, rotate};
use recto::watch::Watch;
use recto_iiif::Target;

/// Places at which work is stopped, spread over all of its checks: of what is small, and of what takes long.
const MANY: u64 = 7;
const FEW: u64 = 2;

/// A watch that is asked so many times, each of which counts in `asked`, and then says that the client has left.
fn watch(asked: &Rc<Cell<u64>>, times: u64) -> Watch {
    asked.set(0);
    let asked = Rc::clone(asked);
    Watch::asking_every(Duration::ZERO, Duration::from_secs(3600), move || {
        asked.replace(asked.get() + 1) >= times
    })
}

fn config(section: &str) -> Config {
    Config::parse(&format!("[masters]\nroot = \"/\"\n{section}")).expect("a configuration")
}

/// Noise on a gradient: nothing of it compresses to nothing.
fn picture<S: Sample>(width: u32, height: u32, channels: Channels) -> Raster<S> {
    let mut raster = Raster::new(Dimensions::new(width, height), channels);
    let mut noise = 1u32;
    for (at, sample) in raster.pixels.iter_mut().enumerate() {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *sample = S::of_8((at as u32 / 7 % 150) as u8 + (noise >> 26) as u8);
    }
    raster
}

fn encode<S: Sample>(raster: Raster<S>, format: Format, section: &str, watch: &Watch) -> Vec<u8> {
    let raster = if format.has_alpha() { raster } else { flatten(raster, [255; 3]) };
    let encodings = config(section).rendering.encodings;
    Encoder::default().encode(raster, format, &Carried::default(), &encodings, watch).expect("encoded")
}

fn bmp(raster: &Raster) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let Dimensions { width, height } = raster.dimensions;
    let pixels = &raster.pixels[..];
    image::codecs::bmp::BmpEncoder::new(&mut bytes)
        .encode(pixels, width, height, image::ExtendedColorType::Rgb8)
        .expect("encoded");
    bytes.into_inner()
}

/// A master of each kind, of so many pixels.
fn masters(directory: &Path, width: u32, height: u32) -> Vec<(&'static str, PathBuf)> {
    let unlimited = Watch::unlimited();
    let of = |format, section: &str| {
        encode(picture::<u8>(width, height, Channels::Rgb), format, section, &unlimited)
    };
    let jpeg = of(Format::Jpg, "");
    // Bytes that carry no pixels, of which libjpeg-turbo warns: such streams are mended.
    let surplus = [&jpeg[..jpeg.len() - 2], b"more", &jpeg[jpeg.len() - 2..]].concat();
    let deep = picture::<u16>(width, height, Channels::GrayAlpha);
    let files = [
        ("gray.png", encode(picture::<u8>(width, height, Channels::Gray), Format::Png, "", &unlimited)),
        ("deep.png", encode(deep, Format::Png, "", &unlimited)),
        ("strips.tif", of(Format::Tif, "")),
        ("tiles.tif", of(Format::Tif, "[tiff]\ntile = 64\ncompression = \"lzw\"")),
        ("plain.jpg", jpeg),
        ("surplus.jpg", surplus),
        ("progressive.jpg", of(Format::Jpg, "[jpeg]\nprogressive = true")),
        ("lossy.jp2", of(Format::Jp2, "")),
        ("palette.gif", of(Format::Gif, "")),
        ("lossless.webp", of(Format::Webp, "[webp]\nlossless = true")),
        ("rows.bmp", bmp(&picture(width, height, Channels::Rgb))),
    ];
    files.into_iter().map(|(name, bytes)| (name, file(directory, name, &bytes))).collect()
}

fn file(directory: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = directory.join(name);
    fs::write(&path, bytes).expect("written");
    path
}

fn plan(master: &Master, request: &str, config: &Config) -> Plan {
    let parsed = recto_iiif::parse(format!("/iiif/3/x/{request}").as_bytes()).expect("a request");
    let Target::Image { version, request, .. } = parsed else { panic!("{request} is no image request") };
    let rendering = &config.rendering;
    Derivation::new(master, (version, &request), &rendering.limits, rendering).expect("resolved").plan()
}

fn run(pipeline: &mut Pipeline, master: &Rc<Master>, plan: &Plan, watch: &Watch) -> Result<Vec<u8>, Error> {
    let chunks = pipeline.derive(master, plan, watch)?.into_chunks();
    Ok(chunks.collect::<Result<Vec<_>, _>>()?.concat())
}

/// Stops a request at many places; after each, the same tools answer it as new ones do. Gives the number of checks.
fn stop_everywhere(path: &Path, request: &str, places: u64) -> u64 {
    let (what, asked) = (format!("{request} of {}", path.display()), Rc::default());
    let open = || Rc::new(Master::open(path).expect("a master"));
    let plan = plan(&open(), request, &config(""));
    let whole = run(&mut Pipeline::default(), &open(), &plan, &watch(&asked, u64::MAX)).expect("derived");
    let all = asked.get();
    assert!(all > 0, "{what} cannot be stopped");
    let places = places.min(all);
    for times in (0..places).map(|place| place * all / places).chain([all - 1]) {
        let (mut pipeline, master) = (Pipeline::default(), open());
        match run(&mut pipeline, &master, &plan, &watch(&asked, times)) {
            Err(Error::Stopped(Stopped::AskerLeft)) => {}
            other => {
                panic!("{what}, stopped after {times} of {all} checks: {:?}", other.map(|file| file.len()))
            }
        }
        assert_eq!(asked.get(), times + 1, "{what}: it is not asked again");
        let after = run(&mut pipeline, &master, &plan, &Watch::unlimited()).expect("derived");
        assert!(after == whole, "{what} after it was stopped after {times} of {all} checks");
    }
    all
}

#[test]
fn every_reader_stops_at_any_place_and_is_as_good_as_new() {
    let directory = tempfile::tempdir().expect("a directory");
    for (_, path) in masters(directory.path(), 150, 110) {
        for request in
            ["full/max/0/default.png", "full/!40,40/0/gray.jpg", "10,8,50,40/pct:90/!90/default.tif"]
        {
            stop_everywhere(&path, request, MANY);
        }
    }
}

#[test]
fn every_format_stops_at_any_place_and_is_as_good_as_new() {
    let directory = tempfile::tempdir().expect("a directory");
    let raster = picture::<u8>(150, 110, Channels::Rgb);
    let path = file(directory.path(), "a.tif", &encode(raster, Format::Tif, "", &Watch::unlimited()));
    for format in Format::ALL {
        for rotation in ["0", "33.5"] {
            stop_everywhere(&path, &format!("full/100,/{rotation}/default.{format}"), MANY);
        }
    }
    // Written while they are made; and by the same parts, but after they were turned.
    for rotation in ["0", "180"] {
        for format in ["jpg", "png"] {
            let checks = stop_everywhere(&path, &format!("full/^1800,/{rotation}/default.{format}"), FEW);
            assert!(format == "jpg" || checks > 1300, "each row of {checks}");
        }
    }
}

#[test]
fn a_client_who_leaves_an_unusual_stream_does_not_make_it_a_damaged_one() {
    let directory = tempfile::tempdir().expect("a directory");
    let all = masters(directory.path(), 400, 300);
    let (_, path) = all.iter().find(|(name, _)| *name == "surplus.jpg").expect("made");
    // Its smallest level is decoded whole, mended and decoded again.
    assert!(stop_everywhere(path, "full/!40,40/0/default.jpg", MANY) > 400);
}

/// So many pixels may be worked on between two checks: what `checks` counts for the larger size, less what it counts for
/// the smaller one, is enough for the difference of both.
fn are_near(what: &str, most: u64, [small, large]: [Dimensions; 2], checks: impl Fn(Dimensions) -> u64) {
    let (few, many) = (checks(small), checks(large));
    let (checks, pixels) = (many - few, large.area() - small.area());
    assert!(checks * most >= pixels, "{what}: {checks} checks in {pixels} pixels");
}

const SIZES: [Dimensions; 2] = [Dimensions::new(400, 300), Dimensions::new(800, 600)];

#[test]
fn readers_ask_often() {
    let asked = Rc::default();
    let most = |name: &str| match name {
        "gray.png" | "deep.png" | "tiles.tif" | "lossy.jp2" | "plain.jpg" => Some(1 << 12),
        "rows.bmp" => Some(1 << 13),
        "strips.tif" | "palette.gif" => Some(1 << 16),
        // The others are decoded in one call.
        _ => None,
    };
    let made = SIZES.map(|size| {
        let directory = tempfile::tempdir().expect("a directory");
        let masters = masters(directory.path(), size.width, size.height);
        (directory, masters)
    });
    for (number, (name, _)) in made[0].1.iter().enumerate() {
        let Some(most) = most(name) else { continue };
        are_near(name, most, SIZES, |size| {
            let master = Master::open(&made[usize::from(size != SIZES[0])].1[number].1).expect("a master");
            let mut decoder = Decoder::default();
            decoder.watch = watch(&asked, u64::MAX);
            // Of a JPEG, a part is decoded by an index of the whole.
            let height = if *name == "plain.jpg" { size.height / 3 } else { size.height };
            master.decode::<u8>(&mut decoder, 0, Rect::new(0, 0, size.width, height)).expect("decoded");
            asked.get()
        });
    }
}

#[test]
fn encoders_ask_often() {
    let asked = Rc::default();
    let large = [Dimensions::new(1600, 1400), Dimensions::new(3200, 2800)];
    for (format, section, sizes, most) in [
        (Format::Png, "", large, 1 << 13),
        (Format::Png, "[png]\ncompression = \"balanced\"", SIZES.map(twice), 1 << 12),
        (Format::Jpg, "", large, 5 << 18),
        (Format::Pdf, "", large, 5 << 18),
        (Format::Tif, "", SIZES, 1 << 16),
        (Format::Jp2, "", [Dimensions::new(1024, 1024), Dimensions::new(2048, 2048)], 1 << 20),
        (Format::Gif, "", SIZES, 1 << 17),
    ] {
        are_near(&format!("{format} {section}"), most, sizes, |size| {
            let raster = picture::<u8>(size.width, size.height, Channels::Rgb);
            encode(raster, format, section, &watch(&asked, u64::MAX));
            asked.get()
        });
    }
}

fn twice(size: Dimensions) -> Dimensions {
    Dimensions::new(2 * size.width, 2 * size.height)
}

#[test]
fn what_is_done_to_pixels_asks_often() {
    let asked = Rc::default();
    let counted = |work: &dyn Fn(Raster, &Watch), size: Dimensions| {
        work(picture(size.width, size.height, Channels::Rgb), &watch(&asked, u64::MAX));
        asked.get()
    };
    let quarter = Orientation { mirrored: false, quarters: 1 };
    are_near("quarter turns", 1 << 15, SIZES, |size| {
        counted(&|raster, watch| drop(orient(raster, quarter, watch).expect("turned")), size)
    });
    are_near("rotation", 1 << 11, SIZES, |size| {
        counted(&|raster, watch| drop(rotate(&raster, 45.0, None, watch).expect("turned")), size)
    });
    let profile = moxcms::ColorProfile::new_display_p3().encode().expect("a profile");
    let conversion = Converter::default().conversion::<u8>(Some(&profile), Channels::Rgb);
    are_near("colours", 1 << 18, SIZES.map(twice), |size| {
        counted(&|raster, watch| drop(conversion.apply(raster, watch).expect("converted")), size)
    });
}
