//! Rules for keys of another server, and how they are applied.

pub(super) use super::account::Fate;
use super::read::{Entry, Keys, is_yes};
use super::site::Site;

/// What becomes of a key.
pub(super) enum Rule {
    /// Nothing has to be written.
    Needless(&'static str),
    /// There is no equal: why, and what to use instead.
    Lost(&'static str, &'static str),
    /// The same, unless it says no.
    LostIfOn(&'static str, &'static str),
    /// By the rule, if another key has this value; otherwise it is of something switched off.
    If(&'static str, &'static str, &'static Rule),
    /// What its value says is looked at, and perhaps written.
    Do(fn(&Keys, &str, &mut Site) -> Fate),
}

/// What becomes of an entry by the rules for its key.
pub(super) fn of(
    entry: &Entry,
    keys: &Keys,
    rules: fn(&str) -> Option<&'static Rule>,
    site: &mut Site,
) -> Fate {
    let Some(rule) = rules(&entry.key) else { return Fate::Unknown };
    match () {
        () if keys.is_overruled(entry) => Fate::Needless("a later line says it again".to_owned()),
        () if entry.value.is_empty() => Fate::Needless("it is empty".to_owned()),
        () => apply(rule, &entry.value, keys, site),
    }
}

fn apply(rule: &Rule, value: &str, keys: &Keys, site: &mut Site) -> Fate {
    match rule {
        Rule::Needless(why) => Fate::Needless((*why).to_owned()),
        Rule::Lost(why, instead) => lost(why, instead),
        Rule::LostIfOn(..) if !is_yes(value) => Fate::Needless("it is off".to_owned()),
        Rule::LostIfOn(why, instead) => lost(why, instead),
        Rule::If(key, wanted, rule) if keys.get(key).is_some_and(|is| is.eq_ignore_ascii_case(wanted)) => {
            apply(rule, value, keys, site)
        }
        Rule::If(key, wanted, _) => Fate::Unused(format!("{key} is not {wanted}")),
        Rule::Do(translate) => translate(keys, value, site),
    }
}

/// Without an equal.
pub(super) fn lost(why: &str, instead: &str) -> Fate {
    Fate::Lost(why.to_owned(), instead.to_owned())
}

/// A value that is none of the key's.
pub(super) fn strange(value: &str) -> Fate {
    Fate::Lost(format!("\"{value}\" is no value of this key"), "the default is kept".to_owned())
}

/// Nothing has to be written.
pub(super) fn needless(why: &str) -> Fate {
    Fate::Needless(why.to_owned())
}
