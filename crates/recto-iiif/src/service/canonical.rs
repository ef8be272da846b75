//! The one URL of a derivative (Image API 3.0 section 4.8, 2.1 section 4.7).
//! Made from what was resolved, never from what was written: equal pictures have equal URLs.
//! Asking for a canonical URL resolves to what it was made from.

use super::ImageService;
use crate::bounds::{Bounds, proportional};
use crate::{Derivative, Rect, Rotation, Version};

impl ImageService<'_> {
    /// The canonical part of the URL after the identifier, such as `full/max/0/default.jpg`.
    pub fn canonical(&self, derivative: &Derivative) -> String {
        let size = match self.version {
            Version::V2 => self.size_2(derivative),
            Version::V3 => self.size_3(derivative),
        };
        self.spelled(derivative, &size)
    }

    /// The same part as viewers spell it: parts of an image have their size in numbers, also where it is the largest.
    pub fn customary(&self, derivative: &Derivative) -> String {
        if derivative.region == Rect::whole(self.tiling.image) {
            return self.canonical(derivative);
        }
        let size = match self.version {
            Version::V2 => self.numbers_2(derivative),
            Version::V3 => numbers_3(derivative),
        };
        self.spelled(derivative, &size)
    }

    fn spelled(&self, derivative: &Derivative, size: &str) -> String {
        let Derivative { region, orientation, tilt, quality, format, .. } = derivative;
        let rotation = Rotation::of(*orientation, *tilt);
        let is_whole = *region == Rect::whole(self.tiling.image);
        let region = if is_whole { "full".to_owned() } else { region.to_string() };
        format!("{region}/{size}/{rotation}/{quality}.{format}")
    }

    /// 3.0: `max`, `^max`, `w,h` or `^w,h`, in this order.
    fn size_3(&self, derivative: &Derivative) -> String {
        let (size, region) = (derivative.size, derivative.region.dimensions());
        let bounds = Bounds::new(&self.limits, derivative.orientation, derivative.tilt);
        if size == bounds.maximum(region, false) {
            "max".to_owned()
        } else if size == bounds.maximum(region, true) {
            "^max".to_owned()
        } else {
            numbers_3(derivative)
        }
    }

    /// 2.1: `full`, `w,` where that gives this very height, else `w,h`.
    fn size_2(&self, derivative: &Derivative) -> String {
        let is_full = derivative.size == derivative.region.dimensions();
        if is_full { "full".to_owned() } else { self.numbers_2(derivative) }
    }

    fn numbers_2(&self, derivative: &Derivative) -> String {
        let (size, region) = (derivative.size, derivative.region.dimensions());
        let by_ratio = || proportional(size.width.into(), region.height, region.width);
        let tile = || self.tiling.size_of(derivative.region, |tile| tile.width == size.width);
        if tile().map_or_else(by_ratio, |tile| tile.height.into()) == u64::from(size.height) {
            format!("{},", size.width)
        } else {
            format!("{},{}", size.width, size.height)
        }
    }
}

fn numbers_3(derivative: &Derivative) -> String {
    let (size, region) = (derivative.size, derivative.region.dimensions());
    let sign = if size.width > region.width || size.height > region.height { "^" } else { "" };
    format!("{sign}{},{}", size.width, size.height)
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU32, NonZeroU64};

    use super::*;
    use crate::Version::{V2, V3};
    use crate::{Dimensions, Limits, Offer, Target, Tiling, parse};

    const SIZE: Dimensions = Dimensions::new(1200, 800);

    #[track_caller]
    fn check(rule: &str, version: Version, request: &str, has_colour: bool, expected: &str) {
        check_of(SIZE, rule, version, request, has_colour, expected);
    }

    #[track_caller]
    fn check_of(
        image: Dimensions,
        rule: &str,
        version: Version,
        request: &str,
        has_colour: bool,
        expected: &str,
    ) {
        let limits = Limits {
            max_width: NonZeroU32::new(1000).expect("width"),
            max_height: NonZeroU32::new(900).expect("height"),
            max_area: NonZeroU64::new(1_000_000).expect("area"),
        };
        let (tiling, offer) = (Tiling { image, tile: Dimensions::new(256, 256) }, Offer::default());
        let service = ImageService { version, tiling, has_colour, limits, offer: &offer };
        let resolved = |request: &str| {
            let uri = format!("/iiif/{}/a%2fb/{request}", version.segment());
            let Target::Image { request, .. } = parse(uri.as_bytes()).expect(rule) else { panic!("{rule}") };
            service.resolve(&request).expect(rule)
        };
        let once = |request: &str| service.canonical(&resolved(request));
        assert_eq!(once(request), expected, "{rule}: {request}");
        assert_eq!(once(expected), expected, "{rule}: canonical of canonical");
        let customary = service.customary(&resolved(request));
        assert_eq!(resolved(&customary), resolved(request), "{rule}: {customary}");
        assert_eq!(service.customary(&resolved(&customary)), customary, "{rule}: customary of customary");
    }

    #[test]
    fn canonical_3() {
        for (rule, request, expected) in [
            ("CANON-01..16", "full/max/0/default.jpg", "full/max/0/default.jpg"),
            ("CANON-01..16", "0,0,1200,800/600,/0/default.jpg", "full/600,400/0/default.jpg"),
            ("CANON-01..16", "0,0,9999,9999/600,/0/default.jpg", "full/600,400/0/default.jpg"),
            ("CANON-01..16", "pct:0,0,100,100/,400/0/default.jpg", "full/600,400/0/default.jpg"),
            ("CANON-01..16", "square/max/0/default.png", "200,0,800,800/max/0/default.png"),
            ("CANON-01..16", "100,100,50,70/50,70/0/default.jpg", "100,100,50,70/max/0/default.jpg"),
            ("CANON-01..16", "100,100,50,70/pct:100/0/default.jpg", "100,100,50,70/max/0/default.jpg"),
            ("CANON-01..16", "full/1000,667/0/default.jpg", "full/max/0/default.jpg"),
            ("CANON-01..16", "full/!300,300/0/default.jpg", "full/300,200/0/default.jpg"),
            ("CANON-01..16", "full/pct:33.333/0/default.jpg", "full/400,267/0/default.jpg"),
            ("CANON-01..16", "0,0,10,10/^max/0/default.jpg", "0,0,10,10/^max/0/default.jpg"),
            ("CANON-01..16", "0,0,10,10/^900,/0/default.jpg", "0,0,10,10/^max/0/default.jpg"),
            ("CANON-01..16", "full/^max/0/default.jpg", "full/max/0/default.jpg"),
            ("CANON-01..16", "0,0,10,10/^pct:200/0/default.jpg", "0,0,10,10/^20,20/0/default.jpg"),
            ("CANON-01..16", "0,0,10,10/^5,20/0/default.jpg", "0,0,10,10/^5,20/0/default.jpg"),
            ("CANON-01..16", "0,0,10,10/^5,/0/default.jpg", "0,0,10,10/5,5/0/default.jpg"),
            ("CANON-01..16", "full/max/90.0/default.jpg", "full/max/90/default.jpg"),
            ("CANON-01..16", "full/max/22.50/default.png", "full/max/22.5/default.png"),
            ("CANON-01..16", "full/100,/!359.10/default.png", "full/100,67/!359.1/default.png"),
            ("CANON-01..16", "full/max/!360/default.jpg", "full/max/!0/default.jpg"),
            ("CANON-01..16", "full/max/0/color.jpg", "full/max/0/default.jpg"),
            ("CANON-01..16", "full/max/0/gray.jpg", "full/max/0/gray.jpg"),
            ("CANON-01..16", "full/900,600/90/default.jpg", "full/max/90/default.jpg"),
            ("URI-01..06", "full/%5E%6Dax/%21%390/d%65fault.jpg", "full/max/!90/default.jpg"),
        ] {
            check(rule, V3, request, true, expected);
        }
        check("CANON-01..16", V3, "full/max/0/gray.jpg", false, "full/max/0/default.jpg");
    }

    #[test]
    fn canonical_2() {
        for (rule, request, expected) in [
            ("CANON-01..16", "full/max/0/default.jpg", "full/1000,/0/default.jpg"),
            ("CANON-01..16", "0,0,1200,800/600,400/0/default.jpg", "full/600,/0/default.jpg"),
            ("CANON-01..16", "0,0,99,99/99,99/0/default.jpg", "0,0,99,99/full/0/default.jpg"),
            ("CANON-01..16", "0,0,99,99/max/0/default.jpg", "0,0,99,99/full/0/default.jpg"),
            ("CANON-01..16", "full/600,399/0/default.jpg", "full/600,399/0/default.jpg"),
            ("CANON-01..16", "0,0,400,600/,100/0/default.jpg", "0,0,400,600/67,100/0/default.jpg"),
            ("CANON-01..16", "full/!300,300/0/color.jpg", "full/300,/0/default.jpg"),
            ("CANON-01..16", "0,0,10,10/200,/0/bitonal.png", "0,0,10,10/200,/0/bitonal.png"),
            ("CANON-01..16", "full/pct:50/!0.00/default.jpg", "full/600,/!0/default.jpg"),
        ] {
            check(rule, V2, request, true, expected);
        }
    }

    #[test]
    fn tiles_of_2_by_their_width() {
        let image = Dimensions::new(1203, 803);
        for (request, expected) in [
            // A tile of a quarter; by the ratio of its region it would have 202 rows, a third picture.
            ("1024,0,179,803/45,201/0/default.jpg", "1024,0,179,803/45,/0/default.jpg"),
            ("1024,0,179,803/45,/0/default.jpg", "1024,0,179,803/45,/0/default.jpg"),
            ("1024,0,179,803/,201/0/default.jpg", "1024,0,179,803/45,/0/default.jpg"),
            ("1024,0,179,803/45,202/0/default.jpg", "1024,0,179,803/45,202/0/default.jpg"),
            ("1024,0,179,802/45,/0/default.jpg", "1024,0,179,802/45,/0/default.jpg"),
        ] {
            check_of(image, "CANON-01..16", V2, request, true, expected);
        }
        check_of(
            image,
            "CANON-01..16",
            V3,
            "1024,0,179,803/45,/0/default.jpg",
            true,
            "1024,0,179,803/45,202/0/default.jpg",
        );
    }

    #[test]
    fn viewers_ask_for_parts_by_numbers() {
        let tiling = Tiling { image: Dimensions::new(1200, 800), tile: Dimensions::new(256, 256) };
        let side = NonZeroU32::new(2000).expect("a side");
        let limits = Limits { max_width: side, max_height: side, max_area: NonZeroU64::MAX };
        let offer = Offer::default();
        for (version, asked, expected) in [
            (V3, "100,100,50,70/max/0/default.jpg", "100,100,50,70/50,70/0/default.jpg"),
            (V3, "0,0,10,10/^20,/00/color.jpg", "0,0,10,10/^20,20/0/default.jpg"),
            (V3, "0,0,1200,800/300,/360/default.jpg", "full/300,200/0/default.jpg"),
            (V3, "full/1200,800/0/default.jpg", "full/max/0/default.jpg"),
            (V2, "0,0,512,512/512,512/0/default.jpg", "0,0,512,512/512,/0/default.jpg"),
            (V2, "0,0,512,512/full/0/default.jpg", "0,0,512,512/512,/0/default.jpg"),
            (V2, "full/max/0/default.jpg", "full/full/0/default.jpg"),
        ] {
            let uri = format!("/iiif/{}/a/{asked}", version.segment());
            let Target::Image { request, .. } = parse(uri.as_bytes()).expect(asked) else {
                panic!("{asked}")
            };
            let service = ImageService { version, tiling, has_colour: true, limits, offer: &offer };
            let derivative = service.resolve(&request).expect(asked);
            assert_eq!(service.customary(&derivative), expected, "{asked}");
        }
    }
}
