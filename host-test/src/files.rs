//! Whose is a file, and how is one written that only its user may read?

use std::{
    fs::{File, Metadata},
    io::{self, Read, Write},
    os::unix::fs::MetadataExt,
    path::Path,
};

/// Whether it belongs to this user, and nobody else may write to it.
pub(crate) fn is_ours(metadata: &Metadata) -> bool {
    !metadata.is_symlink()
        && metadata.uid() == rustix::process::geteuid().as_raw()
        && metadata.mode() & 0o022 == 0
}

/// Whether somebody else than this user and root could put another file in the
/// place of one that lies in this folder.
pub(crate) fn is_open_to_others(folder: &Metadata) -> bool {
    let sticky = folder.mode() & 0o1000 != 0;
    let known = [0, rustix::process::geteuid().as_raw()].contains(&folder.uid());
    !known || (folder.mode() & 0o022 != 0 && !sticky)
}

/// The bytes of a file that has no more than `limit`.
pub(crate) fn read(mut file: &File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    Read::take(&mut file, limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it is larger than {limit} bytes")));
    }
    Ok(bytes)
}

/// Writes a file that only this user can read, at once or not at all.
pub(crate) fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut beside = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    beside.write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(file)?;
    Ok(())
}
