//! What is shared by all that reads JPEG: streams as libjpeg-turbo gets them, and whether one is damaged; the door to it
//! for samples of more than 8 bits; and where the blocks of a stream lie, for those who take some of its MCUs without
//! decoding them: cuts of stored tiles, windows of flat files. Pure.

pub(crate) mod bits;
mod decoder;
pub(crate) mod deep;
pub(crate) mod dht;
pub(crate) mod huffman;
pub(crate) mod mcu;
mod mend;
pub(crate) mod segment;
pub(crate) mod stream;
#[cfg(test)]
mod tests;
pub(crate) mod walk;

pub use decoder::Decoder;
