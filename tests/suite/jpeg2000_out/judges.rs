//! What others make of the files: OpenJPEG's programs, libvips, and `recto check`.

use std::fs;

use recto::convert::jp2::Settings;
use recto::format::jp2::Image;
use recto::picture::{Channels, Depth, Orientation};
use recto::pyramid::{Resolution, Tags, Unit};
use recto::raster::AnyRaster;
use serde_json::json;

use super::{picture, pixels, psnr, write};
use crate::examined::of;
use crate::judge::{Bench, run, smooth, text, tone};

/// The samples one component after the other; two bytes of more than 8 bits, the first of which is the lower.
fn planes(picture: &AnyRaster) -> Vec<u8> {
    let count = picture.channels().count();
    let channels = 0..count;
    match picture {
        AnyRaster::Eight(raster) => {
            channels.flat_map(|channel| raster.pixels.iter().skip(channel).step_by(count).copied()).collect()
        }
        AnyRaster::Sixteen(raster) => {
            let samples = channels.flat_map(|channel| raster.pixels.iter().skip(channel).step_by(count));
            samples.flat_map(|sample| sample.to_le_bytes()).collect()
        }
    }
}

#[test]
fn openjpeg_decompresses_what_was_given() {
    let bench = Bench::new();
    let (file, raw) = (bench.path("a.jp2"), bench.path("a.rawl"));
    for (channels, depth) in [
        (Channels::Rgb, Depth::Eight),
        (Channels::Gray, Depth::Sixteen),
        (Channels::Rgba, Depth::Sixteen),
        (Channels::GrayAlpha, Depth::Eight),
    ] {
        let pixels = pixels(203, 131, channels, depth);
        let picture = picture(pixels, tone);
        write(&file, Settings { tile_side: 64, ..Settings::new(pixels, None) }, &picture, 131);
        run("opj_decompress", &["-i", text(&file), "-o", text(&raw), "-quiet"]);
        assert!(fs::read(&raw).expect("there") == planes(&picture), "{pixels:?}");
    }
}

#[test]
fn openjpeg_finds_the_layout_that_random_access_wants() {
    let bench = Bench::new();
    let file = bench.path("a.jp2");
    let pixels = pixels(700, 530, Channels::Rgb, Depth::Eight);
    write(&file, Settings::new(pixels, Some(85)), &picture(pixels, smooth), 530);
    let told = run("opj_dump", &["-i", text(&file)]);
    for line in [
        "tdx=512, tdy=512",
        "tw=2, th=2",
        "numlayers=1",
        "prg=0x2",
        "mct=1",
        "numresolutions=6",
        "cblkw=2^6",
        "qmfbid=0",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    for wrong in ["[WARNING]", "[ERROR]"] {
        assert!(!told.contains(wrong), "{told}");
    }
}

#[test]
fn libvips_sees_what_was_given() {
    let bench = Bench::new();
    for (channels, quality) in [(Channels::Rgb, None), (Channels::Gray, Some(90)), (Channels::Rgba, None)] {
        let file = bench.path("a.jp2");
        let pixels = pixels(203, 131, channels, Depth::Eight);
        let given = picture(pixels, smooth);
        write(&file, Settings { tile_side: 64, ..Settings::new(pixels, quality) }, &given, 131);
        let mut seen = given.clone();
        let AnyRaster::Eight(raster) = &mut seen else { panic!("of 8 bits") };
        raster.pixels = bench.judged(&file, "").pixels;
        assert!(if quality.is_some() { psnr(&seen, &given) > 39.0 } else { seen == given }, "{pixels:?}");
    }
}

#[test]
fn check_finds_nothing_to_complain_of() {
    let bench = Bench::new();
    for (channels, quality) in [(Channels::Rgb, Some(85)), (Channels::Gray, None)] {
        let file = bench.path("a.jp2");
        let pixels = pixels(1500, 1100, channels, Depth::Eight);
        write(&file, Settings::new(pixels, quality), &picture(pixels, smooth), 100);
        let told = of(&file, &["--deep"]);
        // Only tiles that are sent as they are stored are better.
        assert!(["ideal", "good"].map(|verdict| json!(verdict)).contains(&told["verdict"]), "{told}");
        assert_eq!((&told["why"], told.get("command")), (&json!([]), None), "{told}");
    }
}

#[test]
fn what_a_file_says_besides_its_pixels_is_found_again() {
    let bench = Bench::new();
    let file = bench.path("a.jp2");
    let mut profile = vec![0; 132];
    profile[12..24].copy_from_slice(b"mntrRGB XYZ ");
    let packet = b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'></rdf:RDF>";
    let tags = Tags {
        icc_profile: Some(profile.clone()),
        resolution: Some(Resolution { x: 300.0, y: 300.0, unit: Unit::Inch }),
        orientation: Some(6),
        copyright: Some("The library".to_owned()),
        xmp: Some(packet.to_vec()),
        iptc: Some(b"\x1c\x02\x00\x00\x02\x00\x04".to_vec()),
        ..Tags::default()
    };
    let pixels = pixels(80, 60, Channels::Rgb, Depth::Eight);
    write(&file, Settings { tags, ..Settings::new(pixels, None) }, &picture(pixels, tone), 60);
    let bytes = fs::read(&file).expect("there");
    let image = Image::read(&bytes).expect("a file");
    assert_eq!(image.icc_profile(&bytes), Some(profile));
    assert_eq!(image.description().orientation, Orientation::from_tag(6));
    let size = image.scale.as_ref().expect("a scale").size;
    assert!((size - 2.54 / 300.0).abs() < 1e-12, "{size}");
    let metadata = image.metadata(&bytes);
    assert!(metadata.xmp.is_some() && !metadata.exif.is_empty());
    for content in [&b"\x1c\x02\x00\x00\x02\x00\x04"[..], b"The library", b"Created by Recto "] {
        assert!(bytes.windows(content.len()).any(|window| window == content), "{content:?}");
    }
    run("opj_dump", &["-i", text(&file)]);
}
