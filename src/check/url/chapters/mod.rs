//! The rules, in chapters: each tries the requests that its rules are about. What matters most to viewers comes first, for
//! requests are counted.

mod errors;
mod http;
mod links;
mod looks;
mod regions;
mod sizes;
mod tiles;
mod turns;

use serde_json::Value;

use super::asker::{Asker, Fault, Tried, broken, must};
use super::examination::{Examination, Rule};
use super::members;
use super::service::Service;
use crate::client::Picture;
use crate::picture::{Dimensions, Rect};

/// The mean difference of samples that two answers may have which show the same pixels: without loss, and by JPEG.
const EXACT: f64 = 2.0;
const LOSSY: f64 = 10.0;
/// The same where both were made smaller, by whatever way.
const SCALED: f64 = 14.0;

/// A part with less to see in it than this shows nothing of how it was turned.
const DETAIL: f64 = 4.0;

/// Tries all of them.
pub(super) fn all(examination: &mut Examination, service: &Service, info: &Value) {
    described(examination, service, info);
    if service.image.area() == 0 {
        return;
    }
    http::chapter(examination, service);
    links::chapter(examination, service);
    tiles::chapter(examination, service);
    let sample = Sample::of(service);
    regions::chapter(examination, service, &sample);
    sizes::chapter(examination, service, &sample);
    turns::chapter(examination, service, &sample);
    looks::chapter(examination, service, &sample);
    errors::chapter(examination, service, &sample);
}

/// The members of info.json: a line if all are right, otherwise one for each that is not.
fn described(examination: &mut Examination, service: &Service, info: &Value) {
    let complaints = members::complaints(info, service, examination.asker.base());
    if complaints.is_empty() {
        examination
            .must("info.json", "5", "every member is of its kind, and agrees with the others", |_| Ok(()));
    }
    for complaint in complaints {
        let rule = Rule {
            weight: complaint.weight,
            about: "info.json",
            section: complaint.section,
            says: complaint.rule.to_owned(),
        };
        examination.rule(&rule, |_| broken(complaint.what));
    }
}

/// A part of the image, in its own size, with which other answers are compared. Wider than high, so that sides that are
/// swapped show.
struct Sample {
    region: Rect,
    own: &'static str,
    format: &'static str,
}

impl Sample {
    /// In the middle, where there mostly is something to see; at odd places.
    fn of(service: &Service) -> Self {
        let Dimensions { width, height } = service.image;
        let (wide, high) = (width.min(240), height.min(160));
        let at = |side: u32, part: u32| ((side - part) / 2) | u32::from(side > part + 1);
        let region = Rect::new(at(width, wide), at(height, high), wide, high);
        Self { region, own: service.own_size(), format: service.exact_format() }
    }

    fn size(&self) -> Dimensions {
        self.region.dimensions()
    }

    /// The URL of the sample in some size, turned, in a quality and a format.
    fn url(&self, size: &str, rotation: &str, look: &str) -> String {
        format!("{}/{size}/{rotation}/{look}", self.region)
    }

    /// That of the sample as it is.
    fn plain(&self) -> String {
        self.url(self.own, "0", &format!("default.{}", self.format))
    }

    /// The sample as it is. If it does not come, that is a fault of the rule of regions, not of another.
    fn picture(&self, asker: &mut Asker) -> Tried<Picture> {
        asker.sized(&self.plain(), self.size()).map_err(|fault| match fault {
            Fault::Broken(how) => Fault::Untried(format!("the part to compare with does not come: {how}")),
            fault @ Fault::Untried(_) => fault,
        })
    }

    /// The same, with something to see in it.
    fn detailed(&self, asker: &mut Asker) -> Tried<Picture> {
        let picture = self.picture(asker)?;
        match picture.detail() >= DETAIL {
            true => Ok(picture),
            false => Err(Fault::Untried("there is next to nothing to see in the middle of the image".into())),
        }
    }

    /// How far pictures in its format may differ.
    fn tolerance(&self) -> f64 {
        if self.format == "png" { EXACT } else { LOSSY }
    }
}

/// Two pictures have to show the same, but for so much in the mean.
fn same(came: &Picture, expected: &Picture, tolerance: f64) -> Tried<()> {
    let Some(difference) = came.difference(expected) else {
        return broken(format!("{} came, not {}", came.size(), expected.size()));
    };
    must(difference.mean <= tolerance, || {
        let mean = difference.mean;
        format!("the picture shows something else: its pixels are off by {mean:.1} of 255 on average")
    })
}
