//! `[server]`: the pool of workers and the way to reach it.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use serde::Deserialize;

use super::Hosts;

/// The pool of workers and the way to reach it.
#[derive(Clone, Debug)]
pub struct Server {
    /// The unix socket on which NGINX finds the workers, unless systemd hands one over.
    pub socket: PathBuf,
    /// Number of workers, at least 1.
    pub workers: usize,
    /// The URL of the `/iiif` root that clients see, without a slash at its end. Without it NGINX tells.
    pub public_url: Option<String>,
    /// The hosts whose name a client's request may give to that URL, where NGINX has none of its own.
    pub trusted_hosts: Hosts,
    /// How long a worker may take for one request before it is killed.
    pub deadline: Duration,
    /// The Cache-Control header of what was found.
    pub cache_control: String,
}

/// The section as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawServer {
    socket: PathBuf,
    workers: RawWorkers,
    public_url: Option<String>,
    trusted_hosts: Hosts,
    deadline: String,
    cache_control: String,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "`workers` is \"auto\" or a whole number")]
enum RawWorkers {
    Number(u16),
    Word(String),
}

impl Default for RawServer {
    fn default() -> Self {
        Self {
            socket: "/run/recto/recto.sock".into(),
            workers: RawWorkers::Word("auto".into()),
            public_url: None,
            trusted_hosts: Hosts::default(),
            deadline: "30s".into(),
            cache_control: "public, max-age=86400".into(),
        }
    }
}

impl TryFrom<RawServer> for Server {
    type Error = anyhow::Error;

    fn try_from(raw: RawServer) -> anyhow::Result<Self> {
        ensure!(raw.socket.is_absolute(), "[server] socket must be an absolute path");
        ensure!(
            !raw.cache_control.contains(|c: char| c.is_control()),
            "[server] cache_control must be one line"
        );
        Ok(Self {
            socket: raw.socket,
            workers: raw.workers.resolve()?,
            public_url: raw.public_url.map(checked_url).transpose()?,
            trusted_hosts: raw.trusted_hosts,
            deadline: parse_duration(&raw.deadline).context("[server] deadline")?,
            cache_control: raw.cache_control,
        })
    }
}

impl Server {
    /// In words, what the ids in info.json begin with.
    pub fn told_ids(&self) -> String {
        match &self.public_url {
            Some(url) => format!("ids begin with {url}/3/ and {url}/2/"),
            None => format!(
                "ids begin with the server_name of NGINX's vhost; where that is no name, or a port was mapped, with the \
                 host that a client asks for, if [server] trusted_hosts has it: {}",
                self.trusted_hosts.list()
            ),
        }
    }

    /// What a client's Host header gives to the base URL, or would without `public_url`; nothing if it is not listed.
    pub fn admit(&self, host: &str, scheme: &str) -> Option<String> {
        let public = self.public_url.as_deref().and_then(|url| url.split('/').nth(2));
        let is_public = public.is_some_and(|public| public == host);
        if is_public { Some(host.to_owned()) } else { self.trusted_hosts.admit(host, scheme) }
    }
}

impl RawWorkers {
    /// `auto` is one worker per core that the process may use (cgroup and affinity are seen).
    fn resolve(self) -> anyhow::Result<usize> {
        match self {
            Self::Number(number @ 1..=1024) => Ok(number.into()),
            Self::Number(number) => bail!("[server] workers = {number} is not within 1 to 1024"),
            Self::Word(word) if word == "auto" => {
                Ok(std::thread::available_parallelism().map_or(1, usize::from))
            }
            Self::Word(word) => bail!("[server] workers = \"{word}\" is neither \"auto\" nor a number"),
        }
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

/// A duration as `30s`, `500ms` or `2m`.
fn parse_duration(text: &str) -> anyhow::Result<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| anyhow!("\"{text}\" is not a duration such as \"30s\""))?;
    let duration = match unit.trim() {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        _ => bail!("\"{text}\" has no unit of ms, s or m"),
    };
    let allowed = Duration::from_millis(100)..=Duration::from_secs(3600);
    ensure!(allowed.contains(&duration), "\"{text}\" is not within 100ms to 60m");
    Ok(duration)
}
