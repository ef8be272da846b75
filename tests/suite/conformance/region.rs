//! Regions (Image API 3.0 and 2.1 section 4.1).

use super::masters::{self, KINDS, WIDE};
use super::row::Expect;
use super::row::In::{Both, V2};
use super::row::{REFUSED, check, part};

/// A part of the original at its own size.
const fn cut(x: usize, y: usize, width: usize, height: usize) -> Expect {
    part([x, y, width, height], [width, height])
}

#[test]
fn regions_are_exact() {
    let rows = [
        ("REGION-01", Both, "full/max/0/default.png", cut(0, 0, 600, 400)),
        ("REGION-01", V2, "full/full/0/default.png", cut(0, 0, 600, 400)),
        ("REGION-02", Both, "0,0,600,400/max/0/default.png", cut(0, 0, 600, 400)),
        ("REGION-02", Both, "0,0,100,100/max/0/default.png", cut(0, 0, 100, 100)),
        ("REGION-03", Both, "128,128,128,128/max/0/default.png", cut(128, 128, 128, 128)),
        ("REGION-04", Both, "127,127,130,130/max/0/default.png", cut(127, 127, 130, 130)),
        ("REGION-05", Both, "13,257,301,99/max/0/default.png", cut(13, 257, 301, 99)),
        ("REGION-06", Both, "0,399,600,1/max/0/default.png", cut(0, 399, 600, 1)),
        ("REGION-07", Both, "599,0,1,400/max/0/default.png", cut(599, 0, 1, 400)),
        ("REGION-08", Both, "599,399,1,1/max/0/default.png", cut(599, 399, 1, 1)),
        ("REGION-09", Both, "300,200,1,1/max/0/default.png", cut(300, 200, 1, 1)),
        ("REGION-10", Both, "400,0,500,400/max/0/default.png", cut(400, 0, 200, 400)),
        ("REGION-11", Both, "0,300,600,500/max/0/default.png", cut(0, 300, 600, 100)),
        ("REGION-12", Both, "500,300,500,500/max/0/default.png", cut(500, 300, 100, 100)),
        ("REGION-13", Both, "500,300,500,500/50,/0/default.png", part([500, 300, 100, 100], [50, 50])),
        ("REGION-14", Both, "1,1,200,100/100,/0/default.png", part([1, 1, 200, 100], [100, 50])),
        ("REGION-20", Both, "pct:0,0,100,100/max/0/default.png", cut(0, 0, 600, 400)),
        ("REGION-21", Both, "pct:10,25,50,50/max/0/default.png", cut(60, 100, 300, 200)),
        ("REGION-22", Both, "pct:75,75,50,50/max/0/default.png", cut(450, 300, 150, 100)),
        ("REGION-23", Both, "pct:12.5,12.5,25.0,25.0/max/0/default.png", cut(75, 50, 150, 100)),
        ("REGION-24", Both, "pct:50.0000000000,0,50,.5/max/0/default.png", cut(300, 0, 300, 2)),
        ("REGION-70", Both, "0,0,4294967296,4294967297/max/0/default.png", cut(0, 0, 600, 400)),
        ("REGION-71", Both, "599,0,18446744073709551615,400/max/0/default.png", cut(599, 0, 1, 400)),
    ];
    check(&masters::site(), WIDE, &rows);
}

#[test]
fn squares_are_undistorted_and_touch_both_long_sides() {
    let site = masters::site();
    for kind in KINDS.iter().filter(|kind| kind.loss == 0.0 && kind.channels == 3) {
        let side = kind.width.min(kind.height);
        let middle = [(kind.width - side) / 2, (kind.height - side) / 2, side, side];
        let small = format!("square/{0},{0}/0/default.jpg", side.div_ceil(3));
        // Anywhere along the longer side would do; ours is in the middle.
        check(
            &site,
            kind,
            &[
                ("REGION-30", Both, "square/max/0/default.png", part(middle, [side, side])),
                ("REGION-31", Both, small.as_str(), part(middle, [side.div_ceil(3); 2])),
            ],
        );
    }
}

#[test]
fn regions_without_pixels_are_refused() {
    let regions = [
        "0,0,0,10",
        "0,0,10,0",
        "0,0,0,0",
        "600,0,10,10",
        "0,400,10,10",
        "9999,9999,10,10",
        "pct:0,0,0,50",
        "pct:0,0,50,0",
        "pct:100,0,10,10",
        "pct:0,150,10,10",
    ];
    refuse("REGION-40..48", &regions);
}

#[test]
fn malformed_regions_are_refused() {
    let regions = [
        "-1,0,10,10",
        "0,-1,10,10",
        "0,0,-10,10",
        "1.5,0,10,10",
        "+1,0,10,10",
        "0x10,0,10,10",
        "1e1,0,10,10",
        "nan,0,10,10",
        "inf,0,10,10",
        "0,0,10",
        "0,0,10,10,10",
        "0,0,10,",
        ",,,",
        "10",
        "0;0;10;10",
        "FULL",
        "Square",
        "frob",
        "pct:",
        "pct:0,0,10",
        "pct:-1,0,10,10",
        "pct:0,0,1e1,10",
        "pct:nan,0,10,10",
        "PCT:0,0,10,10",
        "pct:0,0,10%25,10",
        "0,0,10px,10",
        "%200,0,10,10",
        "pct:0,0,+10,10",
        "pct:0,0,1.2.3,10",
        "pct:.,0,10,10",
    ];
    refuse("REGION-50..67", &regions);
}

fn refuse(rule: &str, regions: &[&str]) {
    let requests: Vec<String> = regions.iter().map(|region| format!("{region}/max/0/default.png")).collect();
    let rows: Vec<_> = requests.iter().map(|request| (rule, Both, request.as_str(), REFUSED)).collect();
    check(&masters::site(), WIDE, &rows);
}
