//! Which system calls a process may make: by seccomp(2). All others are answered as by a kernel that does not know them,
//! ENOSYS. Libraries are written for old kernels too, and try another way, while to be killed would cost a request for
//! each call that a new C library thinks of; and unlike EPERM nobody takes it for another failure.
//!
//! No call here takes a name of a file that Landlock does not judge as well, and none opens a socket or starts a program.
//! What was refused, `strace -f -e status=failed` shows.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpOp::{Eq, MaskedEq};
use seccompiler::{BackendError, BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule};

/// Calls that may be made with some arguments only, by these rules.
pub(crate) type Rules = Vec<(c_long, Vec<SeccompRule>)>;

/// Calls that every process may make with any arguments. Those that a request makes are among them: the kernel remembers
/// for them that the filter need not be asked.
const ALLOWED: &[c_long] = &[
    // connections
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_ppoll,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    // what is open
    libc::SYS_close,
    libc::SYS_dup,
    libc::SYS_fadvise64,
    libc::SYS_fallocate,
    libc::SYS_fcntl,
    libc::SYS_fdatasync,
    libc::SYS_flock,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    libc::SYS_getdents64,
    libc::SYS_lseek,
    libc::SYS_memfd_create,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    // files by name
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_readlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_statfs,
    libc::SYS_statx,
    libc::SYS_unlinkat,
    // memory
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    // the process itself, its signals and its time
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getcwd,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_nanosleep,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    libc::SYS_sysinfo,
    libc::SYS_uname,
];

/// The older forms of the same calls, which later architectures do without.
#[cfg(target_arch = "x86_64")]
const OLDER: &[c_long] = &[
    libc::SYS_access,
    libc::SYS_epoll_wait,
    libc::SYS_getdents,
    libc::SYS_lstat,
    libc::SYS_open,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_stat,
    libc::SYS_time,
    libc::SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

/// Confines the calling thread and those that it starts to the calls that all may make, to `more` of them, and to what
/// `rules` allow.
///
/// # Errors
/// Why the kernel takes no filter.
pub(crate) fn confine(more: &[c_long], rules: Result<Rules, BackendError>) -> Result<(), String> {
    let filter = rules.and_then(|rules| filter(more, rules));
    let filter = filter.map_err(|error| format!("system calls: {error}"))?;
    seccompiler::apply_filter(&filter).map_err(|error| format!("system calls: {error}"))
}

fn filter(more: &[c_long], rules: Rules) -> Result<BpfProgram, BackendError> {
    let anyhow = ALLOWED.iter().chain(OLDER).chain(more).map(|call| (*call, Vec::new()));
    let rules: BTreeMap<_, _> = anyhow.chain(with_arguments()?).chain(rules).collect();
    let refused = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    SeccompFilter::new(rules, refused, SeccompAction::Allow, std::env::consts::ARCH.try_into()?)?.try_into()
}

/// Those that every process may make with some arguments.
fn with_arguments() -> Result<Rules, BackendError> {
    // No memory that can be executed.
    let executable = MaskedEq(libc::PROT_EXEC.unsigned_abs().into());
    let plain = || SeccompCondition::new(2, Dword, executable.clone(), 0);
    // Whoever aborts signals itself.
    let own = SeccompCondition::new(0, Dword, Eq, std::process::id().into())?;
    Ok(vec![
        (libc::SYS_mmap, vec![SeccompRule::new(vec![plain()?])?]),
        (libc::SYS_mprotect, vec![SeccompRule::new(vec![plain()?])?]),
        (libc::SYS_tgkill, vec![SeccompRule::new(vec![own])?]),
    ])
}
