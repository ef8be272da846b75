//! Which files and ports the process reaches.

use std::path::Path;

use landlock::{
    AccessFs, AccessNet, BitFlags, NetPort, RulesetCreated, RulesetCreatedAttr, RulesetError, make_bitflags,
};

use super::Needs;
use crate::walls::files::{self, beneath};

/// What names of hosts are resolved by, and what tells one start of the host from another. Whoever changes resolv.conf(5) puts
/// another file in its place, so the right is to the directory.
const KNOWN: [&str; 4] =
    ["/etc", "/run/systemd/resolve", "/run/resolvconf", "/proc/sys/kernel/random/boot_id"];

const READ: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir});

/// Of the block cache: files in directories of their own, made, replaced and removed.
const KEEP: BitFlags<AccessFs> = make_bitflags!(AccessFs::{
    ReadFile | ReadDir | WriteFile | Truncate | MakeReg | MakeDir | RemoveFile | RemoveDir | Refer
});

/// Confines the calling thread and those that it starts.
///
/// # Errors
/// What the kernel does not refuse.
pub(super) fn confine(needs: &Needs) -> Result<(), String> {
    files::confine(|rules| allow(rules, needs))
}

fn allow(rules: RulesetCreated, needs: &Needs) -> Result<RulesetCreated, RulesetError> {
    // What is not there cannot be allowed, and need not be.
    let mut rules = rules.add_rules(beneath(&needs.cache, KEEP))?;
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
    Ok(rules)
}
