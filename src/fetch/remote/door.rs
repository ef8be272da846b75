//! The way out: every request to a store, and to services that give out credentials for one, goes through here. No redirect
//! is followed, nothing is without a limit of time and size, and whether an answer is what was asked for is decided before
//! anybody reads it.

use std::error::Error;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, HeaderName, HeaderValue,
    LOCATION, RANGE, RETRY_AFTER, USER_AGENT,
};
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector as Connects, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};
use tokio::time::timeout;

use super::names::Names;
use super::partial::{self, Told};
use super::{Bytes, Trail};
use crate::fetch::failure::{Failure, code_in};

/// How long a connection may take to come about, and an answer to begin.
const CONNECT: Duration = Duration::from_secs(1);
const FIRST_BYTE: Duration = Duration::from_secs(5);

/// How long a connection that nobody uses is kept, and how many. Servers close theirs after a minute or less.
const IDLE: Duration = Duration::from_secs(20);
const KEPT: usize = 64;

/// Most bytes of a head, and of what is read at once. Each connection has one such buffer.
const BUFFER: usize = 128 << 10;

/// Most bytes of an answer that is no range of an object: a listing, a token.
const LONGEST: usize = 4 << 20;

/// Most bytes of an answer that only says what went wrong.
const COMPLAINT: usize = 16 << 10;

/// What we call ourselves; operators of stores look for it in their logs.
const NAME: HeaderValue = HeaderValue::from_static(concat!("recto/", env!("CARGO_PKG_VERSION")));

/// The way out to one store.
#[derive(Clone)]
pub(super) struct Door {
    client: Client<HttpsConnector<HttpConnector<Names>>, HttpRequestBody>,
    /// Sent with each request.
    basic: Option<HeaderValue>,
}

/// A failure, for who only reads that there is one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

impl Door {
    /// One with these certificates, that names itself by this header Authorization.
    pub(super) fn new(tls: rustls::ClientConfig, basic: Option<HeaderValue>) -> Self {
        let mut plain = HttpConnector::new_with_resolver(Names::default());
        plain.set_connect_timeout(Some(CONNECT));
        plain.set_nodelay(true);
        plain.set_keepalive(Some(Duration::from_secs(15)));
        plain.enforce_http(false);
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(plain);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(KEPT)
            .http1_max_buf_size(BUFFER)
            .build(connector);
        Self { client, basic }
    }

    async fn pass(&self, mut request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let trail = request.extensions_mut().remove::<Trail>().unwrap_or_default();
        let outcome = self.exchange(request).await;
        match &outcome {
            Ok(_) => trail.answered(),
            Err(failure) => trail.failed(failure.clone()),
        }
        outcome.map_err(|failure| {
            let kind = match failure {
                Failure::Slow => HttpErrorKind::Timeout,
                Failure::Down(_) => HttpErrorKind::Connect,
                _ => HttpErrorKind::Unknown,
            };
            HttpError::new(kind, Said(failure.explained()))
        })
    }

    /// The answer, if it is one to what was asked.
    async fn exchange(&self, mut request: HttpRequest) -> Result<HttpResponse, Failure> {
        let asked = text(request.headers(), RANGE).and_then(partial::asked);
        request.headers_mut().insert(USER_AGENT, NAME);
        if let Some(basic) = &self.basic {
            request.headers_mut().insert(AUTHORIZATION, basic.clone());
        }
        let directory = format!("{}/", request.uri().path());
        let answer = match timeout(FIRST_BYTE, self.client.request(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(Failure::Down(why(&error))),
            Err(_) => return Err(Failure::Slow),
        };
        if answer.status().is_redirection()
            && text(answer.headers(), LOCATION).is_some_and(|to| to.ends_with(&directory))
        {
            // So web servers name a directory.
            return Err(Failure::NotFound);
        }
        if !answer.status().is_success() {
            return Err(complaint(answer).await);
        }
        let (mut head, body) = answer.into_parts();
        let longest = match asked {
            Some(asked) => {
                let part = partial::part(&asked, told(head.status, &head.headers))?;
                head.status = StatusCode::PARTIAL_CONTENT;
                let (range, size) = (part.range, part.size);
                let length = range.end - range.start;
                head.headers.insert(CONTENT_LENGTH, length.into());
                let range = format!("bytes {}-{}/{size}", range.start, range.end - 1);
                head.headers.extend(HeaderValue::try_from(range).ok().map(|range| (CONTENT_RANGE, range)));
                usize::try_from(length).unwrap_or(usize::MAX)
            }
            None => LONGEST,
        };
        let body = Limited::new(body, longest).map_err(|error| {
            HttpError::new(HttpErrorKind::Interrupted, Said(format!("the answer broke off: {error}")))
        });
        Ok(Response::from_parts(head, HttpResponseBody::new(body)))
    }
}

/// What an answer that is no success says.
async fn complaint(answer: Response<Incoming>) -> Failure {
    let status = answer.status().as_u16();
    let retry_after = text(answer.headers(), RETRY_AFTER).and_then(|text| wait(text, SystemTime::now()));
    // Azure names the code in a header too, and that is all there is to an answer without a body.
    let named = text(answer.headers(), HeaderName::from_static("x-ms-error-code")).map(str::to_owned);
    let body = timeout(FIRST_BYTE, Limited::new(answer.into_body(), COMPLAINT).collect()).await;
    let body: Bytes = body.ok().and_then(Result::ok).map(|body| body.to_bytes()).unwrap_or_default();
    let named = named.map(|code| format!("<Code>{code}</Code>")).unwrap_or_default();
    let code = match code_in(&body) {
        "" => code_in(named.as_bytes()),
        code => code,
    };
    Failure::of_status(status, code, retry_after).unwrap_or(Failure::Failing(status))
}

/// The wait in a header Retry-After: RFC 9110 section 10.2.3.
fn wait(text: &str, now: SystemTime) -> Option<Duration> {
    match text.trim().parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text.trim()).ok()?.duration_since(now).ok(),
    }
}

fn told(status: StatusCode, headers: &HeaderMap) -> Told<'_> {
    Told {
        status: status.as_u16(),
        content_range: text(headers, CONTENT_RANGE),
        content_length: text(headers, CONTENT_LENGTH).and_then(|length| length.parse().ok()),
        content_encoding: text(headers, CONTENT_ENCODING),
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The innermost reason: those around it only say that there is one.
fn why(error: &(dyn Error + 'static)) -> String {
    let mut reason = error;
    while let Some(inner) = reason.source() {
        reason = inner;
    }
    reason.to_string()
}

impl HttpService for Door {
    // What the macro `async_trait` makes of `async fn call(&self, request: HttpRequest)`.
    fn call<'s, 'f>(
        &'s self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(self.pass(request))
    }
}

impl Connects for Door {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl std::fmt::Debug for Door {
    /// Without what it says of itself.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Door")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn a_wait_is_told_in_seconds_or_as_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        for (text, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Sun, 09 Sep 2001 01:46:50 GMT", Some(10)),
            ("Sun, 09 Sep 2001 01:46:30 GMT", None),
            ("-1", None),
            ("soon", None),
        ] {
            assert_eq!(wait(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
