//! The integration tests: one binary, one module per thing proved.

mod convert;
mod flat;
mod formats;
mod masters;
mod nginx;
mod process;

// What they share.
mod http;
mod judge;
mod load;
mod picture;
mod server;
mod site;
