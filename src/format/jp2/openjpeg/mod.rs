//! The only door to OpenJPEG: every `unsafe` of it is here. What it allocates is owned by [`Owned`], which frees it on
//! every way out; what it borrows (tile, output, codestream) outlives the calls that use it. It is built without threads.
//! `openjpeg.h` has the contracts of the functions.

#![allow(unsafe_code)]

mod decode;
mod encode;
mod limits;
#[cfg(test)]
pub(super) mod sample;
mod tile;

use openjpeg_sys as opj;

pub(super) use decode::{decode, decode_tiles};
#[cfg(test)]
pub(super) use encode::compress_block;
pub use encode::{Picture, compress};
pub(super) use tile::encode_tile;
pub(crate) use tile::{Coding, Loss};

fn done(result: opj::OPJ_BOOL, step: &'static str) -> Result<(), &'static str> {
    if result == 0 { Err(step) } else { Ok(()) }
}

/// Something that OpenJPEG allocated and wants back. Never null.
struct Owned<T> {
    pointer: *mut T,
    free: unsafe extern "C" fn(*mut T),
}

impl<T> Owned<T> {
    /// What is at `pointer`, or `step` as what failed if that is null.
    ///
    /// # Safety
    /// `pointer` is null or comes from the function whose counterpart is `free`; nobody else frees it.
    unsafe fn new(
        pointer: *mut T,
        free: unsafe extern "C" fn(*mut T),
        step: &'static str,
    ) -> Result<Self, &'static str> {
        if pointer.is_null() { Err(step) } else { Ok(Self { pointer, free }) }
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: not null, from the counterpart of `free`, and freed here only.
        unsafe { (self.free)(self.pointer) }
    }
}
