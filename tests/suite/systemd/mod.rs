//! The install of README.md, line by line, on a machine with a live systemd, behind the packaged NGINX: it serves every
//! kind of master in every format, and loses no request when it is reloaded, restarted, upgraded, stopped or killed. Taken out
//! again it leaves a machine as it was. `tests/machine.sh` is the machine, the scripts beside this file are what is done on it;
//! this brings masters, the program and its package, and judges.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::conformance::masters::write_png;
use crate::judge::{recto, run, skipped, text};
use crate::packages;
use crate::picture::Picture;

const FORMATS: [&str; 8] = ["jpg", "png", "webp", "tif", "gif", "pdf", "avif", "jp2"];

/// What systemd-analyze says at most of what the service might do to the system, from 0 to 10. It counts as something that
/// a process may lower its own priority.
const EXPOSURE: f64 = 0.3;

/// The same with what stores need: the network.
const EXPOSURE_WITH_STORES: f64 = 1.2;

#[test]
fn the_install_of_the_readme_serves_loses_no_request_and_can_be_taken_out() {
    if skipped("systemd") {
        return;
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let host = tempfile::tempdir_in(target).expect("a directory");
    let at = |name: &str| host.path().join(name);
    let masters = write_masters(&at("masters"));
    fs::copy(env!("CARGO_BIN_EXE_recto"), at("recto")).expect("copied");
    fs::create_dir(at("deb")).expect("made");
    let package = packages::debian();
    fs::copy(package, at("deb").join(package.file_name().expect("a name"))).expect("copied");
    fs::write(at("script"), script()).expect("written");

    let root = target.join("machine.tar");
    let log = || fs::read_to_string(at("log")).unwrap_or_default();
    machine(&["make", text(&root)], log);
    machine(&["run", text(&root), text(host.path())], log);

    for master in masters {
        for format in FORMATS {
            let expected =
                recto(&at("masters").join(master), &format!("full/200,/0/default.{format}")).stdout;
            assert!(!expected.is_empty(), "{master} as {format}");
            for state in ["shipped", "refused", "allowed"] {
                if state == "shipped" || format == "jpg" {
                    let served = fs::read(at(&format!("{state}-{master}.{format}"))).expect("a picture");
                    assert!(served == expected, "{master} as {format}, openat2 {state}");
                }
            }
        }
    }
    let expected = recto(&at("masters/leaf.tif"), "full/200,/0/default.jpg").stdout;
    assert!(fs::read(at("container.jpg")).expect("a picture") == expected, "the picture of the container");
    let report = fs::read_to_string(at("exposure")).expect("a report");
    let exposure = report.split("level for recto.service: ").nth(1).and_then(|rest| rest.split(' ').next());
    let exposure: f64 = exposure.and_then(|number| number.parse().ok()).expect("a number");
    assert!(exposure <= EXPOSURE, "{report}");
}

/// What stores need is an example, and what it opens stays little.
#[test]
fn with_what_stores_need_the_unit_is_still_nearly_closed() {
    if skipped("systemd") {
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let source = Path::new(env!("CARGO_MANIFEST_DIR"));
    let [unit, stores] = ["systemd/recto.service", "examples/stores.conf"]
        .map(|name| fs::read_to_string(source.join(name)).expect("shipped"));
    let together = directory.path().join("recto.service");
    fs::write(&together, unit + &stores).expect("written");
    let report = run("systemd-analyze", &["security", "--offline=true", "--no-pager", text(&together)]);
    let exposure = report.split("level for recto.service: ").nth(1).and_then(|rest| rest.split(' ').next());
    let exposure: f64 = exposure.and_then(|number| number.parse().ok()).expect("a number");
    assert!(exposure <= EXPOSURE_WITH_STORES, "{report}");
}

/// One picture as a master of each kind.
fn write_masters(directory: &Path) -> [&'static str; 6] {
    fs::create_dir(directory).expect("made");
    let at = |name: &str| directory.join(name);
    write_png(&at("leaf.png"), &Picture::waves(1500, 1100, 3));
    let pyramid = "leaf.tif[tile,pyramid,compression=jpeg,Q=85]";
    for name in [pyramid, "leaf.jpg", "leaf.webp"] {
        run("vips", &["copy", text(&at("leaf.png")), text(&at(name))]);
    }
    // Where its many packets lie is expensive to find out.
    run("opj_compress", &["-i", text(&at("leaf.png")), "-o", text(&at("leaf.jp2")), "-b", "8,8"]);
    // Not every libvips writes GIF.
    fs::write(at("leaf.gif"), recto(&at("leaf.png"), "full/max/0/default.gif").stdout).expect("written");
    ["leaf.tif", "leaf.jp2", "leaf.jpg", "leaf.png", "leaf.gif", "leaf.webp"]
}

/// What the machine is to do: README's second way and all that can happen to the service, then its first, by the package, and
/// the container.
fn script() -> String {
    let mut script = "set -eu\ncd /src\ncp -r /host/masters /srv/images\n".to_owned();
    script += "touch -d yesterday /srv/images/*\n"; // nothing is kept about what has just been written
    script += "mkdir -p /var/lib/apt/lists/partial /var/cache/apt/archives/partial\n";
    script += "export EDITOR='sh /src/tests/suite/systemd/editor.sh'\n";

    let [packaged, copied] = readme_blocks();
    let others = packaged.split_once('\n').expect("lines").1;
    script += &steps(
        &format!("{copied}{others}"),
        &[("make build && ", ""), ("PREFIX=/usr ", "PREFIX=/usr RECTO=/host/recto ")],
    );
    script += ". /src/tests/suite/systemd/service.sh\n. /src/tests/suite/systemd/uninstall.sh\n";
    script += &steps(&packaged, &[("make deb && ", ""), ("./target/deb/", "/host/deb/")]);
    script + ". /src/tests/suite/systemd/package.sh\n. /src/tests/suite/systemd/container.sh\n"
}

/// The commands of README's section on the install: all of them by the package, and the first line without one.
fn readme_blocks() -> [String; 2] {
    let readme = include_str!("../../../README.md");
    let section = readme.split("\n## Install").nth(1).expect("a section");
    let mut blocks =
        section.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned());
    [(); 2].map(|()| blocks.next().expect("commands"))
}

/// These lines as a script. Only what is particular to each site is put in: what has been built already, the name of the
/// site's file, and the editor.
fn steps(lines: &str, particulars: &[(&str, &str)]) -> String {
    let lines =
        particulars.iter().chain(&[("YOUR-SITE", "default")]).fold(lines.to_owned(), |lines, (from, to)| {
            assert!(lines.contains(from), "{from:?} in the README's install");
            lines.replace(from, to)
        });
    let step = |line: &str| format!("( {line}\n) || {{ echo 'FAILED: {line}'; exit 1; }}\n");
    lines.lines().map(step).collect()
}

/// Runs `tests/machine.sh`; the test fails with what it says, and with the log.
fn machine(arguments: &[&str], log: impl Fn() -> String) {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machine.sh");
    let output = Command::new("sh").arg(program).args(arguments).output().expect("sh");
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "tests/machine.sh {arguments:?}: {complaints}{}", log());
}
