//! What is installed, in each of its forms: the Debian package, the archive, `make install` and its inverse, the manual.
//! What a live system does with them is in `systemd`.

mod debian;
mod installed;
mod manual;
mod set_up;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::judge::text;

/// A script of the repository, about to be run for the program under test.
fn script(shell: &str, path: &str) -> Command {
    let mut command = Command::new(shell);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
    command.env("RECTO", env!("CARGO_BIN_EXE_recto")).env("NOTICES", notices()).env("REVISION", "1");
    // The best compression takes longer than all else.
    command.env("DPKG_DEB_COMPRESSOR_TYPE", "gzip").env("DPKG_DEB_COMPRESSOR_LEVEL", "1");
    command
}

/// Who wrote what is in the program, found out once.
fn notices() -> &'static Path {
    static NOTICES: OnceLock<PathBuf> = OnceLock::new();
    NOTICES.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("third-party.txt");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("packages/notices.sh");
        fs::write(&path, done(Command::new("sh").arg(script)).stdout).expect("written");
        path
    })
}

/// Its output, once it has succeeded.
#[track_caller]
fn done(command: &mut Command) -> Output {
    let output = command.output().expect("a shell");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaints}");
    output
}

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// The package of the program under test, made once; that of its debug symbols is beside it.
pub fn debian() -> &'static Path {
    static PACKAGE: OnceLock<PathBuf> = OnceLock::new();
    PACKAGE.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deb");
        let output = done(script("sh", "packages/deb.sh").arg(&directory));
        let packages = lines(&output);
        let package = packages.iter().find(|path| path.contains("/recto_"));
        PathBuf::from(package.expect("a package"))
    })
}

/// All files, directories and links below a directory, and what is in them; sorted.
fn everything(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(next).expect("a directory") {
            let entry = entry.expect("an entry");
            let path = entry.path();
            let kind = entry.file_type().expect("a kind");
            let content = if kind.is_file() { fs::read(&path).expect("a file") } else { Vec::new() };
            if kind.is_dir() {
                waiting.push(path.clone());
            }
            let name = path.strip_prefix(directory).expect("below it");
            found.push((text(name).to_owned(), content));
        }
    }
    found.sort();
    found
}

/// The subcommands that `recto --help` tells of.
fn subcommands() -> Vec<String> {
    let help = lines(&done(Command::new(env!("CARGO_BIN_EXE_recto")).arg("--help")));
    let commands = help.iter().skip_while(|line| *line != "Commands:").skip(1);
    let names = commands.take_while(|line| !line.is_empty()).filter_map(|line| {
        let name = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' '))?;
        name.split(' ').next().map(str::to_owned)
    });
    names.filter(|name| name != "help").collect()
}
