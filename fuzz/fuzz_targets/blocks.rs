//! Messages about objects of stores, and heads of block files.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| recto::fuzz::blocks(bytes));
