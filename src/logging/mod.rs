//! The log: lines on standard error, which all processes of the server share, as text or as JSON. What a worker says is
//! bounded, for clients have it say that.

mod line;

use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use log::{LevelFilter, Log, Metadata, Record};
use serde::Deserialize;

use crate::complaints::{self, Bounded, log_panics};
use line::Line;

/// `[log]`: how much is said, and in which form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The form of a line.
    pub format: Format,
    /// What is said; the variable RECTO_LOG goes before it.
    pub level: Level,
}

/// The form of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people. Without a time: systemd and containers add their own. For systemd with the priority in front
    /// (sd-daemon(3)).
    #[default]
    Text,
    /// An object.
    Json,
}

/// The least that is worth a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing is.
    Off,
    /// Somebody has to act.
    Error,
    /// Somebody should look.
    Warn,
    /// What the server does as a whole.
    #[default]
    Info,
    /// What it does for each request.
    Debug,
    /// All of it.
    Trace,
}

/// The variable RECTO_LOG has another value than a level.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("RECTO_LOG={0:?} is no level: off, error, warn, info, debug or trace")]
pub struct UnknownLevel(String);

static LOG: OnceLock<Stderr> = OnceLock::new();

static AS_JSON: AtomicBool = AtomicBool::new(false);

/// Begins to log, by the defaults and by RECTO_LOG; see [`follow`]. To be called once.
///
/// # Errors
/// If RECTO_LOG is no level.
pub fn start(is_worker: bool) -> Result<(), UnknownLevel> {
    let demanded = match std::env::var_os("RECTO_LOG").filter(|text| !text.is_empty()) {
        Some(text) => Some(level(&text.to_string_lossy())?),
        None => None,
    };
    let for_systemd = std::env::var_os("JOURNAL_STREAM").is_some();
    let log = LOG.get_or_init(|| Stderr { demanded, for_systemd, bounded: is_worker.then(Bounded::default) });
    // It fails if there is a log already, and nobody else makes one.
    let _ = log::set_logger(log);
    follow(&Settings::default());
    // A panic is one line as well, unless somebody asks for more.
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        log_panics();
    }
    Ok(())
}

/// Goes on by these settings.
pub fn follow(settings: &Settings) {
    let demanded = LOG.get().and_then(|log| log.demanded);
    AS_JSON.store(settings.format == Format::Json, Ordering::Relaxed);
    log::set_max_level(match demanded.unwrap_or(settings.level) {
        Level::Off => LevelFilter::Off,
        Level::Error => LevelFilter::Error,
        Level::Warn => LevelFilter::Warn,
        Level::Info => LevelFilter::Info,
        Level::Debug => LevelFilter::Debug,
        Level::Trace => LevelFilter::Trace,
    });
}

fn level(text: &str) -> Result<Level, UnknownLevel> {
    match &*text.to_ascii_lowercase() {
        "off" => Ok(Level::Off),
        "error" => Ok(Level::Error),
        "warn" => Ok(Level::Warn),
        "info" => Ok(Level::Info),
        "debug" => Ok(Level::Debug),
        "trace" => Ok(Level::Trace),
        _ => Err(UnknownLevel(text.to_owned())),
    }
}

struct Stderr {
    /// What RECTO_LOG says.
    demanded: Option<Level>,
    for_systemd: bool,
    /// What has been said of late, if that matters.
    bounded: Option<Bounded>,
}

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let about = complaints::about();
        let counted = match &self.bounded {
            Some(bounded) => match bounded.hear(record, &about.master) {
                Some(counted) => counted.to_string(),
                None => return,
            },
            None => String::new(),
        };
        let message = record.args().to_string();
        let request = about.request();
        let (level, master) = (record.level(), &*about.master);
        let line = Line { level, message: &message, counted: &counted, master, request };
        let line = match AS_JSON.load(Ordering::Relaxed) {
            true => line.json(SystemTime::now(), std::process::id()),
            false => line.text(self.for_systemd),
        };
        // In one piece, so that lines of several processes do not get into each other. There is nobody to tell of an error.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_one_of_six_words() {
        assert_eq!((level("warn"), level("DEBUG")), (Ok(Level::Warn), Ok(Level::Debug)));
        for wrong in ["inof", "", "info,recto=debug", "3"] {
            let error = level(wrong).expect_err("no level").to_string();
            assert!(error.ends_with("is no level: off, error, warn, info, debug or trace"), "{error}");
        }
    }
}
