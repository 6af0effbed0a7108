//! The built command, run as from a shell, and what a run left behind.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{Read, Write},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use mock::{Mock, Options, Reply};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::schemas::{self, TOOLS};

/// The key of every run. No run may show it.
pub(crate) const CANARY: &str = "canary-7f3a9c51e8";

/// Longer than any run takes here, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// The same of one that is refused before it begins.
const REFUSAL: Duration = Duration::from_secs(20);

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The result of an action that worked: one line of JSON and nothing else.
    pub(crate) fn result(&self) -> Value {
        one_line(self.output())
    }

    /// The same of one that also had something to say.
    pub(crate) fn told_result(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        one_line(&self.stdout)
    }

    /// What was written by a command that worked and had no complaint.
    pub(crate) fn output(&self) -> &str {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{self:?}");
        &self.stdout
    }

    /// The error of an action: one line of JSON and nothing else.
    pub(crate) fn error(&self) -> Value {
        assert_eq!((self.code, self.stdout.as_str()), (Some(1), ""), "{self:?}");
        let error = one_line(&self.stderr);
        assert!(error["kind"].is_string() && error["retry"].is_string(), "{error}");
        error
    }

    /// What 2Chat said of a key that was not stored.
    pub(crate) fn of_a_key(&self) -> Value {
        assert_eq!((self.code, self.stdout.as_str()), (Some(1), ""), "{self:?}");
        let said = self.stderr.strip_prefix("twochat: the key was not stored\n");
        one_line(said.unwrap_or_else(|| panic!("{self:?}")))
    }

    /// The message of a command that was not carried out.
    pub(crate) fn message(&self, code: i32) -> &str {
        assert_eq!((self.code, self.stdout.as_str()), (Some(code), ""), "{self:?}");
        assert!(self.stderr.parse::<Value>().is_err(), "{self:?}");
        let message = self.stderr.strip_prefix("twochat: ").unwrap_or_else(|| panic!("{self:?}"));
        assert_eq!(message.lines().count(), 1, "{message}");
        message.trim_end()
    }
}

fn one_line(text: &str) -> Value {
    assert!(text.ends_with('\n') && text.lines().count() == 1, "{text}");
    text.parse().unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A program without the settings of whoever runs the tests, which finds
/// `twochat` by its name.
pub(crate) fn program(name: impl AsRef<OsStr>, settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(name);
    let inherited = env::vars_os().map(|(name, _)| name);
    let of_ours = |name: &str| {
        let of_network = name.starts_with("SSL_CERT_") || name.to_lowercase().ends_with("_proxy");
        name.starts_with("TWOCHAT_") || of_network
    };
    for name in inherited.filter(|name| of_ours(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    let built = PathBuf::from(env!("CARGO_BIN_EXE_twochat")).parent().unwrap().to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([built].into_iter().chain(env::split_paths(&path))).unwrap();
    command.env("PATH", path).env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command.env("XDG_CONFIG_HOME", PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("no-policy"));
    command.env_remove("CLICOLOR_FORCE").env_remove("NO_COLOR").env_remove("COLUMNS");
    command.env("TERM", "xterm").stdin(Stdio::null()).envs(settings.iter().copied());
    command
}

/// The built command.
pub(crate) fn command(arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = program(env!("CARGO_BIN_EXE_twochat"), settings);
    command.args(arguments);
    command
}

pub(crate) fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Run {
    // A receiver that should be refused and is not goes on for ever.
    let time = if arguments.first() == Some(&"listen") { REFUSAL } else { PATIENCE };
    let run = ended(output_within(&mut command(arguments, settings), time));
    hold(arguments, &run);
    run
}

/// What a program wrote until it ended.
pub(crate) fn output(command: &mut Command) -> Output {
    output_within(command, PATIENCE)
}

fn output_within(command: &mut Command, time: Duration) -> Output {
    waited_within(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap(), time)
}

/// What one wrote that runs already.
pub(crate) fn waited(child: Child) -> Output {
    waited_within(child, PATIENCE)
}

/// What has not ended by then fails, rather than hold up all tests.
fn waited_within(child: Child, time: Duration) -> Output {
    let id = Pid::from_child(&child);
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(child.wait_with_output()));
    told.recv_timeout(time).map(Result::unwrap).unwrap_or_else(|_| {
        let _ = kill_process(id, Signal::KILL);
        // What it started itself may hold its output.
        let said = told.recv_timeout(Duration::from_secs(5));
        panic!("it did not end in {time:?}: {said:?}");
    })
}
/// What a call of the connector's own takes and gives is as its schemas say,
/// where both can be seen: arguments that are JSON, and a result that is.
fn hold(arguments: &[&str], run: &Run) {
    let ["call", words @ ..] = arguments else { return };
    let shaped = ["--component", "--output", "--columns", "--bom", "--spread", "--all", "--help"];
    if words.iter().any(|word| shaped.iter().any(|flag| word.starts_with(flag))) {
        return;
    }
    let Some(tool) = TOOLS.iter().find(|tool| words.contains(&tool.name.as_str())) else { return };
    let result = match run.code {
        Some(0) => Ok(run.stdout.parse().unwrap_or_else(|error| panic!("{error}: {run:?}"))),
        Some(1) => Err(run.stderr.lines().last().unwrap().parse().unwrap()),
        _ => return,
    };
    let json = words.iter().filter_map(|word| word.parse().ok()).find(Value::is_object);
    match json.filter(|_| !words.iter().any(|word| word.starts_with("--"))) {
        Some(arguments) => schemas::hold(&tool.name, &arguments, &result),
        None => schemas::gives(&tool.name, &result),
    }
}

/// Runs the command with this on its standard input.
pub(crate) fn fed(arguments: &[&str], settings: &[(&str, &str)], input: Vec<u8>) -> Run {
    let mut command = command(arguments, settings);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that has read enough closes its end.
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = waited(child);
    writer.join().unwrap();
    ended(output)
}

pub(crate) fn ended(output: Output) -> Run {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let run = Run {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    };
    assert!(!format!("{run:?}").contains("canary"), "the key is shown: {run:?}");
    run
}

/// A mock that knows the canary as its key and has as many contacts.
pub(crate) async fn twochat_with(contacts: usize) -> Mock {
    let options = Options { contacts, requests_per_minute: 1_000_000, ..Options::default() };
    Mock::start(Options { key: CANARY.to_owned(), ..options }).await.unwrap()
}

/// A reply that repeats the key in a form that the gate does not know it by.
pub(crate) fn repeating(status: u16, body: &Value) -> Reply {
    Reply::new(status, body.to_string().replace('7', "\\u0037"))
}

/// The settings that lead to a server, with the right key.
pub(crate) fn asking(base: &str) -> [(&str, &str); 2] {
    [("TWOCHAT_BASE_URL", base), ("TWOCHAT_API_KEY", CANARY)]
}

/// A folder with nothing in it.
pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A file for `--component`.
pub(crate) fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// What a terminal is sent by a line of a shell, in which `twochat` is the
/// built command.
pub(crate) fn on_a_terminal(line: &str, settings: &[(&str, &str)]) -> String {
    let mut script = program("script", settings);
    script.args(["-qec", line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = script.spawn().expect("`script` of util-linux");
    // Kept, since a terminal whose input ends tells the command so.
    let _input = child.stdin.take();
    let output = waited(child);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && !shown.contains("canary"), "{line}: {shown}");
    shown
}

/// What a terminal is sent by a line of a shell, and the code that it ends with, where this
/// is typed once a question has come.
pub(crate) fn answered_on_a_terminal(
    line: &str,
    settings: &[(&str, &str)],
    typed: &[u8],
) -> (Option<i32>, String) {
    let mut script = program("script", settings);
    script.args(["-qec", line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = script.spawn().expect("`script` of util-linux");
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let typed = typed.to_vec();
    let shows = thread::spawn(move || {
        let (mut shown, mut piece) = (Vec::new(), [0; 4096]);
        let mut is_typed = false;
        while let Ok(length @ 1..) = stdout.read(&mut piece) {
            shown.extend_from_slice(&piece[..length]);
            if !is_typed && shown.ends_with(b"[y/N] ") {
                stdin.write_all(&typed).unwrap();
                is_typed = true;
            }
        }
        (shown, stdin)
    });
    let status = waited(child).status;
    let (shown, _input) = shows.join().unwrap();
    let shown = String::from_utf8(shown).unwrap();
    assert!(!shown.contains("canary"), "{line}: {shown}");
    (status.code(), shown)
}
