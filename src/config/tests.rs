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
const SERVING: [&str; 19] = [
    "server.socket = '/there'",
    "server.listen = ['127.0.0.1:9000']",
    "server.workers = 7",
    "server.background_workers = 7",
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

/// `[[source]]` as TOML, for each of these.
fn sources(all: &[(&str, &str)]) -> String {
    all.iter().map(|(prefix, url)| format!("[[source]]\nprefix = {prefix:?}\nurl = {url:?}\n")).collect()
}

#[test]
fn sources_stand_beside_the_root_the_longest_prefix_first() {
    let of = |text: &str| {
        let masters = Config::parse(text).expect(text).serving.masters;
        let of = |source: &crate::source::SourceSettings| {
            (source.prefix.clone(), source.directory.display().to_string())
        };
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
        (sources(&[("a/", "s3://bucket/a")]), "s3:// are not offered yet by this version"),
        (sources(&[("a/", "https://host/a")]), "https:// are not offered yet by this version"),
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
