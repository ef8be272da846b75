//! What masters in stores cost: round trips, requests and bytes, counted by a proxy; and that hosts agree.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use super::*;
use proxy::{Seen, round_trips};

const INFO: &str = "/iiif/3/s3%2Fleaf.tif/info.json";
const TILE: &str = "/iiif/3/s3%2Fleaf.tif/0,0,512,512/512,512/0/default.jpg";
const OTHER_TILE: &str = "/iiif/3/s3%2Fleaf.tif/512,512,512,512/512,512/0/default.jpg";

/// Tiles of 512 pixels of all levels of the leaf.
fn tiles() -> Vec<String> {
    let of_level = |scale: u32| {
        let step = 512 * scale;
        let corners = (0..1100)
            .step_by(step as usize)
            .flat_map(move |y| (0..1500).step_by(step as usize).map(move |x| (x, y)));
        corners.map(move |(x, y)| {
            let (width, height) = (step.min(1500 - x), step.min(1100 - y));
            let out = |side: u32| side.div_ceil(scale);
            format!("{x},{y},{width},{height}/{},{}/0/default.jpg", out(width), out(height))
        })
    };
    [1, 2, 4].into_iter().flat_map(of_level).collect()
}

#[test]
fn an_object_costs_few_round_trips_when_cold_and_one_request_when_known() {
    if skipped("stores") {
        return;
    }
    let mut far = Far::start("workers = 2\n", "");
    for (name, master) in [("leaf.tif", &*GOOD), ("leaf.jp2", &*GOOD_JP2)] {
        far.s3.put(name, master);
        far.proxy.delay(Duration::from_millis(30));
        far.site.expect(200, &TILE.replace("leaf.tif", name));
        let cold = far.proxy.take(name);
        assert!(round_trips(&cold) <= 4, "{name}: {cold:#?}");
        far.proxy.delay(Duration::ZERO);
        // The first one asks whether something is said beside it.
        far.site.expect(200, &INFO.replace("leaf.tif", name));
        let beside = far.proxy.take(name);
        assert!(beside.iter().all(|one| one.target.ends_with(".json")) && beside.len() <= 1, "{beside:#?}");
        far.site.forget_all();
        far.site.expect(200, &INFO.replace("leaf.tif", name));
        far.site.expect(200, &INFO.replace("leaf.tif", name).replace("/3/", "/2/"));
        let known = far.proxy.take(name);
        assert!(known.is_empty(), "info.json of {name}: {known:#?}");
        far.site.expect(200, &OTHER_TILE.replace("leaf.tif", name));
        let tile = far.proxy.take(name);
        assert!(tile.len() <= 1 && bytes(&tile) < 150_000, "a tile of {name}: {tile:#?}");
    }
    // What the host has it has for good.
    let server = &mut far.site.server;
    assert_eq!(server.stop(), Some(0));
    server.start_again();
    until("it is back", || far.site.get("/iiif/3/leaf.tif/info.json").status == 200);
    far.site.forget_all();
    far.site.expect(200, TILE);
    let again = far.proxy.take("leaf.tif");
    assert!(bytes(&again) <= 64 << 10 && again.len() <= 1, "after a new start: {again:#?}");
}

#[test]
fn many_viewers_of_one_cold_object_fetch_each_block_once() {
    if skipped("stores") {
        return;
    }
    let far = Far::start("workers = 2\n", "");
    far.proxy.delay(Duration::from_millis(15));
    let tiles = tiles();
    let statuses: Vec<u16> = thread::scope(|scope| {
        let viewer = |number: usize| {
            let path = format!("/iiif/3/s3%2Fleaf.tif/{}", tiles[number % tiles.len()]);
            let site = &far.site;
            scope.spawn(move || site.get(&path).status)
        };
        let viewers: Vec<_> = (0..100).map(viewer).collect();
        viewers.into_iter().map(|viewer| viewer.join().expect("no panic")).collect()
    });
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    let seen = far.proxy.take("leaf.tif");
    assert!(seen.iter().all(|one| one.method == "GET" && matches!(one.status, 200 | 206)), "{seen:#?}");
    let mut blocks = HashMap::<u64, usize>::new();
    for (first, last) in seen.iter().filter_map(|one| one.range) {
        let last = last.min(GOOD.len() as u64 - 1);
        (first >> 16..=last >> 16).for_each(|block| *blocks.entry(block).or_default() += 1);
    }
    assert!(blocks.values().all(|times| *times == 1), "{seen:#?}");
    let fetcher = far.fetcher().expect("a fetcher");
    let status = fs::read_to_string(format!("/proc/{fetcher}/status")).expect("it lives");
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    assert!(peak.expect("a peak") < 100_000, "{status}");
}

#[test]
fn an_object_that_was_replaced_is_seen_by_all_hosts_alike() {
    if skipped("stores") {
        return;
    }
    let one = Far::start("workers = 1\n", "fresh = \"1s\"\n");
    let lines = format!(
        "workers = 1\n{}fresh = \"1s\"\n{}",
        block_cache(&one.place.path().join("others"), ""),
        source("s3/", "s3://masters", &[("endpoint", &at(one.s3.running.port)), ("region", "us-east-1")])
    );
    let other = Site::with(&Setup { server: &lines, environment: &CREDENTIALS, ..Setup::default() });
    let tag = |site: &Site, path: &str| site.expect(200, path).the("etag").to_owned();
    // Not of info.json, which has the port in it.
    let before = [TILE, OTHER_TILE].map(|path| tag(&one.site, path));
    assert_eq!(before, [TILE, OTHER_TILE].map(|path| tag(&other, path)), "two hosts");
    let picture = one.site.expect(200, TILE).body;
    let negative = converted(&LEAF.0.negative().master(), Container::Tiff);
    one.s3.put("leaf.tif", &negative);
    until("both hosts have seen it", || {
        let [one, other] = [&one.site, &other].map(|site| {
            site.forget_all();
            [TILE, OTHER_TILE].map(|path| tag(site, path))
        });
        one == other && one[0] != before[0] && one[1] != before[1]
    });
    // The picture is the new one's.
    let [seen, expected] = [OTHER_TILE, &OTHER_TILE.replace("s3%2F", "")].map(|path| {
        one.site.add("leaf.tif", &negative);
        one.site.expect(200, path).body
    });
    assert!(seen == expected && picture != seen);
    one.s3.remove("leaf.tif");
    until("it is gone", || {
        one.site.forget_all();
        one.site.get(TILE).status == 404
    });
}

fn bytes(seen: &[Seen]) -> usize {
    seen.iter().map(|one| one.bytes).sum()
}
