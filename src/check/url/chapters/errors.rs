//! What is refused, and how; and URLs that look odd and are right.

use super::super::asker::must;
use super::super::examination::Examination;
use super::super::service::Service;
use super::Sample;
use super::http::thumbnail;
use crate::picture::Dimensions;

/// A name that no image has.
const NOBODY: &str = "no-such-image-recto-check";

/// Tries the rules of this chapter.
pub(super) fn chapter(examination: &mut Examination, service: &Service, sample: &Sample) {
    unknown(examination);
    malformed(examination, service, sample);
    encoded(examination, service);
}

fn unknown(examination: &mut Examination) {
    let base = examination.asker.base().to_owned();
    let Some((parent, _)) = base.rsplit_once('/') else { return };
    let url = format!("{parent}/{NOBODY}/info.json");
    examination.should(
        "errors",
        "7.3|7.2",
        "an image that there is not is 404, and a text says why",
        |asker| {
            let answer = asker.ask("GET", &url, &[])?;
            must(matches!(answer.status, 404 | 410 | 401 | 403), || {
                format!("status {}, not 404", answer.status)
            })?;
            must(!answer.body.is_empty(), || "the answer has no text".to_owned())
        },
    );
}

fn malformed(examination: &mut Examination, service: &Service, sample: &Sample) {
    let own = service.own_size();
    let mut wrong = vec![
        ("a region that is none", format!("nonsense/{own}/0/default.jpg"), "4.1"),
        ("a size that is none", "full/nonsense/0/default.jpg".to_owned(), "4.2"),
        ("a size of nothing", "full/0,/0/default.jpg".to_owned(), "4.2"),
        ("a rotation that is none", format!("full/{own}/nonsense/default.jpg"), "4.3"),
    ];
    if service.offers("regionByPx") {
        let (own, width) = (sample.own, service.image.width);
        wrong.push(("a region beyond the right edge", format!("{width},0,10,10/{own}/0/default.jpg"), "4.1"));
        wrong.push(("a region without width", format!("0,0,0,10/{own}/0/default.jpg"), "4.1"));
        wrong.push(("a region with a negative side", format!("0,0,-10,10/{own}/0/default.jpg"), "4.1"));
        wrong.push(("a region of three numbers", format!("0,0,10/{own}/0/default.jpg"), "4.1"));
        wrong.push(("a size with an exponent", sample.url("1e1,", "0", "default.jpg"), "4.7|4.2"));
        wrong.push(("a size with a sign", sample.url("+20,", "0", "default.jpg"), "4.7|4.2"));
        let digits = "9".repeat(40);
        wrong.push(("a size of 40 digits", sample.url(&format!("{digits},"), "0", "default.jpg"), "4.2"));
    }
    for (what, path, section) in &wrong {
        let says = format!("{what} is refused with 400");
        examination.should("errors", section, &says, |asker| asker.refused(path, &[400]));
    }
    examination.must(
        "errors",
        "7.3|7.2",
        "what is malformed is not a fault of the server's (5xx)",
        |asker| {
            for (what, path, _) in &wrong {
                let status = asker.get(path)?.status;
                must(status < 500 || status == 501, || format!("{what} has status {status}"))?;
            }
            Ok(())
        },
    );
    let says = "a URL with a part too few is refused with 400 or 404";
    examination.should("errors", "2.1", says, |asker| asker.refused(&format!("full/{own}/0"), &[400, 404]));
    if service.version == recto_iiif::Version::V3 {
        let says = "the size full, which is of 2.1, is refused with 400";
        examination.advice("errors", "clients of 3.0 ask for max; section 4.2", says, |asker| {
            asker.refused("full/full/0/default.jpg", &[400])
        });
    }
}

/// An escape stands for the character itself, in every part of a URL (section 9).
fn encoded(examination: &mut Examination, service: &Service) {
    if !service.offers("sizeByW") {
        return;
    }
    let Dimensions { width, .. } = service.image;
    let plain = thumbnail(service);
    let says = "percent-encoded characters in parameters mean the characters";
    examination.should("errors", "9", says, |asker| {
        let path = format!("full/{}%2C/%30/default.jpg", width.min(100));
        let came = asker.picture(&path)?.size();
        must(came.width == width.min(100), || format!("{came} came"))
    });
    examination.advice(
        "errors",
        "links may carry one, for statistics",
        "a query string changes nothing",
        |asker| {
            let answer = asker.get(&format!("{plain}?from=check"))?;
            must(answer.status == 200, || format!("status {}", answer.status))
        },
    );
}
