//! Where log lines go.

use std::io::Write;

/// Sends the log to standard error, where all processes of the server share it.
///
/// Without a time: systemd and containers add their own. For systemd with the priority in front (sd-daemon(3)).
pub(super) fn to_stderr() {
    let for_systemd = std::env::var_os("JOURNAL_STREAM").is_some();
    let mut log = env_logger::Builder::new();
    log.parse_filters(&std::env::var("RECTO_LOG").unwrap_or_else(|_| "info".to_owned()));
    log.format(move |out, record| match for_systemd {
        true => writeln!(out, "<{}>{}", priority(record.level()), record.args()),
        false => writeln!(out, "recto: {}: {}", record.level().as_str().to_lowercase(), record.args()),
    });
    log.init();
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
