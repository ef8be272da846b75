//! Many hosts and one collection, simulated: where blocks are held, what a lost host costs, how large caches have to be.
//!
//! `cargo run --release --package recto-hosts` prints the tables that stand in docs/SCALING.md; each run prints the same.

#![allow(unreachable_pub)] // a program has nobody to be public to; its modules have each other

mod cache;
mod random;
mod ring;
mod site;
mod sizes;
mod walk;

use ring::Policy;
use site::{Setup, Site};
use walk::BLOCKS;

const OBJECTS: u64 = 100_000_000;
const POLICIES: [(&str, Policy); 4] = [
    ("any host", Policy::Any),
    ("its own host", Policy::Home),
    ("bounded at 1.5", Policy::Bounded(150)),
    ("own up to 64, then bounded", Policy::Near(64, 150)),
];

/// A hundred hosts with some 200 tiles a second and 4 GB each.
const SETUP: Setup = Setup {
    hosts: 100,
    policy: Policy::Near(64, 150),
    objects: OBJECTS,
    exponent: 0.9,
    readers: 1000.0,
    room: 60_000,
    news: 0,
};

fn main() {
    println!("{OBJECTS} objects, Zipf {}, {} hosts, readers who walk\n", SETUP.exponent, SETUP.hosts);
    policies("an ordinary day", SETUP);
    policies("one object in the news: a fifth of all readers", Setup { news: 20, ..SETUP });
    changes();
    sizes();
}

fn policies(title: &str, setup: Setup) {
    println!(
        "{title}\n  asked for at            | blocks there | held twice | elsewhere | busiest host | most at once"
    );
    for (name, policy) in POLICIES {
        let mut site = Site::new(Setup { policy, ..setup });
        site.run(30.0);
        site.begin();
        site.run(20.0);
        let counts = &site.counts;
        let (hits, twice) = (counts.hit_ratio() * 100.0, site.held_twice() * 100.0);
        let away = counts.away as f64 / counts.asked as f64 * 100.0;
        let busiest = counts.busiest(site.hosts());
        println!(
            "  {name:<26}| {hits:9.1} % | {twice:8.1} % | {away:7.1} % | {busiest:8.2} x  | {:8}",
            counts.most
        );
    }
    println!();
}

/// The same load for each host, whether there are few or many.
fn changes() {
    println!(
        "a host is lost, and comes back with an empty cache: blocks there, in each half minute\n  hosts |  before |    lost: first, second, third |    back: first, second, third"
    );
    for hosts in [3, 10, 100] {
        let readers = SETUP.readers / 4.0 * f64::from(hosts) / f64::from(SETUP.hosts);
        let objects = OBJECTS * u64::from(hosts) / u64::from(SETUP.hosts);
        let mut site = Site::new(Setup { hosts, readers, objects, ..SETUP });
        site.run(30.0);
        let next = |site: &mut Site| {
            site.begin();
            site.run(30.0);
            format!("{:5.1} %", site.counts.hit_ratio() * 100.0)
        };
        let before = next(&mut site);
        site.use_hosts(1..hosts, None);
        let lost = [(); 3].map(|()| next(&mut site)).join(", ");
        site.use_hosts(0..hosts, Some(0));
        let back = [(); 3].map(|()| next(&mut site)).join(", ");
        println!("  {hosts:5} | {before} | {lost:>29} | {back:>29}");
    }
    println!();
}

/// Of an object that is there only what somebody looked at is held.
fn sizes() {
    let blocks = blocks_of_a_reader();
    println!(
        "caches of all hosts together, so that this part of readers finds its object ({blocks:.0} of {BLOCKS} blocks of 64 KiB each)"
    );
    println!("  Zipf |       50 % |       60 % |       70 % |       80 % |       90 %");
    for exponent in [0.7, 0.8, 0.9, 0.99] {
        let size = |ratio| sizes::objects_for(ratio, OBJECTS, exponent) * blocks * 65_536.0 / 1e12;
        let sizes = [0.5, 0.6, 0.7, 0.8, 0.9].map(|ratio| format!("{:7.1} TB", size(ratio)));
        println!("  {exponent:4} | {}", sizes.join(" | "));
    }
}

/// The blocks of an object that one reader asks for, on average.
fn blocks_of_a_reader() -> f64 {
    let mut random = random::Random::new(2);
    let mut blocks = 0;
    for _ in 0..10_000 {
        let mut reader = walk::Reader::new(0);
        blocks += 1;
        while let Some(tiles) = reader.view(&mut random) {
            blocks += tiles.len();
        }
    }
    blocks as f64 / 10_000.0
}
