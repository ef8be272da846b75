//! What a window of a codestream far away is made of, announced before it is decoded.

use recto_jp2::Source;

use super::{Image, convert};
use crate::error::MasterError;
use crate::picture::Rect;
use crate::source::Bytes;

impl Image {
    /// Announces what [`Image::decode`] reads of a window.
    ///
    /// # Errors
    /// As [`Image::decode`].
    pub fn announce<'a>(
        &self,
        bytes: impl Into<Bytes<'a>>,
        level: usize,
        window: Rect,
    ) -> Result<(), MasterError> {
        let bytes = bytes.into();
        let Some(index) = self.index() else {
            return bytes.announce(&[convert::range(&self.file.codestream)]);
        };
        let (reduction, window) = self.located(level, window)?;
        let announce = convert::announcer(bytes, self.file.codestream.start);
        let codestream = self.file.codestream_of(bytes, &announce);
        let components = &self.pixel.components();
        let source = Source { codestream, index, components, identity: 0 };
        Ok(source.announce(reduction, self.grid().needed(window, reduction))?)
    }
}
