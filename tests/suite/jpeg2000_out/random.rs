//! Any picture with any settings, drawn from a seed: the file is the same however it came to be, and each window of each
//! level is that of the whole.

use std::fs;

use recto::convert::jp2::Settings;
use recto::format::jp2::Image;
use recto::picture::{Channels, Depth, Rect};

use super::{decoded, part, picture, pixels, write};
use crate::judge::{Bench, tone};

/// Numbers that look like chance.
struct Dice(u64);

impl Dice {
    /// From `from` up to before `to`.
    fn throw(&mut self, from: u32, to: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        from + (self.0 >> 40) as u32 % (to - from)
    }
}

fn settings(dice: &mut Dice) -> Settings {
    let channels = [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba, Channels::Cmyk];
    let (channels, depth) =
        (channels[dice.throw(0, 5) as usize], [Depth::Eight, Depth::Sixteen][dice.throw(0, 2) as usize]);
    let pixels = pixels(dice.throw(1, 180), dice.throw(1, 180), channels, depth);
    let quality = (dice.throw(0, 2) == 1).then(|| dice.throw(1, 101) as u8);
    let tile_side = 16 * dice.throw(1, 9);
    let levels = (dice.throw(0, 2) == 1).then(|| dice.throw(1, 2 + tile_side.ilog2()));
    Settings { tile_side, levels, hands: 1, ..Settings::new(pixels, quality) }
}

#[test]
fn any_picture_is_what_it_was() {
    let (bench, mut dice) = (Bench::new(), Dice(20_261_130));
    for case in 0..40 {
        let settings = settings(&mut dice);
        let (pixels, is_lossless) = (settings.pixels, settings.quality.is_none());
        let picture = picture(pixels, tone);
        let (file, other) = (bench.path("one.jp2"), bench.path("other.jp2"));
        write(&file, settings.clone(), &picture, pixels.size.height);
        let hands = 1 + dice.throw(0, 4) as usize;
        write(&other, Settings { hands, ..settings.clone() }, &picture, dice.throw(1, 200));
        let bytes = fs::read(&file).expect("there");
        assert!(bytes == fs::read(&other).expect("there"), "case {case}, {hands} hands: {settings:?}");
        let levels = Image::read(&bytes).expect("a file").description().levels;
        for (level, size) in levels.iter().map(|level| level.dimensions).enumerate() {
            let [whole, theirs] = decoded(&bytes, pixels.depth, level, Rect::whole(size));
            // Of the 9/7 wavelet, OpenJPEG's area decoder may be a level off: the whole is compared elsewhere.
            assert!(!is_lossless || whole == theirs, "case {case}, level {level}: {settings:?}");
            assert!(!is_lossless || level > 0 || whole == picture, "case {case}: {settings:?}");
            let (x, y) = (dice.throw(0, size.width), dice.throw(0, size.height));
            let window =
                Rect::new(x, y, dice.throw(1, 1 + size.width - x), dice.throw(1, 1 + size.height - y));
            let [have, _] = decoded(&bytes, pixels.depth, level, window);
            assert!(have == part(&whole, window), "case {case}, {window} of level {level}: {settings:?}");
        }
    }
}
