//! The files of a configuration of NGINX, from what `nginx -T` prints or by our own reading, and the directives of all of
//! them in their order.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::text::{Directive, parse};

/// Files by their paths.
pub(super) type Files = BTreeMap<PathBuf, String>;

/// The files in what `nginx -T` prints: each behind `# configuration file PATH:`, the main one first.
pub(super) fn dumped(text: &str) -> Option<(PathBuf, Files)> {
    let (mut files, mut main, mut current) = (Files::new(), None, None);
    for line in text.lines() {
        let header = line.strip_prefix("# configuration file ").and_then(|rest| rest.strip_suffix(':'));
        if let Some(path) = header.map(PathBuf::from) {
            main.get_or_insert_with(|| path.clone());
            files.entry(path.clone()).or_insert_with(String::new);
            current = Some(path);
        } else if let Some(text) = current.as_ref().and_then(|path| files.get_mut(path)) {
            text.push_str(line);
            text.push('\n');
        }
    }
    Some((main?, files))
}

/// The file at `main` and all that it includes, as far as they can be read; and those that cannot.
pub(super) fn found(main: &Path) -> (Files, Vec<String>) {
    let (mut files, mut silent, mut next) = (Files::new(), Vec::new(), vec![main.to_owned()]);
    while let Some(path) = next.pop() {
        if files.len() >= MOST_FILES || files.contains_key(&path) {
            continue;
        }
        match fs::read_to_string(&path) {
            Ok(text) => {
                let patterns = parse(&text, &path).map(|it| includes(&it)).unwrap_or_default();
                let absolute = patterns.iter().map(|pattern| absolute(pattern, main));
                next.extend(
                    absolute
                        .flat_map(|pattern| glob::glob_with(&pattern, LIKE_NGINX))
                        .flatten()
                        .filter_map(Result::ok),
                );
                files.insert(path, text);
            }
            Err(error) => silent.push(format!("{}: {error}", path.display())),
        }
    }
    (files, silent)
}

/// All directives, with those of the files that are included in place of the includes.
///
/// # Errors
/// If a file is no configuration.
pub(super) fn expanded(main: &Path, files: &Files) -> Result<Vec<Directive>, String> {
    let mut parsed = BTreeMap::new();
    for (path, text) in files {
        parsed.insert(path.as_path(), parse(text, path)?);
    }
    let mut budget = MOST_DIRECTIVES;
    let directives = parsed.get(main).map_or(&[][..], |directives| directives);
    Ok(expand(directives, &parsed, main, 0, &mut budget))
}

fn expand(
    directives: &[Directive],
    parsed: &BTreeMap<&Path, Vec<Directive>>,
    main: &Path,
    depth: usize,
    budget: &mut usize,
) -> Vec<Directive> {
    let mut all = Vec::new();
    for directive in directives {
        if *budget == 0 || depth > DEEPEST {
            break;
        }
        *budget -= 1;
        if directive.name == "include" {
            for (_, inner) in
                parsed.iter().filter(|(path, _)| names(&absolute(directive.first(), main), path))
            {
                all.extend(expand(inner, parsed, main, depth + 1, budget));
            }
        } else {
            let inner = expand(&directive.inner, parsed, main, depth + 1, budget);
            all.push(Directive { inner, ..directive.clone() });
        }
    }
    all
}

/// The patterns of all includes.
fn includes(directives: &[Directive]) -> Vec<String> {
    let inner = directives.iter().flat_map(|directive| includes(&directive.inner));
    let own = directives.iter().filter(|directive| directive.name == "include");
    own.map(|directive| directive.first().to_owned()).chain(inner).collect()
}

/// Relative patterns are relative to the directory of the main file.
fn absolute(pattern: &str, main: &Path) -> String {
    main.parent().unwrap_or(Path::new("/")).join(pattern).display().to_string()
}

/// Whether glob(3) would find this path by this pattern.
fn names(pattern: &str, path: &Path) -> bool {
    Pattern::new(pattern).is_ok_and(|pattern| pattern.matches_path_with(path, LIKE_NGINX))
}

/// As glob(3) does without flags.
const LIKE_NGINX: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

/// More than anybody has.
const MOST_FILES: usize = 10_000;
const MOST_DIRECTIVES: usize = 500_000;
/// Files that include themselves are an error to NGINX.
const DEEPEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "# configuration file /etc/nginx/nginx.conf:\nhttp {\n  include conf.d/*.conf;\n}\n\n\
                        # configuration file /etc/nginx/conf.d/b.conf:\nb;\n\
                        # configuration file /etc/nginx/conf.d/a.conf:\na { include /etc/recto/local[.]conf; }\n\
                        # configuration file /etc/recto/local.conf:\nlocal;\n";

    fn names_of(directives: &[Directive]) -> String {
        directives.iter().map(|it| format!("{}({}) ", it.name, names_of(&it.inner))).collect()
    }

    #[test]
    fn includes_are_replaced_by_what_they_name() {
        let (main, files) = dumped(DUMP).expect("files");
        assert_eq!((main.as_path(), files.len()), (Path::new("/etc/nginx/nginx.conf"), 4));
        let all = expanded(&main, &files).expect("directives");
        assert_eq!(names_of(&all), "http(a(local() ) b() ) ");
        assert_eq!(all[0].inner[1].place(), "/etc/nginx/conf.d/b.conf:1");
        assert_eq!(dumped("nginx: [emerg] no"), None);
    }

    #[test]
    fn files_are_found_without_nginx_as_well() {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("sites")).expect("made");
        for (name, text) in [
            ("nginx.conf", "http { include sites/*; include gone[.]conf; }"),
            ("sites/a", "a { include nginx.conf; }"),
            ("sites/.hidden", "}"),
        ] {
            fs::write(at(name), text).expect("written");
        }
        let (files, silent) = found(&at("nginx.conf"));
        assert_eq!((files.len(), silent.len()), (2, 0), "{files:?} {silent:?}");
        // What includes itself comes to an end.
        assert!(expanded(&at("nginx.conf"), &files).is_ok());
        assert_eq!(found(&at("nowhere")).1.len(), 1);
    }
}
