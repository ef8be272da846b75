//! NGINX's cache: where it is, whose it is, and whether the disk has room for it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::super::person::Person;
use super::text::Directive;
use crate::check::Finding;

/// What the directive says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cache {
    path: PathBuf,
    max_size: Option<u64>,
    min_free: u64,
}

/// What there is on the disk.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Disk {
    /// The owner of the directory; None if it is not there.
    owner: Option<u32>,
    /// Bytes of its file system, and how many of them are free.
    size: u64,
    free: u64,
}

impl Cache {
    /// The one of Recto, if there is one.
    pub(super) fn of(main: &[Directive]) -> Option<Self> {
        let https = main.iter().filter(|directive| directive.name == "http");
        let mut paths = https.flat_map(|http| http.inner.iter().filter(|it| it.name == "fastcgi_cache_path"));
        let named = |argument: &String| argument.starts_with("keys_zone=recto_cache:");
        let directive = paths.find(|path| path.arguments.iter().any(named))?;
        let value = |name: &str| directive.arguments.iter().find_map(|it| it.strip_prefix(name));
        Some(Self {
            path: directive.first().into(),
            max_size: value("max_size=").and_then(bytes),
            min_free: value("min_free=").and_then(bytes).unwrap_or(0),
        })
    }

    /// What its disk looks like.
    pub(super) fn look(&self) -> Disk {
        let owner = fs::metadata(&self.path).ok().filter(fs::Metadata::is_dir).map(|found| found.uid());
        // Before there is a cache, its parent is where it will be.
        let there = self.path.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/"));
        let disk = rustix::fs::statvfs(there).ok();
        let bytes = |blocks: fn(&rustix::fs::StatVfs) -> u64| {
            disk.as_ref().map_or(u64::MAX, |disk| blocks(disk).saturating_mul(disk.f_frsize))
        };
        Disk { owner, size: bytes(|disk| disk.f_blocks), free: bytes(|disk| disk.f_bavail) }
    }

    /// How it stands with that disk, if NGINX runs as this user, and recto.toml has the cache there.
    pub(super) fn judge(&self, disk: Disk, nginx: Option<&Person>, expected: &Path) -> Vec<Finding> {
        let about = || format!("cache {}", self.path.display());
        let mut findings = Vec::new();
        if self.path != expected {
            let what = format!(
                "[server] cache says {}: workers do not see when its disk is full",
                expected.display()
            );
            let line = format!("cache = \"{}\"", self.path.display());
            findings.push(Finding::warning(about(), what).mend("Give the same path in recto.toml:").by(line));
        }
        if let (Some(owner), Some(nginx)) = (disk.owner, nginx)
            && owner != nginx.uid
            && !nginx.is_root()
        {
            let what =
                format!("belongs to the user {owner}, and NGINX runs as {} ({})", nginx.name, nginx.uid);
            let command = format!("chown -R {}: {}", nginx.name, self.path.display());
            findings.push(Finding::error(about(), what).mend("Give it to NGINX's user:").by(command));
        }
        if self.max_size.is_none_or(|most| most > disk.size) {
            let most = self
                .max_size
                .map_or("no max_size".to_owned(), |most| format!("max_size {}", megabytes(most)));
            let what = format!("has {most}, and its file system has {}", megabytes(disk.size));
            let advice = "Leave room for others, in settings.conf:";
            let line = format!("max_size={}m", (disk.size / 2) >> 20);
            findings.push(Finding::warning(about(), what).mend(advice).by(line));
        }
        if disk.free < self.min_free.max(LEAST_FREE) {
            let what = format!(
                "only {} are free: NGINX deletes copies, and keeps no new ones",
                megabytes(disk.free)
            );
            let advice = "Make room, or take another disk, or a smaller min_free in settings.conf:";
            let command = format!("df -h {}", self.path.display());
            findings.push(Finding::warning(about(), what).mend(advice).by(command));
        }
        if findings.is_empty() {
            let most = self.max_size.map(megabytes).unwrap_or_default();
            findings.push(Finding::fine(about(), format!("up to {most}; {} are free", megabytes(disk.free))));
        }
        findings
    }
}

/// While less is free, workers tell NGINX to keep nothing.
const LEAST_FREE: u64 = 128 << 20;

fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes >> 20)
}

/// A size of NGINX: `2g`, `500m`, `64k`, `1000`.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let shift = match unit {
        "" => 0,
        "k" | "K" => 10,
        "m" | "M" => 20,
        "g" | "G" => 30,
        "t" | "T" => 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::super::text::parse;
    use super::*;

    const GB: u64 = 1 << 30;

    #[test]
    fn what_does_not_fit_the_disk_is_said() {
        let text = "http { fastcgi_cache_path \"/c\" levels=1:2 keys_zone=recto_cache:64m max_size=2g min_free=1g; }";
        let cache = Cache::of(&parse(text, Path::new("f")).expect("directives")).expect("a cache");
        assert_eq!(cache, Cache { path: "/c".into(), max_size: Some(2 * GB), min_free: GB });
        let nginx = Person { name: "nginx".into(), uid: 7, groups: Vec::new() };
        let good = Disk { owner: Some(7), size: 100 * GB, free: 50 * GB };
        for (disk, expected, what) in [
            (good, "/c", "up to 2048 MB; 51200 MB are free"),
            (Disk { owner: None, ..good }, "/c", "up to 2048 MB"),
            (Disk { owner: Some(33), ..good }, "/c", "belongs to the user 33, and NGINX runs as nginx (7)"),
            (Disk { size: GB, ..good }, "/c", "has max_size 2048 MB, and its file system has 1024 MB"),
            (Disk { free: 0, ..good }, "/c", "only 0 MB are free"),
            (good, "/other", "[server] cache says /other"),
        ] {
            let findings = cache.judge(disk, Some(&nginx), Path::new(expected));
            assert!(findings.len() == 1 && findings[0].what.contains(what), "{findings:?}");
        }
        let unlimited = Cache { max_size: None, ..cache };
        assert!(unlimited.judge(good, None, Path::new("/c"))[0].what.contains("no max_size"));
        assert_eq!(
            ["2g", "5M", "1", "x", "", "99999999999g"].map(bytes),
            [Some(2 * GB), Some(5 << 20), Some(1), None, None, None]
        );
    }
}
