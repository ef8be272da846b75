//! What the service says of itself, to those whom NGINX lets ask: how it is, for people and programs, and whether it is
//! ready. Any front worker answers, out of shared memory, also while all others are at work.
//! Must not change anything, wait for anybody, or touch a file.

mod ask;
mod gather;
mod metrics;
mod page;
mod report;
mod store_metrics;
mod stores;

pub use ask::ask;
pub(crate) use gather::Sources;
pub use page::{duration, size, times};
pub use report::{Answers, Counted, Lane, Report, SlowMaster, Store, Worker};
pub(crate) use stores::Stores;

use crate::http::{Request, Response};

/// The parameter by which NGINX lets a request ask. Its value is the URL, of which the last name counts.
const PARAMETER: &str = "RECTO_SERVICE";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// Whether it is ready, in a word.
    Health,
    /// All of it, for people; it loads itself again, or stands still.
    Html {
        /// Whether it stands still.
        still: bool,
    },
    /// The same as JSON.
    Json,
    /// For Prometheus.
    Metrics,
    /// Something that is not there.
    Nothing,
}

impl Page {
    /// What the request asks for; None if it is one for the Image API, as nearly all are.
    pub(crate) fn asked(request: &Request) -> Option<Self> {
        let asked = request.param(PARAMETER)?;
        let (path, query) = match asked.iter().position(|byte| *byte == b'?') {
            Some(at) => (&asked[..at], &asked[at + 1..]),
            None => (asked, &b""[..]),
        };
        let has = |wanted: &[u8]| query.split(|byte| *byte == b'&').any(|part| part == wanted);
        Some(match path.rsplit(|byte| *byte == b'/').next() {
            Some(b"health") => Self::Health,
            Some(b"metrics") => Self::Metrics,
            Some(b"status.json") => Self::Json,
            Some(b"status") if has(b"format=json") || prefers_json(request) => Self::Json,
            Some(b"status") => Self::Html { still: has(b"still") },
            _ => Self::Nothing,
        })
    }

    /// The answer, by what stands in shared memory.
    pub(crate) fn answer(self, request: &Request, sources: &Sources) -> Response<'static> {
        if request.param("REQUEST_METHOD") != Some(b"GET") {
            return Response::text(405, "only GET and HEAD are answered").with("Allow", "GET, HEAD");
        }
        let all = || {
            let totals = sources.scoreboard.totals();
            (sources.report(&totals), totals)
        };
        let response = match self {
            Self::Nothing => Response::text(404, "the service says nothing of this name"),
            Self::Health if sources.troubles().is_empty() => Response::text(200, "ok"),
            Self::Health => Response::text(503, "not ready"),
            Self::Html { still } => made(page::html(&all().0, still), "text/html; charset=utf-8")
                .with("Content-Security-Policy", page::POLICY)
                .with("Referrer-Policy", "no-referrer"),
            Self::Json => {
                // It has no keys but names, and no numbers but finite ones.
                let text = serde_json::to_string_pretty(&all().0).unwrap_or_default();
                made(text + "\n", "application/json")
            }
            Self::Metrics => {
                let (report, totals) = all();
                made(metrics::text(&report, &totals), metrics::MEDIA_TYPE)
            }
        };
        response.with("Cache-Control", "no-store")
    }
}

fn made(text: String, media_type: &str) -> Response<'static> {
    Response::new(200, text.into_bytes()).with("Content-Type", media_type)
}

/// Whether JSON stands in the Accept header, and HTML does not before it.
fn prefers_json(request: &Request) -> bool {
    let accept = request.param("HTTP_ACCEPT").unwrap_or_default();
    let place = |name: &[u8]| accept.windows(name.len()).position(|part| part.eq_ignore_ascii_case(name));
    let json = place(b"application/json");
    json.is_some_and(|json| place(b"text/html").is_none_or(|html| json < html))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_asks_without_the_parameter_and_with_it_the_last_name_counts() {
        let asked = |value: &str, accept: &str| {
            Page::asked(&Request::from_pairs([(PARAMETER, value), ("HTTP_ACCEPT", accept)]))
        };
        let uri = Request::from_pairs([("REQUEST_URI", "/iiif/status")]);
        assert_eq!(Page::asked(&uri), None);
        let browser = "text/html,application/xhtml+xml,application/json;q=0.9";
        for (value, accept, page) in [
            ("health", "", Page::Health),
            ("/iiif/status", "", Page::Html { still: false }),
            ("/iiif/status?still", browser, Page::Html { still: true }),
            ("/iiif/status?format=json", browser, Page::Json),
            ("/iiif/status", "application/json", Page::Json),
            ("/pictures/status.json?x", "", Page::Json),
            ("/iiif/metrics", "text/plain", Page::Metrics),
            ("/iiif/3/a/info.json", "", Page::Nothing),
            ("", "", Page::Nothing),
        ] {
            assert_eq!(asked(value, accept), Some(page), "{value} {accept}");
        }
    }
}
