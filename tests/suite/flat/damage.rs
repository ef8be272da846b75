//! What becomes of flat masters that are damaged, or ask for more than there is.

use std::fs;

use recto::error::{Error, MasterError};
use recto::http::{public_message, status};
use recto::master::{Decoder, Master};
use recto::picture::Rect;

use super::{Place, bitmap, decode, picture, png_chunk};

#[test]
fn what_is_cut_is_never_a_picture() {
    let place = Place::new();
    for (operation, from, name, options) in [
        ("jpegsave", "rgb.ppm", "a.jpg", &[][..]),
        ("jpegsave", "rgb.ppm", "progressive.jpg", &["--interlace"]),
        ("pngsave", "rgb.ppm", "a.png", &[]),
        ("pngsave", "gray.pgm", "interlaced.png", &["--interlace"]),
        ("gifsave", "rgb.ppm", "a.gif", &[]),
        ("webpsave", "rgb.ppm", "a.webp", &[]),
        ("webpsave", "rgb.ppm", "lossless.webp", &["--lossless"]),
    ] {
        check_damage(&place, name, &fs::read(place.vips(operation, from, name, options)).unwrap());
    }
    check_damage(&place, "a.bmp", &bitmap(&picture(3), false));
}

/// Cut anywhere it is an error; with other bytes in it, an error or a picture of the size that it declares.
fn check_damage(place: &Place, name: &str, whole: &[u8]) {
    let headers = (0..64).map(|n| n * 11);
    // libvips writes EXIF behind the pixels of a WebP. Of the last 20 bytes of a PNG none is of a pixel: two checksums, and
    // IEND.
    let end = whole.windows(4).rposition(|name| name == b"EXIF").unwrap_or(whole.len());
    let lengths = headers.chain((1..24).map(|n| end * n / 24)).chain([end - 40]);
    for length in lengths.filter(|length| *length < end) {
        let path = place.write("cut", &whole[..length]);
        let window = |master: Master| master.decode::<u8>(&mut Decoder::default(), 0, Rect::new(2, 3, 5, 4));
        assert!(
            decode(&path, 0).is_err() && !Master::open(&path).is_ok_and(|master| window(master).is_ok()),
            "{name} cut to {length} of {} bytes",
            whole.len()
        );
    }
    for place_of_damage in (0..96).chain((1..24).map(|n| whole.len() * n / 24)) {
        for value in [0, 0xff] {
            let mut wrong = whole.to_vec();
            wrong[place_of_damage] = value;
            if let Ok(raster) = decode(&place.write("wrong", &wrong), 0) {
                assert_eq!(raster.pixels.len(), raster.dimensions.area() as usize * raster.channels.count());
            }
        }
    }
}

#[test]
fn bombs_are_refused_by_their_headers() {
    let place = Place::new();
    let refused = |name: &str, bytes: &[u8]| match Master::open(&place.write(name, bytes)) {
        Err(Error::Master(error)) => error,
        _ => panic!("{name} was opened"),
    };
    let header = [&60_000u32.to_be_bytes()[..], &60_000u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let png =
        [&b"\x89PNG\r\n\x1a\n"[..], &png_chunk(b"IHDR", &header), &png_chunk(b"IDAT", &[0; 9])].concat();
    assert!(matches!(refused("bomb.png", &png), MasterError::TooLarge(_)));
    let mut bmp = bitmap(&picture(3), false);
    bmp[18..22].copy_from_slice(&60_000u32.to_le_bytes());
    bmp[22..26].copy_from_slice(&60_000u32.to_le_bytes());
    assert!(matches!(refused("bomb.bmp", &bmp), MasterError::TooLarge(_)));
    let gif = [&b"GIF89a\xff\xff\xff\xff\x80\0\0"[..], &[0; 40]].concat();
    assert!(matches!(refused("bomb.gif", &gif), MasterError::TooLarge(_)));
    let mut jpeg = fs::read(place.vips("jpegsave", "gray.pgm", "a.jpg", &["--Q", "1"])).unwrap();
    let at = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).expect("a frame");
    jpeg[at + 5..at + 9].fill(0xff);
    assert!(matches!(refused("bomb.jpg", &jpeg), MasterError::Damaged(_)), "too short for its size");
    let error = Error::Master(refused("bomb.png", &png));
    assert!(status(&error) == 500 && public_message(&error).contains("too large"));
}
