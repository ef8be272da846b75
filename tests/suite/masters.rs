//! Masters of every kind that Recto claims to read, made at test time by others wherever a tool can, and damaged ones.

mod damage;
mod jp2;
mod jpeg;
mod layouts;
pub mod levels;
mod places;
mod samples;
mod stored;
