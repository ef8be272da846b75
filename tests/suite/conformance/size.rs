//! Sizes (Image API 3.0 and 2.1 section 4.2).

use super::masters::{self, KINDS, WIDE};
use super::row::Expect::Refusal;
use super::row::In::{Both, V2, V3};
use super::row::{Expect, REFUSED, check, part};

/// The whole of the wide original in a size.
const fn whole(width: usize, height: usize) -> Expect {
    part([0, 0, 600, 400], [width, height])
}

/// A corner of it.
const fn corner(width: usize, height: usize) -> Expect {
    part([50, 60, 30, 20], [width, height])
}

#[test]
fn sizes_are_exact() {
    let rows = [
        ("SIZE-01", V3, "full/max/0/default.png", whole(600, 400)),
        ("SIZE-02", V2, "full/full/0/default.png", whole(600, 400)),
        ("SIZE-03", Both, "50,60,30,20/max/0/default.png", corner(30, 20)),
        ("SIZE-04", Both, "full/300,/0/default.png", whole(300, 200)),
        ("SIZE-05", Both, "full/453,/0/default.png", whole(453, 302)),
        ("SIZE-06", Both, "full/599,/0/default.png", whole(599, 399)),
        ("SIZE-07", Both, "full/,200/0/default.png", whole(300, 200)),
        ("SIZE-08", Both, "full/,133/0/default.png", whole(200, 133)),
        ("SIZE-09", Both, "full/75,/0/default.png", whole(75, 50)),
        ("SIZE-10", Both, "full/pct:50/0/default.png", whole(300, 200)),
        ("SIZE-11", Both, "full/pct:12.5/0/default.png", whole(75, 50)),
        ("SIZE-12", Both, "full/pct:33.333/0/default.png", whole(200, 133)),
        ("SIZE-13", Both, "full/pct:100/0/default.png", whole(600, 400)),
        ("SIZE-14", Both, "0,0,300,200/pct:10/0/default.png", part([0, 0, 300, 200], [30, 20])),
        ("SIZE-15", Both, "full/300,200/0/default.png", whole(300, 200)),
        ("SIZE-16", Both, "full/300,100/0/default.png", whole(300, 100)),
        ("SIZE-17", Both, "full/101,399/0/default.png", whole(101, 399)),
        ("SIZE-18", Both, "full/1,1/0/default.png", whole(1, 1)),
        ("SIZE-19", Both, "100,100,200,100/50,50/0/default.png", part([100, 100, 200, 100], [50, 50])),
        ("SIZE-20", Both, "full/!300,300/0/default.png", whole(300, 200)),
        ("SIZE-21", Both, "full/!600,100/0/default.png", whole(150, 100)),
        ("SIZE-22", Both, "full/!200,1000/0/default.png", whole(200, 133)),
        ("SIZE-23", Both, "full/!600,400/0/default.png", whole(600, 400)),
        ("TILES", Both, "512,256,88,144/44,72/0/default.png", part([512, 256, 88, 144], [44, 72])),
        ("TILES", Both, "512,0,88,256/22,64/0/default.png", part([512, 0, 88, 256], [22, 64])),
        ("IMG3-SIZE-80", V3, "50,60,30,20/^60,/0/default.png", corner(60, 40)),
        ("IMG3-SIZE-81", V3, "50,60,30,20/^,60/0/default.png", corner(90, 60)),
        ("IMG3-SIZE-82", V3, "50,60,30,20/^pct:250/0/default.png", corner(75, 50)),
        ("IMG3-SIZE-83", V3, "50,60,30,20/^40,90/0/default.png", corner(40, 90)),
        ("IMG3-SIZE-84", V3, "50,60,30,20/^!90,90/0/default.png", corner(90, 60)),
        ("IMG3-SIZE-87", V3, "full/^300,/0/default.png", whole(300, 200)),
        ("IMG3-SIZE-88", V3, "full/^pct:50/0/default.png", whole(300, 200)),
        ("IMG3-SIZE-89", V3, "full/^!300,300/0/default.png", whole(300, 200)),
        ("IMG3-SIZE-90", V3, "50,60,30,20/%5E60,/0/default.png", corner(60, 40)),
        ("IMG2-SIZE-80", V2, "50,60,30,20/60,/0/default.png", corner(60, 40)),
        ("IMG2-SIZE-81", V2, "50,60,30,20/pct:250/0/default.png", corner(75, 50)),
        ("IMG2-SIZE-82", V2, "50,60,30,20/40,90/0/default.png", corner(40, 90)),
        ("IMG2-SIZE-83", V2, "50,60,30,20/!90,90/0/default.png", corner(90, 60)),
    ];
    check(&masters::site(), WIDE, &rows);
}

#[test]
fn sizes_that_are_none_are_refused() {
    let none = ["0,", ",0", "0,0", "0,10", "10,0", "!0,0", "!0,10", "pct:0", "pct:0.0", "pct:0.01"];
    refuse("SIZE-30..35", Both, &none);
    let malformed = [
        "", ",", "10", "!10", "!10,", "!,10", "10,10,10", "-10,", ",-10", "+10,", "1.5,", "0x10,", "1e2,",
        "nan,", "inf,", "10px,", "MAX", "frob", "pct:", "pct:-5", "pct:+5", "pct:1e1", "pct:nan", "pct:5%25",
        "PCT:50", "!pct:50", "!max", "10;10", "%2010,", "max,", "full,", "10,!10", "pct:5,5", "pct:.",
    ];
    refuse("SIZE-40..59", Both, &malformed);
    let huge = ["4294967297,", "18446744073709551617,", ",99999999999999999999999", "99999999,99999999"];
    refuse("SIZE-65..67", Both, &huge);
    let larger = ["601,", ",401", "600,401", "601,400", "pct:101", "pct:100.01", "!2000,3000", "1200,800"];
    refuse("IMG3-SIZE-70..75, SIZE-24", V3, &larger);
    refuse("IMG3-SIZE-76", V3, &["full"]);
    let signs =
        ["^", "^^", "^^max", "!^10,10", "^full", ",^10", "^10", "^,", "^0,", "^pct:", "10,^10", "max^"];
    refuse("IMG3-SIZE-91..98", V3, &signs);
    refuse("IMG2-SIZE", V2, &["^max", "^600,", "^!10,10", "^pct:50"]);
}

#[test]
fn limits_hold() {
    let site = masters::site();
    let limits =
        |name: &str| site.expect(200, "/iiif/3/wide.tif/info.json").json()[name].as_u64().expect("a limit");
    let (width, area) = (limits("maxWidth"), limits("maxArea"));
    let over = [
        format!("full/^{},1/0/default.png", width + 1),
        format!("full/^1,{}/0/default.png", width + 1),
        format!("full/^{},{}/0/default.png", area.isqrt() + 1, area.isqrt() + 1),
        "full/^pct:100000/0/default.png".to_owned(),
    ];
    let refusal = Refusal(&[400, 404]);
    let mut rows: Vec<_> = over.iter().map(|request| ("LIMIT-02", V3, request.as_str(), refusal)).collect();
    let over_2: Vec<String> = over.iter().map(|request| request.replace('^', "")).collect();
    rows.extend(over_2.iter().map(|request| ("LIMIT-03", V2, request.as_str(), refusal)));
    check(&site, WIDE, &rows);
    // A line: neither the area nor the other side has a say.
    let answer = site.expect(200, "/iiif/3/flat.tif/full/^max/0/default.png");
    assert_eq!(crate::picture::Picture::of_png(&answer.body).width as u64, width, "LIMIT-01");
    let boxed = site.expect(200, "/iiif/3/flat.tif/full/^!99999,99999/0/default.png");
    assert_eq!(crate::picture::Picture::of_png(&boxed.body).width as u64, width, "LIMIT-04");
}

#[test]
fn masters_of_every_kind_show_their_pixels() {
    let site = masters::site();
    for kind in &KINDS {
        let (w, h) = (kind.width, kind.height);
        let own = part([0, 0, w, h], [w, h]);
        let (x, y) = (w / 3, h / 3);
        let piece = [x, y, (w / 2).max(1), (h / 2).max(1)];
        let [_, _, pw, ph] = piece;
        let cut = format!("{x},{y},{pw},{ph}/max/0/default.png");
        let (most_w, most_h) = ((3 * w).div_ceil(5), (3 * h).div_ceil(5));
        let most = format!("full/{most_w},{most_h}/0/default.png");
        let (small_w, small_h) = (w.div_ceil(5), h.div_ceil(5));
        let small = format!("full/{small_w},{small_h}/0/default.png");
        check(
            &site,
            kind,
            &[
                ("SIZE-01", Both, "full/max/0/default.png", own),
                ("FMT-01", Both, "full/max/0/default.jpg", own),
                ("REGION-02", Both, cut.as_str(), part(piece, [pw, ph])),
                ("SIZE-15", Both, most.as_str(), part([0, 0, w, h], [most_w, most_h])),
                ("SIZE-15", Both, small.as_str(), part([0, 0, w, h], [small_w, small_h])),
            ],
        );
    }
}

fn refuse(rule: &str, versions: super::row::In, sizes: &[&str]) {
    let requests: Vec<String> = sizes.iter().map(|size| format!("full/{size}/0/default.png")).collect();
    let rows: Vec<_> = requests.iter().map(|request| (rule, versions, request.as_str(), REFUSED)).collect();
    check(&masters::site(), WIDE, &rows);
}
