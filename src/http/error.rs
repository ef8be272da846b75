//! An error as HTTP reports it: its status, and the line of text that the client sees. Both are decided here alone.

use crate::error::{Error, MasterError, NO_IMAGE};

/// The status that the Image API gives an error (3.0 section 7.3).
pub fn status(error: &Error) -> u16 {
    match error {
        Error::Request(error) => error.status(),
        // Not 415, which is about what a client sends.
        Error::NotFound(_) | Error::Master(MasterError::NoImage) => 404,
        Error::Stopped(_) | Error::Away | Error::Busy { .. } => 503,
        Error::Master(_) | Error::Quarantined | Error::Internal(_) => 500,
    }
}

/// The line of text that the client sees. Faults of the server have a fixed line: details go to the log.
pub fn public_message(error: &Error) -> String {
    match error {
        Error::Request(_)
        | Error::NotFound(_)
        | Error::Stopped(_)
        | Error::Away
        | Error::Busy { .. }
        | Error::Quarantined => error.to_string(),
        Error::Master(MasterError::NoImage) => NO_IMAGE.to_owned(),
        Error::Master(MasterError::TooLarge(_)) => {
            "this image is too large to be served at this size without reduced levels".to_owned()
        }
        Error::Master(_) => "this image cannot be read; the server's log says why".to_owned(),
        Error::Internal(_) => "the image server failed; its log says why".to_owned(),
    }
}
