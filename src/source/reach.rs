//! Why a directory of masters is out of reach, in words by which somebody can act.

use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::{User, geteuid};
use rustix::io::Errno;

/// A directory of masters that cannot be served: who looks after the machine has to act.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot open the directory of masters {}: {why}", .directory.display())]
pub struct OutOfReach {
    /// The directory.
    pub directory: PathBuf,
    /// What is wrong with it, for which user, and what to do.
    pub why: String,
}

impl OutOfReach {
    /// What `error` means, which came of opening `directory`.
    pub fn new(directory: &Path, error: &io::Error) -> Self {
        Self { directory: directory.to_owned(), why: why(error) }
    }
}

fn why(error: &io::Error) -> String {
    let user = user();
    match Errno::from_io_error(error) {
        Some(Errno::NOENT) => {
            format!("there is no such directory for {user}: is it mounted, and its name right?")
        }
        Some(Errno::NOTDIR) => "this is not a directory".to_owned(),
        Some(Errno::ACCESS | Errno::PERM) => format!(
            "{user} may not read it ({error}): that takes the permissions r and x on it, and x on each directory above it"
        ),
        _ => format!("{user} cannot open it: {error}"),
    }
}

/// Who this process is, by name and number.
fn user() -> String {
    let uid = geteuid();
    match User::from_uid(uid) {
        Ok(Some(user)) => format!("the user {} ({uid})", user.name),
        _ => format!("the user {uid}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_reach_is_named_with_who_and_why() {
        for (errno, begin, end) in [
            (Errno::NOENT, "/srv/x: there is no such directory for the user ", "?"),
            (Errno::NOTDIR, "/srv/x: this is not a directory", ""),
            (Errno::ACCESS, "/srv/x: the user ", "above it"),
            (Errno::IO, "/srv/x: the user ", "(os error 5)"),
        ] {
            let text = OutOfReach::new(Path::new("/srv/x"), &errno.into()).to_string();
            let rest = text.strip_prefix("cannot open the directory of masters ").expect("what it is about");
            assert!(rest.starts_with(begin) && rest.ends_with(end), "{text}");
        }
    }
}
