//! What is written: `recto.toml`, and what NGINX needs beside its two files. Each line says which key it comes from.

use toml::Value;

use super::account::{Account, Fate};

/// Sections in the order in which they are written.
const SECTIONS: [&str; 11] =
    ["masters", "server", "limits", "offer", "info", "jpeg", "png", "webp", "tiff", "avif", "tiles"];

/// Where NGINX's lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `/etc/recto/nginx/local-http.conf`, at the http level.
    Http,
    /// `/etc/recto/nginx/local.conf`, in the location of the API.
    Location,
    /// The site's own `server { }`.
    Server,
}

/// What was made so far.
pub(super) struct Site {
    name: String,
    settings: Vec<Setting>,
    blocks: Vec<(Place, String)>,
}

/// A key of `recto.toml`.
struct Setting {
    section: &'static str,
    key: &'static str,
    value: Value,
    from: String,
}

impl Site {
    /// Nothing yet, of the configuration with this name.
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), settings: Vec::new(), blocks: Vec::new() }
    }

    /// Sets a key of `recto.toml`; the last value counts.
    pub(super) fn set(
        &mut self,
        (section, key): (&'static str, &'static str),
        value: impl Into<Value>,
        from: &str,
    ) -> Fate {
        self.settings.retain(|setting| (setting.section, setting.key) != (section, key));
        self.settings.push(Setting { section, key, value: value.into(), from: one_line(from) });
        Fate::Written(format!("recto.toml: [{section}] {key}"))
    }

    /// Whether a key has been set.
    fn has(&self, section: &str) -> bool {
        self.settings.iter().any(|setting| setting.section == section)
    }

    /// Adds lines to NGINX's files, once, below a comment.
    pub(super) fn nginx(&mut self, place: Place, comment: &str, lines: &str) -> Fate {
        let comment: String = comment.lines().map(|line| format!("# {line}\n")).collect();
        let block = (place, format!("{comment}{lines}"));
        if !self.blocks.contains(&block) {
            self.blocks.push(block);
        }
        Fate::Written(place.file().to_owned())
    }

    /// All files with their names, `recto.toml` first.
    pub(super) fn files(&self, account: &Account) -> Vec<(&'static str, String)> {
        let mut files = vec![("recto.toml", self.toml())];
        for place in [Place::Http, Place::Location, Place::Server] {
            let blocks: Vec<&str> =
                self.blocks.iter().filter(|(at, _)| *at == place).map(|(_, text)| &**text).collect();
            if !blocks.is_empty() {
                let title = format!(
                    "# Made by `recto import-config` of {}. {}\n",
                    one_line(&self.name),
                    place.belongs()
                );
                files.push((place.file(), format!("{title}\n{}", blocks.join("\n"))));
            }
        }
        files.push(("account.txt", account.text()));
        files
    }

    fn toml(&self) -> String {
        let mut text = format!(
            "# Made by `recto import-config` of {}. All keys and their defaults are in the recto.toml that Recto comes \
             with.\n",
            one_line(&self.name)
        );
        for section in SECTIONS {
            let settings: Vec<&Setting> =
                self.settings.iter().filter(|setting| setting.section == section).collect();
            let rootless = section == "masters" && !self.has("masters");
            if settings.is_empty() && !rootless {
                continue;
            }
            text.push_str(&format!("\n[{section}]\n"));
            if rootless {
                text.push_str(
                    "# No directory was named: write here where the images are.\nroot = \"/srv/images\"\n",
                );
            }
            for Setting { key, value, from, .. } in settings {
                text.push_str(&format!("# {from}\n{key} = {value}\n"));
            }
        }
        text
    }
}

impl Place {
    fn file(self) -> &'static str {
        match self {
            Self::Http => "nginx/local-http.conf",
            Self::Location => "nginx/local.conf",
            Self::Server => "nginx/server.conf",
        }
    }

    fn belongs(self) -> &'static str {
        match self {
            Self::Http => "It belongs in /etc/recto/nginx/local-http.conf.",
            Self::Location => "It belongs in /etc/recto/nginx/local.conf.",
            Self::Server => "Include it in the site's server { }, before Recto's location.conf.",
        }
    }
}

/// A text that can stand in a comment.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
