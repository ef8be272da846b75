//! HTTP around the pictures: media types, negotiation, CORS, HEAD, validators.

use recto_iiif::Version;

use super::super::asker::{Asker, Tried, must, untried};
use super::super::examination::{Examination, Rule, Weight};
use super::super::service::Service;
use crate::client::Answer;

const LD: &str = "application/ld+json";
const PLAIN: &str = "application/json";
const ORIGIN: (&str, &str) = ("Origin", "https://viewer.example");

/// Tries the rules of this chapter.
pub(super) fn chapter(examination: &mut Examination, service: &Service) {
    negotiation(examination, service);
    cors(examination, service);
    head(examination, service);
    validators(examination, service);
}

/// A small picture of the whole image.
pub(super) fn thumbnail(service: &Service) -> String {
    let smallest = service.sizes.iter().min_by_key(|size| size.area());
    let size = match (smallest, service.version) {
        (Some(size), Version::V3) => format!("{},{}", size.width, size.height),
        (Some(size), Version::V2) => format!("{},", size.width),
        (None, _) if service.offers("sizeByW") => format!("{},", service.image.width.min(100)),
        (None, _) => service.own_size().to_owned(),
    };
    format!("full/{size}/0/default.jpg")
}

fn info(asker: &mut Asker, headers: &[(&str, &str)]) -> Tried<std::rc::Rc<Answer>> {
    let url = format!("{}/info.json", asker.base());
    let answer = asker.ask("GET", &url, headers)?;
    must(answer.status == 200, || format!("status {}, not 200", answer.status))?;
    Ok(answer)
}

fn negotiation(examination: &mut Examination, service: &Service) {
    let three = service.version == Version::V3;
    let right: &[&str] = if three { &[LD, PLAIN] } else { &[PLAIN] };
    let says = format!("info.json is {} for whoever names no type", right.join(" or "));
    examination.must("info.json", "5.1", &says, |asker| {
        let answer = info(asker, &[])?;
        let media = answer.media_type();
        must(right.contains(&&*media), || format!("Content-Type is \"{media}\""))
    });
    if three {
        let says = "it has a profile parameter with the context, so that clients know the version";
        examination.should("info.json", "5.1", says, |asker| {
            let answer = info(asker, &[])?;
            let media = answer.header("content-type").unwrap_or_default().to_owned();
            let named = media.contains("http://iiif.io/api/image/3/context.json");
            must(named && answer.media_type() == LD, || format!("Content-Type is \"{media}\""))
        });
    }
    let says = "Accept: application/ld+json gets this type";
    promised(examination, service, "jsonldMediaType", ("info.json", "5.1"), says, |asker| {
        let answer = info(asker, &[("Accept", LD)])?;
        must(answer.media_type() == LD, || format!("Content-Type is \"{}\"", answer.media_type()))
    });
    examination.should(
        "info.json",
        "RFC 9110, section 12.5.5",
        "what depends on Accept says so by Vary",
        |asker| {
            let types = [PLAIN, LD]
                .map(|media| info(asker, &[("Accept", media)]).map(|answer| (answer.media_type(), answer)));
            let [Ok((one, answer)), Ok((other, _))] = types else {
                return untried("info.json does not come for both types");
            };
            let varies =
                answer.all("vary").any(|value| value.to_ascii_lowercase().contains("accept") || value == "*");
            must(one == other || varies, || {
                "info.json has two types by Accept, and no Vary: Accept".to_owned()
            })
        },
    );
}

/// A feature that is a MUST where it is promised, and wise where it is not.
fn promised(
    examination: &mut Examination,
    service: &Service,
    feature: &str,
    (about, section): (&str, &str),
    says: &str,
    test: impl FnOnce(&mut Asker) -> Tried<()>,
) {
    let weight = if service.offers(feature) { Weight::Must } else { Weight::Advice };
    examination.rule(&Rule { weight, about, section, says: says.to_owned() }, test);
}

fn cors(examination: &mut Examination, service: &Service) {
    let image = thumbnail(service);
    for (what, rest) in [
        ("info.json", "info.json".to_owned()),
        ("pictures", image),
        ("what is refused", "full/nonsense/0/default.jpg".to_owned()),
        ("the redirect of the base URI", String::new()),
    ] {
        let says = format!("scripts of every site may read {what} (Access-Control-Allow-Origin, once)");
        promised(examination, service, "cors", ("CORS", "7.1|compliance 2.1, section 4"), &says, |asker| {
            let url = format!("{}/{rest}", asker.base());
            let answer = asker.ask("GET", url.trim_end_matches('/'), &[ORIGIN])?;
            allowed(&answer)
        });
    }
    let says = "browsers that ask first (OPTIONS) are allowed to go on";
    examination.should("CORS", "7.1|the Fetch standard", says, |asker| {
        let url = format!("{}/info.json", asker.base());
        let wish =
            [ORIGIN, ("Access-Control-Request-Method", "GET"), ("Access-Control-Request-Headers", "accept")];
        let answer = asker.ask("OPTIONS", &url, &wish)?;
        must(matches!(answer.status, 200 | 204), || format!("OPTIONS has status {}", answer.status))?;
        allowed(&answer)
    });
}

fn allowed(answer: &Answer) -> Tried<()> {
    let headers: Vec<&str> = answer.all("access-control-allow-origin").collect();
    match headers[..] {
        ["*"] => Ok(()),
        [one] if one == ORIGIN.1 => Ok(()),
        [] => must(false, || format!("there is no Access-Control-Allow-Origin (status {})", answer.status)),
        [one] => must(false, || format!("Access-Control-Allow-Origin is \"{one}\"")),
        _ => must(false, || {
            format!(
                "Access-Control-Allow-Origin comes {} times, and browsers take none of them",
                headers.len()
            )
        }),
    }
}

fn head(examination: &mut Examination, service: &Service) {
    let image = thumbnail(service);
    for (what, rest) in [("info.json", "info.json"), ("picture", &image)] {
        let says = "HEAD tells what GET would, without a body";
        examination.should(what, "RFC 9110, section 9.3.2", says, |asker| {
            let url = format!("{}/{rest}", asker.base());
            let get = asker.ask("GET", &url, &[])?;
            let head = asker.ask("HEAD", &url, &[])?;
            must(head.status == get.status, || {
                format!("HEAD has status {}, GET {}", head.status, get.status)
            })?;
            must(head.media_type() == get.media_type(), || {
                format!("HEAD has Content-Type \"{}\", GET \"{}\"", head.media_type(), get.media_type())
            })?;
            let length = |answer: &Answer| answer.header("content-length").map(str::to_owned);
            let (short, long) = (length(&head), length(&get));
            must(short.is_none() || long.is_none() || short == long, || {
                let (short, long) = (short.unwrap_or_default(), long.unwrap_or_default());
                format!("HEAD has Content-Length {short}, GET {long}")
            })
        });
    }
}

fn validators(examination: &mut Examination, service: &Service) {
    let image = thumbnail(service);
    for (what, rest) in [("info.json", "info.json"), ("picture", &*image)] {
        let url = format!("{}/{rest}", examination.asker.base());
        let says = "what has not changed need not be sent again: it has an ETag or Last-Modified";
        examination.advice(what, "without them browsers and caches fetch all of it again", says, |asker| {
            let answer = asker.ask("GET", &url, &[])?;
            let has = answer.header("etag").or(answer.header("last-modified")).is_some();
            must(has, || "there is neither ETag nor Last-Modified".to_owned())
        });
        for (validator, condition) in [("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")] {
            let says = format!("{condition} with what the server gave is answered 304");
            examination.should(what, "RFC 9110, section 13", &says, |asker| {
                let answer = asker.ask("GET", &url, &[])?;
                let Some(value) = answer.header(validator) else { return Ok(()) };
                let again = asker.ask("GET", &url, &[(condition, value)])?;
                must(again.status == 304, || format!("status {}, not 304", again.status))
            });
        }
        let says = "If-None-Match with another tag is answered 200";
        examination.must(what, "RFC 9110, section 13.1.2", says, |asker| {
            let answer = asker.ask("GET", &url, &[("If-None-Match", "\"of another picture\"")])?;
            must(answer.status == 200, || format!("status {}, not 200", answer.status))
        });
    }
    let says = "it says how long it may be kept";
    examination.advice("picture", "without Cache-Control browsers guess", says, |asker| {
        let answer = asker.found(&image)?;
        must(answer.header("cache-control").is_some(), || "there is no Cache-Control".to_owned())
    });
}
