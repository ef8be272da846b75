//! recto.toml(5), from the documented configuration that is installed as /etc/recto/recto.toml.

use clap_mangen::roff::{Roff, bold, roman};

/// The configuration as it is shipped: comments, each followed by the keys that it is about.
const SHIPPED: &str = include_str!("../../../systemd/recto.toml");

/// One line of it.
#[derive(Debug, PartialEq)]
enum Line<'a> {
    Blank,
    Comment(&'a str),
    Section(&'a str),
    /// A key with its value; one that is commented out is `not_set`.
    Key {
        name: &'a str,
        value: &'a str,
        not_set: bool,
    },
    /// Any other: a value goes on.
    More(&'a str),
}

/// The page as roff.
pub(super) fn page() -> String {
    let mut page = Roff::new();
    page.control("TH", ["recto.toml", "5", "", super::SOURCE, super::MANUAL]);
    page.control("ad", super::LEFT);
    page.control("SH", ["NAME"]);
    page.text([roman("recto.toml - configuration of the image server recto")]);
    page.control("SH", ["DESCRIPTION"]);
    render(SHIPPED, &mut page);
    super::see_also(&mut page, ["recto(1)", "recto-serve(1)"].map(str::to_owned).into_iter());
    page.render()
}

/// A comment is about the keys below it, up to the next comment or empty line; without any it is a paragraph.
fn render(text: &str, page: &mut Roff) {
    let mut comment: Vec<&str> = Vec::new();
    let mut keys_follow = false;
    for line in text.lines().map(classify).chain([Line::Blank]) {
        let ends_keys = keys_follow && !matches!(line, Line::Key { .. } | Line::More(_));
        if ends_keys || matches!(line, Line::Blank | Line::Section(_)) {
            if !keys_follow && !comment.is_empty() {
                page.control("PP", []);
            }
            for text in comment.drain(..) {
                super::paragraph_line(page, text);
            }
            keys_follow = false;
        }
        match line {
            Line::Blank => {}
            Line::Comment(text) => comment.push(text),
            Line::Section(name) => {
                page.control("SH", [name]);
            }
            Line::Key { name, value, not_set } => {
                page.control(if keys_follow { "TQ" } else { "TP" }, []);
                let remark = if not_set { "   (not set)" } else { "" };
                page.text([bold(name), roman(format!(" = {value}{remark}"))]);
                keys_follow = true;
            }
            Line::More(text) => {
                page.text([roman(text)]);
            }
        }
    }
}

/// A comment begins with a number sign and a space; without the space, it is a key or a section that is commented out.
fn classify(line: &str) -> Line<'_> {
    let (bare, not_set) = match line.strip_prefix('#') {
        Some(bare) => (bare, true),
        None => (line, false),
    };
    if line.trim().is_empty() {
        return Line::Blank;
    }
    if not_set && (bare.is_empty() || bare.starts_with(' ')) {
        return Line::Comment(bare.trim());
    }
    if bare.starts_with('[') && bare.trim_end().ends_with(']') {
        return Line::Section(bare.trim_end());
    }
    match bare.split_once(" = ") {
        Some((name, value)) if is_key(name) => Line::Key { name, value, not_set },
        _ => Line::More(bare.trim()),
    }
}

fn is_key(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-\"".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_the_configuration_is_told_from_the_others() {
        let cases = [
            ("", Line::Blank),
            ("# Text, as [limits] memory = 1.", Line::Comment("Text, as [limits] memory = 1.")),
            ("#", Line::Comment("")),
            ("[masters]", Line::Section("[masters]")),
            ("#[[source]]", Line::Section("[[source]]")),
            ("known = 200", Line::Key { name: "known", value: "200", not_set: false }),
            ("#dpi = \"a = b\"", Line::Key { name: "dpi", value: "\"a = b\"", not_set: true }),
            ("    \"more\",", Line::More("\"more\",")),
        ];
        for (line, expected) in cases {
            assert_eq!(classify(line), expected, "{line}");
        }
    }

    #[test]
    fn a_comment_goes_with_the_keys_below_it() {
        let mut page = Roff::new();
        render("# Head.\n\n[a]\n# One,\n# of two lines.\nx = 1\n#y = 2\n# Two.\nz = 3\n", &mut page);
        let lines: Vec<String> =
            page.to_roff().lines().map(|line| line.replace("\\fB", "").replace("\\fR", "")).collect();
        assert_eq!(
            lines,
            [
                ".PP",
                "Head.",
                ".SH [a]",
                ".TP",
                "x = 1",
                ".TQ",
                "y = 2   (not set)",
                "One,",
                "of two lines.",
                ".TP",
                "z = 3",
                "Two."
            ]
        );
    }
}
