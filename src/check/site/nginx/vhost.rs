//! A `server {}` of NGINX that has Recto's location: what it is called, where it listens, what its location inherits.

use super::text::Directive;

/// A server with the way to the location in it that passes requests to the workers.
#[derive(Clone, Debug)]
pub(in crate::check::site) struct Vhost<'d> {
    http: &'d Directive,
    pub(super) server: &'d Directive,
    /// The locations, from the outermost to the one with the workers.
    pub(super) locations: Vec<&'d Directive>,
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::check::site) struct Listen {
    /// The address, in brackets if it is one of IPv6; nothing if it is any.
    pub(in crate::check::site) address: String,
    pub(in crate::check::site) port: u16,
    pub(in crate::check::site) tls: bool,
}

impl<'d> Vhost<'d> {
    /// All of them.
    pub(super) fn all(main: &'d [Directive]) -> Vec<Self> {
        let https = main.iter().filter(|directive| directive.name == "http");
        let servers = https.flat_map(|http| http.all("server").map(move |server| (http, server)));
        let found = servers
            .filter_map(|(http, server)| Some(Self { http, server, locations: way_to_workers(server)? }));
        found.collect()
    }

    /// What it is called in messages.
    pub(in crate::check::site) fn about(&self) -> String {
        match self.names().find(|name| is_name(name)) {
            Some(name) => format!("vhost {name}"),
            None => format!("vhost at {}", self.server.place()),
        }
    }

    /// All of its names, as they are written.
    pub(in crate::check::site) fn names(&self) -> impl Iterator<Item = &'d str> {
        let names = self.server.inner.iter().filter(|it| it.name == "server_name");
        names.flat_map(|directive| directive.arguments.iter().map(String::as_str))
    }

    /// NGINX's own name for it, if that is one: `$server_name` is the first.
    pub(super) fn name(&self) -> Option<&'d str> {
        self.names().next().filter(|name| is_name(name))
    }

    /// Where it listens on TCP.
    pub(in crate::check::site) fn listens(&self) -> Vec<Listen> {
        let mut listens: Vec<_> = self.server.all("listen").map(listen).collect();
        if listens.is_empty() {
            listens.push(Some(Listen { address: String::new(), port: 80, tls: false }));
        }
        listens.into_iter().flatten().collect()
    }

    /// What ids begin with, by each way in: http.conf has the same rules.
    pub(super) fn bases(&self) -> Vec<String> {
        let mut bases: Vec<String> = Vec::new();
        for listen in self.listens() {
            let base = match self.name() {
                Some(name) => listen.base(name),
                None => listen.base(if listen.address.is_empty() { "127.0.0.1" } else { &listen.address }),
            };
            if !bases.contains(&base) {
                bases.push(base);
            }
        }
        bases
    }

    /// The levels from the location with the workers to the outermost.
    fn levels(&self) -> impl Iterator<Item = &'d Directive> {
        self.locations.iter().rev().copied().chain([self.server, self.http])
    }

    /// The first argument of a directive that holds at the location: that of the innermost level that has one.
    pub(super) fn value(&self, name: &str) -> Option<&'d str> {
        self.levels().find_map(|level| level.inner.iter().find(|it| it.name == name)).map(Directive::first)
    }

    /// Headers that the server gives to all of its answers, and not to those of the location.
    pub(super) fn lost_headers(&self) -> Vec<&'d Directive> {
        if self.value("add_header_inherit") == Some("merge") {
            return Vec::new();
        }
        let with_headers = |level: &&&'d Directive| level.all("add_header").next().is_some();
        let levels: Vec<_> = self.levels().collect();
        let Some(own) = levels.iter().take(self.locations.len()).find(with_headers) else {
            return Vec::new();
        };
        let outer = levels.iter().skip(self.locations.len()).find(with_headers);
        let inherited =
            outer.into_iter().flat_map(|level| level.inner.iter().filter(|it| it.name == "add_header"));
        let is_own = |header: &Directive| {
            own.all("add_header").any(|it| it.first().eq_ignore_ascii_case(header.first()))
                || header.first().to_ascii_lowercase().starts_with("access-control-")
        };
        inherited.filter(|header| !is_own(header)).collect()
    }
}

impl Listen {
    /// The URL of the `/iiif` root by this way.
    pub(in crate::check::site) fn base(&self, host: &str) -> String {
        let (scheme, usual) = if self.tls { ("https", 443) } else { ("http", 80) };
        if self.port == usual {
            format!("{scheme}://{host}/iiif")
        } else {
            format!("{scheme}://{host}:{}/iiif", self.port)
        }
    }
}

/// The locations that lead to one with `fastcgi_pass recto_workers`.
fn way_to_workers(directive: &Directive) -> Option<Vec<&Directive>> {
    directive.all("location").find_map(|location| {
        if location.all("fastcgi_pass").any(|pass| pass.first() == super::UPSTREAM) {
            return Some(vec![location]);
        }
        let mut way = way_to_workers(location)?;
        way.insert(0, location);
        Some(way)
    })
}

/// `listen 443 ssl`, `listen 127.0.0.1:8080`, `listen [::]:80`; a socket of unix is none that viewers use.
fn listen(directive: &Directive) -> Option<Listen> {
    let text = directive.first();
    let tls = directive.arguments.iter().any(|argument| argument == "ssl");
    let (address, port) = match text.rsplit_once(':') {
        _ if text.starts_with("unix:") => return None,
        Some((address, port)) if !port.ends_with(']') => (address, port.parse().ok()?),
        _ => match text.parse() {
            Ok(port) => ("", port),
            Err(_) => (text, 80),
        },
    };
    let any = matches!(address, "*" | "0.0.0.0" | "[::]");
    Some(Listen { address: if any { String::new() } else { address.to_owned() }, port, tls })
}

/// What http.conf takes for a name: neither `_`, nor `*.example.org`, nor a regular expression.
pub(super) fn is_name(text: &str) -> bool {
    let text = text.trim_start_matches('_');
    text.starts_with(|letter: char| letter.is_ascii_alphanumeric())
        && text.split('.').all(|label| {
            !label.is_empty() && label.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it))
        })
}

#[cfg(test)]
mod tests {
    use super::super::text::parse;
    use super::*;
    use std::path::Path;

    const LOCATION: &str = "location ^~ /iiif/ { fastcgi_read_timeout 35s; location ^~ /iiif/ { \
                            add_header X-A b; fastcgi_pass recto_workers; } }";

    fn with<T>(server: &str, look: impl Fn(&Vhost) -> T) -> T {
        let text = format!("http {{ add_header X-Http 1; server {{ {server} {LOCATION} }} server {{ }} }}");
        let main = parse(&text, Path::new("f")).expect("directives");
        let vhosts = Vhost::all(&main);
        assert_eq!(vhosts.len(), 1);
        look(&vhosts[0])
    }

    #[test]
    fn ids_begin_with_the_name_or_the_address() {
        for (server, bases) in [
            ("", "http://127.0.0.1/iiif"),
            ("server_name _;", "http://127.0.0.1/iiif"),
            ("server_name *.a.org;", "http://127.0.0.1/iiif"),
            ("listen 10.0.0.1:8080;", "http://10.0.0.1:8080/iiif"),
            ("listen [::1]:80; listen [::]:80;", "http://[::1]/iiif http://127.0.0.1/iiif"),
            ("server_name a.org b.org; listen 80; listen [::]:80;", "http://a.org/iiif"),
            ("server_name a.org; listen 443 ssl http2; listen 80;", "https://a.org/iiif http://a.org/iiif"),
            ("server_name a.org; listen 8443 ssl; listen unix:/x;", "https://a.org:8443/iiif"),
            ("server_name a.org; listen [::1];", "http://a.org/iiif"),
        ] {
            assert_eq!(with(server, |vhost| vhost.bases().join(" ")), bases, "{server}");
        }
    }

    #[test]
    fn names_are_as_http_conf_has_them() {
        for (text, expected) in [
            ("a", true),
            ("a.b-c.d_e", true),
            ("_a", true),
            ("_", false),
            ("", false),
            ("*.a", false),
            ("~a", false),
        ] {
            assert_eq!(is_name(text), expected, "{text}");
        }
        assert!(!is_name("a..b") && !is_name("a.b.") && !is_name("-a"));
    }

    #[test]
    fn what_the_location_has_is_told_from_what_it_loses() {
        let lost = |server: &str| {
            with(server, |vhost| {
                vhost.lost_headers().iter().map(|it| it.first().to_owned()).collect::<Vec<_>>().join(" ")
            })
        };
        assert_eq!(lost(""), "X-Http");
        assert_eq!(
            lost("add_header Strict-Transport-Security x; add_header x-a 1;"),
            "Strict-Transport-Security"
        );
        assert_eq!(lost("add_header Access-Control-Allow-Origin *;"), "");
        assert_eq!(lost("add_header_inherit merge;"), "");
        assert!(with("fastcgi_read_timeout 5s;", |vhost| vhost.value("fastcgi_read_timeout") == Some("35s")));
        assert!(with("limit_req zone=a;", |vhost| vhost.value("limit_req") == Some("zone=a")));
    }
}
