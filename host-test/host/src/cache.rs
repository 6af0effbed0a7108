//! How is a component compiled only once? Its machine code is kept in a folder
//! of the user.
//!
//! Machine code is run unchecked, so it is trusted only where nobody else can
//! have written it: the folder and the file belong to this user, others may
//! not write there, and the file is what was written, to the last bit. The name of
//! an entry is the digest of the component and of everything that shapes its
//! code, so a changed component has another entry. Whatever is amiss, the
//! component is compiled as if there were no cache.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use etcetera::BaseStrategy;
use ring::digest::{SHA256, digest};
use wasmtime::{Engine, component::Component};
use xxhash_rust::xxh3::xxh3_128;

use crate::{
    files::{self, is_ours},
    hex::hex,
};

/// An entry that nobody has written for so long is deleted.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Bytes of an entry's sum.
const SUM: usize = 16;
/// An entry may have so many bytes.
const LIMIT: u64 = 256 << 20;
const ENDING: &str = "cwasm";

/// A folder of compiled components.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The user's own cache, in `$XDG_CACHE_HOME` or `~/.cache`.
    #[must_use]
    pub fn of_user(application: &str) -> Option<Self> {
        let base = etcetera::choose_base_strategy().ok()?.cache_dir();
        Some(Self::at(base.join(application)))
    }

    /// A cache in a folder, which is made when something is put there.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The compiled component, if it is there and can be trusted.
    pub(crate) fn get(&self, engine: &Engine, bytes: &[u8]) -> Option<Component> {
        self.is_safe().ok()?;
        let code = read(&self.entry(engine, bytes)).ok()?;
        // SAFETY: these are the bytes that `put` was given by `serialize`: nobody
        // but this user could write them, and their sum holds. That they are
        // of this very engine is checked by wasmtime.
        #[expect(unsafe_code, reason = "machine code is trusted for the reasons above")]
        let component = unsafe { Component::deserialize(engine, &code) };
        component.ok()
    }

    /// Keeps a compiled component for the next time.
    pub(crate) fn put(&self, engine: &Engine, bytes: &[u8], component: &Component) {
        // Without a cache everything works, only slower.
        let _ = self.try_put(&self.entry(engine, bytes), component);
    }

    fn try_put(&self, entry: &Path, component: &Component) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        self.is_safe()?;
        self.clear_out()?;
        let code = component.serialize().map_err(io::Error::other)?;
        // Of the same ending, so that one that was left behind is cleared out as well.
        let mut file =
            tempfile::Builder::new().suffix(&format!(".{ENDING}")).tempfile_in(&self.folder)?;
        file.write_all(&code)?;
        file.write_all(&sum(&code))?;
        // At once or not at all, also where several processes do the same.
        file.persist(entry)?;
        Ok(())
    }

    /// Whether nobody else can write there, nor move the folder away.
    fn is_safe(&self) -> io::Result<()> {
        let is_ours = is_ours(&fs::symlink_metadata(&self.folder)?);
        let way = files::way(&self.folder).map_err(io::Error::other)?;
        if is_ours && way.is_dir() { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }

    fn entry(&self, engine: &Engine, bytes: &[u8]) -> PathBuf {
        let mut compiler = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut compiler);
        let component = hex(digest(&SHA256, bytes));
        self.folder.join(format!("{component}-{:016x}.{ENDING}", compiler.finish()))
    }

    fn clear_out(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            let old = written.is_ok_and(|written| written.elapsed().unwrap_or_default() > KEPT);
            if old && entry.path().extension().is_some_and(|ending| ending == ENDING) {
                // Another process may have done so already.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }
}

/// The code of an entry, if its digest holds.
fn read(entry: &Path) -> io::Result<Vec<u8>> {
    // Without waiting, should it be a pipe.
    let flags = (rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(entry)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || !is_ours(&metadata) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let length = usize::try_from(metadata.len().min(LIMIT)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(length);
    File::take(file, LIMIT).read_to_end(&mut bytes)?;
    match bytes.split_last_chunk() {
        Some((code, expected)) if sum(code) == *expected => {
            bytes.truncate(bytes.len() - SUM);
            Ok(bytes)
        }
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Tells what was damaged; who could write it on purpose is another matter.
fn sum(code: &[u8]) -> [u8; SUM] {
    xxh3_128(code).to_le_bytes()
}
