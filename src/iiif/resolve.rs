//! From what the client wrote to pixels: the last place where the client can be wrong (Image API section 4).
//! Pure arithmetic on the request, the size of the image and the limits; nothing is allocated.
//! What leaves here lies within the image and within the limits.

use super::bounds::{Bounds, proportional};
use super::{Decimal, Format, ImageRequest, Offer, Quality, Size, SizeForm, Tiling, Version};
use crate::config::Limits;
use crate::error::Error;
use crate::geometry::{Dimensions, Orientation, Rect};

/// An image request in pixels. Carried out in the order of its fields (section 4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resolved {
    /// The part of the image as it is shown. Never empty, never beyond the image.
    pub region: Rect,
    /// The size to which that part is scaled, before it is turned. Both sides are at least 1.
    pub size: Dimensions,
    /// The mirror and the quarter turns.
    pub orientation: Orientation,
    /// The degrees by which it is turned beyond them, clockwise; less than 90. The corners that this adds are empty.
    pub tilt: Decimal,
    /// The colours. Never [`Quality::Color`], nor [`Quality::Gray`] of a gray image: both are the default there.
    pub quality: Quality,
    /// The file format, one of [`Offer::formats`].
    pub format: Format,
}

impl Resolved {
    /// The size of the answer: of the canvas that holds the scaled picture once it is turned (section 4.3).
    pub fn canvas(&self) -> Dimensions {
        self.orientation.apply_to_size(self.size).tilted(self.tilt.to_f64())
    }
}

/// What `request` means on an image in these tiles, as it is shown, with this offer and under these limits: those of
/// info.json, and those of the format.
///
/// # Errors
/// [`Error::Request`] for a region without pixels, a size of less than one pixel, above the limits, or above the
/// region without leave to enlarge; for an angle, a quality or a format that is not offered.
/// [`Error::NotImplemented`] for a mirror or an enlargement that is not offered.
pub fn resolve(
    request: &ImageRequest,
    version: Version,
    tiling: Tiling,
    limits: &Limits,
    offer: &Offer,
    has_colour: bool,
) -> Result<Resolved, Error> {
    let region = request.region.locate(tiling.image)?;
    let (orientation, tilt) = request.rotation.turn(offer)?;
    let bounds = Bounds::new(limits, orientation, tilt);
    // 2.1 has no sign for it: "the image server MAY support scaling above the full size" (`sizeAboveFull`).
    let may_enlarge = request.size.upscaling || (version == Version::V2 && offer.upscaling);
    let rules = Rules { version, may_enlarge, larger_boxes: offer.larger_boxes, bounds };
    let size = rules.scaled(as_tile(request.size, version, tiling, region), region.dimensions())?;
    if (size.width > region.width || size.height > region.height) && !offer.upscaling {
        let sign = "nothing is enlarged here, though the request for it is well formed";
        return Err(Error::NotImplemented(format!("size: \"{}\": {sign}", request.size)));
    }
    Ok(Resolved {
        region,
        size,
        orientation,
        tilt,
        quality: offer.quality(request.quality)?.normal(has_colour),
        format: offer.format(request.format)?,
    })
}

/// `w,` and `,h` of 2.1 for a tile of info.json: the very size of the tile (2.1 section 4.2; implementation notes). Viewers
/// ask so, for it is the canonical form, and put what comes beside tiles that no edge cut. By the ratio of a tile that an
/// edge did cut, whose named side is rounded up, it may have a row too many, or hundreds, or none.
fn as_tile(size: Size, version: Version, tiling: Tiling, region: Rect) -> Size {
    let tile = match (version, size.form) {
        (Version::V2, SizeForm::Width(width)) => {
            tiling.size_of(region, |tile| u64::from(tile.width) == width)
        }
        (Version::V2, SizeForm::Height(height)) => {
            tiling.size_of(region, |tile| u64::from(tile.height) == height)
        }
        _ => None,
    };
    tile.map_or(size, |tile| Size { form: SizeForm::Exact(tile.width.into(), tile.height.into()), ..size })
}

/// What decides, beside the region, what a size means.
struct Rules {
    version: Version,
    may_enlarge: bool,
    larger_boxes: bool,
    bounds: Bounds,
}

impl Rules {
    /// The size in pixels that a size parameter gives a region (section 4.2).
    fn scaled(&self, size: Size, region: Dimensions) -> Result<Dimensions, Error> {
        let (width, height) = match size.form {
            // In 2.1 as well the largest size "available": pixels that the region does not have are not available.
            SizeForm::Max => return Ok(self.bounds.maximum(region, size.upscaling)),
            SizeForm::Confined(width, height) => return self.confined(size, (width, height), region),
            SizeForm::Full => (region.width.into(), region.height.into()),
            SizeForm::Width(width) => (width, proportional(width, region.height, region.width)),
            SizeForm::Height(height) => (proportional(height, region.width, region.height), height),
            SizeForm::Percent(percent) if percent.exceeds(100) && !self.may_enlarge => {
                return Err(enlarges(size, self.version, region));
            }
            SizeForm::Percent(percent) => {
                (percent.percent_of(region.width), percent.percent_of(region.height))
            }
            SizeForm::Exact(width, height) => (width, height),
        };
        if width == 0 || height == 0 {
            return Err(vanishes(size, region));
        }
        // Above the limits first: there, leave to enlarge would be of no use.
        let admitted = self.bounds.admit(width, height).ok_or_else(|| {
            let rule = "is above maxWidth, maxHeight or maxArea of info.json, or above what a file of this format \
                        may have here; max is the largest size";
            Error::request("size", format!("\"{size}\" of a region of {region} pixels {rule}"))
        })?;
        match !self.may_enlarge && (width > region.width.into() || height > region.height.into()) {
            true => Err(enlarges(size, self.version, region)),
            false => Ok(admitted),
        }
    }

    /// `!w,h`: the limits bind it as the box does, so they make it smaller, not wrong (section 4.2).
    fn confined(
        &self,
        size: Size,
        (width, height): (u64, u64),
        region: Dimensions,
    ) -> Result<Dimensions, Error> {
        if width == 0 || height == 0 {
            return Err(vanishes(size, region));
        }
        // A box may be longer than the region on one side, where the other one binds. One that is longer on both asks
        // for an enlargement: the table of section 4.2 would return the region's size, the paragraph after it and the
        // official validator want a 400; the configuration decides. 2.1 promises no more than the best fit.
        let is_larger = width > region.width.into() && height > region.height.into();
        if is_larger && !self.may_enlarge && !self.larger_boxes && self.version == Version::V3 {
            return Err(enlarges(size, self.version, region));
        }
        let within = self.bounds.and(width, height);
        let own = |bounds: Bounds| bounds.and(region.width.into(), region.height.into());
        let size_in_box = if self.may_enlarge { within } else { own(within) }.largest(region);
        if size_in_box.area() == 0 { Err(vanishes(size, region)) } else { Ok(size_in_box) }
    }
}

/// A side that is zero, or rounds to it. "The pixel dimensions of the scaled region MUST NOT be less than 1 pixel",
/// and requests for such are errors (3.0 section 4.2; 2.1 has the same of a side that is zero). Drawing one pixel
/// instead would break the ratio that the form promises; `w,h` asks for it by name, and `max` always finds a size.
fn vanishes(size: Size, region: Dimensions) -> Error {
    Error::request(
        "size",
        format!("\"{size}\" of a region of {region} pixels is less than one pixel wide or high"),
    )
}

/// Larger than the region, without leave (3.0 section 4.2).
fn enlarges(size: Size, version: Version, region: Dimensions) -> Error {
    let rule = match version {
        Version::V3 => "is larger than it; a size that may enlarge starts with ^",
        Version::V2 => "is larger than it; nothing is enlarged here",
    };
    Error::request("size", format!("\"{size}\" of a region of {region} pixels {rule}"))
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU32, NonZeroU64};

    use super::Version::{V2, V3};
    use super::*;
    use crate::iiif::{Region, Rotation};

    fn limits(width: u32, height: u32, area: u64) -> Limits {
        Limits {
            max_width: NonZeroU32::new(width).expect("width"),
            max_height: NonZeroU32::new(height).expect("height"),
            max_area: NonZeroU64::new(area).expect("area"),
        }
    }

    /// An image in tiles of 256.
    fn tiling(width: u32, height: u32) -> Tiling {
        Tiling { image: Dimensions::new(width, height), tile: Dimensions::new(256, 256) }
    }

    /// Resolves `region/size/rotation` and compares the size; nothing means a 400.
    #[track_caller]
    fn check(rule: &str, version: Version, path: &str, limits: &Limits, expected: Option<(u32, u32)>) {
        let parts: Vec<&str> = path.split('/').collect();
        let request = ImageRequest {
            region: Region::parse(parts[0]).expect(rule),
            size: Size::parse(parts[1], version).expect(rule),
            rotation: Rotation::parse(parts.get(2).copied().unwrap_or("0")).expect(rule),
            quality: Quality::Default,
            format: Format::Jpg,
        };
        match (resolve(&request, version, tiling(600, 400), limits, &Offer::default(), true), expected) {
            (Ok(resolved), Some((width, height))) => {
                assert_eq!(resolved.size, Dimensions::new(width, height), "{rule}: {path}");
            }
            (Err(error), None) => {
                assert_eq!(error.status(), 400, "{rule}: {path}: {error}");
                assert!(error.to_string().starts_with("size: "), "{rule}: {path}: {error}");
            }
            (outcome, _) => panic!("{rule}: {path}: {outcome:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn sizes_of_both_versions() {
        let free = limits(16_384, 16_384, 32_000_000);
        for (rule, path, expected) in [
            ("SIZE-01..03", "full/max", Some((600, 400))),
            ("SIZE-01..03", "100,100,50,70/max", Some((50, 70))),
            ("SIZE-01..03", "500,300,200,200/max", Some((100, 100))),
            ("SIZE-04..09", "full/150,", Some((150, 100))),
            ("SIZE-04..09", "full/200,", Some((200, 133))),
            ("SIZE-04..09", "0,0,453,100/453,", Some((453, 100))),
            ("SIZE-04..09", "full/,150", Some((225, 150))),
            ("SIZE-04..09", "full/,101", Some((152, 101))),
            ("SIZE-10..14", "full/pct:50", Some((300, 200))),
            ("SIZE-10..14", "full/pct:33.333", Some((200, 133))),
            ("SIZE-10..14", "full/pct:100", Some((600, 400))),
            ("SIZE-10..14", "0,0,3,3/pct:50", Some((2, 2))),
            ("SIZE-15..19", "full/225,100", Some((225, 100))),
            ("SIZE-15..19", "full/1,1", Some((1, 1))),
            ("SIZE-20..23", "full/!225,100", Some((150, 100))),
            ("SIZE-20..23", "full/!100,300", Some((100, 67))),
            ("SIZE-20..23", "full/!600,400", Some((600, 400))),
            ("SIZE-20..23", "full/!1,1", Some((1, 1))),
            ("SIZE-24", "full/!200,1000", Some((200, 133))),
            ("SIZE-24", "full/!1000,200", Some((300, 200))),
            ("SIZE-30..35", "full/0,", None),
            ("SIZE-30..35", "full/,0", None),
            ("SIZE-30..35", "full/0,0", None),
            ("SIZE-30..35", "full/!0,100", None),
            ("SIZE-30..35", "full/pct:0", None),
            ("SIZE-30..35", "full/pct:0.01", None),
            ("SIZE-30..35", "0,0,600,1/100,", None),
            ("SIZE-30..35", "0,0,600,1/!100,100", None),
            ("THIN", "0,0,600,1/300,", Some((300, 1))),
            ("THIN", "0,0,600,1/100,1", Some((100, 1))),
            ("SIZE-65..67", "full/99999999999999999999,1", None),
            ("SIZE-65..67", "full/pct:999999999999999999999999", None),
            ("SIZE-65..67", "full/,4294967296", None),
        ] {
            check(rule, V3, path, &free, expected);
            check(rule, V2, path, &free, expected);
        }
    }

    #[test]
    fn enlarging() {
        let free = limits(16_384, 16_384, 32_000_000);
        for (rule, path, plain, signed) in [
            ("IMG3-SIZE-70..75", "full/601,", None, Some((601, 401))),
            ("IMG3-SIZE-70..75", "full/,401", None, Some((602, 401))),
            ("IMG3-SIZE-70..75", "full/601,400", None, Some((601, 400))),
            ("IMG3-SIZE-70..75", "full/100,401", None, Some((100, 401))),
            ("IMG3-SIZE-70..75", "full/pct:120", None, Some((720, 480))),
            ("IMG3-SIZE-70..75", "full/pct:100.0000000001", None, Some((600, 400))),
            ("SIZE-24", "full/!1200,1300", None, Some((1200, 800))),
            ("IMG3-SIZE-80..85", "full/!1200,400", Some((600, 400)), Some((600, 400))),
            ("IMG3-SIZE-87..89", "full/300,", Some((300, 200)), Some((300, 200))),
            ("IMG3-SIZE-87..89", "full/300,100", Some((300, 100)), Some((300, 100))),
            ("IMG3-SIZE-87..89", "full/!300,300", Some((300, 200)), Some((300, 200))),
            ("IMG3-SIZE-90", "0,0,1,1/100,", None, Some((100, 100))),
        ] {
            check(rule, V3, path, &free, plain);
            check(rule, V3, &path.replace('/', "/^"), &free, signed);
            // 2.1 enlarges without a sign: `sizeAboveFull`.
            check("IMG2-SIZE-80..83", V2, path, &free, signed);
        }
        check("IMG3-SIZE-86", V3, "full/^max", &free, Some((6928, 4618)));
        check("SIZE-01..03", V2, "full/full", &free, Some((600, 400)));
        check("SIZE-01..03", V2, "100,100,50,70/full", &free, Some((50, 70)));
    }

    #[test]
    fn limits_bind() {
        let small = limits(300, 150, 30_000);
        for (rule, path, expected) in [
            ("LIMIT-01", "full/max", Some((212, 141))),
            ("LIMIT-01", "0,0,600,100/max", Some((300, 50))),
            ("LIMIT-01", "0,0,100,400/max", Some((38, 150))),
            ("LIMIT-02..03", "full/301,10", None),
            ("LIMIT-02..03", "full/10,151", None),
            ("LIMIT-02..03", "full/300,150", None),
            ("LIMIT-02..03", "full/200,150", Some((200, 150))),
            ("LIMIT-02..03", "full/pct:50", None),
            ("LIMIT-04", "full/!600,400", Some((212, 141))),
            ("LIMIT-04", "full/!300,100", Some((150, 100))),
            // Turned by a quarter, 300 wide would be 300 high.
            ("LIMIT-02..03", "full/160,100/90", None),
            ("LIMIT-01", "0,0,600,100/max/270", Some((150, 25))),
            ("LIMIT-04", "full/!300,100/90", Some((150, 100))),
            ("LIMIT-02..03", "full/160,100/180", Some((160, 100))),
        ] {
            check(rule, V3, path, &small, expected);
            check(rule, V2, path, &small, expected);
        }
        check("LIMIT-05", V3, "full/^pct:60", &small, None);
        check("LIMIT-05", V3, "0,0,10,10/^301,", &small, None);
        check("IMG3-SIZE-86", V3, "0,0,10,10/^max", &small, Some((150, 150)));
        check("LIMIT-02..03", V2, "full/full", &small, None);
    }

    #[test]
    fn colours_and_turns_are_put_in_normal_form() {
        let request = |quality, format, rotation| ImageRequest {
            region: Region::Square,
            size: Size { upscaling: false, form: SizeForm::Max },
            rotation: Rotation::parse(rotation).expect("rotation"),
            quality,
            format,
        };
        let free = limits(16_384, 16_384, 32_000_000);
        let resolved =
            |asked, colour| resolve(&asked, V3, tiling(600, 400), &free, &Offer::default(), colour);
        let gray = resolved(request(Quality::Color, Format::Png, "!360.0"), false).expect("QUAL-30..32");
        assert_eq!((gray.quality, gray.orientation.to_string().as_str()), (Quality::Default, "!0"));
        assert_eq!(gray.region, Rect::new(100, 0, 400, 400));
        let tilted = resolved(request(Quality::Default, Format::Png, "!135.0"), true).expect("ROT-30..35");
        assert_eq!((tilted.orientation.quarters, tilted.tilt.to_string().as_str()), (1, "45"));
        assert_eq!(tilted.canvas(), Dimensions::new(566, 566));
    }

    #[test]
    fn the_limits_hold_for_the_canvas_of_a_turn() {
        let small = limits(300, 150, 30_000);
        for version in [V2, V3] {
            check("LIMIT-02..03", version, "full/160,100/10", &small, Some((160, 100)));
            check("LIMIT-02..03", version, "full/160,100/45", &small, None);
            check("LIMIT-01", version, "full/max/45", &small, Some((127, 85)));
            check("LIMIT-01", version, "0,0,600,1/max/45", &small, Some((211, 1)));
            check("LIMIT-04", version, "full/!600,400/100.5", &small, Some((136, 91)));
            check("LIMIT-04", version, "full/!100,100/0.5", &small, Some((100, 67)));
        }
    }

    #[test]
    fn an_enlargement_that_is_not_offered() {
        let free = limits(16_384, 16_384, 32_000_000);
        let none = Offer { upscaling: false, ..Offer::default() };
        for (rule, version, size, status) in [
            ("IMG3-SIZE-90", V3, "^601,", 501),
            ("IMG3-SIZE-90", V3, "^pct:101", 501),
            ("IMG3-SIZE-90", V3, "^!900,900", 501),
            ("IMG3-SIZE-86", V3, "^max", 501),
            ("IMG3-SIZE-87..89", V3, "^300,", 200),
            ("IMG3-SIZE-70..75", V3, "601,", 400),
            ("IMG2-SIZE-80..83", V2, "601,", 400),
            ("IMG2-SIZE-80..83", V2, "601,400", 400),
            ("SIZE-24", V2, "!900,900", 200),
            ("SIZE-01..03", V2, "full", 200),
        ] {
            let request = ImageRequest {
                region: Region::Full,
                size: Size::parse(size, version).expect(rule),
                rotation: Rotation::parse("0").expect(rule),
                quality: Quality::Default,
                format: Format::Jpg,
            };
            let resolved = resolve(&request, version, tiling(600, 400), &free, &none, true);
            assert_eq!(resolved.map_or_else(|error| error.status(), |_| 200), status, "{rule}: {size}");
        }
    }

    #[test]
    fn a_size_above_the_limits_is_told_so() {
        let refusal = |width| {
            let form = SizeForm::Width(width);
            let (size, image) = (Size { upscaling: false, form }, Dimensions::new(6000, 4000));
            let bounds =
                Bounds::new(&limits(16_384, 16_384, 1 << 40), Orientation::UPRIGHT, Decimal::default());
            let rules = Rules { version: V3, may_enlarge: false, larger_boxes: false, bounds };
            rules.scaled(size, image).expect_err("too large").to_string()
        };
        assert!(refusal(20_000).contains("maxWidth") && !refusal(20_000).contains('^'));
        assert!(refusal(7000).contains("starts with ^"));
    }

    #[test]
    fn tiles_of_version_2_have_the_size_of_their_row_and_column() {
        let free = limits(16_384, 16_384, 32_000_000);
        let size = |version, (width, height), region: &str, size: &str| {
            let request = ImageRequest {
                region: Region::parse(region).expect(region),
                size: Size::parse(size, version).expect(size),
                rotation: Rotation::parse("0").expect("0"),
                quality: Quality::Default,
                format: Format::Jpg,
            };
            let resolved = resolve(&request, version, tiling(width, height), &free, &Offer::default(), true);
            resolved.ok().map(|resolved| (resolved.size.width, resolved.size.height))
        };
        for (image, region, asked, expected, by_ratio) in [
            ((5049, 4097), "4096,1024,953,1024", "239,", (239, 256), Some((239, 257))),
            ((5049, 4097), "0,4096,1024,1", "256,", (256, 1), None),
            ((4097, 4097), "4096,0,1,1024", "1,", (1, 256), Some((1, 1024))),
            ((4097, 4097), "4096,0,1,1024", ",256", (1, 256), None),
            ((4097, 9), "full", "129,", (129, 1), None),
            ((4097, 9), "full", ",1", (129, 1), Some((455, 1))),
        ] {
            assert_eq!(size(V2, image, region, asked), Some(expected), "{image:?}/{region}/{asked}");
            assert_eq!(size(V3, image, region, asked), by_ratio, "3.0: {image:?}/{region}/{asked}");
        }
        // No tile: the ratio is kept, and there must be something of it.
        assert_eq!(size(V2, (5049, 4097), "4096,1024,953,1000", "239,"), Some((239, 251)));
        assert_eq!(size(V2, (5049, 4097), "1,4096,1024,1", "256,"), None);
    }

    #[test]
    fn larger_boxes_are_refused_or_not() {
        let free = limits(16_384, 16_384, 32_000_000);
        let lenient = Offer { larger_boxes: true, ..Offer::default() };
        for (path, expected) in [
            ("!1200,1300", (600, 400)),
            ("!601,401", (600, 400)),
            ("!300,1300", (300, 200)),
            ("^!900,900", (900, 600)),
        ] {
            let request = ImageRequest {
                region: Region::Full,
                size: Size::parse(path, V3).expect(path),
                rotation: Rotation::parse("0").expect("0"),
                quality: Quality::Default,
                format: Format::Jpg,
            };
            let size = |limits: &Limits| {
                resolve(&request, V3, tiling(600, 400), limits, &lenient, true).expect(path).size
            };
            assert_eq!(size(&free), Dimensions::new(expected.0, expected.1), "SIZE-24: {path}");
            assert!(size(&limits(300, 150, 30_000)).area() <= 30_000, "LIMIT-04: {path}");
        }
    }
}
