//! Why a user may not enter, read or write something, and what would let them.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Access, access};

use super::super::person::{Group, Person};
use super::super::unit::edit;
use super::walk::quote;
use crate::check::Finding;

/// Why the directory of masters cannot be opened.
pub(super) fn entering(root: &Path, who: &Person, error: &str) -> Finding {
    let about = root.display().to_string();
    let above: Vec<&Path> = root.ancestors().collect();
    for directory in above.into_iter().rev() {
        match fs::metadata(directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let missing = directory.display();
                return Finding::error(about, format!("{missing} does not exist"))
                    .mend(
                        "Is it to be mounted? Else make it, or name another directory as root in [masters]:",
                    )
                    .by(format!("mkdir -p {}", quote(root)));
            }
            Ok(found) if !found.is_dir() => {
                return Finding::error(about, format!("{} is no directory", directory.display()))
                    .mend("Name a directory as root in [masters].");
            }
            Ok(found) if access(directory, Access::EXEC_OK | wanted(directory, root)).is_err() => {
                return refused(about, directory, &found, who, "enter", 0o5);
            }
            _ => {}
        }
    }
    Finding::error(about, format!("cannot be opened by {}: {error}", who.name))
}

/// Of the root itself the names are wanted as well.
fn wanted(directory: &Path, root: &Path) -> Access {
    if directory == root { Access::READ_OK } else { Access::EXISTS }
}

/// Why a master may not be read.
pub(super) fn reading(file: &Path, about: String, who: &Person) -> Finding {
    let place = match fs::metadata(file) {
        Ok(found) => Some((file, found, 0o4)),
        Err(_) => file.parent().and_then(|parent| Some((parent, fs::metadata(parent).ok()?, 0o5))),
    };
    match place {
        Some((path, found, bits)) => {
            let finding = refused(about, path, &found, who, "read", bits);
            Finding { severity: crate::check::Severity::Warning, ..finding }
        }
        None => Finding::warning(about, format!("may not be reached by {}", who.name)),
    }
}

/// How the state directory stands.
pub(super) fn writing(directory: &Path, who: &Person) -> Finding {
    let about = directory.display().to_string();
    let quoted = quote(directory);
    match access(directory, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Finding::fine(about, format!("{} can keep there what is dear to find out", who.name)),
        Err(error) => Finding::advice(about, format!("nothing is kept there by {}: {error}", who.name))
            .mend("Under systemd the unit makes /var/lib/recto. Elsewhere:")
            .by(format!("install -d -m 700 -o {} -g {} {quoted}", who.name, who.group())),
    }
}

/// How the directory of the block cache stands, which is made if it is not there.
pub(super) fn keeping(directory: &Path, who: &Person) -> Finding {
    let about = directory.display().to_string();
    let there = directory.ancestors().find(|path| path.is_dir()).unwrap_or(directory);
    match access(there, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Finding::fine(about, format!("{} can keep blocks of masters in stores there", who.name)),
        Err(error) => Finding::error(about, format!("blocks cannot be kept there by {}: {error}", who.name))
            .mend("Without it nothing is fetched. Under systemd stores.conf has it made; elsewhere:")
            .by(format!("install -d -m 700 -o {} -g {} {}", who.name, who.group(), quote(directory))),
    }
}

/// What would let `who` in, where the permissions of `path` do not.
fn refused(about: String, path: &Path, found: &Metadata, who: &Person, what: &str, bits: u32) -> Finding {
    let owning = Group::find(&found.gid().to_string());
    let group = owning.map_or_else(|| found.gid().to_string(), |group| group.name);
    let owner = Person::find(&found.uid().to_string()).map_or_else(|| found.uid().to_string(), |it| it.name);
    let (place, mode) = (path.display(), found.mode() & 0o7777);
    let what = format!("{} may not {what} {place} (mode {mode:04o}, owner {owner}, group {group})", who.name);
    let finding = Finding::error(about, what);
    if (mode >> 3) & bits == bits && found.gid() != 0 && !who.is_in(found.gid()) {
        return edit(finding, "recto.service", &format!("[Service]\nSupplementaryGroups={group}"));
    }
    let letters = if bits == 0o4 { "r" } else { "rx" };
    finding.mend("Let the service's user in, and nobody else (package acl):").by(format!(
        "setfacl --modify=user:{}:{letters} {}",
        who.name,
        quote(path)
    ))
}
