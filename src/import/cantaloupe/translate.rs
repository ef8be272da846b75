//! Keys of Cantaloupe whose values are written somewhere.

use crate::client::path;
use crate::import::addresses::{self, PREFIX};
use crate::import::fate::{Fate, lost, needless, strange};
use crate::import::read::{Keys, is_yes};
use crate::import::site::{Place, Site};

/// A number of a key, within what ours may have.
fn number(value: &str) -> Option<i64> {
    value.trim().parse().ok()
}

pub(super) fn base_uri(_: &Keys, value: &str, site: &mut Site) -> Fate {
    let value = value.trim_end_matches('/');
    let url = format!("{value}{PREFIX}");
    if !value.starts_with("http://") && !value.starts_with("https://") {
        return strange(value);
    }
    let from = format!("base_uri = {value}");
    let before = path(value).to_owned();
    if !before.is_empty() && addresses::prefix(site, &format!("{before}{PREFIX}"), &from).is_none() {
        return lost("its path has characters that a prefix cannot have here", "[server] public_url");
    }
    site.set(("server", "public_url"), url, &from)
}

pub(super) fn slash_substitute(_: &Keys, value: &str, site: &mut Site) -> Fate {
    addresses::slash(site, value, &format!("slash_substitute = {value}"))
}

pub(super) fn max_pixels(_: &Keys, value: &str, site: &mut Site) -> Fate {
    match number(value) {
        Some(0) => {
            let from = "max_pixels = 0: no limit; but one request is not to take a whole machine";
            site.set(("limits", "max_area"), 100_000_000, from)
        }
        Some(area @ 1..) => site.set(("limits", "max_area"), area, &format!("max_pixels = {value}")),
        _ => strange(value),
    }
}

pub(super) fn max_scale(_: &Keys, value: &str, site: &mut Site) -> Fate {
    let from = format!("max_scale = {value}");
    match value.parse::<f64>() {
        Ok(0.0) => site.set(("offer", "upscaling"), true, &from),
        Ok(1.0) => site.set(("offer", "upscaling"), false, &from),
        Ok(scale) if scale > 1.0 => {
            site.set(("offer", "upscaling"), true, &from);
            lost(
                "pictures are enlarged up to [limits], whatever the scale",
                "[limits] max_width and max_area",
            )
        }
        Ok(scale) if scale > 0.0 => {
            site.set(("offer", "upscaling"), false, &from);
            lost(
                "pictures are not held to a part of their size",
                "[limits] max_width, or RECTO_MAX_SIZE by NGINX",
            )
        }
        _ => strange(value),
    }
}

/// Of 4.0.
pub(super) fn allow_upscaling(_: &Keys, value: &str, site: &mut Site) -> Fate {
    site.set(("offer", "upscaling"), is_yes(value), &format!("allow_upscaling = {value}"))
}

pub(super) fn transformer(_: &Keys, value: &str, _: &mut Site) -> Fate {
    match value {
        "StandardMetaIdentifierTransformer" => {
            needless("pages are ID;2 here as well; scale constraints there are none")
        }
        _ => lost("there are no scripts", "pages are ID;2, in any file of several"),
    }
}

pub(super) fn delimiter(_: &Keys, value: &str, _: &mut Site) -> Fate {
    match value {
        ";" => needless("it is a semicolon here as well: book.tif;3"),
        _ => lost(
            "pages are told by a semicolon: book.tif;3",
            "a map of $request_uri in NGINX, if no name ends so otherwise",
        ),
    }
}

pub(super) fn endpoint_2(_: &Keys, value: &str, site: &mut Site) -> Fate {
    endpoint(2, value, site)
}

pub(super) fn endpoint_3(_: &Keys, value: &str, site: &mut Site) -> Fate {
    endpoint(3, value, site)
}

fn endpoint(version: u8, value: &str, site: &mut Site) -> Fate {
    match is_yes(value) {
        true => needless("it is served at the same path"),
        false => {
            addresses::without_version(site, version, &format!("endpoint.iiif.{version}.enabled = {value}"))
        }
    }
}

pub(super) fn source(_: &Keys, value: &str, _: &mut Site) -> Fate {
    match value {
        "FilesystemSource" => needless("masters are files, in [masters] root"),
        _ => lost(
            "masters are read from directories only",
            "mount the store (NFS, or an object store by rclone or mountpoint-s3) and name the directory by [[source]]",
        ),
    }
}

pub(super) fn lookup(_: &Keys, value: &str, _: &mut Site) -> Fate {
    match value {
        "BasicLookupStrategy" => needless("identifiers are paths below [masters] root"),
        _ => lost(
            "there are no scripts that find files",
            "links in [masters] root that have the identifiers as names, or a map of $request_uri in NGINX",
        ),
    }
}

pub(super) fn path_prefix(keys: &Keys, value: &str, site: &mut Site) -> Fate {
    if keys.get("source.static").is_some_and(|source| source != "FilesystemSource") {
        return Fate::Unused("source.static is not FilesystemSource".to_owned());
    }
    addresses::root(value, site, "FilesystemSource.BasicLookupStrategy.path_prefix")
}

pub(super) fn path_suffix(keys: &Keys, value: &str, site: &mut Site) -> Fate {
    if keys.get("source.static").is_some_and(|source| source != "FilesystemSource") {
        return Fate::Unused("source.static is not FilesystemSource".to_owned());
    }
    addresses::suffix(value, site, "FilesystemSource.BasicLookupStrategy.path_suffix")
}

/// CSS names that are common here; others as numbers.
pub(super) fn background(_: &Keys, value: &str, site: &mut Site) -> Fate {
    let named = [("white", "#ffffff"), ("black", "#000000"), ("gray", "#808080"), ("grey", "#808080")];
    let lower = value.to_ascii_lowercase();
    let short = lower.strip_prefix('#').filter(|digits| digits.len() == 3);
    let colour = match named.iter().find(|(name, _)| *name == lower) {
        Some((_, colour)) => (*colour).to_owned(),
        None => match short {
            Some(digits) => digits.chars().fold("#".to_owned(), |all, digit| format!("{all}{digit}{digit}")),
            None => lower,
        },
    };
    let right = colour.len() == 7
        && colour.starts_with('#')
        && colour[1..].bytes().all(|byte| byte.is_ascii_hexdigit());
    match right {
        true => site.set(("offer", "background"), colour, &format!("processor.background_color = {value}")),
        false => lost("only colours such as #f0e8d0 can be told here", "[offer] background = \"#rrggbb\""),
    }
}

pub(super) fn progressive(_: &Keys, value: &str, site: &mut Site) -> Fate {
    let from = format!("processor.jpg.progressive = {value}; it takes several times as long as without");
    site.set(("jpeg", "progressive"), is_yes(value), &from)
}

pub(super) fn quality(_: &Keys, value: &str, site: &mut Site) -> Fate {
    match number(value) {
        Some(quality @ 1..=100) => {
            site.set(("jpeg", "quality"), quality, &format!("processor.jpg.quality = {value}"))
        }
        _ => strange(value),
    }
}

pub(super) fn compression(_: &Keys, value: &str, site: &mut Site) -> Fate {
    let from = format!("processor.tif.compression = {value}");
    match value.to_ascii_lowercase().as_str() {
        "deflate" => site.set(("tiff", "compression"), "deflate", &from),
        "lzw" => site.set(("tiff", "compression"), "lzw", &from),
        "jpeg" | "rle" => lost("TIFF is written without loss: deflate, lzw or none", "[tiff] compression"),
        _ => strange(value),
    }
}

pub(super) fn sharpen(_: &Keys, value: &str, _: &mut Site) -> Fate {
    match value.parse::<f64>() {
        Ok(0.0) => needless("nothing is sharpened"),
        _ => lost("nothing is sharpened", "sharpen the masters, or their levels"),
    }
}

/// Of 4.1.
pub(super) fn metadata(_: &Keys, value: &str, _: &mut Site) -> Fate {
    match is_yes(value) {
        true => {
            lost("who made it and whose it is are carried; other metadata if you say so", "[metadata] carry")
        }
        false => needless("only who made it and whose it is are carried"),
    }
}

/// All keys of this family make one header.
pub(super) fn client_cache(keys: &Keys, _: &str, site: &mut Site) -> Fate {
    let key = |name: &str| format!("cache.client.{name}");
    if keys.get(&key("enabled")).is_some_and(|value| !is_yes(value)) {
        let from = "cache.client.enabled = false; a header is sent in any case";
        return site.set(("server", "cache_control"), "no-cache", from);
    }
    let seconds = |name: &str, word: &str| {
        let value = keys.get(&key(name)).and_then(number).filter(|seconds| *seconds >= 0)?;
        Some(format!("{word}={value}"))
    };
    let word = |name: &str| keys.is_on(&key(name)).then(|| name.replace('_', "-"));
    let words = ["public", "private", "no_cache", "no_store"].into_iter().filter_map(word);
    let ages = [seconds("max_age", "max-age"), seconds("shared_max_age", "s-maxage")].into_iter().flatten();
    let rest = ["must_revalidate", "proxy_revalidate", "no_transform"].into_iter().filter_map(word);
    let header = words.chain(ages).chain(rest).collect::<Vec<_>>().join(", ");
    match header.is_empty() {
        true => needless("the default is kept"),
        false => site.set(("server", "cache_control"), header, "cache.client.*"),
    }
}

/// NGINX looks every ten minutes whether a copy still holds; whoever wants it sooner says so.
pub(super) fn ttl(_: &Keys, value: &str, site: &mut Site) -> Fate {
    match number(value) {
        Some(seconds @ 1..600) => {
            let from = format!("cache.server.derivative.ttl_seconds = {value}");
            site.nginx(Place::Location, &from, &format!("fastcgi_cache_valid 200 303 {seconds}s;\n"))
        }
        Some(_) => needless(
            "NGINX asks a worker every ten minutes whether a copy still holds, and keeps it as long as it does; \
             fastcgi_cache_valid in local.conf changes that",
        ),
        None => strange(value),
    }
}
