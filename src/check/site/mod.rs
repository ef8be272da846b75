//! An installation as its configuration describes it: what the service relies on.
//!
//! What there is becomes known by other programs and other processes, each within a time, as plain values; these are
//! judged by functions that ask nobody.

mod cors;
mod environment;
mod look;
mod memory;
mod mounts;
mod nginx;
mod person;
mod program;
mod socket;
mod stores;
mod unit;

use std::path::{Path, PathBuf};

pub use look::look;

use super::{Finding, Report};
use crate::config::Config;
use memory::Machine;
use nginx::Nginx;
use person::Person;
use unit::Unit;

/// How an installation is looked at.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// Look only at what decides whether anything can be served, with the eyes of whoever runs this.
    pub quick: bool,
    /// The main file of NGINX's configuration, if it is not that of the NGINX of this machine.
    pub nginx: Option<PathBuf>,
}

/// Looks at the installation that the configuration at `path` describes.
pub fn check(path: &Path, wishes: &Wishes) -> Report {
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(error) => return Report { findings: vec![unusable(&error)] },
    };
    let mut findings = vec![Finding::fine("configuration", format!("{} is valid", path.display()))];
    if wishes.quick {
        findings.extend(look::through(None, path, true, &[]).findings);
    } else {
        findings.extend(whole(path, &config, wishes.nginx.as_deref()));
    }
    Report { findings }
}

/// All that the service relies on.
fn whole(path: &Path, config: &Config, nginx: Option<&Path>) -> Vec<Finding> {
    let unit = Unit::show("recto.service").filter(|unit| unit.serves(path));
    let (person, whence) = onlooker(unit.as_ref());
    let mut findings = vec![whence];
    let credentials = unit.as_ref().map(environment::of).unwrap_or_default();
    let seen = look::through(person.as_ref(), path, false, &credentials);
    findings.extend(seen.findings);
    let mounts = mounts::table();
    for (_, real) in &seen.roots {
        findings.extend(mounts::judge(real, &mounts, unit.as_ref()));
    }
    let state = &config.serving.state;
    if state.max_bytes > 0 {
        findings.extend(among_masters(&state.directory, &seen.roots));
        findings.extend(unit.as_ref().and_then(|unit| mounts::writable(&state.directory, unit)));
    }
    let room = stores::Room::of(&config.serving.block_cache.directory);
    findings.extend(stores::judge(config, &mounts, room, unit.as_ref()));
    findings.extend(unit.iter().flat_map(|unit| unit::judge(unit, path, config.serving.pool.deadline)));
    findings.extend(memory::judge(config, Machine::this(), unit.as_ref()));
    let (web, said) = nginx::read(nginx);
    let user = web.as_ref().and_then(|web| web.user.as_ref());
    let listening = unit.as_ref().and_then(|_| Unit::show("recto.socket"));
    let identifier = seen.readable.first().map(String::as_str);
    findings.extend(socket::judge(&config.serving.pool.socket, user, identifier, listening.as_ref()));
    findings.extend(socket::judge_network(&config.serving.pool.listen, identifier));
    findings.extend(said);
    findings.extend(web.iter().flat_map(|web| web.judge(config)));
    for vhost in web.iter().flat_map(Nginx::vhosts) {
        findings.extend(cors::judge(&vhost, identifier));
    }
    findings
}

/// That what is kept between runs would be served, walked and backed up as masters are.
fn among_masters(state: &Path, roots: &[(PathBuf, PathBuf)]) -> Option<Finding> {
    let real = state.canonicalize().unwrap_or_else(|_| state.to_owned());
    let (root, _) = roots.iter().find(|(_, root)| real.starts_with(root))?;
    let what = format!("is inside the directory of masters {}", root.display());
    let advice = "The service wants to write there, and masters are to be read alone. Give another directory in [state], \
                  such as /var/lib/recto.";
    Some(Finding::warning(state.display().to_string(), what).mend(advice))
}

fn unusable(error: &anyhow::Error) -> Finding {
    let advice = "Nothing can be served with it. Correct it, and look again:";
    Finding::error("configuration", format!("{error:#}")).mend(advice).by("recto check").decisive()
}

/// With whose eyes masters are looked at, and what is to be said of that. None: with our own.
fn onlooker(unit: Option<&Unit>) -> (Option<Person>, Finding) {
    let this = Person::this();
    if !this.is_root() {
        let what = format!("looked as {}, who is not root: some things cannot be seen", this.name);
        return (None, Finding::advice("user", what).mend("See all of it:").by("sudo recto check"));
    }
    let named = unit.map(|unit| unit.get("User")).filter(|name| !name.is_empty());
    match Person::find(named.unwrap_or("recto")) {
        Some(person) => {
            let groups = unit
                .into_iter()
                .flat_map(|unit| unit.words("Group").chain(unit.words("SupplementaryGroups")));
            let person = person.joining(groups);
            let what = format!("masters were looked at as {}", person.name);
            (Some(person), Finding::fine("user", what))
        }
        None => {
            let what = "masters were looked at as root: there is no user recto";
            let advice = "What root may read is no proof that the service may. Make the user:";
            (None, Finding::advice("user", what).mend(advice).by("systemd-sysusers"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_directory_among_the_masters_is_told_of() {
        let place = tempfile::tempdir().expect("a directory");
        let masters = place.path().join("masters");
        std::fs::create_dir_all(masters.join("state")).expect("made");
        let link = place.path().join("link");
        std::os::unix::fs::symlink(masters.join("state"), &link).expect("linked");
        let roots = [("/srv/masters".into(), masters.canonicalize().expect("there"))];
        for (state, is_among) in [
            (masters.join("state"), true),
            (link, true),
            (place.path().join("masters-state"), false),
            (place.path().to_owned(), false),
        ] {
            assert_eq!(among_masters(&state, &roots).is_some(), is_among, "{}", state.display());
        }
    }
}
