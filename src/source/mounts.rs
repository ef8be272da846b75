//! Which mount an identifier lies on, told by its text alone: so that nobody has to ask a file system that may not
//! answer. Of symbolic links only those in the root itself are known, which are read beforehand.
//! proc_pid_mountinfo(5).

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

const TABLE: &str = "/proc/self/mountinfo";

/// How often it is asked whether mounts have come or gone.
const PAUSE: Duration = Duration::from_secs(1);

/// How many names in the root are looked through for links. Where there are more, they are masters.
const NAMES: usize = 4096;

/// The mounts beneath the root of masters.
pub(crate) struct Mounts {
    root: Vec<u8>,
    /// The kernel's table, if it can be read, and when it is looked at again.
    table: Option<File>,
    next: Instant,
    /// Those with another file system than the root's, the deepest first.
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
    /// The mounts beneath `root`, and what becomes of them.
    pub(crate) fn beneath(root: &Path) -> Self {
        let root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let (table, now) = (File::open(TABLE).ok(), Instant::now());
        let mut mounts = Self {
            root: root.as_os_str().as_bytes().to_vec(),
            table,
            next: now + PAUSE,
            foreign: Vec::new(),
        };
        mounts.read();
        mounts
    }

    /// The device of the mount on which `path`, relative to the root, lies; 0 if that is the root's own file system.
    pub(crate) fn device(&mut self, path: &str) -> u64 {
        let now = Instant::now();
        if now >= self.next {
            self.next = now + PAUSE;
            if self.table.as_ref().is_some_and(has_changed) {
                self.read();
            }
        }
        device_of(&self.foreign, path)
    }

    fn read(&mut self) {
        let text = self.table.as_ref().and_then(|table| whole(table).ok());
        self.foreign = foreign(&parse(&text.unwrap_or_default()), &self.root, &links(&self.root));
    }
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
fn unescaped(field: &[u8]) -> Vec<u8> {
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

/// What lies beneath `root`, or is reached by these links in it, and has another file system; the deepest first.
fn foreign(mounts: &[Mount], root: &[u8], links: &[(Vec<u8>, Vec<u8>)]) -> Vec<Mount> {
    let own = device_above(mounts, root);
    let beneath = mounts.iter().rev().filter_map(|mount| {
        let point = below(&mount.point, root).filter(|point| !point.is_empty())?;
        Some(Mount { point: point.to_vec(), device: mount.device })
    });
    let led = links
        .iter()
        .map(|(name, target)| Mount { point: name.clone(), device: device_above(mounts, &tidied(target)) });
    let mut mounts: Vec<Mount> = beneath.chain(led).collect();
    mounts.sort_by_key(|mount| std::cmp::Reverse(steps(&mount.point).count()));
    if mounts.iter().all(|mount| mount.device == own) {
        return Vec::new();
    }
    let zero = |mount: Mount| Mount { device: if mount.device == own { 0 } else { mount.device }, ..mount };
    mounts.into_iter().map(zero).collect()
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

fn device_of(foreign: &[Mount], path: &str) -> u64 {
    let leads_to = |mount: &&Mount| {
        let mut path = steps(path.as_bytes());
        steps(&mount.point).all(|step| path.next() == Some(step))
    };
    foreign.iter().find(leads_to).map_or(0, |mount| mount.device)
}

/// The names in a path, as the kernel takes them: without empty ones, and without those that stay where they are.
fn steps(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/').filter(|step| !step.is_empty() && *step != b".")
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mounts = foreign(&parse(TABLE), b"/srv/images", &[]);
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
            assert_eq!(device_of(&mounts, path), device, "{path}");
        }
    }

    #[test]
    fn the_root_may_be_a_mount_itself_and_need_not() {
        let points = |root: &[u8]| {
            foreign(&parse(TABLE), root, &[]).into_iter().map(|it| it.point).collect::<Vec<_>>()
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
        let mounts = foreign(&parse(TABLE), b"/srv/images", &links);
        let device = |path| device_of(&mounts, path);
        assert_eq!(["out/a", "old/a", "near/a", "a"].map(device), [56, 53, 0, 0]);
        assert_eq!(device("home/a"), 254 << 32 | 1);

        let directory = tempfile::tempdir().expect("a directory");
        std::os::unix::fs::symlink("/proc", directory.path().join("link")).expect("linked");
        fs::write(directory.path().join("file"), "").expect("written");
        let mut mounts = Mounts::beneath(directory.path());
        assert_ne!(mounts.device("link/self"), 0);
        assert_eq!(mounts.device("file"), 0);
    }

    #[test]
    fn the_table_of_this_machine_is_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut mounts = Mounts::beneath(directory.path());
        assert_eq!(mounts.device("a.tif"), 0);
        let mut all = Mounts::beneath(Path::new("/"));
        assert_ne!(all.device("proc/self"), 0);
        assert_eq!(mount_point(all.device("proc/self")), "/proc");
        assert!(all.table.as_ref().is_some_and(|table| !whole(table).expect("readable").is_empty()));
    }
}
