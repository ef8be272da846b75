//! The masters that a worker holds open: mapped, with their headers read, so that a request need not read them again.
//! Finding one still opens its file by the rules of [`Sources`], which detects that it was replaced, deleted, or made
//! inaccessible. That costs 0.6 us; a `stat` would save a third of it, but sees neither links nor permissions.

use std::rc::Rc;

use super::{Bounds, IndexStore, Master};
use crate::complaints;
use crate::error::Error;
use crate::lru::Lru;
use crate::source::{Found, Identity, MAX_MAPS, Sources};

/// Masters by file and page.
pub struct OpenMasters {
    masters: Lru<Key, Rc<Master>>,
    store: Option<Rc<IndexStore>>,
}

/// A page of a state of a file, under the path by which it was found.
#[derive(PartialEq)]
struct Key {
    identity: Identity,
    source: usize,
    page: u32,
    path: String,
}

impl Key {
    fn of(found: &Found) -> Self {
        Self { identity: found.identity, source: found.source, page: found.page, path: found.path.clone() }
    }
}

impl PartialEq<Found> for Key {
    fn eq(&self, found: &Found) -> bool {
        let Self { identity, source, page, path } = self;
        (identity, source, page, path) == (&found.identity, &found.source, &found.page, &found.path)
    }
}

impl OpenMasters {
    /// No masters yet, and never more than `bounds` allow. Their indexes are saved in `store`.
    pub fn new(bounds: Bounds, store: Option<IndexStore>) -> Self {
        // The current master needs a map as well.
        let entries = bounds.known.min(MAX_MAPS / 2);
        Self { masters: Lru::new(entries, bounds.known_bytes), store: store.map(Rc::new) }
    }

    /// The master of an identifier, as its file is now. If it is not open yet, its directories are read, but no pixels.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; [`Error::Master`] if it cannot be read; what `before_reading` says against it,
    /// which is asked, with its path, unless it is open.
    pub fn find(
        &mut self,
        sources: &Sources,
        identifier: &str,
        before_reading: impl FnOnce(&str) -> Result<(), Error>,
    ) -> Result<Rc<Master>, Error> {
        complaints::about_master(identifier);
        let found = sources.find(identifier)?;
        complaints::about_master(&found.path);
        // A map with an unreadable page is useless, even if the file is unchanged: a network may come back.
        if let Some(master) = self.masters.get(&found).filter(|master| master.is_whole()) {
            return Ok(Rc::clone(master));
        }
        // Earlier states of the file will not be asked for again.
        let is_current = |key: &Key| key.identity == found.identity;
        self.masters.retain(|key, master| key.path != found.path || is_current(key) && master.is_whole());
        let key = Key::of(&found);
        before_reading(&found.path)?;
        let master = Rc::new(Master::read(found, self.store.clone())?);
        if master.identity.is_settled() {
            self.masters.insert(key, Rc::clone(&master), master.index_bytes());
            self.masters.trim();
        }
        Ok(master)
    }

    /// Drops masters until they are within their bounds: the index of the one used last may have grown.
    pub fn trim(&mut self) {
        self.masters.reweigh(|master| master.index_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::jp2;
    use crate::master::Decoder;
    use crate::picture::{Channels, Dimensions, Rect};
    use crate::source::Masters;
    use crate::source::identity::tests::settle;
    use crate::watch::Watch;
    use std::fs::{File, FileTimes};
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    /// A GIF of one pixel row, `width` wide, as old as `age`.
    fn write(path: &Path, width: u16, age: Duration) {
        let mut bytes = Vec::new();
        let mut encoder = gif::Encoder::new(&mut bytes, width, 1, &[0, 0, 0, 255, 255, 255]).expect("a GIF");
        let pixels = vec![0; width.into()];
        encoder.write_frame(&gif::Frame::from_indexed_pixels(width, 1, pixels, None)).expect("a frame");
        drop(encoder);
        std::fs::write(path, bytes).expect("written");
        let times = FileTimes::new().set_modified(SystemTime::now() - age);
        File::options().write(true).open(path).expect("there").set_times(times).expect("set");
    }

    fn widths(open: &OpenMasters) -> Vec<u32> {
        open.masters.iter().map(|(_, master, _)| master.description.dimensions().width).collect()
    }

    const OLD: Duration = Duration::from_secs(3600);

    #[test]
    fn what_is_open_is_what_the_file_is_now() {
        let directory = tempfile::tempdir().expect("a directory");
        let sources = Sources::open(&Masters::below(directory.path()));
        let sources = sources.expect("a directory");
        let mut open = OpenMasters::new(Bounds { known: 2, known_bytes: 1 << 20 }, None);
        let mut width = |name: &str| {
            let master = open.find(&sources, name, |_| Ok(()));
            (master.map(|master| master.description.dimensions().width).ok(), widths(&open))
        };
        let path = |name: &str| directory.path().join(name);
        write(&path("a.gif"), 10, OLD);
        write(&path("b.gif"), 20, OLD);
        write(&path("c.gif"), 30, OLD);
        settle(&path("c.gif"));
        assert_eq!(width("a.gif"), (Some(10), vec![10]));
        assert_eq!(width("b"), (Some(20), vec![10, 20]));
        assert_eq!(width("a"), (Some(10), vec![20, 10]), "found by either name");
        assert_eq!(width("c.gif"), (Some(30), vec![10, 30]), "the one not used for longest goes");
        write(&path("new.gif"), 11, OLD);
        std::fs::rename(path("new.gif"), path("a.gif")).expect("renamed");
        settle(&path("a.gif"));
        assert_eq!(width("a.gif"), (Some(11), vec![30, 11]), "replaced");
        let date = std::fs::metadata(path("c.gif")).and_then(|of| of.modified()).expect("a date");
        write(&path("c.gif"), 31, OLD);
        let file = File::options().write(true).open(path("c.gif")).expect("there");
        file.set_modified(date).expect("set");
        settle(&path("c.gif"));
        assert_eq!(width("c.gif"), (Some(31), vec![11, 31]), "written in place, and its date put back");
        std::fs::remove_file(path("c.gif")).expect("removed");
        assert_eq!(width("c.gif").0, None, "deleted");
        write(&path("d.gif"), 40, Duration::ZERO);
        assert_eq!(width("d.gif"), (Some(40), vec![11, 31]), "too fresh to be held open");
    }

    #[test]
    fn indexes_are_bounded_in_memory_too() {
        let directory = tempfile::tempdir().expect("a directory");
        let sources = Sources::open(&Masters::below(directory.path()));
        let sources = sources.expect("a directory");
        for name in ["a.gif", "b.gif"] {
            write(&directory.path().join(name), 10, OLD);
        }
        settle(&directory.path().join("b.gif"));
        let mut open = OpenMasters::new(Bounds { known: 9, known_bytes: 1 }, None);
        assert!(open.find(&sources, "a.gif", |_| Ok(())).is_ok() && open.masters.iter().len() == 0);
        let mut open = OpenMasters::new(Bounds { known: 0, known_bytes: 1 << 20 }, None);
        assert!(open.find(&sources, "a.gif", |_| Ok(())).is_ok() && open.masters.iter().len() == 0);
    }

    #[test]
    fn an_index_that_grows_drives_out_those_not_used_for_longest() {
        let directory = tempfile::tempdir().expect("a directory");
        let sources = Sources::open(&Masters::below(directory.path()));
        let sources = sources.expect("a directory");
        let (dimensions, channels) = (Dimensions::new(300, 300), Channels::Gray);
        let picture = jp2::Picture { dimensions, channels, pixels: &[99; 300 * 300] };
        let file = jp2::compress(&picture, None, &Watch::unlimited()).expect("a JP2 file");
        for name in ["a.jp2", "b.jp2", "c.jp2"] {
            let path = directory.path().join(name);
            std::fs::write(&path, &file).expect("written");
            settle(&path);
        }
        let three = |known_bytes| {
            let mut open = OpenMasters::new(Bounds { known: 9, known_bytes }, None);
            let masters = ["a", "b", "c"].map(|name| open.find(&sources, name, |_| Ok(())).expect("found"));
            (open, masters)
        };
        let (open, masters) = three(1 << 20);
        let unread: usize = open.masters.iter().map(|(.., bytes)| bytes).sum();
        let decode = |master: &Master| {
            let whole = Rect::whole(dimensions);
            master.decode::<u8>(&mut Decoder::default(), 0, whole).expect("decoded");
        };
        decode(&masters[2]);
        let growth = open.masters.iter().map(|(_, master, _)| master.index_bytes()).sum::<usize>() - unread;
        assert!(growth > 0, "one was indexed");
        for (room, left) in [(growth, 3), (growth - 1, 2)] {
            let (mut open, masters) = three(unread + room);
            open.trim();
            assert_eq!(open.masters.iter().len(), 3, "none has grown");
            decode(&masters[2]);
            open.trim();
            assert_eq!(open.masters.iter().len(), left, "room for {room} of {growth} bytes");
            let latest = open.masters.iter().next_back().map(|(_, master, _)| master);
            assert!(latest.is_some_and(|latest| Rc::ptr_eq(latest, &masters[2])), "the one in use stays");
        }
    }

    #[test]
    fn a_master_with_a_hole_is_opened_again() {
        let directory = tempfile::tempdir().expect("a directory");
        let sources = Sources::open(&Masters::below(directory.path()));
        let sources = sources.expect("a directory");
        let path = directory.path().join("a.gif");
        write(&path, 10, OLD);
        settle(&path);
        let mut open = OpenMasters::new(Bounds { known: 9, known_bytes: 1 << 20 }, None);
        let before = open.find(&sources, "a.gif", |_| Ok(())).expect("found");
        let file = File::options().write(true).open(&path).expect("there");
        let (length, modified) = (before.identity.size, before.identity.modified());
        file.set_len(0).expect("cut");
        assert!(before.pages().is_ok() && before.icc_profile(0).is_err(), "a fault, and no crash");
        file.set_len(length).expect("grown again");
        file.set_times(FileTimes::new().set_modified(modified)).expect("set");
        let after = open.find(&sources, "a.gif", |_| Ok(()));
        assert!(after.is_err(), "read anew, and found to be zeros");
    }
}
