//! Which system calls a worker may make beside those of all processes. None opens a socket.

use libc::c_long;
use seccompiler::SeccompCmpArgLen::{Dword, Qword};
use seccompiler::SeccompCmpOp::Eq;
use seccompiler::{BackendError, SeccompCondition, SeccompRule};

use crate::walls::calls::{self, Rules};

/// With any arguments.
const ALLOWED: &[c_long] = &[libc::SYS_accept4, libc::SYS_dup3, libc::SYS_getpriority];

/// Confines the calling thread.
///
/// # Errors
/// Why the kernel takes no filter.
pub(super) fn confine() -> Result<(), String> {
    calls::confine(ALLOWED, with_arguments())
}

fn with_arguments() -> Result<Rules, BackendError> {
    // Its own priority, by PRIO_PROCESS.
    let [which, who] = [0, 1].map(|argument| SeccompCondition::new(argument, Qword, Eq, 0));
    // A pair of sockets leads nowhere but to who is given one of them: the fetcher replies there.
    let (family, kind) = (libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC);
    let [family, kind] = [(0, family), (1, kind)]
        .map(|(argument, value)| SeccompCondition::new(argument, Dword, Eq, value.unsigned_abs().into()));
    Ok(vec![
        (libc::SYS_setpriority, vec![SeccompRule::new(vec![which?, who?])?]),
        (libc::SYS_socketpair, vec![SeccompRule::new(vec![family?, kind?])?]),
    ])
}
