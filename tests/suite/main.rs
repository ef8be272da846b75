//! The integration tests: one binary, one module per thing proved.

mod convert;
mod nginx;
mod process;

// What they share.
mod http;
mod load;
mod picture;
mod server;
mod site;
