//! NGINX as it is configured: `nginx -T` tells, or without its leave our own reading of what may be read.

mod cache;
mod files;
mod judge;
mod shipped;
mod text;
mod vhost;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::person::Person;
use super::program::{self, End, Said};
use crate::check::Finding;
use crate::check::finding::plain;
use crate::config::Config;
use cache::Cache;
use files::Files;
use text::Directive;
pub(super) use vhost::{Listen, Vhost};

/// What location.conf passes requests to.
const UPSTREAM: &str = "recto_workers";

/// A configuration of NGINX.
pub(super) struct Nginx {
    files: Files,
    main: Vec<Directive>,
    /// The user of its workers, as far as it can be known.
    pub(super) user: Option<Person>,
}

/// The configuration of the NGINX of this machine, or the one at `config`; with what NGINX says of it.
pub(super) fn read(config: Option<&Path>) -> (Option<Nginx>, Vec<Finding>) {
    let Some(program) = program::find("nginx") else {
        let what =
            "is not installed: the workers speak FastCGI, and need it or another web server before them";
        return (None, vec![Finding::advice("NGINX", what).mend("Install it:").by("apt-get install nginx")]);
    };
    let ask = |option: &str| {
        let mut command = Command::new(&program);
        command.arg(option).args(config.into_iter().flat_map(|path| [Path::new("-c"), path]));
        program::run(&mut command, PATIENCE)
    };
    let built = ask("-V").map(|said| said.error).unwrap_or_default();
    let mut findings: Vec<_> = too_old(&built).into_iter().collect();
    let dump = ask("-T").ok().filter(|said| said.end == End::Well);
    let dumped = dump.as_ref().and_then(|said| files::dumped(&said.out));
    findings.extend(dump.iter().flat_map(complaints));
    let (main, files) = dumped.unwrap_or_else(|| {
        let main = config.map_or_else(|| conf_path(&built), Path::to_owned);
        let (files, silent) = files::found(&main);
        findings.push(refused(ask("-t").ok().as_ref(), &silent));
        (main, files)
    });
    match files::expanded(&main, &files) {
        Ok(directives) => {
            let user = user(&directives, &built, config.is_none());
            (Some(Nginx { files, main: directives, user }), findings)
        }
        Err(error) => {
            findings.push(Finding::error("NGINX", error));
            (None, findings)
        }
    }
}

impl Nginx {
    /// All that there is to say of it.
    pub(super) fn judge(&self, config: &Config) -> Vec<Finding> {
        let vhosts = self.vhosts();
        let mut findings = self.shipped(&vhosts);
        findings.extend(self.socket(config));
        if vhosts.is_empty() {
            findings.push(judge::none_includes_it(&self.main));
        }
        for vhost in &vhosts {
            findings.extend(judge::vhost(vhost, &config.serving.http, config.serving.pool.deadline));
        }
        findings.extend(judge::changed_slashes(&self.main));
        if let Some(cache) = Cache::of(&self.main) {
            findings.extend(cache.judge(cache.look(), self.user.as_ref(), &config.serving.http.cache));
        }
        findings
    }

    /// The servers with Recto's location.
    pub(super) fn vhosts(&self) -> Vec<Vhost<'_>> {
        Vhost::all(&self.main)
    }

    fn in_http<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Directive> {
        self.main.iter().filter(|it| it.name == "http").flat_map(move |http| http.all(name))
    }

    /// Whether both files are there, and whole.
    fn shipped(&self, vhosts: &[Vhost]) -> Vec<Finding> {
        let is_ours = |map: &&Directive| map.arguments.get(1).is_some_and(|name| name == "$recto_path");
        let mut findings = Vec::new();
        match self.in_http("map").find(is_ours) {
            Some(map) => findings.extend(self.compared(&map.file, shipped::HTTP)),
            None => findings.push(
                Finding::error("NGINX", "http.conf is not among the files that it reads")
                    .mend("Link it to where NGINX reads what belongs to http{}:")
                    .by("ln -s /etc/recto/nginx/http.conf /etc/nginx/conf.d/recto.conf\nnginx -t && systemctl reload nginx"),
            ),
        }
        let mut seen: Vec<&Path> = Vec::new();
        for vhost in vhosts {
            let file = &*vhost.locations[0].file;
            if !seen.contains(&file) {
                seen.push(file);
                findings.extend(self.compared(file, shipped::LOCATION));
            }
        }
        findings
    }

    fn compared(&self, path: &Path, shipped: &str) -> Option<Finding> {
        self.files.get(path).map(|text| shipped::judge(path, text, shipped))
    }

    /// Whether NGINX asks where Recto answers.
    fn socket(&self, config: &Config) -> Option<Finding> {
        let pool = &config.serving.pool;
        let upstream = self.in_http("upstream").find(|upstream| upstream.first() == UPSTREAM)?;
        let expected = format!("unix:{}", pool.socket.display());
        let other = upstream
            .all("server")
            .find(|server| server.first() != expected && server.first().starts_with("unix:"))?;
        let what = format!("NGINX asks at {}, and recto.toml has {expected}", other.first());
        Some(Finding::error("socket", what).mend(format!(
            "Write the same path at {} and as socket in [server]; under systemd recto.socket has it too.",
            other.place()
        )))
    }
}

/// What NGINX warns of. As another user than root it always warns of some things.
fn complaints(said: &Said) -> Vec<Finding> {
    let always = ["the \"user\" directive makes sense only", "could not open error log file"];
    let lines = said.error.lines().filter(|line| line.contains("[warn]") || line.contains("[alert]"));
    let lines = lines.filter(|line| always.iter().all(|it| !line.contains(it)));
    lines.map(|line| Finding::advice("NGINX", plain(line))).collect()
}

/// Why its configuration had to be read without it.
fn refused(tested: Option<&Said>, silent: &[String]) -> Finding {
    let said = tested.map_or("", |said| &said.error);
    let wrong = said.lines().find(|line| line.contains("[emerg]") && !line.contains("Permission denied"));
    if let Some(line) = wrong {
        return Finding::error("NGINX", plain(line))
            .mend("It does not take its configuration. Mend that first:")
            .by("nginx -t");
    }
    let unread = if silent.is_empty() { String::new() } else { format!(", without {}", silent.join("; ")) };
    let what = format!("its configuration was read file by file, for only root may have it printed{unread}");
    Finding::advice("NGINX", what).mend("See all of it:").by("sudo recto check")
}

/// NGINX before 1.19.1 does not know all that the shipped files say.
fn too_old(built: &str) -> Option<Finding> {
    let version = built.split_once("nginx/")?.1.split_whitespace().next()?;
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    let is_old = (next(), next(), next()) < (1, 19, 1);
    is_old
        .then(|| Finding::error("NGINX", format!("is {version}; the shipped files are for 1.19.1 and later")))
}

/// Where it has its configuration unless told otherwise.
fn conf_path(built: &str) -> PathBuf {
    option(built, "--conf-path=").unwrap_or("/etc/nginx/nginx.conf").into()
}

/// An option that it was built with.
fn option<'b>(built: &'b str, name: &str) -> Option<&'b str> {
    built.split_whitespace().find_map(|word| word.strip_prefix(name))
}

/// The user of its workers: of those that run, or else of those that would.
fn user(main: &[Directive], built: &str, is_usual: bool) -> Option<Person> {
    if !is_usual && !rustix::process::geteuid().is_root() {
        // One of ours: its workers are whoever starts it.
        return Some(Person::this());
    }
    let running = is_usual.then(running_user).flatten();
    let written = main.iter().find(|directive| directive.name == "user");
    let name = match (&running, written) {
        (Some(uid), _) => uid.to_string(),
        (None, Some(written)) => written.first().to_owned(),
        (None, None) => option(built, "--user=").unwrap_or("nobody").to_owned(),
    };
    let group = written.and_then(|written| written.arguments.get(1));
    Person::find(&name).map(|person| person.joining(group.into_iter().map(String::as_str)))
}

/// The user of the workers that run, if all have the same.
fn running_user() -> Option<u32> {
    let processes = std::fs::read_dir("/proc").ok()?.filter_map(Result::ok);
    let users = processes.filter_map(|process| {
        let title = std::fs::read(process.path().join("cmdline")).ok()?;
        title.starts_with(b"nginx: worker process").then_some(())?;
        process.metadata().ok().map(|found| found.uid())
    });
    let mut users: Vec<u32> = users.collect();
    users.sort_unstable();
    users.dedup();
    users.pop().filter(|_| users.is_empty())
}

/// It tests its configuration, which may name hosts that it looks up.
const PATIENCE: Duration = Duration::from_secs(20);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Severity;

    /// NGINX with these files, as `nginx -T` prints them.
    fn nginx(dump: &str) -> Nginx {
        let (main, files) = files::dumped(dump).expect("files");
        let main = files::expanded(&main, &files).expect("directives");
        Nginx { files, main, user: None }
    }

    fn dump(parts: &[(&str, &str)]) -> String {
        parts.iter().map(|(path, text)| format!("# configuration file {path}:\n{text}\n")).collect()
    }

    const SETTINGS: &str = include_str!("../../../../nginx/settings.conf");

    fn config() -> Config {
        Config::parse("[masters]\nroot = \"/srv\"").expect("valid")
    }

    #[test]
    fn an_install_by_the_book_has_nothing_to_be_mended() {
        let main = "http { include /etc/nginx/conf.d/*.conf; server { server_name a.org; include /etc/recto/nginx/location.conf; } }";
        let files = [
            ("/etc/nginx/nginx.conf", main),
            ("/etc/nginx/conf.d/recto.conf", shipped::HTTP),
            ("/etc/recto/nginx/settings.conf", SETTINGS),
            ("/etc/recto/nginx/location.conf", shipped::LOCATION),
        ];
        let nginx = nginx(&dump(&files));
        let findings = nginx.shipped(&nginx.vhosts());
        assert!(
            findings.len() == 2 && findings.iter().all(|it| it.severity == Severity::Fine),
            "{findings:?}"
        );
        assert_eq!(nginx.socket(&config()), None);
        let ids: Vec<_> = judge::vhost(&nginx.vhosts()[0], &config().serving.http, Duration::from_secs(30));
        assert!(ids.len() == 1 && ids[0].severity == Severity::Fine, "{ids:?}");
        assert!(Cache::of(&nginx.main).is_some());
    }

    #[test]
    fn missing_files_and_another_socket_are_errors() {
        let without = nginx(&dump(&[("/n", "http { server { server_name a.org; } }")]));
        let findings = without.judge(&config());
        assert!(findings[0].what.contains("http.conf is not among"), "{findings:?}");
        assert!(findings[1].what.contains("no server{} includes"), "{findings:?}");
        let elsewhere = SETTINGS.replace("/run/recto/recto.sock", "/run/other.sock");
        let finding =
            nginx(&dump(&[("/n", &format!("http {{ {elsewhere} }}"))])).socket(&config()).expect("one");
        assert!(finding.what.contains("NGINX asks at unix:/run/other.sock"), "{finding:?}");
    }

    #[test]
    fn what_nginx_says_is_passed_on() {
        let said = |error: &str| Said { end: End::Badly, out: String::new(), error: error.to_owned() };
        let emerg = "nginx: [emerg] unknown directive \"x\" in /etc/nginx/nginx.conf:3\nnginx: configuration file test failed";
        assert!(refused(Some(&said(emerg)), &[]).what.contains("unknown directive"));
        let denied = "nginx: [emerg] open() \"/run/nginx.pid\" failed (13: Permission denied)";
        let finding = refused(Some(&said(denied)), &["/etc/x: no".to_owned()]);
        assert!(finding.severity == Severity::Advice && finding.what.ends_with("without /etc/x: no"));
        let warns = "nginx: [warn] the \"user\" directive makes sense only if ...\nnginx: [warn] conflicting server name \"a\"\n";
        assert_eq!(complaints(&said(warns)).len(), 1);
        assert!(too_old("nginx version: nginx/1.18.0 (Ubuntu)").is_some());
        assert!(too_old("nginx version: nginx/1.22.1").is_none() && too_old("").is_none());
        assert_eq!(
            conf_path("configure arguments: --conf-path=/usr/n.conf --user=x"),
            Path::new("/usr/n.conf")
        );
    }
}
