//! What plans cost: their classes, that more never costs less, and that no master makes the sum overflow.

use proptest::prelude::*;
use recto_iiif::{ImageService, Target};

use super::super::scaling::tests::description;
use super::super::tests::{Set, rendering};
use super::*;
use crate::encode::{Encodings, Webp};
use crate::format::jp2;
use crate::master::Reader;
use crate::picture::{Channels, Codec, Coding, Description, Dimensions, Orientation};

/// A picture of 24 megapixels with levels down to 400 pixels, stored so in tiles of this side.
fn pyramid(coding: Coding, side: u32) -> Description {
    let mut master = description(6000, 4000, 5, true, Orientation::UPRIGHT);
    for level in &mut master.levels {
        (level.coding, level.tile) = (coding, Dimensions::new(side, side));
    }
    if coding.pixel_bytes > 4 {
        master.depth = Depth::Sixteen;
    }
    master
}

/// The same without tiles or smaller levels.
fn flat(coding: Coding) -> Description {
    let mut master = pyramid(coding, 6000);
    master.levels.truncate(1);
    master.levels[0].tile = master.levels[0].dimensions;
    master
}

fn plan(master: &Description, reader: Reader, request: &str, encodings: Encodings) -> Plan {
    let Ok(Target::Image { version, request, .. }) =
        recto_iiif::parse(format!("/iiif/3/x/{request}").as_bytes())
    else {
        panic!("{request} is not of a picture")
    };
    let rendering = rendering(&Set { encodings, ..Set::default() });
    let service = ImageService {
        version,
        tiling: master.tiling(&rendering.limits),
        has_colour: master.channels.has_colour(),
        limits: rendering.limits,
        offer: &rendering.offer,
    };
    let derivative = service.resolve(&request).expect("it makes sense");
    Plan::new(&derivative, master, |_| reader, &rendering)
}

fn cost(master: &Description, reader: Reader, request: &str) -> Cost {
    plan(master, reader, request, Encodings::default()).cost()
}

const RECTO: Reader = Reader::Codestream(jp2::Reader::Recto);

fn jpeg_2000(bytes: u64) -> Description {
    pyramid(Coding::of(Codec::Jpeg2000, 3).packed_to(bytes, 24_000_000), 512)
}

/// Cheap, whatever the format that tiles are sent in.
fn assert_tiles_are_cheap(master: &Description, reader: Reader, sides: &[u32], what: &str) {
    for (side, format) in sides.iter().flat_map(|side| ["jpg", "png", "webp"].map(|format| (side, format))) {
        for request in [
            format!("{side},{side},{side},{side}/max/0/default.{format}"),
            format!("0,0,{0},{0}/{side},/0/default.{format}", 2 * side),
            format!("full/!400,400/0/default.{format}"),
            format!("full/!200,200/90/gray.{format}"),
        ] {
            let cost = cost(master, reader, &request);
            assert_eq!(cost.class(), Class::Cheap, "{what}: {request}: {cost}");
        }
    }
}

#[test]
fn tiles_and_thumbnails_of_pyramids_are_cheap() {
    for side in [256, 512, 1024] {
        for codec in [Codec::Plain, Codec::Lzw, Codec::Deflate, Codec::Zstd] {
            for bytes in [1, 3, 4, 6] {
                let what = format!("{codec:?}, {bytes} bytes, {side}");
                assert_tiles_are_cheap(
                    &pyramid(Coding::of(codec, bytes), side),
                    Reader::Pieces,
                    &[side],
                    &what,
                );
            }
        }
        for codec in [Codec::Jpeg, Codec::WebP] {
            let what = format!("{codec:?}, {side}");
            assert_tiles_are_cheap(&pyramid(Coding::of(codec, 3), side), Reader::Pieces, &[side], &what);
        }
    }
    assert_tiles_are_cheap(&jpeg_2000(7_200_000), RECTO, &[256, 512, 1024], "JPEG 2000");
    assert_tiles_are_cheap(&jpeg_2000(44_000_000), RECTO, &[256, 512], "JPEG 2000 without loss");
}

#[test]
fn whole_pages_are_not_cheap_and_some_are_dear() {
    let tiles = |codec| pyramid(Coding::of(codec, 3), 256);
    let (deflate, jpeg) = (tiles(Codec::Deflate), tiles(Codec::Jpeg));
    for (master, reader, request, least) in [
        (&deflate, Reader::Pieces, "full/max/0/default.jpg", Class::Middling),
        (&jpeg, Reader::Pieces, "full/max/0/default.jpg", Class::Middling),
        (&jpeg, Reader::Pieces, "full/max/0/default.png", Class::Middling),
        (&jpeg, Reader::Pieces, "0,0,1000,1000/max/0/default.avif", Class::Middling),
        (&jpeg, Reader::Pieces, "0,0,3000,2000/max/0/default.avif", Class::Dear),
        (&jpeg, Reader::Pieces, "0,0,2000,2000/max/0/default.jp2", Class::Middling),
        (&jpeg, Reader::Pieces, "full/max/0/default.jp2", Class::Dear),
        (&jpeg, Reader::Pieces, "full/max/0/default.webp", Class::Dear),
        (&jpeg, Reader::Pieces, "full/max/45/default.png", Class::Dear),
        (&jpeg, Reader::Pieces, "full/max/3/default.jpg", Class::Dear),
        (&jpeg_2000(7_200_000), RECTO, "full/max/0/default.jpg", Class::Dear),
        (&flat(Coding::of(Codec::Png, 3)), Reader::Level, "full/!200,200/0/default.jpg", Class::Middling),
        (&flat(Coding::of(Codec::Png, 6)), Reader::Level, "full/!200,200/0/default.jpg", Class::Middling),
        (&flat(in_scans(48_000_000)), Reader::Level, "full/!200,200/0/default.jpg", Class::Middling),
        (&flat(in_scans(300_000_000)), Reader::Level, "full/!200,200/0/default.jpg", Class::Dear),
    ] {
        let cost = cost(master, reader, request);
        assert!(cost.class() >= least, "{request} of {:?}: {cost}", master.levels[0].coding);
    }
    let page = cost(&deflate, Reader::Pieces, "full/max/0/default.jpg");
    assert_eq!(page.class(), Class::Middling, "written while it is made: {page}");
}

fn in_scans(coefficients: u64) -> Coding {
    Coding::of(Codec::JpegInScans { coefficients }, 3).packed_to(7_000_000, 24_000_000)
}

#[test]
fn a_cost_reads_as_a_sentence() {
    let cost = |milliseconds, bytes| Cost { work: Duration::from_millis(milliseconds), bytes }.to_string();
    assert_eq!(cost(0, 1), "1 ms of a processor, 1 MB: cheap");
    assert_eq!(cost(700, 8 << 20), "700 ms of a processor, 8 MB: middling");
    assert_eq!(cost(1249, 96 << 20), "1.2 s of a processor, 96 MB: dear");
}

#[test]
fn the_largest_picture_without_tiles_fits_by_default() {
    // The default of [limits] memory.
    let most = 640 << 20;
    let mut master = description(10_000, 10_000, 1, true, Orientation::UPRIGHT);
    (master.levels[0].tile, master.depth) = (master.levels[0].dimensions, Depth::Sixteen);
    master.levels[0].coding = Coding::of(Codec::Png, 6);
    for request in
        ["full/!200,200/0/default.jpg", "0,0,512,512/max/0/default.png", "full/5600,/0/default.jpg"]
    {
        let cost = cost(&master, Reader::Level, request);
        assert!((600_000_000..=most).contains(&cost.bytes), "{request}: {cost}");
    }
}

#[test]
fn what_has_to_be_held_whole_is_counted() {
    let master = pyramid(Coding::of(Codec::Plain, 3), 256);
    let megabytes = |request: &str, webp: Webp| {
        let encodings = Encodings { webp, ..Encodings::default() };
        plan(&master, Reader::Pieces, request, encodings).cost().bytes >> 20
    };
    let lossless = Webp { lossless: true, ..Webp::default() };
    // 24 megapixels: a band, the picture with what libwebp makes of it, and what it takes without loss.
    assert!((8..40).contains(&megabytes("full/max/0/default.jpg", Webp::default())));
    assert!((200..300).contains(&megabytes("full/max/0/default.webp", Webp::default())));
    assert!((850..1000).contains(&megabytes("full/max/0/default.webp", lossless)));
}

proptest! {
    #[test]
    fn more_never_costs_less(
        (width, height) in (1u32..6000, 1u32..4000),
        (more_width, more_height) in (0u32..6000, 0u32..4000),
        (format, codec) in (0usize..8, 0usize..3),
        rotation in 0usize..4,
    ) {
        let (format, rotation) = (crate::picture::Format::ALL[format], ["0", "!0", "90", "10"][rotation]);
        let mut master = pyramid(Coding::of([Codec::Plain, Codec::Lzw, Codec::Jpeg][codec], 3), 256);
        master.levels.truncate(1);
        let (wider, higher) = ((width + more_width).min(6000), (height + more_height).min(4000));
        let cost = |width, height, size, rotation| {
            let request = format!("0,0,{width},{height}/{size}/{rotation}/default.{format}");
            plan(&master, Reader::Pieces, &request, Encodings::default())
        };
        let (small, large) = (cost(width, height, "max", rotation), cost(wider, higher, "max", rotation));
        // Turned, both may be made smaller to fit the limits, and are scaled then.
        if small.scaling.is_copy() == large.scaling.is_copy() && small.stream == large.stream {
            prop_assert!(small.cost().work <= large.cost().work);
            // Bands of a wider picture may have fewer rows.
            prop_assert!(small.cost().bytes <= large.cost().bytes + (8 << 20));
        }
        let upright = cost(width, height, "max", "0");
        prop_assert!(upright.cost().work <= cost(width, height, "max", "!0").cost().work);
    }

    #[test]
    fn no_master_is_too_large_for_the_sum(
        (width, height) in (1u32..=0x7fff_ffff, 1u32..=0x7fff_ffff),
        (tile_width, tile_height) in (1u32..=0x7fff_ffff, 1u32..=0x7fff_ffff),
        (pixel_bytes, packed, much) in (any::<u32>(), any::<u32>(), any::<u64>()),
        (codec, reader, format) in (0usize..6, 0usize..6, 0usize..8),
        channels in 0usize..5,
    ) {
        let codecs = [
            Codec::Lzma,
            Codec::Jpeg,
            Codec::JpegInScans { coefficients: much },
            Codec::Jpeg2000,
            Codec::HighThroughput { tile: much },
            Codec::Png,
        ];
        let readers = [
            Reader::Pieces,
            RECTO,
            Reader::Codestream(jp2::Reader::OpenJpeg),
            Reader::Level,
            Reader::Index,
            Reader::IndexIfCached,
        ];
        let all = [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba, Channels::Cmyk];
        let mut master = description(width, height, 3, false, Orientation::UPRIGHT);
        master.channels = all[channels];
        for level in &mut master.levels {
            level.tile = Dimensions::new(tile_width, tile_height);
            level.coding = Coding { codec: codecs[codec], pixel_bytes, packed };
        }
        let format = crate::picture::Format::ALL[format];
        for request in ["full/max/45/gray", "full/max/0/default", "square/max/90/bitonal"] {
            let cost = cost(&master, readers[reader], &format!("{request}.{format}"));
            prop_assert!(cost.work > Duration::ZERO && cost.bytes > 0);
        }
    }
}
