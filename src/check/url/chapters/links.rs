//! The base URI that leads to info.json, and the links of pictures.

use recto_iiif::Version;

use super::super::asker::{must, untried};
use super::super::examination::{Examination, Rule, Weight};
use super::super::service::Service;
use super::http::thumbnail;
use crate::client::{Picture, join};

/// So often a base URI may lead elsewhere until info.json comes.
const REDIRECTS: usize = 5;

/// Tries the rules of this chapter.
pub(super) fn chapter(examination: &mut Examination, service: &Service) {
    base(examination, service);
    profile(examination, service);
    canonical(examination, service);
}

fn weight(service: &Service, feature: &str) -> Weight {
    if service.offers(feature) { Weight::Must } else { Weight::Advice }
}

fn base(examination: &mut Examination, service: &Service) {
    let says = "the base URI leads to info.json";
    let weight = weight(service, "baseUriRedirect");
    let rule = Rule { weight, about: "base URI", section: "2", says: says.to_owned() };
    examination.rule(&rule, |asker| {
        let info = format!("{}/info.json", asker.base());
        let mut url = asker.base().to_owned();
        for _ in 0..REDIRECTS {
            let answer = asker.ask("GET", &url, &[])?;
            let status = answer.status;
            let location = answer.header("location").filter(|_| (301..=308).contains(&status));
            let Some(location) = location else {
                return must(false, || format!("status {status} and no Location at {url}"));
            };
            url = join(&url, location);
            if url == info {
                return Ok(());
            }
        }
        must(false, || format!("after {REDIRECTS} redirects it has led to {url}"))
    });
    if weight == Weight::Must {
        examination.should("base URI", "2", "it leads there with status 303", |asker| {
            let url = asker.base().to_owned();
            let status = asker.ask("GET", &url, &[])?.status;
            must(status == 303 || !(301..=308).contains(&status), || format!("status {status}"))
        });
    }
}

fn profile(examination: &mut Examination, service: &Service) {
    let version = if service.version == Version::V3 { 3 } else { 2 };
    let expected = format!("http://iiif.io/api/image/{version}/level{}.json", service.level);
    let says = format!("pictures have a Link to {expected} with rel=\"profile\", if any");
    let offered = service.offers("profileLinkHeader");
    examination.must("Link", "6", &says, |asker| {
        let answer = asker.found(&thumbnail(service))?;
        match answer.link("profile") {
            None => must(!offered, || "profileLinkHeader is promised, and there is none".to_owned()),
            Some(link) => must(link == expected, || format!("the Link of the profile leads to {link}")),
        }
    });
}

fn canonical(examination: &mut Examination, service: &Service) {
    let asked = thumbnail(service).replace("/0/", "/360/");
    let asked = if service.offers("rotationBy90s") { asked } else { thumbnail(service) };
    let offered = service.offers("canonicalLinkHeader");
    let says = "the canonical Link of a picture leads to the same picture, which is canonical itself";
    examination.must("Link", "4.8|4.7", says, |asker| {
        let answer = asker.get(&asked)?;
        if answer.status != 200 {
            return untried(format!("{asked} is not served"));
        }
        let Some(link) = answer.link("canonical").map(str::to_owned) else {
            return must(!offered, || "canonicalLinkHeader is promised, and there is none".to_owned());
        };
        let base = asker.base().to_owned();
        must(link.starts_with(&format!("{base}/")), || {
            format!("it leads to {link}, which is not below {base}")
        })?;
        let there = asker.ask("GET", &link, &[])?;
        must(there.status == 200, || format!("it leads to {link}, which has status {}", there.status))?;
        let again = there.link("canonical");
        must(again == Some(&*link), || format!("{link} calls {} canonical", again.unwrap_or("nothing")))?;
        let size = |body: &[u8]| Picture::decode(body).ok().map(|picture| picture.size());
        must(size(&there.body) == size(&answer.body), || format!("{link} has another size"))
    });
}
