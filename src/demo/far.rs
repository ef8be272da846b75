//! Masters in a store, for a demo: how they are reached, and which of them the page lists.

use anyhow::{Context, ensure};

use super::masters::Masters;
use super::rundir::RunDir;
use crate::config::Config;
use crate::fetch;
use crate::source::StoreSettings;

/// Most that are listed: a listing is a request for each thousand.
const LISTED_AT_MOST: usize = 5_000;

/// A store as it is named on the command line. Credentials come from the environment, by the usual variables.
#[derive(clap::Args, Debug)]
pub(super) struct Store {
    /// A store of masters: s3://bucket/path, gs://, az://, http:// or https://. MASTER are then names below it, which a web
    /// server does not tell; other stores list all that they have
    #[arg(long, value_name = "URL", conflicts_with_all = ["masters", "as_is"])]
    source: Option<String>,

    /// The address of the store's API, if it is not that of the provider itself
    #[arg(long, value_name = "URL", requires = "source")]
    endpoint: Option<String>,

    /// The region of S3
    #[arg(long, value_name = "NAME", requires = "source")]
    region: Option<String>,

    /// Anybody may read the store: no credentials are sent
    #[arg(long, requires = "source")]
    public: bool,
}

impl Store {
    /// Whether one is named.
    pub(super) fn is_named(&self) -> bool {
        self.source.is_some()
    }

    /// Points the pool to it, with a block cache in the run directory.
    pub(super) fn configure(&self, settings: &mut toml::Table, place: &RunDir) -> anyhow::Result<()> {
        let mut source = toml::Table::new();
        let texts = [("url", &self.source), ("endpoint", &self.endpoint), ("region", &self.region)];
        source.insert("prefix".to_owned(), "".into());
        for (key, text) in texts {
            if let Some(text) = text {
                source.insert(key.to_owned(), text.clone().into());
            }
        }
        if self.public {
            source.insert("public".to_owned(), true.into());
        }
        settings.remove("masters");
        settings.insert("source".to_owned(), vec![toml::Value::from(source)].into());
        let blocks = place.path().join("blocks");
        let blocks = blocks.to_str().context("the run directory is not UTF-8")?;
        let mut cache = toml::Table::new();
        cache.insert("directory".to_owned(), blocks.into());
        settings.insert("cache".to_owned(), cache.into());
        Ok(())
    }

    /// Its masters: those that are `named`, or all that it tells.
    ///
    /// # Errors
    /// If the settings are wrong, or the store does not answer, or does not list.
    pub(super) fn masters(settings: &toml::Table, named: Vec<String>) -> anyhow::Result<Masters> {
        let config = Config::parse(&settings.to_string())?;
        let store = config.serving.masters.stores().next().map(|(_, store)| store);
        let store = store.context("--source takes the URL of a store; a directory goes to --masters")?;
        let names = if named.is_empty() { listed(store)? } else { named };
        Ok(Masters::of_store(store, names))
    }
}

fn listed(store: &StoreSettings) -> anyhow::Result<Vec<String>> {
    let names = fetch::listing(store, LISTED_AT_MOST)?;
    let url = store.url();
    let names = names.with_context(|| {
        format!("{url} does not list what it has: name some, as in: recto demo --source {url} leaf.tif box/map.jp2")
    })?;
    ensure!(!names.is_empty(), "there is no object below {url}");
    Ok(names)
}
