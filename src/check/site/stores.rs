//! Stores, as the unit lets them be reached, and the room for their blocks. What a store itself says is in `look`.

use std::path::Path;

use super::mounts::{Mount, of};
use super::unit::{Unit, edit};
use crate::check::Finding;
use crate::config::Config;

/// What has to be left on the disk beside the block cache.
const SPARE: u64 = 1 << 30;

/// How the block cache's disk stands, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// All that the file system holds.
    all: u64,
    /// What is free for those who are not root.
    free: u64,
    /// What the block cache takes by now.
    used: u64,
}

impl Room {
    /// That of a directory, or of the nearest one above it that is there.
    pub(super) fn of(directory: &Path) -> Option<Self> {
        let there = directory.ancestors().find(|path| path.is_dir())?;
        let disk = rustix::fs::statvfs(there).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
        Some(Self { all: bytes(disk.f_blocks), free: bytes(disk.f_bavail), used: used(directory) })
    }
}

/// Bytes that the files below a directory take: they are sparse.
fn used(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.fold(0, |sum: u64, entry| match entry.metadata() {
        Ok(file) if file.is_dir() => sum.saturating_add(used(&entry.path())),
        Ok(file) => sum.saturating_add(file.blocks().saturating_mul(512)),
        Err(_) => sum,
    })
}

/// All that there is to say without asking a store; nothing where there is none.
pub(super) fn judge(
    config: &Config,
    mounts: &[Mount],
    room: Option<Room>,
    unit: Option<&Unit>,
) -> Vec<Finding> {
    if config.serving.masters.stores().next().is_none() {
        return Vec::new();
    }
    let cache = &config.serving.block_cache;
    let about = cache.directory.display().to_string();
    let mut findings = Vec::new();
    findings.extend(unit.and_then(network));
    findings.extend(unit.and_then(|unit| writable(&cache.directory, unit)));
    findings.extend(unit.and_then(boot));
    findings.extend(of(mounts, &cache.directory).and_then(|mount| kind(&about, mount)));
    findings.extend(room.and_then(|room| judge_room(&about, room, cache.max_bytes)));
    findings
}

/// Whether the unit keeps the fetcher from the network.
fn network(unit: &Unit) -> Option<Finding> {
    let families = unit.get("RestrictAddressFamilies");
    let lacks_families = !families.is_empty() && !families.starts_with('~') && !families.contains("AF_INET");
    let denied = !unit.get("IPAddressDeny").is_empty() && unit.get("IPAddressAllow").is_empty();
    let closed: Vec<&str> = [
        (unit.get("PrivateNetwork") == "yes", "PrivateNetwork=yes"),
        (lacks_families, "RestrictAddressFamilies= without AF_INET"),
        (denied, "IPAddressDeny= without an IPAddressAllow="),
    ]
    .into_iter()
    .filter_map(|(is_so, what)| is_so.then_some(what))
    .collect();
    if closed.is_empty() {
        return None;
    }
    let what = format!("no store can be reached under the unit: {}", closed.join(", "));
    Some(drop_in(Finding::error("unit", what)))
}

/// Whether the unit lets blocks be kept.
fn writable(cache: &Path, unit: &Unit) -> Option<Finding> {
    let own = unit.words("CacheDirectory").map(|name| Path::new("/var/cache").join(name));
    let may = own.chain(super::unit::paths(unit, "ReadWritePaths")).any(|path| cache.starts_with(path));
    if may || unit.get("ProtectSystem") != "strict" {
        return None;
    }
    let what = "the unit lets the service write nothing there, so that nothing can be fetched from stores";
    let about = cache.display().to_string();
    let finding = Finding::error(about, what);
    match cache.starts_with("/var/cache") {
        true => Some(drop_in(finding)),
        false => {
            Some(edit(finding, "recto.service", &format!("[Service]\nReadWritePaths={}", cache.display())))
        }
    }
}

/// Whether the unit hides by what starts of the machine are told apart.
fn boot(unit: &Unit) -> Option<Finding> {
    (unit.get("ProcSubset") == "pid").then(|| {
        let what = "with ProcSubset=pid nobody can tell whether the machine has been started anew: blocks that were kept are \
                    not trusted after a restart of the service";
        edit(Finding::advice("unit", what), "recto.service", "[Service]\nProcSubset=all")
    })
}

fn drop_in(finding: Finding) -> Finding {
    finding.mend("What stores need is in an example; copy it, and restart the service:").by(
        "install -D -m 644 /usr/share/doc/recto/examples/stores.conf /etc/systemd/system/recto.service.d/stores.conf\n\
         systemctl daemon-reload\nsystemctl restart recto",
    )
}

/// What is particular to the file system of the block cache.
fn kind(about: &str, mount: &Mount) -> Option<Finding> {
    match mount.kind.as_str() {
        "tmpfs" | "ramfs" => Some(
            Finding::warning(
                about,
                "the block cache is in memory: it takes what the machine has for all else, and is gone with each start of it",
            )
            .mend("Put it on a disk of this machine, by directory in [cache]; for a container without one this is as it has to be."),
        ),
        "nfs" | "nfs4" | "cifs" | "smb3" => Some(
            Finding::warning(about, format!("the block cache is on {}, which may be slower than the store", mount.kind))
                .mend("Put it on a disk of this machine, by directory in [cache]."),
        ),
        _ => None,
    }
}

fn judge_room(about: &str, room: Room, max_bytes: u64) -> Option<Finding> {
    let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
    let there = room.free.saturating_add(room.used);
    if room.free < 64 << 20 {
        let what = format!("the disk of the block cache is full: {} free", gigabytes(room.free));
        return Some(
            Finding::error(about, what).mend("See what fills it:").by("df -h && du -xsh /var/cache/*"),
        );
    }
    if max_bytes.saturating_add(SPARE).min(room.all) > there {
        let fitting = (there.saturating_sub(SPARE).max(256 << 20)) / (64 << 20) * (64 << 20);
        let what = format!(
            "[cache] max_bytes is {}, of which the disk has {}",
            gigabytes(max_bytes),
            gigabytes(there)
        );
        return Some(
            Finding::warning(about, what)
                .mend("Give the block cache what is there, in [cache]:")
                .by(format!("max_bytes = {fitting}")),
        );
    }
    let what =
        format!("the disk has room for the block cache: {} of {}", gigabytes(max_bytes), gigabytes(there));
    Some(Finding::fine(about, what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;

    fn config(root: &str) -> Config {
        Config::parse(&format!("[[source]]\nprefix = 'a/'\nurl = {root:?}")).expect("valid")
    }

    #[test]
    fn the_shipped_unit_lets_no_store_be_reached_and_the_example_does() {
        let shipped = "ProtectSystem=strict\nPrivateNetwork=yes\nRestrictAddressFamilies=AF_UNIX\nIPAddressDeny=::/0 0.0.0.0/0\n\
                       ProcSubset=pid";
        let opened = "ProtectSystem=strict\nPrivateNetwork=no\nRestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n\
                      IPAddressDeny=::/0 0.0.0.0/0\nIPAddressAllow=::/0 0.0.0.0/0\nCacheDirectory=recto/blocks\nProcSubset=all";
        for (url, properties, findings) in
            [("s3://b", shipped, 3), ("s3://b", opened, 0), ("/srv", shipped, 0), ("s3://b", "", 0)]
        {
            let found = judge(&config(url), &[], None, Some(&Unit::parse(properties)));
            assert_eq!(found.len(), findings, "{url} {properties}: {found:?}");
        }
    }

    #[test]
    fn the_room_for_blocks_is_held_against_what_they_may_take() {
        let gb = 1 << 30;
        for (all, free, used, severity) in [
            (100, 50, 0, Severity::Fine),
            (100, 2, 9, Severity::Fine),
            (100, 5, 0, Severity::Warning),
            (4, 3, 0, Severity::Warning),
            (100, 0, 3, Severity::Error),
        ] {
            let room = Room { all: all * gb, free: free * gb, used: used * gb };
            let finding = judge_room("blocks", room, 10 * gb).expect("a finding");
            assert_eq!(finding.severity, severity, "{all} {free} {used}: {finding:?}");
        }
        assert!(Room::of(Path::new("/nowhere/at/all")).is_some_and(|room| room.all > 0 && room.used == 0));
    }

    #[test]
    fn memory_is_no_place_for_blocks() {
        let mount = |kind: &str| Mount { point: "/".into(), kind: kind.into(), options: String::new() };
        for (kind, is_told) in [("tmpfs", true), ("nfs4", true), ("ext4", false)] {
            let found = judge(&config("s3://b"), &[mount(kind)], None, None);
            assert_eq!(found.len(), usize::from(is_told), "{kind}");
        }
    }
}
