//! Networks and stores that fail, in all the ways they have: the right answer comes or an honest status, never other pixels,
//! and once they are well again so is the site, by itself.

use std::thread;

use super::*;
use crate::http::Answer;
use crate::picture::Picture;
use proxy::Fault;

const FAULTS: [(&str, Fault); 12] = [
    ("disconnects", Fault::Disconnects),
    ("resets", Fault::Resets),
    ("truncates", Fault::Truncates),
    ("short", Fault::WrongLength),
    ("elsewhere", Fault::WrongRange),
    ("whole", Fault::Whole),
    ("stalls", Fault::Stalls),
    ("drips", Fault::Drips),
    ("forbidden", Fault::Status(403)),
    ("none", Fault::Status(404)),
    ("throttled", Fault::Status(429)),
    ("unavailable", Fault::Status(503)),
];

const TILE: &str = "512,512,512,512/512,512/0/default.jpg";

/// A site of a web server behind a proxy, below `web/`, with a master for each fault; and the right tile.
fn site(place: &Path) -> (Site, Proxy, crate::site::Other, Vec<u8>) {
    let masters = place.join("masters");
    fs::create_dir(&masters).expect("made");
    for (name, _) in FAULTS {
        for name in [name.to_owned(), format!("{name}-once")] {
            fs::write(masters.join(format!("{name}.tif")), &LEAF.1).expect("written");
        }
    }
    let web = servers::web(&place.join("web"), &masters, true);
    let proxy = Proxy::new().to(web.port);
    let lines = [
        "workers = 2\ndeadline = \"12s\"\n".to_owned(),
        block_cache(&place.join("blocks"), "fresh = \"1s\"\n"),
        source("web/", &at(proxy.port), &[]),
    ];
    let site = Site::with(&Setup { server: &lines.concat(), ..Setup::default() });
    let right = site.expect(200, &format!("/iiif/3/leaf.tif/{TILE}")).body;
    (site, proxy, web, right)
}

/// What is asked of the master of a fault.
fn path(name: &str, what: &str) -> String {
    format!("/iiif/3/web%2F{name}.tif/{what}")
}

/// What is wrong with an answer: it is right, or honest about the fault.
fn wrong(fault: Fault, answer: &Answer, right: Option<&[u8]>) -> Option<String> {
    let is_right = answer.status == 200 && right.is_none_or(|right| right == answer.body);
    let is_honest = match fault {
        Fault::Status(404) => matches!(answer.status, 404 | 500..=504),
        _ => (500..=504).contains(&answer.status),
    };
    (!is_right && !is_honest).then(|| format!("{fault:?}: {}", answer.status))
}

/// Asks for the masters of all faults at once, under `times` faults each; what is wrong with the answers.
fn all_at_once(
    site: &Site,
    proxy: &Proxy,
    what: &str,
    right: Option<&[u8]>,
    times: usize,
) -> Vec<(Fault, u16, Option<String>)> {
    for (name, fault) in FAULTS {
        proxy.fault(&format!("{name}.tif"), fault, times);
    }
    let outcomes = thread::scope(|scope| {
        let asked: Vec<_> = FAULTS
            .iter()
            .map(|(name, fault)| {
                scope.spawn(move || {
                    let answer = site.get(&path(name, what));
                    (*fault, answer.status, wrong(*fault, &answer, right))
                })
            })
            .collect();
        asked.into_iter().map(|asked| asked.join().expect("no panic")).collect()
    });
    proxy.heal();
    outcomes
}

#[test]
fn a_store_that_fails_for_a_while_is_no_harm_for_longer() {
    if skipped("stores") {
        return;
    }
    let place = tempfile::tempdir().expect("a directory");
    let (site, proxy, _web, right) = site(place.path());
    let is_well = |what: &str, right: Option<&[u8]>| {
        for (name, _) in FAULTS {
            until(&format!("{name} is well"), || {
                site.forget_all();
                let answer = site.get(&path(name, what));
                answer.status == 200 && right.is_none_or(|right| right == answer.body)
            });
        }
    };
    // What is asked for once more after one failure fails nobody.
    for (name, fault) in FAULTS.into_iter().filter(|(_, fault)| {
        matches!(fault, Fault::Disconnects | Fault::Resets | Fault::Truncates | Fault::Status(503))
    }) {
        let name = format!("{name}-once");
        proxy.fault(&name, fault, 1);
        site.expect(200, &path(&name, "1024,0,256,256/max/0/default.jpg"));
        proxy.heal();
    }
    // At the first contact, and while pixels are fetched; for good, and once.
    for (what, right, times) in [
        ("info.json", None, usize::MAX),
        (TILE, Some(&*right), usize::MAX),
        ("0,0,256,256/max/0/default.jpg", None, 1),
    ] {
        let outcomes = all_at_once(&site, &proxy, what, right, times);
        let faults: Vec<_> = outcomes.iter().filter_map(|(_, _, wrong)| wrong.clone()).collect();
        assert!(faults.is_empty(), "{what}: {faults:?}\n{}", site.server.log());
        is_well(what, right);
    }
}

#[test]
fn an_object_that_changes_between_two_requests_is_never_mixed() {
    if skipped("stores") {
        return;
    }
    let far = Far::start("workers = 1\n", "");
    // Of noise, so that it is large: one tile of it brings few others.
    let mut state = 1_u64;
    let noise = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    let samples = (0..1500 * 1100 * 3).map(noise).collect();
    let old = Picture { width: 1500, height: 1100, channels: 3, samples };
    far.s3.put("large.tif", &old.master());
    far.site.expect(200, "/iiif/3/s3%2Flarge.tif/0,0,256,256/max/0/default.png");
    let opened = far.proxy.take("large.tif");
    let new = old.negative().master();
    far.s3.put("large.tif", &new);
    far.site.add("new.tif", &new);
    // The host has taken the old one for fresh, and finds out by what it asks for.
    let tile = "512,256,256,256/max/0/default.png";
    let far_away = far.site.expect(200, &format!("/iiif/3/s3%2Flarge.tif/{tile}")).body;
    let near = far.site.expect(200, &format!("/iiif/3/new.tif/{tile}")).body;
    let seen = far.proxy.take("large.tif");
    assert!(seen.iter().any(|one| one.status == 412), "{seen:#?} after {opened:#?}");
    assert!(far_away == near);
}
