//! Does a path still lead to the files that are open? Whoever moves or deletes a store while
//! it is written to has what is written go where nobody finds it.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::writer::Unwritten;

/// A store's file and the one beside it, where new pages are written first.
pub(crate) struct Place(Vec<(PathBuf, Inode)>);

/// The device and the number there.
type Inode = (u64, u64);

impl Place {
    /// That of a store which is open now.
    pub(crate) fn of(file: &Path) -> io::Result<Self> {
        let mut beside = file.as_os_str().to_owned();
        beside.push("-wal");
        let files = [file.to_owned(), beside.into()];
        let found = files.into_iter().map(|it| inode(&it).map(|inode| (it, inode)));
        found.collect::<io::Result<_>>().map(Self)
    }

    pub(crate) fn is_there(&self) -> Result<(), Unwritten> {
        let gone = self.0.iter().find(|(file, was)| inode(file).ok().as_ref() != Some(was));
        gone.map_or(Ok(()), |(file, _)| {
            Err(Unwritten::because(format!(
                "{} was moved or deleted: put it back, or start `twochat listen` again",
                file.display()
            )))
        })
    }
}

fn inode(file: &Path) -> io::Result<Inode> {
    fs::symlink_metadata(file).map(|it| (it.dev(), it.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_moved_or_replaced_is_not_there_until_it_is_put_back() {
        let folder = tempfile::tempdir().unwrap();
        let (file, away) = (folder.path().join("s"), folder.path().join("away"));
        fs::write(&file, "a").unwrap();
        fs::write(folder.path().join("s-wal"), "").unwrap();
        let place = Place::of(&file).unwrap();
        assert!(place.is_there().is_ok());
        fs::rename(&file, &away).unwrap();
        assert!(place.is_there().unwrap_err().to_string().contains("was moved or deleted"));
        fs::write(&file, "a").unwrap();
        assert!(place.is_there().is_err());
        fs::rename(&away, &file).unwrap();
        assert!(place.is_there().is_ok());
        fs::remove_file(folder.path().join("s-wal")).unwrap();
        assert!(place.is_there().is_err());
    }
}
