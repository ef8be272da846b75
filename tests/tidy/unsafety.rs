//! `unsafe` stands in these files and nowhere else, so that it can be reviewed by reading them.

use std::path::Path;

use crate::lexer::{Token, tokens};

/// The files with `unsafe` code, each with what it is for. The argument stands at each use.
const FILES: [(&str, &str); 9] = [
    ("src/source/map.rs", "maps files into memory, and puts zeros where one was cut short meanwhile"),
    ("src/shared.rs", "sees memory that processes share as atomic numbers"),
    (
        "crates/recto-jp2/src/tier1/mod.rs",
        "calls code for processors with bit instructions, once they are found to be there",
    ),
    ("src/format/jpeg/deep.rs", "calls libjpeg-turbo for samples of more than 8 bits"),
    ("tests/suite/sandbox/ask.rs", "makes system calls that no worker may make, in tests"),
    ("src/format/jp2/openjpeg/mod.rs", "frees what OpenJPEG made"),
    ("src/format/jp2/openjpeg/decode.rs", "calls OpenJPEG's decoder"),
    ("src/format/jp2/openjpeg/encode.rs", "calls OpenJPEG's encoder"),
    ("src/format/jp2/openjpeg/sample.rs", "calls OpenJPEG's encoder for streams of unusual forms, in tests"),
];

/// The lines of unsafe code, and of attributes that would let it pass.
fn lines(tokens: &[Token]) -> impl Iterator<Item = usize> {
    let lets_pass = |at: usize| {
        let levels = tokens[..at].iter().rev().map(|token| &*token.text);
        let level = levels.take_while(|text| *text != "[").find(|text| matches!(*text, "forbid" | "deny"));
        level.is_none()
    };
    let unsafe_tokens = tokens.iter().enumerate().filter(move |(at, token)| match &*token.text {
        "unsafe" => true,
        "unsafe_code" => lets_pass(*at),
        _ => false,
    });
    unsafe_tokens.map(|(_, token)| token.line)
}

#[test]
fn unsafe_stands_only_where_it_is_argued() {
    let mut faults = Vec::new();
    for file in crate::files::rust_files() {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(crate::project()).unwrap();
        let listed = FILES.iter().any(|(listed, _)| Path::new(listed) == name);
        let found: Vec<_> = lines(&tokens(&text)).collect();
        match listed {
            true if found.is_empty() => {
                faults.push(format!("{}: is listed, and has no unsafe code", name.display()))
            }
            true => {}
            false => faults.extend(found.iter().map(|line| format!("{}:{line}: unsafe", name.display()))),
        }
    }
    let missing = FILES.iter().filter(|(listed, _)| !crate::project().join(listed).is_file());
    faults.extend(missing.map(|(listed, _)| format!("{listed}: is listed, and does not exist")));
    crate::must_be_empty(faults);
}

#[test]
fn unsafe_is_found_wherever_it_hides() {
    let check = |source: &str, expected: &[usize]| {
        assert_eq!(lines(&tokens(source)).collect::<Vec<_>>(), expected, "{source}");
    };
    check("fn f() {\n unsafe { g() } }", &[2]);
    check("unsafe extern \"C\" fn f();\nunsafe impl Send for X {}", &[1, 2]);
    check("macro_rules! m { () => {\n unsafe {} } }", &[2]);
    check("#![allow(unused, unsafe_code)]", &[1]);
    check("#[expect(unsafe_code)] mod x;", &[1]);
    check("#[unsafe(no_mangle)] fn f() {}", &[1]);
    check("#![forbid(unsafe_code)] #![deny(unused, unsafe_code)]", &[]);
    check("// unsafe\nlet unsafely = \"unsafe {\"; /* unsafe */", &[]);
}
