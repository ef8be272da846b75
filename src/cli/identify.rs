//! `recto identify`: all about one file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::check::masters;
use crate::source::file_and_page;

/// Say all that is known of one image file
///
/// Format, size, colours, profile, orientation, resolution, pages, levels with their tiles, the metadata that pictures of
/// it carry on, what its info.json offers, what it takes to serve its tiles, and how it could be stored better. Of a file
/// that cannot be served: why.
///
/// Exit status: 0 if it can be served well, 1 if not, 2 if the arguments are wrong.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The image file; a page of it after a semicolon, as in 'book.tif;3'
    #[arg(value_parser = file)]
    file: PathBuf,

    /// Judge by this configuration; otherwise the defaults hold
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print a JSON object instead of text
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    super::masters::status(masters::identify(&arguments.file, arguments.config.as_deref(), arguments.json))
}

/// A file that can be looked at.
fn file(text: &str) -> Result<PathBuf, String> {
    let path = Path::new(text);
    match () {
        () if path.is_dir() => {
            Err(format!("it is a directory; `recto check {text}` looks at all that is in it"))
        }
        () if file_and_page(path).0.exists() => Ok(path.to_owned()),
        () if text.contains("://") => Err(
            "it is a URL; fetch the file, and look at that: an image server does not tell how it is stored"
                .to_owned(),
        ),
        () => Err("there is no such file".to_owned()),
    }
}
