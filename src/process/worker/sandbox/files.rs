//! Which files a worker reaches: by Landlock, whose rules are bound to directories, not to their names. landlock(7).

use std::os::fd::BorrowedFd;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd, RestrictionStatus,
    Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, make_bitflags,
};

use super::Needs;

/// All that can be refused is, up to this version; a kernel that knows less refuses what it can.
const VERSION: ABI = ABI::V6;

/// What came with which version.
const SINCE: [(ABI, &str); 4] = [
    (ABI::V3, "cutting files short"),
    (ABI::V4, "TCP"),
    (ABI::V5, "devices"),
    (ABI::V6, "signals and abstract sockets"),
];

/// Of masters. Directories can be opened, as they can without walls: what becomes of it then is not for here to judge.
const READ: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir});

/// Of the state directory: files that are written beside the one they replace, and removed.
const KEEP: BitFlags<AccessFs> =
    make_bitflags!(AccessFs::{ReadFile | ReadDir | WriteFile | Truncate | MakeReg | RemoveFile});

/// Confines the calling thread to `masters`, and to what else it needs.
///
/// # Errors
/// What the kernel does not refuse.
pub(super) fn confine<'m>(
    needs: &Needs,
    masters: impl Iterator<Item = BorrowedFd<'m>>,
) -> Result<(), String> {
    let status = restrict(needs, masters).map_err(|error| format!("files: {error}"))?;
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

fn restrict<'m>(
    needs: &Needs,
    masters: impl Iterator<Item = BorrowedFd<'m>>,
) -> Result<RestrictionStatus, RulesetError> {
    let rules = Ruleset::default()
        .handle_access(AccessFs::from_all(VERSION))?
        .handle_access(AccessNet::from_all(VERSION))?
        .scope(Scope::from_all(VERSION))?
        .create()?
        .add_rules(masters.map(|directory| Ok::<_, RulesetError>(PathBeneath::new(directory, READ))))?;
    // Where there is no such directory, nothing is kept.
    let rules = rules.add_rules(beneath(&needs.state, KEEP))?;
    let everywhere = needs.everywhere.then(|| beneath(Path::new("/"), READ)).flatten();
    rules.add_rules(everywhere)?.restrict_self()
}

fn beneath(path: &Path, access: BitFlags<AccessFs>) -> Option<Result<PathBeneath<PathFd>, RulesetError>> {
    PathFd::new(path).ok().map(|directory| Ok(PathBeneath::new(directory, access)))
}
