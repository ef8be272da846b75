//! What the compiler does not hold up: that arrows between modules go down, that `unsafe` stands only where it is argued,
//! and how files are laid out. Reads sources as text, knows nothing of the crate, and builds in a second.
#![cfg(test)]

mod arrows;
mod crates;
mod files;
mod lexer;
mod paths;
mod unsafety;

use std::path::{Path, PathBuf};

/// The directory of the repository.
fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap()
}

/// The `src` directories of all crates: the server's, and those under `crates/`.
fn crate_roots() -> Vec<PathBuf> {
    let mut roots = vec![project().join("src")];
    if let Ok(crates) = project().join("crates").read_dir() {
        roots.extend(crates.map(|each| each.unwrap().path().join("src")).filter(|src| src.is_dir()));
    }
    roots.sort();
    roots
}

/// Fails with all that is wrong, a line each, paths relative to the repository.
fn must_be_empty(faults: Vec<String>) {
    let prefix = format!("{}/", project().display());
    let faults: Vec<_> = faults.iter().map(|fault| fault.replace(&prefix, "")).collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}
