//! Entropy-coded data of baseline JPEG without decoding any: their bits, the codes that they are in, and where the blocks of
//! them lie, for those who take some of its MCUs: cuts of stored tiles, windows of flat files. Pure. ITU-T T.81 annexes C, F.

pub mod bits;
pub mod dht;
pub mod huffman;
pub mod mcu;
pub mod walk;
