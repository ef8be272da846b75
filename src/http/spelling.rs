//! The one spelling of a request under which NGINX caches the response, and the internal redirect, unseen by the
//! client, that leads there from any other. Pure. What NGINX makes of it stands in `nginx/location.conf`.

use super::{Request, Response};

/// The parts of NGINX's cache key that the client chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spelling<'r> {
    /// The Accept header, as far as NGINX passes it on.
    accept: &'r [u8],
    /// The Host header, as far as NGINX passes it on.
    host: &'r [u8],
    /// The path of the URL, undecoded.
    path: &'r [u8],
}

impl<'r> Spelling<'r> {
    /// The spelling of the request. None if NGINX caches nothing: then any will do.
    pub fn asked(request: &'r Request) -> Option<Self> {
        let param = |name| request.param(name).unwrap_or_default();
        let keeps = !param("RECTO_CACHE").is_empty();
        keeps.then(|| Self { accept: param("HTTP_ACCEPT"), host: param("RECTO_HOST"), path: path(request) })
    }

    /// The redirect to `image` with `rest` after it, unless that is what was requested, with the same header and host.
    pub fn lead(&self, accept: &str, host: &str, image: &str, rest: &str) -> Option<Response<'static>> {
        let is_same = self.accept == accept.as_bytes() && self.host == host.as_bytes();
        if is_same && self.path.strip_prefix(image.as_bytes()) == Some(rest.as_bytes()) {
            return None;
        }
        let to = format!("/iiif/kept?{accept}|{host}|{image}{rest}");
        Some(Response::new(308, Vec::new()).with("X-Accel-Redirect", to))
    }

    /// Whether a refusal may be cached under it. A wrong request has no other spelling, but nobody is to fill the cache
    /// by repeating it under ever new hosts.
    pub fn may_cache_refusals(&self, host: &str) -> bool {
        self.host == host.as_bytes()
            && matches!(self.accept, b"" | b"application/json" | b"application/ld+json")
    }
}

/// The undecoded path to answer: the target of a worker's redirect, or what the client wrote.
pub fn path(request: &Request) -> &[u8] {
    let led = request.param("RECTO_PATH").filter(|path| !path.is_empty());
    let uri = led.or_else(|| request.param("REQUEST_URI")).unwrap_or_default();
    uri.split(|byte| *byte == b'?').next().unwrap_or_default()
}

/// The short form of an Accept header that selects `media_type` for info.json. The three that NGINX recognises by
/// itself stay as they are.
pub fn plain_accept(accept: Option<&str>, media_type: &str) -> &'static str {
    match accept {
        None => "",
        Some("application/json") => "application/json",
        Some("application/ld+json") => "application/ld+json",
        Some(_) if media_type == "application/json" => "application/json",
        Some(_) => "application/ld+json",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(accept: &str, host: &str, uri: &str, cache: &str) -> Request {
        Request::from_pairs([
            ("HTTP_ACCEPT", accept),
            ("RECTO_HOST", host),
            ("REQUEST_URI", uri),
            ("RECTO_CACHE", cache),
        ])
    }

    #[test]
    fn who_asks_for_what_is_kept_is_led_nowhere() {
        let request = request("", "", "/iiif/3/a/info.json?x=/y", "MISS");
        let asked = Spelling::asked(&request).expect("a cache");
        let lead = |accept, host, image, rest| asked.lead(accept, host, image, rest);
        assert!(lead("", "", "/iiif/3/a", "/info.json").is_none());
        for (accept, host, image, rest) in [
            ("", "", "/iiif/3/b", "/info.json"),
            ("", "", "/iiif/3/a", "/x"),
            ("", "a:80", "/iiif/3/a", "/info.json"),
            ("x/y", "", "/iiif/3/a", "/info.json"),
        ] {
            let lead = lead(accept, host, image, rest).expect("a way");
            let to = format!("/iiif/kept?{accept}|{host}|{image}{rest}");
            assert_eq!((lead.status, &lead.headers[..]), (308, &[("X-Accel-Redirect", to)][..]));
        }
    }

    #[test]
    fn where_one_was_led_goes_before_what_one_wrote() {
        let pairs = [("REQUEST_URI", "/iiif/3/a/00?x"), ("RECTO_PATH", "/iiif/3/a/0")];
        assert_eq!(path(&Request::from_pairs(pairs)), b"/iiif/3/a/0");
        assert_eq!(path(&Request::from_pairs([pairs[0]])), b"/iiif/3/a/00");
        assert_eq!(path(&Request::from_pairs([pairs[0], ("RECTO_PATH", "")])), b"/iiif/3/a/00");
    }

    #[test]
    fn without_a_cache_nobody_is_led() {
        assert_eq!(Spelling::asked(&request("", "", "/iiif/3/a/info.json", "")), None);
        assert_eq!(Spelling::asked(&Request::default()), None);
    }

    #[test]
    fn refusals_are_kept_under_few_hosts_and_headers() {
        for (accept, host, may_be_cached) in [
            ("", "", true),
            ("application/json", "", true),
            ("application/json;q=0.3", "", false),
            ("", "localhost", true),
            ("", "elsewhere", false),
        ] {
            let request = request(accept, host, "/iiif/3/a", "MISS");
            let trusted = if host == "localhost" { host } else { "" };
            let asked = Spelling::asked(&request).expect("a cache");
            assert_eq!(asked.may_cache_refusals(trusted), may_be_cached, "{accept} {host}");
        }
    }
}
