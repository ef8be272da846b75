//! Variables of an environment, in the forms in which web servers, systemd, shells and containers give them.

use super::Entry;

/// The keys, and the lines that hold none.
pub(super) fn read(text: &str) -> (Vec<Entry>, Vec<usize>) {
    let (mut entries, mut passed_over) = (Vec::new(), Vec::new());
    for (line, raw) in (1..).zip(text.lines()) {
        let plain = raw.trim();
        if plain.is_empty() || plain.starts_with(['#', '!']) || plain == ";" {
            continue;
        }
        let found = pairs(plain);
        if found.is_empty() {
            passed_over.push(line);
        }
        entries.extend(found.into_iter().map(|(key, value)| Entry::new(key, value, line)));
    }
    (entries, passed_over)
}

/// The variables of a line.
fn pairs(line: &str) -> Vec<(String, String)> {
    // An entry of a list of YAML.
    let line = line.trim_start_matches("- ").trim();
    let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match first.to_ascii_lowercase().as_str() {
        // NGINX; Apache.
        "fastcgi_param" | "setenv" | "fcgidinitialenv" => {
            two_words(rest.trim_end_matches(';')).into_iter().collect()
        }
        "export" | "env" | "environment" => words(rest).iter().filter_map(|word| assignment(word)).collect(),
        "fastcgiserver" | "fastcgiconfig" => {
            let words = words(rest);
            let values =
                words.iter().zip(words.iter().skip(1)).filter(|(option, _)| *option == "-initial-env");
            values.filter_map(|(_, word)| assignment(word)).collect()
        }
        _ if line.contains("=>") && assignment(line).is_none() => lighttpd(line),
        _ => match line.strip_prefix("Environment=").or_else(|| line.strip_prefix("env.")) {
            Some(rest) => words(rest).iter().filter_map(|word| assignment(word)).collect(),
            None => assignment(line).or_else(|| yaml(line)).into_iter().collect(),
        },
    }
}

/// `KEY value`, where the value may be quoted.
fn two_words(text: &str) -> Option<(String, String)> {
    let mut words = words(text).into_iter();
    let key = words.next().filter(|key| is_name(key))?;
    Some((key, words.next().unwrap_or_default()))
}

/// `KEY=value`, where either may be quoted.
fn assignment(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once('=')?;
    let key = key.trim().trim_matches(['"', '\'']);
    (is_name(key) && !value.starts_with('>'))
        .then(|| (key.to_owned(), unquoted(value.trim().trim_end_matches(';'))))
}

/// `KEY: value`, of a container's description.
fn yaml(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once(": ")?;
    is_name(key.trim()).then(|| (key.trim().to_owned(), unquoted(value.trim())))
}

/// `"KEY" => "value",`, perhaps several, of lighttpd.
fn lighttpd(line: &str) -> Vec<(String, String)> {
    let words = words(&line.replace("=>", " => ").replace(['(', ')', ','], " "));
    let arrows = words.iter().enumerate().filter(|(_, word)| *word == "=>").map(|(at, _)| at);
    let pair = |at: usize| {
        let key = words.get(at.checked_sub(1)?)?;
        let value = words.get(at + 1)?;
        // Others are settings of the web server.
        let is_variable = is_name(key) && !key.bytes().any(|byte| byte.is_ascii_lowercase());
        is_variable.then(|| (key.clone(), value.clone()))
    };
    arrows.filter_map(pair).collect()
}

/// Names of variables, and dotted names, which containers may give as well.
fn is_name(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.'))
}

fn unquoted(text: &str) -> String {
    words(text)
        .into_iter()
        .next()
        .filter(|_| text.starts_with(['"', '\'']))
        .unwrap_or_else(|| text.to_owned())
}

/// Words as a shell sees them: quotes hold what belongs together.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            (Some('"') | None, '\\') => word.get_or_insert_default().extend(letters.next()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_gives_the_same() {
        let expected = [("MAX_CVT".to_owned(), "5000".to_owned())];
        for line in [
            "MAX_CVT=5000",
            "MAX_CVT=\"5000\"",
            "export MAX_CVT='5000'",
            "fastcgi_param MAX_CVT 5000;",
            "fastcgi_param  MAX_CVT  \"5000\";",
            "SetEnv MAX_CVT 5000",
            "FcgidInitialEnv MAX_CVT \"5000\"",
            "FastCgiServer /usr/lib/iipsrv.fcgi -processes 4 -initial-env MAX_CVT=5000",
            "Environment=MAX_CVT=5000",
            "Environment=\"MAX_CVT=5000\"",
            "\"MAX_CVT\" => \"5000\",",
            "bin-environment = ( \"MAX_CVT\" => \"5000\" )",
            "- MAX_CVT=5000",
            "MAX_CVT: 5000",
            "MAX_CVT: \"5000\"",
            "ENV MAX_CVT=5000",
        ] {
            assert_eq!(pairs(line), expected, "{line}");
        }
        assert_eq!(pairs("Environment=A=1 \"B=2 3\"").len(), 2);
        assert_eq!(pairs("URI_MAP=a=>IIIF"), [("URI_MAP".to_owned(), "a=>IIIF".to_owned())]);
        assert_eq!(pairs("A=b=c"), [("A".to_owned(), "b=c".to_owned())]);
        for line in
            ["server {", "fastcgi_pass localhost:9000;", "}", "bin-path => (", "=x", "\"", "fastcgi_param"]
        {
            assert_eq!(pairs(line), [], "{line}");
        }
        let (_, passed_over) = read("# x\n\nserver {\nA=1\n");
        assert_eq!(passed_over, [3]);
    }
}
