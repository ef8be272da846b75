//! Which files and ports a process reaches: by Landlock, whose rules are bound to directories, not to their names. landlock(7).

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetError, RulesetStatus, Scope,
};

/// All that can be refused is, up to this version; a kernel that knows less refuses what it can.
const VERSION: ABI = ABI::V6;

/// What came with which version.
const SINCE: [(ABI, &str); 4] = [
    (ABI::V3, "cutting files short"),
    (ABI::V4, "TCP"),
    (ABI::V5, "devices"),
    (ABI::V6, "signals and abstract sockets"),
];

/// Confines the calling thread, and those that it starts, to what `allow` adds to nothing.
///
/// # Errors
/// What the kernel does not refuse.
pub(crate) fn confine(
    allow: impl FnOnce(RulesetCreated) -> Result<RulesetCreated, RulesetError>,
) -> Result<(), String> {
    let status = nothing().and_then(allow).and_then(RulesetCreated::restrict_self);
    let status = status.map_err(|error| format!("files: {error}"))?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::FullyEnforced, _) => Ok(()),
        (RulesetStatus::PartiallyEnforced, LandlockStatus::Available { effective_abi, .. }) => {
            let lacks = SINCE.iter().filter(|(version, _)| *version > effective_abi).map(|(_, what)| *what);
            let lacks: Vec<_> = lacks.collect();
            Err(format!("Landlock is of version {effective_abi}, which does not cover {}", lacks.join(", ")))
        }
        (_, LandlockStatus::NotEnabled) => {
            Err("files: Landlock was not enabled when the kernel started".into())
        }
        _ => Err("files: there is no Landlock here, or it is refused".into()),
    }
}

fn nothing() -> Result<RulesetCreated, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(VERSION))?
        .handle_access(AccessNet::from_all(VERSION))?
        .scope(Scope::from_all(VERSION))?
        .create()
}

/// The rule that allows so much of what is beneath a directory, or of a file; none if it is not there.
pub(crate) fn beneath(
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Option<Result<PathBeneath<PathFd>, RulesetError>> {
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(VERSION) };
    PathFd::new(path).ok().map(|opened| Ok(PathBeneath::new(opened, access)))
}
