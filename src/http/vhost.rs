//! What the server is called in a request: the URL that ids, links and redirects begin with. Pure.
//! A client influences it only where NGINX has no name for the vhost, or does not know its public port, and only with a
//! host that is listed. `X-Forwarded-Host` and the like are never trusted.

use std::borrow::Cow;

use super::{Request, Settings};

/// What the server is called.
#[derive(Debug, PartialEq, Eq)]
pub struct Vhost<'r> {
    /// The URL of the root that the client sees, such as `https://host/iiif`, without a slash at its end.
    pub base: Cow<'r, str>,
    /// What the paths of the Image API begin with in requests: [`prefix`].
    pub prefix: &'r str,
    /// The host in the client's request, if it is listed or NGINX's own; else empty.
    pub host: Cow<'r, str>,
}

impl<'r> Vhost<'r> {
    /// By `public_url`, by the host that NGINX passes on, or by NGINX's own name for the vhost. None if there is none
    /// of these.
    pub fn of(request: &'r Request, server: &'r Settings) -> Option<Self> {
        let from_nginx = base_of(request);
        let (scheme, rest) = from_nginx.and_then(|base| base.split_once("://")).unwrap_or_default();
        let own = rest.split('/').next();
        let asked = text(request, "RECTO_HOST").filter(|asked| !asked.is_empty());
        let admitted = asked.and_then(|asked| match own == Some(asked) {
            true => Some(Cow::Borrowed(asked)),
            false => server.admit(asked, scheme).map(Cow::Owned),
        });
        let host = admitted.unwrap_or_default();
        let base = match (&server.public_url, &*host) {
            (Some(url), _) => Cow::Borrowed(url.as_str()),
            (None, "") => Cow::Borrowed(from_nginx?.trim_end_matches('/')),
            (None, host) => Cow::Owned(format!("{scheme}://{host}{}", path_of(rest))),
        };
        Some(Self { base, prefix: prefix(request), host })
    }

    /// The host in the client's request that was not accepted: ids in the response have another name.
    pub fn refused<'a>(&self, request: &'a Request, server: &Settings) -> Option<&'a [u8]> {
        let asked = request.param("RECTO_HOST").filter(|asked| !asked.is_empty());
        asked.filter(|_| server.public_url.is_none() && self.host.is_empty())
    }
}

/// What the paths of the Image API begin with in this request: the path of NGINX's own base, in which the vhost stands by
/// which it came. So one server may have several, an old one and a new one, and nothing is said of them twice. A public
/// URL has another path, if a proxy before NGINX changes it.
pub fn prefix(request: &Request) -> &str {
    let rest = base_of(request).and_then(|base| base.split_once("://"));
    rest.map_or("/iiif", |(_, rest)| path_of(rest))
}

/// The path in what follows the scheme of a URL, without a slash at its end.
fn path_of(rest: &str) -> &str {
    rest.find('/').map_or("", |at| rest[at..].trim_end_matches('/'))
}

fn base_of(request: &Request) -> Option<&str> {
    text(request, "RECTO_BASE").filter(|base| base.bytes().all(|byte| byte.is_ascii_graphic()))
}

fn text<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    request.param(name).and_then(|value| std::str::from_utf8(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Hosts;

    fn server(public_url: Option<&str>, trusted_hosts: Hosts) -> Settings {
        Settings::new(public_url.map(str::to_owned), trusted_hosts, String::new(), "/cache".into(), false)
            .expect("valid")
    }

    #[test]
    fn only_listed_hosts_are_taken() {
        let plain = server(None, Hosts::default());
        let public = server(Some("https://a.org:8443/b/iiif"), Hosts::default());
        let listed = server(None, vec!["*.a.org".to_owned()].try_into().expect("hosts"));
        for (server, asked, base, host) in [
            (&plain, "", "http://10.0.0.2/iiif", ""),
            (&plain, "localhost:8080", "http://localhost:8080/iiif", "localhost:8080"),
            (&plain, "LOCALHOST:80", "http://localhost/iiif", "localhost"),
            (&plain, "evil.org", "http://10.0.0.2/iiif", ""),
            (&listed, "b.a.org", "http://b.a.org/iiif", "b.a.org"),
            (&listed, "localhost", "http://10.0.0.2/iiif", ""),
            (&listed, "10.0.0.2", "http://10.0.0.2/iiif", "10.0.0.2"),
            (&public, "a.org:8443", "https://a.org:8443/b/iiif", "a.org:8443"),
            (&public, "evil.org", "https://a.org:8443/b/iiif", ""),
        ] {
            let request =
                Request::from_pairs([("RECTO_BASE", "http://10.0.0.2/iiif/"), ("RECTO_HOST", asked)]);
            let vhost = Vhost::of(&request, server).expect(asked);
            assert_eq!((&*vhost.base, &*vhost.host), (base, host), "{asked}");
            let refused = base.contains("10.0") && !asked.is_empty() && host.is_empty();
            assert_eq!(vhost.refused(&request, server).is_some(), refused, "{asked}");
        }
    }

    #[test]
    fn paths_begin_as_that_of_nginxs_base_does_whatever_the_public_url_is() {
        let public = server(Some("https://a.org/elsewhere"), Hosts::default());
        for (base, expected) in [
            ("http://a/iiif", "/iiif"),
            ("http://a:8080/digital/iiif/", "/digital/iiif"),
            ("http://[::1]/images", "/images"),
            ("http://a", ""),
            ("http://a/", ""),
            ("", "/iiif"),
        ] {
            let request = Request::from_pairs([("RECTO_BASE", base)]);
            assert_eq!(prefix(&request), expected, "{base}");
            assert_eq!(Vhost::of(&request, &public).map(|vhost| vhost.prefix), Some(expected), "{base}");
        }
        assert_eq!(prefix(&Request::default()), "/iiif");
    }

    #[test]
    fn without_any_name_there_is_none() {
        let server = server(None, Hosts::default());
        assert_eq!(Vhost::of(&Request::default(), &server), None);
        assert_eq!(Vhost::of(&Request::from_pairs([("RECTO_BASE", "http://a\n/iiif")]), &server), None);
        assert_eq!(Vhost::of(&Request::from_pairs([("RECTO_HOST", "evil.org")]), &server), None);
    }
}
