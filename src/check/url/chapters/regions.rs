//! The region parameter.

use super::super::asker::must;
use super::super::examination::Examination;
use super::super::service::Service;
use super::{SCALED, Sample, same};
use crate::picture::{Dimensions, Rect};

/// Tries the rules of this chapter.
pub(super) fn chapter(examination: &mut Examination, service: &Service, sample: &Sample) {
    if service.offers("regionByPx") {
        pixels(examination, service, sample);
        edges(examination, service, sample);
    }
    if service.offers("regionSquare") {
        square(examination, service);
    }
    if service.offers("regionByPct") && service.offers("sizeByW") {
        percent(examination, service);
    }
}

fn pixels(examination: &mut Examination, service: &Service, sample: &Sample) {
    let own = sample.own;
    let says = format!("a region of {} pixels comes as {}", sample.size(), sample.size());
    examination.must("region", "4.1", &says, |asker| asker.sized(&sample.plain(), sample.size()).map(drop));
    let Rect { x, y, width, height } = sample.region;
    if width > 40 && height > 30 {
        let inner = Rect::new(7, 5, width - 20, height - 11);
        let path =
            format!("{},{},{},{}/{own}/0/default.{}", x + 7, y + 5, inner.width, inner.height, sample.format);
        let says = "a smaller region shows the same pixels as the larger one from which it could be cut";
        examination.must("region", "4.1", says, |asker| {
            let expected = sample.picture(asker)?.part(inner);
            same(&asker.sized(&path, inner.dimensions())?, &expected, sample.tolerance())
        });
    }
    let path = format!("{x},{y},1,1/{own}/0/default.{}", sample.format);
    let says = "a region of one pixel comes as one pixel";
    examination.must("region", "4.1", says, |asker| asker.sized(&path, Dimensions::new(1, 1)).map(drop));
    if service.allows(service.image) {
        let Dimensions { width, height } = service.image;
        let says = "a region that is the whole image is served as full is";
        let path = format!("0,0,{width},{height}/{own}/0/default.jpg");
        examination.must("region", "4.1", says, |asker| asker.sized(&path, service.image).map(drop));
    }
}

fn edges(examination: &mut Examination, service: &Service, sample: &Sample) {
    let Dimensions { width, height } = service.image;
    let (own, format) = (sample.own, sample.format);
    let (wide, high) = (width.min(10), height.min(20));
    let path = format!("{},{},100,100/{own}/0/default.{format}", width - wide, height - high);
    let says = "a region over an edge is cropped to the image, not padded, scaled or refused";
    examination
        .should("region", "4.1", says, |asker| asker.sized(&path, Dimensions::new(wide, high)).map(drop));
}

fn square(examination: &mut Examination, service: &Service) {
    let side = service.image.width.min(service.image.height).min(100);
    let size = if service.offers("sizeByW") { format!("{side},") } else { service.own_size().to_owned() };
    let path = format!("square/{size}/0/default.jpg");
    examination.must("region", "4.1", "square is as high as wide", |asker| {
        let came = asker.picture(&path)?.size();
        must(came.width == came.height, || format!("{came} came"))
    });
}

fn percent(examination: &mut Examination, service: &Service) {
    let Dimensions { width, height } = service.image;
    // Of an even number of pixels nothing is rounded.
    if width < 64 || height < 64 {
        return;
    }
    let side = (width / 2).min(100);
    let high = u32::try_from(u64::from(side) * u64::from(height) / u64::from(width)).unwrap_or(1).max(1);
    let format = service.exact_format();
    let path = format!("pct:25,25,50,50/{side},/0/default.{format}");
    let twin =
        format!("{},{},{},{}/{side},/0/default.{format}", width / 4, height / 4, width / 2, height / 2);
    let says = "a region in percent is that part of the image";
    examination.must("region", "4.1", says, |asker| {
        let came = asker.near(&path, Dimensions::new(side, high), (0, 1))?;
        if !service.offers("regionByPx") {
            return Ok(());
        }
        let expected = asker.picture(&twin)?;
        let Rect { width, height, .. } = Rect::whole(came.size())
            .intersection(Rect::whole(expected.size()))
            .unwrap_or(Rect::new(0, 0, 1, 1));
        let common = Rect::new(0, 0, width, height);
        same(&came.part(common), &expected.part(common), SCALED)
    });
    let fifth = (width / 5).min(100);
    let path = format!("pct:33.333,12.5,20.25,20.0000000001/{fifth},/0/default.jpg");
    examination
        .must("region", "4.7|4.1", "percents may have decimals", |asker| asker.picture(&path).map(drop));
}
