//! How answers look, as one number, and since when: that stands in a file in `[state] directory`, which outlives server,
//! configuration and program. What NGINX has from before then is stale, though it may not be old.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Config;
use crate::http::ConfigFingerprint;

/// The name of the file.
const NAME: &str = "looks";

/// All that the configuration and the version of the program change in answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looks {
    file: PathBuf,
    number: String,
}

impl Looks {
    /// Of answers by this configuration.
    pub fn of(config: &Config) -> Self {
        let http = &config.serving.http;
        let number = ConfigFingerprint::of(&(&config.rendering, &http.public_url, &http.cache_control));
        Self { file: config.serving.state.directory.join(NAME), number: number.to_string() }
    }

    /// The file in which they are noted.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Whether these are the ones that were noted last; None if none were.
    pub fn are_noted(&self) -> Option<bool> {
        let noted = fs::read_to_string(&self.file).ok()?;
        Some(noted.trim_end() == self.number)
    }

    /// Notes that answers look so from now on.
    ///
    /// # Errors
    /// If the file cannot be replaced.
    pub fn note(&self) -> io::Result<()> {
        let directory = self.file.parent().unwrap_or(Path::new("/"));
        let mut file = tempfile::Builder::new().prefix(".").tempfile_in(directory)?;
        writeln!(file, "{}", self.number)?;
        file.persist(&self.file)?;
        Ok(())
    }

    /// Since when answers look as they were noted last.
    ///
    /// # Errors
    /// If nothing was noted, or the file cannot be read.
    pub fn since(&self) -> io::Result<SystemTime> {
        fs::metadata(&self.file)?.modified()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_answers_changes_their_looks_and_nothing_else_does() {
        let state = tempfile::tempdir().expect("a directory");
        let of = |lines: &str| {
            let text = format!("masters.root = '/a'\nstate.directory = {:?}\n{lines}", state.path());
            Looks::of(&Config::parse(&text).expect(lines))
        };
        let plain = of("");
        assert!(plain.are_noted().is_none() && plain.since().is_err());
        plain.note().expect("written");
        assert!(plain.since().is_ok());
        for (lines, are_noted) in [
            ("", true),
            ("server.workers = 7", true),
            ("server.deadline = '29s'", true),
            ("jpeg.quality = 79", false),
            ("server.public_url = 'https://a/iiif'", false),
            ("server.cache_control = 'no-cache'", false),
        ] {
            assert_eq!(of(lines).are_noted(), Some(are_noted), "{lines}");
        }
    }
}
