//! Where masters come from: from an identifier to the bytes of a file below the directory of its source, what distinguishes one state of
//! it from another, and the contract under which its bytes are read ([`Object`]). The only I/O on the path of a request.

mod beneath;
mod counted;
mod directory;
pub(crate) mod identity;
mod map;
mod mounts;
pub(crate) mod object;
mod pages;
mod prefixes;
mod reach;
mod root;
mod settings;
mod sidecar;
mod sources;
mod spans;
mod steps;
mod store;

pub use beneath::openat2_refused;
pub(crate) use counted::REQUEST;
pub use counted::{Counted, Reads};
pub(crate) use directory::Directory;
pub use identity::Identity;
pub use map::{MAX_MAPS, Map};
pub(crate) use mounts::{Mounts, mount_point, unescaped};
pub use object::{Bytes, Object};
pub use pages::Pages;
pub use reach::OutOfReach;
pub use root::{EXTENSIONS, Found, Opened, file_and_page};
pub(crate) use root::{is_extension, page_of};
pub use settings::{CacheSettings, Masters, Place, SourceSettings, StoreKind, StoreSettings};
pub use sidecar::Sidecar;
pub use sources::Sources;
pub(crate) use sources::no_answer;
pub use spans::Spans;
pub(crate) use spans::in_units;
pub(crate) use store::store_name;
pub use store::{Far, Patience};
