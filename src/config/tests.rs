//! Configurations as they are written.

use std::time::Duration;

use super::*;

fn complaint(text: &str) -> String {
    format!("{:#}", Config::parse(text).expect_err(text))
}

#[test]
fn the_shortest_configuration_has_sane_defaults() {
    let config = Config::parse("[masters]\nroot = \"/srv/images\"").expect("valid");
    assert_eq!(config.server.socket, Path::new("/run/recto/recto.sock"));
    assert_eq!(config.server.deadline, Duration::from_secs(30));
    assert!(config.server.workers >= 1);
    assert_eq!(config.limits.max_height, config.limits.max_width);
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
    assert_eq!(config.server.public_url.as_deref(), Some("https://images.example.org/iiif"));
}
