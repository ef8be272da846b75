//! The variables that the unit gives to the service, as far as stores are concerned: from its files of variables, which only
//! root may read, as systemd.exec(5) reads them.

use std::fs;

use super::unit::Unit;
use crate::fetch::environment::NEEDED;

/// Those of them that are about credentials.
pub(super) fn of(unit: &Unit) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    for word in unit.words("Environment") {
        variables.extend(assignment(word));
    }
    // `EnvironmentFiles=/etc/recto/stores.env (ignore_errors=yes)`
    for path in unit.words("EnvironmentFiles").filter(|word| word.starts_with('/')) {
        let text = fs::read_to_string(path).unwrap_or_default();
        variables.extend(text.lines().filter_map(|line| assignment(line.trim())));
    }
    variables
}

/// `NAME=value`, or with the value in quotes; None if it is another line, or another variable.
fn assignment(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    let value = value.trim();
    let bare = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    NEEDED.contains(&name).then(|| (name.to_owned(), bare.unwrap_or(value).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_come_from_files_of_the_unit() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("stores.env");
        fs::write(
            &path,
            "# a=b\nAWS_ACCESS_KEY_ID=id\n AWS_SECRET_ACCESS_KEY = no\nAWS_SESSION_TOKEN=\"a b\"\nHOME=/x\n",
        )
        .expect("written");
        let text = format!(
            "Environment=AWS_REGION=eu LANG=C\nEnvironmentFiles={} (ignore_errors=yes)",
            path.display()
        );
        let variables = of(&Unit::parse(&text));
        let pairs: Vec<_> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(pairs, [("AWS_REGION", "eu"), ("AWS_ACCESS_KEY_ID", "id"), ("AWS_SESSION_TOKEN", "a b")]);
    }
}
