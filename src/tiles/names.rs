//! What trees are called: as their masters are asked for without their extension. Pure.

use std::collections::HashMap;

use crate::check::masters::Named;
use crate::source::EXTENSIONS;

/// The name of the tree of each master, a path with slashes; or why it can have none, beside which the others would stand.
pub(super) fn of_trees(masters: Vec<Named>, keep_extension: bool) -> Vec<(Named, Result<String, String>)> {
    let named: Vec<_> = masters
        .into_iter()
        .map(|master| {
            let name = name(&master, keep_extension);
            (master, name)
        })
        .collect();
    let mut all: HashMap<String, usize> = HashMap::new();
    named.iter().for_each(|(_, name)| *all.entry(name.clone()).or_default() += 1);
    let outer = |name: &str| {
        name.match_indices('/').map(|(at, _)| name[..at].to_owned()).find(|name| all.contains_key(name))
    };
    named
        .into_iter()
        .map(|(master, name)| {
            let fault = match (all.get(&name), outer(&name)) {
                (Some(2..), _) => {
                    Some(format!("another master has the name {name} too: --keep-extension tells them apart"))
                }
                (_, Some(outer)) => Some(format!(
                    "its tree would stand within that of {outer}: --keep-extension tells them apart"
                )),
                _ => None,
            };
            (master, fault.map_or(Ok(name), Err))
        })
        .collect()
}

fn name(master: &Named, keep_extension: bool) -> String {
    let identifier = &*master.identifier;
    let is_known = |extension: &str| EXTENSIONS.iter().any(|group| group.contains(&extension));
    let stem = match identifier.rsplit_once('.') {
        Some((stem, extension))
            if !keep_extension && is_known(extension) && !stem.ends_with('/') && !stem.is_empty() =>
        {
            stem
        }
        _ => identifier,
    };
    if master.page == 1 { stem.to_owned() } else { format!("{stem};{}", master.page) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_stand_beside_each_other() {
        let master = |identifier: &str, page| Named {
            file: identifier.into(),
            identifier: identifier.to_owned(),
            page,
        };
        let masters = || {
            vec![
                master("leaf.tif", 1),
                master("box/leaf.jp2", 1),
                master("book.tif", 3),
                master("notes.txt", 1),
                master("twice.tif", 1),
                master("twice.jpg", 1),
                master("box.tif", 1),
            ]
        };
        let names =
            |keep| -> Vec<_> { of_trees(masters(), keep).into_iter().map(|(_, name)| name.ok()).collect() };
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(
            names(false),
            [some("leaf"), None, some("book;3"), some("notes.txt"), None, None, some("box")]
        );
        let kept =
            ["leaf.tif", "box/leaf.jp2", "book.tif;3", "notes.txt", "twice.tif", "twice.jpg", "box.tif"];
        assert_eq!(names(true), kept.map(some));
    }
}
