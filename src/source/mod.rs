//! Where masters come from: from an identifier to the bytes of a file below the directory of its source, what distinguishes one state of
//! it from another, and the contract under which its bytes are read ([`Object`]). The only I/O on the path of a request.

mod beneath;
mod directory;
pub(crate) mod identity;
mod map;
mod mounts;
pub(crate) mod object;
mod prefixes;
mod reach;
mod root;
mod settings;
mod sidecar;
mod sources;
mod steps;

pub use beneath::openat2_refused;
pub(crate) use directory::Directory;
pub use identity::Identity;
pub use map::{MAX_MAPS, Map};
pub(crate) use mounts::{Mounts, mount_point, unescaped};
pub use object::{Bytes, Object};
pub use reach::OutOfReach;
pub use root::{EXTENSIONS, Found, file_and_page};
pub(crate) use root::{is_extension, page_of};
pub use settings::{Masters, SourceSettings};
pub use sidecar::Sidecar;
pub use sources::Sources;
pub(crate) use sources::no_answer;
