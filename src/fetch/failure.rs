//! Why a request to a store has not yielded what was asked for: decided once, from its status and what the store says of it.

use std::time::Duration;

use super::counts::Count;

/// Why a request has failed. Texts are for the log, and have no secrets in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// There is no such object.
    NotFound,
    /// The object is the one that is known.
    NotModified,
    /// The object is another one by now.
    Changed,
    /// Nobody answers: no address, no connection, one that breaks, or a gateway without the store behind it.
    Down(String),
    /// The store fails with this request: nothing that concerns all others.
    Failing(u16),
    /// No answer in time.
    Slow,
    /// The store wants fewer requests, or none for so long.
    Throttled(Option<Duration>),
    /// The credentials are missing, wrong or expired, or may not read this.
    Forbidden(String),
    /// The store answers something else than was asked for.
    Lying(String),
    /// The cache cannot keep what came.
    NoDisk,
}

/// Codes of S3 and Azure that concern credentials, whatever the status.
const CREDENTIALS: [&str; 8] = [
    "ExpiredToken",
    "InvalidToken",
    "TokenRefreshRequired",
    "RequestTimeTooSkewed",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AuthenticationFailed",
    "AuthorizationHeaderMalformed",
];

impl Failure {
    /// By the status of an answer, the code in its body (`SlowDown`), and what its Retry-After says; None if that is a success.
    pub(super) fn of_status(status: u16, code: &str, retry_after: Option<Duration>) -> Option<Self> {
        let is_about_credentials = CREDENTIALS.contains(&code);
        Some(match status {
            200..=299 => return None,
            304 => Self::NotModified,
            300..=399 => Self::Lying(format!("it redirects (status {status}): is it another region?")),
            400..=499 if is_about_credentials => Self::Forbidden(told(status, code)),
            401 | 403 | 407 => Self::Forbidden(told(status, code)),
            404 if code == "NoSuchBucket" || code == "ContainerNotFound" => {
                Self::Forbidden(format!("there is no such bucket ({code})"))
            }
            404 | 410 => Self::NotFound,
            408 => Self::Slow,
            412 | 416 => Self::Changed,
            429 => Self::Throttled(retry_after),
            503 if retry_after.is_some() || is_throttling(code) => Self::Throttled(retry_after),
            502..=504 => Self::Down(told(status, code)),
            500..=599 => Self::Failing(status),
            _ => Self::Lying(told(status, code)),
        })
    }

    /// Whether the same request may succeed a moment later.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Down(_) | Self::Failing(_) | Self::Slow | Self::Throttled(_))
    }

    /// Whether it is a sign that nobody is there. Whoever answers, whatever it says, is.
    pub(super) fn is_silence(&self) -> bool {
        matches!(self, Self::Down(_) | Self::Slow)
    }

    /// What it counts as; None for answers that are as good as any.
    pub(super) fn count(&self) -> Option<Count> {
        Some(match self {
            Self::NotFound | Self::NotModified | Self::Changed => return None,
            Self::Down(_) => Count::Down,
            Self::Failing(_) => Count::Failing,
            Self::Slow => Count::Slow,
            Self::Throttled(_) => Count::Throttled,
            Self::Forbidden(_) => Count::Forbidden,
            Self::Lying(_) => Count::Lying,
            Self::NoDisk => Count::NoDisk,
        })
    }

    /// What the operator reads.
    pub(super) fn explained(&self) -> String {
        match self {
            Self::NotFound => "there is no such object".into(),
            Self::NotModified => "it is as it was".into(),
            Self::Changed => "it has changed".into(),
            Self::Down(why) => format!("it does not answer: {why}"),
            Self::Failing(status) => format!("it fails with status {status}"),
            Self::Slow => "it does not answer in time".into(),
            Self::Throttled(_) => "it wants fewer requests".into(),
            Self::Forbidden(why) => format!("it refuses access: {why}"),
            Self::Lying(why) => format!("its answers cannot be used: {why}"),
            Self::NoDisk => "the block cache cannot keep what it sends".into(),
        }
    }
}

fn is_throttling(code: &str) -> bool {
    matches!(code, "SlowDown" | "ServerBusy" | "RequestLimitExceeded" | "Throttling" | "ThrottlingException")
}

fn told(status: u16, code: &str) -> String {
    match code {
        "" => format!("status {status}"),
        code => format!("status {status}, {code}"),
    }
}

/// The longest code that is believed.
const LONGEST_CODE: usize = 64;

/// The code in the body of an error, as S3, GCS and Azure write it: `<Code>SlowDown</Code>`. Empty if there is none. Whatever
/// else stands there may have secrets in it, or be without end.
pub(super) fn code_in(body: &[u8]) -> &str {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let inner = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    let code = inner.map_or("", |(code, _)| code);
    let is_plain = code.len() <= LONGEST_CODE && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_plain { code } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whose_fault_it_is() {
        let second = Some(Duration::from_secs(1));
        for (status, code, retry_after, count, may_pass, is_silence) in [
            (403, "AccessDenied", None, Some(Count::Forbidden), false, false),
            (400, "ExpiredToken", None, Some(Count::Forbidden), false, false),
            (401, "", None, Some(Count::Forbidden), false, false),
            (404, "NoSuchKey", None, None, false, false),
            (404, "NoSuchBucket", None, Some(Count::Forbidden), false, false),
            (412, "", None, None, false, false),
            (301, "PermanentRedirect", None, Some(Count::Lying), false, false),
            (429, "", None, Some(Count::Throttled), true, false),
            (503, "SlowDown", None, Some(Count::Throttled), true, false),
            (503, "", second, Some(Count::Throttled), true, false),
            (503, "", None, Some(Count::Down), true, true),
            (500, "InternalError", None, Some(Count::Failing), true, false),
            (418, "", None, Some(Count::Lying), false, false),
        ] {
            let failure = Failure::of_status(status, code, retry_after).expect("no success");
            let found = (failure.count(), failure.may_pass(), failure.is_silence());
            assert_eq!(found, (count, may_pass, is_silence), "{status} {code}");
        }
        assert_eq!(Failure::of_status(206, "", None), None);
        assert_eq!(Failure::of_status(304, "", None), Some(Failure::NotModified));
    }

    #[test]
    fn of_the_body_of_an_error_nothing_but_a_plain_code_is_believed() {
        for (body, code) in [
            (&b"<?xml?><Error><Code>SlowDown</Code><Message>x</Message></Error>"[..], "SlowDown"),
            (b"<Code>a b</Code>", ""),
            (b"<Code>unfinished", ""),
            (b"\xff<Code>X</Code>", ""),
            (b"", ""),
        ] {
            assert_eq!(code_in(body), code);
        }
        assert_eq!(code_in(format!("<Code>{}</Code>", "x".repeat(65)).as_bytes()), "");
    }
}
