//! Configurations as they are written.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::http::ConfigFingerprint;
use crate::http::validators::Freshness;

/// Every key that changes the bytes of a picture or of info.json, with another value than it has by default.
const RENDERING: [&str; 37] = [
    "limits.max_width = 999",
    "limits.max_height = 999",
    "limits.max_area = 999",
    "limits.max_source_area = 999",
    "limits.memory = 99999999",
    "offer.formats = ['jpg']",
    "offer.preferred_formats = ['png']",
    "offer.qualities = ['gray']",
    "offer.arbitrary_rotation = false",
    "offer.mirroring = false",
    "offer.upscaling = false",
    "offer.larger_boxes = true",
    "offer.background = '#fffffe'",
    "info.label = 'x'",
    "jpeg.quality = 81",
    "jpeg.subsampling = '4:2:2'",
    "jpeg.progressive = true",
    "jpeg.optimize = true",
    "png.compression = 'high'",
    "png.sixteen_bit = true",
    "webp.quality = 81",
    "webp.method = 3",
    "webp.lossless = true",
    "tiff.compression = 'lzw'",
    "tiff.tile = 256",
    "gif.speed = 11",
    "pdf.quality = 81",
    "pdf.dpi = 73",
    "avif.quality = 71",
    "avif.speed = 9",
    "avif.max_area = 9",
    "jp2.ratio = 11",
    "jp2.lossless = true",
    "tiles.pass_through = 1.24",
    "colour.profile = 'keep'",
    "colour.longest_kept = 16385",
    "metadata.carry = []",
];

/// Every other key.
const SERVING: [&str; 23] = [
    "server.socket = '/there'",
    "server.listen = ['127.0.0.1:9000']",
    "server.workers = 7",
    "server.background_workers = 7",
    "server.far_workers = 7",
    "server.public_url = 'http://a/iiif'",
    "server.trusted_hosts = ['a']",
    "server.deadline = '29s'",
    "server.cache_control = 'no-cache'",
    "server.cache = '/x'",
    "server.sandbox = false",
    "server.server_timing = true",
    "masters.root = '/there'",
    "masters.follow_symlinks = true",
    "masters.known = 3",
    "masters.known_bytes = 3",
    "cache.directory = '/there'",
    "cache.max_bytes = 99999999",
    "cache.fresh = '1s'",
    "state.directory = '/there'",
    "state.max_bytes = 3",
    "log.format = 'json'",
    "log.level = 'debug'",
];

fn complaint(text: &str) -> String {
    format!("{:#}", Config::parse(text).expect_err(text))
}

#[test]
fn the_shortest_configuration_has_sane_defaults() {
    let config = Config::parse("[masters]\nroot = \"/srv/images\"").expect("valid");
    assert_eq!(config.serving.pool.socket, Path::new("/run/recto/recto.sock"));
    assert_eq!(config.serving.pool.deadline, Duration::from_secs(30));
    assert!(config.serving.pool.workers >= 1);
    assert_eq!(config.rendering.limits.max_height, config.rendering.limits.max_width);
}

#[test]
fn every_error_names_the_line_and_the_key() {
    for (lines, place, word) in [
        ("[server]\nworkers = 0", "line 4: [server] workers = 0", "1 to 1024"),
        ("[server]\nworkers = \"many\"", "line 4: [server] workers = \"many\"", "auto"),
        ("[server]\nworkers = true", "line 4: [server] workers: ", "auto"),
        ("[server]\nworkers = 99999", "line 4: [server] workers: ", "auto"),
        ("[server]\ndeadline = \"soon\"", "line 4: [server] deadline: ", "duration"),
        ("[server]\ndeadline = \"30\"", "line 4: [server] deadline: ", "unit"),
        ("[server]\ndeadline = 30", "line 4: [server] deadline: ", "string"),
        ("server.deadline = 30", "line 1: [server] deadline: ", "string"),
        ("[server]\npublic_url = \"images.example.org\"", "line 4: [server] public_url", "http"),
        ("[server]\npublic_url = \"https://a/\\\"b\"", "line 4: [server] public_url", "characters"),
        ("[server]\ntrusted_hosts = [\n\"a b\"]", "line 4: [server] trusted_hosts", "a b"),
        ("[server]\ntrusted_hosts = [\n1]", "line 5: [server] trusted_hosts: ", "string"),
        ("[server]\nsocket = \"recto.sock\"", "line 4: [server] socket", "absolute"),
        (
            "[server]\nlisten = [\"[::1]:9000\", \"localhost:9000\"]",
            "line 4: [server] listen",
            "localhost:9000",
        ),
        ("[server]\nlisten = [\"127.0.0.1:0\"]", "line 4: [server] listen", "an address with a port"),
        ("[server]\nlisten = [\"[::1]:9\", \"[::1]:9\"]", "line 4: [server] listen", "twice"),
        ("[log]\nlevel = \"inof\"", "line 4: [log] level: ", "debug"),
        ("[log]\nformat = \"xml\"", "line 4: [log] format: ", "json"),
        ("[server]\n\nworker = 3", "line 5: [server] unknown key `worker`", "did you mean `workers`?"),
        ("[state]\ndirectory = \"state\"", "line 4: [state] directory", "absolute"),
        ("[limits]\nmax_width = 0", "line 4: [limits] max_width: ", "a whole number from 1 to 4294967295"),
        ("[limits]\nmax_source_area = 0", "line 4: [limits] max_source_area: ", "a whole number from 1"),
        ("[limits]\nmemory = 1000000", "line 4: [limits] memory = 1000000", "less than"),
        ("[limits]\nmemory = -1", "line 4: [limits] memory: ", "a whole number from 0"),
        ("[info]\nrights = \"ours\"", "line 4: [info] \"rights\"", "URI"),
        ("[info]\nwidth = 5", "line 4: [info] \"width\"", ""),
        ("[info]\nlabel = 2026-01-01", "line 4: [info] label: ", "quotes"),
        ("[info]\nlabel = [1, [inf]]", "line 4: [info] label: ", "JSON"),
        ("[offer]\nformats = [\"png\"]", "line 4: [offer] formats", "jpg"),
        ("[offer]\nformats = [\n\"jpg\",\n\"bmp\"]", "line 4: [offer] formats", "bmp"),
        ("[tiles]\npass_through = -1", "line 4: [tiles] pass_through = -1", "0 to 100"),
        ("[tiles]\npass_through = nan", "line 4: [tiles] pass_through = NaN", "0 to 100"),
        ("[tiles]\npass_through = \"\"", "line 4: [tiles] pass_through: ", "a number"),
        ("[jpeg]\nquality = 101", "line 4: [jpeg] quality = 101", "1 to 100"),
        ("[jpeg]\nquality = 256", "line 4: [jpeg] quality: ", "a whole number"),
        ("[jpeg]\nquality = 1\nquality = 2", "line 5: `quality = 2`: ", "duplicate"),
        ("[jpeg]\nquality = ", "line 4: `quality =`: ", "string values"),
        ("[jpeg]\nsubsampling = \"4:1:0\"", "line 4: [jpeg] subsampling: ", "4:2:2"),
        ("[webp]\nmethod = 7", "line 4: [webp] method = 7", "0 to 6"),
        ("[tiff]\ntile = 100", "line 4: [tiff] tile = 100", "multiple"),
        ("[gif]\nspeed = 0", "line 4: [gif] speed = 0", "1 to 30"),
        ("[pdf]\ndpi = 1", "line 4: [pdf] dpi = 1", "18 to 2400"),
        ("[avif]\nspeed = 11", "line 4: [avif] speed = 11", "1 to 10"),
        ("[jp2]\nratio = 1", "line 4: [jp2] ratio = 1", "2 to 200"),
        ("[metadata]\ncarry = \"x\"", "line 4: [metadata] carry: ", "a list"),
        ("[sever]", "line 3: unknown key `sever`", "did you mean `server`?"),
    ] {
        let root = "[masters]\nroot = \"/srv\"\n";
        let text =
            if lines.starts_with('[') { format!("{root}{lines}\n") } else { format!("{lines}\n{root}") };
        let found = complaint(&text);
        assert!(found.starts_with(place) && found.contains(word), "{lines}: {found}");
    }
    assert!(complaint("").starts_with("[masters] root"));
    assert!(complaint("[masters]\nknown = 4").starts_with("line 1: [masters] root"));
    assert!(complaint("[masters]\nroot = \"/srv\"\nknown = 501").starts_with("line 3: [masters] known"));
}

#[test]
fn the_public_url_loses_its_last_slash() {
    let text = "[server]\npublic_url = \"https://images.example.org/iiif/\"\n[masters]\nroot = \"/srv\"";
    let config = Config::parse(text).expect("valid");
    assert_eq!(config.serving.http.public_url.as_deref(), Some("https://images.example.org/iiif"));
}

/// The keys that `unknown` could have been meant as, by the complaint about it.
fn known_keys(unknown: &str) -> BTreeSet<String> {
    let text = complaint(&format!("{unknown} = 0"));
    let names = text.split('`').skip(1).step_by(2).skip(1);
    names.map(str::to_owned).collect()
}

#[test]
fn rendering_and_serving_are_all_there_is() {
    let mut keys = BTreeSet::from(["info.label".to_owned()]);
    for section in
        known_keys("unknown_section").into_iter().filter(|section| !["info", "source"].contains(&&**section))
    {
        keys.extend(
            known_keys(&format!("{section}.unknown_key")).iter().map(|key| format!("{section}.{key}")),
        );
    }
    let tried =
        RENDERING.iter().chain(&SERVING).map(|line| line.split(" = ").next().expect("a key").to_owned());
    assert_eq!(keys, tried.collect());
}

#[test]
fn the_tag_of_an_answer_changes_with_what_changes_its_bytes() {
    let tag = |line: &str| {
        let root = if line.starts_with("masters.root") { "" } else { "masters.root = '/here'\n" };
        let config = Config::parse(&format!("{root}{line}")).expect(line);
        let limits = RawLimits::default().checked().expect("in range").derivatives;
        let fingerprint = ConfigFingerprint::of(&config.rendering);
        Freshness::new(&["full/max/0/default.jpg"], std::iter::empty(), &limits, fingerprint)
            .etag()
            .to_owned()
    };
    let mut tags = BTreeSet::from([tag("")]);
    for line in RENDERING {
        assert!(tags.insert(tag(line)), "{line}");
    }
    for line in SERVING {
        assert_eq!(tag(line), tag(""), "{line}");
    }
}

/// A source with these lines beside its prefix, and one before it.
fn store(lines: &str) -> String {
    format!("[[source]]\nprefix = 'a/'\nurl = '/a'\n[[source]]\nprefix = 's/'\n{lines}\n")
}

#[test]
fn a_store_is_named_by_its_url() {
    use crate::source::{StoreKind, StoreSettings};
    let of = |lines: &str| {
        let masters = Config::parse(&store(lines)).expect(lines).serving.masters;
        let stores: Vec<StoreSettings> = masters.stores().map(|(_, store)| store.clone()).collect();
        stores[0].clone()
    };
    for (url, kind, bucket, path) in [
        ("s3://library", StoreKind::S3, "library", ""),
        ("s3://library/", StoreKind::S3, "library", ""),
        ("s3://library/a/b c", StoreKind::S3, "", ""),
        ("s3://library/a/b/", StoreKind::S3, "library", "a/b/"),
        ("gs://library.example/a", StoreKind::Gcs, "library.example", "a/"),
        ("az://$root/a", StoreKind::Azure, "$root", "a/"),
        ("https://host:8443/a%20b", StoreKind::Https, "host:8443", "a%20b/"),
        ("http://[::1]:80", StoreKind::Http, "[::1]:80", ""),
    ] {
        let text = format!("url = {url:?}");
        if bucket.is_empty() {
            assert!(complaint(&store(&text)).contains("%20"), "{url}");
            continue;
        }
        let store = of(&text);
        assert_eq!((store.kind, &*store.bucket, &*store.path), (kind, bucket, path), "{url}");
        assert!(!store.public && store.endpoint.is_none());
    }
    let all = of(
        "url = 's3://b/p'\nendpoint = 'http://127.0.0.1:9000/'\nregion = 'eu-1'\npublic = true\nca = '/ca.pem'",
    );
    assert_eq!(all.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
    assert_eq!((all.region.as_deref(), all.public, all.ca), (Some("eu-1"), true, Some("/ca.pem".into())));
    let basic = of("url = 'https://h/p'\nuser = 'u'\npassword_file = '/p'");
    assert_eq!((basic.user.as_deref(), basic.password_file), (Some("u"), Some("/p".into())));
}

#[test]
fn a_store_that_cannot_be_is_refused_with_its_line_and_key() {
    for (lines, line, reason) in [
        ("url = 's3://'", 6, "no name of a bucket"),
        ("url = 's3://key:secret@bucket'", 6, "endpoint"),
        ("url = 's3://b/../c'", 6, "empty name"),
        ("url = 's3://b/a//c'", 6, "empty name"),
        ("url = 'https://u:secret@host/a'", 6, "have no place in this file"),
        ("url = 'https://host/a?X-Amz-Signature=1'", 6, "signature"),
        ("url = 'https:///a'", 6, "no host"),
        ("url = 'https://host:0/a'", 6, "no host"),
        ("url = 's3://b'\nendpoint = 'minio:9000'", 7, "http:// or https://"),
        ("url = 's3://b'\nendpoint = 'http://u:p@h'", 7, "have no place in this file"),
        ("url = 's3://b'\nregion = 'a b'", 7, "letters, digits and hyphens"),
        ("url = 's3://b'\nca = 'ca.pem'", 7, "absolute path"),
        ("url = 's3://b'\nuser = 'u'\npassword_file = '/p'", 7, "user says nothing about a store at s3://"),
        ("url = 'gs://b'\nregion = 'eu'", 7, "region says nothing about a store at gs://"),
        ("url = 'https://h'\npublic = true", 7, "public says nothing"),
        ("url = 'https://h'\nuser = 'u'", 7, "HTTP Basic takes user and password_file"),
        ("url = 'http://h'\nuser = 'u'\npassword_file = '/p'", 7, "https://"),
        ("url = '/srv'\npublic = true", 7, "public says nothing about a directory"),
        ("url = 's3://b'\nsecret_access_key = 'x'", 7, "unknown key"),
    ] {
        let error = complaint(&store(lines));
        assert!(error.contains(reason), "{lines}: {error}");
        assert!(error.starts_with(&format!("line {line}: [[source]] ")), "{lines}: {error}");
    }
    for (lines, reason) in [
        ("cache.directory = 'blocks'", "[cache] directory must be an absolute path"),
        ("cache.max_bytes = 1000", "[cache] max_bytes = 1000 is less than"),
        ("cache.fresh = '999ms'", "[cache] fresh = \"999ms\" is less than a second"),
        ("server.far_workers = 0", "[server] far_workers = 0 is not within"),
    ] {
        assert!(complaint(&format!("masters.root = '/a'\n{lines}")).contains(reason), "{lines}");
    }
}

#[test]
fn stores_within_each_other_are_doubted() {
    let doubts = |one: &str, other: &str| {
        let text = sources(&[("a/", one), ("b/", other)]);
        Config::parse(&text).expect("valid").serving.masters.doubts().len()
    };
    assert_eq!(doubts("s3://b/a", "s3://b/a/c"), 1);
    assert_eq!((doubts("s3://b/a", "s3://b/ac"), doubts("s3://b/a", "gs://b/a")), (0, 0));
    assert_eq!(doubts("s3://b/a", "/a"), 0);
}

/// `[[source]]` as TOML, for each of these.
fn sources(all: &[(&str, &str)]) -> String {
    all.iter().map(|(prefix, url)| format!("[[source]]\nprefix = {prefix:?}\nurl = {url:?}\n")).collect()
}

#[test]
fn sources_stand_beside_the_root_the_longest_prefix_first() {
    let of = |text: &str| {
        let masters = Config::parse(text).expect(text).serving.masters;
        let of = |source: &crate::source::SourceSettings| (source.prefix.clone(), source.place.name());
        masters.sources.iter().map(of).collect::<Vec<_>>()
    };
    let text = sources(&[("m/", "/srv/maps"), ("m/old/", "file:///srv/old%20maps"), ("x", "/x")]);
    let given = |prefix: &str, directory: &str| (prefix.to_owned(), directory.to_owned());
    let others = [given("m/old/", "/srv/old maps"), given("m/", "/srv/maps"), given("x", "/x")];
    assert_eq!(of(&text), others);
    let with_root = of(&format!("[masters]\nroot = \"/srv\"\n{text}"));
    assert_eq!(with_root, [&others[..], &[given("", "/srv")]].concat());
    assert_eq!(of(&sources(&[("", "/srv")])), [given("", "/srv")]);
}

#[test]
fn a_source_that_cannot_be_is_refused_with_the_reason() {
    for (text, reason) in [
        (sources(&[("a/", "ftp://host/a")]), "nothing is known of ftp://"),
        (sources(&[("a/", "maps")]), "absolute path"),
        (sources(&[("a/", "file://host/maps")]), "absolute path"),
        (sources(&[("a/", "file:///a%2")]), "two digits"),
        (sources(&[("/a/", "/a")]), "no identifier begins so"),
        (sources(&[("a//b", "/a")]), "no identifier begins so"),
        (sources(&[("a/../", "/a")]), "no identifier begins so"),
        (sources(&[("a/", "/a"), ("a/", "/b")]), "is there twice"),
        (format!("masters.root = '/a'\n{}", sources(&[("", "/b")])), "that of [masters] root"),
        ("[[source]]\nprefix = 'a/'\n".to_owned(), "url"),
        ("[[source]]\nurl = '/a'\n".to_owned(), "prefix"),
        ("[[source]]\nprefix = 'a/'\nurl = '/a'\nkey = 'k'\n".to_owned(), "key"),
    ] {
        let error = complaint(&text);
        assert!(error.contains(reason), "{text}: {error}");
    }
}
