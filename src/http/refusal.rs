//! Error responses, and what the log says about them: both depend on whose fault it is.

use log::Level;

use super::{Response, public_message, status};
use crate::body::Body;
use crate::error::{Error, MasterError, Stopped};

/// How long clients and caches may keep an error response: a file may appear at any time.
pub const REFUSAL_MAX_AGE: &str = "max-age=60";

/// Seconds after which a client may come again whose request took too long: perhaps the machine has less to do then.
const AFTER_TOO_LONG: &str = "30";

/// The response to an error, which NGINX may cache or not; faults that are not the client's are logged.
pub fn refusal(uri: &[u8], error: &Error, may_be_cached: bool) -> Response<'static> {
    let status = status(error);
    complain(&status.to_string(), uri, error);
    let cache_control = if status < 500 { REFUSAL_MAX_AGE } else { "no-store" };
    let refusal = Response::text(status, &public_message(error)).with("Cache-Control", cache_control);
    let refusal = match error {
        Error::Busy { wait, .. } => {
            refusal.with("Retry-After", wait.as_millis().div_ceil(1000).max(1).to_string())
        }
        Error::Away => refusal.with("Retry-After", "1"),
        Error::Stopped(_) => refusal.with("Retry-After", AFTER_TOO_LONG),
        _ => refusal,
    };
    // Perhaps a picture that is being written: NGINX must not replace what it has cached of it by this.
    let is_for_now = matches!(error, Error::Master(MasterError::NoImage));
    if is_for_now || !may_be_cached { refusal.not_to_be_kept() } else { refusal }
}

/// The body; if it breaks off, one line is logged.
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
    let level = match error {
        // What is in quarantine was logged when it got there.
        Error::Request(_)
        | Error::NotFound(_)
        | Error::Master(MasterError::NoImage)
        | Error::Quarantined
        | Error::Stopped(Stopped::AskerLeft) => Level::Debug,
        Error::Stopped(_) | Error::Away | Error::Busy { .. } => Level::Info,
        Error::Master(_) | Error::Internal(_) => Level::Error,
    };
    // By this name faults of a master are told apart.
    let kind = match error {
        Error::Master(MasterError::Damaged(_)) => "recto::damaged",
        Error::Master(MasterError::Unsupported(_)) => "recto::unsupported",
        Error::Master(MasterError::TooLarge(_)) => "recto::too_large",
        Error::Stopped(_) => "recto::stopped",
        Error::Away | Error::Busy { .. } => "recto::busy",
        _ => "recto::refused",
    };
    log::log!(target: kind, level, "{status} {uri:?}: {error}");
}
