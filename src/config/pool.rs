//! `[server]`: the pool of workers, the way to reach it, and the settings of HTTP.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use serde::Deserialize;

use crate::http::{self, Hosts};

/// The pool of workers and the way to reach it.
#[derive(Clone, Debug)]
pub struct Pool {
    /// The unix socket on which NGINX reaches the workers, unless systemd hands one over.
    pub socket: PathBuf,
    /// Addresses of TCP at which workers take requests as well.
    pub listen: Vec<SocketAddr>,
    /// Number of workers that take requests from NGINX, at least 1.
    pub workers: usize,
    /// Number of workers to which those hand over what takes long, at least 1.
    pub background_workers: usize,
    /// Number of workers to which those hand over what has to wait for a store, at least 1. There are none without a store.
    pub far_workers: usize,
    /// How long a worker may take for one request before it is killed.
    pub deadline: Duration,
    /// Whether workers confine themselves.
    pub sandbox: bool,
}

/// Most addresses of TCP.
const MOST_ADDRESSES: usize = 16;

/// How many far workers there are for each worker at the front, and within which bounds, unless the file says how many.
const FAR_FOR_EACH: usize = 4;
const FEWEST_FAR: usize = 8;
const MOST_FAR: usize = 64;

/// The section as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawServer {
    socket: PathBuf,
    listen: Vec<String>,
    workers: RawWorkers,
    background_workers: RawWorkers,
    far_workers: RawWorkers,
    public_url: Option<String>,
    trusted_hosts: Hosts,
    deadline: String,
    cache_control: String,
    cache: PathBuf,
    sandbox: bool,
    server_timing: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a number of workers is \"auto\" or a whole number")]
enum RawWorkers {
    Number(u16),
    Word(String),
}

impl Default for RawServer {
    fn default() -> Self {
        Self {
            socket: "/run/recto/recto.sock".into(),
            listen: Vec::new(),
            workers: RawWorkers::Word("auto".into()),
            background_workers: RawWorkers::Word("auto".into()),
            far_workers: RawWorkers::Word("auto".into()),
            public_url: None,
            trusted_hosts: Hosts::default(),
            deadline: "30s".into(),
            cache_control: "public, max-age=86400".into(),
            cache: "/var/cache/nginx/recto".into(),
            sandbox: true,
            server_timing: false,
        }
    }
}

impl RawServer {
    /// The section, checked.
    ///
    /// # Errors
    /// If a value is out of range.
    pub(super) fn checked(self) -> anyhow::Result<(Pool, http::Settings)> {
        ensure!(self.socket.is_absolute(), "[server] socket must be an absolute path");
        let workers = self.workers.number("workers")?;
        let pool = Pool {
            socket: self.socket,
            listen: checked_addresses(&self.listen)?,
            workers: workers.unwrap_or_else(cores),
            // At least two, so that what is dear does not keep all else waiting.
            background_workers: self
                .background_workers
                .number("background_workers")?
                .unwrap_or_else(|| workers.unwrap_or_else(cores).max(2)),
            // They mostly wait, and each waits for one request.
            far_workers: self.far_workers.number("far_workers")?.unwrap_or_else(|| {
                (FAR_FOR_EACH * workers.unwrap_or_else(cores)).clamp(FEWEST_FAR, MOST_FAR)
            }),
            deadline: parse_duration(&self.deadline).context("[server] deadline")?,
            sandbox: self.sandbox,
        };
        let Self { public_url, trusted_hosts, cache_control, cache, server_timing, .. } = self;
        Ok((pool, http::Settings::new(public_url, trusted_hosts, cache_control, cache, server_timing)?))
    }
}

/// Addresses with their ports, each once.
fn checked_addresses(texts: &[String]) -> anyhow::Result<Vec<SocketAddr>> {
    let mut addresses = Vec::new();
    for text in texts {
        let address: SocketAddr = text.parse().ok().filter(|it: &SocketAddr| it.port() != 0).with_context(|| {
            format!("[server] listen = \"{text}\" is not an address with a port, such as 127.0.0.1:9000 or [::1]:9000")
        })?;
        ensure!(!addresses.contains(&address), "[server] listen has {address} twice");
        addresses.push(address);
    }
    ensure!(addresses.len() <= MOST_ADDRESSES, "[server] listen has more than {MOST_ADDRESSES} addresses");
    Ok(addresses)
}

impl RawWorkers {
    /// The number that is given for `key`; None for `auto`.
    fn number(self, key: &str) -> anyhow::Result<Option<usize>> {
        match self {
            Self::Number(number @ 1..=1024) => Ok(Some(number.into())),
            Self::Number(number) => bail!("[server] {key} = {number} is not within 1 to 1024"),
            Self::Word(word) if word == "auto" => Ok(None),
            Self::Word(word) => bail!("[server] {key} = \"{word}\" is neither \"auto\" nor a number"),
        }
    }
}

/// The cores that the process may use (cgroup and affinity are seen).
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A duration as `30s`, `500ms` or `2m`.
pub(super) fn parse_duration(text: &str) -> anyhow::Result<Duration> {
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
