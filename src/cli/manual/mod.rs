//! `recto manual`: man pages, and completions for shells. Both are made from what there is in any case, the definition of
//! the arguments and the documented configuration, so that nothing is said twice.

mod configuration;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate_to};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

/// What stands at the foot of each page.
const MANUAL: &str = "Recto";
const SOURCE: &str = concat!("recto ", env!("CARGO_PKG_VERSION"));

/// Lines as long as they come: paths and numbers read badly with holes between them.
const LEFT: [&str; 1] = ["l"];

/// Write man pages, and completions for bash, zsh and fish, as an installation wants them
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where man1, man5 and completions are made
    directory: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut program = for_people(&super::Arguments::command());
    let completions = directory(&arguments.directory, "completions")?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut program, "recto", &completions)?;
    }

    let pages = directory(&arguments.directory, "man1")?;
    program.build();
    let names: Vec<String> = program.get_subcommands().map(page_name).collect();
    write_page(&pages, program.clone(), &names)?;
    for subcommand in program.get_subcommands() {
        write_page(&pages, subcommand.clone(), &["recto".to_owned()])?;
    }

    let page = directory(&arguments.directory, "man5")?.join("recto.toml.5");
    fs::write(&page, configuration::page()).with_context(|| format!("{} cannot be written", page.display()))
}

fn directory(parent: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let path = parent.join(name);
    fs::create_dir_all(&path).with_context(|| format!("{} cannot be made", path.display()))?;
    Ok(path)
}

/// The program without the subcommands that only programs call.
fn for_people(program: &Command) -> Command {
    let shown = program.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()).cloned();
    Command::new("recto")
        .version(env!("CARGO_PKG_VERSION"))
        .about(program.get_about().cloned().unwrap_or_default())
        .long_about(program.get_long_about().cloned().unwrap_or_default())
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .subcommands(shown)
}

fn page_name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

/// One page of section 1, which leads to the pages named `others` and to that of the configuration.
fn write_page(directory: &Path, command: Command, others: &[String]) -> anyhow::Result<()> {
    let path = directory.join(format!("{}.1", page_name(&command)));
    let mut file = File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    let notes = command.get_after_long_help().or_else(|| command.get_after_help()).map(ToString::to_string);
    let subcommands = command.has_subcommands();
    let man = Man::new(command).source(SOURCE).manual(MANUAL);
    man.render_title(&mut file)?;
    Roff::new().control("ad", LEFT).to_writer(&mut file)?;
    man.render_name_section(&mut file)?;
    man.render_synopsis_section(&mut file)?;
    man.render_description_section(&mut file)?;
    man.render_options_section(&mut file)?;
    if subcommands {
        man.render_subcommands_section(&mut file)?;
    }
    let mut rest = Roff::new();
    if let Some(notes) = notes {
        rest.control("SH", ["NOTES"]);
        for line in notes.lines() {
            paragraph_line(&mut rest, line);
        }
    }
    see_also(&mut rest, others.iter().map(|name| format!("{name}(1)")).chain(["recto.toml(5)".to_owned()]));
    Ok(rest.to_writer(&mut file)?)
}

/// A line of running text; one that is empty ends the paragraph.
fn paragraph_line(page: &mut Roff, line: &str) {
    if line.trim().is_empty() {
        page.control("PP", []);
    } else {
        page.text([roman(line)]);
    }
}

fn see_also(page: &mut Roff, pages: impl Iterator<Item = String>) {
    page.control("SH", ["SEE ALSO"]);
    page.text([roman(pages.collect::<Vec<_>>().join(", "))]);
}
