//! Requests to a web server, over TLS where the URL says so, and its answers, whole and as pixels. What comes back is
//! somebody else's: it has limits of time and size, and no redirect is followed unasked.

mod picture;
mod url;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};
use ureq::http::{HeaderMap, Request};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Timeout};

pub use picture::{Difference, Picture, format_of};
pub use url::{join, origin, path};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// No answer is larger: 256 MB, some hundred megapixels of JPEG.
const LONGEST_ANSWER: u64 = 1 << 28;

/// What we call ourselves; operators of servers look for it in their logs.
const USER_AGENT: &str = concat!("recto/", env!("CARGO_PKG_VERSION"), " (IIIF Image API client)");

/// Who asks. It keeps connections open from one request to the next.
#[derive(Clone, Debug)]
pub struct Client {
    agent: Agent,
    /// Why nobody's certificate can be checked, if that is so.
    rootless: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    headers: HeaderMap,
    /// All of the body.
    pub body: Vec<u8>,
    /// From asking to the last byte.
    pub took: Duration,
}

impl Client {
    /// One that waits for an answer for so long, and trusts the root certificates of the system, or those that
    /// `SSL_CERT_FILE` names.
    pub fn new(patience: Duration) -> Self {
        let found = rustls_native_certs::load_native_certs();
        let roots = found.certs.iter().map(|der| Certificate::from_der(der).to_owned());
        let rootless = found.certs.is_empty().then(|| {
            let why = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
            format!("no root certificates on this system (package ca-certificates){why}; https:// needs them")
        });
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::from(roots))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .user_agent(USER_AGENT)
            .accept("")
            .accept_encoding("")
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(patience))
            .build();
        Self { agent: config.new_agent(), rootless }
    }

    /// A GET with these headers, and no others but Host and User-Agent.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> anyhow::Result<Answer> {
        self.request("GET", url, headers)
    }

    /// The answer to a request without a body, whatever its status.
    ///
    /// # Errors
    /// If the URL is none, nobody answers in time, the answer is not HTTP, is cut off or is too large.
    pub fn request(&self, method: &str, url: &str, headers: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let known = url.starts_with("http://") || url.starts_with("https://");
        ensure!(known, "{url} does not begin with http:// or https://");
        if let Some(why) = self.rootless.as_ref().filter(|_| url.starts_with("https://")) {
            bail!("{why}");
        }
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).with_context(|| format!("{url} is no URL"))?;
        let start = Instant::now();
        let mut response = self.agent.run(request).map_err(explained)?;
        let body =
            response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec().map_err(explained)?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        Ok(Answer { status, headers, body, took: start.elapsed() })
    }
}

impl Answer {
    /// The values of a header, in order; `name` in lower case. What is no text is left out.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// The first value of a header, if there is one.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The media type, in lower case and without its parameters; empty if there is none.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The target of the first link of this relation (RFC 8288).
    pub fn link(&self, relation: &str) -> Option<&str> {
        // A comma may stand in a target: so entries are told by their brackets.
        self.all("link").flat_map(|value| value.split('<').skip(1)).find_map(|entry| {
            let (target, parameters) = entry.split_once('>')?;
            let mut parameters = parameters.split([';', ',']).map(str::trim);
            let is_it = parameters.any(|parameter| {
                let relations = parameter.strip_prefix("rel=").map(|value| value.trim_matches('"'));
                relations.is_some_and(|names| names.split(' ').any(|name| name == relation))
            });
            is_it.then_some(target)
        })
    }

    /// The beginning of its text, in one line, for messages: without tags, and without what a terminal would obey.
    pub fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.body[..self.body.len().min(2000)]);
        let mut in_tag = false;
        let plain = text.chars().map(|letter| {
            let inside = in_tag || letter == '<';
            in_tag = inside && letter != '>';
            if inside || letter.is_control() { ' ' } else { letter }
        });
        let words = plain.collect::<String>();
        let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().take(120).collect()
    }
}

/// What went wrong, in the words of whoever waits for the answer.
fn explained(error: ureq::Error) -> anyhow::Error {
    match error {
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => anyhow!("no connection in time"),
        ureq::Error::Timeout(_) => anyhow!("no whole answer in time"),
        ureq::Error::HostNotFound => anyhow!("there is no such host"),
        ureq::Error::BodyExceedsLimit(limit) => anyhow!("the answer has more than {limit} bytes"),
        error => anyhow!(error),
    }
}
