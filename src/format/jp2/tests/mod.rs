//! Images as their headers, and OpenJPEG's encoder, make them.

mod blocks;
pub(super) mod headers;
mod index;
mod lacking;
mod serial;
mod windows;

use super::*;

fn image(image: [u32; 4], tile: [u32; 4], components: &[[u8; 3]]) -> Image {
    Image::read(&headers::bytes(image, tile, components)).expect("an image")
}

fn levels(image: &Image) -> Vec<(u32, u32)> {
    let levels = image.description().levels;
    levels.iter().map(|level| (level.dimensions.width, level.dimensions.height)).collect()
}

#[test]
fn levels_are_measured_on_the_reference_grid() {
    // The second component has 2 decomposition levels.
    let three = [[7, 1, 1]; 3];
    assert_eq!(
        levels(&image([1001, 667, 0, 0], [1001, 667, 0, 0], &three)),
        [(1001, 667), (501, 334), (251, 167)]
    );
    // From 37 to 1038 and from 21 to 688: 19 to 519, 10 to 260; 11 to 344, 6 to 172.
    let offset = image([1038, 688, 37, 21], [1038, 688, 0, 0], &three);
    assert_eq!(levels(&offset), [(1001, 667), (500, 333), (250, 166)]);
    // All subsampled: the picture has the samples that are there.
    let coarse = image([1001, 667, 0, 0], [1001, 667, 0, 0], &[[7, 2, 2]; 3]);
    assert_eq!(levels(&coarse), [(501, 334), (251, 167), (126, 84)]);
    assert_eq!(levels(&image([20, 4, 0, 0], [20, 4, 0, 0], &three)), [(20, 4)], "too small to be halved");
}

#[test]
fn high_throughput_is_read_by_openjpeg() {
    // A gray picture of (9 x) ^ (5 y), without loss, by Grok 10.
    let bytes = include_bytes!("high_throughput.j2k");
    let image = Image::read(bytes).expect("an image");
    assert_eq!((image.reader(), levels(&image)), (Reader::OpenJpeg, vec![(24, 16)]));
    let window = Rect::new(3, 2, 17, 11);
    let raster = image.decode::<u8>(&mut WindowDecoder::default(), bytes, 1, 0, window);
    let expected: Vec<u8> = (2..13u8).flat_map(|y| (3..20u8).map(move |x| (9 * x) ^ (5 * y))).collect();
    assert_eq!(raster.expect("decoded").pixels, expected);
}

#[test]
fn one_tile_may_have_fewer_levels_than_the_main_header_tells() {
    let sample = openjpeg::sample::Sample { levels: 3, ..Default::default() };
    let mut codestream = sample.codestream();
    assert_eq!(levels(&Image::read(&codestream).expect("an image")).len(), 4);
    // COD of the tile, with one level.
    let start = codestream.windows(4).position(|bytes| bytes == [0xff, 0x90, 0, 10]).expect("SOT");
    let cod = [0xff, 0x52, 0, 12, 0, 0, 0, 1, 1, 1, 2, 2, 0, 1];
    codestream.splice(start + 12..start + 12, cod);
    codestream[start + 6..start + 10].fill(0);
    assert_eq!(levels(&Image::read(&codestream).expect("an image")), [(300, 200), (150, 100)]);
}

#[test]
fn components_without_number_are_refused() {
    let bytes = |count| headers::bytes([9, 9, 0, 0], [9, 9, 0, 0], &vec![[7, 1, 1]; count]);
    let error = Image::read(&bytes(MAX_COMPONENTS + 1)).err();
    assert!(matches!(error, Some(MasterError::Unsupported(_))), "{error:?}");
}

#[test]
fn pieces_are_what_a_viewer_wants() {
    let piece = |tile: u32| {
        let image = image([5000, 5000, 0, 0], [tile, tile, 0, 0], &[[7, 1, 1]; 3]);
        image.description().levels.iter().map(|level| level.tile.width).collect::<Vec<_>>()
    };
    assert_eq!(piece(5000), [512, 512, 512], "untiled");
    assert_eq!(piece(256), [256, 128, 64]);
    assert_eq!(piece(1024), [512, 512, 256]);
    assert_eq!(piece(1000), [500, 500, 250]);
    assert_eq!(piece(999), [512, 500, 250]);
}
