//! What is written on the chart: title, names, heights, and the coordinates that show where a pixel is.
//! Pure: text to strokes, placed by the height of the ground.
//! The largest letters can be read on a thumbnail, the smallest only pixel for pixel.

use super::chart::{COUNTRY, MAP, PANEL, SEPIA, SIZE, country, height, outside_panel};
use super::compass::Compass;
use super::lettering::Pen;
use super::noise::{cell_center, hash, unit};
use super::paint::{Color, Drawing, Mark, Nib};
use crate::picture::Rect;

const RED: Color = Color::hex(0x96301F);
/// Squares of the lattice on which towns and peaks are looked for.
const TOWN: f32 = 330.0;

/// All strokes of the chart.
pub(super) fn draw(compass: &Compass) -> Drawing {
    let mut drawing = Drawing::default();
    coordinates(&mut drawing);
    margin(&mut drawing);
    let names = countries(&mut drawing);
    towns(&mut drawing, &names);
    title(&mut drawing);
    let sea = pen(130.0, 15.0, 4.0, Color::hex(0x2F5360));
    sea.center(&mut drawing, compass.center.0, compass.center.1 + 800.0, "MARE IMAGINUM");
    pen(110.0, 9.0, 1.0, SEPIA).center(&mut drawing, compass.center.0, compass.center.1 - 610.0, "N");
    drawing
}

/// The middle of the widest sea, for the compass: the lowest of many places far from the frame.
pub(super) fn open_sea() -> (f32, f32) {
    let inside = |side: u32| (1560..side - 1560).step_by(115).map(|n| n as f32);
    let places = inside(SIZE.height).flat_map(|y| inside(SIZE.width).map(move |x| (x, y)));
    let places = places.filter(|&(x, y)| outside_panel(x, y) > 800.0);
    let highest_around = |(x, y): (f32, f32)| {
        let around = (0..16u8).map(|n| (f32::from(n) * std::f32::consts::PI / 8.0).sin_cos());
        let rings = around.flat_map(|(sin, cos)| [550.0, 900.0].map(|r| height(x + r * cos, y + r * sin)));
        rings.fold(height(x, y), f32::max)
    };
    let deeper = |best: ((f32, f32), f32), place| {
        let height = highest_around(place);
        if height < best.1 { (place, height) } else { best }
    };
    places.fold(((6000.0, 4500.0), f32::MAX), deeper).0
}

fn pen(height: f32, weight: f32, spacing: f32, ink: Color) -> Pen {
    Pen { height, weight, spacing, ink, opacity: 0.9 }
}

/// Beside each crossing of the net, in letters of eleven pixels, the place of the crossing.
fn coordinates(drawing: &mut Drawing) {
    let small = pen(11.0, 1.5, 1.6, SEPIA);
    for y in (1024..MAP.bottom()).step_by(1024) {
        for x in (1024..MAP.right()).step_by(1024) {
            if PANEL.contains(Rect::new(x, y, 1, 1)) {
                continue;
            }
            small.write(drawing, x as f32 + 8.0, y as f32 - 8.0, &format!("X {x}  Y {y}"));
        }
    }
}

/// Figures in the frame at each 1024 pixels, and small ones at each 128.
fn margin(drawing: &mut Drawing) {
    for step in [128u32, 1024] {
        let figures = if step == 128 { pen(16.0, 2.0, 1.8, SEPIA) } else { pen(62.0, 7.0, 1.4, SEPIA) };
        let fine = |n: &u32| step == 1024 || !n.is_multiple_of(1024);
        for x in (step..SIZE.width)
            .step_by(step as usize)
            .filter(fine)
            .filter(|&x| x > 600 && x < MAP.right() - 60)
        {
            for y in [460.0, SIZE.height as f32 - 400.0] {
                figures.center(drawing, x as f32, y, &x.to_string());
            }
        }
        for y in (step..SIZE.height)
            .step_by(step as usize)
            .filter(fine)
            .filter(|&y| y > 600 && y < MAP.bottom() - 60)
        {
            for x in [432.0, SIZE.width as f32 - 432.0] {
                let narrow = if step == 1024 { pen(34.0, 4.0, 1.2, SEPIA) } else { figures };
                narrow.center(drawing, x, y as f32 + figures.height / 4.0, &y.to_string());
            }
        }
    }
}

/// The name of each country across its middle, where that is land.
fn countries(drawing: &mut Drawing) -> Vec<Rect> {
    let mut taken = Vec::new();
    for (column, row) in (0..7).flat_map(|i| (0..6).map(move |j| (i, j))) {
        let (x, y) = cell_center(column, row, 7);
        let (x, y) = (x * COUNTRY, y * COUNTRY);
        let land =
            [(-350.0, 0.0), (0.0, 0.0), (350.0, 0.0)].iter().all(|(dx, dy)| height(x + dx, y + dy) > 0.02);
        if land && on_map(x, y, 550.0) {
            let pen = pen(118.0, 14.0, 4.5, Color::hex(0x4A2A18));
            let name = name(hash(column, row, 91), 3);
            pen.center(drawing, x, y, &name);
            let width = pen.width(&name);
            let (left, top) = ((x - width / 2.0) as u32, (y - pen.height) as u32);
            // Room for the names of towns, which go to the right.
            taken.push(Rect::new(left - 240, top - 60, width as u32 + 290, 240));
        }
    }
    taken
}

/// Towns in the lowlands, heights on the mountains.
fn towns(drawing: &mut Drawing, names: &[Rect]) {
    for (column, row) in (2..36).flat_map(|i| (2..27).map(move |j| (i, j))) {
        let (x, y) = cell_center(column, row, 70);
        let (x, y) = (x * TOWN, y * TOWN);
        let (height, rank) = (height(x, y), unit(column, row, 72));
        let covered = names.iter().any(|name| name.contains(Rect::new(x as u32, y as u32, 1, 1)));
        if covered || !on_map(x, y, 200.0) || country(x, y).1 < 50.0 {
            continue;
        }
        if height > 0.34 {
            peak(drawing, x, y, height);
        } else if height > 0.015 && rank > 0.2 && level_ground(x, y) {
            town(drawing, x, y, rank, hash(column, row, 73));
        }
    }
}

/// Whether a name can be read there: steep slopes are dark with hatching.
fn level_ground(x: f32, y: f32) -> bool {
    let beside = [(-60.0, 0.0), (70.0, -50.0), (70.0, 50.0), (170.0, 0.0)];
    beside.windows(2).all(|pair| {
        let [a, b] = [pair[0], pair[1]].map(|(dx, dy)| height(x + dx, y + dy));
        (a - b).abs() < 0.075
    })
}

fn on_map(x: f32, y: f32, margin: f32) -> bool {
    let inside = |n: f32, from: u32, to: u32| n > from as f32 + margin && n < to as f32 - margin;
    let in_panel = inside(x, PANEL.x, PANEL.right() + 300) && inside(y, PANEL.y - 100, PANEL.bottom());
    inside(x, MAP.x, MAP.right()) && inside(y, MAP.y, MAP.bottom()) && !in_panel
}

fn peak(drawing: &mut Drawing, x: f32, y: f32, height: f32) {
    for (from, to) in [((-11.0, 9.0), (0.0, -10.0)), ((0.0, -10.0), (11.0, 9.0))] {
        line(drawing, (x + from.0, y + from.1), (x + to.0, y + to.1), 2.0, SEPIA);
    }
    let metres = (height * 5200.0) as u32;
    pen(17.0, 2.2, 1.6, SEPIA).write(drawing, x + 18.0, y + 8.0, &metres.to_string());
}

/// A ring with a dot; the greater towns have a second ring, red ink and larger letters.
fn town(drawing: &mut Drawing, x: f32, y: f32, rank: f32, seed: u32) {
    let great = rank > 0.86;
    let radius = if great { 13.0 } else { 7.0 };
    let ink = if great { RED } else { SEPIA };
    ring(drawing, x, y, radius, ink);
    if great {
        ring(drawing, x, y, 7.0, ink);
    }
    line(drawing, (x, y), (x, y), 2.2, ink);
    let letters = if great { pen(44.0, 5.5, 1.8, RED) } else { pen(21.0 + 10.0 * rank, 3.0, 1.6, SEPIA) };
    letters.write(drawing, x + radius + 9.0, y + letters.height / 2.0, &name(seed, 2 + seed % 2));
}

fn line(drawing: &mut Drawing, from: (f32, f32), to: (f32, f32), radius: f32, ink: Color) {
    let mut mark = Mark::new(Nib::round(radius), ink, 0.9);
    mark.stroke(from, to);
    drawing.add(mark);
}

fn ring(drawing: &mut Drawing, x: f32, y: f32, radius: f32, ink: Color) {
    let corner = |n: u8| {
        let (sin, cos) = (f32::from(n) * std::f32::consts::PI / 12.0).sin_cos();
        (x + radius * cos, y + radius * sin)
    };
    let mut mark = Mark::new(Nib::round(1.1), ink, 0.9);
    (0..24).for_each(|n| mark.stroke(corner(n), corner(n + 1)));
    drawing.add(mark);
}

/// A name of so many syllables that nobody has used.
fn name(seed: u32, syllables: u32) -> String {
    const HEADS: [&str; 16] =
        ["AR", "BE", "CA", "DO", "EL", "FI", "GA", "LU", "MA", "NO", "OR", "PE", "SA", "TA", "VI", "ZE"];
    const MIDDLES: [&str; 8] = ["LA", "RI", "NO", "VE", "DU", "MI", "RA", "SSO"];
    const TAILS: [&str; 8] = ["NIA", "RA", "LIS", "DUM", "VIA", "TUM", "NA", "RIS"];
    let pick = |n: u32, count: usize| hash(n.cast_signed(), 0, seed) as usize % count;
    let middles = (2..syllables).map(|n| MIDDLES[pick(n, 8)]);
    std::iter::once(HEADS[pick(0, 16)]).chain(middles).chain([TAILS[pick(1, 8)]]).collect()
}

/// The title, and a bar that measures pixels.
fn title(drawing: &mut Drawing) {
    let middle = (PANEL.x + PANEL.width / 2) as f32;
    let top = PANEL.y as f32;
    pen(90.0, 10.0, 3.0, SEPIA).center(drawing, middle, top + 220.0, "NOVA ET ACCURATA");
    pen(250.0, 34.0, 3.0, RED).center(drawing, middle, top + 560.0, "CHARTA");
    pen(70.0, 8.0, 2.4, SEPIA).center(drawing, middle, top + 715.0, "OF A WORLD THAT IS NOT");
    let note = format!("ENGRAVED BY RECTO ON {} BY {} PIXELS", SIZE.width, SIZE.height);
    pen(38.0, 4.5, 2.0, SEPIA).center(drawing, middle, top + 820.0, &note);
    let left = middle - 512.0;
    for part in 0..8u8 {
        let (from, to) = (left + 128.0 * f32::from(part), left + 128.0 * f32::from(part + 1));
        let y = top + 950.0;
        [y - 12.0, y + 12.0].iter().for_each(|&y| line(drawing, (from, y), (to, y), 1.5, SEPIA));
        if part % 2 == 0 {
            line(drawing, (from, y), (to, y), 12.0, SEPIA);
        }
    }
    for pixels in [0u16, 256, 512, 1024] {
        pen(34.0, 4.0, 1.6, SEPIA).center(
            drawing,
            left + f32::from(pixels),
            top + 1030.0,
            &pixels.to_string(),
        );
    }
}
