//! The `recto` program: parses the arguments, runs one subcommand, prints the error chain.

use std::process::ExitCode;

fn main() -> ExitCode {
    recto::cli::main()
}
