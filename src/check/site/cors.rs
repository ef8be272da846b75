//! What a viewer on another site gets: its browser shows it nothing without `Access-Control-Allow-Origin`, exactly once, on
//! errors too. Asked of NGINX on this machine, as such a browser asks.
//! Fetch standard, section 3.2 (CORS protocol).

use std::time::Duration;

use recto_iiif::Identifier;

use super::nginx::{Listen, Vhost};
use crate::check::Finding;
use crate::check::finding::plain;
use crate::client::{Answer, Client};

/// What an answer tells a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    status: u16,
    origins: Vec<String>,
    /// Whether it says which headers a script may send.
    allows_headers: bool,
}

impl Told {
    fn by(answer: &Answer) -> Self {
        let origins = answer.all("access-control-allow-origin").map(str::to_owned).collect();
        let allows_headers = answer.header("access-control-allow-headers").is_some();
        Self { status: answer.status, origins, allows_headers }
    }
}

/// How the vhost answers viewers elsewhere. `identifier` is of a master that can be read.
pub(super) fn judge(vhost: &Vhost, identifier: Option<&str>) -> Vec<Finding> {
    let encoded =
        identifier.and_then(|path| Identifier::new(path).ok()).map(|identifier| identifier.encoded());
    let there = format!("/iiif/3/{}/info.json", encoded.as_deref().unwrap_or("ID"));
    let host = vhost.names().next().filter(|name| !name.contains(['*', '~', '_'])).unwrap_or("localhost");
    let listens = vhost.listens();
    let Some(listen) = listens.iter().find(|listen| !listen.tls) else {
        return vec![by_hand(vhost.about(), host, listens.first(), &there)];
    };
    let name = match listen.port {
        80 => host.to_owned(),
        port => format!("{host}:{port}"),
    };
    let client = Client::new(PATIENCE);
    let asked = |method: &str, path: &str| ask(&client, listen, &name, method, path);
    let nowhere = "/iiif/3/recto-check-asks-for-nothing/info.json";
    let mut requests =
        vec![("a missing image", "GET", nowhere, 404), ("a preflight", "OPTIONS", &there, 204)];
    if encoded.is_some() {
        requests.insert(0, ("info.json", "GET", &there, 200));
    }
    let mut findings = Vec::new();
    for (what, method, path, expected) in requests {
        match asked(method, path) {
            Ok(answer) if matches!(answer.status, 301 | 302 | 307 | 308) => {
                findings.push(by_hand(vhost.about(), host, listens.iter().find(|it| it.tls), &there));
                return findings;
            }
            Ok(answer) => findings.extend(verdict(&vhost.about(), what, expected, &answer)),
            Err(error) => {
                let place = format!("{}:{}", listen.address, listen.port);
                findings.push(
                    Finding::warning(
                        vhost.about(),
                        format!("nobody answers at {place} on this machine: {error}"),
                    )
                    .mend("Does NGINX run, with this configuration?")
                    .by("nginx -t && systemctl reload-or-restart nginx"),
                );
                return findings;
            }
        }
    }
    if findings.is_empty() {
        findings.push(Finding::fine(
            vhost.about(),
            "viewers on other sites may read what it answers, errors too",
        ));
    }
    findings
}

/// What is wrong with an answer, if anything is.
fn verdict(about: &str, what: &str, expected: u16, told: &Told) -> Option<Finding> {
    let status = told.status;
    let origins: Vec<_> = told.origins.iter().map(String::as_str).collect();
    let said = plain(&origins.join(", "));
    if status == 503 {
        return Some(
            Finding::error(
                about,
                format!("{what} is answered 503: NGINX does not reach the workers, or they are busy"),
            )
            .mend("NGINX's log says which:")
            .by("tail /var/log/nginx/error.log"),
        );
    }
    match origins[..] {
        ["*"] => {}
        [] => {
            let wrong = format!(
                "{what} is answered ({status}) without Access-Control-Allow-Origin: viewers on other sites cannot read it"
            );
            let advice = "location.conf says it. Something else answers here: another location, a rule before it, or a proxy.";
            return Some(Finding::error(about, wrong).mend(advice));
        }
        [_] => {
            let wrong = format!(
                "{what} is answered ({status}) with Access-Control-Allow-Origin: {said}, so not for all sites"
            );
            return Some(Finding::advice(about, wrong).mend("Right if only these may show the pictures."));
        }
        _ => {
            let wrong = format!(
                "{what} is answered ({status}) with Access-Control-Allow-Origin more than once ({said}), which browsers refuse"
            );
            let advice = "Say it in one place: take it out of local-headers.conf, and of what stands around location.conf.";
            return Some(Finding::error(about, wrong).mend(advice));
        }
    }
    let lacks_methods = status / 100 == 2 && expected == 204 && !told.allows_headers;
    if lacks_methods {
        let wrong = "a preflight is answered without Access-Control-Allow-Headers";
        return Some(
            Finding::error(about, wrong).mend("location.conf says it: something else answers OPTIONS here."),
        );
    }
    let wrong = || format!("{what} is answered with status {status} instead of {expected}");
    (status != expected)
        .then(|| Finding::warning(about, wrong()).mend("See what NGINX passes on: `nginx -T`, and its log."))
}

/// What to look at oneself, where only TLS is spoken.
fn by_hand(about: String, host: &str, listen: Option<&Listen>, path: &str) -> Finding {
    let port = listen.map_or(443, |listen| listen.port);
    let place = if port == 443 { String::new() } else { format!(":{port}") };
    Finding::advice(
        about,
        "what viewers on other sites get was not tried: it speaks TLS, by a certificate for its name",
    )
    .mend("See that this prints one line with `*`:")
    .by(format!(
        "curl --silent --head --header 'Origin: https://viewer.example' --resolve {host}:{port}:127.0.0.1 \
             'https://{host}{place}{path}' | grep -i ^access-control-allow-origin"
    ))
}

/// Asks NGINX on this machine as the browser of a viewer elsewhere asks a server of this name.
fn ask(client: &Client, listen: &Listen, host: &str, method: &str, path: &str) -> anyhow::Result<Told> {
    let address = if listen.address.is_empty() { "127.0.0.1" } else { &listen.address };
    let url = format!("http://{address}:{}{path}", listen.port);
    let headers = [
        ("Host", host),
        ("Origin", "https://viewer.example"),
        ("Access-Control-Request-Method", "GET"),
        ("Access-Control-Request-Headers", "accept"),
    ];
    // The last two are of a preflight.
    let headers = if method == "OPTIONS" { &headers[..] } else { &headers[..2] };
    Ok(Told::by(&client.request(method, &url, headers)?))
}

/// Longer than NGINX waits for a worker.
const PATIENCE: Duration = Duration::from_secs(45);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;

    #[test]
    fn each_way_to_fail_a_viewer_is_told() {
        use Severity::{Advice, Error, Warning};
        for (status, origins, allows_headers, expected, found) in [
            (200, &["*"][..], false, 200, None),
            (204, &["*"], true, 204, None),
            (404, &["*"], false, 404, None),
            (204, &["*"], false, 204, Some((Error, "without Access-Control-Allow-Headers"))),
            (404, &[], false, 404, Some((Error, "(404) without Access-Control-Allow-Origin"))),
            (200, &["*", "*"], false, 200, Some((Error, "more than once (*, *)"))),
            (200, &["https://a.org"], false, 200, Some((Advice, "https://a.org"))),
            (503, &["*"], false, 200, Some((Error, "does not reach the workers"))),
            (500, &["*"], false, 200, Some((Warning, "status 500 instead of 200"))),
        ] {
            let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
            let finding = verdict("v", "x", expected, &Told { status, origins, allows_headers });
            let short = finding.as_ref().map(|it| (it.severity, it.what.as_str()));
            let right = match (short, found) {
                (None, None) => true,
                (Some((severity, what)), Some((wanted, word))) => severity == wanted && what.contains(word),
                _ => false,
            };
            assert!(right, "{status} {expected}: {finding:?}");
        }
    }

    #[test]
    fn where_only_tls_is_spoken_the_command_is_told() {
        let listen = Listen { address: String::new(), port: 8443, tls: true };
        let command =
            by_hand("v".into(), "a.org", Some(&listen), "/iiif/3/a/info.json").command.expect("one");
        assert!(
            command.contains("--resolve a.org:8443:127.0.0.1 'https://a.org:8443/iiif/3/a/info.json'"),
            "{command}"
        );
    }
}
