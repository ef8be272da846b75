//! The URL of a request: parsed, resolved, spelled canonically.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| recto::fuzz::url(bytes));
