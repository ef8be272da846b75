//! A store of masters, as the configuration names it. Nothing secret stands in it.

use std::path::PathBuf;

/// A store of masters, and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// What is spoken with it.
    pub kind: StoreKind,
    /// The bucket; the container of Azure; of a web server its host, with the port if it is not that of the scheme. Never empty.
    pub bucket: String,
    /// What keys begin with that are masters of this source: empty, or with a slash at its end and none at its start. Of a web
    /// server it is spelled as in its URL, with `%20` and the like.
    pub path: String,
    /// Where its API is (`http://host:port` or `https://...`, without a slash at its end), if that does not follow from the
    /// kind and the region.
    pub endpoint: Option<String>,
    /// The region of S3, if the environment does not tell it.
    pub region: Option<String>,
    /// The storage account of Azure, if neither `endpoint` nor the environment tells it.
    pub account: Option<String>,
    /// Whether anybody may read it: no credentials are looked for, and none are sent.
    pub public: bool,
    /// A file of certificates (PEM) that are trusted beside those of the system.
    pub ca: Option<PathBuf>,
    /// The name for HTTP Basic.
    pub user: Option<String>,
    /// The file with the password for that; what follows its first line is not read.
    pub password_file: Option<PathBuf>,
}

/// What is spoken with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// S3, from whomever: `s3://bucket/path`.
    S3,
    /// Google Cloud Storage: `gs://bucket/path`.
    Gcs,
    /// Azure Blob Storage: `az://container/path`.
    Azure,
    /// HTTP/1.1 with ranges: `http://host/path`.
    Http,
    /// The same within TLS: `https://host/path`.
    Https,
}

impl StoreKind {
    /// By the scheme of a URL.
    pub fn of_scheme(scheme: &str) -> Option<Self> {
        const ALL: [StoreKind; 5] =
            [StoreKind::S3, StoreKind::Gcs, StoreKind::Azure, StoreKind::Http, StoreKind::Https];
        ALL.into_iter().find(|kind| kind.scheme() == scheme)
    }

    /// The scheme of its URLs.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gcs => "gs",
            Self::Azure => "az",
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// Whether it is a plain web server, without buckets, listings and credentials of a cloud.
    pub fn is_web(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }
}

impl StoreSettings {
    /// Its URL, as in the configuration: for people, and to tell one store from another.
    pub fn url(&self) -> String {
        format!("{}://{}/{}", self.kind.scheme(), self.bucket, self.path)
    }

    /// Whether all of its masters are those of `outer` as well.
    pub(super) fn is_within(&self, outer: &Self) -> bool {
        let server = |of: &Self| (of.kind, of.bucket.clone(), of.endpoint.clone(), of.account.clone());
        server(self) == server(outer) && self.path.starts_with(&outer.path)
    }
}
