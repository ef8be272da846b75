//! The IIIF Image API 3.0 and 2.1: from URLs to pixels, back to canonical URLs, and info.json.
//!
//! Pure: text and numbers in, values out. Nothing here opens a file, decodes an image or knows how a response is sent.
//! A server does four things with it:
//!
//! 1. [`parse`] reads the raw request URI: a [`Target`], whose identifier leads to a file.
//! 2. It knows the size of that image; with its [`Limits`] and its [`Offer`] that makes an [`ImageService`].
//! 3. [`ImageService::resolve`] gives the [`Derivative`] that is asked for, in pixels, and [`ImageService::canonical`] the
//!    one URL that it has.
//! 4. [`ImageInfo`] is the text of info.json, which promises nothing that the steps before refuse.
//!
//! ```
//! use recto_iiif::{Dimensions, ImageService, Limits, Offer, Target, Tiling, parse};
//!
//! let uri = b"/iiif/3/maps%2Fvienna.tif/square/300,/!90/default.jpg";
//! let Target::Image { version, identifier, request } = parse(uri)? else { panic!("no image request") };
//! assert_eq!(identifier.as_str(), "maps/vienna.tif");
//!
//! let (image, limits, offer) = (Dimensions::new(6000, 4000), Limits::default(), Offer::default());
//! let tiling = Tiling::of(image, Some(Dimensions::new(256, 256)), &limits);
//! let service = ImageService { version, tiling, has_colour: true, limits, offer: &offer };
//! let derivative = service.resolve(&request)?;
//! assert_eq!(derivative.region.to_string(), "1000,0,4000,4000");
//! assert_eq!(derivative.size, Dimensions::new(300, 300));
//! assert_eq!(service.canonical(&derivative), "1000,0,4000,4000/300,300/!90/default.jpg");
//! # Ok::<(), recto_iiif::Error>(())
//! ```
//!
//! Arrows between modules only go down this list:
//!
//! | module | what lives there |
//! |---|---|
//! | `info` | info.json, and what it may promise of images that cost much |
//! | `service` | an image as one version serves it: requests in pixels, and their canonical form |
//! | `bounds`, `tiling` | how large a derivative may be; the grid of tiles |
//! | `derivative` | what is asked for, in pixels |
//! | `grammar` | the URL: one file for each of its parts |
//! | `negotiate` | the media type of info.json |
//! | `offer` | what of the API a server offers |
//! | `limits`, `number`, `scale` | the largest derivative; exact decimal numbers; the size of a pixel on the original |
//! | `format`, `quality`, `version` | the words that both versions have, and the versions |
//! | `geometry`, `error` | sizes, rectangles and turns; whose fault it is |

#![forbid(unsafe_code)]
#![warn(unreachable_pub)]

mod bounds;
mod derivative;
mod error;
mod format;
mod geometry;
mod grammar;
mod info;
mod limits;
mod negotiate;
mod number;
mod offer;
#[cfg(test)]
mod properties;
mod quality;
mod scale;
mod service;
mod tiling;
mod version;

/// Runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use derivative::Derivative;
pub use error::Error;
pub use format::Format;
pub use geometry::{Dimensions, Orientation, Rect};
pub use grammar::{
    Identifier, ImageRequest, Region, Rotation, Size, SizeForm, Target, base_uri, identifier_below, parse,
    parse_below,
};
pub use info::{Budget, Extras, ImageInfo, Pages};
pub use limits::Limits;
pub use negotiate::media_type;
pub use number::Decimal;
pub use offer::{Compliance, Offer};
pub use quality::Quality;
pub use scale::{PhysicalScale, PhysicalUnit};
pub use service::ImageService;
pub use tiling::Tiling;
pub use version::Version;
