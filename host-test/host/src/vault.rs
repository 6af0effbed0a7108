//! Where is a secret kept, and how is it read? In an environment variable, in a
//! file encrypted with age, or with whoever a command asks.
//!
//! It is read when a call is made, so that a key that was replaced counts from
//! the next call on. What cannot be read is named; what was read never is.

use std::{
    env,
    future::pending,
    io::Read,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use age::{
    Decryptor,
    secrecy::{ExposeSecret, zeroize::Zeroizing},
    x25519::{Identity, Recipient},
};
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, copy, sink},
    time::timeout,
};

use crate::{
    files,
    program::{Family, Program},
    secret::Secret,
};

/// A secret, a file of one, or what a command prints may have so many bytes.
const LIMIT: u64 = 64 * 1024;
/// The identity that new secrets are encrypted for.
pub(crate) const IDENTITY: &str = "identity.txt";
/// So long a command may take.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 20 });
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
            Self::Command(program) => program.check(),
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
            Self::Command(program) => ask(program, folder).await?,
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
        files::is_kept_from_others("vault", &file)?;
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
        files::is_kept_from_others("vault", &folder.join(&self.age))?;
        files::is_kept_from_others("identity", &identity)?;
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
        files::is_kept_from_others("identity", &file)?;
        let opened = files::open(&file).map_err(unread)?;
        if !files::may_hold_a_secret(&opened.metadata().map_err(unread)?) {
            let how = "`chmod 600` it";
            return Err(format!("the identity {name} can be read or written by others: {how}"));
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

/// The first line that a program prints.
async fn ask(program: &Program, folder: &Path) -> Result<Zeroizing<String>, String> {
    let (mut command, name) = program.command(folder)?;
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let failed = |why: String| format!("the command {name}, which keeps the key, {why}");
    let run = async {
        let mut child =
            command.spawn().map_err(|error| failed(format!("cannot be run: {error}")))?;
        let mut family = Family::of(&child);
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
        family.has_ended();
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

#[cfg(test)]
mod tests;
