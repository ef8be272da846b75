//! Recto, an IIIF Image API server.
//!
//! The path of a request stands in [`respond`], one hop a line. Arrows between modules only go down this list, and a
//! test holds them to it:
//!
//! | module | what lives there |
//! |---|---|
//! | `fuzz` | what the fuzz targets call; only in their build |
//! | [`cli`] | the command line: one file per subcommand, arguments only |
//! | [`demo`] | `recto demo`: a whole site on this machine, and its sample masters |
//! | [`tiles`] | `recto tiles`: trees of files that any web server shows to viewers |
//! | [`warm`] | `recto warm`: a cache filled with what viewers ask for first |
//! | [`convert`] | `recto convert`: masters made as they should be |
//! | [`check`] | `recto check`: what is wrong, and what to do about it |
//! | [`replay`] | `recto replay`: two servers compared on the requests of a log |
//! | [`import`] | `recto import-config`: the configuration of another server, in words of ours |
//! | [`client`] | requests to a web server, with limits of time and size, and its answers as pixels |
//! | [`purge`] | `recto purge`: copies in NGINX's cache that are to be forgotten |
//! | [`process`] | the pool of processes: supervisor, front and back workers, and what they share |
//! | [`respond`] | the path |
//! | [`desk`] | whoever runs the service, as the path sees it: told of each job, it admits, refuses or hands over |
//! | [`fetch`] | `recto fetch`: the one process of a host that speaks with stores, and what it counts |
//! | [`fastcgi`] | records and parameters, made into requests and out of responses; pure |
//! | [`config`] | the configuration as written, and as meant; composed of the settings of the rooms below |
//! | [`http`] | requests and responses, what the server is called, how responses are cached and validated, `Link` headers |
//! | [`mod@derive`] | what a request means on its master, the plan with every choice, and the pipeline that carries it out |
//! | [`master`] | masters that are open and understood: their description, and windows of their pixels |
//! | [`pyramid`] | the writer of pyramids |
//! | [`passthrough`] | which tiles may be sent as they are stored, whole, cut or turned |
//! | [`encode`] | one file per output format |
//! | [`mod@format`] | the formats of masters, a room for each: bytes in, pixels out; pure |
//! | [`metadata`] | EXIF and XMP: what a master says about itself, and what of it is carried on; pure |
//! | [`ifd`] | the directories that TIFF and EXIF have in common, read and written; pure |
//! | [`source`] | from identifier to file, and the contract under which its bytes are read; the only I/O on the path |
//! | [`raster`] | decoded samples: colour, scale, orient, tone |
//! | [`picture`] | the vocabulary of pictures that all of them share: plain values |
//! | [`apart`] | what may end the process that does it, done by another one |
//! | [`account`] | what was done for a request, and how long it took |
//! | [`blocks`] | objects of stores in blocks: the words of those who share them, their files, and the counter at which workers ask |
//! | [`body`], [`logging`], [`complaints`], [`disk`], [`lru`], [`reused`], [`progress`], [`watch`], [`memory`], [`packet`], [`shared`], [`inherited`], [`walls`], [`error`] | plain values and small tools that all of them share |
//!
//! Below all of them stand two crates: [`recto_iiif`], the grammar, resolving, canonical form and info.json of the Image API
//! 3.0 and 2.1, and [`recto_jp2`], which decodes windows of JPEG 2000. Both are pure.
//!
//! Where to look:
//!
//! | question | place |
//! |---|---|
//! | Who decides on Cache-Control and entity tags? | [`respond`] puts them on, [`http::validators`] and [`http::ConfigFingerprint`] make the tags, [`http::Settings`] has `cache_control` |
//! | Which level of a pyramid is read? | [`derive::plan`], in its `scaling` |
//! | What does a new output format touch? | a file in [`encode`] and its settings, [`picture::Format`]; the compiler leads to the rest |
//! | What does a new source of masters touch? | an [`source::Object`], and who opens it: [`source::Sources`] |
//! | What does a new URL protocol touch? | what reads its paths, and yields a [`picture::Derivative`]; [`derive::Derivation`] and all below it stay |
//! | Where does an error get its status? | [`http::status`] |

pub mod account;
mod apart;
pub mod blocks;
mod body;
pub mod check;
pub mod cli;
pub mod client;
mod complaints;
pub mod config;
pub mod convert;
pub mod demo;
pub mod derive;
pub mod desk;
mod disk;
pub mod encode;
pub mod error;
pub mod fastcgi;
pub mod fetch;
pub mod format;
#[cfg(fuzzing)]
pub mod fuzz;
pub mod http;
pub mod ifd;
pub mod import;
mod inherited;
pub mod logging;
mod lru;
pub mod master;
mod memory;
mod metadata;
mod packet;
mod passthrough;
pub mod picture;
pub mod process;
mod progress;
pub mod purge;
pub mod pyramid;
pub mod raster;
pub mod replay;
pub mod respond;
mod reused;
mod shared;
pub mod source;
pub mod tiles;
mod walls;
pub mod warm;
pub mod watch;
