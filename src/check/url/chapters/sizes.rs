//! The size parameter.

use recto_iiif::Version;

use super::super::asker::{must, untried};
use super::super::examination::Examination;
use super::super::service::Service;
use super::{SCALED, Sample, same};
use crate::picture::Dimensions;

/// Tries the rules of this chapter.
pub(super) fn chapter(examination: &mut Examination, service: &Service, sample: &Sample) {
    whole(examination, service);
    if service.offers("sizeByW") {
        one_side(examination, service);
    }
    if service.offers("regionByPx") {
        of_the_sample(examination, service, sample);
        larger(examination, service, sample);
    }
}

fn ratio(side: u32, numerator: u32, denominator: u32) -> u32 {
    let exact = u64::from(side) * u64::from(numerator) / u64::from(denominator.max(1));
    u32::try_from(exact).unwrap_or(u32::MAX).max(1)
}

/// The whole image, as large as the limits let it be.
fn whole(examination: &mut Examination, service: &Service) {
    let path = format!("full/{}/0/default.jpg", service.own_size());
    let says = "the whole image comes in its own size, or as large as the limits allow";
    examination.must("size", "4.2", says, |asker| {
        if service.allows(service.image) {
            return asker.sized(&path, service.image).map(drop);
        }
        // In 2.1 `full` is not there then.
        if service.version == Version::V2 {
            return untried("info.json has limits below the full size");
        }
        if service.limits.2.or(service.limits.0).is_none_or(|limit| limit > 16_000_000) {
            return untried("the limits allow more than is good to ask for");
        }
        let came = asker.picture(&path)?.size();
        must(service.allows(came), || format!("{came} came, which is above the limits of info.json"))
    });
}

/// `w,` and `,h`: the side that is named is exact.
fn one_side(examination: &mut Examination, service: &Service) {
    let Dimensions { width, height } = service.image;
    let (wide, high) = (width.min(151), height.min(97));
    let by_width = Dimensions::new(wide, ratio(wide, height, width));
    let by_height = Dimensions::new(ratio(high, width, height), high);
    let tells = "comes with exactly this side, the other in the ratio of the image";
    examination.must("size", "4.2", &format!("{wide}, {tells}"), |asker| {
        asker.near(&format!("full/{wide},/0/default.jpg"), by_width, (0, 1)).map(drop)
    });
    examination.must("size", "4.2", &format!(",{high} {tells}"), |asker| {
        asker.near(&format!("full/,{high}/0/default.jpg"), by_height, (1, 0)).map(drop)
    });
}

/// The other forms, on a part that is cheap.
fn of_the_sample(examination: &mut Examination, service: &Service, sample: &Sample) {
    let Dimensions { width, height } = sample.size();
    if width < 8 || height < 8 {
        return;
    }
    let look = format!("default.{}", sample.format);
    if service.offers("sizeByPct") {
        let half = Dimensions::new(width / 2, height / 2);
        examination.must("size", "4.2", "pct:50 is half of the region, and shows it", |asker| {
            let came = asker.near(&sample.url("pct:50", "0", &look), half, (1, 1))?;
            let expected = sample.picture(asker)?.reduced(2);
            match came.size() == expected.size() {
                true => same(&came, &expected, SCALED),
                false => Ok(()),
            }
        });
    }
    if service.offers("sizeByWh") || service.offers("sizeByDistortedWh") {
        let (wide, high) = (width / 2, height - 1);
        let says = "w,h comes with exactly these sides, whatever the ratio of the region";
        examination.must("size", "4.2", says, |asker| {
            let path = sample.url(&format!("{wide},{high}"), "0", &look);
            asker.sized(&path, Dimensions::new(wide, high)).map(drop)
        });
    }
    if service.offers("sizeByConfinedWh") {
        let (wide, high) = (width / 2, ratio(width / 2, height, width));
        let says = "!w,h is as large as fits into the box, in the ratio of the region";
        examination.must("size", "4.2", says, |asker| {
            let path = sample.url(&format!("!{wide},{height}"), "0", &look);
            asker.near(&path, Dimensions::new(wide, high), (0, 1)).map(drop)
        });
    }
}

/// Sizes above that of the region.
fn larger(examination: &mut Examination, service: &Service, sample: &Sample) {
    let Dimensions { width, height } = sample.size();
    let twice = Dimensions::new(width * 2, height * 2);
    let look = format!("default.{}", sample.format);
    let exact = format!("{},{}", twice.width, twice.height);
    match service.version {
        Version::V3 => {
            let says = "a size above that of the region is refused with 400 unless it begins with ^";
            examination
                .should("size", "4.2", says, |asker| asker.refused(&sample.url(&exact, "0", &look), &[400]));
            let grown = sample.url(&format!("^{exact}"), "0", &look);
            match service.offers("sizeUpscaling") {
                true => examination.must("size", "4.2", "^w,h enlarges to exactly this size", |asker| {
                    if !service.allows(twice) {
                        return untried(format!("{twice} is above the limits"));
                    }
                    asker.sized(&grown, twice).map(drop)
                }),
                false => examination.should(
                    "size",
                    "4.2",
                    "^ that is not offered is refused with 501 or 400",
                    |asker| asker.refused(&grown, &[501, 400]),
                ),
            }
        }
        Version::V2 => {
            let says = match service.offers("sizeAboveFull") {
                true => "sizes above that of the region are exact (sizeAboveFull)",
                false => "a size above that of the region is exact, or refused",
            };
            examination.must("size", "4.2", says, |asker| {
                let path = sample.url(&format!("{},", twice.width), "0", &look);
                if !service.offers("sizeAboveFull") && asker.get(&path)?.status != 200 {
                    return Ok(());
                }
                asker.near(&path, twice, (0, 1)).map(drop)
            });
        }
    }
}
