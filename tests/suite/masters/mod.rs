//! Masters of every kind that Recto claims to read, made at test time by others wherever a tool can, and damaged ones.

mod codestreams;
mod counts;
pub mod damage;
mod deep_jpeg;
mod fax;
mod jp2;
mod jpeg;
mod layouts;
pub mod levels;
mod oddities;
mod old_jpeg;
mod pages;
mod places;
mod recovery;
mod samples;
mod sparse;
mod stored;
