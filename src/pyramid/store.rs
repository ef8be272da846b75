//! Where tiles go and are: the file that is to be the pyramid, or one without a name beside it, from which they are
//! copied when the directories can be written before them.

use std::os::unix::fs::FileExt;
use std::path::Path;

use super::staged::{Growing, StagedFile, directory_of};
use super::{Big, Error, Order, Result, Settings};
use crate::ifd::Layout;

/// Room for the header of either layout, which is written last.
const HEADER: [u8; 16] = [0; 16];

/// The tiles of all levels.
pub(super) struct Store {
    target: StagedFile,
    /// Has no name: nothing of it is left by a process that is killed.
    aside: Option<Growing>,
    levels: Vec<Places>,
    is_small: bool,
}

/// The places of the tiles of one level, in reading order. A tile that is not stored has neither offset nor length.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Places {
    pub(super) offsets: Vec<u64>,
    pub(super) lengths: Vec<u64>,
}

impl Store {
    /// Starts the files.
    ///
    /// # Errors
    /// [`Error::Machine`].
    pub(super) fn create(target: &Path, settings: &Settings, levels: usize) -> Result<Self> {
        let mut staged = StagedFile::create(target)?;
        staged.append(&HEADER, 1)?;
        let aside = match settings.order {
            Order::AsMade => None,
            Order::DirectoriesFirst => {
                let directory = directory_of(target);
                let doing = format!("write a file without a name in {}", directory.display());
                let file = tempfile::tempfile_in(directory).map_err(Error::machine(doing))?;
                let name = format!("the tiles that are to become {}", target.display());
                Some(Growing::new(file, name))
            }
        };
        let levels = vec![Places::default(); levels];
        Ok(Self { target: staged, aside, levels, is_small: settings.big == Big::Never })
    }

    /// Adds the next tile of a level; an empty one is not stored.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::Machine`].
    pub(super) fn add(&mut self, level: usize, tile: &[u8]) -> Result<()> {
        let growing = match &mut self.aside {
            Some(aside) => aside,
            None => self.target.growing(),
        };
        let offset = if tile.is_empty() { 0 } else { growing.append(tile, 2)? };
        if self.is_small && growing.position() > u32::MAX.into() {
            return Err(Error::TooLong);
        }
        self.levels[level].offsets.push(offset);
        self.levels[level].lengths.push(tile.len() as u64);
        Ok(())
    }

    /// Writes the directories, of which `directories` gives the bytes for their layout, their place and those of the
    /// tiles, makes the file durable if the settings say so, and gives it its name. Its length and layout.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::Machine`].
    pub(super) fn finish(
        mut self,
        settings: &Settings,
        directories: impl Fn(Layout, u64, &[Places]) -> Result<Vec<u8>>,
    ) -> Result<(u64, Layout)> {
        let (aside, big) = (self.aside.take(), settings.big);
        let (layout, at) = match aside {
            None => {
                let at = self.target.position().next_multiple_of(8);
                let (layout, bytes) =
                    decide(big, |layout| directories(layout, at, &self.levels), |bytes| at + bytes)?;
                self.target.append(&bytes, 8)?;
                (layout, at)
            }
            Some(aside) => {
                let at = HEADER.len() as u64;
                let (layout, bytes) = decide(
                    big,
                    |layout| {
                        let length = directories(layout, at, &self.levels)?.len() as u64;
                        directories(layout, at, &moved(&self.levels, at + length))
                    },
                    |bytes| at + bytes + aside.position() + self.levels.len() as u64,
                )?;
                self.target.append(&bytes, 1)?;
                self.copy(aside)?;
                (layout, at)
            }
        };
        let length = self.target.position();
        let head = layout.header(at).map_err(|_| Error::TooLong)?;
        match settings.durable {
            true => self.target.commit(&head)?,
            false => self.target.place(&head)?,
        }
        Ok((length, layout))
    }

    /// Copies the tiles, the smallest level first.
    fn copy(&mut self, mut aside: Growing) -> Result<()> {
        let file = aside.written()?;
        let mut tile = Vec::new();
        for places in self.levels.iter().rev() {
            for (offset, length) in places.stored() {
                tile.resize(length as usize, 0);
                let read = file.read_exact_at(&mut tile, offset);
                read.map_err(Error::machine("read a file without a name again"))?;
                self.target.append(&tile, 2)?;
            }
        }
        Ok(())
    }
}

impl Places {
    /// Offset and length of the tiles that are stored.
    fn stored(&self) -> impl Iterator<Item = (u64, u64)> {
        self.offsets.iter().copied().zip(self.lengths.iter().copied()).filter(|(_, length)| *length > 0)
    }
}

/// The layout, and the bytes of the directories in it: that of 4 GiB if the file fits, of whose length `length` is the
/// greatest that it can have, from that of the directories.
fn decide(
    big: Big,
    directories: impl Fn(Layout) -> Result<Vec<u8>>,
    length: impl Fn(u64) -> u64,
) -> Result<(Layout, Vec<u8>)> {
    if big != Big::Always {
        match directories(Layout::Classic) {
            Ok(bytes) if length(bytes.len() as u64) <= u32::MAX.into() => {
                return Ok((Layout::Classic, bytes));
            }
            Ok(_) | Err(Error::TooLong) if big == Big::Auto => {}
            Ok(_) => return Err(Error::TooLong),
            Err(error) => return Err(error),
        }
    }
    Ok((Layout::Big, directories(Layout::Big)?))
}

/// The places of the same tiles one behind the other from `at` on, the smallest level first, at even offsets.
fn moved(levels: &[Places], mut at: u64) -> Vec<Places> {
    let mut moved = levels.to_vec();
    for places in moved.iter_mut().rev() {
        for (offset, length) in
            places.offsets.iter_mut().zip(&places.lengths).filter(|(_, length)| **length > 0)
        {
            at = at.next_multiple_of(2);
            *offset = at;
            at += length;
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_that_of_the_length() {
        let decided = |big, rest: u64| {
            let bytes = |layout| Ok(vec![0; if layout == Layout::Big { 20 } else { 10 }]);
            decide(big, bytes, |bytes| bytes + rest).map(|(layout, bytes)| (layout, bytes.len()))
        };
        let most = u64::from(u32::MAX) - 10;
        assert_eq!(decided(Big::Auto, most).unwrap(), (Layout::Classic, 10));
        assert_eq!(decided(Big::Auto, most + 1).unwrap(), (Layout::Big, 20));
        assert_eq!(decided(Big::Always, 0).unwrap(), (Layout::Big, 20));
        assert_eq!(decided(Big::Never, most).unwrap(), (Layout::Classic, 10));
        assert!(matches!(decided(Big::Never, most + 1), Err(Error::TooLong)));
        let short = |layout| if layout == Layout::Big { Ok(vec![0; 20]) } else { Err(Error::TooLong) };
        assert_eq!(decide(Big::Auto, short, |bytes| bytes).unwrap().0, Layout::Big);
        assert!(matches!(decide(Big::Never, short, |bytes| bytes), Err(Error::TooLong)));
    }

    #[test]
    fn tiles_move_behind_the_directories_and_holes_stay() {
        let level = |offsets: &[u64], lengths: &[u64]| Places {
            offsets: offsets.to_vec(),
            lengths: lengths.to_vec(),
        };
        let levels = [level(&[16, 0, 30], &[13, 0, 7]), level(&[40], &[3])];
        let expected = [level(&[104, 0, 118], &[13, 0, 7]), level(&[100], &[3])];
        assert_eq!(moved(&levels, 99), expected);
    }
}
