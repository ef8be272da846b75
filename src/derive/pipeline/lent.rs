//! Tools that are lent out for one picture.

use std::ops::{Deref, DerefMut};

/// A tool in use, whose buffers are released when it is dropped, also after an error: the next request may be of
/// another file, and memory is not for idle workers.
pub(super) struct Lent<'r, T> {
    tool: &'r mut T,
    release_buffers: fn(&mut T),
}

impl<'r, T> Lent<'r, T> {
    pub(super) fn new(tool: &'r mut T, release_buffers: fn(&mut T)) -> Self {
        Self { tool, release_buffers }
    }
}

impl<T> Deref for Lent<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.tool
    }
}

impl<T> DerefMut for Lent<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.tool
    }
}

impl<T> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        (self.release_buffers)(self.tool);
    }
}
