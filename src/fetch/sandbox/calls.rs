//! Which system calls the process may make: by seccomp(2). All others are answered as by a kernel that does not know them,
//! ENOSYS, for the reasons that hold for workers.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpOp::{Eq, MaskedEq};
use seccompiler::{BackendError, BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule};

/// Calls that may be made with any arguments.
const ALLOWED: &[c_long] = &[
    // the network, and workers
    libc::SYS_bind, // an answer of a resolver comes to a port of ours; Landlock refuses those of TCP
    libc::SYS_connect,
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
    libc::SYS_recvmmsg,
    libc::SYS_recvmsg,
    libc::SYS_sendmmsg,
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
    libc::SYS_ioctl, // FIONREAD of the resolver
    libc::SYS_lseek,
    libc::SYS_memfd_create,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_pwrite64,
    libc::SYS_pwritev,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_sync_file_range,
    libc::SYS_write,
    libc::SYS_writev,
    // files by name
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_linkat,
    libc::SYS_mkdirat,
    libc::SYS_newfstatat,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_readlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_statfs,
    libc::SYS_statx,
    libc::SYS_unlinkat,
    libc::SYS_utimensat,
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
    libc::SYS_geteuid,
    libc::SYS_getuid,
    libc::SYS_getegid,
    libc::SYS_getgid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_membarrier,
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
    libc::SYS_link,
    libc::SYS_lstat,
    libc::SYS_mkdir,
    libc::SYS_open,
    libc::SYS_poll,
    libc::SYS_readlink,
    libc::SYS_rename,
    libc::SYS_rmdir,
    libc::SYS_stat,
    libc::SYS_time,
    libc::SYS_unlink,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[c_long] = &[];

/// Kinds of sockets: names of hosts may be resolved over a local one, and what an address is good for is told over NETLINK.
const FAMILIES: [i32; 4] = [libc::AF_INET, libc::AF_INET6, libc::AF_UNIX, libc::AF_NETLINK];

/// Confines the calling thread and those that it starts.
///
/// # Errors
/// Why the kernel takes no filter.
pub(super) fn confine() -> Result<(), String> {
    let filter = filter().map_err(|error| format!("system calls: {error}"))?;
    seccompiler::apply_filter(&filter).map_err(|error| format!("system calls: {error}"))
}

fn filter() -> Result<BpfProgram, BackendError> {
    let anyhow = ALLOWED.iter().chain(OLDER).map(|call| (*call, Vec::new()));
    let rules: BTreeMap<_, _> = anyhow.chain(with_arguments()?).collect();
    let refused = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    SeccompFilter::new(rules, refused, SeccompAction::Allow, std::env::consts::ARCH.try_into()?)?.try_into()
}

/// Calls that may be made with some arguments only.
fn with_arguments() -> Result<[(c_long, Vec<SeccompRule>); 5], BackendError> {
    // No memory that can be executed.
    let executable = MaskedEq(libc::PROT_EXEC.unsigned_abs().into());
    let plain = || SeccompCondition::new(2, Dword, executable.clone(), 0);
    // A thread, and no process: names are resolved in one. clone3(2), whose arguments nobody can look at, is not known, and
    // the C library takes this one.
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    let thread = SeccompCondition::new(0, Dword, MaskedEq(thread), thread)?;
    let own = SeccompCondition::new(0, Dword, Eq, std::process::id().into())?;
    let family = |family: i32| {
        SeccompRule::new(vec![SeccompCondition::new(0, Dword, Eq, family.unsigned_abs().into())?])
    };
    Ok([
        (libc::SYS_mmap, vec![SeccompRule::new(vec![plain()?])?]),
        (libc::SYS_mprotect, vec![SeccompRule::new(vec![plain()?])?]),
        (libc::SYS_clone, vec![SeccompRule::new(vec![thread])?]),
        (libc::SYS_tgkill, vec![SeccompRule::new(vec![own])?]),
        (libc::SYS_socket, FAMILIES.into_iter().map(family).collect::<Result<_, _>>()?),
    ])
}
