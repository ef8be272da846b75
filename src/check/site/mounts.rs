//! What the masters are mounted from, and whether the unit waits for it, sees it, and may write where it has to.
//! proc_pid_mountinfo(5), systemd.unit(5), nfs(5).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::unit::{Unit, edit, paths};
use crate::check::Finding;
use crate::source::unescaped;

/// A line of the kernel's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) point: PathBuf,
    pub(super) kind: String,
    pub(super) options: String,
}

/// The table of this process.
pub(super) fn table() -> Vec<Mount> {
    parse(&std::fs::read("/proc/self/mountinfo").unwrap_or_default())
}

fn parse(text: &[u8]) -> Vec<Mount> {
    let line = |line: &[u8]| {
        // 36 35 98:0 / /mnt/nas rw,noatime shared:1 - nfs4 nas:/masters rw,hard: of a variable number of fields.
        let fields: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
        let dash = fields.iter().position(|field| *field == b"-")?;
        let text = |at: usize| fields.get(at).map(|field| String::from_utf8_lossy(field).into_owned());
        let point = PathBuf::from(OsStr::from_bytes(&unescaped(fields.get(4)?)));
        let options = [text(5)?, text(dash + 3).unwrap_or_default()].join(",");
        Some(Mount { point, kind: text(dash + 1)?, options })
    };
    text.split(|&byte| byte == b'\n').filter_map(line).collect()
}

/// The mount on which a path lies. Of several at one place the last hides the others.
pub(super) fn of<'m>(mounts: &'m [Mount], path: &Path) -> Option<&'m Mount> {
    mounts
        .iter()
        .filter(|mount| path.starts_with(&mount.point))
        .max_by_key(|mount| mount.point.components().count())
}

/// All that there is to say of a root of masters, which is at `real` without symbolic links.
pub(super) fn judge(real: &Path, mounts: &[Mount], unit: Option<&Unit>) -> Vec<Finding> {
    let about = real.display().to_string();
    let mut findings = Vec::new();
    if let Some(mount) = of(mounts, real) {
        findings.extend(kind(&about, mount));
        findings.extend(unit.and_then(|unit| awaited(&about, real, mount, unit)));
    }
    findings.extend(unit.and_then(|unit| hidden(&about, real, unit)));
    findings
}

/// What is particular to a kind of file system.
fn kind(about: &str, mount: &Mount) -> Option<Finding> {
    let has = |option: &str| {
        mount.options.split(',').any(|it| it == option || it.starts_with(&format!("{option}=")))
    };
    let at = mount.point.display();
    Some(match mount.kind.as_str() {
        "nfs" | "nfs4" if !has("soft") && !has("softerr") => {
            Finding::advice(about, format!("is on NFS, mounted hard at {at}: while the server is away, who reads a master waits for ever"))
                .mend("Recto answers 503 for what is on it, and goes on; to have the waiting end, mount it in fstab with:")
                .by("ro,softerr,timeo=100,retrans=2,_netdev")
        }
        "nfs" | "nfs4" => Finding::fine(about, format!("is on NFS, mounted at {at} with an end to waiting")),
        "cifs" | "smb3" => Finding::advice(about, format!("is on a Windows share at {at}: each read is a round trip"))
            .mend("Tiled pyramids read least. In fstab:")
            .by("ro,cache=loose,actimeo=60,soft,_netdev"),
        kind if kind.starts_with("fuse") && kind != "fuseblk" => {
            let what = format!("is on {kind} at {at}: that is slow to read from in small pieces, as tiles are");
            let finding = Finding::advice(about, what);
            match has("allow_other") || !has("user_id") {
                true => finding.mend("Put masters on a disk or on NFS if tiles are slow."),
                false => finding.mend("Only the user who mounted it may see it, without this option:").by("allow_other"),
            }
        }
        _ => return None,
    })
}

/// Whether the service waits for the mount at the start.
fn awaited(about: &str, real: &Path, mount: &Mount, unit: &Unit) -> Option<Finding> {
    let is_root = mount.point == Path::new("/");
    let waits = paths(unit, "RequiresMountsFor").any(|path| path.starts_with(&mount.point));
    if is_root || waits {
        return None;
    }
    let what = format!(
        "is on another mount, {} ({}), which the service does not wait for",
        mount.point.display(),
        mount.kind
    );
    let is_remote = ["nfs", "cifs", "smb", "fuse", "ceph", "9p", "glusterfs", "lustre"]
        .iter()
        .any(|kind| mount.kind.starts_with(kind));
    let finding = if is_remote { Finding::warning(about, what) } else { Finding::advice(about, what) };
    Some(edit(finding, "recto.service", &format!("[Unit]\nRequiresMountsFor={}", real.display())))
}

/// Whether the unit hides what the user may see.
fn hidden(about: &str, real: &Path, unit: &Unit) -> Option<Finding> {
    let is_below = |places: &[&str]| places.iter().any(|place| real.starts_with(place));
    let home = unit.get("ProtectHome");
    if is_below(&["/home", "/root", "/run/user"]) && matches!(home, "yes" | "tmpfs") {
        let what = format!("is hidden from the service by ProtectHome={home}");
        return Some(edit(Finding::error(about, what), "recto.service", "[Service]\nProtectHome=read-only"));
    }
    if is_below(&["/tmp", "/var/tmp"]) && unit.get("PrivateTmp") == "yes" {
        let what = "is hidden from the service by PrivateTmp=yes";
        return Some(
            Finding::error(about, what).mend("Put the masters elsewhere: what is there is deleted in time."),
        );
    }
    let inaccessible = paths(unit, "InaccessiblePaths").find(|path| real.starts_with(path))?;
    let what = format!("is hidden from the service by InaccessiblePaths={}", inaccessible.display());
    Some(edit(Finding::error(about, what), "recto.service", "[Service]\nInaccessiblePaths="))
}

/// Whether the service may write to the state directory.
pub(super) fn writable(state: &Path, unit: &Unit) -> Option<Finding> {
    let own = unit.words("StateDirectory").map(|name| Path::new("/var/lib").join(name));
    let may = own.chain(paths(unit, "ReadWritePaths")).any(|path| state.starts_with(path));
    if may || !matches!(unit.get("ProtectSystem"), "strict") {
        return None;
    }
    let what = "the unit lets the service write nothing there, so that nothing is kept";
    let lines = format!("[Service]\nReadWritePaths={}", state.display());
    Some(edit(Finding::warning(state.display().to_string(), what), "recto.service", &lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;

    const TABLE: &str = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
        30 22 8:2 / /srv rw,noatime shared:2 master:3 - xfs /dev/sdb rw\n\
        31 22 0:40 / /mnt/nas ro,relatime - nfs4 nas:/m rw,vers=4.2,hard,timeo=600\n\
        32 22 0:41 / /mnt/a\\040b ro - nfs nas:/m rw,softerr,timeo=100\n\
        33 22 0:42 / /mnt/win ro - cifs //win/m rw\n\
        34 22 0:43 / /mnt/s3 ro - fuse.s3fs s3fs rw,user_id=0,group_id=0\n\
        35 22 0:44 / /mnt/s4 ro - fuse.x x rw,user_id=0,allow_other\n\
        nonsense\n36 22 0:45 / /short rw -\n";

    #[test]
    fn each_kind_of_mount_is_judged() {
        let unit = |text: &str| Unit::parse(&format!("{text}\nProtectHome=yes\nPrivateTmp=yes"));
        use Severity::{Advice, Error, Fine, Warning};
        for (root, properties, expected) in [
            ("/images", "", vec![]),
            ("/srv/images", "", vec![(Advice, "/srv (xfs), which the service does not wait for")]),
            ("/srv/images", "RequiresMountsFor=/var/tmp /srv/images", vec![]),
            ("/srv/images", "RequiresMountsFor=/var", vec![(Advice, "/srv (xfs)")]),
            ("/mnt/nas", "", vec![(Advice, "mounted hard"), (Warning, "does not wait for")]),
            (
                "/mnt/a b/x",
                "RequiresMountsFor=/mnt/a b",
                vec![(Fine, "an end to waiting"), (Warning, "/mnt/a b (nfs)")],
            ),
            ("/mnt/win/x", "RequiresMountsFor=/mnt/win", vec![(Advice, "Windows share")]),
            ("/mnt/s3", "RequiresMountsFor=/mnt/s3", vec![(Advice, "fuse.s3fs")]),
            ("/mnt/s4", "RequiresMountsFor=/mnt/s4", vec![(Advice, "fuse.x")]),
            ("/home/ann/images", "", vec![(Error, "ProtectHome=yes")]),
            ("/var/tmp/images", "", vec![(Error, "PrivateTmp=yes")]),
            ("/secret/images", "InaccessiblePaths=-/secret", vec![(Error, "InaccessiblePaths=/secret")]),
        ] {
            let findings = judge(Path::new(root), &parse(TABLE.as_bytes()), Some(&unit(properties)));
            let right = findings.len() == expected.len()
                && findings
                    .iter()
                    .zip(&expected)
                    .all(|(it, (severity, what))| it.severity == *severity && it.what.contains(what));
            assert!(right, "{root} {properties}: {findings:?}");
        }
    }

    #[test]
    fn a_mount_of_one_user_wants_an_option() {
        let command = |root: &str| judge(Path::new(root), &parse(TABLE.as_bytes()), None).remove(0).command;
        assert_eq!((command("/mnt/s3").as_deref(), command("/mnt/s4")), (Some("allow_other"), None));
    }

    #[test]
    fn a_state_directory_elsewhere_has_to_be_allowed() {
        for (state, properties, may) in [
            ("/var/lib/recto", "ProtectSystem=strict\nStateDirectory=recto", true),
            ("/var/lib/recto2", "ProtectSystem=strict\nStateDirectory=recto", false),
            ("/fast/recto", "ProtectSystem=strict\nStateDirectory=recto", false),
            ("/fast/recto", "ProtectSystem=strict\nReadWritePaths=/x -/fast", true),
            ("/fast/recto", "ProtectSystem=full", true),
        ] {
            assert_eq!(
                writable(Path::new(state), &Unit::parse(properties)).is_none(),
                may,
                "{state} {properties}"
            );
        }
    }
}
