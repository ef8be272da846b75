//! `[masters]`: where they are.

use std::path::PathBuf;

/// Where the masters are.
#[derive(Clone, Debug)]
pub struct Masters {
    /// The directory below which identifiers name files.
    pub root: PathBuf,
    /// Whether symbolic links may lead out of `root`.
    pub follow_symlinks: bool,
}
