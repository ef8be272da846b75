//! A response as a plain value. Pure. RFC 9110.

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
