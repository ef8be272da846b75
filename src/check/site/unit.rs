//! The service as systemd knows it: what `systemctl show` says of recto.service and recto.socket.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::program;
use crate::check::Finding;

/// The properties of a unit.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit(BTreeMap<String, String>);

impl Unit {
    /// What systemd knows of `unit`; None where there is no systemd, or it has no such unit.
    pub(super) fn show(unit: &str) -> Option<Self> {
        if !Path::new("/run/systemd/system").is_dir() {
            return None;
        }
        let said = program::run(Command::new("systemctl").args(["show", "--", unit]), PATIENCE).ok()?;
        Some(Self::parse(&said.out)).filter(|unit| unit.get("LoadState") == "loaded")
    }

    /// Lines of `NAME=value`.
    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Self(pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect())
    }

    /// The value of a property; empty if there is none.
    pub(super) fn get(&self, property: &str) -> &str {
        self.0.get(property).map_or("", |value| value)
    }

    /// The words of a property.
    pub(super) fn words(&self, property: &str) -> impl Iterator<Item = &str> {
        self.get(property).split_whitespace()
    }

    /// The number in a property; None if it has none, as in `infinity`.
    pub(super) fn number(&self, property: &str) -> Option<u64> {
        self.get(property).parse().ok()
    }

    /// The time in a property, as in `1min 30s`.
    pub(super) fn time(&self, property: &str) -> Option<Duration> {
        let mut time = Duration::ZERO;
        for word in self.words(property) {
            let digits = word.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
            let (number, unit) = word.split_at(digits);
            let seconds = match unit {
                "us" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "min" => 60.0,
                "h" => 3600.0,
                "d" => 86_400.0,
                _ => return None,
            };
            time += Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        }
        Some(time).filter(|time| !time.is_zero())
    }

    /// Whether it is this configuration that it serves.
    pub(super) fn serves(&self, config: &Path) -> bool {
        let config = config.to_string_lossy();
        self.get("ExecStart").split([' ', ';', '=']).any(|word| word == config)
    }
}

/// How the unit itself stands.
pub(super) fn judge(unit: &Unit, config: &Path, deadline: Duration) -> Vec<Finding> {
    let mut findings = Vec::new();
    if unit.get("NeedDaemonReload") == "yes" {
        let what = "recto.service has changed on disk since systemd read it";
        findings
            .push(Finding::warning("unit", what).mend("Have it read again:").by("systemctl daemon-reload"));
    }
    match unit.get("ActiveState") {
        "failed" => {
            let what = format!("recto.service has failed: {}", unit.get("Result"));
            let log = "journalctl --unit=recto.service --lines=30";
            findings.push(Finding::error("unit", what).mend("Its log says why:").by(log));
        }
        "active" | "reloading" | "activating" => {}
        state => {
            let what = format!("recto.service is {state}");
            let start = "systemctl enable --now recto.socket recto.service";
            findings.push(Finding::advice("unit", what).mend("Start it:").by(start));
        }
    }
    if let Some(limit) = unit.time("TimeoutStopUSec").filter(|limit| *limit <= deadline) {
        let what = format!("TimeoutStopSec={}s is not longer than [server] deadline", limit.as_secs());
        findings.push(edit(
            Finding::warning("unit", what + ": a stop cuts requests off"),
            "recto.service",
            &format!("[Service]\nTimeoutStopSec={}", deadline.as_secs() + 10),
        ));
    }
    if findings.is_empty() {
        let what = format!("recto.service is {} with {}", unit.get("ActiveState"), config.display());
        findings.push(Finding::fine("unit", what));
    }
    findings
}

/// A finding about a unit, with the lines that mend it, and how they get there.
pub(super) fn edit(finding: Finding, unit: &str, lines: &str) -> Finding {
    let restart = match unit {
        "recto.socket" => "recto.socket recto.service",
        unit => unit,
    };
    finding
        .mend(format!("Add to {unit}, then restart it:"))
        .by(format!("systemctl edit {unit}\n{lines}\nsystemctl restart {restart}"))
}

/// The paths in a property, without the signs that systemd allows before them.
pub(super) fn paths<'u>(unit: &'u Unit, property: &str) -> impl Iterator<Item = PathBuf> + use<'u> {
    let words: Vec<_> = unit.words(property).map(|word| word.trim_start_matches(['-', '+'])).collect();
    words.into_iter().map(PathBuf::from)
}

/// systemd answers at once, unless the machine is very busy.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_have_their_forms() {
        let unit =
            Unit::parse("A=infinity\nB=8192\nC=/a -/b\nTimeoutStopUSec=1min 30s\nD=1.5s\nE=soon\nno line");
        assert_eq!((unit.number("A"), unit.number("B"), unit.number("Z")), (None, Some(8192), None));
        assert_eq!(paths(&unit, "C").collect::<Vec<_>>(), [Path::new("/a"), Path::new("/b")]);
        let times =
            ["TimeoutStopUSec", "D", "E", "A", "Z"].map(|name| unit.time(name).map(|it| it.as_millis()));
        assert_eq!(times, [Some(90_000), Some(1_500), None, None, None]);
    }

    #[test]
    fn the_state_of_the_unit_is_judged() {
        for (text, word) in [
            ("ActiveState=active\nTimeoutStopUSec=40s", "is active with"),
            ("ActiveState=failed\nResult=exit-code", "has failed: exit-code"),
            ("ActiveState=inactive", "is inactive"),
            ("ActiveState=active\nNeedDaemonReload=yes", "since systemd read it"),
            ("ActiveState=active\nTimeoutStopUSec=30s", "not longer than [server] deadline"),
        ] {
            let findings = judge(&Unit::parse(text), Path::new("/c"), Duration::from_secs(30));
            assert!(findings.len() == 1 && findings[0].what.contains(word), "{text}: {findings:?}");
        }
        let unit =
            Unit::parse("ExecStart={ path=/usr/bin/recto ; argv[]=/usr/bin/recto serve --config /c ; }");
        assert!(unit.serves(Path::new("/c")) && !unit.serves(Path::new("/d")));
    }
}
