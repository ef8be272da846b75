//! The clients of stores, made from settings and environment: one way out for all of them, and no retries of their own.

use std::cell::Cell;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use http::HeaderValue;
use object_store::aws::AmazonS3Builder;
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::list::PaginatedListStore;
use object_store::{ObjectStore, RetryConfig};

use super::door::Door;
use super::{Remote, tls};
use crate::fetch::environment::Environment;
use crate::fetch::secrets::Secrets;
use crate::source::{StoreKind, StoreSettings};

/// Where names and credentials come from, beside the ports of stores: DNS over TCP, and HTTP with and without TLS.
const ALWAYS: [u16; 3] = [53, 80, 443];

/// The crate makes no request twice: that is decided by who asked.
fn once() -> RetryConfig {
    RetryConfig { max_retries: 0, retry_timeout: Duration::ZERO, ..RetryConfig::default() }
}

pub(super) fn remote(settings: &StoreSettings, environment: &Environment) -> anyhow::Result<Remote> {
    let password = password(settings)?;
    let basic = match (&settings.user, &password) {
        (Some(user), Some(password)) => Some(basic(user, password)?),
        _ => None,
    };
    let said = basic.as_ref().and_then(|basic| basic.to_str().ok()).and_then(|basic| basic.get(6..));
    let secrets = environment.secrets().chain(password.as_deref()).chain(said);
    let secrets = Secrets::of(secrets);
    let door = Door::new(tls::config(settings.ca.as_deref())?, basic);
    let made = match settings.kind {
        StoreKind::S3 => s3(settings, environment, door),
        StoreKind::Gcs => gcs(settings, environment, door),
        StoreKind::Azure => azure(settings, environment, door),
        StoreKind::Http | StoreKind::Https => web(settings, door),
    };
    let (store, lists) = made.map_err(|error| anyhow::anyhow!(secrets.kept(&error.to_string())))?;
    Ok(Remote {
        name: settings.url(),
        endpoint: endpoint(settings),
        store,
        lists,
        refuses_to_list: Cell::new(false),
        // That of a web server is in its URL.
        prefix: if settings.kind.is_web() { String::new() } else { settings.path.clone() },
        is_public: settings.public,
        secrets,
    })
}

type Made = object_store::Result<(Arc<dyn ObjectStore>, Option<Arc<dyn PaginatedListStore>>)>;

fn both<S: ObjectStore + PaginatedListStore>(store: S) -> Made {
    let store = Arc::new(store);
    let lists: Arc<dyn PaginatedListStore> = store.clone();
    Ok((store, Some(lists)))
}

fn s3(settings: &StoreSettings, environment: &Environment, door: Door) -> Made {
    let mut builder = AmazonS3Builder::new();
    for (name, value) in environment.beginning("AWS_") {
        if let Ok(key) = name.parse() {
            builder = builder.with_config(key, value);
        }
    }
    if let Some(region) = &settings.region {
        builder = builder.with_region(region);
    }
    // Without an endpoint, buckets of all names are reached by their path.
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    let builder = builder.with_bucket_name(&settings.bucket).with_skip_signature(settings.public);
    both(builder.with_http_connector(door).with_retry(once()).build()?)
}

fn gcs(settings: &StoreSettings, environment: &Environment, door: Door) -> Made {
    let mut builder = GoogleCloudStorageBuilder::new();
    for (name, value) in environment.beginning("GOOGLE_") {
        if let Ok(key) = name.parse() {
            builder = builder.with_config(key, value);
        }
    }
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.with_base_url(endpoint);
    }
    let builder = builder.with_bucket_name(&settings.bucket).with_skip_signature(settings.public);
    both(builder.with_http_connector(door).with_retry(once()).build()?)
}

fn azure(settings: &StoreSettings, environment: &Environment, door: Door) -> Made {
    let mut builder = MicrosoftAzureBuilder::new();
    for (name, value) in environment.beginning("AZURE_") {
        if let Ok(key) = name.parse::<AzureConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    if let Some(account) = &settings.account {
        builder = builder.with_account(account);
    }
    if let Some(endpoint) = &settings.endpoint {
        // Emulators have the account in their path, and it is signed with it.
        let account = endpoint.split('/').nth(3).filter(|_| settings.account.is_none());
        builder = account.into_iter().fold(builder, |builder, account| builder.with_account(account));
        builder = builder.with_endpoint(endpoint.clone());
    }
    let builder = builder.with_container_name(&settings.bucket).with_skip_signature(settings.public);
    both(builder.with_http_connector(door).with_retry(once()).build()?)
}

fn web(settings: &StoreSettings, door: Door) -> Made {
    let url = settings.url();
    let builder = HttpBuilder::new().with_url(url.trim_end_matches('/'));
    let store = builder.with_http_connector(door).with_retry(once()).build()?;
    // What it calls a listing is WebDAV, which servers of files seldom speak.
    Ok((Arc::new(store), None))
}

/// The first line of the file with the password.
fn password(settings: &StoreSettings) -> anyhow::Result<Option<String>> {
    let Some(path) = &settings.password_file else { return Ok(None) };
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let line = text.lines().next().unwrap_or_default();
    ensure!(!line.is_empty(), "there is no password in the first line of {}", path.display());
    Ok(Some(line.to_owned()))
}

/// RFC 7617.
fn basic(user: &str, password: &str) -> anyhow::Result<HeaderValue> {
    let mut value =
        HeaderValue::try_from(format!("Basic {}", base64(format!("{user}:{password}").as_bytes())))?;
    value.set_sensitive(true);
    Ok(value)
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(*group.get(at).unwrap_or(&0)));
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at > group.len() { '=' } else { digit.into() });
        }
    }
    text
}

/// Who is asked: the same text for stores that are reached or not reached together.
fn endpoint(settings: &StoreSettings) -> String {
    if let Some(endpoint) = &settings.endpoint {
        return endpoint.clone();
    }
    let beside = match settings.kind {
        StoreKind::S3 => settings.region.as_deref().unwrap_or("the region of the environment"),
        StoreKind::Gcs => "storage.googleapis.com",
        StoreKind::Azure => settings.account.as_deref().unwrap_or("the account of the environment"),
        StoreKind::Http | StoreKind::Https => &settings.bucket,
    };
    format!("{}://{beside}", settings.kind.scheme())
}

/// The ports to which connections are made.
pub(in crate::fetch) fn ports<'s>(
    stores: impl Iterator<Item = &'s StoreSettings>,
    environment: &Environment,
) -> Vec<u16> {
    let urls = stores.map(|store| store.endpoint.clone().unwrap_or_else(|| store.url()));
    let urls = urls.chain(environment.addresses().map(str::to_owned));
    let mut ports: Vec<_> = urls.filter_map(|url| port(&url)).chain(ALWAYS).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// The port that a URL names.
fn port(url: &str) -> Option<u16> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split('/').next()?;
    let (_, port) = host.rsplit_once(':')?;
    port.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_password_are_written_as_rfc_7617_has_them() {
        for (user, password, expected) in [
            ("Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
            ("a", "b", "Basic YTpi"),
            ("ab", "c", "Basic YWI6Yw=="),
            ("a", "b~\u{ff}", "Basic YTpifsO/"),
        ] {
            assert_eq!(basic(user, password).expect("a header"), expected);
        }
    }

    #[test]
    fn ports_are_those_of_urls() {
        for (url, expected) in [
            ("http://host:9000", Some(9000)),
            ("https://host:8443/path:1", Some(8443)),
            ("http://[::1]:81/", Some(81)),
            ("https://host/", None),
            ("s3://bucket/path", None),
        ] {
            assert_eq!(port(url), expected, "{url}");
        }
    }
}
