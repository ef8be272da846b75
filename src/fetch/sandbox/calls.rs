//! Which system calls the process may make beside those of all processes.

use libc::c_long;
use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpOp::{Eq, MaskedEq};
use seccompiler::{BackendError, SeccompCondition, SeccompRule};

use crate::walls::calls::{self, Rules};

/// With any arguments.
const ALLOWED: &[c_long] = &[
    // the network
    libc::SYS_bind, // an answer of a resolver comes to a port of ours; Landlock refuses those of TCP
    libc::SYS_connect,
    libc::SYS_ioctl, // FIONREAD of the resolver
    libc::SYS_recvmmsg,
    libc::SYS_sendmmsg,
    // the block cache
    libc::SYS_linkat,
    libc::SYS_mkdirat,
    libc::SYS_sync_file_range,
    libc::SYS_utimensat,
    // the process itself
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getuid,
    libc::SYS_membarrier,
    // the older forms of some of them
    #[cfg(target_arch = "x86_64")]
    libc::SYS_link,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mkdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rmdir,
];

/// Kinds of sockets: names of hosts may be resolved over a local one, and what an address is good for is told over NETLINK.
const FAMILIES: [i32; 4] = [libc::AF_INET, libc::AF_INET6, libc::AF_UNIX, libc::AF_NETLINK];

/// Confines the calling thread and those that it starts.
///
/// # Errors
/// Why the kernel takes no filter.
pub(super) fn confine() -> Result<(), String> {
    calls::confine(ALLOWED, with_arguments())
}

fn with_arguments() -> Result<Rules, BackendError> {
    // A thread, and no process: names are resolved in one. clone3(2), whose arguments nobody can look at, is not known, and
    // the C library takes this one.
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    let thread = SeccompCondition::new(0, Dword, MaskedEq(thread), thread)?;
    let family = |family: i32| {
        SeccompRule::new(vec![SeccompCondition::new(0, Dword, Eq, family.unsigned_abs().into())?])
    };
    Ok(vec![
        (libc::SYS_clone, vec![SeccompRule::new(vec![thread])?]),
        (libc::SYS_socket, FAMILIES.into_iter().map(family).collect::<Result<_, _>>()?),
    ])
}
