//! The rotation parameter.

use super::super::asker::must;
use super::super::examination::Examination;
use super::super::service::Service;
use super::{Sample, same};
use crate::picture::Orientation;

/// Tries the rules of this chapter.
pub(super) fn chapter(examination: &mut Examination, service: &Service, sample: &Sample) {
    if !service.offers("regionByPx") {
        return;
    }
    let look = format!("default.{}", sample.format);
    for mirrored in [false, true] {
        for quarters in 0..4 {
            let turn = Orientation { mirrored, quarters };
            let offered = (quarters == 0 || service.offers("rotationBy90s"))
                && (!mirrored || service.offers("mirroring"));
            // One mirror that is turned shows the order.
            let needed = turn != Orientation::UPRIGHT && !(mirrored && quarters > 1);
            if offered && needed {
                quarter(examination, sample, turn);
            }
        }
    }
    if !service.offers("mirroring") {
        let says = "!0 that is not offered is refused, and not answered without the mirror";
        examination.must("rotation", "4.3", says, |asker| {
            asker.refused(&sample.url(sample.own, "!0", &look), &[400, 404, 501])
        });
    }
    arbitrary(examination, service, sample);
    for wrong in ["361", "-90", "90deg"] {
        let says = format!("the rotation {wrong} is refused with 400");
        examination.should("rotation", "4.3", &says, |asker| {
            asker.refused(&sample.url(sample.own, wrong, &look), &[400])
        });
    }
}

fn quarter(examination: &mut Examination, sample: &Sample, turn: Orientation) {
    let path = sample.url(sample.own, &turn.to_string(), &format!("default.{}", sample.format));
    let says = match (turn.mirrored, turn.quarters) {
        (true, 0) => "!0 is mirrored left to right".to_owned(),
        (true, _) => format!("{turn} is mirrored first, then turned clockwise"),
        (false, _) => format!("{turn} is turned clockwise, without scaling"),
    };
    examination.must("rotation", "4.3", &says, |asker| {
        let original = sample.detailed(asker)?;
        let expected = original.turned(turn);
        let came = asker.sized(&path, expected.size())?;
        let others = (0..8).map(|n| Orientation { mirrored: n >= 4, quarters: n % 4 });
        let another = others
            .filter(|other| *other != turn)
            .find(|other| same(&came, &original.turned(*other), sample.tolerance()).is_ok());
        let right = same(&came, &expected, sample.tolerance());
        match (&right, another) {
            (Err(_), Some(another)) => must(false, || format!("it is turned as {another} has to be")),
            _ => right,
        }
    });
}

fn arbitrary(examination: &mut Examination, service: &Service, sample: &Sample) {
    let path = sample.url(sample.own, "22.5", &format!("default.{}", sample.format));
    if service.offers("rotationArbitrary") {
        let says = "22.5 is in the smallest box around it, nothing scaled or cut";
        examination.must("rotation", "4.3", says, |asker| {
            asker.near(&path, sample.size().tilted(22.5), (2, 2)).map(drop)
        });
    } else {
        let says = "an angle that is not offered is refused";
        examination.should("rotation", "4.3", says, |asker| asker.refused(&path, &[400, 404, 501]));
    }
}
