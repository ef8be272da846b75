//! Masters of every kind that Recto claims to read, made at test time by others wherever a tool can, and damaged ones.

mod damage;
mod jp2;
mod jpeg;
mod layouts;
mod levels;
mod oddities;
mod recovery;
mod samples;
mod stored;
