//! HTTP: requests and responses as plain values, what a request asks for and what the server is called in it, how
//! responses are cached and validated, `Link` headers, how errors are reported, the cache of info.json.

pub mod asked;
mod error;
mod fingerprint;
mod hosts;
pub mod info_cache;
pub mod links;
pub mod refusal;
mod request;
mod response;
mod settings;
pub mod spelling;
pub mod validators;
pub mod vhost;

pub use error::{public_message, status};
pub use fingerprint::ConfigFingerprint;
pub use hosts::Hosts;
pub use request::Request;
pub use response::Response;
pub use settings::Settings;
