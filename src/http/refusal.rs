//! Answers that say no, and what the log says of them: whose fault it is decides on both.

use super::{Response, public_message, status};
use crate::body::Body;
use crate::error::{Error, MasterError};

/// How long clients and caches may keep an answer that says no: a file may appear at any time.
pub const REFUSAL_MAX_AGE: &str = "max-age=60";

/// An error as the client sees it, for NGINX to keep or not; the log gets the faults that are not the client's.
pub fn refusal(uri: &[u8], error: &Error, may_be_cached: bool) -> Response<'static> {
    let status = status(error);
    complain(&status.to_string(), uri, error);
    let cache_control = if status < 500 { REFUSAL_MAX_AGE } else { "no-store" };
    let refusal = Response::text(status, &public_message(error)).with("Cache-Control", cache_control);
    // Perhaps a picture that is being written: NGINX is not to keep this in place of what it has of that.
    let is_for_now = matches!(error, Error::Master(MasterError::NoImage));
    if is_for_now || !may_be_cached { refusal.with("X-Accel-Expires", "0") } else { refusal }
}

/// The body with one line in the log if it breaks off.
pub fn watched<'r>(body: Body<'r>, uri: &'r [u8]) -> Body<'r> {
    match body {
        Body::Chunks(chunks) => {
            let watched =
                chunks.map(move |chunk| chunk.inspect_err(|error| complain("broken off", uri, error)));
            Body::Chunks(Box::new(watched))
        }
        whole => whole,
    }
}

fn complain(status: &str, uri: &[u8], error: &Error) {
    let uri = String::from_utf8_lossy(&uri[..uri.len().min(300)]);
    match error {
        Error::Request(_) | Error::NotFound(_) | Error::Master(MasterError::NoImage) => {
            log::debug!("{status} {uri:?}: {error}");
        }
        Error::Master(_) | Error::Internal(_) => log::error!("{status} {uri:?}: {error}"),
    }
}
