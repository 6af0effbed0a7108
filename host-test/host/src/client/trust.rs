//! Which servers' certificates are trusted? Those that one of the system's authorities
//! speaks for, or one of a connection's own.

use std::sync::{Arc, OnceLock};

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::{authorities::system, untrusted::Untrusted};

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
            // Where the system's cannot be read, nobody connects.
            roots.extend(system().ok()?.roots.iter().cloned());
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
        let judged = match self.all() {
            Some(all) => {
                all.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            None => Err(CertificateError::UnknownIssuer.into()),
        };
        judged.map_err(|error| match error {
            Error::InvalidCertificate(why) => {
                let told = Untrusted::told(&why, end_entity, intermediates);
                CertificateError::Other(OtherError(Arc::new(told))).into()
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
