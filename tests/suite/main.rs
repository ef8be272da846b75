//! The integration tests: one binary, one module per thing proved.

#![allow(unreachable_pub)] // a program has nobody to be public to; its modules have each other

mod colour;
mod conformance;
mod convert;
mod deaths;
mod demo;
mod depth;
mod flat;
mod flat_colours;
mod formats;
mod golden;
mod lanes;
mod limits;
mod log;
mod masters;
mod memory;
mod metadata;
mod nginx;
mod pages;
mod process;
mod sandbox;
mod stalled;
mod state;
mod stop;
mod systemd;
mod viewers;

// What they share.
mod fetched;
mod fuse;
mod http;
mod judge;
mod load;
mod picture;
mod server;
mod site;
