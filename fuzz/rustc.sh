#!/bin/sh
# Cargo calls this in place of rustc for the packages of this workspace (RUSTC_WORKSPACE_WRAPPER): they get the counters that
# libFuzzer steers by, on a stable compiler, while their dependencies stay as they were built for the tests.
rustc=$1
shift
# With this name Cargo only asks what the compiler is like; dependencies must not hear of `fuzzing`.
case " $* " in *' --crate-name ___ '*) exec "$rustc" "$@" ;; esac
exec "$rustc" "$@" --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares
