//! Entropy-coded data of baseline JPEG, without decoding any: their bits and codes, and where their blocks lie, for all
//! that copies some of the MCUs: cuts of stored tiles, windows of flat files. Pure. ITU-T T.81 annexes C, F.

pub(super) mod bits;
pub(super) mod dht;
pub(super) mod huffman;
pub(super) mod mcu;
pub(super) mod walk;
