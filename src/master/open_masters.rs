//! The masters that a worker keeps: open, mapped and understood, so that a request does not begin at the first byte.
//! Finding one still opens its file by the rules of [`Root`], which is what sees that it was replaced, deleted, or put
//! out of reach. That costs 0.6 us; the third of it that a `stat` would save knows neither links nor permissions.

use std::rc::Rc;

use super::{Master, State};
use crate::config::Known as Bounds;
use crate::error::Error;
use crate::source::{MAX_MAPS, Root};

/// Masters by file and page, the most recently used last.
pub struct Known {
    kept: Vec<Kept>,
    bounds: Bounds,
    state: Option<Rc<State>>,
}

/// A master with the memory that it took when that was last looked at.
struct Kept {
    master: Rc<Master>,
    bytes: usize,
}

impl Known {
    /// None yet, and never more than `bounds` allow. Findings about them are kept in `state`.
    pub fn new(bounds: Bounds, state: Option<State>) -> Self {
        // Maps are also needed for the master at hand.
        let count = bounds.known.min(MAX_MAPS / 2);
        Self { kept: Vec::new(), bounds: Bounds { known: count, ..bounds }, state: state.map(Rc::new) }
    }

    /// The master of an identifier, as its file is now. If it is not known its directories are read, no pixels.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none; [`Error::Master`] if it cannot be read.
    pub fn find(&mut self, root: &Root, identifier: &str) -> Result<Rc<Master>, Error> {
        let found = root.find(identifier)?;
        let same = |Kept { master, .. }: &Kept| {
            master.identity == found.identity && master.page == found.page && master.path == found.path
        };
        // From the end: whoever looks at a picture asks for it over and over.
        if let Some(at) = self.kept.iter().rposition(same) {
            let kept = self.kept.remove(at);
            // A map with a hole in it is of no more use, though the file may be what it was: a network comes back.
            if kept.master.is_whole() {
                let master = Rc::clone(&kept.master);
                self.kept.push(kept);
                return Ok(master);
            }
        }
        // Its earlier states will not be asked for again.
        self.kept
            .retain(|Kept { master, .. }| master.path != found.path || master.identity == found.identity);
        let master = Rc::new(Master::read(found, self.state.clone())?);
        if master.identity.is_settled() {
            self.kept.push(Kept { bytes: master.index_bytes(), master: Rc::clone(&master) });
            self.trim();
        }
        Ok(master)
    }

    /// To be called when a request is done with its master, whose index may have grown meanwhile.
    pub fn rest(&mut self) {
        let Some(last) = self.kept.last_mut() else { return };
        let bytes = last.master.index_bytes();
        if last.bytes != bytes {
            last.bytes = bytes;
            self.trim();
        }
    }

    /// Drops those not used for longest, until the others are within the bounds.
    fn trim(&mut self) {
        let mut bytes: usize = self.kept.iter().map(|kept| kept.bytes).sum();
        let mut surplus = 0;
        while self.kept.len() - surplus > self.bounds.known || bytes > self.bounds.known_bytes {
            bytes -= self.kept[surplus].bytes;
            surplus += 1;
        }
        self.kept.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Masters;
    use crate::format::jp2;
    use crate::master::Decoder;
    use crate::picture::{Channels, Dimensions, Rect};
    use crate::source::identity::tests::settle;
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

    fn widths(known: &Known) -> Vec<u32> {
        known.kept.iter().map(|kept| kept.master.description.dimensions().width).collect()
    }

    const OLD: Duration = Duration::from_secs(3600);

    #[test]
    fn what_is_known_is_what_the_file_is_now() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = Root::open(&Masters { root: directory.path().to_owned(), follow_symlinks: false });
        let root = root.expect("root");
        let mut known = Known::new(Bounds { known: 2, known_bytes: 1 << 20 }, None);
        let mut width = |name: &str| {
            let master = known.find(&root, name);
            (master.map(|master| master.description.dimensions().width).ok(), widths(&known))
        };
        let path = |name: &str| directory.path().join(name);
        write(&path("a.gif"), 10, OLD);
        write(&path("b.gif"), 20, OLD);
        write(&path("c.gif"), 30, OLD);
        settle(&path("c.gif"));
        assert_eq!(width("a.gif"), (Some(10), vec![10]));
        assert_eq!(width("b"), (Some(20), vec![10, 20]));
        assert_eq!(width("a"), (Some(10), vec![20, 10]), "known by either name");
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
        assert_eq!(width("d.gif"), (Some(40), vec![11, 31]), "too fresh to be known");
    }

    #[test]
    fn indexes_are_bounded_in_memory_too() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = Root::open(&Masters { root: directory.path().to_owned(), follow_symlinks: false });
        let root = root.expect("root");
        for name in ["a.gif", "b.gif"] {
            write(&directory.path().join(name), 10, OLD);
        }
        settle(&directory.path().join("b.gif"));
        let mut known = Known::new(Bounds { known: 9, known_bytes: 1 }, None);
        assert!(known.find(&root, "a.gif").is_ok() && known.kept.is_empty());
        let mut known = Known::new(Bounds { known: 0, known_bytes: 1 << 20 }, None);
        assert!(known.find(&root, "a.gif").is_ok() && known.kept.is_empty());
    }

    #[test]
    fn an_index_that_grows_drives_out_those_not_used_for_longest() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = Root::open(&Masters { root: directory.path().to_owned(), follow_symlinks: false });
        let root = root.expect("root");
        let (dimensions, channels) = (Dimensions::new(300, 300), Channels::Gray);
        let picture = jp2::Picture { dimensions, channels, pixels: &[99; 300 * 300] };
        let file = jp2::compress(&picture, None).expect("a JP2 file");
        for name in ["a.jp2", "b.jp2", "c.jp2"] {
            let path = directory.path().join(name);
            std::fs::write(&path, &file).expect("written");
            settle(&path);
        }
        let three = |known_bytes| {
            let mut known = Known::new(Bounds { known: 9, known_bytes }, None);
            let masters = ["a", "b", "c"].map(|name| known.find(&root, name).expect("found"));
            (known, masters)
        };
        let (known, masters) = three(1 << 20);
        let unread: usize = known.kept.iter().map(|kept| kept.bytes).sum();
        let decode = |master: &Master| {
            let whole = Rect::whole(dimensions);
            master.decode::<u8>(&mut Decoder::default(), 0, whole).expect("decoded");
        };
        decode(&masters[2]);
        let growth = known.kept.iter().map(|kept| kept.master.index_bytes()).sum::<usize>() - unread;
        assert!(growth > 0, "one was indexed");
        for (room, left) in [(growth, 3), (growth - 1, 2)] {
            let (mut known, masters) = three(unread + room);
            known.rest();
            assert_eq!(known.kept.len(), 3, "none has grown");
            decode(&masters[2]);
            known.rest();
            assert_eq!(known.kept.len(), left, "room for {room} of {growth} bytes");
            assert!(Rc::ptr_eq(&known.kept[left - 1].master, &masters[2]), "the one in use stays");
        }
    }

    #[test]
    fn a_master_with_a_hole_is_not_known_any_more() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = Root::open(&Masters { root: directory.path().to_owned(), follow_symlinks: false });
        let root = root.expect("root");
        let path = directory.path().join("a.gif");
        write(&path, 10, OLD);
        settle(&path);
        let mut known = Known::new(Bounds { known: 9, known_bytes: 1 << 20 }, None);
        let before = known.find(&root, "a.gif").expect("found");
        let file = File::options().write(true).open(&path).expect("there");
        let (length, modified) = (before.identity.size, before.identity.modified());
        file.set_len(0).expect("cut");
        assert!(before.pages().is_ok() && before.icc_profile(0).is_err(), "a fault, and no crash");
        file.set_len(length).expect("grown again");
        file.set_times(FileTimes::new().set_modified(modified)).expect("set");
        let after = known.find(&root, "a.gif");
        assert!(after.is_err(), "read anew, and found to be zeros");
    }
}
