//! What is wrong with a request, in messages that its client may see.

/// A request that is malformed, or that the Image API or the server's offer does not allow. Always the client's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A part of the URL is malformed, or asks for what no image of this size can give.
    #[error("{parameter}: {reason}")]
    Request {
        /// The part of the URL that is wrong, by its name in the Image API.
        parameter: &'static str,
        /// The rule that it breaks, with the offending value: short and printable, whatever was sent.
        reason: String,
    },

    /// A well-formed request for a feature that is not offered.
    #[error("{0}")]
    NotImplemented(String),

    /// The path is none of the Image API.
    #[error(
        "no such path: images are at .../3/{{identifier}} and .../2/{{identifier}}, a / in it written %2F"
    )]
    NotFound,
}

impl Error {
    /// `parameter` breaks the rule that `reason` states.
    pub fn request(parameter: &'static str, reason: impl Into<String>) -> Self {
        Self::Request { parameter, reason: reason.into() }
    }

    /// The HTTP status of the answer (Image API 3.0 section 7.3, 2.1 section 7.2).
    pub const fn status(&self) -> u16 {
        match self {
            Self::Request { .. } => 400,
            Self::NotFound => 404,
            Self::NotImplemented(_) => 501,
        }
    }
}

/// A value of the client's as an error message may show it: quoted, short, and printable whatever it was.
pub(crate) fn quoted(value: &str) -> String {
    const LONGEST: usize = 40;
    let shown = value.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' });
    let more = if value.chars().nth(LONGEST).is_some() { "..." } else { "" };
    format!("\"{}{more}\"", shown.take(LONGEST).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_error_shows_is_short_and_printable() {
        assert_eq!(quoted("1e1"), "\"1e1\"");
        assert_eq!(quoted("a\u{202e}b\u{e9}"), "\"a?b?\"");
        assert_eq!(quoted(&"9".repeat(5000)).len(), 45);
    }

    #[test]
    fn the_paths_that_there_are_are_told() {
        assert_eq!(
            Error::NotFound.to_string(),
            "no such path: images are at .../3/{identifier} and .../2/{identifier}, a / in it written %2F"
        );
    }
}
