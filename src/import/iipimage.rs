//! The variables of IIPImage: iipsrv 1.1 (Debian 12) to 1.3, read in its Environment.h and its documentation.

use super::addresses::{self, PREFIX};
use super::fate::{Fate, Rule, lost, needless, strange};
use super::read::{Keys, is_yes};
use super::site::{Place, Site};
use crate::client::{origin, path};
use Rule::{Do, Lost, LostIfOn, Needless};

const CACHE: Rule = Needless("the kernel keeps masters, NGINX keeps pictures: see http.conf");
const LISTENING: Rule = Needless("NGINX finds the workers by a socket: [server] socket");
const LOG: Rule =
    Needless("the log goes to stderr, where systemd keeps it: journalctl -u recto; RECTO_LOG sets its level");
const WATERMARK: Rule =
    Lost("nothing is drawn on pictures", "watermark the masters, or draw it in the viewer");
const MEMCACHED: Rule =
    Lost("NGINX keeps copies, on its disk", "nothing has to be moved: the cache fills itself");
const DECODER: Rule = Needless("Recto decodes JPEG 2000 itself, all of its layers");
const OF_THE_WEB_SERVER: Rule =
    Needless("it is of the web server; location.conf tells workers what they need");

/// All variables, and what becomes of them.
static RULES: &[(&str, Rule)] = &[
    ("FILESYSTEM_PREFIX", Do(|_, value, site| addresses::root(value, site, "FILESYSTEM_PREFIX"))),
    ("FILESYSTEM_SUFFIX", Do(|_, value, site| addresses::suffix(value, site, "FILESYSTEM_SUFFIX"))),
    ("MAX_CVT", Do(max_cvt)),
    ("JPEG_QUALITY", Do(|_, value, site| quality(("jpeg", "quality"), value, site, "JPEG_QUALITY"))),
    ("WEBP_QUALITY", Do(webp)),
    ("AVIF_QUALITY", Do(|_, value, site| quality(("avif", "quality"), value, site, "AVIF_QUALITY"))),
    ("AVIF_CODEC", Needless("AVIF is written by rav1e")),
    ("PNG_QUALITY", Do(png)),
    ("TIFF_COMPRESSION", Do(tiff)),
    ("TIFF_QUALITY", Needless("TIFF is written without loss")),
    ("ALLOW_UPSCALING", Do(upscaling)),
    ("CACHE_CONTROL", Do(cache_control)),
    ("BASE_URL", Do(base_url)),
    ("URI_MAP", Do(uri_map)),
    ("IIIF_VERSION", Do(version)),
    ("IIIF_DELIMITER", Do(delimiter)),
    ("IIIF_EXTRA_INFO", Do(extra_info)),
    ("IIIF_EXTENSIONS", LostIfOn("there are no qualities beyond the standard's", "a viewer that does it")),
    ("COPYRIGHT", Do(copyright)),
    ("CORS", Do(cors)),
    ("CODEC_PASSTHROUGH", Do(pass_through)),
    ("MAX_ICC", Needless("colours are sent as sRGB, without a profile: [colour]")),
    ("EMBED_ICC", Needless("colours are sent as sRGB, without a profile: [colour]")),
    ("INTERPOLATION", Needless("pictures are scaled by one good filter, from the level that fits")),
    ("MAX_LAYERS", DECODER),
    ("KAKADU_READMODE", DECODER),
    ("DECODER_MODULES", DECODER),
    (
        "FILENAME_PATTERN",
        Lost("sequences of images in several files are no images", "a TIFF of several pages: book.tif;3"),
    ),
    ("WATERMARK", WATERMARK),
    ("WATERMARK_PROBABILITY", WATERMARK),
    ("WATERMARK_OPACITY", WATERMARK),
    ("MEMCACHED_SERVERS", MEMCACHED),
    ("MEMCACHED_TIMEOUT", MEMCACHED),
    ("MAX_IMAGE_CACHE_SIZE", CACHE),
    ("MAX_METADATA_CACHE_SIZE", CACHE),
    ("MAX_IMAGE_METADATA_CACHE_SIZE", CACHE),
    ("VERBOSITY", LOG),
    ("LOGFILE", LOG),
    ("HOST", LISTENING),
    ("PORT", LISTENING),
    ("BIND", LISTENING),
    ("BACKLOG", LISTENING),
    ("OMP_NUM_THREADS", Needless("a worker has one thread; [server] workers is \"auto\", one per core")),
    ("HTTP_X_IIIF_ID", Lost("no header sets ids", "[server] public_url, or server_name of NGINX")),
    ("QUERY_STRING", OF_THE_WEB_SERVER),
    ("REQUEST_METHOD", OF_THE_WEB_SERVER),
    ("REQUEST_URI", OF_THE_WEB_SERVER),
    ("PATH_INFO", OF_THE_WEB_SERVER),
    ("CONTENT_TYPE", OF_THE_WEB_SERVER),
    ("CONTENT_LENGTH", OF_THE_WEB_SERVER),
    ("SCRIPT_NAME", OF_THE_WEB_SERVER),
    ("SCRIPT_FILENAME", OF_THE_WEB_SERVER),
    ("DOCUMENT_URI", OF_THE_WEB_SERVER),
    ("DOCUMENT_ROOT", OF_THE_WEB_SERVER),
    ("SERVER_PROTOCOL", OF_THE_WEB_SERVER),
    ("SERVER_SOFTWARE", OF_THE_WEB_SERVER),
    ("SERVER_NAME", OF_THE_WEB_SERVER),
    ("SERVER_ADDR", OF_THE_WEB_SERVER),
    ("SERVER_PORT", OF_THE_WEB_SERVER),
    ("REMOTE_ADDR", OF_THE_WEB_SERVER),
    ("REMOTE_PORT", OF_THE_WEB_SERVER),
    ("HTTP_HOST", OF_THE_WEB_SERVER),
    ("HTTPS", OF_THE_WEB_SERVER),
    ("REQUEST_SCHEME", OF_THE_WEB_SERVER),
    ("GATEWAY_INTERFACE", OF_THE_WEB_SERVER),
    ("REDIRECT_STATUS", OF_THE_WEB_SERVER),
    ("HTTP_IF_MODIFIED_SINCE", OF_THE_WEB_SERVER),
];

/// What becomes of a variable, if it is one.
pub(super) fn rule(key: &str) -> Option<&'static Rule> {
    RULES.iter().find(|(name, _)| *name == key).map(|(_, rule)| rule)
}

/// What is written whatever the variables say: addresses without a version.
pub(super) fn finish(keys: &Keys, site: &mut Site) {
    let mapped = keys.get("URI_MAP").unwrap_or_default();
    let prefixes: Vec<String> = mapped.split(',').filter_map(iiif_prefix).collect();
    addresses::iipimage(site, &prefixes, served(keys), "Addresses of IIPImage");
}

/// The version that addresses without one get: 1.1 has 2, from 1.2 on it is 3 unless it is said.
fn served(keys: &Keys) -> u8 {
    if keys.get("IIIF_VERSION") == Some("2") { 2 } else { 3 }
}

/// The prefix of a rule of URI_MAP for the Image API.
fn iiif_prefix(rule: &str) -> Option<String> {
    let (prefix, protocol) = rule.split_once("=>")?;
    protocol.trim().eq_ignore_ascii_case("IIIF").then(|| prefix.trim().trim_matches('/').to_owned())
}

fn max_cvt(_: &Keys, value: &str, site: &mut Site) -> Fate {
    match value.parse::<i64>() {
        Ok(-1) => lost("there always is a limit", "[limits] max_width, which is 16384"),
        Ok(side @ 1..=0x7fff_ffff) => {
            let from = format!("MAX_CVT = {value}");
            if let Some(area) = side.checked_mul(side).filter(|area| *area > 32_000_000) {
                site.set(("limits", "max_area"), area.min(100_000_000), &from);
            }
            site.set(("limits", "max_width"), side, &from)
        }
        _ => strange(value),
    }
}

fn quality(key: (&'static str, &'static str), value: &str, site: &mut Site, from: &str) -> Fate {
    match value.parse::<i64>() {
        Ok(quality @ 1..=100) => site.set(key, quality, &format!("{from} = {value}")),
        Ok(-1) => lost("it is always written with loss", "png, tif, or webp with [webp] lossless"),
        _ => strange(value),
    }
}

fn webp(_: &Keys, value: &str, site: &mut Site) -> Fate {
    match value {
        "-1" => site.set(("webp", "lossless"), true, "WEBP_QUALITY = -1"),
        _ => quality(("webp", "quality"), value, site, "WEBP_QUALITY"),
    }
}

fn png(_: &Keys, value: &str, site: &mut Site) -> Fate {
    let level = match value.parse::<i64>() {
        Ok(0..=1) => "fast",
        Ok(2..=6) => "balanced",
        Ok(7..=9) => "high",
        _ => return strange(value),
    };
    site.set(("png", "compression"), level, &format!("PNG_QUALITY = {value}, of 0 to 9"))
}

fn tiff(_: &Keys, value: &str, site: &mut Site) -> Fate {
    let from = format!("TIFF_COMPRESSION = {value}");
    match value {
        "0" => site.set(("tiff", "compression"), "none", &from),
        "1" => site.set(("tiff", "compression"), "lzw", &from),
        "2" => site.set(("tiff", "compression"), "deflate", &from),
        "3" | "4" | "5" => lost("TIFF is written without loss: deflate, lzw or none", "[tiff] compression"),
        _ => strange(value),
    }
}

fn upscaling(_: &Keys, value: &str, site: &mut Site) -> Fate {
    site.set(("offer", "upscaling"), value != "0", &format!("ALLOW_UPSCALING = {value}"))
}

fn cache_control(_: &Keys, value: &str, site: &mut Site) -> Fate {
    site.set(("server", "cache_control"), value, &format!("CACHE_CONTROL = {value}"))
}

fn base_url(_: &Keys, value: &str, site: &mut Site) -> Fate {
    if !value.starts_with("http://") && !value.starts_with("https://") {
        return strange(value);
    }
    let from = format!("BASE_URL = {value}; ids here have the version behind {PREFIX}");
    let fate = site.set(("server", "public_url"), format!("{}{PREFIX}", origin(value)), &from);
    let old = path(value).trim_matches('/');
    match old {
        "" | "iiif" => fate,
        old => {
            let text =
                format!("location ^~ /{old}/ {{\n    rewrite ^/{old}/(.*)$ {PREFIX}/3/$1 permanent;\n}}\n");
            let plain = old.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_~/".contains(&byte));
            match plain {
                true => site.nginx(Place::Server, &from, &text),
                false => {
                    lost("its path has characters that a prefix cannot have here", "a location of your own")
                }
            }
        }
    }
}

fn uri_map(_: &Keys, value: &str, _: &mut Site) -> Fate {
    let others = value.split(',').filter(|rule| iiif_prefix(rule).is_none()).count();
    match others {
        0 => Fate::Written("nginx/local-http.conf and nginx/server.conf".to_owned()),
        _ => lost(
            "of its protocols only IIIF is served",
            "viewers read the Image API today: OpenSeadragon and others",
        ),
    }
}

fn version(_: &Keys, value: &str, _: &mut Site) -> Fate {
    match value {
        "1" => lost("version 1 of the Image API is not served", "2 and 3 are, side by side"),
        _ => Fate::Written("nginx/local-http.conf: addresses without a version lead to this one".to_owned()),
    }
}

fn delimiter(_: &Keys, value: &str, _: &mut Site) -> Fate {
    match value {
        ";" => needless("it is a semicolon here as well: book.tif;3"),
        _ => lost("pages are told by a semicolon: book.tif;3", "a map of $request_uri in NGINX"),
    }
}

/// Members of info.json, without braces.
fn extra_info(_: &Keys, value: &str, site: &mut Site) -> Fate {
    let text =
        format!("{{{}}}", value.trim().trim_start_matches('{').trim_end_matches('}').trim_matches(','));
    let known = ["rights", "attribution", "logo"];
    let Ok(members) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&text) else {
        return strange(value);
    };
    if members.is_empty() {
        return strange(value);
    }
    let mut left = Vec::new();
    for (name, member) in &members {
        match (known.iter().find(|known| *known == name), member.as_str()) {
            (Some(name), Some(text)) => drop(site.set(("info", name), text, "IIIF_EXTRA_INFO")),
            _ => left.push(name.as_str()),
        }
    }
    match left.is_empty() {
        true => Fate::Written("recto.toml: [info]".to_owned()),
        false => lost(
            &format!("these members have another form in [info]: {}", left.join(", ")),
            "write them into [info], as API 3.0 has them, or into a file leaf.tif.json beside a master",
        ),
    }
}

fn copyright(_: &Keys, value: &str, site: &mut Site) -> Fate {
    let from = format!("COPYRIGHT = {value}");
    let uri = value.starts_with("http://") || value.starts_with("https://");
    site.set(("info", if uri { "rights" } else { "attribution" }), value, &from)
}

fn cors(_: &Keys, value: &str, _: &mut Site) -> Fate {
    match value {
        "*" => needless("NGINX allows all sites to read"),
        _ => lost(
            "NGINX allows all sites to read",
            "a copy of location.conf with another Access-Control-Allow-Origin",
        ),
    }
}

fn pass_through(_: &Keys, value: &str, site: &mut Site) -> Fate {
    match is_yes(value) {
        true => needless(
            "stored tiles are sent as they are where that costs clients no time: [tiles] pass_through",
        ),
        false => site.set(("tiles", "pass_through"), 0.0, &format!("CODEC_PASSTHROUGH = {value}")),
    }
}
