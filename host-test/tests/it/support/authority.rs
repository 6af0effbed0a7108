//! A certificate authority of our own, and servers that it speaks for.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};
use tokio_rustls::TlsAcceptor;

/// A certificate of version 1, and its key.
const OLD: &str = "\
-----BEGIN CERTIFICATE-----
MIIBJjCBzQIUPixgW7JlKS0t4l99qcG+MY6FoOYwCgYIKoZIzj0EAwIwFTETMBEG
A1UEAwwKQW4gb2xkIG9uZTAgFw0yNjExMjUyMjE5MjJaGA8yMTI2MTEwMTIyMTky
MlowFTETMBEGA1UEAwwKQW4gb2xkIG9uZTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABA2d1+LnkWvhA9e29dGgQfPYeNRz9QcAe3ZRRkqShfPMXmoZOGgTJqPB8KnF
Bssib4FcP4LhN1BqY8fXjnuijMgwCgYIKoZIzj0EAwIDSAAwRQIhALUrYLYsUwrh
0sWJrb6FqubEyUgS9kWc7QskWBmvANVdAiBUn7OPR/uCzqnXl4YKQNlNHxjlJN9M
oAGrJuNEoaCNTg==
-----END CERTIFICATE-----
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgeorCAjeBKx/jdVaB
CkuoXh3VfRRix4j0khQOIVmoEO6hRANCAAQNndfi55Fr4QPXtvXRoEHz2HjUc/UH
AHt2UUZKkoXzzF5qGThoEyajwfCpxQbLIm+BXD+C4TdQamPH1457oozI
-----END PRIVATE KEY-----
";

/// An authority of our own.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        Self::named("An authority under test")
    }

    pub(crate) fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    /// The certificate as a file holds it.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server's side of TLS, with a certificate for this name that ended in
    /// this year.
    pub(crate) fn acceptor(&self, name: &str, ends: i32) -> TlsAcceptor {
        self.acceptor_between(&[name], 2020, ends)
    }

    /// The same for these names and years.
    pub(crate) fn acceptor_between(&self, names: &[&str], begins: i32, ends: i32) -> TlsAcceptor {
        let (params, key) = (server(names, begins, ends), KeyPair::generate().unwrap());
        let certificate = params.signed_by(&key, &self.0).unwrap();
        showing(certificate.der().clone(), &key.serialize_der())
    }
}

/// A server's side of TLS, with a certificate for this name that is signed by itself, and
/// says that it is an authority's or not; and the certificate as a file holds it.
pub(crate) fn signed_by_itself(name: &str, is_authority: bool) -> (TlsAcceptor, String) {
    let mut params = server(&[name], 2020, 2040);
    params.is_ca = match is_authority {
        true => IsCa::Ca(BasicConstraints::Unconstrained),
        false => IsCa::ExplicitNoCa,
    };
    params.distinguished_name.push(DnType::CommonName, "By itself");
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (showing(certificate.der().clone(), &key.serialize_der()), certificate.pem())
}

/// One with a certificate of version 1, as old tools make them.
pub(crate) fn of_version_1() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_slice(OLD.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(OLD.as_bytes()).unwrap();
    showing(certificate, key.secret_der())
}

fn server(names: &[&str], begins: i32, ends: i32) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.not_before = date_time_ymd(begins, 1, 1);
    params.not_after = date_time_ymd(ends, 1, 1);
    params
}

/// Shows the certificate without looking at it.
fn showing(certificate: CertificateDer<'static>, key: &[u8]) -> TlsAcceptor {
    let provider = Arc::new(ring::default_provider());
    let key = PrivateKeyDer::try_from(key.to_owned()).unwrap();
    let key = provider.key_provider.load_private_key(key).unwrap();
    let shown = SingleCertAndKey::from(CertifiedKey::new(vec![certificate], key));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown));
    TlsAcceptor::from(Arc::new(config))
}
