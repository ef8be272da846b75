//! The integration tests: one binary, one module per thing proved.

mod convert;
mod formats;
mod process;
