//! `recto warm`: a cache filled before viewers come.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::stop;
use crate::config::Config;
use crate::picture::Dimensions;
use crate::warm::{Order, Report, Thumbnail, warm};

/// Ask a server for what viewers will ask for first, so that its cache has it
///
/// For each master: info.json, the thumbnails that viewers and manifests use, and the tiles that
/// OpenSeadragon, and what is made of it (Mirador, Universal Viewer, TIFY), asks for while it
/// shows the whole image in a window of --screen.
///
///   recto warm new.txt --url https://images.example.org/iiif/3
///   recto warm /srv/masters --url http://localhost/iiif/3 --state /var/tmp/warm --rate 50
///   find . -name '*.tif' -printf '%P\n' | recto warm - --url https://images.example.org/iiif/3
///
/// LIST has an identifier a line: as a path (box/leaf.tif) or, without slashes, as it stands in a
/// URL (box%2Fleaf.tif). Of a directory all masters are taken, called as the server calls them.
///
/// A server that is too busy (429, 503) is left alone for as long as it says, at most five minutes.
/// If 20 requests in a row fail, it is given up.
///
/// Ask by the URL that viewers will use, which info.json tells them: a cache may keep copies for
/// each host apart. Screens with two pixels to a point need twice the --screen.
///
/// Exit status: 0 if all came, 1 if something failed, 2 if the arguments are wrong, 130 if a
/// signal has ended it.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// A file of identifiers, - for the standard input, or a directory of masters
    #[arg(value_name = "LIST|DIR")]
    list: PathBuf,

    /// What identifiers are put behind, with the version of the Image API: https://example.org/iiif/3
    #[arg(long, value_name = "URL", value_parser = url)]
    url: String,

    /// Sizes of thumbnails, as they stand in URLs, with blanks between them; mirador is the one of the image's own sizes
    /// that Mirador takes. Those for which an image is too small are left out
    #[arg(long, value_name = "SIZES", default_value = "200, 90, mirador", value_parser = thumbnails)]
    thumbnails: Thumbnails,

    /// The window of a viewer, in pixels; or none, for no tiles
    #[arg(long, value_name = "WxH", default_value = "1280x800", value_parser = screen)]
    screen: Screen,

    /// How many requests are made in a second at most
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,

    /// How many are made at once
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    connections: u8,

    /// How many seconds an answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    patience: u64,

    /// Note in FILE what is done, and leave out what it has
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,

    /// Begin after this identifier of the list
    #[arg(long, value_name = "ID")]
    start_after: Option<String>,

    /// With DIR: the configuration of the server, whose `[masters]` and `[[source]]` give the identifiers; otherwise DIR is
    /// taken for its root
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print the URLs that would be asked for; only info.json is asked for
    #[arg(long, short = 'n')]
    dry_run: bool,

    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

/// What is given once, and means several.
#[derive(Clone, Debug)]
struct Thumbnails(Vec<Thumbnail>);

#[derive(Clone, Copy, Debug)]
struct Screen(Option<Dimensions>);

/// Asks, prints the report, and gives the exit status.
pub(super) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let (json, dry_run) = (arguments.json, arguments.dry_run);
    let masters = arguments.config.as_deref().map(Config::load).transpose()?;
    let order = Order {
        list: arguments.list,
        masters: masters.map(|config| config.serving.masters),
        url: arguments.url,
        thumbnails: arguments.thumbnails.0,
        screen: arguments.screen.0,
        rate: arguments.rate,
        connections: arguments.connections.into(),
        patience: Duration::from_secs(arguments.patience),
        start_after: arguments.start_after,
        state: arguments.state,
        dry_run,
    };
    let told = |url: &str| {
        if !json {
            // Whoever reads it may have seen enough.
            let _ = writeln!(io::stdout(), "{url}");
        }
    };
    let stop = stop::on_signals()?;
    let report = warm(&order, &stop, &told)?;
    tell_faults(&report, &order.url);
    match (json, dry_run) {
        (true, _) => println!("{}", serde_json::to_string_pretty(&report)?),
        (false, true) => {}
        (false, false) => println!("{}", report.text()),
    }
    Ok(match report.stopped {
        true => stop::STOPPED.into(),
        false if report.is_well() => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Prints what went wrong.
fn tell_faults(report: &Report, url: &str) {
    for failure in &report.failures {
        eprintln!("recto: {}: {}", failure.url, failure.why);
    }
    if let Some(why) = &report.given_up {
        eprintln!("recto: given up: {why}");
    }
    if let Some(id) = &report.other_id {
        eprintln!("recto: viewers will ask at {id}, as info.json says, and not below {url}");
    }
}

/// A URL of a web server, without slashes at its end.
fn url(text: &str) -> Result<String, String> {
    let is_web = text.starts_with("http://") || text.starts_with("https://");
    match is_web && !text.contains(['?', '#', ' ']) {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => Err("it is no URL such as https://example.org/iiif/3".to_owned()),
    }
}

fn thumbnails(text: &str) -> Result<Thumbnails, String> {
    let words = text.split_whitespace().filter(|word| *word != "none");
    words.map(str::parse).collect::<Result<_, _>>().map(Thumbnails)
}

fn screen(text: &str) -> Result<Screen, String> {
    if text == "none" {
        return Ok(Screen(None));
    }
    let side = |text: &str| text.parse().ok().filter(|side| (1..=100_000).contains(side));
    let size =
        text.split_once('x').and_then(|(width, height)| Some(Dimensions::new(side(width)?, side(height)?)));
    size.map(|size| Screen(Some(size))).ok_or_else(|| "it is no window such as 1280x800, nor none".to_owned())
}
