#!/bin/sh
# Makes sure that what comes with Rust or through it works: components, tools, and compilers by their version, with Clippy;
# installs what is missing.
#   sh tests/rust.sh rustfmt cargo-deny 1.90
set -eu

works() {
    case $1 in
    rustfmt) cargo fmt --version ;;
    cargo-*) cargo "${1#cargo-}" --version ;;
    *) cargo "+$1" clippy --version ;;
    esac >/dev/null 2>&1
}

install() {
    case $1 in
    rustfmt) rustup component add "$1" ;;
    # Not optimised, which would take longer than all that it has to do.
    cargo-deny) CARGO_PROFILE_DEV_DEBUG=0 cargo install --locked --debug cargo-deny@0.20.2 ;;
    *) rustup toolchain install "$1" --profile minimal --component clippy --no-self-update ;;
    esac
}

for name in "$@"; do
    works "$name" && continue
    echo "Missing: $name. Installing it."
    case $name in
    cargo-*) ;;
    *) command -v rustup >/dev/null || {
        echo "rustup is needed for it, and is not in PATH. https://rustup.rs tells how to get it." >&2
        exit 1
    } ;;
    esac
    install "$name"
done
