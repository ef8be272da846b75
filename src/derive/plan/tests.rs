//! What is chosen for requests of every kind.

use std::num::NonZeroU64;

use super::*;
use crate::encode::Jpeg;
use crate::error::{Error, MasterError};
use crate::metadata::Policy;
use crate::passthrough::Tiles;
use crate::picture::{Decimal, Limits, Rect};
use recto_iiif::{Extras, Offer};
use scaling::tests::description;

const WHOLE: Rect = Rect::new(0, 0, 1001, 667);

fn resolved(region: Rect, size: Dimensions, orientation: Orientation) -> Derivative {
    let tilt = Decimal::default();
    Derivative { region, size, orientation, tilt, quality: Quality::Default, format: Format::Png }
}

/// What is set by a test; the rest is as it comes.
#[derive(Default)]
pub(super) struct Set {
    pub(super) offer: Offer,
    pub(super) encodings: Encodings,
    pub(super) colour: Colour,
    pub(super) tiles: Tiles,
    pub(super) carry: [bool; 3],
}

fn planned(resolved: &Derivative, master: &Description, set: &Set) -> Plan {
    Plan::new(resolved, master, |_| Reader::Pieces, &rendering(set))
}

pub(super) fn rendering(set: &Set) -> Rendering {
    let [copyright, exif, xmp] = set.carry;
    Rendering {
        limits: Limits::default(),
        max_source_area: NonZeroU64::MAX,
        memory: u64::MAX,
        offer: set.offer.clone(),
        info: Extras::default(),
        colour: set.colour,
        metadata: Policy { copyright, exif, xmp },
        tiles: set.tiles,
        encodings: set.encodings,
    }
}

#[test]
fn exactly_a_tile_may_be_sent_as_it_is_stored() {
    let mut master = description(1001, 667, 3, true, Orientation::UPRIGHT);
    master.levels.iter_mut().for_each(|level| level.stored_as = Some(StoredAs::Jpeg));
    let jpg = |region, (width, height)| Derivative {
        format: Format::Jpg,
        ..resolved(region, Dimensions::new(width, height), Orientation::UPRIGHT)
    };
    let tile = |request: &Derivative| {
        planned(request, &master, &Set::default())
            .pass_through
            .map(|stored| (stored.tile.column, stored.tile.row))
    };
    let inner = jpg(Rect::new(256, 256, 256, 256), (256, 256));
    assert_eq!(tile(&inner), Some((1, 1)));
    assert_eq!(tile(&jpg(Rect::new(512, 512, 489, 155), (245, 78))), Some((1, 1)), "of the second level");
    assert_eq!(tile(&jpg(Rect::new(0, 0, 1001, 667), (251, 167))), Some((0, 0)), "of the third");
    assert_eq!(tile(&Derivative { quality: Quality::Gray, ..inner }), Some((1, 1)));
    let turn = Orientation { mirrored: true, quarters: 3 };
    assert_eq!(tile(&Derivative { orientation: turn, ..inner }), Some((1, 1)));
    for other in [
        jpg(Rect::new(256, 256, 255, 256), (255, 256)),
        jpg(Rect::new(256, 256, 256, 256), (128, 128)),
        jpg(Rect::new(255, 256, 256, 256), (256, 256)),
        jpg(Rect::new(256, 256, 512, 256), (512, 256)),
        Derivative { format: Format::Webp, ..inner },
        Derivative { quality: Quality::Bitonal, ..inner },
        Derivative { tilt: Decimal::parse("1").expect("a number"), ..inner },
    ] {
        assert_eq!(tile(&other), None, "{other:?}");
    }
    let plain = description(1001, 667, 3, true, Orientation::UPRIGHT);
    assert_eq!(planned(&inner, &plain, &Set::default()).pass_through, None);
    let never = Set { tiles: Tiles { pass_through: 0.0 }, ..Set::default() };
    assert_eq!(planned(&inner, &master, &never).pass_through, None);
}

#[test]
fn colours_are_converted_unless_the_file_can_tell_of_them() {
    let master = description(1001, 667, 1, true, Orientation::UPRIGHT);
    let inks = Description { channels: Channels::Cmyk, ..master.clone() };
    let keep = Colours::WithProfile { longest: 99 };
    let of = |format, quality, master, profile| {
        let request =
            Derivative { format, quality, ..resolved(WHOLE, WHOLE.dimensions(), Orientation::UPRIGHT) };
        let colour = Colour { profile, longest_kept: 99 };
        planned(&request, master, &Set { colour, ..Set::default() }).colours
    };
    assert_eq!(of(Format::Png, Quality::Default, &master, Profile::Srgb), Colours::Srgb);
    assert_eq!(of(Format::Png, Quality::Default, &master, Profile::Strip), Colours::AsStored);
    assert_eq!(of(Format::Png, Quality::Default, &master, Profile::Keep), keep);
    assert_eq!(
        of(Format::Gif, Quality::Default, &master, Profile::Keep),
        Colours::Srgb,
        "it holds no profile"
    );
    assert_eq!(
        of(Format::Png, Quality::Gray, &master, Profile::Keep),
        Colours::Srgb,
        "other colours than those"
    );
    assert_eq!(of(Format::Png, Quality::Default, &inks, Profile::Keep), Colours::Srgb, "no inks are sent");
}

#[test]
fn metadata_goes_with_whole_pictures() {
    let master = description(1001, 667, 1, true, Orientation::UPRIGHT);
    let of = |region: Rect, carry| {
        let request = resolved(region, Dimensions::new(50, 50), Orientation::UPRIGHT);
        let plan = planned(&request, &master, &Set { carry, ..Set::default() });
        plan.metadata.map(|carry| [carry.copyright, carry.exif, carry.xmp])
    };
    assert_eq!(of(WHOLE, [false, true, true]), Some([false, true, true]));
    assert_eq!(of(WHOLE, [false; 3]), None);
    assert_eq!(of(Rect::new(0, 0, 1001, 666), [true; 3]), None);
}

#[test]
fn large_pictures_whose_rows_stay_in_order_are_written_while_they_are_made() {
    let master = description(4000, 3000, 3, true, Orientation::UPRIGHT);
    let whole = Rect::whole(master.dimensions());
    let upright =
        Derivative { format: Format::Jpg, ..resolved(whole, whole.dimensions(), Orientation::UPRIGHT) };
    let mirrored = Orientation { mirrored: true, quarters: 0 };
    let turned = Orientation { mirrored: false, quarters: 2 };
    let jpeg = |progressive, optimize| Encodings {
        jpeg: Jpeg { progressive, optimize, ..Jpeg::default() },
        ..Encodings::default()
    };
    let plain = jpeg(false, false);
    for (request, encodings, expected) in [
        (upright, plain, Some(StreamFormat::Jpeg)),
        (Derivative { format: Format::Png, ..upright }, plain, Some(StreamFormat::Png)),
        (Derivative { orientation: mirrored, ..upright }, plain, Some(StreamFormat::Jpeg)),
        (Derivative { orientation: turned, ..upright }, plain, None),
        (Derivative { tilt: Decimal::parse("1").expect("a number"), ..upright }, plain, None),
        (Derivative { format: Format::Webp, ..upright }, plain, None),
        (Derivative { size: Dimensions::new(1000, 750), ..upright }, plain, None),
        (upright, jpeg(true, false), None),
        (upright, jpeg(false, true), None),
    ] {
        let set = Set { encodings, ..Set::default() };
        assert_eq!(planned(&request, &master, &set).stream, expected, "{request:?} {encodings:?}");
    }
}

#[test]
fn paper_shows_where_a_file_cannot_be_transparent() {
    let master = description(1001, 667, 1, true, Orientation::UPRIGHT);
    let request = resolved(WHOLE, WHOLE.dimensions(), Orientation::UPRIGHT);
    let set = Set { offer: Offer { background: [1, 2, 3], ..Offer::default() }, ..Set::default() };
    let paper = |request: &Derivative| planned(request, &master, &set).paper;
    assert_eq!(paper(&request), None);
    assert_eq!(paper(&Derivative { format: Format::Jpg, ..request }), Some([1, 2, 3]));
    assert_eq!(paper(&Derivative { quality: Quality::Bitonal, ..request }), Some([1, 2, 3]));
}

#[test]
fn what_is_above_the_budget_is_refused_with_a_remedy() {
    let master = description(4000, 4000, 1, false, Orientation::UPRIGHT);
    let request = resolved(Rect::whole(master.dimensions()), Dimensions::new(100, 100), Orientation::UPRIGHT);
    let plan = planned(&request, &master, &Set::default());
    let within = |area, memory| {
        let max_source_area = NonZeroU64::new(area).expect("area");
        plan.within(&Rendering { max_source_area, memory, ..rendering(&Set::default()) })
    };
    assert_eq!(within(16_000_000, u64::MAX).expect("within both"), plan);
    for (area, memory) in [(15_999_999, u64::MAX), (u64::MAX, 1 << 20)] {
        let error = within(area, memory).expect_err("over the budget");
        let Error::Master(MasterError::TooLarge(text)) = error else { panic!("{error}") };
        assert!(text.contains("recto convert"), "{text}");
    }
}
