//! The command line: one file per subcommand. Help is written here, beside what it is about.

mod log;
mod render;
mod serve;
mod worker;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::demo;
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
    #[command(hide = true)]
    Worker(worker::Arguments),
}

/// Parses the arguments, runs one subcommand, prints the error chain. Exit codes: 0 done, 1 failed, 2 wrong arguments.
pub fn main() -> ExitCode {
    let command = Arguments::parse().command;
    log::to_stderr(matches!(command, Command::Worker(_)));
    if !matches!(command, Command::Serve(_) | Command::Worker(_) | Command::Demo(_)) {
        end_with_the_reader();
    }
    let result = match command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Render(arguments) => render::run(&arguments),
        Command::Demo(arguments) => demo::run(arguments),
        Command::Worker(arguments) => worker::run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("recto: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What is printed into a pipe that nobody reads any more, as behind `head`, ends the program quietly, as it ends others.
fn end_with_the_reader() {
    let always = Arc::new(AtomicBool::new(true));
    if let Err(error) = signal_hook::flag::register_conditional_default(SIGPIPE, always) {
        ::log::debug!("a closed pipe will be an error: {error}");
    }
}
