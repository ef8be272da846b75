//! `recto replay`: two servers compared on real requests.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::ensure;

use crate::replay::{Replay, Tolerance, replay};

/// Compare two servers on the requests of an access log
///
/// Before a move, or before and after an upgrade: takes the requests of the Image API out
/// of access logs (combined form, or JSON lines with "method" and "uri", plain or gzip),
/// asks both servers for each of them once, and compares status, media type, size, pixels,
/// what info.json says, and time. The worst differences come first.
///
///   recto replay access.log --against https://old.example.org/iiif --with http://localhost:8182/iiif
///   zcat access.log.*.gz | recto replay - --against URL --with URL --limit 5000 --json > report.json
///
/// What the log's paths begin with is taken off (by default the path of the first URL) and
/// what the URLs end with is put in its place. The same log gives the same sample each
/// time.
///
/// Exit status: 0 if nothing differs, 1 if something does or the comparison failed, 2 if
/// the arguments are wrong.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// Access logs; - is the standard input
    #[arg(required = true, value_name = "ACCESS-LOG")]
    logs: Vec<PathBuf>,

    /// The server that is there, by the URL of what the log's paths lie below: https://old.example.org/iiif
    #[arg(long, value_name = "URL")]
    against: String,

    /// The server that is compared with it, by the same: http://localhost:8182/iiif
    #[arg(long, value_name = "URL")]
    with: String,

    /// What the paths of the log begin with [default: the path of --against]
    #[arg(long, value_name = "PREFIX")]
    strip: Option<String>,

    /// The share of different requests that is compared, above 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    sample: f64,

    /// How many requests are compared at most
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    limit: usize,

    /// How many are made at once
    #[arg(long, value_name = "NUMBER", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    concurrency: u8,

    /// How many requests each server gets in a second at most
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    rate: u32,

    /// How many seconds an answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    patience: u64,

    /// Pictures differ if their ratio of peak to noise is less; two good ways of scaling and compressing are 28 to 40 apart
    #[arg(long, value_name = "DECIBELS", default_value_t = Tolerance::default().psnr)]
    psnr: f64,

    /// Pictures differ if a sample of them differs by more, 0 to 255
    #[arg(long, value_name = "NUMBER", default_value_t = Tolerance::default().max)]
    max_difference: u8,

    /// How many differences are told one by one
    #[arg(long, value_name = "NUMBER", default_value_t = 30)]
    show: usize,

    /// Print all as JSON
    #[arg(long)]
    json: bool,
}

/// Compares, prints the report, and gives the exit status.
pub(super) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { logs, against, with, strip, sample, limit, rate, .. } = arguments;
    ensure!(sample > 0.0 && sample <= 1.0, "--sample {sample} is not above 0 and up to 1");
    let report = replay(&Replay {
        logs,
        against,
        with,
        strip,
        sample,
        limit,
        concurrency: arguments.concurrency.into(),
        rate,
        patience: Duration::from_secs(arguments.patience),
        tolerance: Tolerance { psnr: arguments.psnr, max: arguments.max_difference },
    })?;
    let told = if arguments.json { format!("{:#}\n", report.json()) } else { report.text(arguments.show) };
    // A reader who has gone has seen enough.
    let _ = io::stdout().write_all(told.as_bytes());
    Ok(if report.is_same() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
