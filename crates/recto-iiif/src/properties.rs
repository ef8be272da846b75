//! Properties of the grammar and of resolving that hold for every request, shown on random ones.

use std::num::{NonZeroU32, NonZeroU64};

use proptest::prelude::*;

use super::*;

/// Numbers around what matters: small ones, those near the edges of the machine's types, and any.
fn pixels() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..2000_u64,
        any::<u64>(),
        Just(u64::from(u32::MAX)),
        Just(u64::from(u32::MAX) + 1),
        Just(u64::MAX)
    ]
}

fn side() -> impl Strategy<Value = u32> {
    prop_oneof![1..20_u32, 1..3000_u32, 1..=u32::MAX, Just(u32::MAX)]
}

fn decimal() -> BoxedStrategy<Decimal> {
    let text = prop_oneof![
        "[0-9]{1,3}(\\.[0-9]{1,10})?",
        "[0-9]{1,14}\\.[0-9]{1,14}",
        "\\.[0-9]{1,27}",
        "[0-9]{28}"
    ];
    text.prop_map(|text| Decimal::parse(&text).expect("a number")).boxed()
}

/// On the heap, as those below: together they would take more of the stack than threads of tests have.
fn region() -> BoxedStrategy<Region> {
    prop_oneof![
        Just(Region::Full),
        Just(Region::Square),
        (pixels(), pixels(), pixels(), pixels()).prop_map(|(x, y, width, height)| Region::Pixels {
            x,
            y,
            width,
            height
        }),
        (decimal(), decimal(), decimal(), decimal()).prop_map(|(x, y, width, height)| Region::Percent {
            x,
            y,
            width,
            height
        }),
    ]
    .boxed()
}

fn size(version: Version) -> BoxedStrategy<Size> {
    let full = if version == Version::V2 { SizeForm::Full } else { SizeForm::Max };
    let form = prop_oneof![
        Just(full),
        Just(SizeForm::Max),
        pixels().prop_map(SizeForm::Width),
        pixels().prop_map(SizeForm::Height),
        decimal().prop_map(SizeForm::Percent),
        (pixels(), pixels()).prop_map(|(width, height)| SizeForm::Exact(width, height)),
        (pixels(), pixels()).prop_map(|(width, height)| SizeForm::Confined(width, height)),
    ];
    (any::<bool>(), form)
        .prop_map(move |(sign, form)| Size { upscaling: sign && version == Version::V3, form })
        .boxed()
}

fn rotation() -> impl Strategy<Value = Rotation> {
    let degrees = prop_oneof!["0|90|180|270|360", "[0-9]{1,2}\\.[0-9]{1,10}"];
    (any::<bool>(), degrees).prop_map(|(mirrored, degrees)| {
        let degrees = Decimal::parse(&degrees).expect("degrees");
        Rotation { mirrored, degrees }
    })
}

fn request() -> BoxedStrategy<(Version, ImageRequest)> {
    prop_oneof![Just(Version::V2), Just(Version::V3)]
        .prop_flat_map(|version| {
            let quality = proptest::sample::select(Quality::ALL.to_vec());
            let format = proptest::sample::select(Format::ALL.to_vec());
            (region(), size(version), rotation(), quality, format)
                .prop_map(move |(region, size, rotation, quality, format)| {
                    (version, ImageRequest { region, size, rotation, quality, format })
                })
                .boxed()
        })
        .boxed()
}

fn image() -> impl Strategy<Value = Dimensions> {
    (side(), side()).prop_map(|(width, height)| Dimensions::new(width, height))
}

/// An image in tiles so small that random regions are some of them.
fn service(version: Version, image: Dimensions, limits: Limits, offer: &Offer) -> ImageService<'_> {
    let tiling = Tiling { image, tile: Dimensions::new(8, 5) };
    ImageService { version, tiling, has_colour: true, limits, offer }
}

fn limits() -> impl Strategy<Value = Limits> {
    let area = prop_oneof![1..5000_u64, 1..=u64::MAX, Just(u64::MAX)];
    (side(), side(), area).prop_map(|(width, height, area)| Limits {
        max_width: NonZeroU32::new(width).expect("width"),
        max_height: NonZeroU32::new(height).expect("height"),
        max_area: NonZeroU64::new(area).expect("area"),
    })
}

fn parsed(version: Version, path: &str) -> ImageRequest {
    match parse(format!("/iiif/{}/x/{path}", version.segment()).as_bytes()) {
        Ok(Target::Image { request, .. }) => request,
        other => panic!("{path}: {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read_back((version, request) in request()) {
        prop_assert_eq!(parsed(version, &request.to_string()), request);
    }

    #[test]
    fn what_is_resolved_is_within_image_and_limits(
        (version, request) in request(), image in image(), limits in limits(), has_colour in any::<bool>(),
    ) {
        let offer = Offer::default();
        let service = ImageService { has_colour, ..service(version, image, limits, &offer) };
        match service.resolve(&request) {
            Err(error) => prop_assert_eq!(error.status(), 400),
            Ok(resolved) => {
                prop_assert!(resolved.region.width > 0 && resolved.region.height > 0);
                prop_assert!(Rect::whole(image).contains(resolved.region));
                prop_assert!(resolved.size.area() > 0);
                prop_assert!(limits.allow(resolved.size));
                prop_assert!(limits.allow(resolved.canvas()));
                let enlarged = resolved.size.width > resolved.region.width
                    || resolved.size.height > resolved.region.height;
                prop_assert!(!enlarged || request.size.upscaling || version == Version::V2);
            }
        }
    }

    #[test]
    fn the_canonical_form_asks_for_the_same(
        (version, request) in request(), image in image(), limits in limits(), has_colour in any::<bool>(),
    ) {
        let offer = Offer::default();
        let service = ImageService { has_colour, ..service(version, image, limits, &offer) };
        if let Ok(resolved) = service.resolve(&request) {
            let path = service.canonical(&resolved);
            let again = service.resolve(&parsed(version, &path));
            prop_assert_eq!(again.ok(), Some(resolved), "{}", path);
        }
    }

    #[test]
    fn the_maximum_is_always_found_and_close(image in image(), limits in limits(), sign in any::<bool>()) {
        let path = format!("full/{}max/0/default.jpg", if sign { "^" } else { "" });
        let request = parsed(Version::V3, &path);
        let offer = Offer::default();
        let size = service(Version::V3, image, limits, &offer).resolve(&request).expect("max").size;
        // LIMIT-01: with one more pixel on the long side, the exact ratio would pass a limit, or the region.
        let upright = image.height > image.width;
        let lying = |size: Dimensions| if upright { size.transposed() } else { size };
        let most = lying(Dimensions::new(limits.max_width.get(), limits.max_height.get()));
        let (shape, found) = (lying(image), lying(size));
        let [long, area] = [u64::from(found.width) + 1, limits.max_area.get()].map(u128::from);
        let short = long * u128::from(shape.height);
        prop_assert!(
            long > most.width.into()
                || short > u128::from(most.height) * u128::from(shape.width)
                || long.saturating_mul(short) > u128::from(shape.width) * area
                || (found.height == 1 && long > area)
                || (!sign && long > shape.width.into())
        );
    }

    #[test]
    fn any_bytes_are_a_target_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut uri = b"/iiif/3/".to_vec();
        uri.extend(&bytes);
        for uri in [&bytes, &uri] {
            if let Err(error) = parse(uri) {
                prop_assert!(matches!(error.status(), 400 | 404));
            }
        }
    }

    #[test]
    fn any_words_are_a_request_or_an_error(path in "[%2Cc!^0-9.,:/a-z]{0,60}", accept in "[a-z/+;=q\",.0-9* ]{0,60}") {
        let _ = parse(format!("/iiif/3/{path}").as_bytes());
        let _ = parse(format!("/iiif/2/a/{path}").as_bytes());
        let _ = media_type(Version::V3, Some(&accept));
    }

    #[test]
    fn identifiers_lead_back(path in "\\PC{1,30}") {
        if let Ok(identifier) = Identifier::new(path) {
            let uri = format!("{}/info.json", base_uri("/iiif", Version::V3, &identifier));
            prop_assert!(uri.is_ascii());
            let target = parse(uri.as_bytes()).ok();
            prop_assert_eq!(target, Some(Target::Info { version: Version::V3, identifier }));
        }
    }
}
