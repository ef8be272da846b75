//! Which files and ports the process reaches: by Landlock. landlock(7).

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, NetPort, PathBeneath, PathFd, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags,
};

use super::Needs;

/// All that can be refused is, up to this version; a kernel that knows less refuses what it can.
const VERSION: ABI = ABI::V6;

/// What names of hosts are resolved by, and what tells one start of the host from another. Whoever changes resolv.conf(5) puts
/// another file in its place, so the right is to the directory.
const KNOWN: [&str; 4] =
    ["/etc", "/run/systemd/resolve", "/run/resolvconf", "/proc/sys/kernel/random/boot_id"];

const READ: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir});
const READ_FILE: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile});

/// Of the block cache: files in directories of their own, made, replaced and removed.
const KEEP: BitFlags<AccessFs> = make_bitflags!(AccessFs::{
    ReadFile | ReadDir | WriteFile | Truncate | MakeReg | MakeDir | RemoveFile | RemoveDir | Refer
});

/// Confines the calling thread and those that it starts.
///
/// # Errors
/// What the kernel does not refuse.
pub(super) fn confine(needs: &Needs) -> Result<(), String> {
    match restrict(needs).map_err(|error| format!("files and ports: {error}"))?.ruleset {
        RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced => Ok(()),
        RulesetStatus::NotEnforced => {
            Err("files and ports: there is no Landlock here, or it is refused".into())
        }
    }
}

fn restrict(needs: &Needs) -> Result<RestrictionStatus, RulesetError> {
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(VERSION))?
        .handle_access(AccessNet::from_all(VERSION))?
        .scope(Scope::from_all(VERSION))?
        .create()?
        .add_rules(beneath(&needs.cache, KEEP))?;
    for path in KNOWN {
        rules = rules.add_rules(beneath(Path::new(path), READ))?;
    }
    for path in &needs.files {
        // Whoever renews such a file puts another one in its place, so the right is to its directory.
        rules = rules.add_rules(beneath(path.parent().unwrap_or(path), READ))?;
    }
    for port in &needs.ports {
        rules = rules.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
    }
    rules.restrict_self()
}

/// What is not there cannot be allowed, and need not be.
fn beneath(path: &Path, access: BitFlags<AccessFs>) -> Option<Result<PathBeneath<PathFd>, RulesetError>> {
    let access = if path.is_dir() { access } else { access & READ_FILE };
    PathFd::new(path).ok().map(|opened| Ok(PathBeneath::new(opened, access)))
}
