//! Users of the system, with all their groups, as id(1) knows them: from files, LDAP or wherever.

use std::process::Command;
use std::time::Duration;

use super::program::{self, End};

/// A user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) uid: u32,
    /// All groups, the first of them first.
    pub(super) groups: Vec<Group>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) gid: u32,
}

impl Person {
    /// The user of this name or number, if there is one.
    pub(super) fn find(user: &str) -> Option<Self> {
        // A name that begins so would be an option.
        let mut command = Command::new("id");
        let said = program::run(command.arg("--").arg(user), PATIENCE).ok()?;
        parse(&said.out).filter(|_| said.end == End::Well)
    }

    /// Whoever runs this program.
    pub(super) fn this() -> Self {
        let said = program::run(&mut Command::new("id"), PATIENCE);
        let uid = rustix::process::geteuid().as_raw();
        let known = said.ok().and_then(|said| parse(&said.out));
        known.unwrap_or_else(|| Self { name: uid.to_string(), uid, groups: Vec::new() })
    }

    /// With these groups as well, by name or number.
    pub(super) fn joining<'g>(mut self, groups: impl Iterator<Item = &'g str>) -> Self {
        for group in groups.filter_map(Group::find) {
            if !self.is_in(group.gid) {
                self.groups.push(group);
            }
        }
        self
    }

    pub(super) fn is_root(&self) -> bool {
        self.uid == 0
    }

    pub(super) fn is_in(&self, gid: u32) -> bool {
        self.groups.iter().any(|group| group.gid == gid)
    }

    /// The name of the user's first group.
    pub(super) fn group(&self) -> &str {
        self.groups.first().map_or("", |group| &group.name)
    }
}

impl Group {
    /// The group of this name or number, if there is one.
    pub(super) fn find(group: &str) -> Option<Self> {
        let said = program::run(Command::new("getent").args(["group", "--"]).arg(group), PATIENCE).ok()?;
        let mut fields = said.out.trim_end().split(':');
        Some(Self { name: fields.next()?.to_owned(), gid: fields.nth(1)?.parse().ok()? })
    }
}

/// What id(1) prints: `uid=33(www-data) gid=33(www-data) groups=33(www-data),4(adm)`.
fn parse(text: &str) -> Option<Person> {
    let field = |name: &str| text.split_whitespace().find_map(|word| word.strip_prefix(name));
    let (uid, name) = numbered(field("uid=")?)?;
    let first = numbered(field("gid=")?);
    let others = field("groups=").unwrap_or_default().split(',').filter_map(numbered);
    let mut groups: Vec<Group> = Vec::new();
    for (gid, name) in first.into_iter().chain(others) {
        if groups.iter().all(|group| group.gid != gid) {
            groups.push(Group { name, gid });
        }
    }
    Some(Person { name, uid, groups })
}

/// `33(www-data)`; a number without a name is its own.
fn numbered(text: &str) -> Option<(u32, String)> {
    let (number, name) = match text.split_once('(') {
        Some((number, name)) => (number, name.strip_suffix(')')?),
        None => (text, text),
    };
    Some((number.parse().ok()?, name.to_owned()))
}

/// Directories of users may be on other machines.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_id_prints_is_understood() {
        let person = parse("uid=33(www-data) gid=33(www-data) groups=33(www-data),4(adm),77\n").expect("one");
        assert_eq!((&*person.name, person.uid, person.group()), ("www-data", 33, "www-data"));
        let groups: Vec<_> = person.groups.iter().map(|group| (group.gid, &*group.name)).collect();
        assert_eq!(groups, [(33, "www-data"), (4, "adm"), (77, "77")]);
        assert!(person.is_in(4) && !person.is_in(5) && !person.is_root());
        for nonsense in ["", "uid=x(y) gid=1(z)", "uid=1(y", "id: 'nobody-at-all': no such user"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn root_is_everywhere() {
        let root = Person::find("root").expect("root");
        assert!(root.is_root() && root.is_in(0));
        assert!(!root.joining(["0", "nobody-at-all"].into_iter()).groups.is_empty());
        assert_eq!(Person::find("nobody-at-all"), None);
        assert_eq!(Person::find("-u"), None);
    }
}
