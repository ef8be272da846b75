//! Masters in stores, as a worker sees them. It has no network: it asks the fetcher at the counter, maps the block files
//! that it is given, and reads the marks in them. What it knows already costs a look at the head of a block file: nobody
//! is asked before the store may have another version.

mod blocks;
mod find;
mod kept;
mod known;
mod talk;
#[cfg(test)]
mod tests;

pub use blocks::Far;
pub(super) use find::Stores;
pub use talk::Patience;

use super::StoreSettings;

/// What a store is called where its objects are told from those of others: all that leads to other bytes is in it.
pub(crate) fn store_name(settings: &StoreSettings) -> String {
    let or_nothing = |text: &Option<String>| text.clone().unwrap_or_default();
    format!("{} {} {}", settings.url(), or_nothing(&settings.endpoint), or_nothing(&settings.account))
}
