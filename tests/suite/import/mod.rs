//! `recto import-config`: every key is accounted for; what is written is read by Recto and NGINX, and old addresses lead to
//! pictures.

mod addresses;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use recto::config::Config;
use serde_json::Value;

/// What is written, and what is told of each key.
struct Imported {
    directory: tempfile::TempDir,
    output: Output,
}

impl Imported {
    fn of(text: &str, more: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let input = directory.path().join("input");
        fs::write(&input, text).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_recto"));
        command
            .arg("import-config")
            .arg(&input)
            .arg("-o")
            .arg(directory.path().join("out"))
            .arg("--json")
            .args(more);
        let output = command.output().expect("recto runs");
        Self { directory, output }
    }

    fn file(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.directory.path().join("out").join(name)).ok()
    }

    fn config(&self) -> Config {
        Config::parse(&self.file("recto.toml").expect("it is there")).expect("valid")
    }

    /// The fate of each key, with where or why.
    fn fates(&self) -> Vec<(String, String, String)> {
        let account: Value = serde_json::from_slice(&self.output.stdout).expect("JSON");
        let text = |line: &Value, name: &str| line[name].as_str().expect("text").to_owned();
        let lines = account["keys"].as_array().expect("keys").iter();
        lines.map(|line| (text(line, "key"), text(line, "fate"), text(line, "what"))).collect()
    }

    #[track_caller]
    fn has_fate(&self, key: &str, expected: &str) {
        let fates = self.fates();
        let fate =
            fates.iter().find(|(name, ..)| name == key).unwrap_or_else(|| panic!("{key} is not told of"));
        assert_eq!(fate.1, expected, "{fate:?}");
    }
}

const CANTALOUPE: &str = "\
# A site
base_uri = https://images.example.org/digital
slash_substitute = ~s~
max_pixels = 20000000
max_scale = 1.0
endpoint.iiif.1.enabled = false
endpoint.iiif.2.enabled = true
endpoint.iiif.3.enabled = false
source.static = FilesystemSource
FilesystemSource.lookup_strategy = BasicLookupStrategy
FilesystemSource.BasicLookupStrategy.path_prefix = /srv/images/
FilesystemSource.BasicLookupStrategy.path_suffix = .tif
S3Source.secret_key = do-not-show
processor.background_color = #abc
processor.jpg.progressive = true
processor.jpg.quality = 77
processor.tif.compression = LZW
processor.sharpen = 0.2
cache.client.enabled = true
cache.client.max_age = 3600
cache.client.public = true
cache.client.no_transform = true
cache.server.derivative.ttl_seconds = 60
delegate_script.enabled = true
delegate_script.pathname = /etc/delegates.rb
overlays.BasicStrategy.enabled = false
overlays.BasicStrategy.string = Copyright \\u00a9
max_pixles = 5
endpoint.admin.secret =
";

#[test]
fn a_cantaloupe_is_translated_key_by_key() {
    let imported = Imported::of(CANTALOUPE, &[]);
    assert_eq!(imported.output.status.code(), Some(3), "some have no equal");
    let fates = imported.fates();
    let keys: Vec<&str> =
        CANTALOUPE.lines().filter_map(|line| line.split_once(" =")).map(|(key, _)| key).collect();
    assert!(fates.iter().map(|(key, ..)| key).eq(&keys), "each key once, in its order: {fates:?}");
    for (key, fate) in [
        ("base_uri", "written"),
        ("slash_substitute", "written"),
        ("max_pixels", "written"),
        ("endpoint.iiif.2.enabled", "needless"),
        ("endpoint.iiif.3.enabled", "written"),
        ("FilesystemSource.BasicLookupStrategy.path_suffix", "needless"),
        ("S3Source.secret_key", "unused"),
        ("processor.sharpen", "lost"),
        ("cache.server.derivative.ttl_seconds", "written"),
        ("delegate_script.enabled", "lost"),
        ("delegate_script.pathname", "lost"),
        ("overlays.BasicStrategy.string", "unused"),
        ("max_pixles", "unknown"),
        ("endpoint.admin.secret", "needless"),
    ] {
        imported.has_fate(key, fate);
    }
    assert!(!String::from_utf8_lossy(&imported.output.stdout).contains("do-not-show"));
    let Config { serving, rendering } = imported.config();
    assert_eq!(serving.http.public_url.as_deref(), Some("https://images.example.org/digital/iiif"));
    assert_eq!(serving.http.cache_control, "public, max-age=3600, no-transform");
    assert_eq!(rendering.limits.max_area.get(), 20_000_000);
    assert!(!rendering.offer.upscaling);
    assert_eq!(rendering.offer.background, [0xaa, 0xbb, 0xcc]);
    assert_eq!(rendering.encodings.jpeg.quality, 77);
    let server = imported.file("nginx/server.conf").expect("a prefix");
    assert!(server.contains("location ^~ /digital/iiif/ { set $recto_prefix /digital/iiif;"), "{server}");
    let text = imported.file("recto.toml").expect("it is there");
    assert!(text.contains("# max_pixels = 20000000\nmax_area = 20000000\n"), "it says where from: {text}");
}

#[test]
fn containers_give_the_same_keys_as_variables() {
    let text = "environment:\n  - SLASH_SUBSTITUTE=%\n  - MAX_PIXELS=0\n  - CACHE_CLIENT_NO_CACHE=true\n  - \
                S3SOURCE_SECRET_KEY=do-not-show\n  - SOURCE_STATIC=S3Source\n";
    let imported = Imported::of(text, &["--from", "cantaloupe"]);
    for (key, fate) in [
        ("SLASH_SUBSTITUTE", "written"),
        ("MAX_PIXELS", "written"),
        ("CACHE_CLIENT_NO_CACHE", "written"),
        ("S3SOURCE_SECRET_KEY", "lost"),
        ("SOURCE_STATIC", "lost"),
    ] {
        imported.has_fate(key, fate);
    }
    assert_eq!(imported.config().serving.http.cache_control, "no-cache");
    assert!(imported.file("recto.toml").expect("it is there").contains("No directory was named"));
}

#[test]
fn an_iipimage_is_translated_from_any_file() {
    let nginx = "location /fcgi-bin/ {\n  fastcgi_pass localhost:9000;\n  fastcgi_param FILESYSTEM_PREFIX /srv/iip/;\n  \
                 fastcgi_param MAX_CVT 4000;\n  fastcgi_param JPEG_QUALITY \"91\";\n  fastcgi_param QUERY_STRING \
                 $query_string;\n  fastcgi_param WATERMARK /x.tif;\n}\n";
    let systemd =
        "# iipsrv\nFILESYSTEM_PREFIX=\"/srv/iip/\"\nMAX_CVT=4000\nJPEG_QUALITY=91\nWATERMARK=/x.tif\n";
    let lighttpd = "fastcgi.server = ( \"/fcgi-bin/iipsrv.fcgi\" => (( \"socket\" => \"/tmp/x\",\n\"bin-environment\" => \
                    (\n\"FILESYSTEM_PREFIX\" => \"/srv/iip/\",\n\"MAX_CVT\" => \"4000\",\n\"JPEG_QUALITY\" => \
                    \"91\",\n\"WATERMARK\" => \"/x.tif\"\n))))\n";
    let apache = "SetEnv FILESYSTEM_PREFIX /srv/iip/\nSetEnv MAX_CVT 4000\nFcgidInitialEnv JPEG_QUALITY 91\nSetEnv \
                  WATERMARK /x.tif\n";
    for text in [nginx, systemd, lighttpd, apache] {
        let imported = Imported::of(text, &[]);
        for (key, fate) in [
            ("FILESYSTEM_PREFIX", "written"),
            ("MAX_CVT", "written"),
            ("JPEG_QUALITY", "written"),
            ("WATERMARK", "lost"),
        ] {
            imported.has_fate(key, fate);
        }
        let Config { rendering, .. } = imported.config();
        assert_eq!(
            (rendering.limits.max_width.get(), rendering.encodings.jpeg.quality),
            (4000, 91),
            "{text}"
        );
        assert!(imported.file("recto.toml").expect("it is there").contains("root = \"/srv/iip\""));
    }
}

#[test]
fn values_that_are_none_are_told_and_left_out() {
    let text = "FILESYSTEM_PREFIX=images\nJPEG_QUALITY=500\nMAX_CVT=x\nTIFF_COMPRESSION=9\nBASE_URL=/iiif\nIIIF_EXTRA_INFO={\n";
    let imported = Imported::of(text, &[]);
    assert!(imported.fates().iter().all(|(_, fate, _)| fate == "lost"), "{:?}", imported.fates());
    imported.config();
    let hostile = "slash_substitute = \"; }\nbase_uri = https://a/\"; evil\nprocessor.background_color = \\u0000\n\
                   FilesystemSource.BasicLookupStrategy.path_prefix = /srv/\\u000a[x]\ncache.client.max_age = 1\\u000a\n";
    let imported = Imported::of(hostile, &[]);
    if imported.output.status.code() != Some(1) {
        imported.config();
        let files = ["local-http.conf", "local.conf", "server.conf"]
            .map(|name| imported.file(&format!("nginx/{name}")));
        assert!(files.iter().flatten().all(|text| !text.contains("evil")), "{files:?}");
    }
}

#[test]
fn nothing_is_replaced_and_nonsense_is_refused() {
    let imported = Imported::of(CANTALOUPE, &[]);
    let again = Command::new(env!("CARGO_BIN_EXE_recto"))
        .arg("import-config")
        .arg(imported.directory.path().join("input"))
        .arg("-o")
        .arg(imported.directory.path().join("out"))
        .output()
        .expect("recto runs");
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already"));
    for text in ["", "hello\n", "[masters]\nroot = \"/x\"\n", "\u{0}\u{1}"] {
        let imported = Imported::of(text, &[]);
        assert_eq!(imported.output.status.code(), Some(1), "{text:?}");
        assert!(!Path::new(&imported.directory.path().join("out")).exists(), "{text:?}");
    }
}
