//! By which way does a request reach its server, and who may choose another? Whoever sends
//! requests has one: a connection, and where messages are posted to.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use rustls::pki_types::CertificateDer;
use url::Url;

use crate::{addresses::Addresses, proxy::Proxy};

/// How requests reach their server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The addresses that the server may have.
    pub(crate) addresses: Addresses,
    /// What goes between; then it resolves the server's name.
    pub(crate) proxy: Option<Proxy>,
    /// Authorities that are trusted beside the client's.
    pub(crate) authorities: Arc<[CertificateDer<'static>]>,
}

impl Route {
    /// The direct way.
    pub(crate) fn to(addresses: Addresses) -> Self {
        Self { addresses, proxy: None, authorities: Arc::default() }
    }
}

impl Hash for Route {
    /// Without all bytes of all certificates, for each request is looked up by it.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.addresses, &self.proxy, self.authorities.len()).hash(state);
    }
}

/// What sends requests to one server, by a way that can be another.
pub trait Routed: Sized {
    /// Where they go.
    fn url(&self) -> &Url;

    /// How they get there.
    fn route(&mut self) -> &mut Route;

    /// The same, which may also lead into a network of its own.
    #[must_use]
    fn with_private_addresses(mut self) -> Self {
        let addresses = &mut self.route().addresses;
        if *addresses == Addresses::Public {
            *addresses = Addresses::Private;
        }
        self
    }

    /// The same through a proxy, which then resolves the server's name.
    #[must_use]
    fn with_proxy(mut self, proxy: Proxy) -> Self {
        self.route().proxy = Some(proxy);
        self
    }

    /// The same through the proxy that the environment names for its server, if it names
    /// one.
    ///
    /// # Errors
    /// If that cannot be used; a sentence says why.
    fn with_proxy_of_environment(mut self) -> Result<Self, String> {
        self.route().proxy = Proxy::of_environment(self.url())?;
        Ok(self)
    }

    /// The same, for which these authorities are trusted as well.
    #[must_use]
    fn with_authorities(mut self, authorities: &[CertificateDer<'static>]) -> Self {
        self.route().authorities = authorities.into();
        self
    }
}
