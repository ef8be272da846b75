//! From what was given to the list of what is to be done. Reads directories, and no file.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};

use super::entry::{Base, Entry, Found, Unfit};
use super::target::Target;
use super::walk::{inode, walk};
use super::{Options, list};
use crate::progress::Progress;
use crate::source::EXTENSIONS;

/// So many inputs that are in each other's way are named.
const NAMED: usize = 10;

/// What is to be done.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) target: Target,
    /// The extension of results.
    extension: &'static str,
    /// Sorted by the paths of their results.
    pub(super) entries: Vec<Entry>,
    pub(super) unfit: Vec<Unfit>,
}

/// A page of one input whose result would be that of another input, if the file has so many pages.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) book: usize,
    pub(super) page: u32,
    pub(super) other: usize,
}

impl Plan {
    /// All inputs and their results, none of which is in the way of another.
    ///
    /// # Errors
    /// If what was asked for cannot be, in words for who asked.
    pub(super) fn of(options: &Options, extension: &'static str) -> anyhow::Result<Self> {
        let missing = options.inputs.iter().find(|input| fs::metadata(input).is_err());
        if let Some(missing) = missing {
            bail!("there is no {}", missing.display());
        }
        let is_one_file = options.list.is_none() && matches!(&options.inputs[..], [one] if !one.is_dir());
        let target = Target::of(&options.output, is_one_file, extension)?;
        let Found { mut entries, unfit } = found(options, &target)?;
        entries.sort_by(|one, other| (one.stem(), &one.below).cmp(&(other.stem(), &other.below)));
        entries.dedup_by(|one, other| real(one) == real(other) && one.stem() == other.stem());
        let mut plan = Self { target, extension, entries, unfit };
        plan.must_not_collide()?;
        plan.keep_inputs()?;
        Ok(plan)
    }

    /// The result of an input, or of one of its further pages.
    pub(super) fn output(&self, entry: &Entry, page: Option<u32>) -> PathBuf {
        self.target.output(entry, page, self.extension)
    }

    /// Leaves out the others.
    pub(super) fn keep(&mut self, is_ours: impl Fn(&str) -> bool) {
        self.entries.retain(|entry| is_ours(&entry.below));
        self.unfit.retain(|unfit| is_ours(&unfit.file));
    }

    fn must_not_collide(&self) -> anyhow::Result<()> {
        let pairs = self.entries.windows(2).filter(|pair| pair[0].stem() == pair[1].stem());
        let pairs = pairs.map(|pair| {
            let [one, other] = [&pair[0], &pair[1]].map(|entry| entry.input().display().to_string());
            format!("{one} and {other} would both become {}", self.output(&pair[0], None).display())
        });
        refuse(pairs, "convert them into different directories, or leave out one of each")
    }

    /// What would be overwritten by its own result is left out.
    ///
    /// # Errors
    /// If an input would be overwritten by the result of another.
    fn keep_inputs(&mut self) -> anyhow::Result<()> {
        let (mut own, mut others) = (HashSet::new(), Vec::new());
        let Some(directory) = self.target.directory().canonicalize().ok() else { return Ok(()) };
        for (at, entry) in self.entries.iter().enumerate() {
            let Some(maker) = self.maker(&directory, &real(entry)) else { continue };
            if maker == at {
                own.insert(at);
            } else {
                let maker = self.entries[maker].input();
                let input = entry.input();
                others.push(format!("{} would overwrite {}, an input", maker.display(), input.display()));
            }
        }
        refuse(others.into_iter(), "convert into another directory")?;
        let (mut at, unfit) = (0, &mut self.unfit);
        self.entries.retain(|entry| {
            at += 1;
            let is_own = own.contains(&(at - 1));
            if is_own {
                let file = entry.input().display().to_string();
                unfit.push(Unfit { file, why: "it would be overwritten by its own result".to_owned() });
            }
            !is_own
        });
        Ok(())
    }

    /// The input whose result would be in this place.
    fn maker(&self, directory: &Path, place: &Path) -> Option<usize> {
        let below = place.strip_prefix(directory).ok()?.to_str()?;
        if let Target::File(path) = &self.target {
            return (path.file_name()?.to_str()? == below).then_some(0);
        }
        let stem = below.strip_suffix(self.extension)?.strip_suffix('.')?;
        self.at(stem)
    }

    fn at(&self, stem: &str) -> Option<usize> {
        self.entries.binary_search_by(|entry| entry.stem().cmp(stem)).ok()
    }

    /// Inputs whose names are those of pages of others: whether there are such pages, only the files can tell.
    pub(super) fn doubts(&self) -> Vec<Doubt> {
        let doubt = |(other, entry): (usize, &Entry)| {
            let (book, number) = entry.stem().rsplit_once("-p")?;
            let page: u32 =
                number.parse().ok().filter(|page: &u32| *page > 1 && page.to_string() == number)?;
            let book = self.at(book).filter(|book| is_tiff(&self.entries[*book].below))?;
            Some(Doubt { book, page, other })
        };
        self.entries.iter().enumerate().filter_map(doubt).collect()
    }
}

fn found(options: &Options, target: &Target) -> anyhow::Result<Found> {
    let out = fs::metadata(target.directory()).ok().map(|is| inode(&is));
    let but = out.filter(|_| matches!(target, Target::Directory(_)));
    let mut found = Found::default();
    if let Some(list) = &options.list {
        ensure!(options.inputs.len() <= 1, "--files-from takes one directory, below which its paths are");
        let base = options.inputs.first().cloned().unwrap_or_default();
        ensure!(base.as_os_str().is_empty() || base.is_dir(), "{} is not a directory", base.display());
        list::read(list, &Base::of(base), &mut found)?;
        return Ok(found);
    }
    let mut progress = Progress::listing("files found");
    for input in &options.inputs {
        let is = fs::metadata(input).with_context(|| input.display().to_string())?;
        if !is.is_dir() {
            match list::alone(input, is.len()) {
                Some(entry) => found.entries.push(entry),
                None => found.refuse(input, "its name is not UTF-8: no URL can name it"),
            }
            continue;
        }
        let shown = input.display();
        ensure!(but != Some(inode(&is)), "{shown} is the target as well: results would lie among inputs");
        walk(&Base::of(input.clone()), but, &mut found, |count| progress.at(count as u64));
    }
    progress.end();
    Ok(found)
}

fn refuse(faults: impl Iterator<Item = String>, advice: &str) -> anyhow::Result<()> {
    let faults: Vec<String> = faults.collect();
    if faults.is_empty() {
        return Ok(());
    }
    let rest = match faults.len().saturating_sub(NAMED) {
        0 => String::new(),
        rest => format!("\nand {rest} more"),
    };
    bail!("{}{rest}\n{advice}", faults[..faults.len().min(NAMED)].join("\n"))
}

/// Where an input is, in a directory without links.
fn real(entry: &Entry) -> PathBuf {
    entry.base.real.join(&entry.below)
}

fn is_tiff(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|found| EXTENSIONS[0].iter().any(|known| known.eq_ignore_ascii_case(found)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(names: &[&str]) -> Plan {
        let base = Base::of("".into());
        let entries =
            names.iter().map(|name| Entry { base: base.clone(), below: (*name).to_owned(), bytes: 0 });
        let (target, extension) = (Target::Directory("out".into()), "tif");
        Plan { target, extension, entries: entries.collect(), unfit: Vec::new() }
    }

    #[test]
    fn only_what_may_be_a_page_of_another_is_in_doubt() {
        let names = [
            "a-p2.jpg",
            "a.tif",
            "b-p2.jpg",
            "b.jpg",
            "c-p1.tif",
            "c-p12.tif",
            "c.TIFF",
            "d-p3.tif",
            "e-px.tif",
            "e.tif",
        ];
        let mut plan = plan(&names);
        plan.entries.sort_by(|one, other| one.stem().cmp(other.stem()));
        let name = |at: usize| plan.entries[at].below.as_str();
        let doubts = plan.doubts();
        let told: Vec<_> =
            doubts.iter().map(|doubt| (name(doubt.book), doubt.page, name(doubt.other))).collect();
        assert_eq!(told, [("a.tif", 2, "a-p2.jpg"), ("c.TIFF", 12, "c-p12.tif")]);
    }

    #[test]
    fn all_that_collide_are_named_up_to_a_number() {
        let (one, many) = (["a.jpg", "a.png", "b.jpg"], ["a.jpg"; 14]);
        let told = plan(&one).must_not_collide().expect_err("a collision").to_string();
        assert!(told.starts_with("a.jpg and a.png would both become out/a.tif\n"), "{told}");
        let told = plan(&many).must_not_collide().expect_err("collisions").to_string();
        assert!(told.contains("and 3 more"), "{told}");
    }
}
