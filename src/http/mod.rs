//! What Recto knows of HTTP beside FastCGI: what the server is called, how an answer is kept and found to be fresh, its
//! `Link` headers, the texts of info.json that were made last.

pub mod info_cache;
pub mod links;
pub mod spelling;
pub mod validators;
pub mod vhost;
