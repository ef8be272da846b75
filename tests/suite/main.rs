//! The integration tests: one binary, one module per thing proved.

mod colour;
mod conformance;
mod convert;
mod depth;
mod flat;
mod formats;
mod golden;
mod masters;
mod metadata;
mod nginx;
mod pages;
mod process;
mod state;
mod systemd;
mod told;
mod viewers;

// What they share.
mod fetched;
mod http;
mod judge;
mod load;
mod picture;
mod server;
mod site;
