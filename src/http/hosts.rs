//! `[server] trusted_hosts`: the names by which clients may find the server, beside what NGINX calls it.
//! A Host header comes from the client and ends up in info.json, so only listed hosts are accepted. RFC 9110 section
//! 7.2, RFC 3986 section 3.2.

use anyhow::bail;
use serde::Deserialize;

/// Longest name in DNS.
const LONGEST: usize = 253;

/// The hosts that are listed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Hosts(Vec<Pattern>);

/// One entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    /// As the operator wrote it.
    text: String,
    /// In lower case; of `*.example.org` what stands after the asterisk.
    name: String,
    any_label: bool,
    port: Port,
}

/// Which ports an entry allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    /// That of the scheme.
    Usual,
    This(u16),
    Any,
}

impl Default for Hosts {
    /// The machine itself, by any port: a client that uses these names is on it, or has access to it.
    fn default() -> Self {
        let local = ["localhost", "127.0.0.1", "[::1]"];
        Self(local.map(|name| Pattern::new(format!("{name}:*"), name, false, Port::Any)).into())
    }
}

impl TryFrom<Vec<String>> for Hosts {
    type Error = anyhow::Error;

    fn try_from(list: Vec<String>) -> anyhow::Result<Self> {
        list.into_iter().map(Pattern::parse).collect::<anyhow::Result<_>>().map(Self)
    }
}

impl Hosts {
    /// The host of a Host header, if it is listed: in lower case, without the default port of the scheme.
    pub(super) fn admit(&self, asked: &str, scheme: &str) -> Option<String> {
        let asked = asked.to_ascii_lowercase();
        let (name, port) = split(&asked)?;
        let usual = if scheme == "https" { 443 } else { 80 };
        let port = match port {
            None => usual,
            Some(digits) => number(digits)?,
        };
        let listed = self.0.iter().any(|pattern| pattern.matches(name, port, usual));
        let admitted = if port == usual { name.to_owned() } else { format!("{name}:{port}") };
        listed.then_some(admitted)
    }

    /// The list as it is written.
    pub(crate) fn list(&self) -> String {
        let texts: Vec<&str> = self.0.iter().map(|pattern| pattern.text.as_str()).collect();
        texts.join(", ")
    }
}

impl Pattern {
    fn new(text: String, name: &str, any_label: bool, port: Port) -> Self {
        Self { text, name: name.to_ascii_lowercase(), any_label, port }
    }

    fn parse(text: String) -> anyhow::Result<Self> {
        let parts = split(&text).and_then(|(name, port)| {
            let port = match port {
                None => Port::Usual,
                Some("*") => Port::Any,
                Some(digits) => Port::This(number(digits)?),
            };
            let (name, any_label) = name.strip_prefix('*').map_or((name, false), |rest| (rest, true));
            let right = if any_label { name.strip_prefix('.').is_some_and(is_name) } else { is_host(name) };
            right.then(|| (name.to_owned(), any_label, port))
        });
        let Some((name, any_label, port)) = parts else {
            bail!(
                "[server] trusted_hosts has \"{text}\", which is not of the form images.example.org, *.example.org, \
                 localhost:8080 or localhost:*"
            );
        };
        Ok(Self::new(text, &name, any_label, port))
    }

    fn matches(&self, name: &str, port: u16, usual: u16) -> bool {
        let right_port = match self.port {
            Port::Usual => port == usual,
            Port::This(this) => port == this,
            Port::Any => true,
        };
        let right_name = match self.any_label {
            true => name.len() <= LONGEST && name.strip_suffix(&self.name).is_some_and(is_name),
            false => name == self.name,
        };
        right_port && right_name
    }
}

/// Name and port, if there is one, of a host.
fn split(host: &str) -> Option<(&str, Option<&str>)> {
    let end = if host.starts_with('[') { host.find(']')? + 1 } else { host.find(':').unwrap_or(host.len()) };
    match host.split_at(end) {
        (name, "") => Some((name, None)),
        (name, port) => Some((name, Some(port.strip_prefix(':')?))),
    }
}

/// A port, in digits alone.
fn number(digits: &str) -> Option<u16> {
    digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A name, or an address of either kind.
fn is_host(text: &str) -> bool {
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => is_name(text),
    }
}

/// One label or more. DNS allows no underscore, but some names have one.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    text.len() <= LONGEST && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(list: &[&str]) -> anyhow::Result<Hosts> {
        list.iter().map(|&text| text.to_owned()).collect::<Vec<_>>().try_into()
    }

    #[test]
    fn what_is_listed_is_admitted() {
        let hosts = hosts(&["Images.example.org", "*.Example.net", "a_b:8080", "10.0.0.1:*", "[::1]:*"]);
        let hosts = hosts.expect("hosts");
        for (asked, admitted) in [
            ("images.example.org", Some("images.example.org")),
            ("IMAGES.example.ORG:80", Some("images.example.org")),
            ("images.example.org:443", None),
            ("images.example.org:8080", None),
            ("images.example.org.", None),
            ("evil.images.example.org", None),
            ("x.example.net", Some("x.example.net")),
            ("x_y.z.example.net", Some("x_y.z.example.net")),
            ("example.net", None),
            (".example.net", None),
            ("x..example.net", None),
            ("x/y.example.net", None),
            ("x|y.example.net", None),
            ("evil.org\".example.net", None),
            ("evilexample.net", None),
            ("a_b:8080", Some("a_b:8080")),
            ("a_b:08080", Some("a_b:8080")),
            ("a_b:+8080", None),
            ("a_b", None),
            ("10.0.0.1:5", Some("10.0.0.1:5")),
            ("10.0.0.1", Some("10.0.0.1")),
            ("10.0.0.1:65536", None),
            ("10.0.0.1:", None),
            ("10.0.0.1:*", None),
            ("[::1]", Some("[::1]")),
            ("[::1]:8182", Some("[::1]:8182")),
            ("[::1]8182", None),
            ("[::1", None),
            ("user@images.example.org", None),
            ("", None),
        ] {
            assert_eq!(hosts.admit(asked, "http").as_deref(), admitted, "{asked}");
        }
        assert_eq!(
            hosts.admit("images.example.org:443", "https").as_deref(),
            Some("images.example.org"),
            "the usual port is the scheme's"
        );
        let long = format!("{}.example.net", "a".repeat(LONGEST));
        assert_eq!(hosts.admit(&long, "http"), None);
    }

    #[test]
    fn by_default_the_machine_itself_is_trusted() {
        let hosts = Hosts::default();
        assert_eq!(hosts.list(), "localhost:*, 127.0.0.1:*, [::1]:*");
        assert_eq!(hosts.admit("localhost:8080", "http").as_deref(), Some("localhost:8080"));
        assert_eq!(hosts.admit("example.org", "http"), None);
    }

    #[test]
    fn entries_that_are_no_hosts_are_refused() {
        let wrong =
            ["", "*", "*.", "*example.org", "a.*.org", "http://a", "a/b", "a b", "a:b", "a:0x1", "[a]", "é"];
        for entry in wrong {
            let error = hosts(&["localhost", entry]).expect_err(entry).to_string();
            assert!(error.contains("trusted_hosts") && error.contains(&format!("\"{entry}\"")), "{error}");
        }
    }
}
