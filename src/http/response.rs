//! A response as a plain value. Pure. RFC 9110.

use std::iter;

use crate::body::Body;

/// A status, headers and a body.
pub struct Response<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Names and values. A value with a control byte in it is not sent.
    pub headers: Vec<(&'static str, String)>,
    /// The body. A whole one is sent with Content-Length.
    pub body: Body<'a>,
}

impl<'a> Response<'a> {
    /// A response without headers of its own.
    pub fn new(status: u16, body: impl Into<Body<'a>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// The response with one more header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The response with more headers.
    pub fn with_all(mut self, headers: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.headers.extend(headers);
        self
    }

    /// A short response of plain text.
    pub fn text(status: u16, line: &str) -> Self {
        Self::new(status, format!("{line}\n").into_bytes()).with("Content-Type", "text/plain; charset=utf-8")
    }

    /// The response to a HEAD: all but the body, of which the length is told if it is known. RFC 3875 section 4.3.3 has
    /// whoever answers leave it out; HAProxy would make a 502 of it.
    pub fn without_body(self) -> Self {
        let length = match &self.body {
            Body::Whole(body) if !matches!(self.status, 204 | 304) => Some(body.len().to_string()),
            _ => None,
        };
        let headers = length.map(|length| ("Content-Length", length));
        Self { body: Body::Chunks(Box::new(iter::empty())), ..self.with_all(headers) }
    }

    /// This response, of which NGINX is to keep no copy.
    pub fn not_to_be_kept(self) -> Self {
        self.with("X-Accel-Expires", "0")
    }

    /// The reason phrase of its status (RFC 9110 section 15), for those that an image server uses.
    pub fn reason(&self) -> &'static str {
        match self.status {
            200 => "OK",
            204 => "No Content",
            301 => "Moved Permanently",
            302 => "Found",
            303 => "See Other",
            304 => "Not Modified",
            308 => "Permanent Redirect",
            400 => "Bad Request",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            413 => "Content Too Large",
            414 => "URI Too Long",
            415 => "Unsupported Media Type",
            431 => "Request Header Fields Too Large",
            500 => "Internal Server Error",
            501 => "Not Implemented",
            503 => "Service Unavailable",
            _ => "Unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_body_its_length_stays() {
        let chunks = || Body::Chunks(Box::new([Ok(vec![1])].into_iter()));
        for (response, length) in [
            (Response::new(200, b"pixels".to_vec()), Some("6")),
            (Response::text(404, "gone"), Some("5")),
            (Response::new(200, chunks()), None),
            (Response::new(304, Vec::new()), None),
        ] {
            let status = response.status;
            let bare = response.without_body();
            let told = bare.headers.iter().find(|(name, _)| *name == "Content-Length");
            assert_eq!((bare.status, told.map(|(_, value)| value.as_str())), (status, length));
            assert_eq!(bare.body.into_chunks().count(), 0);
        }
    }
}
