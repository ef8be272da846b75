//! What is asked for, the same of every server: made-up sessions that are the same in every run.
//! Pure.

use recto::geometry::Dimensions;

use super::corpus::{PAGE, PAGE_Q85, PAGE_Q90, PAGE_SIZE, TILE, WALL, WALL_SIZE};

/// Requests of one kind.
pub struct Workload {
    /// Its name in the table; a benchmark's argument picks workloads by a part of it.
    pub name: &'static str,
    /// Different requests, asked in turn.
    pub requests: Vec<Asked>,
    /// How many are sent to one server in one round.
    pub per_round: usize,
    /// How far the servers' pixels may be apart on average, in levels of 255. Of unscaled pixels both make nearly the
    /// same JPEG, but the peer scales some tiles at the edges; what is scaled tells the two filters apart.
    pub tolerance: f64,
}

/// One request, and what must come.
pub struct Asked {
    /// The URL after a server's prefix.
    pub path: String,
    /// The size of the picture; without one it is info.json.
    pub size: Option<Dimensions>,
}

/// All workloads, in the order of the table.
pub fn all() -> Vec<Workload> {
    let tiles = |name, master, size| Workload {
        name,
        requests: tiles(master, size, 240),
        per_round: 960,
        tolerance: 4.0,
    };
    let of_page = |name, region: &str, size: (u32, u32), asked: &str, per_round, tolerance| Workload {
        name,
        requests: vec![picture(PAGE, region, asked, Dimensions::new(size.0, size.1))],
        per_round,
        tolerance,
    };
    vec![
        tiles("tiles of 400 MP, deflate", WALL, WALL_SIZE),
        tiles("tiles of 24 MP, deflate", PAGE, PAGE_SIZE),
        tiles("tiles of 24 MP, JPEG Q90", PAGE_Q90, PAGE_SIZE),
        tiles("tiles of 24 MP, JPEG Q85", PAGE_Q85, PAGE_SIZE),
        Workload {
            name: "info.json",
            requests: [WALL, PAGE_Q85]
                .map(|master| Asked { path: format!("{master}/info.json"), size: None })
                .into(),
            per_round: 2400,
            tolerance: 0.0,
        },
        of_page("thumbnail full/!200,200", "full", (133, 200), "!200,200", 480, 6.0),
        of_page("thumbnail full/200,", "full", (200, 300), "200,", 480, 6.0),
        Workload {
            name: "regions, off the grid, scaled",
            requests: regions(40),
            per_round: 80,
            tolerance: 6.0,
        },
        of_page("page full/1024,", "full", (1024, 1536), "1024,", 24, 6.0),
    ]
}

/// Tiles on the grid of info.json, most of them near full size, at the edges too.
fn tiles(master: &str, full: Dimensions, count: usize) -> Vec<Asked> {
    let mut random = Random(1);
    let tile = || {
        let scale = 1 << [0, 0, 0, 0, 0, 1, 1, 2, 3, 4][random.below(10) as usize];
        let side = TILE * scale;
        let x = side * random.below(full.width.div_ceil(side));
        let y = side * random.below(full.height.div_ceil(side));
        let (width, height) = (side.min(full.width - x), side.min(full.height - y));
        let size = Dimensions::new(width.div_ceil(scale), height.div_ceil(scale));
        exact(master, (x, y, width, height), size)
    };
    std::iter::repeat_with(tile).take(count).collect()
}

/// Regions that a reader cuts out, reduced two to four times.
fn regions(count: usize) -> Vec<Asked> {
    let mut random = Random(2);
    let region = || {
        let (width, height) = (1201 + random.below(800), 1001 + random.below(900));
        let x = random.below(PAGE_SIZE.width - width);
        let y = random.below(PAGE_SIZE.height - height);
        let reduced = 450 + random.below(150);
        let size = Dimensions::new(reduced, reduced * height / width);
        exact(PAGE, (x, y, width, height), size)
    };
    std::iter::repeat_with(region).take(count).collect()
}

fn exact(master: &str, (x, y, width, height): (u32, u32, u32, u32), size: Dimensions) -> Asked {
    picture(master, &format!("{x},{y},{width},{height}"), &format!("{},{}", size.width, size.height), size)
}

fn picture(master: &str, region: &str, asked: &str, size: Dimensions) -> Asked {
    Asked { path: format!("{master}/{region}/{asked}/0/default.jpg"), size: Some(size) }
}

/// Numbers without a pattern, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(limit)).unwrap_or(0)
    }
}
