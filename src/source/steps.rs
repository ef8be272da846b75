//! Following a path one name at a time, symbolic links included, where the kernel cannot confine the lookup for us. A
//! directory that was entered stays open until the walk ends, and `..` goes back to it: whatever others rename or link
//! meanwhile, no step leads out. The answers are those of openat2(2); the rules are in path_resolution(7).

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, PROC_SUPER_MAGIC, fstatfs, openat, readlinkat};
use rustix::io::{Errno, Result};

use super::beneath::Links;

/// The longest path, as in the kernel: 4096 bytes with a zero at the end.
const LONGEST: usize = 4095;

/// The most links that one path may lead over, as in the kernel.
const MOST_LINKS: u32 = 40;

/// Flags by which a directory is entered: its contents need not be listed.
const ENTER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// What `path` names beneath `root`, opened with `flags`.
///
/// # Errors
/// Those of openat2(2) with RESOLVE_NO_MAGICLINKS, and RESOLVE_BENEATH if `links` says so; all links in /proc count as
/// magic ones. A path whose end can only be a directory (`/`, `.`, `..`) is answered with [`Errno::ISDIR`].
pub(super) fn open(root: &OwnedFd, path: &[u8], flags: OFlags, links: Links) -> Result<OwnedFd> {
    if path.len() > LONGEST {
        return Err(Errno::NAMETOOLONG);
    }
    let mut walk = Walk { root: root.as_fd(), entered: Vec::new(), names: Vec::new(), links, followed: 0 };
    walk.intend(path)?;
    while let Some(name) = walk.names.pop() {
        let is_last = walk.names.is_empty();
        match &name[..] {
            b"" | b"." => {}
            b".." => walk.leave()?,
            name => match walk.take(name, if is_last { flags } else { ENTER })? {
                Some(file) if is_last => return Ok(file),
                Some(directory) => walk.enter(directory),
                None => {}
            },
        }
    }
    Err(Errno::ISDIR)
}

/// The directory reached, and the names that remain.
struct Walk<'r> {
    root: BorrowedFd<'r>,
    /// The directories from below the root to the current one; without a bound only the current one.
    entered: Vec<OwnedFd>,
    /// The names that remain, the next one last.
    names: Vec<Vec<u8>>,
    links: Links,
    followed: u32,
}

impl Walk<'_> {
    fn here(&self) -> BorrowedFd<'_> {
        self.entered.last().map_or(self.root, AsFd::as_fd)
    }

    /// Puts the names of `path` before those that remain.
    fn intend(&mut self, path: &[u8]) -> Result<()> {
        match path.first() {
            None => return Err(Errno::NOENT),
            Some(b'/') if self.links == Links::Beneath => return Err(Errno::XDEV),
            Some(b'/') => self.enter(openat(CWD, "/", ENTER, Mode::empty())?),
            Some(_) => {}
        }
        self.names.extend(path.split(|&byte| byte == b'/').rev().map(<[u8]>::to_vec));
        Ok(())
    }

    /// Opens what has this name in the current directory; nothing if it is a link, whose path then comes next.
    fn take(&mut self, name: &[u8], flags: OFlags) -> Result<Option<OwnedFd>> {
        match openat(self.here(), name, flags | OFlags::NOFOLLOW, Mode::empty()) {
            // The error for a link; but also for a file where a directory should be.
            Err(error @ (Errno::LOOP | Errno::NOTDIR)) => {
                let target = readlinkat(self.here(), name, Vec::new()).map_err(|_| error)?;
                self.followed += 1;
                if self.followed > MOST_LINKS || fstatfs(self.here())?.f_type == PROC_SUPER_MAGIC {
                    return Err(Errno::LOOP);
                }
                self.intend(target.as_bytes())?;
                Ok(None)
            }
            opened => opened.map(Some),
        }
    }

    fn enter(&mut self, directory: OwnedFd) {
        if self.links == Links::Anywhere {
            self.entered.clear();
        }
        self.entered.push(directory);
    }

    fn leave(&mut self) -> Result<()> {
        // Within bounds this only asks whether it is allowed: the directory may have been moved, and its parent with it.
        let parent = openat(self.here(), "..", ENTER, Mode::empty())?;
        match self.links {
            Links::Anywhere => self.enter(parent),
            Links::Beneath => drop(self.entered.pop().ok_or(Errno::XDEV)?),
        }
        Ok(())
    }
}
