//! What the tests of this room share.

use std::future::Future;

use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// Runs it as the fetcher runs, with a clock that goes on by itself when all wait.
pub(super) fn alone<T>(test: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    LocalSet::new().block_on(&runtime, test)
}
