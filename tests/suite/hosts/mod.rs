//! Several whole hosts, each a pool with its NGINX and cache, behind the shipped balancers: what clients notice when one is
//! killed, drained or joined, and where identifiers meet. They have their ports on this machine, which anybody may open; a
//! network of their own would want root.

mod balancer;
mod crowd;
mod manifests;

use std::fs::{self, File};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;

use self::balancer::HaProxy;
use self::crowd::{CLIENTS, Crowd, Outcome, identifiers, tile};
use crate::http;
use crate::judge::skipped;
use crate::picture::STAMP;
use crate::server::until;
use crate::site::{MASTER, Other, Setup, Site};

const PUBLIC: &str = "workers = 1\npublic_url = \"https://images.example.org/iiif\"\n";

/// A host that holds the same masters as all others.
fn host(setup: &Setup) -> Site {
    let site = Site::with(setup);
    // Nothing is kept about what has just been written, and copies keep dates.
    let date = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    for name in identifiers().chain([MASTER.to_owned()]) {
        if name != MASTER {
            site.add(&name, &STAMP);
        }
        let file = File::options().write(true).open(site.server.path("masters").join(name)).expect("there");
        file.set_modified(date).expect("set");
    }
    site
}

fn hosts<const N: usize>() -> [Site; N] {
    [(); N].map(|()| host(&Setup { server: PUBLIC, ..Setup::default() }))
}

#[test]
fn a_host_may_be_killed_join_and_be_drained_and_only_what_the_killed_one_had_in_work_is_lost() {
    if skipped("fronts") {
        return;
    }
    let mut hosts = hosts::<3>();
    let front = HaProxy::before(&hosts);
    all_hosts_say_the_same(&hosts);
    let crowd = Crowd::start(front.port);
    let three = crowd.asks(400);
    each_identifier_has_one_host(&hosts);

    hosts[0].kill();
    let killed = Instant::now();
    let without = crowd.asks(200);
    joins(&mut hosts[0]);
    let joined = crowd.asks(200);
    is_drained(&mut hosts[1], &front, &crowd);
    let drained = crowd.asks(200);

    let outcomes = crowd.end();
    let lost: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.status != Some(200)).collect();
    let in_work = lost.iter().filter(|outcome| outcome.begun < killed).count();
    assert!(in_work == lost.len() && in_work <= CLIENTS, "{in_work} in work at {killed:?}: {lost:?}");
    let phases = [
        ("three hosts", three),
        ("one killed", without),
        ("it has joined", joined),
        ("one drained", drained),
    ];
    for (name, phase) in phases {
        println!("{name}: {}", crowd::hits(&outcomes, &phase));
    }
    println!("lost with the host: {in_work} of {}", outcomes.len());
    assert!(crowd::tags_agree(&outcomes), "hosts have different entity tags for one picture");
    a_popular_master_spills_over(&hosts, &front);
}

fn joins(host: &mut Site) {
    let before = pictures(host).len();
    host.start_again();
    until("the host that has joined is asked", || pictures(host).len() > before + 5);
}

/// It is asked for nothing more, and then it may be stopped.
fn is_drained(host: &mut Site, front: &HaProxy, crowd: &Crowd) {
    fs::write(host.server.path("drain"), "").expect("written");
    until("the balancer has seen it", || front.says("recto_near,h2,", "DOWN"));
    crowd.asks(20); // those that were on their way
    let before = pictures(host).len();
    crowd.asks(50);
    assert_eq!(pictures(host).len(), before, "a host that is drained is still asked");
    host.signal_nginx(Signal::QUIT);
    assert_eq!(host.server.stop(), Some(0));
}

/// The paths of the pictures that a host was asked for.
fn pictures(host: &Site) -> Vec<String> {
    let log = fs::read_to_string(host.server.path("access.log")).expect("a log");
    let path = |line: &str| line.split('"').nth(1)?.split(' ').nth(1).map(str::to_owned);
    log.lines().filter_map(path).filter(|path| path.ends_with(".jpg")).collect()
}

fn all_hosts_say_the_same(hosts: &[Site]) {
    let name = identifiers().next().expect("one").replace('/', "%2F");
    for path in [
        format!("/iiif/3/{name}/info.json"),
        tile(&name, 0).replace(".jpg", ".png"),
        format!("/iiif/3/{MASTER}/full/90,/0/default.png"),
    ] {
        let answers: Vec<_> = hosts.iter().map(|host| host.expect(200, &path)).collect();
        for answer in &answers[1..] {
            assert_eq!(answer.the("etag"), answers[0].the("etag"), "{path}");
            assert!(answer.body == answers[0].body, "{path}");
        }
        // What one host gave out, another one knows.
        let same = hosts[1].ask("GET", &path, &[("If-None-Match", answers[0].the("etag"))]);
        assert_eq!(same.status, 304, "{path}");
    }
}

fn each_identifier_has_one_host(hosts: &[Site]) {
    let asked: Vec<Vec<String>> = hosts.iter().map(pictures).collect();
    let mut known = 0;
    for name in identifiers() {
        let file = name.rsplit('/').next().expect("a name");
        let at = |paths: &&Vec<String>| paths.iter().any(|path| path.contains(file));
        let hosts = asked.iter().filter(at).count();
        assert!(hosts < 2, "{name} is at {hosts} hosts");
        known += hosts;
    }
    assert!(known > 10, "{known}");
    assert!(asked.iter().all(|paths| !paths.is_empty()), "a host has nothing to do");
}

/// More clients at once for one master than a host takes: another host helps.
fn a_popular_master_spills_over(hosts: &[Site], front: &HaProxy) {
    let port = front.port;
    let load = crate::load::Load::start(24, move |number| {
        let path =
            format!("/iiif/3/{MASTER}/{},{},256,256/256,256/0/default.jpg", number % 900, number % 500);
        http::request(port, "GET", path, &[]).map(|answer| answer.status).ok()
    });
    let has = |host: &Site| pictures(host).iter().any(|path| path.contains(",256,256/"));
    until("both hosts that are left have it", || has(&hosts[0]) && has(&hosts[2]));
    assert!(load.end().iter().all(|status| *status == 200));
}

/// Whatever a client says of itself, and by whatever name of the site's it comes.
#[test]
fn ids_are_those_of_the_balancer_and_spellings_of_an_identifier_have_one_host() {
    if skipped("fronts") {
        return;
    }
    let local = [("local-http.conf", &*balancer::local_http())];
    let server = "workers = 1\ntrusted_hosts = [\"images.example.org\", \"maps.example.org\"]\n";
    let edits = [
        ("server_name localhost;", "server_name _;"),
        (
            "location / {",
            "location ^~ /digital/ { set $recto_prefix /digital; rewrite ^ /iiif/ last; }\nlocation / {",
        ),
    ];
    let hosts = [(); 2].map(|()| host(&Setup { server, edits: &edits, local: &local, ..Setup::default() }));
    let front = HaProxy::before(&hosts);
    let nginx = balancer::nginx(&hosts);
    let info = |port: u16, path: &str, host: &str| {
        let said = [("Host", host), ("X-Forwarded-Proto", "gopher"), ("X-Forwarded-For", "198.51.100.7")];
        http::request(port, "GET", path, &said).expect("an answer").json()["id"].as_str().map(str::to_owned)
    };
    for port in [front.port, nginx.port] {
        for (path, host, id) in [
            (
                "/iiif/3/box%2F01.tif/info.json",
                "images.example.org",
                "images.example.org/iiif/3/box%2F01.tif",
            ),
            (
                "/iiif/3/%62ox%2f01.tif/info.json?x",
                "maps.example.org",
                "maps.example.org/iiif/3/box%2F01.tif",
            ),
            (
                "/digital/3/box%2F01.tif;1/info.json",
                "maps.example.org",
                "maps.example.org/digital/3/box%2F01.tif;1",
            ),
        ] {
            assert_eq!(info(port, path, host), Some(format!("https://{id}")), "{path}");
        }
        assert_eq!(http::request(port, "GET", "/iiif/3/%zz/info.json", &[]).expect("an answer").status, 400);
        meets_on_one_host(port, &hosts);
    }
    let log = fs::read_to_string(hosts[0].server.path("access.log")).expect("a log");
    assert!(!log.contains("198.51.100.7"), "a client is who it says: {log}");
}

/// How many lines of its log have this text.
fn asked_for(host: &Site, text: &str) -> usize {
    fs::read_to_string(host.server.path("access.log")).expect("a log").matches(text).count()
}

fn meets_on_one_host(port: u16, hosts: &[Site]) {
    for number in ["01", "02", "03", "04"] {
        let name = format!("box%2F{number}.tif");
        let paths = [
            format!("/iiif/3/{name}/info.json"),
            format!("/iiif/2/{}/info.json", name.replace("%2F", "%2f")),
            tile(&name, 1),
            format!("/iiif/3/{}/full/max/0/default.jpg", name.replace('b', "%62")),
            format!("/iiif/3/{name}"),
            format!("/digital/3/{name};1/0,0,9,9/max/0/default.png"),
        ];
        let mark = format!("?{port}-{number}");
        for path in &paths {
            let host = [("Host", "images.example.org")];
            http::request(port, "GET", format!("{path}{mark}"), &host).expect("an answer");
        }
        let asked = || hosts.iter().map(|host| asked_for(host, &mark)).collect::<Vec<_>>();
        // A line is written when its answer has gone.
        until("all of it is in the logs", || asked().iter().sum::<usize>() == paths.len());
        assert!(asked().contains(&paths.len()), "box/{number}.tif: {:?}", asked());
    }
}

#[test]
fn nginx_alone_goes_on_without_a_host_that_is_gone() {
    let mut hosts = hosts::<2>();
    let front: Other = balancer::nginx(&hosts);
    let status = |path: &str| http::request(front.port, "GET", path, &[]).expect("an answer").status;
    let paths: Vec<String> = identifiers().map(|name| tile(&name.replace('/', "%2F"), 2)).collect();
    assert!(paths.iter().all(|path| status(path) == 200));
    hosts[1].kill();
    assert!(paths.iter().all(|path| status(path) == 200));
}
