//! The ways out of a confined process, each with the wall that it has to end at.

use std::path::Path;

use libc::{
    AT_FDCWD, CLONE_NEWUSER, EACCES, ENOSYS, MAP_ANONYMOUS, MAP_PRIVATE, O_CREAT, O_PATH, O_RDONLY, O_RDWR,
    O_TRUNC, O_WRONLY, PROT_EXEC, PROT_READ, SIGCHLD, SIGKILL,
};

use super::ask::Argument;

/// One way.
pub struct Way {
    /// What is tried.
    pub what: String,
    pub call: libc::c_long,
    pub arguments: Vec<Argument>,
    /// The error that it has to end with.
    pub wall: i32,
    /// The gap of a kernel that is too old for it.
    pub since: &'static str,
}

/// A way that no kernel leaves open.
const ALWAYS: &str = "none";

/// Ways by calls that no worker makes.
macro_rules! unknown {
    ($($name:ident($($argument:expr),*)),* $(,)?) => {
        vec![$(Way {
            what: stringify!($name).to_owned(),
            call: libc::$name,
            arguments: vec![$(Argument::from($argument)),*],
            wall: ENOSYS,
            since: ALWAYS,
        }),*]
    };
}

/// All ways, from a process whose room is `room`.
pub fn all(room: &Path) -> Vec<Way> {
    let mut ways = to_files(room);
    ways.extend(to_network());
    ways.extend(to_programs_and_processes());
    ways.extend(to_privileges());
    ways.extend(to_attributes(&room.join("masters/leaf.tif").display().to_string()));
    #[cfg(target_arch = "x86_64")]
    ways.extend(unknown![
        SYS_fork(),
        SYS_vfork(),
        SYS_chmod("/tmp", 0o777),
        SYS_symlink("/etc", "x"),
        SYS_pipe(0)
    ]);
    ways
}

/// Opening, and what else a name is enough for.
fn to_files(room: &Path) -> Vec<Way> {
    let at = |name: &str| room.join(name).display().to_string();
    let open = |name: &str, flags: i32| Way {
        what: format!("open {name} with {flags:o}"),
        call: libc::SYS_openat,
        arguments: vec![AT_FDCWD.into(), name.into(), flags.into(), 0o600.into()],
        wall: EACCES,
        since: if flags & O_TRUNC == 0 { ALWAYS } else { "cutting files short" },
    };
    let [leaf, secret] = [at("masters/leaf.tif"), at("elsewhere/secret.tif")];
    let mut ways: Vec<Way> = [
        "/etc/passwd",
        "/proc/1/status",
        "/proc/self/maps",
        "/dev/null",
        "/",
        &secret,
        &at("masters/out.tif"),
    ]
    .map(|name| open(name, O_RDONLY))
    .into();
    ways.extend([&leaf, &secret, "/dev/null", "/proc/self/mem"].map(|name| open(name, O_RDWR)));
    ways.extend([leaf.as_str(), &secret].map(|name| open(name, O_RDONLY | O_TRUNC)));
    ways.extend(
        [at("masters/new"), at("elsewhere/new"), "/tmp/recto-new".into()]
            .map(|name| open(&name, O_WRONLY | O_CREAT)),
    );
    let by_name = |what: &str, call, arguments: &[&str]| Way {
        what: format!("{what} {arguments:?}"),
        call,
        arguments: arguments
            .iter()
            .flat_map(|name| [AT_FDCWD.into(), Argument::from(*name)])
            .chain([0.into()])
            .collect(),
        wall: EACCES,
        since: ALWAYS,
    };
    for name in [&leaf, &secret] {
        ways.push(by_name("unlink", libc::SYS_unlinkat, &[name]));
        ways.push(by_name("rename", libc::SYS_renameat2, &[name, &at("masters/new")]));
        ways.push(by_name("rename", libc::SYS_renameat2, &[name, &at("state/new")]));
    }
    ways.push(by_name("rename", libc::SYS_renameat2, &[&at("state/kept.state"), &leaf]));
    ways
}

fn to_network() -> Vec<Way> {
    let stream = libc::SOCK_STREAM;
    unknown![
        SYS_socket(libc::AF_INET, stream, 0),
        SYS_socket(libc::AF_INET6, libc::SOCK_DGRAM, 0),
        SYS_socket(libc::AF_UNIX, stream, 0),
        SYS_socket(libc::AF_NETLINK, libc::SOCK_RAW, 0),
        SYS_socketpair(libc::AF_UNIX, stream, 0, 0),
        SYS_connect(0, 0, 0),
        SYS_bind(0, 0, 0),
        SYS_listen(0, 1),
        SYS_io_uring_setup(1, 0),
    ]
}

fn to_programs_and_processes() -> Vec<Way> {
    let parent = i32::try_from(std::os::unix::process::parent_id()).expect("a process id");
    unknown![
        SYS_execve("/bin/true", 0, 0),
        SYS_execveat(AT_FDCWD, "/bin/true", 0, 0, 0),
        SYS_clone(SIGCHLD, 0, 0, 0, 0),
        SYS_clone(CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0),
        SYS_clone(libc::CLONE_VM | libc::CLONE_VFORK | SIGCHLD, 0, 0, 0, 0),
        SYS_clone3(0, 0),
        SYS_ptrace(libc::PTRACE_ATTACH, parent, 0, 0),
        SYS_process_vm_readv(parent, 0, 0, 0, 0, 0),
        SYS_process_vm_writev(parent, 0, 0, 0, 0, 0),
        SYS_kill(parent, 0),
        SYS_kill(parent, SIGKILL),
        SYS_kill(-1, 0),
        SYS_tkill(parent, 0),
        SYS_tgkill(parent, parent, 0),
        SYS_rt_sigqueueinfo(parent, 0, 0),
        SYS_pidfd_open(parent, 0),
        SYS_pidfd_getfd(0, 0, 0),
        SYS_pidfd_send_signal(0, 0, 0, 0),
        SYS_setpriority(libc::PRIO_PROCESS, parent, 10),
        SYS_setpriority(libc::PRIO_USER, 0, 10),
        SYS_sched_setscheduler(parent, 0, 0),
        SYS_sched_setaffinity(parent, 0, 0),
        SYS_prlimit64(parent, 0, 0, 0),
        SYS_mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
        SYS_mprotect(0, 4096, PROT_EXEC),
        SYS_memfd_secret(0),
        SYS_userfaultfd(0),
    ]
}

fn to_privileges() -> Vec<Way> {
    unknown![
        SYS_unshare(CLONE_NEWUSER),
        SYS_unshare(libc::CLONE_NEWNS),
        SYS_setns(0, 0),
        SYS_mount("none", "/tmp", "tmpfs", 0, 0),
        SYS_umount2("/proc", 0),
        SYS_open_tree(AT_FDCWD, "/", 1),
        SYS_move_mount(0, "", 0, "", 0),
        SYS_fsopen("tmpfs", 0),
        SYS_pivot_root(".", "."),
        SYS_chroot("/"),
        SYS_chdir("/"),
        SYS_setuid(0),
        SYS_setgid(0),
        SYS_setgroups(0, 0),
        SYS_setresuid(0, 0, 0),
        SYS_capset(0, 0),
        SYS_prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0),
        SYS_seccomp(1, 0, 0),
        SYS_landlock_create_ruleset(0, 0, 1),
        SYS_personality(0),
        SYS_keyctl(0, 0, 0, 0, 0),
        SYS_add_key("user", "x", "x", 1, -3),
        SYS_bpf(0, 0, 0),
        SYS_perf_event_open(0, 0, -1, -1, 0),
        SYS_init_module(0, 0, ""),
        SYS_kexec_load(0, 0, 0, 0),
        SYS_reboot(0, 0, 0, 0),
        SYS_sethostname("x", 1),
        SYS_settimeofday(0, 0),
        SYS_syslog(3, 0, 0),
        SYS_ioctl(0, libc::TIOCSTI as i64, 0),
        SYS_name_to_handle_at(AT_FDCWD, "/", 0, 0, 0),
        SYS_open_by_handle_at(AT_FDCWD, 0, O_PATH),
        SYS_quotactl(0, 0, 0, 0),
        SYS_swapon("/x", 0),
        SYS_acct(0),
    ]
}

/// What Landlock does not judge.
fn to_attributes(leaf: &str) -> Vec<Way> {
    unknown![
        SYS_fchmodat(AT_FDCWD, leaf, 0o777),
        SYS_fchmod(0, 0o777),
        SYS_fchownat(AT_FDCWD, leaf, 0, 0, 0),
        SYS_setxattr(leaf, "user.x", "x", 1, 0),
        SYS_removexattr(leaf, "user.x"),
        SYS_utimensat(AT_FDCWD, leaf, 0, 0),
        SYS_truncate(leaf, 0),
        SYS_linkat(AT_FDCWD, leaf, AT_FDCWD, "x", 0),
        SYS_symlinkat("/etc", AT_FDCWD, "x"),
        SYS_mkdirat(AT_FDCWD, "x", 0o700),
        SYS_mknodat(AT_FDCWD, "x", libc::S_IFIFO, 0),
        SYS_inotify_init1(0),
        SYS_fanotify_init(0, 0),
        SYS_getxattr(leaf, "user.x", 0, 0),
    ]
}
