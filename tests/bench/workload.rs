//! What is asked for, the same of every server: made-up sessions that are the same in every run.
//! Pure.

use recto::picture::Dimensions;

use super::corpus::{
    LARGE_PHOTO, LARGE_PHOTO_SIZE, PAGE, PAGE_Q85, PAGE_Q90, PAGE_SIZE, PHOTO, PHOTO_SIZE, TILE, WALL,
    WALL_SIZE,
};
use super::site::Server;

/// Requests of one kind.
pub struct Workload {
    /// Its name in the table; a benchmark's argument picks workloads by a part of it.
    pub name: &'static str,
    /// Whom we are compared with.
    pub peer: Server,
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
    let mut all = of_pyramids();
    all.extend(of_what_only_one_peer_does());
    all
}

/// Against iipsrv.
fn of_pyramids() -> Vec<Workload> {
    let iipsrv = |name, requests, per_round, tolerance| Workload {
        name,
        peer: Server::Iipsrv,
        requests,
        per_round,
        tolerance,
    };
    let tiles = |master, size| tiles(master, size, 240, "0/default.jpg");
    let page = |region: &str, asked: &str, width, height| {
        vec![picture(PAGE, region, asked, "0/default.jpg", Dimensions::new(width, height))]
    };
    let info = [WALL, PAGE_Q85].map(|master| Asked { path: format!("{master}/info.json"), size: None });
    vec![
        iipsrv("tiles of 400 MP, deflate", tiles(WALL, WALL_SIZE), 960, 4.0),
        iipsrv("tiles of 24 MP, deflate", tiles(PAGE, PAGE_SIZE), 960, 4.0),
        iipsrv("tiles of 24 MP, JPEG Q90", tiles(PAGE_Q90, PAGE_SIZE), 960, 4.0),
        iipsrv("tiles of 24 MP, JPEG Q85", tiles(PAGE_Q85, PAGE_SIZE), 960, 4.0),
        iipsrv("info.json", info.into(), 2400, 0.0),
        iipsrv("thumbnail full/!200,200", page("full", "!200,200", 133, 200), 480, 6.0),
        iipsrv("thumbnail full/200,", page("full", "200,", 200, 300), 480, 6.0),
        iipsrv("regions, off the grid, scaled", regions(PAGE, PAGE_SIZE, 40), 80, 6.0),
        iipsrv("page full/1024,", page("full", "1024,", 1024, 1536), 24, 6.0),
        iipsrv("page full/max", page("full", "max", PAGE_SIZE.width, PAGE_SIZE.height), 8, 6.0),
    ]
}

/// Against iiif-processor: iipsrv 1.1 writes no PNG, and reads no JPEG.
fn of_what_only_one_peer_does() -> Vec<Workload> {
    let processor = |name, requests, per_round, tolerance| Workload {
        name,
        peer: Server::Processor,
        requests,
        per_round,
        tolerance,
    };
    let tiles = |rest| inner(tiles(PAGE, PAGE_SIZE, 400, rest));
    let photos = |asked: &dyn Fn(&str, Dimensions) -> Asked| {
        vec![asked(PHOTO, PHOTO_SIZE), asked(LARGE_PHOTO, LARGE_PHOTO_SIZE)]
    };
    let scaled = |width, height| {
        photos(&|photo, _| {
            picture(photo, "full", &format!("{width},"), "0/default.jpg", Dimensions::new(width, height))
        })
    };
    let cuts = regions(PHOTO, PHOTO_SIZE, 8).into_iter().chain(regions(LARGE_PHOTO, LARGE_PHOTO_SIZE, 8));
    vec![
        processor("tiles turned", tiles("90/default.jpg"), 240, 6.0),
        processor("tiles gray", tiles("0/gray.jpg"), 240, 6.0),
        // Noise around the threshold falls to either side of it.
        processor("tiles bitonal", tiles("0/bitonal.jpg"), 240, 40.0),
        processor("tiles png", tiles("0/default.png"), 240, 4.0),
        processor("photo thumbnail 200,", scaled(200, 150), 24, 6.0),
        processor("photo 1024,", scaled(1024, 768), 24, 6.0),
        processor("photo regions, scaled", cuts.collect(), 32, 6.0),
    ]
}

/// Tiles on the grid of info.json, most of them near full size, at the edges too.
fn tiles(master: &str, full: Dimensions, count: usize, rest: &str) -> Vec<Asked> {
    let mut random = Random(1);
    let tile = || {
        let scale = 1 << [0, 0, 0, 0, 0, 1, 1, 2, 3, 4][random.below(10) as usize];
        let side = TILE * scale;
        let x = side * random.below(full.width.div_ceil(side));
        let y = side * random.below(full.height.div_ceil(side));
        let (width, height) = (side.min(full.width - x), side.min(full.height - y));
        let size = Dimensions::new(width.div_ceil(scale), height.div_ceil(scale));
        exact(master, (x, y, width, height), size, rest)
    };
    std::iter::repeat_with(tile).take(count).collect()
}

/// Those that are whole: one peer rounds at the edges of levels in a way of its own.
fn inner(tiles: Vec<Asked>) -> Vec<Asked> {
    let whole = Some(Dimensions::new(TILE, TILE));
    tiles.into_iter().filter(|tile| tile.size == whole).collect()
}

/// Regions that a reader cuts out, reduced two to four times.
fn regions(master: &str, full: Dimensions, count: usize) -> Vec<Asked> {
    let mut random = Random(2);
    let region = || {
        let (width, height) = (1201 + random.below(800), 1001 + random.below(900));
        let x = random.below(full.width - width);
        let y = random.below(full.height - height);
        let reduced = 450 + random.below(150);
        let size = Dimensions::new(reduced, reduced * height / width);
        exact(master, (x, y, width, height), size, "0/default.jpg")
    };
    std::iter::repeat_with(region).take(count).collect()
}

fn exact(master: &str, (x, y, width, height): (u32, u32, u32, u32), size: Dimensions, rest: &str) -> Asked {
    picture(
        master,
        &format!("{x},{y},{width},{height}"),
        &format!("{},{}", size.width, size.height),
        rest,
        size,
    )
}

fn picture(master: &str, region: &str, asked: &str, rest: &str, size: Dimensions) -> Asked {
    Asked { path: format!("{master}/{region}/{asked}/{rest}"), size: Some(size) }
}

/// Numbers without a pattern, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(limit)).unwrap_or(0)
    }
}
