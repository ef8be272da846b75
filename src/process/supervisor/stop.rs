//! How a server ends: whoever got in is answered first. Another program may begin anew then, in the same process.

use std::fs::File;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::Supervisor;
use crate::process::scoreboard::Notice;

/// How long a request may take beyond the deadline to be written when the server stops.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// How long workers may take to end after they were killed. Without a file system that does not answer it is no time.
const KILL_GRACE: Duration = Duration::from_secs(1);

/// How much longer those may take that wait in the queues of the back workers then.
const QUEUE_GRACE: Duration = Duration::from_secs(5);

/// The server stops.
pub(super) struct Stopping {
    /// When front workers that have not finished are killed.
    front_limit: Instant,
    /// When all that is left is killed.
    limit: Instant,
    /// The program that begins anew at the sockets when all have ended.
    successor: Option<File>,
}

impl Supervisor {
    /// Ends when all are served who got in. Nobody else does, unless systemd has the socket: whoever comes then waits for
    /// the next server.
    pub(super) fn stop(&mut self, now: Instant) {
        if self.stopping.as_ref().is_some_and(|stopping| stopping.successor.is_none()) {
            return;
        }
        log::info!("stopping");
        self.notify.send("STOPPING=1");
        self.pool.scoreboard().put_notice(Notice::Stopping, 1);
        self.rehearsal = None;
        self.listeners.leave(None, now);
        self.finish(None, now);
    }

    /// Has the workers finish, and `successor` begin anew then. Whoever comes meanwhile waits at the sockets.
    pub(super) fn finish(&mut self, successor: Option<File>, now: Instant) {
        let front_limit = now + self.current.config.serving.pool.deadline + STOP_GRACE;
        self.stopping = Some(Stopping { front_limit, limit: front_limit + QUEUE_GRACE, successor });
    }

    /// Breaks when the server has stopped.
    pub(super) fn step_to_stop(&mut self, now: Instant) -> ControlFlow<()> {
        let Some(stopping) = &mut self.stopping else { return ControlFlow::Continue(()) };
        let pool = &mut self.pool;
        if pool.is_empty() || now >= stopping.limit + KILL_GRACE {
            if !pool.is_empty() {
                log::error!("{} workers cannot be killed, for they wait for a file system", pool.len());
            }
            // What it has in hand it may write down.
            if !self.fetchers.have_ended(now) {
                return ControlFlow::Continue(());
            }
            return match stopping.successor.take() {
                Some(program) => self.begin_anew(&program),
                None => ControlFlow::Break(()),
            };
        }
        if now >= stopping.limit {
            pool.kill_all();
        } else if pool.queues_are_done() {
            pool.drain_all();
        } else if now >= stopping.front_limit {
            pool.kill_front();
        } else if self.listeners.are_served(now) {
            pool.drain_front();
        }
        ControlFlow::Continue(())
    }

    /// Runs the successor, which finds the sockets. If that fails, this program goes on.
    fn begin_anew(&mut self, program: &File) -> ControlFlow<()> {
        // It is not ready until that one is.
        self.pid_file = None;
        let error = self.give_way(program, false);
        self.stopping = None;
        self.write_pid();
        self.refuse("going on with this program", &format!("the new one cannot be run: {error:#}"));
        ControlFlow::Continue(())
    }
}
