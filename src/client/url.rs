//! URLs taken apart and put together, as far as clients of an image server need it (RFC 3986 section 5.2).

/// Scheme and authority, such as `https://example.org:8443`.
pub fn origin(url: &str) -> &str {
    url.strip_suffix(path(url)).unwrap_or(url)
}

/// What comes after the authority: path and query; empty if there is nothing.
pub fn path(url: &str) -> &str {
    let after = url.find("://").map_or(0, |at| at + 3);
    url[after..].find('/').map_or("", |at| &url[after + at..])
}

/// Where a reference leads that an answer to `base` gives, such as a Location.
pub fn join(base: &str, reference: &str) -> String {
    if reference.contains("://") {
        return reference.to_owned();
    }
    if let Some(rest) = reference.strip_prefix("//") {
        let scheme = base.split("://").next().unwrap_or("https");
        return format!("{scheme}://{rest}");
    }
    if reference.starts_with('/') {
        return format!("{}{reference}", origin(base));
    }
    let path = path(base).split('?').next().unwrap_or_default();
    let directory = path.rfind('/').map_or("/", |at| &path[..=at]);
    format!("{}{directory}{reference}", origin(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_where_a_browser_would_go() {
        let base = "https://a.example:8443/iiif/3/b%2Fc?x=1";
        assert_eq!((origin(base), path(base)), ("https://a.example:8443", "/iiif/3/b%2Fc?x=1"));
        assert_eq!((origin("http://a"), path("http://a")), ("http://a", ""));
        for (reference, expected) in [
            ("http://b.example/x", "http://b.example/x"),
            ("//b.example/x", "https://b.example/x"),
            ("/x/y", "https://a.example:8443/x/y"),
            ("info.json", "https://a.example:8443/iiif/3/info.json"),
        ] {
            assert_eq!(join(base, reference), expected);
        }
    }
}
