//! The integration tests: one binary, one module per thing proved.

mod convert;
mod judge;
mod masters;
mod process;
