//! Which pixels of which level: tiles asked for on the grid are those that are stored, and whatever is scaled lies
//! where it belongs. The judge of places is a picture that is known at every point of the plane.

use recto::picture::{Dimensions, Rect};

use crate::judge::{Bench, Picture, Raw, recto, rendered, samples};

pub const SIZE: Dimensions = Dimensions::new(1001, 667);

/// The picture at a point of the plane; pixel centres are at halves. Long waves only: scaling must not change them.
pub fn at(x: f64, y: f64) -> f64 {
    128.0 + 55.0 * (x / 23.0).sin() * (y / 31.0).cos() + 45.0 * ((x + y) / 41.0).sin()
}

pub fn raw(size: Dimensions) -> Raw {
    let level = |(x, y, _)| at(f64::from(x) + 0.5, f64::from(y) + 0.5).round() as u8;
    let bytes = samples(size, 1).map(level).collect();
    Raw { size, bands: 1, format: "uchar", interpretation: "b-w", bytes }
}

/// How far `picture` of `region` is shifted, right and down, in its own pixels: least squares against the plane.
pub fn shift(picture: &Picture, region: Rect) -> (f64, f64) {
    let Dimensions { width, height } = picture.size;
    let (sx, sy) = (f64::from(region.width) / f64::from(width), f64::from(region.height) / f64::from(height));
    // Sums of the normal equations for: picture - plane = -dx * slope across - dy * slope down + gain * plane + offset.
    let mut normal = [[0.0; 5]; 4];
    for (x, y, _) in samples(picture.size, 1) {
        let px = f64::from(region.x) + (f64::from(x) + 0.5) * sx;
        let py = f64::from(region.y) + (f64::from(y) + 0.5) * sy;
        let slope = |dx, dy| at(px + dx, py + dy) - at(px - dx, py - dy);
        let row = [-slope(sx / 2.0, 0.0), -slope(0.0, sy / 2.0), at(px, py) - 128.0, 1.0];
        let error = f64::from(picture.pixel(x, y)[0]) - at(px, py);
        for i in 0..4 {
            (0..4).for_each(|j| normal[i][j] += row[i] * row[j]);
            normal[i][4] += row[i] * error;
        }
    }
    let solved = solve(normal);
    (solved[0], solved[1])
}

/// Gauss and Jordan.
fn solve(mut rows: [[f64; 5]; 4]) -> [f64; 4] {
    for i in 0..4 {
        let pivot = rows[i];
        let scaled = pivot.map(|value| value / pivot[i]);
        for (j, row) in rows.iter_mut().enumerate() {
            let factor = row[i];
            (0..5).for_each(|k| row[k] = if j == i { scaled[k] } else { row[k] - factor * scaled[k] });
        }
    }
    rows.map(|row| row[4])
}

const PYRAMIDS: [(&str, &str); 4] = [
    ("page", "[tile,pyramid,tile-width=128,tile-height=128]"),
    ("subifd", "[tile,pyramid,subifd,tile-width=128,tile-height=128,compression=deflate]"),
    ("page", "[tile,pyramid,tile-width=48,tile-height=80,bigtiff,compression=lzw]"),
    ("subifd", "[tile,pyramid,subifd,bigtiff,tile-width=128,tile-height=128]"),
];

#[test]
fn tiles_of_reduced_levels_are_stored_pixels() {
    let bench = Bench::new();
    for (kind, options) in PYRAMIDS {
        let master = bench.vips_tiff("p.tif", &raw(SIZE), options);
        for (number, factor) in [(0, 1u32), (1, 2), (2, 4), (3, 8)] {
            let page = match (kind, number) {
                ("subifd", 0) => String::new(),
                ("subifd", number) => format!("[subifd={}]", number - 1),
                (_, number) => format!("[page={number}]"),
            };
            let level = bench.judged(&master, &page);
            let what = format!("{options}, 1/{factor}");
            let whole = rendered(&master, &format!("full/{},{}", level.size.width, level.size.height));
            whole.assert_near(&level, 0, &what);
            let side = 128;
            let grid = samples(
                Dimensions::new(SIZE.width.div_ceil(side * factor), SIZE.height.div_ceil(side * factor)),
                1,
            );
            for (column, row, _) in grid {
                let (x, y) = (column * side * factor, row * side * factor);
                let width = (SIZE.width - x).min(side * factor);
                let height = (SIZE.height - y).min(side * factor);
                let (w, h) = (width.div_ceil(factor), height.div_ceil(factor));
                let tile = rendered(&master, &format!("{x},{y},{width},{height}/{w},{h}"));
                // libvips rounds levels down: what a client expects beyond the last column or row repeats it.
                let expected = Picture::of(Dimensions::new(w, h), 1, |tx, ty, _| {
                    let inside = |value: u32, side: u32| value.min(side - 1);
                    let (lx, ly) = (column * side + tx, row * side + ty);
                    level.pixel(inside(lx, level.size.width), inside(ly, level.size.height))[0]
                });
                tile.assert_near(&expected, 0, &format!("{what}, tile {column},{row}"));
            }
        }
    }
}

/// Regions that fit no grid, at sizes that fit no level: nothing is shifted by more than a twentieth of a pixel.
#[test]
fn scaled_regions_lie_where_they_belong() {
    let bench = Bench::new();
    let pyramid = bench.vips_tiff("p.tif", &raw(SIZE), PYRAMIDS[0].1);
    let flat = bench.vips_tiff("flat.tif", &raw(SIZE), "");
    for (region, size) in [
        (Rect::new(0, 0, 1001, 667), (700, 466)),
        (Rect::new(0, 0, 1001, 667), (333, 222)),
        (Rect::new(1, 1, 1000, 666), (500, 333)),
        (Rect::new(3, 5, 801, 601), (200, 150)),
        (Rect::new(101, 67, 401, 401), (57, 57)),
        (Rect::new(517, 333, 484, 334), (121, 84)),
        (Rect::new(517, 333, 484, 334), (122, 83)),
        (Rect::new(7, 11, 613, 517), (613, 200)),
        (Rect::new(873, 501, 128, 166), (64, 83)),
        (Rect::new(873, 501, 127, 165), (43, 55)),
        (Rect::new(333, 111, 201, 301), (402, 602)),
        (Rect::new(900, 600, 101, 67), (333, 221)),
    ] {
        for master in [&pyramid, &flat] {
            let request = format!("{region}/^{},{}", size.0, size.1);
            let picture = rendered(master, &request);
            assert_eq!((picture.size.width, picture.size.height), size);
            let (right, down) = shift(&picture, region);
            assert!(
                right.abs() < 0.05 && down.abs() < 0.05,
                "{request} of {master:?}: {right:.3}, {down:.3}"
            );
        }
    }
}

/// Neighbouring regions, scaled each by itself, make the picture that one request makes: no seam, no gap.
#[test]
fn neighbours_join_without_a_seam() {
    let bench = Bench::new();
    let master = bench.vips_tiff("p.tif", &raw(SIZE), PYRAMIDS[2].1);
    for (side, to) in [(300, 200), (300, 100), (160, 50), (90, 135)] {
        let whole = rendered(&master, &format!("0,0,{},{}/^{},{}", 3 * side, 2 * side, 3 * to, 2 * to));
        for (column, row, _) in samples(Dimensions::new(3, 2), 1) {
            let tile =
                rendered(&master, &format!("{},{},{side},{side}/^{to},{to}", column * side, row * side));
            let expected = whole.crop(Rect::new(column * to, row * to, to, to));
            // The sums of the kernel are the same; the place of the kernel may differ in the last bit.
            tile.assert_near(&expected, 1, &format!("{side} to {to}, tile {column},{row}"));
        }
    }
}

/// Lanczos as libvips computes it, on the same rectangle.
#[test]
fn libvips_scales_alike() {
    let bench = Bench::new();
    let master = bench.vips_tiff("flat.tif", &raw(SIZE), "");
    let path = crate::judge::text;
    let (part, small) = (bench.path("part.v"), bench.path("small.v"));
    for (region, width) in [(Rect::new(0, 0, 1000, 600), 500), (Rect::new(100, 50, 600, 600), 400)] {
        let [x, y, w, h] = [region.x, region.y, region.width, region.height].map(|n| n.to_string());
        crate::judge::run("vips", &["crop", path(&master), path(&part), &x, &y, &w, &h]);
        let scale = (f64::from(width) / f64::from(region.width)).to_string();
        crate::judge::run("vips", &["resize", path(&part), path(&small), &scale, "--kernel", "lanczos3"]);
        let judged = bench.judged(&small, "");
        let picture = rendered(&master, &format!("{region}/{width},"));
        // At the edges libvips sees only the crop, Recto the pixels around it too.
        let inner = Rect::new(8, 8, judged.size.width - 16, judged.size.height - 16);
        picture.crop(inner).assert_near(&judged.crop(inner), 2, &format!("{region} to {width}"));
    }
}

/// A side of one pixel is an image like any other.
#[test]
fn lines_and_points() {
    let bench = Bench::new();
    for (width, height) in [(1, 1), (1, 300), (300, 1), (2, 3)] {
        let size = Dimensions::new(width, height);
        let source = raw(size);
        let whole = Picture { size, channels: 1, pixels: source.bytes.clone() };
        for options in ["", "[tile,compression=lzw]", "[tile,pyramid,tile-width=16,tile-height=16]"] {
            let master = bench.vips_tiff("thin.tif", &source, options);
            let what = format!("{size} {options}");
            rendered(&master, "full/max").assert_near(&whole, 0, &what);
            let (x, y) = (width - 1, height - 1);
            let last = Rect::new(x, y, 1, 1);
            rendered(&master, &format!("{last}/max")).assert_near(&whole.crop(last), 0, &what);
            // More than there is of it is cut off (Image API 3.0 section 4.1).
            rendered(&master, &format!("{x},{y},99,99/max")).assert_near(&whole.crop(last), 0, &what);
            for (to_width, to_height) in [(1, 1), (1, 7), (9, 1), (40, 40)] {
                let scaled = rendered(&master, &format!("full/^{to_width},{to_height}"));
                assert_eq!(scaled.size, Dimensions::new(to_width, to_height), "{what}");
                let (least, most) = (whole.pixels.iter().min(), whole.pixels.iter().max());
                let (least, most) =
                    (least.map_or(0, |v| v.saturating_sub(30)), most.map_or(255, |v| v.saturating_add(30)));
                assert!(scaled.pixels.iter().all(|pixel| (least..=most).contains(pixel)), "{what}");
            }
            let outside = recto(&master, &format!("{width},0,1,1/max/0/default.png"));
            assert!(!outside.status.success(), "{what}: a region outside the image");
        }
    }
}
