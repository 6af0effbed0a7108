//! Where is a secret kept, and how is it read? In an environment variable, in a
//! file encrypted with age, or with whoever a command asks.
//!
//! It is read when a call is made, so that a key that was replaced counts from
//! the next call on. What cannot be read is named; what was read never is.

use std::{
    env,
    ffi::OsString,
    future::pending,
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use age::{
    Decryptor,
    secrecy::{ExposeSecret, zeroize::Zeroizing},
    x25519::{Identity, Recipient},
};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, copy, sink},
    process::Command,
    time::timeout,
};

use crate::{files, secret::Secret};

/// A secret, a file of one, or what a command prints may have so many bytes.
const LIMIT: u64 = 64 * 1024;
/// The identity that new secrets are encrypted for.
pub(crate) const IDENTITY: &str = "identity.txt";
/// So long a command may take.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 20 });
/// What a command is told of the environment: whose it is, and where that user's agents
/// listen.
const KEPT: [&str; 4] = ["HOME", "USER", "LOGNAME", "XDG_RUNTIME_DIR"];
/// Where a command finds other programs, after its own folder.
const SYSTEM: &str = ":/usr/local/bin:/usr/bin:/bin";

/// The file of a new secret.
pub(crate) fn file_of(name: &str) -> String {
    format!("{name}.age")
}

/// Where a secret is kept: one of the three.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(
    untagged,
    expecting = "expected { env = \"NAME\" }, { age = \"FILE\", identity = \"FILE\" } or \
                 { command = [\"PROGRAM\", \"ARGUMENT\"] }"
)]
pub enum Source {
    /// An environment variable.
    Env(Env),
    /// A file encrypted with age, and the file of the identity that opens it.
    Age(Age),
    /// A program by its whole path, and its arguments, without a shell: the first line
    /// that it prints. It finds `HOME`, `USER`, `LOGNAME` and `XDG_RUNTIME_DIR` of the
    /// environment, and programs beside itself and in the system's folders.
    Command(Program),
}

/// An environment variable.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Env {
    env: String,
}

/// A file encrypted with age.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Age {
    age: PathBuf,
    identity: PathBuf,
}

/// A program that prints the secret.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Program {
    command: Vec<String>,
}

impl Source {
    /// A file beside the policy, for the identity there.
    pub(crate) fn beside(name: &str) -> Self {
        Self::Age(Age { age: file_of(name).into(), identity: IDENTITY.into() })
    }

    /// Whether something is there already.
    #[must_use]
    pub fn is_taken(&self, folder: &Path) -> bool {
        matches!(self, Self::Age(Age { age, .. }) if folder.join(age).exists())
    }

    /// Whether an identity is made when a secret is kept there.
    #[must_use]
    pub fn makes_identity(&self, folder: &Path) -> bool {
        matches!(self, Self::Age(Age { identity, .. }) if !folder.join(identity).exists())
    }

    /// Reads the secret where nobody else has to be asked for it.
    pub(crate) async fn at_hand(&self, folder: &Path) -> Option<Secret> {
        match self {
            Self::Command(_) => None,
            _ => self.read(folder).await.ok(),
        }
    }

    /// Whether it can be a place at all.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            Self::Env(Env { env }) if env.is_empty() || env.contains(['=', '\0']) => {
                Err("there is no environment variable of such a name".to_owned())
            }
            Self::Command(program) => program.whole().map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Reads the secret; paths start from `folder`, and a command is run there.
    ///
    /// # Errors
    /// A sentence that names what could not be read, and never the secret.
    pub async fn read(&self, folder: &Path) -> Result<Secret, String> {
        let text = match self {
            Self::Env(Env { env: name }) => Zeroizing::new(env::var(name).map_err(|_| {
                format!("the environment variable {name} is not set, or is no text")
            })?),
            Self::Age(age) => age.open(folder)?,
            Self::Command(program) => program.ask(folder).await?,
        };
        Secret::new(&text).map_err(|why| format!("{self} gives no usable key: {why}"))
    }

    /// Whether a secret can be kept there by [`Source::store`].
    ///
    /// # Errors
    /// A sentence that says who else is to put it there.
    pub fn keeps(&self) -> Result<(), String> {
        match self {
            Self::Age(_) => Ok(()),
            other => Err(format!("its key is read from {other}, so put it there yourself")),
        }
    }

    /// Keeps a secret, to be read from the next call on.
    ///
    /// # Errors
    /// A sentence that says why it was not kept.
    pub fn store(&self, folder: &Path, secret: &str) -> Result<(), String> {
        match self {
            Self::Age(age) => age.seal(folder, secret),
            _ => self.keeps(),
        }
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(Env { env }) => write!(f, "the environment variable {env}"),
            Self::Age(Age { age, .. }) => write!(f, "the file {}", age.display()),
            Self::Command(Program { command }) => {
                // Arguments may say more than they should.
                write!(f, "the command {}", command.first().map_or("", String::as_str))
            }
        }
    }
}

impl Age {
    fn open(&self, folder: &Path) -> Result<Zeroizing<String>, String> {
        let (file, identities) = (folder.join(&self.age), self.identities(folder)?);
        is_kept_from_others("vault", &file)?;
        let sealed = files::open(&file).and_then(|sealed| files::read(&sealed, LIMIT));
        let sealed = sealed.map_err(|error| {
            let how = "connecting keeps a key there";
            format!("the vault {} cannot be read: {error}; {how}", file.display())
        })?;
        let mut opened = Zeroizing::new(Vec::new());
        let read = Decryptor::new_buffered(sealed.as_slice())
            .and_then(|sealed| sealed.decrypt(identities.iter().map(|identity| identity as _)))
            .and_then(|mut sealed| Ok(sealed.read_to_end(&mut opened)?));
        read.map_err(|error| {
            let why = match error {
                age::DecryptError::NoMatchingKeys => "it was encrypted for another identity",
                _ => "it is broken, or no age file",
            };
            let identity = folder.join(&self.identity);
            let (file, identity) = (file.display(), identity.display());
            format!("the vault {file} cannot be opened with {identity}: {why}")
        })?;
        let text = std::str::from_utf8(&opened);
        let text = text.map_err(|_| format!("the vault {} has no text", file.display()))?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Writes the secret for the identity, which is made if there is none.
    fn seal(&self, folder: &Path, secret: &str) -> Result<(), String> {
        let unwritten = |file: &Path, error: &dyn std::fmt::Display| {
            format!("the vault {} cannot be written: {error}", file.display())
        };
        let identity = folder.join(&self.identity);
        is_kept_from_others("vault", &folder.join(&self.age))?;
        is_kept_from_others("identity", &identity)?;
        let _locked =
            files::lock_beside(&identity).map_err(|error| unwritten(&identity, &error))?;
        if !identity.exists() {
            let made = Identity::generate().to_string();
            files::write(&identity, format!("{}\n", made.expose_secret()).as_bytes())
                .map_err(|error| unwritten(&identity, &error))?;
        }
        let identities = self.identities(folder)?;
        let recipient: Option<Recipient> = identities.first().map(Identity::to_public);
        let recipient = recipient.ok_or("there is no identity")?;
        let file = folder.join(&self.age);
        let sealed = age::encrypt(&recipient, secret.as_bytes());
        let sealed = sealed.map_err(|error| unwritten(&file, &error))?;
        files::write(&file, &sealed).map_err(|error| unwritten(&file, &error))
    }

    fn identities(&self, folder: &Path) -> Result<Vec<Identity>, String> {
        let file = folder.join(&self.identity);
        let name = file.display();
        let unread = |error| {
            let how = "bring it back, or connect again, which makes another";
            format!("the identity {name} cannot be read: {error}; {how}")
        };
        is_kept_from_others("identity", &file)?;
        let opened = files::open(&file).map_err(unread)?;
        if opened.metadata().map_err(unread)?.mode() & 0o077 != 0 {
            return Err(format!("the identity {name} can be read by others: `chmod 600` it"));
        }
        let bytes = Zeroizing::new(files::read(&opened, LIMIT).map_err(unread)?);
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        let identities: Vec<_> = text.lines().filter_map(|line| line.trim().parse().ok()).collect();
        if identities.is_empty() {
            return Err(format!("the identity {name} holds no key of age"));
        }
        Ok(identities)
    }
}

/// Whether nobody else can put another file in its place.
fn is_kept_from_others(what: &str, file: &Path) -> Result<(), String> {
    let way = files::way(file).map(|_| ());
    way.map_err(|why| format!("the {what} {} can be replaced by others: {why}", file.display()))
}

impl Program {
    /// The program, by its whole path, and its arguments.
    fn whole(&self) -> Result<(&Path, &[String]), String> {
        let named = self.command.split_first().filter(|(program, _)| !program.is_empty());
        let (program, arguments) = named.ok_or("the command has no program")?;
        let path = Path::new(program);
        if !path.is_absolute() {
            // What it leads to now is a hint, and no more.
            let folders = env::var_os("PATH").unwrap_or_default();
            let found = env::split_paths(&folders).map(|folder| folder.join(path));
            let found = found.filter(|path| !program.contains('/') && path.is_absolute());
            let meant = found.into_iter().find(|path| path.is_file());
            let meant = meant.map(|path| format!(", such as \"{}\"", path.display()));
            let why = "the environment would say which program it is";
            let meant = meant.unwrap_or_default();
            return Err(format!("`{program}` is no whole path, so {why}: write one{meant}"));
        }
        Ok((path, arguments))
    }

    /// The program where nobody else can have put or changed it.
    fn judged(&self) -> Result<(PathBuf, &[String]), String> {
        let (path, arguments) = self.whole()?;
        is_kept_from_others("program", path)?;
        let metadata = path.metadata();
        if metadata.is_ok_and(|it| !files::is_of_ours_or_root(&it) || it.mode() & 0o022 != 0) {
            let name = path.display();
            return Err(format!(
                "the program {name} can be written by others: `chmod go-w {name}`"
            ));
        }
        Ok((path.to_owned(), arguments))
    }

    async fn ask(&self, folder: &Path) -> Result<Zeroizing<String>, String> {
        let (path, arguments) = self.judged()?;
        let program = path.display();
        let mut command = Command::new(&path);
        command.args(arguments).current_dir(folder).kill_on_drop(true).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.env_clear().env("PATH", search_path(&path));
        command.envs(KEPT.iter().filter_map(|name| Some((name, env::var_os(name)?))));
        let failed = |why: String| format!("the command {program}, which keeps the key, {why}");
        let run = async {
            let mut child =
                command.spawn().map_err(|error| failed(format!("cannot be run: {error}")))?;
            let mut family = Family(child.id());
            let mut line = Zeroizing::new(Vec::new());
            let mut rest = BufReader::new(child.stdout.take().ok_or("no output")?).take(LIMIT);
            let read = rest.read_until(b'\n', &mut line).await;
            read.map_err(|error| failed(format!("cannot be read: {error}")))?;
            // What comes after is let through, so that it can end.
            let drained = async {
                // What cannot be read any more ends with the program.
                let _ = copy(&mut rest, &mut sink()).await;
                if rest.limit() > 0 {
                    pending().await
                }
            };
            let status = tokio::select! {
                status = child.wait() => status,
                () = drained => return Err(failed(format!("printed more than {LIMIT} bytes"))),
            };
            let status = status.map_err(|error| failed(error.to_string()))?;
            family.0 = None;
            if !status.success() {
                return Err(failed(format!("failed with {status}")));
            }
            let text = std::str::from_utf8(&line);
            let text = text.map_err(|_| failed("printed no text".to_owned()))?;
            Ok(Zeroizing::new(text.trim_end().to_owned()))
        };
        let run = timeout(PATIENCE, run).await;
        run.unwrap_or_else(|_| Err(failed(format!("took longer than {PATIENCE:?}"))))
    }
}

/// Where a program finds others: beside itself, and where systems have theirs.
fn search_path(program: &Path) -> OsString {
    let mut path = program.parent().unwrap_or(Path::new("/")).as_os_str().to_owned();
    path.push(SYSTEM);
    path
}

/// A program and all that it started in its group: they end with this, unless the
/// program has ended by itself.
struct Family(Option<u32>);

impl Drop for Family {
    fn drop(&mut self) {
        let group = self.0.and_then(|id| Pid::from_raw(id.try_into().ok()?));
        if let Some(group) = group {
            // What has ended already need not be ended.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests;
