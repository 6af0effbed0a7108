//! How does a connection get through the network it is in? What its entry says of a
//! proxy, and of authorities that are trusted as well.

use std::{
    fmt,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustls::{RootCertStore, pki_types::CertificateDer};
use serde::{Deserialize, Deserializer, de};
use url::Url;

use crate::{
    client::{Routed, authorities::in_pem},
    files,
    proxy::Proxy,
};

/// A file of authorities may have so many bytes.
const LIMIT: u64 = 1 << 20;
const FORMS: &str = "expected the url of a proxy such as \"http://proxy.example.com:3128\", \
                     \"environment\", \"none\" or false";

/// What stands as `proxy`.
#[derive(Clone, Default, PartialEq)]
pub(super) enum Through {
    /// Whatever the environment says.
    #[default]
    None,
    /// What the environment names for the server.
    Environment,
    Proxy(Proxy),
    /// What cannot be used, and why, without what it was.
    Wrong(String),
}

impl Through {
    /// What suits a new connection: a proxy that the environment names for it now.
    pub(super) fn as_now(base_url: &str) -> Self {
        match Url::parse(base_url).map(|base| Proxy::of_environment(&base)) {
            Err(_) | Ok(Ok(None)) => Self::None,
            Ok(_) => Self::Environment,
        }
    }

    pub(super) fn fault(&self) -> Option<String> {
        match self {
            Self::Wrong(why) => Some(why.clone()),
            _ => None,
        }
    }

    /// A connection, or where messages are posted to, through what is said here.
    pub(super) fn lead<T: Routed>(&self, from: T) -> Result<T, String> {
        match self {
            Self::None => Ok(from),
            Self::Environment => from.with_proxy_of_environment(),
            Self::Proxy(proxy) => Ok(from.with_proxy(proxy.clone())),
            Self::Wrong(why) => Err(why.clone()),
        }
    }
}

impl fmt::Debug for Through {
    /// A user and a password may stand in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Environment => f.write_str("Environment"),
            Self::Proxy(proxy) => proxy.fmt(f),
            Self::Wrong(_) => f.write_str("Wrong"),
        }
    }
}

impl<'de> Deserialize<'de> for Through {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Through;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(FORMS.trim_start_matches("expected "))
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Through, E> {
                Ok(if value { Through::Wrong(FORMS.to_owned()) } else { Through::None })
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Through, E> {
                Ok(match value {
                    "none" => Through::None,
                    "environment" => Through::Environment,
                    url => match Proxy::new(url) {
                        Ok(proxy) => Through::Proxy(proxy),
                        Err(why) => Through::Wrong(format!("it cannot be used: {why}")),
                    },
                })
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// Authorities in a file, as `ca` names it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(transparent)]
pub(super) struct Authorities {
    file: PathBuf,
    #[serde(skip)]
    read: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// Reads them; the path starts from this folder.
    pub(super) fn read(&mut self, folder: &Path) -> Result<(), String> {
        let path = folder.join(&self.file);
        let name = path.display();
        let unread = |error| format!("{name} cannot be read: {error}");
        let file = files::open(&path).map_err(unread)?;
        let metadata = file.metadata().map_err(unread)?;
        // Who says which authority is trusted can read all that is sent.
        files::way(&path)
            .map_err(|why| format!("{name} can be written or replaced by others: {why}"))?;
        if !files::is_of_ours_or_root(&metadata) || metadata.mode() & 0o022 != 0 {
            return Err(format!("{name} can be written or replaced by others: `chmod go-w` it"));
        }
        let bytes = files::read(&file, LIMIT).map_err(unread)?;
        let found = in_pem(&bytes).map_err(|why| format!("{name} {why}"))?;
        let mut roots = RootCertStore::empty();
        for certificate in &found {
            roots
                .add(certificate.clone())
                .map_err(|error| format!("{name} holds a certificate that is none: {error}"))?;
        }
        self.read = found;
        Ok(())
    }

    pub(super) fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.read
    }
}
