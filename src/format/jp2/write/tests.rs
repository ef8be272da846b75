//! Codestreams that are put together from those of tiles, as OpenJPEG writes one of several tiles.

use super::*;
use crate::format::jp2::Image;
use crate::raster::Raster;

fn picture(size: Dimensions, channels: Channels) -> Raster {
    let mut noise = 1u32;
    let count = size.area() as usize * channels.count();
    let sample = |at: usize| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((at / 7 % 90) as u32 + (noise >> 26)) as u8
    };
    Raster { dimensions: size, channels, pixels: (0..count).map(sample).collect() }
}

#[test]
fn tiles_that_were_compressed_alone_are_a_picture() {
    let coding = Coding { tile_side: 48, halvings: 3, loss: Loss::None };
    for (width, height, channels) in [(100, 61, Channels::Rgb), (48, 1, Channels::GrayAlpha)] {
        let size = Dimensions::new(width, height);
        let (picture, frame) = (
            picture(size, channels),
            Frame { size, channels, depth: Depth::Eight, tile_side: coding.tile_side },
        );
        let (mut tiles, mut parts) = (Tiles::default(), Vec::new());
        for area in (0..height.div_ceil(48)).flat_map(|row| frame.row(row)) {
            let tile = AnyRaster::Eight(picture.part(area));
            let part = encode(&tile, (area.x, area.y), &coding).expect("a tile");
            parts.extend(tiles.next(part).expect("the same coding"));
        }
        let file = [head(&frame, &Around::default(), &tiles, "of tiles"), parts, END.to_vec()].concat();
        let image = Image::read(&file).expect("a file");
        let told = image.told(&file).expect("headers");
        assert_eq!((u64::from(told.tiles), told.has_tlm, told.has_plt), (frame.tiles(), true, Some(true)));
        assert_eq!((&*told.progression, told.halvings, told.reversible), ("RPCL", 3, true));
        let ours: Raster =
            image.decode(&mut Default::default(), &file, 1, 0, Rect::whole(size)).expect("pixels");
        let theirs: Raster = image.decode_by_openjpeg(&file, 0, Rect::whole(size)).expect("pixels");
        assert!(ours == picture && theirs == picture, "{size} {channels:?}");
    }
}

#[test]
fn what_is_not_one_tile_is_refused() {
    let coding = Coding { tile_side: 16, halvings: 1, loss: Loss::Psnr(40.0) };
    let tile = AnyRaster::Eight(picture(Dimensions::new(16, 9), Channels::Gray));
    let good = crate::format::jp2::openjpeg::encode_tile(&tile, (0, 0), &coding).expect("a tile");
    assert!(TilePart::of(good.clone()).is_ok());
    for length in 0..good.len() {
        assert!(TilePart::of(good[..length].to_vec()).is_err(), "{length} bytes");
    }
    let start = good.windows(4).position(|bytes| bytes == [0xff, 0x90, 0, 10]).expect("SOT");
    for (at, value) in [(0, 0), (2, 0x53), (start + 5, 1), (start + 9, 0), (start + 10, 1), (start + 11, 2)] {
        let mut wrong = good.clone();
        wrong[at] = value;
        assert!(TilePart::of(wrong).is_err(), "byte {at}");
    }
    let mut tiles = Tiles::default();
    tiles.next(TilePart::of(good).expect("a tile")).expect("the first");
    let other = encode(&tile, (16, 0), &Coding { loss: Loss::None, ..coding }).expect("a tile");
    assert!(tiles.next(other).is_err(), "another coding");
}

#[test]
fn every_tile_has_its_entry_however_many_there_are() {
    let size = Dimensions::new(16 * 65_535, 16);
    let frame = Frame { size, channels: Channels::Gray, depth: Depth::Eight, tile_side: 16 };
    let header = Tiles::default().main_header(&frame, "");
    assert_eq!(header.len(), 2 + 2 + 41 + 6 + 7 * 6 + 65_535 * 6, "SOC, SIZ, COM and 7 segments of TLM");
    assert_eq!(header[header.len() - 6..], [0xff, 0xfe, 0, 0, 0, 0]);
}
