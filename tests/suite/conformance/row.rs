//! One row of the tables: a rule, a request, what must come back. A table names all the rows that fail at once.

use super::judge::Shown;
use super::masters::Kind;
use crate::site::Site;

/// Which versions of the API a row holds for.
#[derive(Clone, Copy)]
pub enum In {
    Both,
    V2,
    V3,
}

impl In {
    fn versions(self) -> &'static [u8] {
        match self {
            Self::Both => &[3, 2],
            Self::V2 => &[2],
            Self::V3 => &[3],
        }
    }
}

/// What must come back.
#[derive(Clone, Copy)]
pub enum Expect {
    /// One of these, and a text that says why.
    Refusal(&'static [u16]),
    /// This picture.
    Picture(Shown),
}

/// A part of the original in a size.
pub const fn part(region: [usize; 4], size: [usize; 2]) -> Expect {
    Expect::Picture(Shown { region, size, mirrored: false, turn: 0 })
}

/// A part of the original, turned; first mirrored if `mirrored`.
pub const fn turned(region: [usize; 4], size: [usize; 2], mirrored: bool, turn: usize) -> Expect {
    Expect::Picture(Shown { region, size, mirrored, turn })
}

/// A 400.
pub const REFUSED: Expect = Expect::Refusal(&[400]);

/// A rule's id, the versions, what stands after the identifier, and what must come back.
pub type Row<'a> = (&'a str, In, &'a str, Expect);

/// Asks a master everything in the table.
#[track_caller]
pub fn check(site: &Site, kind: &Kind, rows: &[Row]) {
    let mut faults = Vec::new();
    for (rule, versions, request, expect) in rows {
        for version in versions.versions() {
            let path = format!("/iiif/{version}/{}.tif/{request}", kind.name);
            if let Some(fault) = fault(site, kind, &path, *expect) {
                faults.push(format!("{rule}: {path}: {fault}"));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
}

fn fault(site: &Site, kind: &Kind, path: &str, expect: Expect) -> Option<String> {
    let answer = site.get(path);
    match expect {
        Expect::Refusal(statuses) if statuses.contains(&answer.status) => {
            let is_text = answer.the("content-type").starts_with("text/") && answer.body.len() > 10;
            (!is_text).then(|| format!("status {} does not say why", answer.status))
        }
        Expect::Picture(shown) if answer.status == 200 => shown.fault(kind, &answer),
        Expect::Refusal(_) | Expect::Picture(_) => Some(format!("status {}", answer.status)),
    }
}
