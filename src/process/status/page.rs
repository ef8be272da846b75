//! The report as a page for people: plain HTML, which needs nothing else, and loads itself again.

use std::fmt::Write;
use std::time::Duration;

use super::report::{Report, Worker};

/// What a page may do: nothing but be shown, by itself.
pub(super) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;margin:1.5rem auto;max-width:70rem;padding:0 1rem}\
h1{font-size:1.4rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}\
p{margin:.3rem 0}\
.state{border-left:.5rem solid #1a7f37;padding:.5rem 1rem;background:#1a7f3718}\
.state.bad{border-color:#cf222e;background:#cf222e18}\
.wide{overflow-x:auto}\
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}\
th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #8884;vertical-align:top}\
th+td,td+td,th+th{padding-left:.5rem}th{font-weight:600}.n{text-align:right}td.name{overflow-wrap:anywhere}\
ul{margin:0;padding-left:1.1rem}\
footer{margin-top:2rem;font-size:.9rem}";

/// The page; it loads itself again unless it is to stand still.
pub(super) fn html(report: &Report, still: bool) -> String {
    let mut page = Page(String::with_capacity(16 << 10));
    let refresh = if still { "" } else { "<meta http-equiv=\"refresh\" content=\"5\">" };
    let state = if report.ready { "ready" } else { "not ready" };
    page.add(&format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\">{refresh}<title>Recto: {state}</title><style>{STYLE}</style></head>\
         <body><main>"
    ));
    page.head(report);
    page.lanes(report);
    page.workers(report);
    page.stores(report);
    page.slowest(report);
    page.quarantine(report);
    page.answers(report);
    page.deaths(report);
    let other = match still {
        true => "<a href=\"status\">every 5 seconds again</a>",
        false => "<a href=\"status?still\">let it stand still</a>",
    };
    page.add(&format!(
        "</main><footer>This page is for the addresses that NGINX lets in. {other}; <a href=\"status.json\">as JSON</a>; \
         <a href=\"metrics\">for Prometheus</a>.</footer></body></html>\n"
    ));
    page.0
}

struct Page(String);

impl Page {
    fn add(&mut self, html: &str) {
        self.0.push_str(html);
    }

    fn head(&mut self, report: &Report) {
        let bad = if report.ready { "" } else { " bad" };
        let state = if report.ready { "Recto is ready" } else { "Recto is not ready" };
        self.add(&format!("<div class=\"state{bad}\"><h1>{state}</h1>"));
        for trouble in &report.troubles {
            self.add(&format!("<p>{}</p>", escaped(trouble)));
        }
        let Report { version, generation, .. } = report;
        self.add(&format!(
            "<p>Version {}, up for {}, generation {generation}. {} requests answered, {} sent, {} of {} MB of memory for \
             requests taken.</p></div>",
            escaped(version),
            duration(report.uptime),
            report.count(|_| true),
            size(report.sent),
            report.memory.used >> 20,
            report.memory.limit >> 20,
        ));
    }

    fn lanes(&mut self, report: &Report) {
        self.table(
            "What waits for workers in the background",
            &["Lane", "*Waiting", "*Would wait now", "*Refused beyond", "*Handed over", "*Waited on average"],
        );
        for lane in &report.lanes {
            let forecast = lane.forecast.map_or_else(|| "not known".to_owned(), duration);
            let cells = [
                lane.waiting.to_string(),
                forecast,
                duration(lane.patience),
                lane.handed_over.to_string(),
                duration(lane.mean_wait),
            ];
            self.row(&lane.name, &cells);
        }
        self.end();
    }

    fn workers(&mut self, report: &Report) {
        self.table("Workers", &["Process", "Lane", "Does", "*For", "*Served", "*Age", "Request"]);
        for worker in &report.workers {
            let Worker { process, lane, state, served, age, busy, request, .. } = worker;
            let busy = busy.map_or_else(String::new, duration);
            let request = request.as_deref().unwrap_or_default();
            let _ = write!(
                self.0,
                "<tr><th scope=\"row\">{process}</th><td>{}</td><td>{}</td><td class=\"n\">{busy}</td><td class=\"n\">{served}</td>\
                 <td class=\"n\">{}</td><td class=\"name\">{}</td></tr>",
                escaped(lane),
                escaped(state),
                duration(*age),
                escaped(request)
            );
        }
        self.end();
    }

    fn stores(&mut self, report: &Report) {
        if report.stores.is_empty() {
            return;
        }
        self.table(
            "Stores",
            &["Store", "*State", "*Asked for", "*Requests", "*Fetched", "*Blocks there", "*Failures"],
        );
        for store in &report.stores {
            let ratio = store.hit_ratio().map_or_else(String::new, |ratio| format!("{:.1} %", 100.0 * ratio));
            let [finds, requests] = [store.finds, store.requests].map(|count| count.to_string());
            let cells = [store.state(), finds, requests, size(store.bytes), ratio, store.failed()];
            self.row(&format!("{} ({})", store.prefix, store.url), &cells);
        }
        self.end();
        if let Some(cache) = &report.block_cache {
            let failing = if cache.failing { "; its disk takes no more, or fails" } else { "" };
            let (used, limit) = (size(cache.used), size(cache.limit));
            self.add(&format!(
                "<p>Block cache: {used} of {limit}, {} objects, {} removed to make room{failing}.</p>",
                cache.objects, cache.evictions
            ));
        }
        if let Some(fetcher) = &report.fetcher {
            let process = fetcher.process.map_or_else(|| "none".to_owned(), |process| process.to_string());
            self.add(&format!("<p>Fetcher: process {process}, {} lost.</p>", fetcher.deaths));
        }
    }

    fn slowest(&mut self, report: &Report) {
        if report.slowest.is_empty() {
            return self.nothing(
                "Slowest masters of the last day",
                "No request took longer than a tenth of a second.",
            );
        }
        self.table(
            "Slowest masters of the last day",
            &["Master", "*Worst", "*Slow", "*Last", "What makes it slow"],
        );
        for master in &report.slowest {
            let reasons: String =
                master.reasons.iter().map(|reason| format!("<li>{}</li>", escaped(reason))).collect();
            let _ = write!(
                self.0,
                "<tr><th scope=\"row\" class=\"name\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td>\
                 <td class=\"n\">{} ago</td><td><ul>{reasons}</ul></td></tr>",
                escaped(&master.path),
                duration(master.worst),
                times(master.times),
                duration(master.ago)
            );
        }
        self.end();
    }

    fn quarantine(&mut self, report: &Report) {
        if report.quarantine.names.is_empty() {
            return self.nothing("Quarantine", "Nothing is in it.");
        }
        self.table(
            &format!("Quarantine: {}", report.quarantine.count),
            &["Not tried", "Why", "*For another"],
        );
        for refused in &report.quarantine.names {
            let left = refused.left.map_or_else(|| "until it answers".to_owned(), duration);
            let _ = write!(
                self.0,
                "<tr><th scope=\"row\" class=\"name\">{}</th><td>{}</td><td class=\"n\">{left}</td></tr>",
                escaped(&refused.name),
                escaped(&refused.why)
            );
        }
        self.end();
    }

    fn answers(&mut self, report: &Report) {
        self.table("Answers", &["Come by", "Class", "Status", "*How many"]);
        for answers in &report.answers {
            let status = if answers.status == 0 { "others".to_owned() } else { answers.status.to_string() };
            let _ = write!(
                self.0,
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{status}</td><td class=\"n\">{}</td></tr>",
                escaped(&answers.path),
                escaped(&answers.class),
                answers.count
            );
        }
        self.end();
        if !report.no_place.is_empty() {
            self.table("No place, or no time", &["Why", "*How many"]);
            report.no_place.iter().for_each(|why| self.row(&why.name, &[why.count.to_string()]));
            self.end();
        }
    }

    fn deaths(&mut self, report: &Report) {
        let deaths: Vec<_> = report.deaths.iter().filter(|death| death.count > 0).collect();
        if deaths.is_empty() {
            return self.nothing("Workers lost", "None.");
        }
        self.table("Workers lost", &["Cause", "*How many"]);
        deaths.iter().for_each(|death| self.row(&death.name, &[death.count.to_string()]));
        self.end();
    }

    fn nothing(&mut self, title: &str, words: &str) {
        self.add(&format!("<h2>{}</h2><p>{}</p>", escaped(title), escaped(words)));
    }

    /// Begins a table; columns whose names begin with `*` are numbers.
    fn table(&mut self, title: &str, columns: &[&str]) {
        let title = escaped(title);
        self.add(&format!("<section><h2>{title}</h2><div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\"><table><thead><tr>"));
        for column in columns {
            let class = if column.starts_with('*') { " class=\"n\"" } else { "" };
            self.add(&format!("<th scope=\"col\"{class}>{}</th>", escaped(column.trim_start_matches('*'))));
        }
        self.add("</tr></thead><tbody>");
    }

    fn row(&mut self, name: &str, numbers: &[String]) {
        self.add(&format!("<tr><th scope=\"row\">{}</th>", escaped(name)));
        for number in numbers {
            self.add(&format!("<td class=\"n\">{}</td>", escaped(number)));
        }
        self.add("</tr>");
    }

    fn end(&mut self) {
        self.add("</tbody></table></div></section>");
    }
}

/// Text that a page shows as it is.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A duration in the largest unit that leaves a number to look at: `250 ms`, `3.2 s`, `4 min`, `5 h`, `6 days`.
pub fn duration(seconds: f64) -> String {
    let time = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        1..10 => format!("{:.1} s", time.as_secs_f64()),
        10..120 => format!("{} s", time.as_secs()),
        120..7200 => format!("{} min", time.as_secs() / 60),
        7200..172_800 => format!("{} h", time.as_secs() / 3600),
        _ => format!("{} days", time.as_secs() / 86_400),
    }
}

/// How often: `once`, `12 times`.
pub fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// A number of bytes with two or three digits.
pub fn size(bytes: u64) -> String {
    let (mut size, mut unit) = (bytes as f64, 0);
    while size >= 1000.0 && unit < UNITS.len() - 1 {
        size /= 1000.0;
        unit += 1;
    }
    if unit == 0 || size >= 10.0 {
        format!("{size:.0} {}", UNITS[unit])
    } else {
        format!("{size:.1} {}", UNITS[unit])
    }
}

const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_and_never_obeyed() {
        assert_eq!(escaped("a<script>&\"'"), "a&lt;script&gt;&amp;&quot;&#39;");
    }

    #[test]
    fn durations_and_sizes_are_short() {
        let durations = [
            (0.0, "0 ms"),
            (0.25, "250 ms"),
            (3.21, "3.2 s"),
            (61.0, "61 s"),
            (240.0, "4 min"),
            (18_000.0, "5 h"),
            (520_000.0, "6 days"),
            (f64::NAN, "0 ms"),
        ];
        for (seconds, text) in durations {
            assert_eq!(duration(seconds), text);
        }
        for (bytes, text) in
            [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (12_345_678, "12 MB"), (u64::MAX, "18447 PB")]
        {
            assert_eq!(size(bytes), text);
        }
    }
}
