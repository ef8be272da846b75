//! What the fuzz targets call: any bytes go in, and nothing comes of it but an end. Only in their build. Those of the
//! codestream are in `recto_jp2::fuzz`.

use super::file::File;
use super::{Image, WindowDecoder};
use crate::picture::Rect;

/// The boxes of a file.
pub fn boxes(bytes: &[u8]) {
    if let Ok(file) = File::read(bytes) {
        let _ = file.orientation(bytes);
    }
}

/// A window of each level of a file.
pub fn image(bytes: &[u8]) {
    let Ok(image) = Image::read(bytes) else { return };
    let _ = (image.metadata(bytes), image.icc_profile(bytes));
    let mut decoder = WindowDecoder::default();
    for (number, level) in image.description().levels.iter().enumerate() {
        let (width, height) = (level.dimensions.width.min(300), level.dimensions.height.min(300));
        let far = Rect::new(level.dimensions.width - width, level.dimensions.height - height, width, height);
        for window in [Rect::new(0, 0, width, height), far] {
            let _ = image.decode::<u8>(&mut decoder, bytes, 1, number, window);
        }
    }
}
