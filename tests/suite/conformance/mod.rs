//! The rules of the Image API 3.0 and 2.1.1, asked from outside: through NGINX, of masters of many kinds, with the
//! official validator and libvips as judges. What a server may leave out is judged once info.json advertises it.

mod canonical;
mod http;
mod info;
pub mod judge;
pub mod masters;
mod official;
mod promises;
mod region;
mod row;
mod size;
mod turns;
