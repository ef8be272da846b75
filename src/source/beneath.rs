//! Opens what a path names beneath a directory, and nothing else: by openat2(2), which is one call, or, where a sandbox
//! or an old kernel refuses that, by [`steps`] with the same results.
//! Does not judge what it opens.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::{Errno, Result};

use super::steps;

/// A directory beneath which files are opened for reading.
pub(super) struct Beneath {
    directory: OwnedFd,
    links: Links,
    way: Way,
}

/// Where symbolic links may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    /// Anywhere beneath the directory, by relative paths that never leave it on the way.
    Beneath,
    /// Anywhere that the process may read.
    Anywhere,
}

/// How paths are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// By the kernel, in one call.
    Kernel,
    /// By our own code, name by name.
    Steps,
}

/// Why the kernel does not open beneath a directory in one call, if it does not: it is older than Linux 5.6, or a sandbox
/// refuses openat2(2), whose arguments it cannot see. So do RestrictSUIDSGID= of systemd (ENOSYS), and profiles of
/// container engines that are older than the call (EPERM).
#[must_use]
pub fn openat2_refused() -> Option<Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat2(CWD, "/", flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS).err()
}

impl Beneath {
    /// Opens the directory at `path`, and finds out once which way works here.
    ///
    /// # Errors
    /// If it is no directory, or cannot be read.
    pub(super) fn open(path: &Path, links: Links) -> Result<Self> {
        Self::opened(path, OFlags::RDONLY, links)
    }

    /// The directory that is open already, by the path of its descriptor in `/proc`. Its file system is not asked.
    ///
    /// # Errors
    /// If it is no directory.
    pub(super) fn inherit(path: &Path, links: Links) -> Result<Self> {
        Self::opened(path, OFlags::PATH, links)
    }

    fn opened(path: &Path, mode: OFlags, links: Links) -> Result<Self> {
        let flags = mode | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(CWD, path, flags, Mode::empty())?;
        let way = if openat2_refused().is_some() { Way::Steps } else { Way::Kernel };
        Ok(Self { directory, links, way })
    }

    /// The directory itself.
    pub(super) fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// What `path` names, a file of any kind, open for reading.
    ///
    /// # Errors
    /// Those of openat2(2): [`Errno::XDEV`] for a path that leaves the directory and [`Errno::LOOP`] for more than 40
    /// links, or a link in /proc that is no path.
    pub(super) fn file(&self, path: &str) -> Result<OwnedFd> {
        // Without NONBLOCK a FIFO would hold the worker until somebody writes to it.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        match self.way {
            Way::Kernel => {
                let resolve = self.links.resolve();
                retry(|| openat2(&self.directory, path, flags, Mode::empty(), resolve))
            }
            Way::Steps => retry(|| steps::open(&self.directory, path.as_bytes(), flags, self.links)),
        }
    }
}

impl Links {
    fn resolve(self) -> ResolveFlags {
        match self {
            Self::Beneath => ResolveFlags::NO_MAGICLINKS | ResolveFlags::BENEATH,
            Self::Anywhere => ResolveFlags::NO_MAGICLINKS,
        }
    }
}

/// The kernel asks to try again when a name changed under `..` or a link while it was looked up.
fn retry(mut open: impl FnMut() -> Result<OwnedFd>) -> Result<OwnedFd> {
    let mut result = open();
    for _ in 0..8 {
        if !matches!(result, Err(Errno::AGAIN | Errno::INTR)) {
            break;
        }
        result = open();
    }
    result
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::io::Read;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::fs::{RenameFlags, mkfifoat, renameat, renameat_with};

    /// The directory, once with each way of opening beneath it.
    pub(crate) fn both_ways(path: &Path, links: Links) -> [Beneath; 2] {
        assert_eq!(openat2_refused(), None, "the kernel is the judge of the other way");
        [Way::Kernel, Way::Steps]
            .map(|way| Beneath { way, ..Beneath::open(path, links).expect("a directory") })
    }

    /// What a path leads to: what the regular file there says, or nothing for another kind.
    fn read(beneath: &Beneath, path: &str) -> Result<Option<String>> {
        let mut file = File::from(beneath.file(path)?);
        if !file.metadata().expect("open").is_file() {
            return Ok(None);
        }
        let mut text = String::new();
        file.read_to_string(&mut text).expect("readable");
        Ok(Some(text))
    }

    /// `root` with files, directories and links, and `secret` beside it. A file holds its own path.
    fn tree() -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().join("root");
        for name in ["root/below/deep", "outside"] {
            fs::create_dir_all(directory.path().join(name)).expect("made");
        }
        for name in ["a", "below/b", "below/deep/c", "../secret", "../outside/d"] {
            fs::write(root.join(name), name).expect("written");
        }
        mkfifoat(CWD, root.join("fifo"), Mode::RWXU).expect("made");
        let absolute = |name: &str| root.join(name).to_str().expect("UTF-8").to_owned();
        let links = [
            ("to-file", "below/b"),
            ("to-directory", "below"),
            ("below/up", "../a"),
            ("below/deep/up", "../../to-directory/deep/c"),
            ("slashes", ".//below/./deep//../b"),
            ("trailing", "below/b/"),
            ("to-directory-slash", "below/"),
            ("chain", "to-directory/up"),
            ("out", "../secret"),
            ("out-directory", "../outside"),
            ("out-and-in", "../root/a"),
            ("absolute-in", &absolute("a")),
            ("absolute-out", &absolute("../secret")),
            ("absolute-directory", &absolute("../outside")),
            ("loop", "loop"),
            ("loop-a", "loop-b"),
            ("loop-b", "below/../loop-a"),
            ("dangling", "nothing"),
            ("through-file", "a/../below/b"),
            ("magic", "/proc/self/fd/0"),
            ("magic-root", "/proc/self/root"),
            ("link-1", "a"),
        ];
        for (name, target) in links {
            symlink(target, root.join(name)).expect("linked");
        }
        for number in 2..=41 {
            symlink(format!("link-{}", number - 1), root.join(format!("link-{number}"))).expect("linked");
        }
        (directory, root)
    }

    /// A path, what it leads to within bounds, and what without.
    type Case<'p> = (&'p str, Result<Option<&'static str>>, Result<Option<&'static str>>);

    const fn same<'p>(path: &'p str, there: Result<Option<&'static str>>) -> Case<'p> {
        (path, there, there)
    }

    const CASES: &[Case<'static>] = &[
        same("a", Ok(Some("a"))),
        same("below/b", Ok(Some("below/b"))),
        same("below/deep/c", Ok(Some("below/deep/c"))),
        same(".//below/./deep///c", Ok(Some("below/deep/c"))),
        same("below/../a", Ok(Some("a"))),
        same("below/deep/../../a", Ok(Some("a"))),
        same("below", Ok(None)),
        same("fifo", Ok(None)),
        same("to-file", Ok(Some("below/b"))),
        same("to-directory", Ok(None)),
        same("to-directory/b", Ok(Some("below/b"))),
        same("to-directory/../a", Ok(Some("a"))),
        same("to-directory-slash/b", Ok(Some("below/b"))),
        same("below/up", Ok(Some("a"))),
        same("below/deep/up", Ok(Some("below/deep/c"))),
        same("slashes", Ok(Some("below/b"))),
        same("chain", Ok(Some("a"))),
        same("link-40", Ok(Some("a"))),
        same("link-41", Err(Errno::LOOP)),
        same("loop", Err(Errno::LOOP)),
        same("loop-a", Err(Errno::LOOP)),
        same("loop/a", Err(Errno::LOOP)),
        same("", Err(Errno::NOENT)),
        same("nothing", Err(Errno::NOENT)),
        same("nothing/../a", Err(Errno::NOENT)),
        same("dangling", Err(Errno::NOENT)),
        same("a/", Err(Errno::NOTDIR)),
        same("a/b", Err(Errno::NOTDIR)),
        same("a/../below/b", Err(Errno::NOTDIR)),
        same("fifo/a", Err(Errno::NOTDIR)),
        same("to-file/", Err(Errno::NOTDIR)),
        same("trailing", Err(Errno::NOTDIR)),
        same("through-file", Err(Errno::NOTDIR)),
        ("../secret", Err(Errno::XDEV), Ok(Some("../secret"))),
        ("below/../../secret", Err(Errno::XDEV), Ok(Some("../secret"))),
        ("out", Err(Errno::XDEV), Ok(Some("../secret"))),
        ("out-directory/d", Err(Errno::XDEV), Ok(Some("../outside/d"))),
        ("out-and-in", Err(Errno::XDEV), Ok(Some("a"))),
        ("absolute-in", Err(Errno::XDEV), Ok(Some("a"))),
        ("absolute-out", Err(Errno::XDEV), Ok(Some("../secret"))),
        ("absolute-directory/../root/a", Err(Errno::XDEV), Ok(Some("a"))),
        ("magic", Err(Errno::XDEV), Err(Errno::LOOP)),
        ("magic-root/etc/passwd", Err(Errno::XDEV), Err(Errno::LOOP)),
    ];

    #[test]
    fn a_path_leads_to_the_same_either_way() {
        let (_directory, root) = tree();
        // 4095 bytes are all that the kernel takes.
        let longest = format!("{}a", "./".repeat(2047));
        let too_long = format!("./{longest}");
        let lengths = [same(&longest, Ok(Some("a"))), same(&too_long, Err(Errno::NAMETOOLONG))];
        for &(path, bound, free) in CASES.iter().chain(&lengths) {
            for (links, expected) in [(Links::Beneath, bound), (Links::Anywhere, free)] {
                for beneath in both_ways(&root, links) {
                    let found = read(&beneath, path);
                    let found = found.as_ref().map(Option::as_deref).map_err(|error| *error);
                    assert_eq!(found, expected, "{path} {links:?} {:?}", beneath.way);
                }
            }
        }
    }

    #[test]
    fn directories_are_no_files_either_way() {
        let (_directory, root) = tree();
        for beneath in both_ways(&root, Links::Beneath) {
            for path in [".", "below/", "below/.", "below/..", "to-directory/", "to-directory-slash"] {
                assert!(matches!(read(&beneath, path), Ok(None) | Err(Errno::ISDIR)), "{path}");
            }
        }
    }

    #[test]
    fn nobody_is_led_out_by_what_changes_on_the_way() {
        let (directory, root) = tree();
        fs::write(root.join("below/d"), "inside").expect("written");
        fs::create_dir(root.join("moved")).expect("made");
        let inside = File::open(&root).expect("a directory");
        let outside = File::open(directory.path().join("outside")).expect("a directory");
        let over = AtomicBool::new(false);
        let beneath = both_ways(&root, Links::Beneath);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    // A directory becomes a link that leads out, and another is moved out, and back.
                    let exchange = RenameFlags::EXCHANGE;
                    renameat_with(&inside, "below", &inside, "out-directory", exchange).expect("there");
                    renameat(&inside, "moved", &outside, "moved").expect("there");
                    renameat_with(&inside, "below", &inside, "out-directory", exchange).expect("there");
                    renameat(&outside, "moved", &inside, "moved").expect("there");
                }
            });
            let ask = |beneath| [read(beneath, "below/d"), read(beneath, "moved/../../secret")];
            let found: Vec<_> = (0..5000).flat_map(|_| beneath.iter().flat_map(ask)).collect();
            over.store(true, Ordering::Relaxed);
            let led_out = found.iter().flatten().flatten().find(|text| *text != "inside");
            assert_eq!(led_out, None);
            assert!(found.iter().any(Result::is_ok));
        });
    }
}
