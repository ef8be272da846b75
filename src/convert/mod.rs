//! `recto convert`: masters made as they should be, from any picture that Recto reads.
