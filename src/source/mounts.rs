//! Which mount an identifier lies on, told by its text alone: so that nobody has to ask a file system that may not
//! answer. Of symbolic links only those in the directory of a source itself are known, which are read beforehand.
//! proc_pid_mountinfo(5).

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Sources;
use super::prefixes::Prefixes;

const TABLE: &str = "/proc/self/mountinfo";

/// How often it is asked whether mounts have come or gone.
const PAUSE: Duration = Duration::from_secs(1);

/// How many names in a directory are looked through for links. Where there are more, they are masters.
const NAMES: usize = 4096;

/// The mounts of all sources.
pub(crate) struct Mounts {
    prefixes: Prefixes,
    sources: Vec<Source>,
    /// The kernel's table, if it can be read, and when it is looked at again.
    table: Option<File>,
    next: Instant,
}

/// The mounts of one source.
#[derive(Default)]
struct Source {
    root: Vec<u8>,
    /// What is told of the directory's own file system: its device, or 0.
    own: u64,
    /// Those beneath it with another file system, the deepest first.
    foreign: Vec<Mount>,
}

/// A line of the table.
#[derive(Debug, PartialEq, Eq)]
struct Mount {
    /// Where it is mounted; beneath the root relative to that.
    point: Vec<u8>,
    device: u64,
}

impl Mounts {
    /// The mounts of these sources, and what becomes of them. Nothing is read in a directory whose device does not answer.
    pub(crate) fn of(sources: &Sources, answers: impl Fn(u64) -> bool) -> Self {
        let source = |path: Option<PathBuf>| Source {
            root: path.unwrap_or_default().into_os_string().into_vec(),
            ..Source::default()
        };
        let mut mounts = Self {
            prefixes: sources.prefixes().clone(),
            sources: sources.paths().map(source).collect(),
            table: File::open(TABLE).ok(),
            next: Instant::now() + PAUSE,
        };
        mounts.read(answers);
        mounts
    }

    /// The device of the mount on which the master of this identifier lies; 0 if nobody needs to know, because whoever
    /// would be kept from it has nothing else to do: where all directories are on one file system, that one; and a disk of
    /// this machine.
    pub(crate) fn device(&mut self, identifier: &str, answers: impl Fn(u64) -> bool) -> u64 {
        let now = Instant::now();
        if now >= self.next {
            self.next = now + PAUSE;
            if self.table.as_ref().is_some_and(has_changed) {
                self.read(answers);
            }
        }
        let found = self.prefixes.split(identifier);
        found.and_then(|(at, path)| Some(self.sources.get(at)?.device(path))).unwrap_or(0)
    }

    fn read(&mut self, answers: impl Fn(u64) -> bool) {
        let text = self.table.as_ref().and_then(|table| whole(table).ok());
        let mounts = parse(&text.unwrap_or_default());
        let devices: Vec<u64> =
            self.sources.iter().map(|source| device_above(&mounts, &source.root)).collect();
        for (source, device) in self.sources.iter_mut().zip(&devices) {
            source.own = told(*device, &devices);
            let links = if answers(*device) { links(&source.root) } else { Vec::new() };
            source.foreign = foreign(&mounts, &source.root, &links, source.own);
        }
    }
}

impl Source {
    fn device(&self, path: &str) -> u64 {
        device_of(&self.foreign, path).unwrap_or(self.own)
    }
}

/// What is told of a directory's own device, where `all` directories have these. Those without a number of a driver are
/// networks' and such, which may cease to answer while all else goes on.
fn told(device: u64, all: &[u64]) -> u64 {
    let is_alone = all.iter().all(|other| *other == device);
    if is_alone || device >> 32 != 0 { 0 } else { device }
}

/// Where the device is mounted, as text for the log.
pub(crate) fn mount_point(device: u64) -> String {
    let mounts = fs::read(TABLE).map(|text| parse(&text)).unwrap_or_default();
    let found = mounts.into_iter().find(|mount| mount.device == device);
    found.map_or_else(|| format!("of device {device:#x}"), |mount| mount.point.escape_ascii().to_string())
}

/// Whether mounts have come or gone since the last time this was asked.
fn has_changed(table: &File) -> bool {
    let mut polled = [PollFd::new(table, PollFlags::PRI)];
    poll(&mut polled, Some(&Timespec::default())).is_ok()
        && polled[0].revents().intersects(PollFlags::PRI | PollFlags::ERR)
}

/// The table, from its beginning.
fn whole(table: &File) -> std::io::Result<Vec<u8>> {
    let (mut text, mut part) = (Vec::new(), [0; 16_384]);
    loop {
        match table.read_at(&mut part, text.len() as u64)? {
            0 => return Ok(text),
            length => text.extend_from_slice(&part[..length]),
        }
    }
}

fn parse(text: &[u8]) -> Vec<Mount> {
    let line = |line: &[u8]| {
        // 36 35 98:0 / /mnt/nas rw,noatime ...: ids, device, what of it, where.
        let mut fields = line.split(|&byte| byte == b' ').skip(2);
        let (major, minor) = std::str::from_utf8(fields.next()?).ok()?.split_once(':')?;
        let (major, minor) = (major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?);
        let point = unescaped(fields.nth(1)?);
        Some(Mount { point, device: u64::from(major) << 32 | u64::from(minor) })
    };
    text.split(|&byte| byte == b'\n').filter_map(line).collect()
}

/// Spaces and the like stand in the table as `\040`.
pub(crate) fn unescaped(field: &[u8]) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::with_capacity(field.len()), field);
    while let [first, tail @ ..] = rest {
        let digits =
            tail.first_chunk::<3>().filter(|digits| digits.iter().all(|it| (b'0'..=b'7').contains(it)));
        match digits.filter(|_| *first == b'\\') {
            Some(&[a, b, c]) => {
                bytes.push((a & 3) << 6 | (b & 7) << 3 | (c & 7));
                rest = &tail[3..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    bytes
}

/// The symbolic links in the directory `root`, each with the path that it leads to.
fn links(root: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let root = Path::new(OsStr::from_bytes(root));
    let names = fs::read_dir(root).into_iter().flatten().take(NAMES).filter_map(Result::ok);
    let links = names.filter(|name| name.file_type().is_ok_and(|kind| kind.is_symlink()));
    let led = links.filter_map(|name| Some((name.file_name().into_vec(), fs::read_link(name.path()).ok()?)));
    led.map(|(name, target)| (name, root.join(target).into_os_string().into_vec())).collect()
}

/// The device of the mount at or above `path`. Of several at one place the last hides the others.
fn device_above(mounts: &[Mount], path: &[u8]) -> u64 {
    let above = mounts.iter().filter(|mount| below(path, &mount.point).is_some());
    above.max_by_key(|mount| mount.point.len()).map_or(0, |mount| mount.device)
}

/// What lies beneath `root`, or is reached by these links in it, and has another file system; the deepest first. Of what
/// has the same, `own` is told.
fn foreign(mounts: &[Mount], root: &[u8], links: &[(Vec<u8>, Vec<u8>)], own: u64) -> Vec<Mount> {
    let device = device_above(mounts, root);
    let beneath = mounts.iter().rev().filter_map(|mount| {
        let point = below(&mount.point, root).filter(|point| !point.is_empty())?;
        Some(Mount { point: point.to_vec(), device: mount.device })
    });
    let led = links
        .iter()
        .map(|(name, target)| Mount { point: name.clone(), device: device_above(mounts, &tidied(target)) });
    let mut mounts: Vec<Mount> = beneath.chain(led).collect();
    mounts.sort_by_key(|mount| std::cmp::Reverse(steps(&mount.point).count()));
    if mounts.iter().all(|mount| mount.device == device) {
        return Vec::new();
    }
    let same =
        |mount: Mount| Mount { device: if mount.device == device { own } else { mount.device }, ..mount };
    mounts.into_iter().map(same).collect()
}

/// An absolute path without steps back, as far as its text tells.
fn tidied(path: &[u8]) -> Vec<u8> {
    let mut tidy: Vec<&[u8]> = Vec::new();
    for step in steps(path) {
        if step == b".." {
            tidy.pop();
        } else {
            tidy.push(step);
        }
    }
    [b"/", &tidy.join(&b'/')[..]].concat()
}

/// What follows in `path` after `directory`, if it is that or beneath it.
fn below<'p>(path: &'p [u8], directory: &[u8]) -> Option<&'p [u8]> {
    if directory == b"/" {
        return path.strip_prefix(b"/");
    }
    match path.strip_prefix(directory)? {
        rest @ [] | [b'/', rest @ ..] => Some(rest),
        _ => None,
    }
}

fn device_of(foreign: &[Mount], path: &str) -> Option<u64> {
    let leads_to = |mount: &&Mount| {
        let mut path = steps(path.as_bytes());
        steps(&mount.point).all(|step| path.next() == Some(step))
    };
    foreign.iter().find(leads_to).map(|mount| mount.device)
}

/// The names in a path, as the kernel takes them: without empty ones, and without those that stay where they are.
fn steps(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/').filter(|step| !step.is_empty() && *step != b".")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Masters;

    const TABLE: &[u8] = b"\
        22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
        23 22 0:40 / /srv rw shared:2 - nfs4 server:/ rw\n\
        24 22 254:7 / /srv/images rw - xfs /dev/vdb rw\n\
        25 24 0:52 / /srv/images/nas rw - nfs4 nas:/ rw\n\
        26 25 0:53 / /srv/images/nas/old\\040ones rw - fuse.sshfs old:/ rw\n\
        27 24 254:7 /box /srv/images/nas/here rw - xfs /dev/vdb rw\n\
        28 24 0:54 / /srv/images/twice rw - autofs map rw\n\
        29 28 0:55 / /srv/images/twice rw - nfs4 nas:/twice rw\n\
        30 22 0:56 / /srv/images2 rw - tmpfs none rw\n\
        broken\n";

    #[test]
    fn an_identifier_lies_on_the_deepest_mount_that_its_names_lead_to() {
        let mounts = foreign(&parse(TABLE), b"/srv/images", &[], 0);
        for (path, device) in [
            ("a.tif", 0),
            ("box/a.tif", 0),
            ("nas/a.tif", 52),
            ("nas//./a.tif", 52),
            (".//nas/deep/a.tif", 52),
            ("nas", 52),
            ("nasal/a.tif", 0),
            ("nas/old ones/a.tif", 53),
            ("nas/older ones/a.tif", 52),
            ("nas/here/a.tif", 0),
            ("twice/a.tif", 55),
            ("", 0),
        ] {
            assert_eq!(device_of(&mounts, path).unwrap_or(0), device, "{path}");
        }
    }

    #[test]
    fn the_root_may_be_a_mount_itself_and_need_not() {
        let points = |root: &[u8]| {
            foreign(&parse(TABLE), root, &[], 0).into_iter().map(|it| it.point).collect::<Vec<_>>()
        };
        assert_eq!(points(b"/srv/images2"), [b"" as &[u8]; 0]);
        assert_eq!(points(b"/home"), [b"" as &[u8]; 0]);
        assert_eq!(points(b"/srv/images/nas"), [&b"here"[..], b"old ones"]);
        assert!(points(b"/").contains(&b"srv/images2".to_vec()));
    }

    #[test]
    fn links_in_the_root_lead_to_other_mounts() {
        let link = |name: &str, target: &str| (name.as_bytes().to_vec(), target.as_bytes().to_vec());
        let links = [
            link("out", "/srv/images/../images2/deep/"),
            link("old", "/srv/images/nas/old ones"),
            link("near", "/srv/images/box"),
            link("home", "/home"),
        ];
        let mounts = foreign(&parse(TABLE), b"/srv/images", &links, 0);
        let device = |path| device_of(&mounts, path).unwrap_or(0);
        assert_eq!(["out/a", "old/a", "near/a", "a"].map(device), [56, 53, 0, 0]);
        assert_eq!(device("home/a"), 254 << 32 | 1);

        let directory = tempfile::tempdir().expect("a directory");
        std::os::unix::fs::symlink("/proc", directory.path().join("link")).expect("linked");
        fs::write(directory.path().join("file"), "").expect("written");
        let mut mounts = mounts_of(directory.path());
        assert_ne!(mounts.device("link/self", |_| true), 0);
        assert_eq!(mounts.device("file", |_| true), 0);
        let sources = Sources::open(&Masters::below(directory.path())).expect("a directory");
        let mut unread = Mounts::of(&sources, |_| false);
        assert_eq!(unread.device("link/self", |_| false), 0, "nobody has looked at the links");
    }

    fn mounts_of(directory: &Path) -> Mounts {
        Mounts::of(&Sources::open(&Masters::below(directory)).expect("a directory"), |_| true)
    }

    #[test]
    fn of_several_sources_those_on_networks_are_told_apart() {
        let (disk, nas, other) = (254 << 32 | 7, 52, 53);
        for (device, all, expected) in [
            (nas, &[nas][..], 0),
            (nas, &[nas, nas], 0),
            (nas, &[disk, nas], nas),
            (disk, &[disk, nas], 0),
            (nas, &[nas, other], nas),
        ] {
            assert_eq!(told(device, all), expected, "{device} of {all:?}");
        }
        let table = parse(TABLE);
        let within = foreign(&table, b"/srv/images/nas", &[], 52);
        let device = |path| device_of(&within, path).unwrap_or(52);
        assert_eq!(["a", "here/a", "old ones/a"].map(device), [52, 254 << 32 | 7, 53]);
    }

    #[test]
    fn the_table_of_this_machine_is_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut mounts = mounts_of(directory.path());
        assert_eq!(mounts.device("a.tif", |_| true), 0);
        let mut all = mounts_of(Path::new("/"));
        let device = all.device("proc/self", |_| true);
        assert_ne!(device, 0);
        assert_eq!(mount_point(device), "/proc");
        assert!(all.table.as_ref().is_some_and(|table| !whole(table).expect("readable").is_empty()));
    }
}
