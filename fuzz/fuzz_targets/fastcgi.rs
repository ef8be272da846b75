//! FastCGI records and parameters.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| recto::fuzz::fastcgi(bytes));
