//! `recto purge`: NGINX's copies of some masters are forgotten, all variants of them, without the commercial module that
//! NGINX has for this. Each file of the cache says of which request it is; those that are meant are removed, and NGINX,
//! which finds no file, asks a worker as for something new.

mod copy;
mod walk;
mod wanted;

use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::Serialize;

use walk::Walk;
pub use wanted::Wanted;

/// What is to be forgotten, and where.
#[derive(Debug)]
pub struct Order {
    /// The directory of NGINX's cache.
    pub cache: PathBuf,
    /// Of which masters; if empty, of all.
    pub wanted: Wanted,
    /// Only what was written before this time.
    pub written_before: Option<SystemTime>,
    /// Whether nothing is removed.
    pub dry_run: bool,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub struct Outcome {
    /// Copies that were looked at.
    pub looked_at: u64,
    /// Those that were forgotten, or would be.
    pub forgotten: u64,
    /// Bytes of those.
    pub bytes: u64,
    /// Files and directories that could not be read or removed.
    pub failed: u64,
    /// The first reason for that.
    pub why: Option<String>,
}

impl Outcome {
    fn fail(&mut self, error: &io::Error) {
        self.failed += 1;
        self.why.get_or_insert_with(|| error.to_string());
    }

    fn add(&mut self, other: Self) {
        self.looked_at += other.looked_at;
        self.forgotten += other.forgotten;
        self.bytes += other.bytes;
        self.failed += other.failed;
        self.why = self.why.take().or(other.why);
    }
}

/// Forgets what `order` says, and tells of each copy by its URL.
///
/// # Errors
/// If the directory of the cache cannot be listed.
pub fn purge(order: &Order, told: &(dyn Fn(&str) + Sync)) -> io::Result<Outcome> {
    Walk::new(order, told).run()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::sync::Mutex;
    use std::time::Duration;

    /// A cache with a copy for each of these keys, under made-up names.
    fn cache(keys: &[&str]) -> tempfile::TempDir {
        let cache = tempfile::tempdir().expect("a directory");
        for (number, key) in keys.iter().enumerate() {
            let name = format!("{number:032x}");
            let directory = cache.path().join(&name[31..]).join(&name[29..31]);
            fs::create_dir_all(&directory).expect("made");
            write(&directory.join(name), key);
        }
        cache
    }

    fn write(path: &Path, key: &str) {
        fs::write(path, [&[5; 336][..], b"\nKEY: ", key.as_bytes(), b"\nStatus: 200\r\n\r\nbody"].concat())
            .expect("written");
    }

    fn order(cache: &Path, identifiers: &[&str]) -> Order {
        let mut wanted = Wanted::default();
        identifiers.iter().for_each(|identifier| wanted.add(identifier));
        Order { cache: cache.to_owned(), wanted, written_before: None, dry_run: false }
    }

    #[test]
    fn copies_of_what_is_meant_go_and_the_others_stay() {
        let long =
            format!("http://h/iiif|||||/iiif/3/{}/info.json", "%2Fa".repeat(900).trim_start_matches("%2F"));
        let cache = cache(&[
            "http://h/iiif||||1|/iiif/3/a.tif/info.json",
            "http://h/iiif|||||/iiif/2/a/full/full/0/default.jpg",
            "http://other/loris|1000|||1|/loris/3/a.tif;2/max/0/default.jpg",
            "http://h/iiif||||1|/iiif/3/b.tif/info.json",
            "lead",
            &long,
        ]);
        let told = Mutex::new(Vec::new());
        let tell = |url: &str| told.lock().expect("no panic").push(url.to_owned());
        let dry = Order { dry_run: true, ..order(cache.path(), &["a.tif"]) };
        let outcome = purge(&dry, &tell).expect("a cache");
        assert_eq!((outcome.looked_at, outcome.forgotten, outcome.failed), (6, 3, 0));
        assert!(told.lock().expect("no panic").contains(&"http://h/iiif/3/a.tif/info.json".to_owned()));
        let mut left = vec![6];
        for identifiers in [&["a.tif"][..], &["c"], &[]] {
            purge(&order(cache.path(), identifiers), &|_| ()).expect("a cache");
            left.push(purge(&dry, &|_| ()).expect("a cache").looked_at);
        }
        // Of a key that is not ours nothing is known.
        assert_eq!(left, [6, 3, 3, 1]);
    }

    #[test]
    fn only_what_is_older_goes_if_that_is_asked_for() {
        let cache = cache(&["http://h/iiif||||1|/iiif/3/a.tif/info.json"]);
        let hour = Duration::from_secs(3600);
        for (limit, forgotten) in [(SystemTime::now() - hour, 0), (SystemTime::now() + hour, 1)] {
            let order = Order { written_before: Some(limit), ..order(cache.path(), &[]) };
            assert_eq!(purge(&order, &|_| ()).expect("a cache").forgotten, forgotten);
        }
    }

    #[test]
    fn nothing_else_is_touched_and_no_link_followed() {
        let key = "http://h/iiif||||1|/iiif/3/a.tif/info.json";
        let cache = cache(&[key]);
        let elsewhere = tempfile::tempdir().expect("a directory");
        let name = format!("{:032x}", 7);
        write(&elsewhere.path().join(&name), key);
        symlink(elsewhere.path(), cache.path().join("b")).expect("linked");
        symlink(elsewhere.path().join(&name), cache.path().join("0/00").join(&name)).expect("linked");
        fs::write(cache.path().join("0").join(format!("{:032x}", 8)), "no copy").expect("written");
        write(&cache.path().join("0/00/readme"), key);
        write(&cache.path().join("0/00").join(format!("{:032x}.0000000001", 9)), key);
        let outcome = purge(&order(cache.path(), &["a"]), &|_| ()).expect("a cache");
        assert_eq!((outcome.forgotten, outcome.failed), (1, 2), "{outcome:?}");
        assert!(elsewhere.path().join(&name).exists() && cache.path().join("0/00/readme").exists());
        assert!(purge(&order(&cache.path().join("none"), &[]), &|_| ()).is_err());
    }
}
