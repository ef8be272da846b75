//! What Recto knows of HTTP beside FastCGI: what the server is called, how an answer is kept and found to be fresh, its
//! `Link` headers, the texts of info.json that were made last.

mod fingerprint;
mod hosts;
pub mod info_cache;
pub mod links;
mod settings;
pub mod spelling;
pub mod validators;
pub mod vhost;

pub use fingerprint::ConfigFingerprint;
pub use hosts::Hosts;
pub use settings::Settings;
