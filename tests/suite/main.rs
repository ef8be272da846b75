//! The integration tests: one binary, one module per thing proved.

#![allow(unreachable_pub)] // a program has nobody to be public to; its modules have each other

mod batch;
mod browser;
mod carried;
mod check_site;
mod check_url;
mod colour;
mod conformance;
mod converted;
mod deaths;
mod demo;
mod depth;
mod examined;
mod far;
mod flat;
mod flat_colours;
mod formats;
mod fronts;
mod golden;
mod hosts;
mod import;
mod jpeg2000_out;
mod lanes;
mod limits;
mod log;
mod masters;
mod memory;
mod metadata;
mod monitoring;
mod nginx;
mod packages;
mod pages;
mod process;
mod pyramid;
mod refused;
mod reload;
mod replay;
mod sandbox;
mod sockets;
mod sources;
mod stalled;
mod state;
mod status;
mod stop;
mod stores;
mod systemd;
mod tiles;
mod upgrade;
mod warm;

// What they share.
mod fetched;
mod fuse;
mod http;
mod judge;
mod load;
mod picture;
mod server;
mod site;
