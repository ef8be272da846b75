//! End to end: HTTP through a real NGINX with the shipped configuration, a real pool, masters made on the spot.
//! What is proved here needs both halves; the records between them are `process.rs`.

mod answers;
mod auth;
mod cache;
mod chaos;
mod dear;
mod deaths;
mod disk;
mod edge;
mod edges;
mod faults;
mod freshness;
mod geometry;
mod info;
mod large;
mod names;
mod pool;
mod prefix;
mod purge;
mod rates;
mod seeing;
mod settings;
pub mod stand_in;
mod strangers;
mod tiles;
mod told;
mod traps;
