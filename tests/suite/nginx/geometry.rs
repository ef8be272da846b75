//! What must hold of any picture, asked for as clients do: parts join to the whole, turns come round, mirrors undo
//! themselves. Each answer becomes the master of the next request.

use crate::picture::{LEAF, Picture};
use crate::site::{MASTER, Site};

fn shown(site: &Site, identifier: &str, request: &str) -> (Picture, Vec<u8>) {
    let body = site.expect(200, &format!("/iiif/3/{identifier}/{request}/default.png")).body;
    (Picture::of_png(&body), body)
}

#[test]
fn parts_join_turns_come_round_and_mirrors_undo_themselves() {
    let site = Site::start();
    let (_, flat) = shown(&site, MASTER, "0,0,700,500/max/0");
    site.add("flat.png", &flat);
    assert!(Picture::of_png(&flat) == LEAF.0.cut(0, 0, 700, 500));
    for identifier in [MASTER, "flat.png"] {
        // Not on the grid, and with a seam in it.
        let (whole, _) = shown(&site, identifier, "100,60,400,300/max/0");
        for (x, y) in [(0, 0), (200, 0), (0, 150), (200, 150)] {
            let (part, _) = shown(&site, identifier, &format!("{},{},200,150/max/0", 100 + x, 60 + y));
            assert!(part == whole.cut(x, y, 200, 150), "{identifier}: the part at {x},{y}");
        }
        for (step, times) in [("90", 4), ("180", 2), ("270", 4), ("!0", 2), ("!90", 2), ("!180", 2)] {
            let (mut last, mut bytes) = shown(&site, identifier, "100,60,400,300/max/0");
            for time in 0..times {
                let name = format!("{identifier}-{}-{time}.png", step.replace('!', "m"));
                site.add(&name, &bytes);
                (last, bytes) = shown(&site, &name, &format!("full/max/{step}"));
                assert!(time + 1 == times || last != whole, "{identifier}: {step} does nothing");
            }
            assert!(last == whole, "{identifier}: {step}, {times} times");
        }
    }
}
