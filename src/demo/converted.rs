//! Large flat files that were named to the demo, made into pyramids before they are shown.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::ensure;

use crate::account::Kind;
use crate::convert::batch::{self, Existing, Options, exit, result_name};
use crate::convert::{Order, Purpose, Wish, is_result_of};
use crate::master::Master;

/// What has fewer pixels is decoded as a whole before anybody notices.
const WORTH_IT: u64 = 4_000_000;

/// What was made of each file that it pays for, below a directory, where it stays for the next time. What cannot be
/// converted is shown as it is, with what is wrong with it.
///
/// # Errors
/// If it is stopped.
pub(super) fn masters(files: &[PathBuf], directory: &Path) -> anyhow::Result<HashMap<PathBuf, PathBuf>> {
    let wish = Wish::of(Purpose::Speed);
    let mut made = HashMap::new();
    for (number, (files, names)) in without_namesakes(files.iter().filter(|file| pays(file)), &wish) {
        let directory = directory.join(number.to_string());
        let count = files.len();
        let of = if count == 1 { "large flat file is" } else { "large flat files are" };
        say!("{count} {of} converted first; --as-is shows them as they are");
        convert(&files, &directory, &wish)?;
        for (input, name) in files.into_iter().zip(names) {
            let order = Order { input, page: 1, output: directory.join(name) };
            if is_result_of(&order, &wish).unwrap_or(false) {
                made.insert(order.input, order.output);
            }
        }
    }
    Ok(made)
}

fn convert(files: &[PathBuf], directory: &Path, wish: &Wish) -> anyhow::Result<()> {
    let options = Options {
        inputs: files.to_vec(),
        list: None,
        // A directory, whatever is there.
        output: directory.join(""),
        wish: wish.clone(),
        page: Some(1),
        existing: Existing::Skip,
        shard: None,
        jobs: None,
        timeout: None,
        dry_run: false,
        json: None,
        verbose: true,
    };
    match batch::run(&options) {
        Ok(status) => ensure!(status < exit::SIGNAL, "stopped"),
        Err(error) => say!("note: not converted: {error:#}"),
    }
    Ok(())
}

/// Files, and the names of their results, a directory's each, so that no two of one directory have the same.
fn without_namesakes<'a>(
    files: impl Iterator<Item = &'a PathBuf>,
    wish: &Wish,
) -> BTreeMap<usize, (Vec<PathBuf>, Vec<String>)> {
    let mut directories = BTreeMap::<usize, (Vec<PathBuf>, Vec<String>)>::new();
    for file in files {
        let Some(name) = file.file_name().and_then(|name| name.to_str()) else { continue };
        let name = result_name(name, wish);
        let is_free =
            |number: &usize| directories.get(number).is_none_or(|(_, names)| !names.contains(&name));
        let number = (1..).find(is_free).unwrap_or(1);
        let (files, names) = directories.entry(number).or_default();
        files.push(file.clone());
        names.push(name);
    }
    directories
}

/// Whether a file is large, and has neither tiles nor smaller levels. (A JPEG is decoded at a half and less of its size, but for
/// that all of it is read.) Pages of one that has several stay where they are.
fn pays(file: &Path) -> bool {
    let Ok(master) = Master::open(file) else { return false };
    let is_flat = match master.kind() {
        Kind::Jp2 => false,
        Kind::Tiff => master.pages() == Ok(1) && master.facts().is_ok_and(|facts| facts.levels.len() == 1),
        _ => true,
    };
    is_flat && master.description.dimensions().area() >= WORTH_IT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_name_have_results_in_different_directories() {
        let files = ["a/x.jpg", "b/x.jpg", "y.png", "b/x.png"].map(PathBuf::from);
        let sorted = without_namesakes(files.iter(), &Wish::of(Purpose::Speed));
        let of = |number: usize| sorted[&number].1.join(" ");
        assert_eq!([of(1), of(2), of(3)], ["x.tif y.tif", "x.tif", "x.tif"]);
        assert_eq!(sorted[&2].0, [PathBuf::from("b/x.jpg")]);
    }
}
