//! Which files a worker reaches.

use std::os::fd::BorrowedFd;
use std::path::Path;

use landlock::{
    AccessFs, BitFlags, PathBeneath, RulesetCreated, RulesetCreatedAttr, RulesetError, make_bitflags,
};

use super::Needs;
use crate::walls::files::{self, beneath};

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
    files::confine(|rules| allow(rules, needs, masters))
}

fn allow<'m>(
    rules: RulesetCreated,
    needs: &Needs,
    masters: impl Iterator<Item = BorrowedFd<'m>>,
) -> Result<RulesetCreated, RulesetError> {
    let rules =
        rules.add_rules(masters.map(|directory| Ok::<_, RulesetError>(PathBeneath::new(directory, READ))))?;
    // Where there is no such directory, nothing is kept.
    let rules = rules.add_rules(beneath(&needs.state, KEEP))?;
    let everywhere = needs.everywhere.then(|| beneath(Path::new("/"), READ)).flatten();
    rules.add_rules(everywhere)
}
