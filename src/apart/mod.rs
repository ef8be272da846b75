//! What may end the process that does it, as decoding a hostile file may, is done apart: by another process of this program,
//! which reads jobs from its standard input, a line of JSON each, and answers each with lines on its standard output.
//!
//! Decoders in C (OpenJPEG, libjpeg-turbo, libwebp) stand behind such work, and memory that only the kernel can refuse. A
//! thread, or a look at the clock, could end neither.
//!
//! | module | what lives there |
//! |---|---|
//! | [`outside`] | such a process from outside: it is started, asked, waited for, and ended |
//! | [`inside`] | the same from inside: its limits, what it warns of, and panics that are caught |

pub(crate) mod inside;
pub(crate) mod outside;
