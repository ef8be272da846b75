//! From what the client wrote to pixels: the last place where the client can be wrong (Image API section 4).
//! Pure arithmetic on the request, the size of the image and the limits; nothing is allocated.
//! What leaves here lies within the image and within the limits.

use super::ImageService;
use crate::bounds::{Bounds, proportional};
use crate::{Derivative, Dimensions, Error, ImageRequest, Rect, Size, SizeForm, Version};

impl ImageService<'_> {
    /// What `request` means here, in pixels.
    ///
    /// # Errors
    /// [`Error::Request`] for a region without pixels, a size of less than one pixel, above the limits, or above the
    /// region without leave to enlarge; for an angle, a quality or a format that is not offered.
    /// [`Error::NotImplemented`] for a mirror or an enlargement that is not offered.
    pub fn resolve(&self, request: &ImageRequest) -> Result<Derivative, Error> {
        let Self { version, tiling, offer, .. } = *self;
        let region = request.region.locate(tiling.image)?;
        let (orientation, tilt) = request.rotation.turn(offer)?;
        let bounds = Bounds::new(&self.limits, orientation, tilt);
        // 2.1 has no sign for it: "the image server MAY support scaling above the full size" (`sizeAboveFull`).
        let may_enlarge = request.size.upscaling || (version == Version::V2 && offer.upscaling);
        let rules = Rules { version, may_enlarge, larger_boxes: offer.larger_boxes, bounds };
        let size = rules.scaled(self.as_tile(request.size, region), region.dimensions())?;
        if (size.width > region.width || size.height > region.height) && !offer.upscaling {
            let sign = "nothing is enlarged here, though the request for it is well formed";
            return Err(Error::NotImplemented(format!("size: \"{}\": {sign}", request.size)));
        }
        Ok(Derivative {
            region,
            size,
            orientation,
            tilt,
            quality: offer.quality(request.quality)?.normal(self.has_colour),
            format: offer.format(request.format)?,
        })
    }

    /// `w,` and `,h` of 2.1 for a tile of info.json: the very size of the tile (2.1 section 4.2; implementation notes).
    /// Viewers ask so, for it is the canonical form, and put what comes beside tiles that no edge cut. By the ratio of a
    /// tile that an edge did cut, whose named side is rounded up, it may have a row too many, or hundreds, or none.
    fn as_tile(&self, size: Size, region: Rect) -> Size {
        let tile = match (self.version, size.form) {
            (Version::V2, SizeForm::Width(width)) => {
                self.tiling.size_of(region, |tile| u64::from(tile.width) == width)
            }
            (Version::V2, SizeForm::Height(height)) => {
                self.tiling.size_of(region, |tile| u64::from(tile.height) == height)
            }
            _ => None,
        };
        tile.map_or(size, |tile| Size {
            form: SizeForm::Exact(tile.width.into(), tile.height.into()),
            ..size
        })
    }
}

/// What decides, beside the region, what a size means.
struct Rules {
    version: Version,
    may_enlarge: bool,
    larger_boxes: bool,
    bounds: Bounds,
}

impl Rules {
    /// The size in pixels that a size parameter gives a region (section 4.2).
    fn scaled(&self, size: Size, region: Dimensions) -> Result<Dimensions, Error> {
        let (width, height) = match size.form {
            // In 2.1 as well the largest size "available": pixels that the region does not have are not available.
            SizeForm::Max => return Ok(self.bounds.maximum(region, size.upscaling)),
            SizeForm::Confined(width, height) => return self.confined(size, (width, height), region),
            SizeForm::Full => (region.width.into(), region.height.into()),
            SizeForm::Width(width) => (width, proportional(width, region.height, region.width)),
            SizeForm::Height(height) => (proportional(height, region.width, region.height), height),
            SizeForm::Percent(percent) if percent.exceeds(100) && !self.may_enlarge => {
                return Err(enlarges(size, self.version, region));
            }
            SizeForm::Percent(percent) => {
                (percent.percent_of(region.width), percent.percent_of(region.height))
            }
            SizeForm::Exact(width, height) => (width, height),
        };
        if width == 0 || height == 0 {
            return Err(vanishes(size, region));
        }
        // Above the limits first: there, leave to enlarge would be of no use.
        let admitted = self.bounds.admit(width, height).ok_or_else(|| {
            let rule = "is above maxWidth, maxHeight or maxArea of info.json, or above what a file of this format \
                        may have here; max is the largest size";
            Error::request("size", format!("\"{size}\" of a region of {region} pixels {rule}"))
        })?;
        match !self.may_enlarge && (width > region.width.into() || height > region.height.into()) {
            true => Err(enlarges(size, self.version, region)),
            false => Ok(admitted),
        }
    }

    /// `!w,h`: the limits bind it as the box does, so they make it smaller, not wrong (section 4.2).
    fn confined(
        &self,
        size: Size,
        (width, height): (u64, u64),
        region: Dimensions,
    ) -> Result<Dimensions, Error> {
        if width == 0 || height == 0 {
            return Err(vanishes(size, region));
        }
        // A box may be longer than the region on one side, where the other one binds. One that is longer on both asks
        // for an enlargement: the table of section 4.2 would return the region's size, the paragraph after it and the
        // official validator want a 400; the configuration decides. 2.1 promises no more than the best fit.
        let is_larger = width > region.width.into() && height > region.height.into();
        if is_larger && !self.may_enlarge && !self.larger_boxes && self.version == Version::V3 {
            return Err(enlarges(size, self.version, region));
        }
        let within = self.bounds.and(width, height);
        let own = |bounds: Bounds| bounds.and(region.width.into(), region.height.into());
        let size_in_box = if self.may_enlarge { within } else { own(within) }.largest(region);
        if size_in_box.area() == 0 { Err(vanishes(size, region)) } else { Ok(size_in_box) }
    }
}

/// A side that is zero, or rounds to it. "The pixel dimensions of the scaled region MUST NOT be less than 1 pixel",
/// and requests for such are errors (3.0 section 4.2; 2.1 has the same of a side that is zero). Drawing one pixel
/// instead would break the ratio that the form promises; `w,h` asks for it by name, and `max` always finds a size.
fn vanishes(size: Size, region: Dimensions) -> Error {
    Error::request(
        "size",
        format!("\"{size}\" of a region of {region} pixels is less than one pixel wide or high"),
    )
}

/// Larger than the region, without leave (3.0 section 4.2).
fn enlarges(size: Size, version: Version, region: Dimensions) -> Error {
    let rule = match version {
        Version::V3 => "is larger than it; a size that may enlarge starts with ^",
        Version::V2 => "is larger than it; nothing is enlarged here",
    };
    Error::request("size", format!("\"{size}\" of a region of {region} pixels {rule}"))
}
