//! Masters of every kind that Recto claims to read, made at test time by others wherever a tool can, and damaged ones.

mod counts;
mod damage;
mod jp2;
mod jpeg;
mod layouts;
mod levels;
mod pages;
mod samples;
mod sparse;
mod stored;
