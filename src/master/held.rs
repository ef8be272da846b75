//! How much memory decoding holds, exactly as the decoders take it, known before anything is decoded. Pure.

use super::{Kind, Master, Reader};
use crate::picture::Rect;

/// What a decoder that reads rows has beside them: its state, and its input.
const STATE: u64 = 1 << 20;

impl Master {
    /// Bytes that decoding a window of a level holds at most, beside the caches: what it gives, and what is held
    /// meanwhile. A picture is made of windows one after the other.
    pub fn held_bytes(&self, level: usize, window: Rect) -> u64 {
        let given = window.dimensions().area().saturating_mul(self.description.pixel_bytes());
        if self.is_reduced(level) {
            let reduced = self.description.levels[level].dimensions.area() * self.description.pixel_bytes();
            let whole = self.bands().map(|band| self.held_stored(0, band)).max().unwrap_or(0);
            // What is saved of it is as long again, three times while it is packed.
            let copies = if self.store.is_some() { 4 } else { 1 };
            return given.saturating_add(copies * reduced).saturating_add(whole);
        }
        self.held_stored(level, window)
    }

    fn held_stored(&self, level: usize, window: Rect) -> u64 {
        let given = window.dimensions().area().saturating_mul(self.description.pixel_bytes());
        let held = match &self.kind {
            Kind::Tiff(pyramid) => pyramid.levels[level].held_bytes(window),
            Kind::Jp2(image) => image.held_bytes(window),
            Kind::Flat(picture) => match self.reader(level, || window) {
                Reader::Level | Reader::IndexIfCached => picture.held_bytes(level, self.identity.size),
                _ => given.saturating_add(STATE),
            },
        };
        given.saturating_add(held)
    }
}
