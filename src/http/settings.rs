//! The part of `[server]` about HTTP: its URL, and how long responses may be cached.

use std::path::PathBuf;

use anyhow::ensure;

use super::Hosts;

/// The URL of the server, and how long its responses may be cached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The URL of the root that clients see, such as `https://host/iiif`, without a slash at its end. Without it, the name that NGINX passes
    /// on is used.
    pub public_url: Option<String>,
    /// The hosts that a client's request may put into that URL, where NGINX has no name of its own.
    pub trusted_hosts: Hosts,
    /// The Cache-Control header of successful responses.
    pub cache_control: String,
    /// Where NGINX keeps its copies.
    pub cache: PathBuf,
    /// Whether pictures and info.json say how long they took.
    pub server_timing: bool,
}

impl Settings {
    /// These values, checked; `public_url` loses the slash at its end.
    ///
    /// # Errors
    /// If `cache_control` is not one line, or `public_url` cannot be a base URL.
    pub(crate) fn new(
        public_url: Option<String>,
        trusted_hosts: Hosts,
        cache_control: String,
        cache: PathBuf,
        server_timing: bool,
    ) -> anyhow::Result<Self> {
        ensure!(!cache_control.contains(|c: char| c.is_control()), "[server] cache_control must be one line");
        let public_url = public_url.map(checked_url).transpose()?;
        Ok(Self { public_url, trusted_hosts, cache_control, cache, server_timing })
    }

    /// What the ids in info.json begin with, for the log.
    pub fn describe_ids(&self) -> String {
        match &self.public_url {
            Some(url) => format!("ids begin with {url}/3/ and {url}/2/"),
            None => format!(
                "ids begin with the server_name of NGINX's vhost; where that is no name, or a port was mapped, with the \
                 host that a client asks for, if [server] trusted_hosts has it: {}",
                self.trusted_hosts.list()
            ),
        }
    }

    /// The host that a client's Host header puts into the base URL, or would without `public_url`; None if it is not
    /// listed.
    pub(super) fn admit(&self, host: &str, scheme: &str) -> Option<String> {
        let public = self.public_url.as_deref().and_then(|url| url.split('/').nth(2));
        let is_public = public.is_some_and(|public| public == host);
        if is_public { Some(host.to_owned()) } else { self.trusted_hosts.admit(host, scheme) }
    }
}

/// A base URL without its final slash, checked far enough to be safe in a header and in JSON.
fn checked_url(url: String) -> anyhow::Result<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    ensure!(
        !host.is_empty(),
        "[server] public_url = \"{url}\" does not start with http:// or https:// and a host"
    );
    ensure!(
        url.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"\\^`{|}?#".contains(&b)),
        "[server] public_url = \"{url}\" has characters that no base URL can have"
    );
    Ok(url.trim_end_matches('/').to_owned())
}
