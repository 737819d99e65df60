//! Encrypts connections.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::status::{Result, Status};

/// How a connection is encrypted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Certificates that vouch for the server, in PEM; `None` for the system's.
    pub ca: Option<PathBuf>,
    /// Our own certificate and key, in PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Encrypts connections with certificates that have been read.
#[derive(Clone)]
pub(crate) struct Encryption(TlsConnector);

impl Encryption {
    /// Reads the certificates.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when one can't be used.
    pub(crate) fn new(tls: &Tls) -> Result<Self> {
        Ok(Self(TlsConnector::from(Arc::new(config(tls)?))))
    }

    /// Upgrades a connection to this host.
    pub(crate) async fn upgrade(
        &self,
        stream: TcpStream,
        host: &str,
    ) -> Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Status::invalid_argument(format!("`{host}` is no name of a server")))?;
        let upgrade = self.0.connect(name, stream);
        upgrade.await.map_err(|error| Status::unavailable(format!("TLS to {host} failed: {error}")))
    }
}

impl fmt::Debug for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encryption")
    }
}

fn config(tls: &Tls) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match &tls.ca {
        Some(path) => {
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| bad_file(path, &error))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let builder = ClientConfig::builder().with_root_certificates(roots);
    match &tls.identity {
        None => Ok(builder.with_no_client_auth()),
        Some((certificate, key)) => {
            let chain = certificates(certificate)?;
            let key_der =
                PrivateKeyDer::from_pem_file(key).map_err(|error| bad_file(key, &error))?;
            builder
                .with_client_auth_cert(chain, key_der)
                .map_err(|error| bad_file(certificate, &error))
        }
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(|error| bad_file(path, &error))?
        .collect::<Result<_, _>>()
        .map_err(|error| bad_file(path, &error))?;
    if certificates.is_empty() {
        return Err(bad_file(path, &"it holds no certificate"));
    }
    Ok(certificates)
}

/// Reads a file of certificates or a key, for what parses it by itself.
#[cfg(feature = "redis")]
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| bad_file(path, &error))
}

fn bad_file(path: &Path, error: &dyn std::fmt::Display) -> Status {
    Status::invalid_argument(format!("{} can't be used for TLS: {error}", path.display()))
}
