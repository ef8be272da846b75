//! How much a directory of ours takes on disk: one number in a file of its own, which all workers add to, so that nobody
//! looks through tens of thousands of files to write one more.
//!
//! A file is entered before it is written: whoever is killed in between has counted too much. Whenever the number is
//! above the limit the files themselves are counted, those written first are removed until an eighth is free, and the
//! number is right again. One worker does that at a time, and the others go on meanwhile: the directory takes more than it
//! may by what they write in that second, and no more.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::time::SystemTime;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

/// The file with the number: it, and all its bits turned over.
const TOTAL: &str = "total";

/// Disks give room in pieces of this size.
const BLOCK: u64 = 4096;

/// A directory whose files have one suffix, and may take so many bytes. Other files are left alone and not counted,
/// whatever directory an operator has named.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) directory: PathBuf,
    pub(super) suffix: &'static str,
    pub(super) limit: u64,
}

impl Room {
    /// Makes room for a file of `length` bytes that is going to be written, perhaps in place of one of that name.
    ///
    /// # Errors
    /// If the directory cannot be written to.
    pub(super) fn enter(&self, name: &str, length: u64) -> io::Result<()> {
        let replaced = fs::symlink_metadata(self.directory.join(name)).map_or(0, |file| taken(&file));
        let added = length.next_multiple_of(BLOCK);
        let total = self.change(|total| total.saturating_add(added).saturating_sub(replaced))?;
        if total > self.limit { self.clear(added) } else { Ok(()) }
    }

    /// Takes back what was entered for a file that could not be written.
    pub(super) fn leave(&self, length: u64) {
        // If this fails as well, too much is counted.
        let _ = self.change(|total| total.saturating_sub(length.next_multiple_of(BLOCK)));
    }

    /// Changes the number, while no other worker does. If there is none, it is what the files take.
    fn change(&self, change: impl FnOnce(u64) -> u64) -> io::Result<u64> {
        let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits() as i32;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags);
        let file = options.open(self.directory.join(TOTAL))?;
        flock(&file, FlockOperation::LockExclusive)?;
        let known = read(&file);
        let total = match known {
            Some(total) => total,
            None => self.files()?.iter().map(|(_, bytes, _)| bytes).sum(),
        };
        let changed = change(total);
        file.write_all_at([changed, !changed].map(u64::to_le_bytes).as_flattened(), 0)?;
        Ok(changed)
    }

    /// Removes the files that were written first until there is room again, `added` bytes of it for one that is not
    /// there yet. Unfinished files of workers that were killed are removed in their turn.
    fn clear(&self, added: u64) -> io::Result<()> {
        let directory = File::open(&self.directory)?;
        match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => return Ok(()), // another worker is at it
            locked => locked?,
        }
        let counted = self.change(|total| total)?;
        let mut files = self.files()?;
        files.sort_unstable();
        let mut bytes = files.iter().fold(added, |sum, (_, bytes, _)| sum.saturating_add(*bytes));
        for (_, taken, name) in files {
            if bytes <= self.limit - self.limit / 8 {
                break;
            }
            match fs::remove_file(self.directory.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => bytes -= taken,
            }
        }
        // What others have entered meanwhile stays.
        self.change(|total| total.saturating_sub(counted).saturating_add(bytes)).map(drop)
    }

    /// All files: when they were written, what they take, and their names.
    fn files(&self) -> io::Result<Vec<(SystemTime, u64, OsString)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            if !name.as_encoded_bytes().ends_with(self.suffix.as_bytes()) {
                continue;
            }
            if let Ok(file) = entry.metadata()
                && file.is_file()
            {
                files.push((file.modified()?, taken(&file), name));
            }
        }
        Ok(files)
    }
}

fn taken(file: &Metadata) -> u64 {
    file.len().max(file.blocks() * 512)
}

/// The number, if it is there and whole.
fn read(file: &File) -> Option<u64> {
    let mut bytes = [0; 16];
    file.read_exact_at(&mut bytes, 0).ok()?;
    let number = |half: &[u8]| half.first_chunk().copied().map(u64::from_le_bytes);
    let total = number(&bytes)?;
    (number(&bytes[8..])? == !total).then_some(total)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const MIB: u64 = 1 << 20;

    fn room(directory: &Path) -> Room {
        Room { directory: directory.to_owned(), suffix: ".state", limit: MIB }
    }

    fn write(room: &Room, name: &str, length: u64) {
        room.enter(name, length).expect("entered");
        fs::write(room.directory.join(name), vec![1; length as usize]).expect("written");
    }

    fn total(room: &Room) -> u64 {
        room.change(|total| total).expect("readable")
    }

    #[test]
    fn files_are_counted_once_and_then_known() {
        let directory = tempfile::tempdir().expect("a directory");
        let room = room(directory.path());
        for number in 0..100 {
            fs::write(directory.path().join(format!("{number}.state")), "old").expect("written");
        }
        write(&room, "new.state", 5000);
        assert_eq!(total(&room), 100 * BLOCK + 2 * BLOCK);
        // Whoever looked through the directory would see these, and make room.
        let unseen: Vec<_> =
            (0..4).map(|number| directory.path().join(format!("unseen{number}.state"))).collect();
        unseen.iter().for_each(|path| fs::write(path, vec![1; MIB as usize]).expect("written"));
        for number in 0..50 {
            write(&self::room(directory.path()), &format!("more{number}.state"), 100);
        }
        assert!(unseen.iter().all(|path| path.exists()));
        assert_eq!(total(&room), 152 * BLOCK);
    }

    #[test]
    fn several_workers_keep_one_count_and_the_limit() {
        let directory = tempfile::tempdir().expect("a directory");
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let room = room(directory.path());
                scope.spawn(move || {
                    (0..200).for_each(|n| write(&room, &format!("{worker}-{n}.state"), 10_000))
                });
            }
        });
        let room = room(directory.path());
        let taken: u64 = room.files().expect("listed").iter().map(|(_, bytes, _)| bytes).sum();
        let writing = 4 * 12_288;
        assert!(taken <= MIB + writing && taken >= MIB / 2, "{taken}");
        assert!(total(&room) + writing >= taken, "{} of {taken}", total(&room));
    }

    #[test]
    fn a_damaged_number_is_found_anew_and_replaced_files_count_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let room = room(directory.path());
        for _ in 0..3 {
            write(&room, "same.state", 5000);
        }
        assert_eq!(total(&room), 2 * BLOCK);
        fs::write(directory.path().join(TOTAL), [7; 16]).expect("written");
        assert_eq!(total(&room), 2 * BLOCK);
        room.leave(5000);
        assert_eq!(total(&room), 0);
    }
}
