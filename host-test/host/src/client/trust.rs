//! Which servers' certificates are trusted, and which authority is missing where one
//! is not?
//!
//! The system's authorities are read when the first certificate is judged, for reading
//! them takes longer than a call that needs none: those that SSL_CERT_FILE and
//! SSL_CERT_DIR name, else those of the system's store, else those that are built in.

use std::{
    env,
    error::Error as StdError,
    fmt,
    sync::{Arc, OnceLock},
};

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use x509_cert::{Certificate, der::Decode, name::Name};

/// The name of an authority is shown as far as this.
const NAME: usize = 150;

/// The authorities of this machine, once for all clients.
static SYSTEM: OnceLock<RootCertStore> = OnceLock::new();

/// The system's authorities, which are read unless they were.
pub(super) fn system() -> &'static RootCertStore {
    SYSTEM.get_or_init(read_system)
}

/// Whether they still have to be read.
pub(super) fn is_system_unread() -> bool {
    SYSTEM.get().is_none()
}

fn read_system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    // Whoever names authorities trusts no others, also if those cannot be read.
    if roots.is_empty() && named().is_none() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}

/// The variable of the environment that names the authorities.
fn named() -> Option<&'static str> {
    let is_set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
    ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().find(is_set)
}

/// Judges certificates by the system's authorities and by some more.
#[derive(Debug)]
pub(super) struct Trust {
    more: RootCertStore,
    provider: Arc<CryptoProvider>,
    all: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
}

impl Trust {
    pub(super) fn new(more: RootCertStore, provider: Arc<CryptoProvider>) -> Self {
        Self { more, provider, all: OnceLock::new() }
    }

    /// `None` without any authority.
    fn all(&self) -> Option<&WebPkiServerVerifier> {
        let all = self.all.get_or_init(|| {
            let mut roots = self.more.clone();
            roots.extend(system().roots.iter().cloned());
            let provider = Arc::clone(&self.provider);
            WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build().ok()
        });
        all.as_deref()
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(all) = self.all() else {
            return Err(Untrusted { issuer: None, none_at_all: true }.into());
        };
        let judged =
            all.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        judged.map_err(|error| match error {
            Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
                let issuer = issuer(end_entity, intermediates);
                Untrusted { issuer, none_at_all: false }.into()
            }
            error => error,
        })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Nobody who is trusted here speaks for the certificate.
#[derive(Debug)]
pub(super) struct Untrusted {
    /// The name of the authority that is missing, as the certificate has it.
    issuer: Option<String>,
    none_at_all: bool,
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.issuer {
            Some(issuer) => write!(f, "it comes from `{issuer}`, which is not trusted here")?,
            None if self.none_at_all => f.write_str("no authority at all is trusted here")?,
            None => f.write_str("the authority that it comes from is not trusted here")?,
        }
        if let (true, Some(name)) = (system().is_empty(), named()) {
            write!(f, "; {name} names no certificate that can be read")?;
        }
        f.write_str(
            ". If that authority is your network's own, name its certificate, a PEM file, as \
             `ca` of the connection in the policy, or in SSL_CERT_FILE",
        )
    }
}

impl StdError for Untrusted {}

impl From<Untrusted> for Error {
    fn from(untrusted: Untrusted) -> Self {
        Self::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(untrusted))))
    }
}

/// Who issued the certificate, or the last that was sent of those who vouch for it.
fn issuer(end_entity: &CertificateDer<'_>, others: &[CertificateDer<'_>]) -> Option<String> {
    let read = |certificate: &CertificateDer<'_>| {
        let certificate = Certificate::from_der(certificate).ok()?;
        let inside = certificate.tbs_certificate();
        Some((inside.subject().clone(), inside.issuer().clone()))
    };
    let others: Vec<(Name, Name)> = others.iter().filter_map(read).collect();
    let (_, mut issuer) = read(end_entity)?;
    // As many steps as there are certificates, for they may lead in a circle.
    for _ in 0..others.len() {
        let next = others.iter().find(|(subject, of)| *subject == issuer && subject != of);
        let Some((_, above)) = next else { break };
        issuer = above.clone();
    }
    // A stranger wrote it.
    let name: String = issuer.to_string().chars().take(NAME).collect();
    Some(name).filter(|name| !name.is_empty())
}
