//! Where is a secret kept, and how is it read? In an environment variable, in a
//! file encrypted with age, or with whoever a command asks.
//!
//! It is read when a call is made, so that a key that was replaced counts from
//! the next call on. What cannot be read is named; what was read never is.

use std::{
    env,
    fs::File,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use age::{
    secrecy::{ExposeSecret, zeroize::Zeroizing},
    x25519::{Identity, Recipient},
};
use serde::Deserialize;
use tokio::{io::AsyncReadExt, process::Command, time::timeout};

use crate::{egress::Secret, files};

/// A secret, a file of one, or what a command prints may have so many bytes.
const LIMIT: u64 = 64 * 1024;
/// So long a command may take.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 20 });

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
    /// A program and its arguments, without a shell: the first line that it prints.
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
    /// Whether it can be a place at all.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            Self::Env(Env { env }) if env.is_empty() || env.contains(['=', '\0']) => {
                Err("there is no environment variable of such a name".to_owned())
            }
            Self::Command(Program { command }) if command.is_empty() => {
                Err("the command has no program".to_owned())
            }
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
            other => Err(format!("its key is read from {other}: put it there yourself")),
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
        let (file, identity) = (folder.join(&self.age), self.identity(folder)?);
        let sealed = File::open(&file).and_then(|sealed| files::read(&sealed, LIMIT));
        let sealed = sealed.map_err(|error| {
            let how = "`twochat connect` keeps a key there";
            format!("the vault {} cannot be read: {error}; {how}", file.display())
        })?;
        let opened = age::decrypt(&identity, &sealed).map_err(|error| {
            let why = match error {
                age::DecryptError::NoMatchingKeys => "it was encrypted for another identity",
                _ => "it is broken, or no age file",
            };
            let identity = folder.join(&self.identity);
            let (file, identity) = (file.display(), identity.display());
            format!("the vault {file} cannot be opened with {identity}: {why}")
        })?;
        let text = String::from_utf8(opened);
        text.map(Zeroizing::new).map_err(|_| format!("the vault {} has no text", file.display()))
    }

    /// Writes the secret for the identity, which is made if there is none.
    fn seal(&self, folder: &Path, secret: &str) -> Result<(), String> {
        let unwritten = |file: &Path, error: &dyn std::fmt::Display| {
            format!("the vault {} cannot be written: {error}", file.display())
        };
        let identity = folder.join(&self.identity);
        if !identity.exists() {
            let made = Identity::generate().to_string();
            files::write(&identity, format!("{}\n", made.expose_secret()).as_bytes())
                .map_err(|error| unwritten(&identity, &error))?;
        }
        let recipient: Recipient = self.identity(folder)?.to_public();
        let file = folder.join(&self.age);
        let sealed = age::encrypt(&recipient, secret.as_bytes());
        let sealed = sealed.map_err(|error| unwritten(&file, &error))?;
        files::write(&file, &sealed).map_err(|error| unwritten(&file, &error))
    }

    fn identity(&self, folder: &Path) -> Result<Identity, String> {
        let file = folder.join(&self.identity);
        let name = file.display();
        let unread = |error| format!("the identity {name} cannot be read: {error}");
        let opened = File::open(&file).map_err(unread)?;
        if opened.metadata().map_err(unread)?.mode() & 0o077 != 0 {
            return Err(format!("the identity {name} can be read by others: `chmod 600` it"));
        }
        let bytes = Zeroizing::new(files::read(&opened, LIMIT).map_err(unread)?);
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        let mut identities = text.lines().filter_map(|line| line.trim().parse().ok());
        identities.next().ok_or_else(|| format!("{name} holds no age identity"))
    }
}

impl Program {
    async fn ask(&self, folder: &Path) -> Result<Zeroizing<String>, String> {
        let (program, arguments) = self.command.split_first().ok_or("the command is empty")?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let failed = |why: String| format!("the command {program}, which keeps the key, {why}");
        let run = async {
            let mut child =
                command.spawn().map_err(|error| failed(format!("cannot be run: {error}")))?;
            let mut printed = Zeroizing::new(Vec::new());
            if let Some(stdout) = child.stdout.take() {
                let read = stdout.take(LIMIT).read_to_end(&mut printed).await;
                read.map_err(|error| failed(format!("cannot be read: {error}")))?;
            }
            let status = child.wait().await.map_err(|error| failed(error.to_string()))?;
            if !status.success() {
                return Err(failed(format!("failed with {status}")));
            }
            let text = std::str::from_utf8(&printed);
            let text = text.map_err(|_| failed("printed no text".to_owned()))?;
            Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
        };
        let run = timeout(PATIENCE, run).await;
        run.unwrap_or_else(|_| Err(failed(format!("took longer than {PATIENCE:?}"))))
    }
}

#[cfg(test)]
mod tests;
