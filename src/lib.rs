//! Recto, an IIIF Image API server.
//!
//! The path of a request stands in [`respond`], one hop a line. Arrows between modules only go down this list, and a
//! test holds them to it:
//!
//! | module | what lives there |
//! |---|---|
//! | [`cli`] | the command line: one file per subcommand, arguments only |
//! | [`demo`] | `recto demo`: a whole site on this machine, and its sample masters |
//! | [`process`] | the pool of processes: supervisor, workers, scoreboard |
//! | [`respond`] | the path |
//! | [`fastcgi`] | records, parameters, responses; pure |
//! | [`config`] | the configuration as written, and as meant; composed of the settings of the rooms below |
//! | [`http`] | what the server is called, how an answer is kept and found to be fresh, its `Link` headers |
//! | [`derive`] | the plan of a derivative, which holds every choice, and the pipeline that carries it out |
//! | [`encode`] | one file per output format |
//! | [`master`] | masters that are open and understood: their description, and windows of their pixels |
//! | [`convert`] | the writer of pyramids |
//! | [`source`] | where masters come from: identifier to mapped file; the only I/O on the path |
//! | [`passthrough`] | which tiles may be sent as they are stored, whole, cut or turned |
//! | [`format`] | the formats of masters, a room for each: bytes in, pixels out; pure |
//! | [`jp2`] | JPEG 2000: boxes, index, windows; OpenJPEG behind a safe face; pure on bytes |
//! | [`metadata`] | EXIF and XMP: what a master says about itself, and what of it is carried on; pure |
//! | [`ifd`] | the directories that TIFF and EXIF have in common, read and written; pure |
//! | [`raster`] | decoded samples: colour, scale, orient, tone |
//! | [`iiif`] | the grammar, resolving, canonical form, info.json of the Image API 3.0 and 2.1; pure |
//! | [`picture`] | the words in which all of them speak of pictures: plain values |
//! | [`body`], [`lru`], [`kept`], [`error`] | plain values and small tools that all of them share |

pub mod body;
pub mod cli;
pub mod config;
pub mod convert;
pub mod demo;
pub mod derive;
pub mod encode;
pub mod error;
pub mod fastcgi;
pub mod format;
pub mod http;
pub mod ifd;
pub mod iiif;
pub mod jp2;
mod kept;
mod lru;
pub mod master;
pub mod metadata;
pub mod passthrough;
pub mod picture;
pub mod process;
pub mod raster;
pub mod respond;
pub mod source;
