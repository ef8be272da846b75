//! Which certificates are trusted: those of the system, or of `SSL_CERT_FILE`, and a file of the configuration.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The settings of connections. Files are read here, and never again.
///
/// # Errors
/// If there is no certificate in the file.
pub(super) fn config(ca: Option<&Path>) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = ca {
        let read = || format!("cannot read the certificates in {}", path.display());
        let certificates = CertificateDer::pem_file_iter(path).with_context(read)?;
        let certificates: Vec<_> = certificates.collect::<Result<_, _>>().with_context(read)?;
        let (added, _) = roots.add_parsable_certificates(certificates);
        ensure!(added > 0, "there is no certificate in {}", path.display());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}
