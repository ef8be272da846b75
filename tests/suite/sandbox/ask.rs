//! System calls as they are, which no library of ours would make: what a worker that was taken over would ask for.

#![allow(unsafe_code)]

use std::ffi::CString;
use std::io;

/// What a system call takes.
pub enum Argument {
    Number(i64),
    Text(CString),
}

impl From<i64> for Argument {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Argument {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<i32> for Argument {
    fn from(number: i32) -> Self {
        Self::Number(number.into())
    }
}

impl From<&str> for Argument {
    fn from(text: &str) -> Self {
        Self::Text(CString::new(text).expect("no zero"))
    }
}

/// What the kernel says to a call.
///
/// # Errors
/// The error that it gives.
pub fn ask(call: libc::c_long, arguments: &[Argument]) -> io::Result<i64> {
    let mut words = [0i64; 6];
    for (word, argument) in words.iter_mut().zip(arguments) {
        *word = match argument {
            Argument::Number(number) => *number,
            Argument::Text(text) => text.as_ptr() as i64,
        };
    }
    let [a, b, c, d, e, f] = words;
    // SAFETY: all pointers are null, or to text that ends with a zero and outlives the call, which no call in these tests
    // writes to. One that would split the process, or change its memory, is there to be refused.
    match unsafe { libc::syscall(call, a, b, c, d, e, f) } {
        -1 => Err(io::Error::last_os_error()),
        result => Ok(result),
    }
}
