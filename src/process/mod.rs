//! The pool of processes: a supervisor, its workers, and the scoreboard that they share.

pub mod refusals;
pub mod scoreboard;
pub mod supervisor;
pub mod worker;
