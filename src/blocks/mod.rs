//! Objects of stores as the processes of a host share them: in blocks of one size, kept in sparse files that one process
//! fills, the fetcher, and all others read. Here are the words in which they speak of that, the files, and the counter
//! at which workers ask. Knows no network, and decides nothing.

mod answer;
mod ask;
mod clock;
mod counter;
mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod head;
mod layout;
#[cfg(test)]
mod tests;
mod version;
mod wire;

pub use answer::{Answer, Missing, Refused, Reply, Spent};
pub use ask::{Ask, MOST_RANGES};
pub use clock::{boot, now};
pub use counter::{Asker, Counter, Entrance, Exit, Pending};
pub use file::BlockFile;
pub use head::{Head, State};
pub use layout::{BLOCK, LARGEST, Layout, joined};
pub use version::{LONGEST_KEY, Version, is_key};
