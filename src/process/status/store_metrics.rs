//! The metrics of stores and of the block cache: none without a store.

use super::metrics::{COUNTER, GAUGE, Text};
use super::report::{Report, Store};

/// A number of a store: its name, whether it only grows, what it says, and how it is read.
type Number = (&'static str, &'static str, &'static str, fn(&Store) -> u64);

/// The numbers that each store has once.
const NUMBERS: [Number; 8] = [
    (
        "recto_store_up",
        GAUGE,
        "Whether a store is asked: 0 while it is left alone because nobody answers there.",
        |store| u64::from(store.left_alone.is_none()),
    ),
    ("recto_store_finds_total", COUNTER, "Objects that workers asked for.", |store| store.finds),
    ("recto_store_not_found_total", COUNTER, "Objects that are not there.", |store| store.not_found),
    ("recto_store_requests_total", COUNTER, "Requests that were made of a store.", |store| store.requests),
    ("recto_store_received_bytes_total", COUNTER, "Bytes of its answers.", |store| store.bytes),
    ("recto_store_retries_total", COUNTER, "Requests made once more after a failure.", |store| store.retries),
    ("recto_store_hedges_total", COUNTER, "Second requests, because the first was slow.", |store| {
        store.hedges
    }),
    ("recto_store_changes_total", COUNTER, "Objects that had been replaced.", |store| store.changes),
];

/// All of them.
pub(super) fn add(text: &mut Text, report: &Report) {
    if report.stores.is_empty() {
        return;
    }
    for (name, kind, help, number) in NUMBERS {
        text.family(name, kind, help);
        for store in &report.stores {
            text.sample(name, &[("source", &escaped(&store.prefix))], number(store));
        }
    }
    text.family("recto_store_failures_total", COUNTER, "Requests that failed, by kind of failure.");
    for store in &report.stores {
        let source = escaped(&store.prefix);
        for failure in &store.failures {
            let labels = [("source", &*source), ("kind", &*failure.name)];
            text.sample("recto_store_failures_total", &labels, failure.count);
        }
    }
    text.family(
        "recto_block_cache_lookups_total",
        COUNTER,
        "Blocks of masters in stores that workers asked for, by whether they were there.",
    );
    for store in &report.stores {
        let source = escaped(&store.prefix);
        for (outcome, count) in [("hit", store.hits), ("miss", store.misses)] {
            let labels = [("source", &*source), ("outcome", outcome)];
            text.sample("recto_block_cache_lookups_total", &labels, count);
        }
    }
    about_cache(text, report);
}

fn about_cache(text: &mut Text, report: &Report) {
    let mut single = |name, kind, help, value: u64| text.single(name, kind, help, &[], value);
    if let Some(cache) = &report.block_cache {
        single("recto_block_cache_used_bytes", GAUGE, "Bytes of blocks on disk.", cache.used);
        single("recto_block_cache_limit_bytes", GAUGE, "Bytes that blocks may take.", cache.limit);
        single("recto_block_cache_objects", GAUGE, "Objects of which there are blocks.", cache.objects);
        single(
            "recto_block_cache_evictions_total",
            COUNTER,
            "Objects removed to make room.",
            cache.evictions,
        );
        single(
            "recto_block_cache_failing",
            GAUGE,
            "Whether its disk takes no more, or fails.",
            cache.failing.into(),
        );
    }
    if let Some(fetcher) = &report.fetcher {
        single("recto_fetcher_up", GAUGE, "Whether there is a fetcher.", fetcher.process.is_some().into());
        single(
            "recto_fetcher_deaths_total",
            COUNTER,
            "Fetchers that ended without being asked to.",
            fetcher.deaths,
        );
    }
}

/// A value of a label: prefixes may have any characters but control characters.
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_labels_are_escaped() {
        assert_eq!(escaped(r#"a"b\c/"#), r#"a\"b\\c/"#);
    }
}
