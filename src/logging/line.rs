//! One line of the log. Pure.

use std::time::SystemTime;

use log::Level;

/// What a line says.
pub(super) struct Line<'a> {
    pub(super) level: Level,
    pub(super) message: &'a str,
    /// How often it was not said; or empty.
    pub(super) counted: &'a str,
    /// The master that it is about; or empty.
    pub(super) master: &'a str,
    /// The id of the request in work; or empty.
    pub(super) request: &'a str,
}

impl Line<'_> {
    /// For people. A message of several lines stays one, but for systemd each has the priority in front.
    pub(super) fn text(&self, for_systemd: bool) -> String {
        let level = self.level.as_str().to_lowercase();
        let of =
            if self.master.is_empty() { String::new() } else { format!(" [{}]", self.master.escape_debug()) };
        let id = if self.request.is_empty() { String::new() } else { format!(" request={}", self.request) };
        let (message, counted) = (self.message, self.counted);
        if for_systemd {
            let priority = format!("<{}>", priority(self.level));
            let message = message.replace('\n', &format!("\n{priority}"));
            return format!("{priority}{message}{of}{counted}{id}\n");
        }
        format!("recto: {level}: {message}{of}{counted}{id}\n")
    }

    /// An object, as said at `time` by `process`. What is not known is left out.
    pub(super) fn json(&self, time: SystemTime, process: u32) -> String {
        let mut object = serde_json::json!({
            "time": humantime::format_rfc3339_millis(time).to_string(),
            "level": self.level.as_str().to_lowercase(),
            "message": format!("{}{}", self.message, self.counted),
            "pid": process,
        });
        for (key, value) in [("request", self.request), ("master", self.master)] {
            if !value.is_empty() {
                object[key] = value.into();
            }
        }
        format!("{object}\n")
    }
}

/// The number that syslog(3) has for a level.
fn priority(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    const LINE: Line = Line {
        level: Level::Warn,
        message: "a \"b\"\nc",
        counted: " (2 more in 60 s)",
        master: "d.tif",
        request: "0f",
    };
    const BARE: Line = Line { counted: "", master: "", request: "", ..LINE };

    #[test]
    fn text_is_for_people_and_for_systemd() {
        assert_eq!(LINE.text(false), "recto: warn: a \"b\"\nc [d.tif] (2 more in 60 s) request=0f\n");
        assert_eq!(LINE.text(true), "<4>a \"b\"\n<4>c [d.tif] (2 more in 60 s) request=0f\n");
        assert_eq!(BARE.text(true), "<4>a \"b\"\n<4>c\n");
    }

    #[test]
    fn json_is_one_object_a_line() {
        let time = UNIX_EPOCH + Duration::from_millis(1_796_000_000_042);
        assert_eq!(
            LINE.json(time, 7),
            "{\"time\":\"2026-11-30T00:53:20.042Z\",\"level\":\"warn\",\"message\":\"a \\\"b\\\"\\nc (2 more in 60 s)\",\
             \"pid\":7,\"request\":\"0f\",\"master\":\"d.tif\"}\n"
        );
        let bare: serde_json::Value = serde_json::from_str(&BARE.json(time, 7)).expect("JSON");
        assert!(bare.get("request").is_none() && bare.get("master").is_none());
    }
}
