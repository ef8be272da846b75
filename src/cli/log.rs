//! Where log lines go.

use std::io::Write;

use crate::complaints::{Bounded, log_panics};

/// Sends the log to standard error, where all processes of the server share it. That of a worker is bounded: what it
/// says, clients have it say.
///
/// Without a time: systemd and containers add their own. For systemd with the priority in front (sd-daemon(3)).
pub(super) fn to_stderr(is_worker: bool) {
    let for_systemd = std::env::var_os("JOURNAL_STREAM").is_some();
    let mut log = env_logger::Builder::new();
    log.parse_filters(&std::env::var("RECTO_LOG").unwrap_or_else(|_| "info".to_owned()));
    log.format(move |out, record| match for_systemd {
        true => writeln!(out, "<{}>{}", priority(record.level()), record.args()),
        false => writeln!(out, "recto: {}: {}", record.level().as_str().to_lowercase(), record.args()),
    });
    let log = log.build();
    log::set_max_level(log.filter());
    // It fails if there is a log already, and nobody else makes one.
    let _ = match is_worker {
        true => log::set_boxed_logger(Box::new(Bounded::new(log))),
        false => log::set_boxed_logger(Box::new(log)),
    };
    // A panic is one line as well, unless somebody asks for more.
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        log_panics();
    }
}

/// The number that syslog(3) has for a level.
fn priority(level: log::Level) -> u8 {
    match level {
        log::Level::Error => 3,
        log::Level::Warn => 4,
        log::Level::Info => 6,
        log::Level::Debug | log::Level::Trace => 7,
    }
}
