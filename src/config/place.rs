//! Where in the file stands what an error is about: its line, its section and its key.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// `line 4: [jpeg] quality: `, as far as there is such a place, for what stands at these bytes of the file.
pub(super) fn of_span(text: &str, span: &Range<usize>, is_key: bool) -> String {
    let number = line(text, span.start);
    match DeTable::parse(text) {
        Ok(document) => {
            let key = key_at(document.get_ref(), span.start, is_key).unwrap_or_default();
            format!("line {number}: {key}")
        }
        // It is no TOML, so there are no keys yet.
        Err(_) => {
            let line: String =
                text.lines().nth(number - 1).unwrap_or_default().trim().chars().take(60).collect();
            format!("line {number}: `{line}`: ")
        }
    }
}

/// A complaint that begins with `[section] key` or `[section]`, with the line of that before it, if it is in the file.
pub(super) fn with_line(text: &str, complaint: &str) -> String {
    let place = DeTable::parse(text).ok().and_then(|document| find(document.get_ref(), complaint));
    place.map_or_else(|| complaint.to_owned(), |at| format!("line {}: {complaint}", line(text, at)))
}

/// What of `[info]` JSON has no form for, with where it stands.
pub(super) fn not_json(text: &str) -> Option<String> {
    let document = DeTable::parse(text).ok()?;
    let (span, what) = unfit(document.get_ref().get("info")?)?;
    Some(format!("{}{what}", of_span(text, &span, false)))
}

fn line(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count()
}

/// Tables under their headers: those of `[[source]]` are several.
fn sections<'t, 'i>(document: &'t DeTable<'i>) -> impl Iterator<Item = (String, &'t DeTable<'i>)> {
    document.iter().flat_map(|(name, value)| {
        let (plain, several) = (format!("[{}]", name.get_ref()), format!("[[{}]]", name.get_ref()));
        let table = value.get_ref().as_table().map(|table| (plain, table));
        let tables = value.get_ref().as_array().into_iter().flat_map(|array| array.iter());
        let tables = tables.filter_map(|one| one.get_ref().as_table());
        table.into_iter().chain(tables.map(move |table| (several.clone(), table)))
    })
}

/// `[jpeg] quality: ` for what stands at this byte; if that is itself a key that should not be there, `[jpeg] `.
fn key_at(document: &DeTable, at: usize, is_key: bool) -> Option<String> {
    sections(document).find_map(|(section, table)| {
        let mut keys = table.iter();
        let (key, _) = keys.find(|(key, value)| (key.span().start..=value.span().end).contains(&at))?;
        Some(if is_key { format!("{section} ") } else { format!("{section} {}: ", key.get_ref()) })
    })
}

/// Where the key stands with which the complaint begins; without one its section.
fn find(document: &DeTable, complaint: &str) -> Option<usize> {
    let header = header(complaint)?;
    let word = complaint[header.len()..].split([' ', '=', ':']).find(|word| !word.is_empty())?;
    let word = word.trim_matches(['"', '`']);
    let named = || sections(document).filter(|(section, _)| section == header).map(|(_, table)| table);
    named().next()?;
    let keys: Vec<_> = named().filter_map(|table| table.get_key_value(word)).collect();
    // Of several tables with one name only one may have the key; else the value tells which is meant, or nothing does.
    let is_shown = |value: &Spanned<DeValue>| {
        value.get_ref().as_str().is_some_and(|text| complaint.contains(&format!("{word} = {text:?}")))
    };
    let found = match &keys[..] {
        [only] => Some(only),
        several => several.iter().find(|(_, value)| is_shown(value)),
    };
    let section = || {
        let name = header.trim_matches(['[', ']']);
        document.iter().find(|(key, _)| key.get_ref() == name).map(|(key, _)| key.span().start)
    };
    found.map(|(key, _)| key.span().start).or_else(section)
}

/// The `[section]` or `[[section]]` with which a complaint begins.
fn header(complaint: &str) -> Option<&str> {
    let end = complaint.find(']').filter(|_| complaint.starts_with('['))? + 1;
    let end = if complaint[end..].starts_with(']') { end + 1 } else { end };
    Some(&complaint[..end])
}

fn unfit(value: &Spanned<DeValue>) -> Option<(Range<usize>, &'static str)> {
    match value.get_ref() {
        DeValue::Datetime(_) => Some((value.span(), "a date has to stand in quotes")),
        DeValue::Float(number) if number.as_str().contains(['n', 'N']) => {
            Some((value.span(), "JSON has no such number"))
        }
        DeValue::Array(array) => array.iter().find_map(unfit),
        DeValue::Table(table) => table.iter().find_map(|(_, value)| unfit(value)),
        _ => None,
    }
}
