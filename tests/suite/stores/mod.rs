//! Masters in stores: a whole site whose masters are in real servers of S3, Azure Blob Storage, Google Cloud Storage and
//! HTTP, behind proxies that count, delay and lie.

mod alike;
mod costs;
mod faults;
mod outages;
mod proxy;
mod servers;
mod shown;

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

use recto::convert::{Container, Order, Purpose, Wish, convert};

use crate::judge::{Bench, skipped};
use crate::picture::{LEAF, STAMP};
use crate::server::{children_of, until};
use crate::site::{Setup, Site};

use proxy::Proxy;
use servers::{KEY, S3, SECRET};

/// The variables by which versitygw and azurite let somebody in.
const CREDENTIALS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", KEY),
    ("AWS_SECRET_ACCESS_KEY", SECRET),
    ("AZURE_STORAGE_ACCOUNT_NAME", servers::AZURE_ACCOUNT),
    ("AZURE_STORAGE_ACCOUNT_KEY", servers::AZURE_KEY),
];

/// A few tiles of the leaf, of all of its levels, and the whole.
const VIEWS: [&str; 4] = [
    "0,0,512,512/512,512/0/default.jpg",
    "1024,512,476,512/238,256/0/default.jpg",
    "full/300,/0/default.jpg",
    "0,0,256,256/max/90/gray.png",
];

/// Masters as `recto convert --for object-store` makes them.
static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| converted(&LEAF.1, Container::Tiff));
static GOOD_JP2: LazyLock<Vec<u8>> = LazyLock::new(|| converted(&LEAF.1, Container::Jp2));

fn converted(master: &[u8], container: Container) -> Vec<u8> {
    let bench = Bench::new();
    let input = bench.file("leaf.tif", master);
    let output = bench.path(if container == Container::Jp2 { "made.jp2" } else { "made.tif" });
    let order = Order { input, page: 1, output: output.clone() };
    let wish = Wish { container, ..Wish::of(Purpose::ObjectStore) };
    convert(&order, &wish, 2, &|_| (), &AtomicBool::new(false)).unwrap_or_else(|failure| panic!("{failure}"));
    fs::read(output).expect("made")
}

/// A site with the masters of an S3 server, below `s3/`.
struct Far {
    // In this order they end.
    site: Site,
    proxy: Proxy,
    s3: S3,
    place: tempfile::TempDir,
}

impl Far {
    /// With these lines in `[server]` and these in `[cache]`.
    fn start(server: &str, cache: &str) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let s3 = S3::start(&place.path().join("s3"));
        s3.put("leaf.tif", &GOOD);
        let proxy = Proxy::new().to(s3.running.port);
        let lines = format!(
            "{server}{}{}",
            block_cache(&place.path().join("blocks"), cache),
            source("s3/", "s3://masters", &[("endpoint", &at(proxy.port)), ("region", "us-east-1")])
        );
        let site = Site::with(&Setup { server: &lines, environment: &CREDENTIALS, ..Setup::default() });
        Self { site, proxy, s3, place }
    }

    /// The process id of the fetcher.
    fn fetcher(&self) -> Option<i32> {
        let is_fetcher = |pid: &i32| {
            let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split('\0').nth(1) == Some("fetch")
        };
        children_of(self.site.server.child.id()).into_iter().find(is_fetcher)
    }
}

/// The address of a proxy or server on this machine.
fn at(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// A source as it stands in a configuration.
fn source(prefix: &str, url: &str, keys: &[(&str, &str)]) -> String {
    let keys: String = keys.iter().map(|(key, value)| format!("{key} = {}\n", spelled(value))).collect();
    format!("[[source]]\nprefix = {prefix:?}\nurl = {url:?}\n{keys}")
}

fn spelled(value: &str) -> String {
    if matches!(value, "true" | "false") { value.to_owned() } else { format!("{value:?}") }
}

fn block_cache(directory: &Path, lines: &str) -> String {
    format!("[cache]\ndirectory = {directory:?}\nmax_bytes = 67108864\n{lines}")
}
