//! The cache as the fetcher uses it, and as its files are seen by those who read them.

use std::fs::FileTimes;
use std::os::unix::fs::FileExt;

use super::*;
use crate::blocks::BLOCK;

fn settings(directory: &Path, max_bytes: u64) -> CacheSettings {
    CacheSettings { directory: directory.to_owned(), max_bytes, ..CacheSettings::default() }
}

fn cache(directory: &Path, max_bytes: u64) -> Cache {
    Cache::open(&settings(directory, max_bytes)).expect("a cache")
}

/// A cache that has counted what is there.
fn counted(directory: &Path, max_bytes: u64) -> Cache {
    let mut cache = cache(directory, max_bytes);
    cache.keeper = Some(Keeper::start(directory.to_owned()).expect("a thread"));
    let found = cache.keeper.as_ref().map(Keeper::wait);
    cache.stock(found.expect("started"));
    cache
}

fn version(key: &str, etag: &str) -> Version {
    Version { key: key.to_owned(), etag: etag.to_owned(), size: 3 * BLOCK - 1, modified: 5 }
}

/// Fetches a block, as if the store had nothing but this byte.
fn bring(cache: &mut Cache, version: &Version, block: u32, byte: u8) {
    let file = cache.object("s", version).expect("a file");
    let length = file.layout().bytes(&(block..block + 1));
    let bytes = vec![byte; (length.end - length.start) as usize];
    file.write(block, &bytes).expect("written");
    file.mark(&(block..block + 1)).expect("marked");
    cache.wrote("s", version, bytes.len() as u64);
}

/// What a reader of the file finds of a block.
fn block(file: &BlockFile, block: u32) -> Option<u8> {
    let missing = file.missing(&[block..block + 1]).ok()?;
    let mut byte = [0];
    file.file().read_exact_at(&mut byte, file.layout().bytes(&(block..block + 1)).start).ok()?;
    missing.is_empty().then_some(byte[0])
}

fn names(directory: &Path) -> usize {
    let parts = fs::read_dir(directory).expect("there").map(|part| part.expect("there").path());
    parts.map(|part| fs::read_dir(part).expect("a directory").count()).sum()
}

#[test]
fn what_was_written_is_there_after_a_restart() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("new/blocks");
    let mut before = cache(&path, 1 << 30);
    bring(&mut before, &version("a", "1"), 1, 7);
    assert_eq!(before.latest("s", "a"), Some(version("a", "1")));
    let usage = before.usage();
    assert!(usage.objects == 1 && usage.bytes > BLOCK && !usage.failing, "{usage:?}");
    drop(before);
    assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, 0o700);

    let mut after = counted(&path, 1 << 30);
    let usage = after.usage();
    assert!(usage.objects == 1 && usage.bytes >= BLOCK, "counted before it is asked for: {usage:?}");
    assert_eq!((after.latest("s", "a"), after.latest("s", "b")), (Some(version("a", "1")), None));
    assert_eq!(after.latest("t", "a"), None, "of another source");
    let file = after.object("s", &version("a", "1")).expect("a file");
    assert_eq!([0, 1, 2].map(|at| block(&file, at)), [None, Some(7), None]);
    assert_eq!(after.usage().objects, 1);
}

#[test]
fn a_new_version_takes_the_place_of_the_old_one_which_stays_as_it_was() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut cache = cache(directory.path(), 1 << 30);
    bring(&mut cache, &version("a", "1"), 0, 1);
    let old = cache.object("s", &version("a", "1")).expect("a file");
    old.set_state(State { fresh_until: u64::MAX, retired: false }).expect("set");
    bring(&mut cache, &version("a", "2"), 0, 2);
    let new = cache.object("s", &version("a", "2")).expect("a file");
    assert_eq!((block(&old, 0), block(&new, 0)), (Some(1), Some(2)));
    let retired = |file: &BlockFile| file.state().expect("readable").retired;
    assert!(retired(&old) && !retired(&new) && !old.is_cut_off());
    cache.retire("s", &version("a", "1"));
    assert_eq!(cache.latest("s", "a"), Some(version("a", "2")), "another one was retired");
    cache.retire("s", &version("a", "2"));
    assert_eq!((cache.latest("s", "a"), names(directory.path())), (None, 0));
}

#[test]
fn what_was_not_used_for_longest_goes_when_there_is_no_room() {
    let directory = tempfile::tempdir().expect("a directory");
    let most = 64 * BLOCK;
    let mut cache = cache(directory.path(), most);
    let mapped = cache.object("s", &version("0", "1")).expect("a file");
    let key = |number: u8| version(&number.to_string(), "1");
    (0..5).for_each(|number| bring(&mut cache, &key(number), 0, number + 1));
    cache.object("s", &key(1)).expect("used again");
    mapped.set_state(State { fresh_until: u64::MAX, retired: false }).expect("in use");
    let mut next = 5;
    while cache.usage().evictions == 0 {
        bring(&mut cache, &key(next), 0, next + 1);
        next += 1;
    }
    assert!(mapped.state().expect("readable").retired, "nobody begins with it");
    assert_eq!(block(&mapped, 0), Some(1), "but whoever is at work with it goes on");
    let is_left = |cache: &mut Cache, number: u8| cache.latest("s", &number.to_string()).is_some();
    assert!(!is_left(&mut cache, 0) && is_left(&mut cache, next - 1));
    while cache.usage().evictions < 3 {
        bring(&mut cache, &key(next), 0, next + 1);
        next += 1;
    }
    let left = [1, 2, 3].map(|number| is_left(&mut cache, number));
    assert_eq!(left, [true, false, false], "the one used again goes after the others");
    (next..120).for_each(|number| bring(&mut cache, &key(number), 0, 1));
    let usage = cache.usage();
    assert!(usage.bytes <= most + most / 8 && mapped.is_cut_off(), "{usage:?}");
}

#[test]
fn the_room_of_what_nobody_works_with_is_given_back_and_readers_are_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut cache = cache(directory.path(), 1 << 30);
    bring(&mut cache, &version("a", "1"), 0, 1);
    let file = cache.object("s", &version("a", "1")).expect("a file");
    cache.retire("s", &version("a", "1"));
    assert_eq!(block(&file, 0), Some(1), "it was found just now");
    cache.leaving.cut_down(0);
    assert!(file.is_cut_off() && block(&file, 0).is_none());
    assert_eq!(file.file().metadata().expect("open").blocks(), 0);
    // Another process that did not know writes on: nobody takes that for the bytes of the object.
    file.set_state(State { fresh_until: u64::MAX, retired: false }).expect("set");
    assert!(file.is_cut_off() && file.state().expect("readable").retired);
}

#[test]
fn blocks_that_were_not_on_the_disk_count_for_nothing_after_a_restart_of_the_host() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut before = cache(directory.path(), 1 << 30);
    bring(&mut before, &version("a", "1"), 0, 1);
    let file = before.object("s", &version("a", "1")).expect("a file");
    file.set_state(State { fresh_until: u64::MAX, retired: false }).expect("set");
    file.sync().expect("synced");
    before.keeper.as_ref().expect("used").forget(Name::of("s", "a"));
    let mut lost = file.try_clone().expect("open");
    drop((before, file));
    // As if it was written after that, and power failed.
    lost.write(1, &vec![2; BLOCK as usize]).expect("written");
    lost.mark(&(1..2)).expect("marked");
    let mut same = cache(directory.path(), 1 << 30);
    let file = same.object("s", &version("a", "1")).expect("a file");
    assert_eq!([0, 1].map(|at| block(&file, at)), [Some(1), Some(2)], "the host went on");
    drop((same, file));

    let mut after = cache(directory.path(), 1 << 30);
    after.boot = [9; 16];
    lost = after.object("s", &version("a", "1")).expect("a file").try_clone().expect("open");
    assert_eq!([0, 1].map(|at| block(&lost, at)), [Some(1), None]);
    assert_eq!(lost.state().expect("readable"), State { fresh_until: 0, retired: false });
}

#[test]
fn two_fetchers_in_one_directory_do_each_other_no_harm() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut old, mut new) = (cache(directory.path(), 1 << 30), cache(directory.path(), 1 << 30));
    bring(&mut old, &version("a", "1"), 0, 1);
    bring(&mut new, &version("a", "1"), 1, 2);
    bring(&mut old, &version("a", "1"), 2, 3);
    let mut both = [&mut old, &mut new].map(|it| it.object("s", &version("a", "1")).expect("a file"));
    for file in &both {
        assert_eq!([0, 1, 2].map(|at| block(file, at)), [Some(1), Some(2), Some(3)]);
    }
    // One finds a new version; the other one had not heard of it.
    bring(&mut new, &version("a", "2"), 0, 4);
    assert_eq!(old.latest("s", "a"), Some(version("a", "2")));
    assert_eq!(block(&both[0], 0), Some(1));
    both[1] = old.object("s", &version("a", "2")).expect("a file");
    assert_eq!(block(&both[1], 0), Some(4));
    // What one has taken away, the other one makes again.
    new.retire("s", &version("a", "2"));
    let again = old.object("s", &version("a", "2")).expect("a file");
    assert_eq!((block(&again, 0), block(&both[1], 0)), (None, Some(4)));
    assert_eq!(new.latest("s", "a"), Some(version("a", "2")));
}

#[test]
fn what_is_left_of_one_that_ended_is_removed_and_what_is_foreign_stays() {
    let directory = tempfile::tempdir().expect("a directory");
    let part = directory.path().join("ab");
    fs::create_dir(&part).expect("made");
    let long_ago = FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(3600));
    for name in [".new-old", ".new-fresh", "leaf.tif"] {
        let file = File::create(part.join(name)).expect("made");
        if name != ".new-fresh" {
            file.set_times(long_ago).expect("set");
        }
    }
    let damaged = Name::of("s", "a").path(directory.path());
    fs::create_dir_all(damaged.parent().expect("below")).expect("made");
    fs::write(&damaged, [0; 9000]).expect("written");
    let mut cache = counted(directory.path(), 1 << 30);
    let left = [".new-old", ".new-fresh", "leaf.tif"].map(|name| part.join(name).exists());
    assert_eq!(left, [false, true, true]);
    assert_eq!(cache.latest("s", "a"), None, "damaged");
    bring(&mut cache, &version("a", "1"), 0, 1);
    assert_eq!(cache.latest("s", "a"), Some(version("a", "1")));
}

#[test]
fn a_full_disk_is_told_and_something_goes_for_what_is_new() {
    let directory = tempfile::tempdir().expect("a directory");
    let disk = directory.path().join("disk");
    fs::create_dir(&disk).expect("made");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=512k", "none"])
        .arg(&disk)
        .status();
    assert!(mounted.is_ok_and(|status| status.success()), "this test mounts a small disk: it is run as root");
    let mut cache = cache(&disk, 1 << 30);
    let full = vec![1; BLOCK as usize];
    let mut write = |key: &str| {
        let file = cache.object("s", &version(key, "1"))?;
        let mut written = file.write(0, &full);
        if let Err(error) = &written
            && cache.makes_room(error)
        {
            written = file.write(0, &full);
        }
        written?;
        file.mark(&(0..1))?;
        cache.wrote("s", &version(key, "1"), BLOCK);
        io::Result::Ok(())
    };
    for key in 0..20 {
        write(&key.to_string()).expect("something goes");
    }
    let usage = cache.usage();
    assert!(usage.evictions > 0 && usage.objects < 8 && !usage.failing, "{usage:?}");
    // Others fill the disk: that is told, and does no harm.
    fs::write(disk.join("foreign"), vec![0; 1 << 20]).expect_err("full");
    let refused = (0..20).find_map(|key| cache.object("s", &version(&format!("more {key}"), "1")).err());
    assert!(refused.is_none_or(|error| error.kind() == ErrorKind::StorageFull));
    fs::remove_file(disk.join("foreign")).expect("removed");
    bring(&mut cache, &version("again", "1"), 0, 3);
    assert!(!cache.usage().failing);
    drop(cache);
    let unmounted = std::process::Command::new("umount").arg(&disk).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
}
