//! What a store has, for whoever shows it to people. Requests are answered without it.

use anyhow::anyhow;
use tokio::runtime;

use super::environment::Environment;
use super::remote::Remote;
use crate::source::StoreSettings;

/// The keys below a source, at most `most` of them, in the store's order; `None` if it does not tell.
///
/// # Errors
/// If the settings are wrong, or the store does not answer.
pub fn listing(store: &StoreSettings, most: usize) -> anyhow::Result<Option<Vec<String>>> {
    let remote = Remote::new(store, &Environment::of_process())?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let keys = runtime.block_on(remote.keys(most));
    keys.map_err(|failure| anyhow!("{}: {}", store.url(), failure.explained()))
}
