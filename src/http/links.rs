//! The Link headers of responses: canonical form, level of compliance, context, other pages.
//! Pure. RFC 8288; Image API 3.0 sections 4.8 and 6, 2.1 sections 4.7, 5.3 and 6.

use recto_iiif::{Identifier, Offer, Pages, Version, base_uri};

/// What links say about an image.
#[derive(Clone, Copy)]
pub struct Links<'a> {
    /// The URL of the `/iiif` root.
    pub base: &'a str,
    /// The version whose URLs they are.
    pub version: Version,
    /// The identifier in the request.
    pub identifier: &'a Identifier,
    /// What is offered of it.
    pub offer: &'a Offer,
}

impl Links<'_> {
    /// The base URI of the image.
    pub fn image(&self) -> String {
        base_uri(self.base, self.version, self.identifier)
    }

    /// The header of a derivative of this canonical form.
    pub fn of_image(&self, canonical: &str) -> String {
        format!("<{}/{canonical}>;rel=\"canonical\", {}", self.image(), self.profile())
    }

    /// The header of an info.json of this media type; `path` is that of the master's file below the root.
    pub fn of_info(&self, media_type: &str, path: &str, pages: Pages) -> String {
        let mut links = String::new();
        if media_type == "application/json" {
            // So that plain JSON can be read as JSON-LD (JSON-LD 1.1 section 6.1).
            let rel = "rel=\"http://www.w3.org/ns/json-ld#context\";type=\"application/ld+json\"";
            links += &format!("<{}>;{rel}, ", self.version.context_uri());
        }
        links += &self.profile();
        self.other_pages(path, pages).for_each(|link| links += &format!(", {link}"));
        links
    }

    /// The URI of the level of compliance.
    fn profile(&self) -> String {
        format!("<{}>;rel=\"profile\"", self.offer.compliance(self.version).uri(self.version))
    }

    /// The other pages of a file; none if it has but one.
    fn other_pages(&self, path: &str, pages: Pages) -> impl Iterator<Item = String> {
        let Pages { page, of } = pages;
        let others =
            [(1, "first"), (page.saturating_sub(1), "prev"), (page.saturating_add(1), "next"), (of, "last")];
        others.into_iter().filter(move |(to, _)| of > 1 && (1..=of).contains(to)).filter_map(
            move |(to, relation)| {
                let identifier = self.identifier.with_page(path, to)?;
                let image = base_uri(self.base, self.version, &identifier);
                Some(format!("<{image}/info.json>;rel=\"{relation}\""))
            },
        )
    }
}
