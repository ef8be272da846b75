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
const SERVING: [&str; 15] = [
    "server.socket = '/there'",
    "server.workers = 7",
    "server.background_workers = 7",
    "server.public_url = 'http://a/iiif'",
    "server.trusted_hosts = ['a']",
    "server.deadline = '29s'",
    "server.cache_control = 'no-cache'",
    "server.cache = '/x'",
    "server.sandbox = false",
    "masters.root = '/there'",
    "masters.follow_symlinks = true",
    "masters.known = 3",
    "masters.known_bytes = 3",
    "state.directory = '/there'",
    "state.max_bytes = 3",
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
fn unknown_keys_are_errors_with_line_and_suggestion() {
    let text = complaint("[masters]\nroot = \"/srv\"\n[server]\nworker = 3\n");
    assert!(text.contains("line 4"), "{text}");
    assert!(text.contains("did you mean `workers`?"), "{text}");
    assert!(complaint("[sever]\n").contains("did you mean `server`?"));
}

#[test]
fn values_out_of_range_name_their_key() {
    for (lines, key) in [
        ("[server]\nworkers = 0", "workers"),
        ("[server]\nworkers = \"many\"", "workers"),
        ("[server]\ndeadline = \"soon\"", "deadline"),
        ("[server]\ndeadline = \"30\"", "deadline"),
        ("[server]\npublic_url = \"images.example.org\"", "public_url"),
        ("[server]\npublic_url = \"https://a/\\\"b\"", "public_url"),
        ("[server]\ntrusted_hosts = [\"*\"]", "trusted_hosts"),
        ("[server]\nsocket = \"recto.sock\"", "socket"),
        ("[state]\ndirectory = \"state\"", "[state] directory"),
        ("[limits]\nmax_width = 0", "max_width"),
        ("[limits]\nmax_source_area = 0", "max_source_area"),
        ("[limits]\nmemory = 1000000", "memory"),
        ("[info]\nrights = \"ours\"", "rights"),
        ("[info]\nwidth = 5", "width"),
        ("[offer]\nformats = [\"png\"]", "formats"),
        ("[tiles]\npass_through = -1", "pass_through"),
        ("[tiles]\npass_through = nan", "pass_through"),
        ("[jpeg]\nquality = 101", "quality"),
        ("[jpeg]\nsubsampling = \"4:1:0\"", "4:2:2"),
        ("[webp]\nmethod = 7", "method"),
        ("[tiff]\ntile = 100", "tile"),
        ("[gif]\nspeed = 0", "speed"),
        ("[pdf]\ndpi = 1", "dpi"),
        ("[avif]\nspeed = 11", "speed"),
        ("[jp2]\nratio = 1", "ratio"),
    ] {
        let text = complaint(&format!("{lines}\n[masters]\nroot = \"/srv\""));
        assert!(text.contains(key), "{lines}: {text}");
    }
    assert!(complaint("").contains("[masters] root"));
    assert!(complaint("[masters]\nroot = \"/srv\"\nknown = 501").contains("[masters] known"));
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
    for section in known_keys("unknown_section").into_iter().filter(|section| section != "info") {
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
