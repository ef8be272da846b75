//! The ground of the sample chart: sea, land and relief of an invented world on laid paper.
//! Pure: every pixel follows from its place alone, so strips can be painted in any order.
//! In the manner of copperplates of the eighteenth century, coloured by hand.

use super::compass::Compass;
use super::noise::{Along, cell, from_multiple, gradient, layers, lerp, smooth};
use super::paint::{Color, coverage};
use crate::picture::{Dimensions, Rect};

/// Size of the chart: 44 megapixels, a whole number of tiles of 1024.
pub(super) const SIZE: Dimensions = Dimensions::new(7168, 6144);
/// What the frame leaves for the map.
pub(super) const MAP: Rect = Rect::new(512, 512, SIZE.width - 1024, SIZE.height - 1024);
/// The panel of the title.
pub(super) const PANEL: Rect = Rect::new(768, 768, 2560, 1152);
/// Pixels across a country, about.
pub(super) const COUNTRY: f32 = 1900.0;
/// The layers of noise that are hills, and the frequency and the height at which rocks go on.
const ROCKS: (u32, f32, f32) = (3, 6.0 * 2.03 * 2.03 * 2.03, 0.46 * 0.46 * 0.46);
/// Ink of the engraver.
pub(super) const SEPIA: Color = Color::hex(0x3A2A1C);

const PAPER: Color = Color::hex(0xF1E5C9);
const STAIN: Color = Color::hex(0xC9A877);
const WATER: Color = Color::hex(0x8FB9B7);
const DEEP: Color = Color::hex(0x3F6F7A);
const WASHES: [u32; 6] = [0xE3A98F, 0xE9CF7F, 0xB3C48A, 0xD7B0B8, 0x9FC0A8, 0xE6BE8C];

/// Height above the sea at a pixel, about -1 to 1.
pub(super) fn height(x: f32, y: f32) -> f32 {
    height_on(relief(x, y))
}

/// The height where the relief is so: the rocks on it are as small as a few pixels.
fn height_on([u, v, ground, roughness]: [f32; 4]) -> f32 {
    ground + roughness * ROCKS.2 * layers(u * ROCKS.1, v * ROCKS.1, 3, 0.46, 31 + ROCKS.0)
}

/// What of the height changes over hundreds of pixels: the place on the bent sheet of noise that its rocks come from, the
/// ground without them, and how high they are.
fn relief(x: f32, y: f32) -> [f32; 4] {
    let (u, v) = (x / 3300.0, y / 3300.0);
    let warp = |seed| 0.32 * layers(u * 1.4, v * 1.4, 3, 0.5, seed);
    let (u, v) = (u + warp(11), v + warp(15));
    let across = 2.0 * x / SIZE.width as f32 - 1.0;
    let down = 2.0 * y / SIZE.height as f32 - 1.0;
    let rim = smooth(0.62, 1.0, across.abs()).max(smooth(0.6, 1.0, down.abs()));
    let panel = outside_panel(x, y);
    let sunk = 0.45 * rim + 0.5 * (1.0 - smooth(0.0, 1100.0, panel));
    let continent = 0.5 * layers(u, v, 2, 0.45, 21) + 0.045 - sunk;
    let land = smooth(-0.1, 0.35, continent);
    let ridge = (1.0 - gradient(u * 3.1, v * 3.1, 41).abs()) * (1.0 - gradient(u * 6.7, v * 6.7, 42).abs());
    let roughness = 0.11 * land + 0.035;
    let hills = layers(u * 6.0, v * 6.0, ROCKS.0, 0.46, 31);
    [u, v, continent + land * 0.38 * ridge * ridge + roughness * hills, roughness]
}

/// Pixels from the panel of the title, which has the sea for itself.
pub(super) fn outside_panel(x: f32, y: f32) -> f32 {
    let beyond = |n: f32, from: u32, to: u32| (from as f32 - n).max(n - to as f32).max(0.0);
    beyond(x, PANEL.x, PANEL.right()).hypot(beyond(y, PANEL.y, PANEL.bottom()))
}

/// Number and nearness to the border of the country at a pixel.
pub(super) fn country(x: f32, y: f32) -> (u32, f32) {
    country_of(bent(x, y))
}

fn country_of([x, y]: [f32; 2]) -> (u32, f32) {
    let cell = cell(x, y, 7);
    (cell.number, cell.border * COUNTRY)
}

/// The place of a pixel among countries, which have no straight borders.
fn bent(x: f32, y: f32) -> [f32; 2] {
    let bend = |seed| 0.16 * layers(x / 900.0, y / 900.0, 3, 0.5, seed);
    [x / COUNTRY + bend(61), y / COUNTRY + bend(65)]
}

/// A place on the map with its height and the rise to the next pixel.
struct Spot {
    x: f32,
    y: f32,
    /// Its place among countries.
    bent: [f32; 2],
    height: f32,
    rise: (f32, f32),
    steepness: f32,
}

impl Spot {
    /// How much a line along heights `level` apart covers this pixel: `radius` is half its width.
    fn contour(&self, height: f32, steepness: f32, level: f32, radius: f32) -> f32 {
        coverage(radius - from_multiple(height, level) / steepness)
    }
}

/// Paints the rows from `first` on.
pub(super) fn paint(compass: &Compass, first: u32, rows: &mut [u8]) {
    let width = SIZE.width as usize;
    let mut here = heights(first);
    for (y, row) in (first..).zip(rows.chunks_exact_mut(width * 3)) {
        let below = heights(y + 1);
        let sheets = Along::new(SIZE.width, |x| age(x, y as f32));
        let countries = Along::new(SIZE.width, |x| bent(x, y as f32));
        for (x, pixel) in (0..SIZE.width).zip(row.chunks_exact_mut(3)) {
            let sheet = paper(x as f32, y as f32, sheets.at(x));
            let color = match here.get((x.wrapping_sub(MAP.x)) as usize..).and_then(|h| h.first_chunk()) {
                Some(&[height, right]) if y < MAP.bottom() && !in_panel(x, y) => {
                    let rise = (right - height, below[(x - MAP.x) as usize] - height);
                    let steepness = rise.0.hypot(rise.1).max(3e-6);
                    let (bent, x, y) = (countries.at(x), x as f32, y as f32);
                    map_color(&Spot { x, y, bent, height, rise, steepness }, sheet, compass)
                }
                _ => frame(x, y, sheet),
            };
            pixel.copy_from_slice(&color.bytes());
        }
        here = below;
    }
}

fn in_panel(x: u32, y: u32) -> bool {
    PANEL.contains(Rect::new(x, y, 1, 1))
}

/// Heights of the row `y` of the map and of one pixel more, for its slope; nothing above and below the map.
fn heights(y: u32) -> Vec<f32> {
    if y < MAP.y || y > MAP.bottom() {
        return Vec::new();
    }
    let row = Along::new(SIZE.width, |x| relief(x, y as f32));
    (MAP.x..=MAP.right()).map(|x| height_on(row.at(x))).collect()
}

/// How brown the paper is with age, more so near the edges, and how its fibres are bent.
fn age(x: f32, y: f32) -> [f32; 2] {
    let (right, bottom) = (SIZE.width as f32 - x, SIZE.height as f32 - y);
    let edge = x.min(y).min(right).min(bottom);
    let stains = 0.30 + 0.22 * layers(x / 1700.0, y / 1700.0, 3, 0.6, 81);
    let brown = (stains + 0.5 * (1.0 - smooth(0.0, 900.0, edge))).clamp(0.0, 0.9);
    [brown, gradient(x / 60.0, y / 60.0, 83)]
}

/// Laid paper: the lines of the mould, fibres, and the stains of age.
fn paper(x: f32, y: f32, [brown, bend]: [f32; 2]) -> Color {
    let wire = 0.006 - 0.0027 * from_multiple(y, 9.0);
    let chain = 0.018 * coverage(2.0 - from_multiple(x, 310.0));
    let fibre = 0.014 * gradient(x / 4.0 + bend * 9.0, y / 21.0, 82);
    PAPER.mix(STAIN, 0.55 * brown).times(1.0 + wire - chain + fibre)
}

fn map_color(spot: &Spot, sheet: Color, compass: &Compass) -> Color {
    let ground = if spot.height > 0.0 { land(spot, sheet) } else { sea(spot, sheet, compass) };
    let coast = coverage(2.2 - spot.height.abs() / spot.steepness);
    // The net lies on the multiples of 1024, so that a place can be checked by eye.
    let line = |n: f32| coverage(0.8 - from_multiple(n, 1024.0));
    let net = line(spot.x).max(line(spot.y));
    let color = ground.mix(SEPIA, 0.40 * net).mix(SEPIA, 0.92 * coast);
    compass.rose(spot.x, spot.y, color)
}

/// Shallow water is lined along the coast, denser near it; winds cross the open sea.
fn sea(spot: &Spot, sheet: Color, compass: &Compass) -> Color {
    let depth = -spot.height;
    let root = depth.sqrt().max(0.01);
    let near = 1.0 - smooth(0.05, 0.42, root);
    let color = sheet.mix(WATER, 0.38 + 0.42 * near).mix(DEEP, 0.16 * smooth(0.1, 0.8, depth));
    let lining = spot.contour(root, spot.steepness / (2.0 * root), 0.026, lerp(0.55, 1.1, near));
    let fading = 1.0 - smooth(0.18, 0.46, root);
    let color = color.mix(DEEP, 0.8 * lining * fading);
    let (wind, ink) = compass.wind(spot.x, spot.y);
    color.mix(ink, 0.45 * wind)
}

/// Land is washed in the colour of its country, hatched where it turns from the light, and lined by height.
fn land(spot: &Spot, sheet: Color) -> Color {
    let (number, border) = country_of(spot.bent);
    let wash = Color::hex(WASHES[(number % 6) as usize]);
    let strength = 0.34 + 0.42 * (-border / 70.0).exp();
    let snow = smooth(0.50, 0.72, spot.height);
    let color = sheet.mix(wash, strength * (1.0 - 0.8 * snow));
    let dash = from_multiple(spot.x + spot.y, 22.0) < 6.6;
    let color = color.mix(Color::hex(0xA33B2E), if dash { 0.75 * coverage(2.4 - border) } else { 0.0 });
    let fine = spot.contour(spot.height, spot.steepness, 0.02, 0.45);
    let bold = spot.contour(spot.height, spot.steepness, 0.10, 1.1);
    let color = color.mix(SEPIA, 0.34 * fine).mix(SEPIA, 0.42 * bold);
    let light = Color::hex(0xFFF8E4);
    let slant = (0.75 * spot.rise.0 + 0.66 * spot.rise.1) * 520.0;
    // Light comes from the upper left: what rises towards the lower right faces it.
    color.mix(light, 0.55 * slant.clamp(0.0, 1.0)).mix(SEPIA, 0.85 * hatching(spot, -slant))
}

/// Engraved lines that swell with the shade; they lean into the slope, as hachures do.
fn hatching(spot: &Spot, shade: f32) -> f32 {
    let shade = (shade - 0.04).clamp(0.0, 1.0);
    let lines = |along: f32, space: f32, swell: f32| {
        coverage(swell * space * 0.40 - 0.3 - from_multiple(along, space))
    };
    let bend = 130.0 * spot.height;
    let first = lines(0.83 * spot.y + 0.56 * spot.x + bend, 7.0, shade);
    let crossed = lines(0.83 * spot.y - 0.56 * spot.x + bend, 9.0, 1.4 * (shade - 0.45));
    if shade > 0.0 { first.max(crossed) } else { 0.0 }
}

/// The frame around the map and around the panel of the title: bars of 256 pixels, and of 64.
fn frame(x: u32, y: u32, sheet: Color) -> Color {
    let (inside, step) = if in_panel(x, y) { (depth(PANEL, x, y), 64) } else { (edge(x, y), 256) };
    let (depth, along) = inside;
    let dark = match (depth, step) {
        (300..310 | 344..347 | 363..366 | 496..512, 256) | (0..12 | 22..24 | 40..42, 64) => true,
        (310..344, 256) | (24..40, 64) => (along / step) % 2 == 0,
        (347..363, 256) => (along / 64) % 2 == 0,
        _ => false,
    };
    let panel = if step == 64 { sheet.mix(PAPER, 0.6) } else { sheet };
    panel.mix(SEPIA, if dark { 0.88 } else { 0.0 })
}

fn edge(x: u32, y: u32) -> (u32, u32) {
    depth(Rect::whole(SIZE), x, y)
}

/// How far inside of `rect` a pixel is, and where along the side that is nearest.
fn depth(rect: Rect, x: u32, y: u32) -> (u32, u32) {
    let beside = (x - rect.x).min(rect.right() - 1 - x);
    let above = (y - rect.y).min(rect.bottom() - 1 - y);
    if above < beside { (above, x) } else { (beside, y) }
}
