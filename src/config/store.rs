//! A `[[source]]` that is a store: its URL and the keys that go with it, checked. What is wrong is told with the key that it
//! stands at. Credentials are refused wherever they could slip in: this file may be read by everybody.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use serde::Deserialize;

use super::pool::parse_duration;
use crate::source::{CacheSettings, StoreKind, StoreSettings};

/// Less room would not hold what a few requests in work need at once.
const LEAST_CACHE: u64 = 64 << 20;

/// `[cache]` as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCache {
    directory: PathBuf,
    max_bytes: u64,
    fresh: String,
}

impl Default for RawCache {
    fn default() -> Self {
        let CacheSettings { directory, max_bytes, .. } = CacheSettings::default();
        Self { directory, max_bytes, fresh: "60s".into() }
    }
}

impl RawCache {
    /// The section, checked.
    ///
    /// # Errors
    /// If the directory is not an absolute path, there is too little room, or the time is none.
    pub(super) fn checked(self) -> anyhow::Result<CacheSettings> {
        let Self { directory, max_bytes, fresh } = self;
        ensure!(directory.is_absolute(), "[cache] directory must be an absolute path");
        ensure!(
            max_bytes >= LEAST_CACHE,
            "[cache] max_bytes = {max_bytes} is less than {LEAST_CACHE} bytes, which a few requests at once need"
        );
        let time = parse_duration(&fresh).context("[cache] fresh")?;
        ensure!(time >= Duration::from_secs(1), "[cache] fresh = \"{fresh}\" is less than a second");
        Ok(CacheSettings { directory, max_bytes, fresh: time })
    }
}

/// The keys of a `[[source]]` beside `prefix` and `url`, as they stand in the file: all of them are about stores.
#[derive(Debug)]
pub(super) struct RawStore {
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    pub(super) account: Option<String>,
    pub(super) public: Option<bool>,
    pub(super) ca: Option<PathBuf>,
    pub(super) user: Option<String>,
    pub(super) password_file: Option<PathBuf>,
}

impl RawStore {
    /// The first of the keys that is there.
    pub(super) fn any(&self) -> Option<&'static str> {
        let all = [
            (self.endpoint.is_some(), "endpoint"),
            (self.region.is_some(), "region"),
            (self.account.is_some(), "account"),
            (self.public.is_some(), "public"),
            (self.ca.is_some(), "ca"),
            (self.user.is_some(), "user"),
            (self.password_file.is_some(), "password_file"),
        ];
        all.into_iter().find_map(|(is_there, key)| is_there.then_some(key))
    }

    /// The store at this URL, if it is the URL of one.
    ///
    /// # Errors
    /// If the URL or a key cannot be, or they do not go together; the message begins with the key.
    pub(super) fn checked(self, kind: StoreKind, url: &str) -> anyhow::Result<StoreSettings> {
        let (bucket, path) = location(kind, url).map_err(|why| anyhow!("url = {url:?}: {why:#}"))?;
        self.fits(kind)?;
        for (key, path) in [("ca", &self.ca), ("password_file", &self.password_file)] {
            if let Some(path) = path {
                ensure!(path.is_absolute(), "{key} = {path:?} must be an absolute path");
            }
        }
        ensure!(
            self.user.is_some() == self.password_file.is_some(),
            "{} is of no use alone: HTTP Basic takes user and password_file",
            if self.user.is_some() { "user" } else { "password_file" }
        );
        if let Some(user) = &self.user {
            let is_name = !user.is_empty() && !user.contains([':']) && !user.contains(char::is_control);
            ensure!(is_name, "user = {user:?} is no name for HTTP Basic");
        }
        for (key, text) in [("region", &self.region), ("account", &self.account)] {
            if let Some(text) = text {
                let is_word =
                    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                ensure!(is_word, "{key} = {text:?} is no name of letters, digits and hyphens");
            }
        }
        Ok(StoreSettings {
            kind,
            bucket,
            path,
            endpoint: self.endpoint.as_deref().map(endpoint).transpose()?,
            region: self.region,
            account: self.account,
            public: self.public.unwrap_or(false),
            ca: self.ca,
            user: self.user,
            password_file: self.password_file,
        })
    }

    /// Whether the keys that are there say anything about such a store.
    fn fits(&self, kind: StoreKind) -> anyhow::Result<()> {
        let (scheme, is_web) = (kind.scheme(), kind.is_web());
        for (key, is_there, fits) in [
            ("endpoint", self.endpoint.is_some(), !is_web),
            ("region", self.region.is_some(), kind == StoreKind::S3),
            ("account", self.account.is_some(), kind == StoreKind::Azure),
            ("public", self.public.is_some(), !is_web),
            ("user", self.user.is_some(), is_web),
            ("password_file", self.password_file.is_some(), is_web),
        ] {
            ensure!(!is_there || fits, "{key} says nothing about a store at {scheme}://");
        }
        ensure!(
            !(kind == StoreKind::Http && self.user.is_some()),
            "user: a password is not sent over http://, where everybody on the way reads it; use https://"
        );
        Ok(())
    }
}

/// The bucket (or host) that a URL names, and what the keys below it begin with.
fn location(kind: StoreKind, url: &str) -> anyhow::Result<(String, String)> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
    plain(url)?;
    if kind.is_web() {
        host(bucket)?;
    } else {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.$".contains(&byte);
        let fits = (1..=255).contains(&bucket.len()) && bucket.bytes().all(is_name);
        ensure!(fits, "{bucket:?} is no name of a bucket; a host of your own goes to the key `endpoint`");
    }
    let path = path.trim_end_matches('/');
    let is_path = path.is_empty() || path.split('/').all(|name| !matches!(name, "" | "." | ".."));
    ensure!(is_path, "its path has an empty name, or . or ..");
    ensure!(path.len() <= 512, "its path is longer than 512 bytes");
    let path = if path.is_empty() { String::new() } else { format!("{path}/") };
    Ok((bucket.to_owned(), path))
}

/// The address of an API, without a slash at its end.
fn endpoint(text: &str) -> anyhow::Result<String> {
    let checked = || {
        plain(text)?;
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let Some(rest) = rest else { bail!("it has to begin with http:// or https://") };
        host(rest.split('/').next().unwrap_or_default())?;
        Ok(text.trim_end_matches('/').to_owned())
    };
    checked().map_err(|why| anyhow!("endpoint = {text:?}: {why:#}"))
}

/// That a URL has nothing after its path, and nothing in it that does not belong there.
fn plain(url: &str) -> anyhow::Result<()> {
    let is_text = !url.contains(|letter: char| letter.is_control() || letter.is_whitespace());
    ensure!(is_text, "it has a space or a control character; in a URL a space is %20");
    ensure!(!url.contains(['?', '#']), "a query or fragment has no place here, nor has a signature in it");
    Ok(())
}

/// That this is a host, perhaps with a port.
fn host(text: &str) -> anyhow::Result<()> {
    ensure!(
        !text.contains('@'),
        "a name and a password have no place in this file, which everybody may read: see user and password_file, or \
         the variables of the cloud"
    );
    let (host, port) = match text.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match bare {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            (1..=253).contains(&host.len()) && host.bytes().all(is_letter)
        }
    };
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0));
    ensure!(is_host && is_port, "{text:?} is no host");
    Ok(())
}
