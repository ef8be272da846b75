//! What a request asks for beside its path: the name of the server, the media type, the limits, the validators. Pure.

use recto_iiif::{Identifier, Version, base_uri};

use super::spelling::Spelling;
use super::validators::Validators;
use super::vhost::Vhost;
use super::{Request, Response};
use crate::derive::plan::Class;
use crate::error::Error;
use crate::picture::Limits;

/// What the headers of a request, and NGINX, ask for.
pub struct Asked<'r> {
    /// What the server is called.
    pub vhost: Vhost<'r>,
    /// The key under which NGINX would cache the response; None if it caches none.
    spelling: Option<Spelling<'r>>,
    /// Whether NGINX has a lane for what is dear, and the request has not come by it.
    dear_lane: bool,
    /// The Accept header.
    pub accept: Option<&'r str>,
    /// The limits of the configuration, narrowed by what NGINX grants this request.
    pub limits: Limits,
    /// The responses that the client has already.
    pub validators: Validators<'r>,
}

impl<'r> Asked<'r> {
    /// What a request to `vhost` asks for.
    ///
    /// # Errors
    /// [`Error::Internal`] if NGINX is not configured as it must be: nothing names the server, or the limits are
    /// invalid.
    pub fn of(
        request: &'r Request,
        vhost: Option<Vhost<'r>>,
        spelling: Option<Spelling<'r>>,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let header = |name| {
            let text = request.param(name).and_then(|value| std::str::from_utf8(value).ok());
            text.filter(|value| !value.is_empty())
        };
        let no_name = "neither [server] public_url nor the parameter RECTO_BASE says what our URL is";
        Ok(Self {
            vhost: vhost.ok_or_else(|| Error::Internal(no_name.to_owned()))?,
            spelling,
            dear_lane: header("RECTO_DEAR_LANE").is_some(),
            accept: header("HTTP_ACCEPT"),
            limits: narrowed(limits, request.param("RECTO_MAX_SIZE").unwrap_or_default())?,
            validators: Validators {
                if_none_match: header("HTTP_IF_NONE_MATCH"),
                if_modified_since: header("HTTP_IF_MODIFIED_SINCE"),
            },
        })
    }

    /// The internal redirect to what NGINX caches, if that is spelt otherwise than the request: `rest` is the path after
    /// the identifier, made only if NGINX caches anything.
    pub fn lead(
        &self,
        accept: &str,
        version: Version,
        identifier: &Identifier,
        rest: impl FnOnce() -> String,
    ) -> Option<Response<'static>> {
        let asked = self.spelling?;
        let image = base_uri(self.vhost.prefix, version, identifier);
        asked.lead(accept, &self.vhost.host, &image, &rest())
    }

    /// Where NGINX has a lane for what is dear, and this is: the status, unseen by the client, for which NGINX asks once
    /// more by that lane. It hangs up there when the client leaves, and counts who comes. What it makes of it stands in
    /// `nginx/location.conf`.
    pub fn dear_lane(&self, class: Class) -> Option<Response<'static>> {
        let goes_there = self.dear_lane && class == Class::Dear;
        goes_there.then(|| Response::new(306, Vec::new()))
    }
}

fn narrowed(limits: &Limits, granted: &[u8]) -> Result<Limits, Error> {
    if granted.is_empty() {
        return Ok(*limits);
    }
    let text = String::from_utf8_lossy(granted);
    limits.narrowed(&text).ok_or_else(|| {
        Error::Internal(format!("the parameter RECTO_MAX_SIZE is {text:?}, neither 1000 nor 1000x800"))
    })
}
