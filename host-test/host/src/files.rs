//! Whose is a file, and how is one read, locked and written that matters?

use std::{
    ffi::OsString,
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Component, Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// So long another program may hold a lock.
const LOCKED: Duration = Duration::from_secs(5);
/// A path may lead through so many links.
const LINKS: usize = 40;

/// Whether it belongs to this user, and nobody else may write to it.
#[must_use]
pub fn is_ours(metadata: &Metadata) -> bool {
    !metadata.is_symlink()
        && metadata.uid() == rustix::process::geteuid().as_raw()
        && metadata.mode() & 0o022 == 0
}

/// Whether it belongs to this user, or to root.
pub(crate) fn is_of_ours_or_root(metadata: &Metadata) -> bool {
    [0, rustix::process::geteuid().as_raw()].contains(&metadata.uid())
}

/// Whether a secret may be taken from it: nobody else may write to it, and that others can
/// read it is no oversight.
///
/// Most files can be read by all who are on a machine, since whoever makes one says nothing
/// of it; a secret that its user left so is refused, as they can mend it. What belongs to root
/// they could not, and a file that not even its owner may write to was made so on purpose: so
/// are secrets that are mounted into a container, mostly with mode 0444, where nobody else is.
#[must_use]
pub fn may_hold_a_secret(metadata: &Metadata) -> bool {
    let user = rustix::process::geteuid().as_raw();
    is_of_ours_or_root(metadata) && is_kept(metadata.mode(), metadata.uid() == user)
}

fn is_kept(mode: u32, is_own: bool) -> bool {
    let is_left_open = is_own && mode & 0o044 != 0 && mode & 0o200 != 0;
    mode & 0o022 == 0 && !is_left_open
}

/// The place that a path leads to, if nobody but this user and root can say what lies
/// there. Every folder on the way is judged, and every link with the folders on its own.
///
/// What is not there yet is taken for what its folder is.
///
/// # Errors
/// A sentence that names the folder or link, and how it is mended.
pub fn way(path: &Path) -> Result<PathBuf, String> {
    let unseen = |path: &Path, error| format!("{} cannot be looked at: {error}", path.display());
    let start = std::path::absolute(path).map_err(|error| unseen(path, error))?;
    let parts = |path: &Path| {
        let parts = path.components().rev().map(|part| match part {
            Component::RootDir => OsString::from("/"),
            part => part.as_os_str().to_owned(),
        });
        parts.collect::<Vec<_>>()
    };
    let (mut at, mut rest, mut links) = (PathBuf::new(), parts(&start), 0);
    while let Some(part) = rest.pop() {
        if part == ".." {
            at.pop();
            continue;
        }
        let next = at.join(&part);
        let metadata = match fs::symlink_metadata(&next) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(rest.iter().rev().fold(next, |at, part| at.join(part)));
            }
            Err(error) => return Err(unseen(&next, error)),
        };
        if metadata.is_symlink() {
            links += 1;
            if links > LINKS {
                return Err(format!("{} leads through too many links", path.display()));
            }
            if !is_of_ours_or_root(&metadata) {
                return Err(format!("{} is a link of another user: delete it", next.display()));
            }
            let target = fs::read_link(&next).map_err(|error| unseen(&next, error))?;
            rest.extend(parts(&target));
        } else {
            if metadata.is_dir() {
                judge(&next, &metadata)?;
            }
            at = next;
        }
    }
    Ok(at)
}

/// Whether nobody but this user and root can put another file in the place of one that
/// lies in this folder.
fn judge(folder: &Path, metadata: &Metadata) -> Result<(), String> {
    let (name, sticky) = (folder.display(), metadata.mode() & 0o1000 != 0);
    if !is_of_ours_or_root(metadata) {
        let user = rustix::process::geteuid().as_raw();
        return Err(format!("its folder {name} belongs to another user, `chown {user} {name}`"));
    }
    if metadata.mode() & 0o022 != 0 && !sticky {
        return Err(format!("they may write to its folder {name}, `chmod go-w {name}`"));
    }
    Ok(())
}

/// Whether nobody else can put another file in its place.
pub(crate) fn is_kept_from_others(what: &str, file: &Path) -> Result<(), String> {
    let way = way(file).map(|_| ());
    way.map_err(|why| format!("the {what} {} can be replaced by others: {why}", file.display()))
}

/// Opens a file to be read; never a pipe, which could hold up its reader.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a file")) }
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

/// Keeps other programs that do the same away from a file or folder until it is
/// closed or unlocked, and waits for them, but not for ever.
pub(crate) fn lock(file: &File) -> io::Result<()> {
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begun.elapsed() > LOCKED => {
                let why = "another program has locked it";
                return Err(io::Error::new(io::ErrorKind::WouldBlock, why));
            }
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// Keeps other programs of this user away from what lies beside: locks a file that
/// nobody else can open, and so nobody else can lock.
///
/// # Errors
/// If it cannot be opened, or another program holds it for longer than a few seconds.
pub fn lock_beside(of: &Path) -> io::Result<File> {
    let mut path = of.as_os_str().to_owned();
    path.push(".lock");
    let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600).custom_flags(flags);
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || !is_ours(&metadata) {
        return Err(io::Error::other("its lock belongs to another user"));
    }
    lock(&file)?;
    Ok(file)
}

/// Writes a file that only this user can read, at once or not at all.
pub(crate) fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    // What the file beside it is called helps nobody.
    let mut beside = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
        .map_err(|error| io::Error::from(error.kind()))?;
    beside.as_file_mut().write_all(bytes)?;
    beside.as_file().sync_all()?;
    beside.persist(file).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_kept_from_others_or_was_shown_to_them_on_purpose() {
        for mode in [0o600, 0o400, 0o440, 0o444, 0o700] {
            assert!(is_kept(mode, true), "{mode:o}");
        }
        for mode in [0o644, 0o640, 0o604, 0o755] {
            assert!(!is_kept(mode, true) && is_kept(mode, false), "{mode:o}");
        }
        for mode in [0o666, 0o622, 0o466, 0o420, 0o402] {
            assert!(!is_kept(mode, true) && !is_kept(mode, false), "{mode:o}");
        }
    }
}
