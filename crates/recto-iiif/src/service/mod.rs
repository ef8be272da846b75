//! An image as one version of the API serves it: what a request for it means, and the one URL that this has.

mod canonical;
mod resolve;

use crate::{Limits, Offer, Tiling, Version};

/// One image, and how a version of the API serves it. A value to be made for each request: nothing in it is allocated.
#[derive(Clone, Copy, Debug)]
pub struct ImageService<'a> {
    /// The version asked for.
    pub version: Version,
    /// The image as it is shown, and its tiles.
    pub tiling: Tiling,
    /// Whether there is more than gray in it.
    pub has_colour: bool,
    /// How large derivatives may be: as info.json says, and as the format asked for can hold.
    pub limits: Limits,
    /// In what ways it is served.
    pub offer: &'a Offer,
}

#[cfg(test)]
mod tests;
