//! The command line: one file per subcommand. Help is written here, beside what it is about.

#![allow(rustdoc::bare_urls)] // help shows addresses as they are typed

mod check;
mod convert;
mod examine;
mod fetch;
mod identify;
mod import;
mod manual;
mod masters;
mod purge;
mod reload;
mod render;
mod replay;
mod serve;
mod status;
mod stop;
mod tiles;
mod warm;
mod worker;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::process::supervisor::Refused;
use crate::{demo, logging};
use clap::{Parser, Subcommand};
use signal_hook::consts::SIGPIPE;

/// Recto serves images to IIIF viewers.
///
/// It answers the IIIF Image API 3.0 and 2.1 from large master files (tiled pyramidal TIFF, JPEG 2000), reading only
/// the resolution and the tiles that a request needs. A fixed pool of worker processes speaks FastCGI on a unix
/// socket; NGINX in front of it does TLS, CORS and the cache.
///
/// Try `recto demo`: it makes sample images and shows them in a browser.
#[derive(Parser)]
#[command(name = "recto", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Arguments),
    Render(render::Arguments),
    Demo(demo::Arguments),
    Check(check::Arguments),
    Identify(identify::Arguments),
    Convert(convert::Arguments),
    Status(status::Arguments),
    Top(status::top::Arguments),
    #[command(hide = true)]
    Examine(examine::Arguments),
    Purge(purge::Arguments),
    Reload(reload::Arguments),
    #[command(hide = true)]
    Manual(manual::Arguments),
    Replay(replay::Arguments),
    ImportConfig(import::Arguments),
    Tiles(tiles::Arguments),
    Warm(warm::Arguments),
    #[command(hide = true)]
    Transform(convert::Transform),
    #[command(hide = true)]
    Fetch(fetch::Arguments),
    #[command(hide = true)]
    Worker(worker::Arguments),
}

/// The exit status if nothing changes by trying again: somebody has to act first (EX_CONFIG of sysexits.h).
const REFUSED: u8 = 78;

/// Parses the arguments, runs one subcommand, prints the error chain. Exit codes: 0 done, 1 failed, 2 wrong arguments, 78
/// the configuration cannot be served, or RECTO_LOG is no level; a subcommand may have others.
pub fn main() -> ExitCode {
    let command = Arguments::parse().command;
    // What looks at files tells what it would log with what it found out.
    if !matches!(command, Command::Examine(_) | Command::Transform(_))
        && let Err(error) = logging::start(matches!(command, Command::Worker(_)))
    {
        eprintln!("recto: {error}");
        return REFUSED.into();
    }
    let is_logged = matches!(command, Command::Serve(_) | Command::Fetch(_) | Command::Worker(_));
    // What has children writes to them as well, and goes on without them.
    if matches!(command, Command::Render(_) | Command::Status(_)) {
        end_with_the_reader();
    }
    let done = |()| ExitCode::SUCCESS;
    let result = match command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Render(arguments) => render::run(&arguments).map(done),
        Command::Demo(arguments) => demo::run(arguments).map(done),
        Command::Check(arguments) => check::run(&arguments),
        Command::Identify(arguments) => Ok(identify::run(&arguments)),
        Command::Convert(arguments) => Ok(convert::run(arguments)),
        Command::Transform(arguments) => convert::transform(&arguments).map(done),
        Command::Examine(arguments) => examine::run(arguments).map(done),
        Command::Purge(arguments) => purge::run(&arguments),
        Command::Reload(arguments) => reload::run(&arguments),
        Command::Status(arguments) => status::run(&arguments),
        Command::Top(arguments) => status::top::run(&arguments),
        Command::Manual(arguments) => manual::run(&arguments).map(done),
        Command::Replay(arguments) => replay::run(arguments),
        Command::ImportConfig(arguments) => import::run(&arguments),
        Command::Tiles(arguments) => tiles::run(arguments),
        Command::Warm(arguments) => warm::run(arguments),
        Command::Fetch(arguments) => fetch::run(&arguments).map(done),
        Command::Worker(arguments) => worker::run(arguments).map(done),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            match is_logged {
                true => log::error!("{error:#}"),
                false => eprintln!("recto: {error:#}"),
            }
            if error.is::<Refused>() { REFUSED.into() } else { ExitCode::FAILURE }
        }
    }
}

/// What is printed into a pipe that nobody reads any more, as behind `head`, ends the program quietly, as it ends others.
fn end_with_the_reader() {
    let always = Arc::new(AtomicBool::new(true));
    if let Err(error) = signal_hook::flag::register_conditional_default(SIGPIPE, always) {
        log::debug!("a closed pipe will be an error: {error}");
    }
}
