//! FastCGI 1.0 as a responder speaks it.
