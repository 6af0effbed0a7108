//! Which authorities does this machine trust? Those that SSL_CERT_FILE and SSL_CERT_DIR
//! name, else those of the system's store, else those that are built in.
//!
//! They are read when the first certificate is to be judged, for reading them takes
//! longer than a call that needs none. Whoever names authorities trusts no others, so
//! what they name and cannot be read is said, and nothing is sent.

use std::{env, ffi::OsString, fs, path::Path, sync::OnceLock};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_native_certs::{load_certs_from_paths, load_native_certs};

use crate::files;

/// A file of authorities may have so many bytes.
const LIMIT: u64 = 16 << 20;
const FILE: &str = "SSL_CERT_FILE";
const FOLDERS: &str = "SSL_CERT_DIR";

/// The authorities of this machine, once for all clients.
static SYSTEM: OnceLock<RootCertStore> = OnceLock::new();

/// The system's authorities, which are read unless they were; or which of them cannot be
/// read, and what to do.
pub(super) fn system() -> Result<&'static RootCertStore, String> {
    if let Some(known) = SYSTEM.get() {
        return Ok(known);
    }
    let read = read_system().map_err(|(name, why)| {
        format!("{name} names {why}; correct it, or unset it to trust the system's authorities")
    })?;
    Ok(SYSTEM.get_or_init(|| read))
}

/// Whether they still have to be read.
pub(super) fn is_system_unread() -> bool {
    SYSTEM.get().is_none()
}

fn read_system() -> Result<RootCertStore, (&'static str, String)> {
    let (file, folders) = (named(FILE), named(FOLDERS));
    let mut roots = RootCertStore::empty();
    if let Some(file) = &file {
        let read = of_file(file.as_ref()).map_err(|why| (FILE, why))?;
        roots.add_parsable_certificates(read);
    }
    let all = env::split_paths(folders.as_deref().unwrap_or_default());
    for folder in all.filter(|folder| !folder.as_os_str().is_empty()) {
        let read = of_folder(&folder).map_err(|why| (FOLDERS, why))?;
        roots.add_parsable_certificates(read);
    }
    if file.is_none() && folders.is_none() {
        roots.add_parsable_certificates(load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
    }
    Ok(roots)
}

/// What a variable of the environment names.
fn named(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn of_file(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let name = file.display();
    let bytes = files::open(file).and_then(|file| files::read(&file, LIMIT));
    let bytes = bytes.map_err(|error| format!("{name}, which cannot be read: {error}"))?;
    let found = in_pem(&bytes).map_err(|why| format!("{name}, which {why}"))?;
    if is_any_usable(&found) {
        return Ok(found);
    }
    Err(format!("{name}, which holds no certificate that can be read"))
}

fn of_folder(folder: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let name = folder.display();
    let unread = |error| format!("{name}, which cannot be read as a folder: {error}");
    drop(fs::read_dir(folder).map_err(unread)?);
    let found = load_certs_from_paths(None, Some(folder));
    if is_any_usable(&found.certs) {
        return Ok(found.certs);
    }
    let first = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
    Err(format!("{name}, in which no file holds a certificate that can be read{first}"))
}

fn is_any_usable(found: &[CertificateDer<'static>]) -> bool {
    RootCertStore::empty().add_parsable_certificates(found.iter().cloned()).0 > 0
}

/// The certificates in a PEM file.
///
/// # Errors
/// What the file is or holds, if that is none.
pub(crate) fn in_pem(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    // Some editors put a byte order mark before it.
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if text.trim_ascii().is_empty() {
        return Err("is empty: expected certificates as PEM".to_owned());
    }
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err("holds no certificate: expected PEM, which begins with \
                      -----BEGIN CERTIFICATE-----"
            .to_owned()),
        Err(error) => Err(format!("is no PEM file: {error}")),
    }
}
