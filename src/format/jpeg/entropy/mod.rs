//! Entropy-coded data of baseline JPEG without decoding any: their bits, the codes that they are in, and where the blocks of
//! them lie, for those who take some of its MCUs: cuts of stored tiles, windows of flat files. Pure. ITU-T T.81 annexes C, F.

pub(super) mod bits;
pub(super) mod dht;
pub(super) mod huffman;
pub(super) mod mcu;
pub(super) mod walk;
