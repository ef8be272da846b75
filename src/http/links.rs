//! The Link headers of what is answered: canonical form, level of compliance, context, other pages.
//! Pure. RFC 8288; Image API 3.0 sections 4.8 and 6, 2.1 sections 4.7, 5.3 and 6.

use recto_iiif::{Identifier, Offer, Pages, Version, base_uri};

/// The header of a derivative; `base` is the URL of the `/iiif` root.
pub fn of_image(
    base: &str,
    version: Version,
    identifier: &Identifier,
    canonical: &str,
    offer: &Offer,
) -> String {
    let image = base_uri(base, version, identifier);
    format!("<{image}/{canonical}>;rel=\"canonical\", {}", profile(version, offer))
}

/// The header of an info.json; `path` is that of the master's file below the root.
pub fn of_info(
    base: &str,
    version: Version,
    identifier: &Identifier,
    path: &str,
    pages: Pages,
    media_type: &str,
    offer: &Offer,
) -> String {
    let links = context(version, media_type).into_iter().chain([profile(version, offer)]);
    let links: Vec<String> = links.chain(other_pages(base, version, identifier, path, pages)).collect();
    links.join(", ")
}

/// Which level of compliance this is.
fn profile(version: Version, offer: &Offer) -> String {
    format!("<{}>;rel=\"profile\"", offer.compliance(version).uri(version))
}

/// So that plain JSON can be read as JSON-LD (JSON-LD 1.1 section 6.1).
fn context(version: Version, media_type: &str) -> Option<String> {
    let rel = "rel=\"http://www.w3.org/ns/json-ld#context\";type=\"application/ld+json\"";
    (media_type == "application/json").then(|| format!("<{}>;{rel}", version.context_uri()))
}

/// The other pages of a file; none if it has but one.
fn other_pages(
    base: &str,
    version: Version,
    identifier: &Identifier,
    path: &str,
    pages: Pages,
) -> Vec<String> {
    let link = |page: u32, relation: &str| {
        let image = base_uri(base, version, &identifier.with_page(path, page)?);
        Some(format!("<{image}/info.json>;rel=\"{relation}\""))
    };
    let Pages { page, of } = pages;
    [(1, "first"), (page.saturating_sub(1), "prev"), (page.saturating_add(1), "next"), (of, "last")]
        .into_iter()
        .filter(|(to, _)| of > 1 && (1..=of).contains(to))
        .filter_map(|(to, relation)| link(to, relation))
        .collect()
}
