//! What is in a store looks as it would in a directory, whatever the store is and however masters are named.

use std::path::Path;

use super::*;
use crate::judge::{run, text};

/// A tree of masters with names that are not easy: in each of them there is one that is asked for in several ways.
fn tree(place: &Path) {
    let put = |name: &str, bytes: &[u8]| {
        let path = place.join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        fs::write(path, bytes).expect("written");
    };
    put("leaf.tif", &GOOD);
    put("box/leaf.jp2", &GOOD_JP2);
    let names = [
        "a b.tif",
        "50%25.tif",
        "\u{e4}\u{2713}.tif",
        "semi;colon.tif",
        "plus+&'.tif",
        "box/deep/er.tif",
        "twice.tif",
    ];
    names.into_iter().for_each(|name| put(name, &STAMP));
    put("twice.jpg", b"no JPEG");
    put("said.tif", &STAMP);
    put("said.tif.json", br#"{"rights": "http://creativecommons.org/publicdomain/mark/1.0/"}"#);
    let [one, two, pages] = ["leaf.tif", "said.tif", "pages.tif"].map(|name| place.join(name));
    run("tiffcp", &[text(&two), text(&two), text(&pages)]);
    run("vips", &["jpegsave", text(&one), text(&place.join("flat.jpg"))]);
}

/// Identifiers as they stand in URLs, and what is asked of each.
const ASKED: [(&str, &str); 26] = [
    ("leaf.tif", "info.json"),
    ("leaf", "info.json"),
    ("leaf.tif", VIEWS[0]),
    ("leaf.tif", VIEWS[1]),
    ("leaf.tif", VIEWS[2]),
    ("leaf", VIEWS[3]),
    ("box%2Fleaf.jp2", VIEWS[0]),
    ("box%2Fleaf", VIEWS[1]),
    ("box%2Fleaf.jp2", "info.json"),
    ("flat.jpg", VIEWS[1]),
    ("flat", "info.json"),
    ("a%20b", "info.json"),
    ("a%20b.tif", "full/max/0/default.png"),
    ("50%2525.tif", "info.json"),
    ("%C3%A4%E2%9C%93.tif", "info.json"),
    ("semi%3Bcolon.tif", "info.json"),
    ("plus+&'.tif", "info.json"),
    ("box%2Fdeep%2Fer", "full/max/0/default.jpg"),
    ("twice.tif", "info.json"),
    ("twice", "info.json"),
    ("said.tif", "info.json"),
    ("pages.tif;2", "full/max/0/default.jpg"),
    ("pages;2", "info.json"),
    ("pages.tif;3", "info.json"),
    ("none.tif", "info.json"),
    ("box", "info.json"),
];

#[test]
fn a_store_of_any_kind_serves_what_a_directory_does() {
    if skipped("stores") {
        return;
    }
    let place = tempfile::tempdir().expect("a directory");
    let bucket = place.path().join("buckets/masters");
    tree(&bucket);
    let s3 = S3::start(&place.path().join("s3"));
    for file in files(&bucket) {
        let key = text(file.strip_prefix(&bucket).expect("below")).to_owned();
        s3.put(&key, &fs::read(&file).expect("a file"));
    }
    let public = S3::start(&place.path().join("public"));
    public.put("leaf.tif", &GOOD);
    public.publish();
    let azure = servers::azure(&place.path().join("azure"), &bucket);
    let google = Proxy::new();
    let gcs = servers::gcs(&place.path().join("gcs"), &place.path().join("buckets"), google.port);
    let google = google.to(gcs.port);
    let web = servers::web(&place.path().join("web"), &bucket, true);
    let headless = servers::web(&place.path().join("headless"), &bucket, false);
    let password = "p\u{e4}ss:word";
    let (guarded, authority) = servers::guarded(&place.path().join("guarded"), &bucket, password);
    let password_file = place.path().join("password");
    fs::write(&password_file, format!("{password}\n")).expect("written");
    let lines = [
        "workers = 2\n".to_owned(),
        block_cache(&place.path().join("blocks"), ""),
        source("s3/", "s3://masters", &[("endpoint", &at(s3.running.port)), ("region", "us-east-1")]),
        source(
            "public/",
            "s3://masters",
            &[("endpoint", &at(public.running.port)), ("region", "us-east-1"), ("public", "true")],
        ),
        source("az/", "az://masters", &[("endpoint", &format!("{}/devstoreaccount1", at(azure.port)))]),
        source("gs/", "gs://masters", &[("endpoint", &at(google.port)), ("public", "true")]),
        source("web/", &at(web.port), &[]),
        source("headless/", &format!("{}/", at(headless.port)), &[]),
        source(
            "guarded/",
            &format!("https://localhost:{}", guarded.port),
            &[("ca", text(&authority)), ("user", "reader"), ("password_file", text(&password_file))],
        ),
    ];
    let site = Site::with(&Setup { server: &lines.concat(), environment: &CREDENTIALS, ..Setup::default() });
    for file in files(&bucket) {
        let name = text(file.strip_prefix(&bucket).expect("below")).to_owned();
        site.add(&name, &fs::read(&file).expect("a file"));
    }
    let mut wrong = Vec::new();
    for prefix in ["s3", "public", "az", "gs", "web", "headless", "guarded"] {
        let few = prefix == "public" || prefix == "headless" || prefix == "guarded";
        for (identifier, what) in ASKED.iter().filter(|(identifier, _)| !few || *identifier == "leaf.tif") {
            let near = site.get(&format!("/iiif/3/{identifier}/{what}"));
            let far = site.get(&format!("/iiif/3/{prefix}%2F{identifier}/{what}"));
            let told = far.body.clone();
            let told = match *what {
                "info.json" => {
                    String::from_utf8_lossy(&told).replace(&format!("{prefix}%2F"), "").into_bytes()
                }
                _ => told,
            };
            let same =
                (far.status, &told) == (near.status, &near.body) || far.status == 404 && near.status == 404;
            if !same {
                wrong.push(format!(
                    "{prefix}/{identifier}/{what}: {} rather than {}",
                    far.status, near.status
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}\n{}", site.server.log());
    let log = site.server.log();
    for secret in [SECRET, servers::AZURE_KEY, password] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn wrong_credentials_are_the_operators_matter_and_no_secret() {
    if skipped("stores") {
        return;
    }
    let place = tempfile::tempdir().expect("a directory");
    let s3 = S3::start(&place.path().join("s3"));
    s3.put("leaf.tif", &GOOD);
    let keys = [("endpoint", &*at(s3.running.port)), ("region", "us-east-1")];
    let lines = [
        "workers = 1\n".to_owned(),
        block_cache(&place.path().join("blocks"), ""),
        source("s3/", "s3://masters", &keys),
    ];
    let wrong = SECRET.to_uppercase();
    let environment = [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", &*wrong)];
    let site = Site::with(&Setup { server: &lines.concat(), environment: &environment, ..Setup::default() });
    for _ in 0..3 {
        let status = site.get("/iiif/3/s3%2Fleaf.tif/info.json").status;
        assert!((500..505).contains(&status), "{status}: {}", site.server.log());
    }
    let log = site.server.log();
    let told = log.lines().filter(|line| line.contains("403") || line.contains("credentials")).count();
    assert_eq!(told, 1, "{log}");
    assert!(!log.contains(&wrong), "{log}");
}

/// All files below a directory.
fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
