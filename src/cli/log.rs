//! Where log lines go.

use std::io::Write;
use std::panic::PanicHookInfo;

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
    // A panic is one line as well, unless somebody asks for more.
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        std::panic::set_hook(Box::new(|panic| log::error!("{}", line_of(panic))));
    }
}

fn line_of(panic: &PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("for a reason unknown");
    let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
    format!("panicked{place}: {}", text.replace('\n', " "))
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
