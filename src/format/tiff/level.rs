//! What an image takes from others of its file: a mask of its own size, and what the picture declares that it is a
//! reduced version of.
//! Pure. TIFF 6.0 NewSubfileType; masks as GDAL writes them.

use super::image::Image;
use crate::picture::Channels;

impl Image {
    /// It with a transparency mask, where that is one of gray for pixels that have no alpha. Inks are shown without.
    pub fn masked(mut self, mask: Option<&Self>) -> Self {
        let fits = self.pixel.alpha.is_none() && self.colours() != Channels::Cmyk;
        let mask = mask.filter(|mask| fits && mask.channels() == Channels::Gray);
        self.mask = mask.map(|mask| Box::new(mask.clone()));
        self
    }

    /// This image as a reduced version of `full`: a level of its pyramid has the same colours unless it declares
    /// others; any other picture, such as a thumbnail, has those that it declares.
    pub fn reduced_from(mut self, full: &Self) -> Self {
        if self.is_level_of(full) {
            self.icc_profile = self.icc_profile.or(full.icc_profile);
        }
        self.no_data = self.no_data.or(full.no_data);
        self
    }

    /// Whether it is made as levels of pyramids are: of tiles, of samples like those of the picture, and reduced by a power
    /// of two.
    fn is_level_of(&self, full: &Self) -> bool {
        let (small, large) = (self.dimensions, full.dimensions);
        let ratio = (f64::from(large.width) / f64::from(small.width)).round() as u32;
        let fits = |small: u32, large: u32| (large / ratio.max(1)).abs_diff(small) <= 1;
        self.tiled
            && (self.pixel.bits, self.pixel.format) == (full.pixel.bits, full.pixel.format)
            && ratio.is_power_of_two()
            && fits(small.width, large.width)
            && fits(small.height, large.height)
    }
}
