//! The headers of a codestream and its tile-parts.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| recto::fuzz::jp2::headers(bytes));
