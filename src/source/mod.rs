//! Where masters come from: from an identifier to the mapped bytes of a file below the root, and what tells one state of
//! it from another. The only I/O on the path of a request.

mod beneath;
pub(crate) mod identity;
mod map;
mod root;
mod settings;
mod sidecar;
mod steps;

pub use beneath::openat2_refused;
pub use identity::Identity;
pub use map::{MAX_MAPS, Map};
pub use root::{EXTENSIONS, Found, Root, file_and_page};
pub use settings::Masters;
pub use sidecar::Sidecar;
