//! What no system package has: fetched once by `tests/fetch.sh`, kept below `target/`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Tests run side by side: one fetches, the others find it.
static FETCHING: Mutex<()> = Mutex::new(());

/// The directory of `validator` or `viewers`.
///
/// # Panics
/// If they are not there and cannot be fetched.
pub fn directory(name: &str) -> PathBuf {
    let _fetching = FETCHING.lock().unwrap_or_else(PoisonError::into_inner);
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    // `target/tmp`, wherever `target` is.
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fetched").join(name);
    let output = Command::new("sh")
        .arg(manifest.join("tests/fetch.sh"))
        .arg(name)
        .arg(&directory)
        .output()
        .expect("sh");
    assert!(
        output.status.success(),
        "tests/fetch.sh {name}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    directory
}
