//! A JPEG tile that is passed through: looked through, cut, turned.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| recto::fuzz::jpeg_tile(bytes));
