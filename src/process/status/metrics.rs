//! The report and the counters as text for Prometheus.
//! Prometheus text format 0.0.4; names and units as its guidelines want them.

use std::fmt::{Display, Write};

use super::gather::class_name;
use super::report::Report;
use super::store_metrics;
use crate::account::{Kind, Stage};
use crate::process::lane::Lane;
use crate::process::scoreboard::counters::{BOUNDS, CLASSES, Count, Histogram, Times, Totals};

/// The media type of the text.
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a worker may be doing.
const STATES: [&str; 4] = ["starting", "idle", "busy", "draining"];

/// All metrics.
pub(super) fn text(report: &Report, totals: &Totals) -> String {
    let mut text = Text(String::with_capacity(32 << 10));
    about_service(&mut text, report);
    about_lanes(&mut text, report, totals);
    about_answers(&mut text, report, totals);
    about_times(&mut text, totals);
    store_metrics::add(&mut text, report);
    text.0
}

fn about_service(text: &mut Text, report: &Report) {
    let version = [("version", &*report.version)];
    text.single("recto_build_info", GAUGE, "The version of the program.", &version, 1);
    text.single(
        "recto_start_time_seconds",
        GAUGE,
        "When the service was started, in seconds since 1970.",
        &[],
        report.started,
    );
    text.single(
        "recto_ready",
        GAUGE,
        "Whether it serves: 0 while it stops, or masters or workers are missing.",
        &[],
        u8::from(report.ready),
    );
    text.single(
        "recto_generation",
        GAUGE,
        "The generation of workers: 1, and one more for each reload.",
        &[],
        report.generation,
    );
    text.family("recto_workers", GAUGE, "Workers by lane and by what they do.");
    for lane in Lane::ALL.map(|lane| lane.to_string()) {
        for state in STATES {
            let count = report.workers_that(|worker| worker.lane == lane && worker.state == state);
            text.sample("recto_workers", &[("lane", &lane), ("state", state)], count);
        }
    }
    text.family("recto_worker_deaths_total", COUNTER, "Workers that ended without being asked to, by cause.");
    for death in &report.deaths {
        text.sample("recto_worker_deaths_total", &[("cause", &death.name)], death.count);
    }
    text.single(
        "recto_quarantined",
        GAUGE,
        "Requests and masters that are not tried for a while.",
        &[],
        report.quarantine.count,
    );
    text.single(
        "recto_stalled_mounts",
        GAUGE,
        "Mounts of masters whose file system does not answer.",
        &[],
        report.stalled_mounts,
    );
    text.single(
        "recto_memory_used_bytes",
        GAUGE,
        "Memory that requests in the background hold, by estimate.",
        &[],
        report.memory.used,
    );
    text.single(
        "recto_memory_limit_bytes",
        GAUGE,
        "Memory that requests may hold together.",
        &[],
        report.memory.limit,
    );
}

fn about_lanes(text: &mut Text, report: &Report, totals: &Totals) {
    text.family("recto_queue_length", GAUGE, "Requests that wait for a worker in the background.");
    for lane in &report.lanes {
        text.sample("recto_queue_length", &[("lane", &lane.name)], lane.waiting);
    }
    text.family("recto_queue_forecast_seconds", GAUGE, "How long a request would wait that came now.");
    for (lane, forecast) in report.lanes.iter().filter_map(|lane| Some((lane, lane.forecast?))) {
        text.sample("recto_queue_forecast_seconds", &[("lane", &lane.name)], forecast);
    }
    text.family(
        "recto_handed_over_total",
        COUNTER,
        "Requests that were handed over to workers in the background.",
    );
    for lane in &report.lanes {
        text.sample("recto_handed_over_total", &[("lane", &lane.name)], lane.handed_over);
    }
    text.family(
        "recto_queue_wait_seconds",
        HISTOGRAM,
        "How long requests waited for a worker in the background.",
    );
    for lane in Lane::QUEUED {
        let times = totals.of_times(Times::Wait(lane));
        text.histogram("recto_queue_wait_seconds", &[("lane", &lane.to_string())], &times);
    }
}

fn about_answers(text: &mut Text, report: &Report, totals: &Totals) {
    text.family(
        "recto_requests_total",
        COUNTER,
        "Requests by class, by how the answer was come by, and by its status (0: a rare one).",
    );
    for answers in &report.answers {
        let labels =
            [("class", &*answers.class), ("path", &*answers.path), ("status", &answers.status.to_string())];
        text.sample("recto_requests_total", &labels, answers.count);
    }
    text.family(
        "recto_no_place_total",
        COUNTER,
        "Requests for which there was no place or no time, by reason.",
    );
    for why in crate::account::NoPlace::ALL {
        text.sample("recto_no_place_total", &[("reason", why.name())], totals.of_count(Count::NoPlace(why)));
    }
    text.family(
        "recto_validations_total",
        COUNTER,
        "Requests that named what the client has, by whether that was still fresh (304) or not.",
    );
    for (fresh, name) in [(true, "fresh"), (false, "stale")] {
        text.sample("recto_validations_total", &[("outcome", name)], totals.of_count(Count::Compared(fresh)));
    }
    text.single("recto_sent_bytes_total", COUNTER, "Bytes of answers, heads included.", &[], report.sent);
    text.family(
        "recto_decoded_pixels_total",
        COUNTER,
        "Pixels of masters that were decoded, by their format.",
    );
    for kind in Kind::ALL {
        text.sample(
            "recto_decoded_pixels_total",
            &[("format", kind.name())],
            totals.of_count(Count::Pixels(kind)),
        );
    }
}

fn about_times(text: &mut Text, totals: &Totals) {
    text.family(
        "recto_request_duration_seconds",
        HISTOGRAM,
        "How long requests were worked on, by class; without waiting in queues and sending.",
    );
    for class in CLASSES {
        let name = class_name(class);
        text.histogram(
            "recto_request_duration_seconds",
            &[("class", &name)],
            &totals.of_times(Times::Work(class)),
        );
    }
    text.family(
        "recto_stage_duration_seconds",
        HISTOGRAM,
        "How long the stages of requests took, by the format of the master.",
    );
    for (stage, kind) in Stage::ALL.into_iter().flat_map(|stage| Kind::ALL.map(|kind| (stage, kind))) {
        let times = totals.of_times(Times::Stage(stage, kind));
        if times.count() > 0 {
            let labels = [("stage", stage.name()), ("format", kind.name())];
            text.histogram("recto_stage_duration_seconds", &labels, &times);
        }
    }
}

pub(super) const COUNTER: &str = "counter";
pub(super) const GAUGE: &str = "gauge";
const HISTOGRAM: &str = "histogram";

/// Lines of the format. Writing to a string cannot fail. No value of a label that comes here has a
/// character that has to be escaped.
pub(super) struct Text(String);

impl Text {
    pub(super) fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"{text}\"", if at == 0 { '{' } else { ',' });
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    /// A family with one sample.
    pub(super) fn single(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        labels: &[(&str, &str)],
        value: impl Display,
    ) {
        self.family(name, kind, help);
        self.sample(name, labels, value);
    }

    fn histogram(&mut self, name: &str, labels: &[(&str, &str)], times: &Histogram) {
        let mut below = 0;
        let bounds = BOUNDS.map(|micros| (micros as f64 / 1e6).to_string());
        let bounds = bounds.iter().map(String::as_str).chain(["+Inf"]);
        for (bound, count) in bounds.zip(times.buckets) {
            below = count.saturating_add(below);
            self.sample(&format!("{name}_bucket"), &[labels, &[("le", bound)]].concat(), below);
        }
        self.sample(&format!("{name}_sum"), labels, times.sum.as_secs_f64());
        self.sample(&format!("{name}_count"), labels, below);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_histogram_counts_up_to_all_of_it() {
        let mut times = Histogram { buckets: [0; BOUNDS.len() + 1], sum: Duration::from_millis(1500) };
        (times.buckets[0], times.buckets[3], times.buckets[BOUNDS.len()]) = (1, 2, 4);
        let mut text = Text(String::new());
        text.histogram("t_seconds", &[("lane", "dear")], &times);
        let lines: Vec<_> = text.0.lines().collect();
        assert_eq!(lines[0], "t_seconds_bucket{lane=\"dear\",le=\"0.00005\"} 1");
        assert_eq!(lines[3], "t_seconds_bucket{lane=\"dear\",le=\"0.0005\"} 3");
        assert_eq!(lines[BOUNDS.len()], "t_seconds_bucket{lane=\"dear\",le=\"+Inf\"} 7");
        assert_eq!(
            lines[BOUNDS.len() + 1..],
            ["t_seconds_sum{lane=\"dear\"} 1.5", "t_seconds_count{lane=\"dear\"} 7"]
        );
    }

    #[test]
    fn a_sample_without_labels_has_no_braces() {
        let mut text = Text(String::new());
        text.single("up", GAUGE, "Whether.", &[], 1);
        assert_eq!(text.0, "# HELP up Whether.\n# TYPE up gauge\nup 1\n");
    }
}
