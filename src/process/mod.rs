//! The pool of processes: a supervisor, its workers, and what they share: the scoreboard, the queues of requests that
//! are handed over, and the ledger of what waits in them.

pub mod lane;
pub mod ledger;
pub mod outcome;
pub mod queue;
pub mod refusals;
pub mod scoreboard;
pub mod status;
pub mod supervisor;
pub mod worker;
