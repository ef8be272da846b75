//! Recto, an IIIF Image API server.
//!
//! The path of a request stands in [`respond`], one hop a line. Arrows between modules only go down this list:
//!
//! | module | what lives there |
//! |---|---|
//! | `fuzz` | what the fuzz targets call; only in their build |
//! | [`cli`] | one file per subcommand |
//! | [`config`] | the configuration as written, and as meant |
//! | [`supervisor`], [`scoreboard`], [`worker`] | the pool of processes |
//! | [`respond`] | the path |
//! | [`links`] | the Link headers |
//! | [`vhost`] | what the server is called: the URL that ids begin with; pure |
//! | [`spelling`] | the one spelling under which NGINX keeps an answer; pure |
//! | [`told`] | the texts of info.json that were made last |
//! | [`freshness`] | entity tags and dates: 304 without touching pixels |
//! | [`plan`] | what to decode and how to scale it: pure decisions |
//! | [`render`] | the plan carried out: decode, scale, turn, tone, encode; large pictures band by band |
//! | [`encode`] | one file per output format |
//! | [`master`] | identifier to mapped file: the only I/O on the path |
//! | [`metadata`] | what a master says about itself, and what of it is carried on; pure |
//! | [`jp2`] | JPEG 2000: boxes, index, windows; OpenJPEG behind a safe face; pure on bytes |
//! | [`flat`] | JPEG, PNG, GIF, BMP, WebP: files without tiles; windows of JPEG by an index; pure on bytes |
//! | [`orientation`] | how EXIF says that a picture is shown: its orientation, and whether it is Adobe RGB |
//! | [`xmp`] | the one reader of XMP: its orientation, and the packet made upright |
//! | [`tiff`] | TIFF 6, BigTIFF: index, pyramid, tiles; pure on bytes |
//! | [`stored`] | tiles sent as they are stored: looked through, cut and turned without being decoded |
//! | [`jpeg`] | what these share of JPEG: Huffman codes, where blocks lie, whether a stream was decoded |
//! | [`raster`] | decoded samples: resample, orient, tone |
//! | [`iiif`] | the grammar, resolving, canonical form, info.json of the Image API 3.0 and 2.1; pure |
//! | [`fastcgi`] | records, parameters, responses; pure |
//! | [`body`], [`description`], [`geometry`], [`error`], [`kept`] | plain values that all of them share |

pub mod body;
pub mod cli;
pub mod config;
pub mod convert;
pub mod description;
pub mod encode;
pub mod error;
pub mod fastcgi;
pub mod flat;
pub mod freshness;
#[cfg(fuzzing)]
pub mod fuzz;
pub mod geometry;
pub mod iiif;
pub mod jp2;
pub mod jpeg;
mod kept;
pub mod links;
pub mod master;
pub mod metadata;
pub mod orientation;
pub mod plan;
pub mod raster;
pub mod render;
pub mod respond;
pub mod scoreboard;
pub mod spelling;
pub mod stored;
pub mod supervisor;
pub mod tiff;
pub mod told;
pub mod vhost;
pub mod worker;
pub mod xmp;
