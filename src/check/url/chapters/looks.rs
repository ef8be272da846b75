//! The quality and format parameters.

use super::super::asker::{Asker, Tried, must, must_be, untried};
use super::super::examination::Examination;
use super::super::service::Service;
use super::{LOSSY, Sample, same};
use crate::client::Picture;
use crate::picture::Format;

/// Tries the rules of this chapter.
pub(super) fn chapter(examination: &mut Examination, service: &Service, sample: &Sample) {
    let whole = !service.offers("regionByPx");
    let url = |look: &str| match whole {
        true => super::http::thumbnail(service).replace("default.jpg", look),
        false => sample.url(sample.own, "0", look),
    };
    for word in &service.qualities {
        let path = url(&format!("{word}.{}", sample.format));
        let plain = url(&format!("default.{}", sample.format));
        let says = format!("the quality {word} is served, and is what it says");
        examination.must("quality", "4.4", &says, |asker| quality(asker, word, &path, &plain));
    }
    for word in &service.formats {
        let (path, plain) = (url(&format!("default.{word}")), url(&format!("default.{}", sample.format)));
        let says = format!("the format {word} is served, and is one");
        examination.must("format", "4.5", &says, |asker| format(asker, word, &path, &plain));
    }
    for (about, section, look) in [("quality", "4.4", "nonsense.jpg"), ("format", "4.5", "default.nonsense")]
    {
        let says = format!("a {about} that there is not is refused with 400");
        examination.should(about, section, &says, |asker| {
            asker.refused(&url(look), if about == "format" { &[400, 415, 501, 503] } else { &[400] })
        });
    }
    unlisted(examination, service, &url);
}

fn quality(asker: &mut Asker, word: &str, path: &str, plain: &str) -> Tried<()> {
    let came = asker.picture(path)?;
    let original = asker.picture(plain)?;
    match word {
        "color" => same(&came, &original, LOSSY),
        "gray" => {
            let gray = came.gray();
            let colour = came.difference(&gray).map_or(0.0, |difference| difference.mean);
            must(colour <= 3.0, || "it is in colour".to_owned())?;
            // By whatever weights of red, green and blue.
            same(&gray, &original.gray(), 4.0 * LOSSY)
        }
        "bitonal" => {
            let between = came.half_tones();
            let share = 100.0 * between;
            must(between <= 0.05, || format!("{share:.0} % of it is neither black nor white"))
        }
        _ => Ok(()),
    }
}

fn format(asker: &mut Asker, word: &str, path: &str, plain: &str) -> Tried<()> {
    let answer = asker.found(path)?;
    let Some(format) = Format::ALL.into_iter().find(|format| format.extension() == word) else {
        return untried("it is none of the standard's");
    };
    must_be(&answer, format)?;
    if matches!(format, Format::Pdf | Format::Avif) {
        return Ok(());
    }
    let came = asker.picture(path)?;
    let expected = asker.picture(plain)?;
    // A palette of 256 colours, or a strong compression, is another matter than another picture.
    same(&came, &expected, 2.0 * LOSSY)
}

/// What is served, and not told.
fn unlisted(examination: &mut Examination, service: &Service, url: &impl Fn(&str) -> String) {
    for word in ["color", "gray", "bitonal"] {
        if service.qualities.iter().any(|listed| listed == word) {
            continue;
        }
        let says = format!("a quality that is served, such as {word}, is listed in info.json");
        examination.should("quality", "5.7|5.3", &says, |asker| {
            let answer = asker.get(&url(&format!("{word}.jpg")))?;
            let served = answer.status == 200;
            // Of a gray picture `color` is the same as default, and not listed.
            if served && word == "color" {
                let is_gray = |picture: &Picture| {
                    picture.difference(&picture.gray()).is_some_and(|difference| difference.mean <= 3.0)
                };
                return match Picture::decode(&answer.body) {
                    Ok(picture) if is_gray(&picture) => Ok(()),
                    _ => must(false, || format!("{word} is served, and not listed")),
                };
            }
            must(!served, || format!("{word} is served, and not listed"))
        });
    }
}
