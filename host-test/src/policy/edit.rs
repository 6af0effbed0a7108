//! What a command changes in a policy file; all else in it stays as it is.

use std::{fs, io, path::Path};

use toml_edit::{DocumentMut, Item, Table, value};

use super::{Policy, text};
use crate::files;

/// A change of a policy.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// A connection begins, or goes on after it was revoked.
    Connect {
        /// Its name.
        name: &'a str,
        /// Where it goes, if it is new.
        base_url: &'a str,
    },
    /// A connection ends.
    Revoke(&'a str),
    /// A persona ends.
    RevokePersona(&'a str),
}

/// Changes a policy file, which is begun if there is none.
///
/// # Errors
/// A sentence that says why it stays as it was.
pub fn change(file: &Path, change: Change<'_>) -> Result<Policy, String> {
    let (path, text) = match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = file.parent().unwrap_or(Path::new(""));
            begin(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
            (file.to_owned(), String::new())
        }
        _ => text(file)?,
    };
    let wrong = |why: String| format!("{}: {why}", path.display());
    let mut document: DocumentMut =
        text.parse().map_err(|error| wrong(format!("it is no TOML: {error}")))?;
    apply(&mut document, change).map_err(wrong)?;
    let text = document.to_string();
    Policy::parse(&text).map_err(wrong)?;
    files::write(&path, text.as_bytes()).map_err(|error| wrong(error.to_string()))?;
    Policy::read(&path)
}

/// A folder in which only this user can write.
fn begin(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if folder.as_os_str().is_empty() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn apply(document: &mut DocumentMut, change: Change<'_>) -> Result<(), String> {
    let (kind, name) = match change {
        Change::Connect { name, .. } | Change::Revoke(name) => ("connections", name),
        Change::RevokePersona(name) => ("personas", name),
    };
    let known = document.get(kind).and_then(|known| known.get(name)).is_some();
    match change {
        Change::Connect { base_url, .. } if !known => {
            let mut secret = toml_edit::InlineTable::new();
            secret.insert("age", format!("{name}.age").into());
            secret.insert("identity", "identity.txt".into());
            let mut line = Table::new();
            line.insert("base-url", value(base_url));
            line.insert("secret", value(secret));
            let mut all = Table::new();
            all.set_implicit(true);
            let all = document.entry(kind).or_insert(Item::Table(all));
            let all = all.as_table_like_mut().ok_or("`connections` is no table")?;
            all.insert(name, Item::Table(line));
        }
        Change::Connect { .. } => {
            let line =
                document.get_mut(kind).and_then(|all| all.get_mut(name)?.as_table_like_mut());
            line.ok_or("a connection is no table")?.remove("revoked");
        }
        Change::Revoke(_) | Change::RevokePersona(_) if !known => {
            return Err(format!("it has no `{kind}.{name}`"));
        }
        Change::Revoke(_) | Change::RevokePersona(_) => {
            let ended =
                document.get_mut(kind).and_then(|all| all.get_mut(name)?.as_table_like_mut());
            ended.ok_or("it is no table")?.insert("revoked", value(true));
        }
    }
    Ok(())
}
