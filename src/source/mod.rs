//! Where masters come from: from an identifier to the bytes of a file below the root, what distinguishes one state of
//! it from another, and the contract under which its bytes are read ([`Object`]). The only I/O on the path of a request.

mod beneath;
pub(crate) mod identity;
mod map;
mod mounts;
pub(crate) mod object;
mod root;
mod settings;
mod sidecar;
mod steps;

pub use beneath::openat2_refused;
pub use identity::Identity;
pub use map::{MAX_MAPS, Map};
pub(crate) use mounts::{Mounts, mount_point};
pub use object::{Bytes, Object};
pub use root::{EXTENSIONS, Found, Root, file_and_page};
pub use settings::Masters;
pub use sidecar::Sidecar;
