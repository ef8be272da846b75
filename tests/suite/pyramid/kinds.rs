//! Every compression with every kind of pixels that it has: read by libvips and by us, and the others refused.

use recto::master::Master;
use recto::pyramid::{Error, Subsampling};

use super::*;

const ALL: [Channels; 5] =
    [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba, Channels::Cmyk];

/// Writes, and compares the second level as both read it, and all as we do, with the means of means.
fn check<S: Sample>(channels: Channels, compression: Compression, tolerance: f64, predictor: bool) {
    let what = format!("{channels:?}, {:?}, {compression:?}, predictor {predictor}", S::DEPTH);
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("p.tif");
    write(&file, Settings { predictor, ..settings(channels, S::DEPTH, compression) });
    let report = tiffinfo(&file);
    assert_eq!(report.matches("=== TIFF directory").count(), 3, "{what}: {report}");
    assert_eq!(report.matches("Subfile Type: reduced-resolution image").count(), 2, "{what}");
    let mut expected = picture::<S>(channels);
    let description = Master::open(&file).expect("a master").description;
    assert_eq!((description.channels, description.depth), (channels, S::DEPTH), "{what}");
    assert_eq!(description.levels.len(), 3, "{what}");
    for index in 0..3 {
        let found = level::<S>(&file, index);
        let off = difference(&found.pixels, &expected.pixels);
        assert!(off <= tolerance, "{what}: level {index} is off by {off}");
        if index == 1 {
            let off = difference(&by_libvips::<S>(&file, "page=1"), &expected.pixels);
            assert!(off <= tolerance, "{what}: level {index} is off by {off} for libvips");
        }
        expected = half(&expected);
    }
}

#[test]
fn without_loss() {
    for compression in [
        Compression::None,
        Compression::Lzw,
        Compression::Deflate { level: 4 },
        Compression::Zstd { level: 3 },
    ] {
        for channels in ALL {
            check::<u8>(channels, compression, 0.0, true);
            check::<u16>(channels, compression, 0.0, true);
        }
    }
    check::<u8>(Channels::Rgb, Compression::Deflate { level: 9 }, 0.0, false);
    check::<u16>(Channels::Gray, Compression::Zstd { level: 1 }, 0.0, false);
    check::<u8>(Channels::Rgb, Compression::WebP { quality: None }, 0.0, true);
    check::<u8>(Channels::Rgba, Compression::WebP { quality: None }, 0.0, true);
}

#[test]
fn with_loss() {
    for subsampling in [Subsampling::S444, Subsampling::S422, Subsampling::S420] {
        check::<u8>(Channels::Rgb, Compression::Jpeg { quality: 92, subsampling }, 2.5, true);
    }
    let jpeg = Compression::Jpeg { quality: 92, subsampling: Subsampling::S420 };
    check::<u8>(Channels::Gray, jpeg, 1.0, true);
    check::<u8>(Channels::Cmyk, jpeg, 1.0, true);
    check::<u8>(Channels::Rgb, Compression::WebP { quality: Some(90) }, 4.0, true);
}

#[test]
fn lossy_webp_keeps_alpha() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("p.tif");
    write(&file, settings(Channels::Rgba, Depth::Eight, Compression::WebP { quality: Some(90) }));
    let alpha = |pixels: &[u8]| -> Vec<u8> { pixels.iter().skip(3).step_by(4).copied().collect() };
    let expected = alpha(&picture::<u8>(Channels::Rgba).pixels);
    assert_eq!(alpha(&level::<u8>(&file, 0).pixels), expected);
    assert_eq!(alpha(&by_libvips::<u8>(&file, "page=0")), expected);
}

#[test]
fn what_a_compression_has_not_is_refused_before_anything_is_written() {
    let directory = tempfile::tempdir().expect("a directory");
    let jpeg = Compression::Jpeg { quality: 80, subsampling: Subsampling::S420 };
    for (channels, depth, compression) in [
        (Channels::Rgb, Depth::Sixteen, jpeg),
        (Channels::Rgba, Depth::Eight, jpeg),
        (Channels::GrayAlpha, Depth::Eight, jpeg),
        (Channels::Cmyk, Depth::Eight, Compression::WebP { quality: None }),
        (Channels::Rgb, Depth::Sixteen, Compression::WebP { quality: Some(80) }),
    ] {
        let made = Writer::create(&directory.path().join("p.tif"), settings(channels, depth, compression));
        assert!(matches!(made.err(), Some(Error::Settings(_))), "{channels:?}, {depth:?}, {compression:?}");
    }
    assert_eq!(fs::read_dir(directory.path()).expect("there").count(), 0);
}
