//! Rules that are tried one after the other, and what came of each: findings.

use recto_iiif::Version;

use super::asker::{Asker, Fault, Tried};
use super::service::Service;
use crate::check::Finding;

/// How binding a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// By the specification, or by what info.json promises.
    Must,
    /// Recommended by it.
    Should,
    /// By good sense: viewers and caches fare better.
    Advice,
}

use Weight::{Advice, Must, Should};

/// A rule: how binding, what it is about, where it stands, and what it says.
pub(super) struct Rule<'a> {
    pub(super) weight: Weight,
    pub(super) about: &'a str,
    /// A section, such as `4.2`; one for each version if they have others, as in `5.3|5.2`; or a text that names another
    /// document.
    pub(super) section: &'a str,
    pub(super) says: String,
}

/// What was found so far, and who asks.
pub(super) struct Examination {
    pub(super) asker: Asker,
    version: Version,
    findings: Vec<Finding>,
}

impl Examination {
    /// With nothing found yet.
    pub(super) fn new(asker: Asker, version: Version) -> Self {
        Self { asker, version, findings: Vec::new() }
    }

    /// A rule of the specification.
    pub(super) fn must(
        &mut self,
        about: &str,
        section: &str,
        says: &str,
        test: impl FnOnce(&mut Asker) -> Tried<()>,
    ) {
        self.rule(&Rule { weight: Must, about, section, says: says.to_owned() }, test);
    }

    /// A recommendation of the specification.
    pub(super) fn should(
        &mut self,
        about: &str,
        section: &str,
        says: &str,
        test: impl FnOnce(&mut Asker) -> Tried<()>,
    ) {
        self.rule(&Rule { weight: Should, about, section, says: says.to_owned() }, test);
    }

    /// A recommendation of ours.
    pub(super) fn advice(
        &mut self,
        about: &str,
        section: &str,
        says: &str,
        test: impl FnOnce(&mut Asker) -> Tried<()>,
    ) {
        self.rule(&Rule { weight: Advice, about, section, says: says.to_owned() }, test);
    }

    /// Tries a rule, and writes down what came of it.
    pub(super) fn rule(&mut self, rule: &Rule, test: impl FnOnce(&mut Asker) -> Tried<()>) {
        self.asker.begin();
        let finding = match test(&mut self.asker) {
            Ok(()) => Finding::fine(rule.about, &rule.says),
            Err(Fault::Untried(why)) => {
                Finding::advice(rule.about, format!("not tried whether {}: {why}", rule.says))
            }
            Err(Fault::Broken(how)) => self.broken(rule, &how),
        };
        self.findings.push(finding);
    }

    /// The finding of a rule that is broken.
    fn broken(&self, rule: &Rule, how: &str) -> Finding {
        let what = format!("{how}. The rule: {}", rule.says);
        let finding = match rule.weight {
            Must => Finding::error(rule.about, what),
            Should => Finding::warning(rule.about, what),
            Advice => Finding::advice(rule.about, what),
        };
        finding.mend(self.clause(rule)).by(self.asker.shown())
    }

    /// Where a rule stands.
    fn clause(&self, rule: &Rule) -> String {
        let binding = match rule.weight {
            Must => "MUST",
            Should => "SHOULD",
            Advice => return format!("Advice: {}", rule.section),
        };
        let (three, two) = rule.section.split_once('|').unwrap_or((rule.section, rule.section));
        let (version, section) = match self.version {
            Version::V2 => ("2.1", two),
            Version::V3 => ("3.0", three),
        };
        match section.starts_with(|letter: char| letter.is_ascii_digit()) {
            true => format!("{binding}: Image API {version}, section {section}"),
            false => format!("{binding}: {section}"),
        }
    }

    /// All findings, after what was looked at.
    pub(super) fn finished(self, url: &str, service: &Service) -> Vec<Finding> {
        let what = format!("{url}: {}", service.in_words());
        std::iter::once(Finding::fine("service", what)).chain(self.findings).collect()
    }
}
