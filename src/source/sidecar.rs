//! The file beside a master with the members that its publisher adds to info.json: `leaf.tif.json` for `leaf.tif`. Only
//! read here; it is parsed and checked where info.json is made.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::Identity;
use super::root::Root;

/// Longest file that is read, in bytes.
pub(super) const LONGEST: u64 = 64 * 1024;

/// A file beside a master, open.
#[derive(Debug)]
pub struct Sidecar {
    /// What distinguishes this state of the file from any other.
    pub identity: Identity,
    content: Content,
}

/// What is in it.
#[derive(Debug)]
enum Content {
    File(File),
    /// What a store had, unless it is too long.
    Bytes(Vec<u8>),
}

impl Root {
    /// The file beside the master at `path` below the directory, if there is one.
    pub(super) fn sidecar(&self, path: &str) -> Option<Sidecar> {
        let (file, identity) = self.open_file(&format!("{path}.json")).ok().flatten()?;
        Some(Sidecar { identity, content: Content::File(file) })
    }
}

impl Sidecar {
    /// The file beside a master that was named on the command line, if there is one.
    pub fn beside(master: &Path) -> Option<Self> {
        let mut name = master.as_os_str().to_owned();
        name.push(".json");
        let file = File::open(name).ok()?;
        Some(Self { identity: Identity::of(&file.metadata().ok()?), content: Content::File(file) })
    }

    /// One whose bytes are in memory already; of a longer one than is read none are needed.
    pub(super) fn fetched(identity: Identity, bytes: Vec<u8>) -> Self {
        Self { identity, content: Content::Bytes(bytes) }
    }

    /// Its text.
    ///
    /// # Errors
    /// With the reason: it is too long, no text, or cannot be read.
    pub fn text(&self) -> Result<String, String> {
        if self.identity.size > LONGEST {
            return Err(format!("it has more than {LONGEST} bytes"));
        }
        let mut text = String::new();
        // It may grow while it is read.
        let read = match &self.content {
            Content::File(file) => file.take(LONGEST).read_to_string(&mut text),
            Content::Bytes(bytes) => bytes.take(LONGEST).read_to_string(&mut text),
        };
        read.map(|_| text).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sidecar_is_short_text_beside_the_master() {
        let directory = tempfile::tempdir().expect("a directory");
        let write =
            |name: &str, bytes: &[u8]| std::fs::write(directory.path().join(name), bytes).expect("written");
        write("a.tif.json", b"{}");
        write("long.tif.json", &[b' '; 65_537]);
        write("bytes.tif.json", b"\xff");
        let root = Root::open(directory.path(), false).expect("root");
        let text = |path| root.sidecar(path).map(|sidecar| sidecar.text());
        assert_eq!(text("a.tif"), Some(Ok("{}".to_owned())));
        assert_eq!(text("b.tif"), None);
        assert!(matches!(text("long.tif"), Some(Err(_))) && matches!(text("bytes.tif"), Some(Err(_))));
    }
}
