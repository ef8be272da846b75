//! What a vhost with Recto's location will do: what ids begin with, what never reaches it, which times do not fit.

use std::path::Path;
use std::time::Duration;

use super::shipped;
use super::text::{self, Directive};
use super::vhost::{Vhost, is_name};
use crate::check::Finding;
use crate::http::Settings;

/// All that there is to say of a vhost.
pub(super) fn vhost(vhost: &Vhost, http: &Settings, deadline: Duration) -> Vec<Finding> {
    let mut findings = vec![ids(vhost, http)];
    findings.extend(lost_headers(vhost));
    findings.extend(unreachable(vhost));
    findings.extend(kept_out(vhost));
    findings.extend(overshadowed(vhost));
    findings.extend(times(vhost, deadline));
    findings
}

/// What ids begin with.
fn ids(vhost: &Vhost, http: &Settings) -> Finding {
    let about = vhost.about();
    if let Some(url) = &http.public_url {
        let host = url.split('/').nth(2).unwrap_or_default();
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let is_called_so = vhost.names().any(|own| own.eq_ignore_ascii_case(name) || covers(own, name));
        let what = format!("ids begin with {url}/3/, by [server] public_url");
        return match is_called_so || vhost.name().is_none() {
            true => Finding::fine(about, what),
            false => Finding::advice(about, format!("{what}, which is none of the names of this vhost"))
                .mend("Right if a proxy before NGINX has that name; otherwise change one of the two."),
        };
    }
    let bases: Vec<_> = vhost.bases().iter().map(|base| format!("{base}/3/")).collect();
    let begin = bases.join(" or ");
    match vhost.name() {
        None => {
            let written = vhost.names().next().unwrap_or_default();
            let what = format!(
                "server_name is no name (`{written}`), so ids begin with the address, such as {begin}, but for clients who ask for one \
                 of [server] trusted_hosts ({})",
                http.trusted_hosts.list()
            );
            Finding::warning(about, what)
                .mend(format!("Give the site its name, in {} or in recto.toml:", vhost.server.place()))
                .by("server_name images.example.org;\npublic_url = \"https://images.example.org/iiif\"   # or this, in [server]")
        }
        Some(_)
            if bases.iter().any(|base| base.starts_with("https:"))
                && bases.iter().any(|base| base.starts_with("http:")) =>
        {
            let what = format!("ids begin with {begin}, as the client came: an info.json is kept twice");
            Finding::advice(about, what)
                .mend("Answer in one way, and redirect the other one; or give public_url in [server].")
        }
        Some(_) => Finding::fine(about, format!("ids begin with {begin}")),
    }
}

/// Whether `*.example.org` or `.example.org` means this name too.
fn covers(pattern: &str, name: &str) -> bool {
    let suffix = pattern.strip_prefix('*').unwrap_or(pattern);
    suffix.starts_with('.') && name.to_ascii_lowercase().ends_with(&suffix.to_ascii_lowercase())
}

fn lost_headers(vhost: &Vhost) -> Option<Finding> {
    let lost = vhost.lost_headers();
    let names: Vec<_> = lost.iter().map(|header| header.first()).collect();
    let lines: Vec<_> = lost.iter().map(|header| line(header)).collect();
    let what = format!("answers below /iiif/ lack {}, which other answers of it have", names.join(", "));
    let advice = "A location with headers of its own inherits none. Repeat them in local-headers.conf, beside location.conf:";
    (!lost.is_empty()).then(|| Finding::warning(vhost.about(), what).mend(advice).by(lines.join("\n")))
}

/// A directive as it may have been written.
fn line(directive: &Directive) -> String {
    let word = |word: &String| match word.contains([' ', ';', '{', '"', '\'']) || word.is_empty() {
        true => format!("\"{}\"", word.replace('\\', r"\\").replace('"', "\\\"")),
        false => word.clone(),
    };
    let words: Vec<_> = directive.arguments.iter().map(word).collect();
    format!("{} {};", directive.name, words.join(" "))
}

/// `return` in a server answers all, before any location.
fn unreachable(vhost: &Vhost) -> Option<Finding> {
    let answer = vhost.server.all("return").next()?;
    let what = format!("`{}` answers all requests before they come to Recto's location", line(answer));
    let advice = format!(
        "Include location.conf in the server that it sends clients to, and not in this one ({}).",
        answer.place()
    );
    Some(Finding::error(vhost.about(), what).mend(advice))
}

/// What viewers on other sites cannot get past.
fn kept_out(vhost: &Vhost) -> Option<Finding> {
    let realm = vhost.value("auth_basic").filter(|realm| *realm != "off")?;
    let what =
        format!("asks for a password (`auth_basic {realm}`), which viewers on other sites cannot give");
    Some(
        Finding::warning(vhost.about(), what)
            .mend("If pictures are for all, let them out of it, in local.conf beside location.conf:")
            .by("auth_basic off;"),
    )
}

/// Locations of the same server that take requests of Recto's, or pass others on with their slashes changed.
fn overshadowed(vhost: &Vhost) -> Vec<Finding> {
    let prefix = vhost.locations.first().and_then(|location| location.arguments.last());
    let Some(prefix) = prefix else { return Vec::new() };
    let ours = text::parse(shipped::LOCATION, Path::new("")).unwrap_or_default();
    let mut findings = Vec::new();
    for location in vhost.server.all("location") {
        let path = location.arguments.last().map_or("", |path| path);
        let is_below = path.starts_with(prefix.as_str()) && path != prefix;
        let is_ours = ours.iter().any(|our| our.arguments == location.arguments);
        if is_below && !is_ours {
            let what =
                format!("`location {}` takes requests that Recto would answer", location.arguments.join(" "));
            let advice = format!("Take it out, unless that is meant: {}.", location.place());
            findings.push(Finding::advice(vhost.about(), what).mend(advice));
        }
    }
    findings
}

/// Times that have to be longer or shorter than others.
fn times(vhost: &Vhost, deadline: Duration) -> Vec<Finding> {
    let time = |name| vhost.value(name).and_then(duration);
    let read = time("fastcgi_read_timeout").unwrap_or(Duration::from_secs(60));
    let mut findings = Vec::new();
    let mut add = |name: &str, found: Duration, rule: &str, needed: u64| {
        let what = format!("{name} is {} s, {rule}", found.as_secs());
        let finding = Finding::warning(vhost.about(), what);
        findings.push(
            finding.mend("Give it in local.conf, beside location.conf:").by(format!("{name} {needed}s;")),
        );
    };
    let seconds = deadline.as_secs();
    if read <= deadline {
        add(
            "fastcgi_read_timeout",
            read,
            "not more than [server] deadline: clients are refused what is being made",
            seconds + 5,
        );
    }
    let lock = time("fastcgi_cache_lock_timeout").unwrap_or(Duration::from_secs(5));
    let needed = read.max(deadline + Duration::from_secs(5));
    if vhost.value("fastcgi_cache_lock") == Some("on") && lock <= read {
        let rule = "not more than fastcgi_read_timeout: all who wait for one derivative have it made anew";
        add("fastcgi_cache_lock_timeout", lock, rule, needed.as_secs() + 5);
    }
    let next = time("fastcgi_next_upstream_timeout").unwrap_or_default();
    if next >= deadline {
        let rule = "not less than [server] deadline: what ended one worker is given to another one";
        add("fastcgi_next_upstream_timeout", next, rule, seconds * 5 / 6);
    }
    findings
}

/// A time of NGINX: `35s`, `1m`, `500ms`, `35`.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let factor = match unit {
        "ms" => return Some(Duration::from_millis(number)),
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(factor).map(Duration::from_secs)
}

/// Passing on with a path loses what `%2F` means: looked for in all servers, for what they pass on may come here.
pub(super) fn changed_slashes(main: &[Directive]) -> Vec<Finding> {
    let https = main.iter().filter(|directive| directive.name == "http");
    let servers = https.flat_map(|http| http.inner.iter().filter(|it| it.name == "server"));
    let locations = servers.flat_map(|server| server.inner.iter().filter(|it| it.name == "location"));
    let passes =
        locations.filter(|location| location.arguments.last().is_some_and(|path| path.contains("iiif")));
    let passes = passes.flat_map(|location| location.inner.iter().filter(|it| it.name == "proxy_pass"));
    let with_path = passes.filter(|pass| {
        let rest = pass.first().split_once("://").map_or("", |(_, rest)| rest);
        rest.contains('/') && !rest.contains('$') && !rest.starts_with("unix:")
    });
    let finding = |pass: &Directive| {
        let what = format!(
            "`{}` sends on another path than the client asked for: %2F in an identifier becomes a slash",
            line(pass)
        );
        let target = pass.first().splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        Finding::warning(pass.place(), what)
            .mend("Pass it on as it came, without a path behind the host:")
            .by(format!("proxy_pass {target};"))
    };
    with_path.map(finding).collect()
}

/// The vhosts whose names nobody can ask for, for there is another one of that name and place, are said by NGINX itself.
pub(super) fn none_includes_it(main: &[Directive]) -> Finding {
    let https = main.iter().filter(|directive| directive.name == "http");
    let servers = https.flat_map(|http| http.inner.iter().filter(|it| it.name == "server"));
    let named = servers.filter(|server| server.all("server_name").any(|it| is_name(it.first())));
    let places: Vec<_> = named
        .take(3)
        .map(|server| {
            format!("{} ({})", server.place(), server.all("server_name").next().map_or("", Directive::first))
        })
        .collect();
    let which = if places.is_empty() { String::new() } else { format!(", such as {}", places.join(", ")) };
    Finding::error("NGINX", "no server{} includes location.conf")
        .mend(format!(
            "Add to the server{{}} of your site{which}; then `nginx -t && systemctl reload nginx`:"
        ))
        .by("include /etc/recto/nginx/location.conf;")
}

#[cfg(test)]
mod tests {
    use super::super::text::parse;
    use super::*;
    use crate::check::Severity;
    use std::path::Path;

    fn settings(public_url: Option<&str>) -> Settings {
        let hosts = crate::http::Hosts::default();
        Settings::new(public_url.map(str::to_owned), hosts, String::new(), "/cache".into(), false)
            .expect("valid")
    }

    fn findings(server: &str, location: &str, public_url: Option<&str>) -> Vec<Finding> {
        let text = format!(
            "http {{ server {{ {server} location ^~ /iiif/ {{ fastcgi_read_timeout 35s; fastcgi_cache_lock on; \
             fastcgi_cache_lock_timeout 40s; fastcgi_next_upstream_timeout 25s; location ^~ /iiif/ {{ {location} \
             add_header A b; fastcgi_pass recto_workers; }} }} }} }}"
        );
        let main = parse(&text, Path::new("f")).expect("directives");
        let vhosts = Vhost::all(&main);
        vhost(&vhosts[0], &settings(public_url), Duration::from_secs(30))
    }

    #[test]
    fn a_vhost_as_it_is_shipped_is_fine() {
        let findings = findings("server_name a.org; listen 443 ssl;", "", None);
        assert_eq!(findings, [Finding::fine("vhost a.org", "ids begin with https://a.org/iiif/3/")]);
    }

    #[test]
    fn each_trap_is_found() {
        use Severity::{Advice, Error, Fine, Warning};
        let a = "server_name a.org;";
        for (server, location, url, severity, what, command) in [
            ("server_name _;", "", None, Warning, "http://127.0.0.1/iiif/3/", "public_url = "),
            ("", "", None, Warning, "server_name is no name (``)", "server_name images"),
            ("server_name _;", "", Some("https://b.org/iiif"), Fine, "by [server] public_url", ""),
            (a, "", Some("https://a.org:8443/iiif"), Fine, "https://a.org:8443/iiif/3/", ""),
            (a, "", Some("https://b.org/iiif"), Advice, "none of the names of this vhost", ""),
            ("server_name a.org *.b.org;", "", Some("https://c.b.org/iiif"), Fine, "c.b.org", ""),
            ("server_name a.org; listen 80; listen 443 ssl;", "", None, Advice, "is kept twice", ""),
            (
                "server_name a.org; add_header Strict-Transport-Security \"max-age=1; x\" always;",
                "",
                None,
                Warning,
                "lack Strict-Transport-Security",
                "add_header Strict-Transport-Security \"max-age=1; x\" always;",
            ),
            (
                "server_name a.org; return 301 https://a.org$request_uri;",
                "",
                None,
                Error,
                "`return 301 https",
                "",
            ),
            (
                "server_name a.org; auth_basic staff;",
                "",
                None,
                Warning,
                "asks for a password",
                "auth_basic off;",
            ),
            ("server_name a.org; location /iiif/2/ { }", "", None, Advice, "`location /iiif/2/` takes", ""),
            (
                a,
                "fastcgi_read_timeout 30;",
                None,
                Warning,
                "fastcgi_read_timeout is 30 s",
                "fastcgi_read_timeout 35s;",
            ),
            (
                a,
                "fastcgi_read_timeout 1m;",
                None,
                Warning,
                "fastcgi_cache_lock_timeout is 40 s",
                "fastcgi_cache_lock_timeout 65s;",
            ),
            (a, "fastcgi_next_upstream_timeout 0;", None, Fine, "", ""),
            (
                a,
                "fastcgi_next_upstream_timeout 45s;",
                None,
                Warning,
                "fastcgi_next_upstream_timeout is 45 s",
                "fastcgi_next_upstream_timeout 25s;",
            ),
        ] {
            let findings = findings(server, location, url);
            let found = findings.iter().find(|it| {
                it.severity == severity
                    && it.what.contains(what)
                    && it.command.as_deref().unwrap_or("").contains(command)
            });
            assert!(found.is_some(), "{server} {location}: {findings:?}");
            let others = findings.iter().filter(|it| it.severity > Fine).count();
            assert_eq!(others, usize::from(severity > Fine), "{server} {location}: {findings:?}");
        }
    }

    #[test]
    fn a_proxy_that_changes_slashes_is_found() {
        for (pass, command) in [
            ("http://127.0.0.1:81", None),
            ("http://127.0.0.1:81/iiif/", Some("proxy_pass http://127.0.0.1:81;")),
            ("https://a.org/", Some("proxy_pass https://a.org;")),
            ("http://a.org$request_uri", None),
            ("http://$a/b", None),
        ] {
            let text = format!("http {{ server {{ location /iiif {{ proxy_pass {pass}; }} }} }}");
            let findings = changed_slashes(&parse(&text, Path::new("f")).expect("directives"));
            assert_eq!(findings.first().and_then(|it| it.command.as_deref()), command, "{pass}");
        }
    }

    #[test]
    fn who_does_not_include_it_is_told_where_it_belongs() {
        let main = parse("http { server { server_name _; } server { server_name a.org; } }", Path::new("f"));
        let finding = none_includes_it(&main.expect("directives"));
        assert!(finding.advice.is_some_and(|advice| advice.contains("such as f:1 (a.org)")));
    }
}
