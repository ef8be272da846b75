//! A report as lines for a terminal of 80 columns; what may be longer, the names of masters and requests, ends a line.

use std::time::Duration;

use crate::process::status::{Lane, Report, SlowMaster, Store, Worker, duration, size, times as often};

/// All of it; with the report before it and how long ago that was made, also how much a second.
pub(super) fn lines(report: &Report, before: Option<(&Report, Duration)>) -> Vec<String> {
    let mut lines = head(report, before);
    lines.push(String::new());
    lines.push(format!(
        "{:>8}  {:8}  {:8}  {:>7}  {:>8}  {:>7}  REQUEST",
        "PROCESS", "LANE", "STATE", "FOR", "SERVED", "AGE"
    ));
    lines.extend(report.workers.iter().map(worker));
    if !report.slowest.is_empty() {
        lines.extend([String::new(), "Slowest masters of the last day:".to_owned()]);
        lines.extend(report.slowest.iter().flat_map(slow));
    }
    if !report.quarantine.names.is_empty() {
        lines.extend([String::new(), "Not tried for a while:".to_owned()]);
        let left = |left: Option<f64>| {
            left.map_or_else(|| "until it answers".to_owned(), |left| format!("for {}", duration(left)))
        };
        let names = report.quarantine.names.iter();
        lines.extend(
            names.map(|refused| {
                format!("  {}, because {}: {}", left(refused.left), refused.why, refused.name)
            }),
        );
    }
    lines
}

fn head(report: &Report, before: Option<(&Report, Duration)>) -> Vec<String> {
    let Report { version, generation, memory, .. } = report;
    let state = if report.ready { "ready" } else { "NOT READY" };
    let mut lines = vec![format!(
        "Recto {version}: {state}, up for {}, generation {generation}",
        duration(report.uptime)
    )];
    lines.extend(report.troubles.iter().map(|trouble| format!("  ! {trouble}")));
    let all = report.count(|_| true);
    let rate = |now: u64, then: fn(&Report) -> u64| {
        let (before, elapsed) = before?;
        Some(now.saturating_sub(then(before)) as f64 / elapsed.as_secs_f64().max(0.001))
    };
    let answered =
        rate(all, |report| report.count(|_| true)).map_or_else(String::new, |rate| format!(" ({rate:.0}/s)"));
    let sent = rate(report.sent, |report| report.sent)
        .map_or_else(String::new, |rate| format!(" ({}/s)", size(rate as u64)));
    lines.push(format!("requests    {all} answered{answered}, {} sent{sent}", size(report.sent)));
    lines.push(format!("come by     {}", shares(report, all)));
    if !report.no_place.is_empty() {
        lines
            .push(format!("no place    {}", counted(report.no_place.iter().map(|it| (&*it.name, it.count)))));
    }
    lines.push(format!(
        "memory      {} of {} MB for requests in the background",
        memory.used >> 20,
        memory.limit >> 20
    ));
    lines.extend(report.lanes.iter().map(lane));
    lines.extend(stores(report));
    let lost = counted(report.deaths.iter().map(|it| (&*it.name, it.count)));
    lines.push(format!("lost        {}", if lost.is_empty() { "no worker" } else { &lost }));
    let stalled = match report.stalled_mounts {
        0 => String::new(),
        mounts => format!(", {mounts} mounts do not answer"),
    };
    lines.push(format!("quarantine  {}{stalled}", report.quarantine.count));
    lines
}

/// How answers were come by, the most frequent way first.
fn shares(report: &Report, all: u64) -> String {
    let mut ways: Vec<(&str, u64)> = Vec::new();
    for answers in &report.answers {
        match ways.iter_mut().find(|(name, _)| *name == answers.path) {
            Some((_, count)) => *count = count.saturating_add(answers.count),
            None => ways.push((&answers.path, answers.count)),
        }
    }
    ways.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let share =
        |(name, count): &(&str, u64)| format!("{name} {:.0} %", *count as f64 * 100.0 / all.max(1) as f64);
    let shares: Vec<_> = ways.iter().filter(|(_, count)| *count >= all / 100).map(share).collect();
    if shares.is_empty() { "-".to_owned() } else { shares.join(", ") }
}

fn counted<'r>(counts: impl Iterator<Item = (&'r str, u64)>) -> String {
    let counts: Vec<_> =
        counts.filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} {count}")).collect();
    counts.join(", ")
}

fn lane(lane: &Lane) -> String {
    let forecast = lane.forecast.map_or_else(|| "not known".to_owned(), duration);
    format!(
        "{:10}  {} wait, expected {forecast} of {} at most, on average {}",
        lane.name,
        lane.waiting,
        duration(lane.patience),
        duration(lane.mean_wait)
    )
}

fn stores(report: &Report) -> Vec<String> {
    let mut lines: Vec<_> = report.stores.iter().map(store).collect();
    if let Some(cache) = &report.block_cache {
        let failing = if cache.failing { "; its disk takes no more, or fails" } else { "" };
        lines.push(format!(
            "blocks      {} of {}, {} objects, {} removed to make room{failing}",
            size(cache.used),
            size(cache.limit),
            cache.objects,
            cache.evictions
        ));
    }
    if let Some(fetcher) = &report.fetcher {
        let process =
            fetcher.process.map_or_else(|| "NONE".to_owned(), |process| format!("process {process}"));
        lines.push(format!("fetcher     {process}, {} lost", fetcher.deaths));
    }
    lines
}

fn store(store: &Store) -> String {
    let ratio = store
        .hit_ratio()
        .map_or_else(String::new, |ratio| format!(", {:.1} % of blocks there", 100.0 * ratio));
    format!(
        "store       {}, {} requests, {} fetched{ratio}, failures: {}: {} ({})",
        store.state(),
        store.requests,
        size(store.bytes),
        store.failed(),
        store.prefix,
        store.url
    )
}

fn worker(worker: &Worker) -> String {
    let Worker { process, lane, state, served, age, busy, request, .. } = worker;
    let (busy, request) = (busy.map_or_else(String::new, duration), request.as_deref().unwrap_or_default());
    let line = format!(
        "{process:>8}  {lane:8}  {state:8}  {busy:>7}  {served:>8}  {:>7}  {request}",
        duration(*age)
    );
    line.trim_end().to_owned()
}

fn slow(master: &SlowMaster) -> Vec<String> {
    let SlowMaster { path, worst, times, ago, reasons } = master;
    let mut lines = vec![format!(
        "  {:>7} at worst, slow {}, {} ago: {path}",
        duration(*worst),
        often(*times),
        duration(*ago)
    )];
    lines.extend(reasons.iter().map(|reason| format!("           {reason}")));
    lines
}
