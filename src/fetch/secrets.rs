//! What may be said of an error of others: no secret, and no address with one in it.

/// The longest text of others that is worth a line.
const LONGEST: usize = 300;

/// Texts that nobody may read.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// These, and what they are in other spellings.
    pub(super) fn of<'a>(secrets: impl Iterator<Item = &'a str>) -> Self {
        // What is shorter would be found everywhere, and is no secret.
        Self(secrets.filter(|secret| secret.len() >= 4).map(str::to_owned).collect())
    }

    /// What may be said of `text`: one line, with no query of any address, and none of the secrets.
    pub(super) fn kept(&self, text: &str) -> String {
        let mut kept = String::new();
        for word in text.split_whitespace() {
            let word = word.split_once('?').map_or(word.to_owned(), |(before, _)| format!("{before}?..."));
            if !kept.is_empty() {
                kept.push(' ');
            }
            kept.push_str(&word);
        }
        for secret in &self.0 {
            kept = kept.replace(secret.as_str(), "...");
        }
        kept.retain(|c| !c.is_control());
        kept.chars().take(LONGEST).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_queries_are_left_out() {
        let secrets = Secrets::of(["AKIA123", "s3cr3t/key", ""].into_iter());
        let text = "GET http://host/a?X-Amz-Signature=abc failed\nfor AKIA123 with s3cr3t/key";
        assert_eq!(secrets.kept(text), "GET http://host/a?... failed for ... with ...");
        assert_eq!(secrets.kept(&"x ".repeat(1000)).len(), LONGEST);
    }
}
