//! Access logs: the combined form and JSON lines, plain or compressed by gzip.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use anyhow::Context;
use flate2::bufread::MultiGzDecoder;
use serde_json::Value;

/// What is longer is no line of a log; the rest of it is passed over.
const LONGEST_LINE: u64 = 64 << 10;

/// Gives every line to `see`.
///
/// # Errors
/// If the file cannot be read, or is compressed and damaged.
pub(super) fn read(path: &Path, see: impl FnMut(&str)) -> anyhow::Result<()> {
    let source: Box<dyn Read> = match path == Path::new("-") {
        true => Box::new(io::stdin().lock()),
        false => Box::new(File::open(path).with_context(|| format!("cannot read {}", path.display()))?),
    };
    lines(source, see).with_context(|| format!("cannot read {}", path.display()))
}

fn lines(source: impl Read, see: impl FnMut(&str)) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(1 << 16, source);
    match reader.fill_buf()?.starts_with(b"\x1f\x8b") {
        true => each(&mut BufReader::new(MultiGzDecoder::new(reader)), see),
        false => each(&mut reader, see),
    }
}

fn each(reader: &mut impl BufRead, mut see: impl FnMut(&str)) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.len() as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
            skip_line(reader)?;
            continue;
        }
        see(String::from_utf8_lossy(&line).trim_end());
    }
}

fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let (used, found) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), false),
        };
        reader.consume(used);
        if found || used == 0 {
            return Ok(());
        }
    }
}

/// The method and the raw path of a line: of a JSON object with `method` and `uri`, or `request`; otherwise of the request
/// line in quotes that every usual form has.
pub(super) fn request(line: &str) -> Option<(String, String)> {
    if line.starts_with('{') {
        let members: Value = serde_json::from_str(line).ok()?;
        let text = |names: &[&str]| names.iter().find_map(|name| members[*name].as_str());
        if let Some(uri) = text(&["uri", "request_uri"]) {
            let method = text(&["method", "request_method"]).unwrap_or("GET");
            return Some((method.to_owned(), uri.to_owned()));
        }
        return request_line(text(&["request"])?);
    }
    let quoted = line.split('"').nth(1)?;
    request_line(quoted)
}

fn request_line(text: &str) -> Option<(String, String)> {
    let mut words = text.split(' ');
    let (method, path) = (words.next()?, words.next()?);
    let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    (is_method && path.starts_with('/')).then(|| (method.to_owned(), path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let combined = r#"192.0.2.1 - - [30/Nov/2026:05:00:00 +0000] "GET /iiif/3/a%2Fb/info.json HTTP/1.1" 200 9 "-" "x""#;
        let json = r#"{"time":"x","method":"GET","uri":"/iiif/3/a%2Fb/info.json","status":200}"#;
        let request_only = r#"{"request":"GET /iiif/3/a%2Fb/info.json HTTP/2.0"}"#;
        for line in [combined, json, request_only] {
            assert_eq!(request(line), Some(("GET".into(), "/iiif/3/a%2Fb/info.json".into())), "{line}");
        }
        for line in ["", "{", "{}", "no quotes", r#"- "\x16\x03" 400"#, r#"- "" 400"#, r#"{"uri":4}"#] {
            assert_eq!(request(line), None, "{line}");
        }
    }

    #[test]
    fn long_lines_are_passed_over_and_gzip_is_read() {
        let mut text = vec![b'x'; 200_000];
        text.extend_from_slice(b"\nshort\nlast");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut packed, &text).expect("written");
        for source in [text.clone(), packed.finish().expect("finished")] {
            let mut seen = Vec::new();
            lines(&source[..], |line| seen.push(line.to_owned())).expect("read");
            assert_eq!(seen, ["short", "last"]);
        }
        assert!(lines(&b"\x1f\x8bnonsense"[..], |_| ()).is_err());
    }
}
