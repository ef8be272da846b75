//! What Recto knows of HTTP beside FastCGI: what a request asks for and what the server is called in it, how an answer is
//! kept and found to be fresh, its `Link` headers, the texts of info.json that were made last, answers that say no.

pub mod asked;
pub mod info_cache;
pub mod links;
pub mod refusal;
pub mod spelling;
pub mod validators;
pub mod vhost;
