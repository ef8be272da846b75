//! The variables of the environment from which credentials come, and what of them is secret. No other variable is looked at:
//! where a store is, the configuration says alone.

use std::path::PathBuf;

/// Variables that the usual chains of credentials read.
pub const NEEDED: [&str; 32] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_METADATA_ENDPOINT",
    "AWS_IMDSV1_FALLBACK",
    "AWS_REQUEST_PAYER",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "AZURE_STORAGE_ACCOUNT_NAME",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_TENANT_ID",
    "AZURE_AUTHORITY_HOST",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_IDENTITY_ENDPOINT",
    "AZURE_MSI_ENDPOINT",
    "AZURE_OBJECT_ID",
    "AZURE_MSI_RESOURCE_ID",
    "AZURE_CREDENTIAL_TYPE",
];

/// Variables that have nothing to do with credentials, but with how certificates, names and the log are found.
pub const BESIDE: [&str; 8] = [
    "HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "RES_OPTIONS",
    "LOCALDOMAIN",
    "RECTO_LOG",
    "JOURNAL_STREAM",
    "TZ",
];

/// Those whose values nobody may read.
const SECRET: [&str; 8] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_ID",
];

/// Those that name files, which are read again as credentials expire.
const FILES: [&str; 6] = [
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AZURE_FEDERATED_TOKEN_FILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
];

/// Those that name addresses of services which give out credentials.
const ADDRESSES: [&str; 6] = [
    "AWS_ENDPOINT_URL_STS",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_METADATA_ENDPOINT",
    "AZURE_AUTHORITY_HOST",
    "AZURE_IDENTITY_ENDPOINT",
    "AZURE_MSI_ENDPOINT",
];

/// The variables that are there.
#[derive(Clone, Default)]
pub(super) struct Environment(Vec<(String, String)>);

impl Environment {
    /// Those of this process.
    pub(super) fn of_process() -> Self {
        let value = |name: &str| Some((name.to_owned(), std::env::var(name).ok()?));
        Self(NEEDED.iter().filter_map(|name| value(name)).collect())
    }

    /// These, of which those that are not needed are left out.
    #[cfg(test)]
    pub(super) fn of(variables: &[(&str, &str)]) -> Self {
        let needed = variables.iter().filter(|(name, _)| NEEDED.contains(name));
        Self(needed.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// Those whose names begin so, each with its name in lower case.
    pub(super) fn beginning<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (String, &'a str)> {
        let named = self.0.iter().filter(move |(name, _)| name.starts_with(prefix));
        named.map(|(name, value)| (name.to_ascii_lowercase(), value.as_str()))
    }

    /// The value of one.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What must not be told to anybody.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        SECRET.iter().filter_map(|name| self.value(name))
    }

    /// Files that are read later on.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        FILES.iter().filter_map(|name| self.value(name)).map(PathBuf::from)
    }

    /// Addresses that credentials come from.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        ADDRESSES.iter().filter_map(|name| self.value(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_say_where_a_store_is_are_not_looked_at() {
        let environment = Environment::of(&[
            ("AWS_ENDPOINT_URL", "http://elsewhere"),
            ("AWS_ENDPOINT", "http://elsewhere"),
            ("AWS_ENDPOINT_URL_S3", "http://elsewhere"),
            ("AZURE_STORAGE_ENDPOINT", "http://elsewhere"),
            ("AWS_ACCESS_KEY_ID", "id"),
        ]);
        assert_eq!(environment.beginning("A").collect::<Vec<_>>(), [("aws_access_key_id".to_owned(), "id")]);
    }
}
