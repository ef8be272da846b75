//! Addresses of another server that have to lead to ours. All of them are redirects: a viewer that asks for info.json by an
//! old address is told the new one, and asks for tiles by that.

use super::fate::{Fate, lost, needless};
use super::site::{Place, Site};
use crate::source::EXTENSIONS;

/// What our addresses begin with, unless a site chooses another.
pub(super) const PREFIX: &str = "/iiif";

/// A regular expression of NGINX for a text, as it is and percent-encoded. None if it has what a configuration cannot hold.
fn pattern(text: &str) -> Option<String> {
    let graphic =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'\\".contains(&byte));
    graphic.then(|| text.chars().map(one).collect())
}

fn one(letter: char) -> String {
    let hex = |digit: u32| match char::from_digit(digit, 16) {
        Some(digit) if digit.is_ascii_alphabetic() => format!("[{digit}{}]", digit.to_ascii_uppercase()),
        digit => digit.map(String::from).unwrap_or_default(),
    };
    match letter {
        letter if letter.is_ascii_alphanumeric() => letter.to_string(),
        letter => {
            let code = u32::from(letter);
            format!("(?:\\x{code:02x}|%{}{})", hex(code >> 4), hex(code & 15))
        }
    }
}

/// A text in a path, encoded.
pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A redirect of requests within our own location, by a map of the raw path: where `map` gives something, it leads there.
fn lead(site: &mut Site, variable: &str, comment: &str, map: &[(String, String)]) -> Fate {
    let entries: String = map.iter().map(|(from, to)| format!("    \"~{from}\"  \"{to}\";\n")).collect();
    let text = format!("map $request_uri {variable} {{\n    default  \"\";\n{entries}}}\n");
    site.nginx(Place::Http, comment, &text);
    let text = format!("if ({variable}) {{ return 301 {variable}; }}\n");
    site.nginx(
        Place::Location,
        "",
        "absolute_redirect off;   # a proxy before NGINX may have another name\n",
    );
    site.nginx(Place::Location, comment, &text);
    Fate::Written("nginx/local-http.conf and nginx/local.conf".to_owned())
}

/// Something that stands for a slash in identifiers.
pub(super) fn slash(site: &mut Site, substitute: &str, from: &str) -> Fate {
    let Some(substitute) = pattern(substitute).filter(|_| substitute != "/") else {
        return lost("it has characters that a path cannot have", "a map of your own, of $request_uri");
    };
    let comment = format!("{from}: what stood for a slash in an identifier leads to the slash, %2F");
    let map = (
        format!("^(?<recto_slash_before>{PREFIX}/[23]/[^/?]*?){substitute}(?<recto_slash_after>[^?]*)"),
        "${recto_slash_before}%2F$recto_slash_after".to_owned(),
    );
    lead(site, "$recto_moved_slash", &comment, &[map])
}

/// Something that stood before every identifier on the disk, behind the last slash of a path, or after it.
pub(super) fn around(site: &mut Site, before: &str, after: &str, from: &str) -> Fate {
    let quoted = |text: &str| text.is_empty().then(String::new).or_else(|| pattern(text));
    let (Some(start), Some(end)) = (quoted(before), quoted(after)) else {
        return lost("it has characters that a path cannot have", "a map of your own, of $request_uri");
    };
    let missing =
        |what: &str, how: &str| if what.is_empty() { String::new() } else { format!("({how}{what})") };
    let (not_before, not_after) = (missing(&start, "?!"), missing(&end, "?!"));
    // A name ends at the next slash; an end that is there already is told by looking ahead from each place.
    let name = match not_after.is_empty() {
        true => "[^/?]+".to_owned(),
        false => format!("(?:(?!{end}(?:/|\\?|$))[^/?])+"),
    };
    let comment = format!("{from}: what the other server added to identifiers is part of them here");
    let variable = if before.is_empty() { "$recto_moved_end" } else { "$recto_moved_start" };
    let group = &variable[1..];
    let map = (
        format!(
            "^(?<{group}_a>{PREFIX}/[23]/){not_before}(?<{group}_b>{name})(?<{group}_c>(?:/[^?]*)?)(?:\\?.*)?$"
        ),
        format!("${{{group}_a}}{}${{{group}_b}}{}${{{group}_c}}", encoded(before), encoded(after)),
    );
    lead(site, variable, &comment, &[map])
}

/// A path that was put before identifiers: a directory up to its last slash, and the beginning of names behind it.
pub(super) fn root(value: &str, site: &mut Site, key: &str) -> Fate {
    let from = format!("{key} = {value}");
    let Some((directory, start)) = value.rsplit_once('/').filter(|_| value.starts_with('/')) else {
        return lost("it is no absolute path", "[masters] root: the directory with the images");
    };
    let directory = if directory.is_empty() { "/" } else { directory };
    let fate = site.set(("masters", "root"), directory.trim_end_matches('/'), &from);
    if directory == "/" {
        site.set(("masters", "root"), "/", &from);
    }
    match start {
        "" => fate,
        start => around(site, start, "", &from),
    }
}

/// What was put after identifiers.
pub(super) fn suffix(value: &str, site: &mut Site, key: &str) -> Fate {
    let extension = value.strip_prefix('.').unwrap_or_default();
    if EXTENSIONS.iter().any(|group| group.contains(&extension)) {
        return needless("a file is found without its extension as well");
    }
    around(site, "", value, &format!("{key} = {value}"))
}

/// A version of the API that was not served.
pub(super) fn without_version(site: &mut Site, version: u8, from: &str) -> Fate {
    let text = format!(
        "if ($request_uri ~ \"^{PREFIX}/{version}/\") {{ return 404 \"version {version} of the Image API is not served\\n\"; }}\n"
    );
    site.nginx(Place::Location, from, &text)
}

/// The same images by a path of ours that begins otherwise, as in `https://host/images/iiif/3/ID`.
pub(super) fn prefix(site: &mut Site, path: &str, from: &str) -> Option<Fate> {
    let plain = path.starts_with('/')
        && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte));
    let text = format!("location ^~ {path}/ {{ set $recto_prefix {path}; rewrite ^ /iiif/ last; }}\n");
    plain.then(|| site.nginx(Place::Server, &format!("{from}: the same images by this prefix"), &text))
}

/// Addresses of IIPImage: without a version, slashes of identifiers as they are, by a path or by a query.
pub(super) fn iipimage(site: &mut Site, prefixes: &[String], version: u8, from: &str) {
    for prefix in prefixes.iter().filter(|prefix| prefix.as_str() != "iiif") {
        let Some(start) = pattern(prefix) else { continue };
        let group = "recto_old_path";
        let comment = format!("{from}: /{prefix}/ID leads to {PREFIX}/{version}/ID");
        let map = format!(
            "map $request_uri $recto_moved_path {{\n    default  {PREFIX}/{version}/;\n    \
             \"~^/{start}/(?<{group}>[^?]+)\"  {PREFIX}/{version}/${group};\n}}\n"
        );
        site.nginx(Place::Http, &comment, &map);
        let location = format!(
            "location ^~ /{prefix}/ {{\n    add_header Access-Control-Allow-Origin * always;\n    absolute_redirect off;\n    \
             return 301 $recto_moved_path;\n}}\n"
        );
        site.nginx(Place::Server, &comment, &location);
    }
    let comment = format!("{from}: /fcgi-bin/iipsrv.fcgi?IIIF=ID leads to {PREFIX}/{version}/ID");
    let map = format!(
        "map $args $recto_moved_query {{\n    default  \"\";\n    \
         \"~*(?:^|&)IIIF=/*(?<recto_old_query>[^&]+)\"  {PREFIX}/{version}/$recto_old_query;\n}}\n"
    );
    site.nginx(Place::Http, &comment, &map);
    let location = "location = /fcgi-bin/iipsrv.fcgi {\n    add_header Access-Control-Allow-Origin * always;\n    \
                    absolute_redirect off;\n    if ($recto_moved_query) { return 301 $recto_moved_query; }\n    \
                    return 410 \"IIP, Zoomify and Deep Zoom are not served any more\\n\";\n}\n";
    site.nginx(Place::Server, &comment, location);
    let comment = format!(
        "{from}: an address without a version leads to version {version}; a slash in an identifier to %2F,\none at a time"
    );
    let rest = "(?:info\\.json|[^/?]+/[^/?]+/[^/?]+/[^/?]+\\.[a-z0-9]+)";
    let maps = [
        (
            format!("^(?<recto_old_a>{PREFIX}/[23]/[^/?]+)/(?<recto_old_b>(?:[^/?]+/)+{rest})(?:\\?.*)?$"),
            "${recto_old_a}%2F$recto_old_b".to_owned(),
        ),
        (format!("^{PREFIX}/(?![23]/)(?<recto_old_c>[^?]+)"), format!("{PREFIX}/{version}/$recto_old_c")),
    ];
    lead(site, "$recto_moved_old", &comment, &maps);
}
