//! What a command changes in a policy file; all else in it stays as it is.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::Path,
};

use http::Method;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, value};

use super::{Entry, Policy, network::Through, text};
use crate::{
    files,
    token::Fingerprint,
    vault::{IDENTITY, file_of},
    vendor::Vendor,
};

/// The field of what a persona's token is known by.
const TOKEN: &str = "token-sha256";

/// A change of a policy.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// A connection begins, or goes on after it was revoked. One that begins goes through
    /// the environment's proxy, if one is named for its server now.
    Connect {
        /// Its name.
        name: &'a str,
        /// Where it goes, if it is new.
        base_url: &'a str,
        /// Whose methods and header it is to have, if it is new and they are not what a
        /// connection has without a word.
        asks: Option<&'a Vendor>,
    },
    /// A connection ends.
    Revoke(&'a str),
    /// A persona ends.
    RevokePersona(&'a str),
    /// A persona gets a token, in the place of one that it had.
    Token(&'a str, Fingerprint),
    /// A persona's token ends.
    RevokeToken(&'a str),
}

/// The policy, or an empty one for a file that is not there yet; its folder is made.
///
/// # Errors
/// A sentence that says why there can be none.
pub fn begin(file: &Path, name: &str) -> Result<Policy, String> {
    if Policy::is_there(file) {
        return Policy::read_before(file, Some(name));
    }
    let unwritten = |error| format!("the policy {} cannot be begun: {error}", file.display());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unwritten)?;
    let folder = files::way(folder)
        .map_err(|why| format!("the policy {} would not be safe: {why}", file.display()))?;
    let name = file.file_name().ok_or("a policy is a file, and this is none")?;
    Ok(Policy { file: folder.join(name), ..Policy::parse("")? })
}

/// Changes a policy file.
///
/// # Errors
/// A sentence that says why it stays as it was.
pub fn change(file: &Path, change: Change<'_>) -> Result<Policy, String> {
    // Not even a lock is left beside what is not there.
    if !matches!(change, Change::Connect { .. }) && !Policy::is_there(file) {
        return Err(format!("there is no policy {}", file.display()));
    }
    change_after(file, change, |_| Ok(()))
}

/// Begins a connection, or lets it go on, with a key that `store` keeps: both or none,
/// and only if its entry still is what it was when the key was tested.
///
/// # Errors
/// A sentence that says why nothing was changed.
pub fn connect(
    file: &Path,
    name: &str,
    base_url: &str,
    asks: Option<&Vendor>,
    tested: Option<&Entry>,
    store: impl FnOnce() -> Result<(), String>,
) -> Result<Policy, String> {
    change_after(file, Change::Connect { name, base_url, asks }, |policy| {
        if policy.connections().get(name) != tested {
            let why = "was changed while its key was tested, which was not stored";
            return Err(format!("the connection `{name}` {why}: connect it again"));
        }
        store()
    })
}

/// Changes a policy file, after something that belongs to it, under one lock.
fn change_after(
    file: &Path,
    change: Change<'_>,
    before: impl FnOnce(&Policy) -> Result<(), String>,
) -> Result<Policy, String> {
    let unread = |error| format!("the policy {} cannot be changed: {error}", file.display());
    let is_there = Policy::is_there(file);
    let path = if is_there { fs::canonicalize(file).map_err(unread)? } else { file.to_owned() };
    let _locked = files::lock_beside(&path).map_err(unread)?;
    let (path, text) = if Policy::is_there(&path) { text(&path)? } else { (path, String::new()) };
    let wrong = |why: String| format!("{}: {why}", path.display());
    let to_come = match change {
        Change::Connect { name, .. } => Some(name),
        _ => None,
    };
    before(&Policy::of(&text, &path, to_come).map_err(wrong)?)?;
    let mut document: DocumentMut = text.parse().map_err(|_| wrong("it is no TOML".to_owned()))?;
    apply(&mut document, change).map_err(wrong)?;
    let text = document.to_string();
    Policy::parse(&text).map_err(wrong)?;
    files::write(&path, text.as_bytes()).map_err(unread)?;
    Policy::read(&path)
}

fn apply(document: &mut DocumentMut, change: Change<'_>) -> Result<(), String> {
    let (kind, name) = match change {
        Change::Connect { name, .. } | Change::Revoke(name) => ("connections", name),
        Change::RevokePersona(name) | Change::Token(name, _) | Change::RevokeToken(name) => {
            ("personas", name)
        }
    };
    let mut all = Table::new();
    all.set_implicit(true);
    let all = document.entry(kind).or_insert(Item::Table(all));
    let all = all.as_table_like_mut().ok_or_else(|| format!("`{kind}` is no table"))?;
    match (all.get_mut(name), change) {
        (None, Change::Connect { base_url, asks, .. }) => {
            let mut secret = InlineTable::new();
            secret.insert("age", file_of(name).into());
            secret.insert("identity", IDENTITY.into());
            let mut line = Table::new();
            line.insert("base-url", value(base_url));
            if let Some(vendor) = asks {
                let methods: Array = vendor.methods.iter().map(Method::as_str).collect();
                line.insert("key-header", value(vendor.key_header.as_str()));
                line.insert("methods", value(methods));
            }
            line.insert("secret", value(secret));
            if Through::as_now(base_url) == Through::Environment {
                line.insert("proxy", value("environment"));
            }
            all.insert(name, Item::Table(line));
        }
        (None, _) => return Err(format!("it has no `{kind}.{name}`")),
        (Some(known), change) => {
            let known = known.as_table_like_mut().ok_or("what is named is no table")?;
            match change {
                Change::Connect { .. } => drop(known.remove("revoked")),
                Change::Token(_, token) => drop(known.insert(TOKEN, value(token.to_string()))),
                Change::RevokeToken(name) => {
                    known.remove(TOKEN).ok_or_else(|| format!("`{name}` has no token"))?;
                }
                _ => drop(known.insert("revoked", value(true))),
            }
        }
    }
    Ok(())
}
