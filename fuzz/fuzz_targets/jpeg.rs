//! A JPEG file, whole and in windows.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| recto::fuzz::jpeg(bytes));
