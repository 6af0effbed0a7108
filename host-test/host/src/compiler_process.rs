//! How is a stranger's component compiled without harm to whoever loads it? In a
//! process of its own, which the system bounds.
//!
//! A compiler has no limits of its own: there are small files that keep it busy for
//! minutes or take all memory. It cannot be stopped either, but a process can. That
//! one gets the component on standard input and no environment, so no key, and gives
//! machine code on standard output.

use std::{
    ffi::OsString,
    io::{self, Read, Write},
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Command, ExitCode, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use wasmtime::{Engine, component::Component};

use crate::engine::{LoadError, compiler, no_component};

/// Seconds of the processor that compiling may take.
const PROCESSOR: u64 = 20;
/// Bytes of memory that it may take, its program's own included.
const MEMORY: u64 = 1 << 30;
/// How long it may take, also on a machine with much else to do.
const TIME: Duration = Duration::from_secs(60);
/// Bytes that the machine code may have.
const CODE: u64 = 128 << 20;

/// What stands before machine code.
const COMPILED: u8 = b'+';
/// What stands before the reason why there is none.
const REFUSED: u8 = b'-';

/// A program that compiles, which is to call [`serve`] when it is started like this.
#[derive(Clone, Debug)]
pub struct CompilerProcess {
    /// The program: best the host itself.
    pub program: PathBuf,
    /// What tells it that it is to compile.
    pub arguments: Vec<OsString>,
}

impl CompilerProcess {
    /// Compiles there, and takes over the code.
    pub(crate) fn compile(&self, engine: &Engine, bytes: &[u8]) -> Result<Component, LoadError> {
        let (answer, status) = self.ask(bytes).map_err(|error| {
            let program = self.program.display();
            LoadError::NotCompiled(format!("{program}, which compiles it, cannot be run: {error}"))
        })?;
        match answer.as_deref().map(<[u8]>::split_first) {
            Some(Some((&COMPILED, code))) if status.success() => {
                if code.len() as u64 >= CODE {
                    return Err(too_much(&format!("{} MiB of machine code", CODE >> 20)));
                }
                // SAFETY: these are bytes that the program of the host's own author was
                // given by `serialize`; they came through a pipe that nobody else holds.
                // That they are of such an engine is checked by wasmtime.
                #[expect(unsafe_code, reason = "machine code is trusted for the reasons above")]
                let component = unsafe { Component::deserialize(engine, code) };
                component.map_err(|error| LoadError::NotCompiled(format!("{error:#}")))
            }
            Some(Some((&REFUSED, why))) if status.success() => {
                Err(LoadError::NotAComponent(String::from_utf8_lossy(why).into_owned()))
            }
            Some(_) => Err(ended(status)),
            None => Err(too_much(&format!("{} s", TIME.as_secs()))),
        }
    }

    /// What it says, if it says it in time, and how it ended.
    fn ask(&self, bytes: &[u8]) -> io::Result<(Option<Vec<u8>>, ExitStatus)> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env_clear();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (tell, told) = mpsc::channel();
        thread::scope(|scope| {
            // One that has ended does not read on, which its end tells.
            scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(bytes)));
            scope.spawn(move || {
                let mut said = Vec::new();
                let read = stdout.map(|stdout| stdout.take(CODE + 1).read_to_end(&mut said));
                // Whoever waited for it may have given up.
                let _ = tell.send(read.map(|_| said));
            });
            let said = told.recv_timeout(TIME).ok().flatten();
            if said.is_none() {
                child.kill()?;
            }
            Ok((said, child.wait()?))
        })
    }
}

fn too_much(what: &str) -> LoadError {
    LoadError::NotCompiled(format!("to compile it takes more than {what}"))
}

/// Why it ended without an answer.
fn ended(status: ExitStatus) -> LoadError {
    let by = |signal: Signal| status.signal() == Some(signal.as_raw());
    if by(Signal::XCPU) || by(Signal::KILL) {
        too_much(&format!("{PROCESSOR} s of the processor"))
    } else if by(Signal::ABORT) {
        too_much(&format!("{} MiB of memory", MEMORY >> 20))
    } else {
        LoadError::NotCompiled(format!("the compiler failed on it, with {status}"))
    }
}

/// The whole work of a process that compiles: bounds itself, reads a component from
/// standard input and writes its machine code to standard output. Call it before
/// threads are started and anything is read.
#[must_use]
pub fn serve() -> ExitCode {
    match bound().and_then(|()| answer()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn bound() -> io::Result<()> {
    let to =
        |resource, most| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    to(Resource::Core, 0)?;
    to(Resource::Cpu, PROCESSOR)?;
    match to(Resource::As, MEMORY) {
        // Systems other than Linux do not bound it.
        Err(_) if !cfg!(target_os = "linux") => Ok(()),
        bounded => Ok(bounded?),
    }
}

fn answer() -> io::Result<()> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let engine = Engine::new(&compiler()).map_err(io::Error::other)?;
    let mut output = io::stdout().lock();
    match Component::new(&engine, &bytes).and_then(|component| component.serialize()) {
        Ok(code) => {
            output.write_all(&[COMPILED])?;
            output.write_all(&code)?;
        }
        Err(error) => {
            output.write_all(&[REFUSED])?;
            output.write_all(no_component(&bytes, &error).as_bytes())?;
        }
    }
    output.flush()
}
