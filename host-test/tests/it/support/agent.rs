//! An agent that starts `twochat mcp` and talks to it line by line. It waits
//! for nothing without a deadline, and reads everything with an eye for the key.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use mock::Mock;
use serde_json::{Value, json};

use crate::support::{schemas, shell};

/// Longer than anything takes here, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A mock 2Chat for many calls.
pub(crate) async fn twochat() -> Mock {
    shell::twochat_with(3).await
}

/// What an agent says first.
pub(crate) fn hello(version: &str) -> Value {
    json!({
        "protocolVersion": version,
        "capabilities": {},
        "clientInfo": { "name": "test", "version": "1" },
    })
}

pub(crate) fn request(id: impl Into<Value>, method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id.into(), "method": method, "params": params })
}

pub(crate) fn notification(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

pub(crate) struct Agent {
    child: Child,
    /// None once the input has ended.
    input: Option<Sender<Vec<u8>>>,
    output: Receiver<String>,
    errors: Option<JoinHandle<String>>,
    asked: usize,
    is_paused: Arc<AtomicBool>,
}

impl Agent {
    /// Starts the server and says nothing.
    pub(crate) fn silent(base_url: &str, arguments: &[&str]) -> Self {
        Self::spawned(arguments, &shell::asking(base_url))
    }

    fn spawned(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut command = shell::command(&["mcp"], settings);
        command.args(arguments);
        Self::run(command)
    }

    /// Starts a server in another way, and says nothing.
    pub(crate) fn run(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();

        // On threads, so that no pipe that is full or empty holds up a test.
        let (input, lines) = mpsc::channel::<Vec<u8>>();
        let mut stdin = child.stdin.take().unwrap();
        thread::spawn(move || lines.iter().try_for_each(|line| stdin.write_all(&line)));
        let (heard, output) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let is_paused = Arc::new(AtomicBool::new(false));
        let pausing = Arc::clone(&is_paused);
        thread::spawn(move || {
            stdout.lines().try_for_each(|line| {
                while pausing.load(SeqCst) {
                    thread::sleep(Duration::from_millis(10));
                }
                heard.send(line.unwrap())
            })
        });
        let mut stderr = child.stderr.take().unwrap();
        let errors = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        Self { child, input: Some(input), output, errors: Some(errors), asked: 0, is_paused }
    }

    /// Starts the server and shakes hands.
    pub(crate) fn of(base_url: &str) -> Self {
        Self::with(base_url, &[])
    }

    pub(crate) fn with(base_url: &str, arguments: &[&str]) -> Self {
        Self::silent(base_url, arguments).greeted()
    }

    /// Starts the server with these settings and shakes hands.
    pub(crate) fn started(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        Self::spawned(arguments, settings).greeted()
    }

    pub(crate) fn greeted(mut self) -> Self {
        let agent = &mut self;
        let welcome = agent.ask("initialize", hello("2025-11-25"));
        assert_eq!(welcome["result"]["protocolVersion"], "2025-11-25", "{welcome}");
        agent.say(&notification("notifications/initialized", json!({})));
        self
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&self, bytes: impl Into<Vec<u8>>) {
        self.input.as_ref().unwrap().send(bytes.into()).unwrap();
    }

    /// Sends a message.
    pub(crate) fn say(&self, message: &Value) {
        self.send(format!("{message}\n"));
    }

    /// Reads nothing any more.
    pub(crate) fn pause(&self) {
        self.is_paused.store(true, SeqCst);
    }

    /// Reads on.
    pub(crate) fn resume(&self) {
        self.is_paused.store(false, SeqCst);
    }

    /// The next message.
    pub(crate) fn hear(&self) -> Value {
        self.hear_within(PATIENCE).unwrap_or_else(|why| panic!("no message came: {why}"))
    }

    /// The next message, if there is one in time.
    pub(crate) fn hear_within(&self, time: Duration) -> Result<Value, RecvTimeoutError> {
        let line = self.line_within(time)?;
        let message: Value = line.parse().unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(message["jsonrpc"], "2.0", "{message}");
        Ok(message)
    }

    /// The line of the next message, whatever it shows.
    pub(crate) fn raw_line(&self) -> String {
        self.output.recv_timeout(PATIENCE).unwrap()
    }

    /// The line of the next message.
    pub(crate) fn line_within(&self, time: Duration) -> Result<String, RecvTimeoutError> {
        let line = self.output.recv_timeout(time)?;
        assert!(!line.contains("canary"), "the key is shown: {line}");
        Ok(line)
    }

    /// Sends a request; the next message is to be its answer.
    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = format!("asked-{}", self.asked);
        self.say(&request(id.as_str(), method, params));
        let answer = self.hear();
        assert_eq!(answer["id"], id, "{method}: {answer}");
        answer
    }

    /// What a tool gives, right or wrong.
    pub(crate) fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments.clone() });
        let mut answer = self.ask("tools/call", params);
        assert!(answer["error"].is_null(), "{tool}: {answer}");
        let result = answer["result"].take();
        let known = schemas::TOOLS.iter().any(|known| known.name == tool);
        if let Some(given) = result.get("structuredContent").filter(|_| known) {
            // In the protocol no arguments are as good as an empty object.
            let arguments = if arguments.is_null() { json!({}) } else { arguments };
            schemas::hold_for_models(tool, &arguments, given);
        }
        result
    }

    /// The text of a call that went wrong.
    pub(crate) fn fails(&mut self, tool: &str, arguments: Value) -> String {
        let result = self.call(tool, arguments);
        assert_eq!(result["isError"], true, "{tool}: {result}");
        assert!(result.get("structuredContent").is_none(), "{tool}: {result}");
        let content = result["content"].as_array().unwrap();
        assert_eq!((content.len(), &content[0]["type"]), (1, &json!("text")), "{tool}: {result}");
        let text = content[0]["text"].as_str().unwrap();
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{tool}: {text:?}");
        text.to_owned()
    }

    /// Proves that the server still serves.
    pub(crate) fn is_served(&mut self) {
        let answer = self.ask("ping", json!({}));
        assert_eq!(answer["result"], json!({}), "{answer}");
    }

    /// The server's process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most memory that the server had so far, where the system tells.
    pub(crate) fn peak_megabytes(&self) -> Option<u64> {
        self.megabytes("VmHWM:")
    }

    /// So many megabytes the system tells of the server under this name.
    pub(crate) fn megabytes(&self, name: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with(name))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
    }

    /// Ends the input; gives the code that the server ends with in this time.
    pub(crate) fn ended(mut self, time: Duration) -> Option<i32> {
        drop(self.input.take());
        let begun = Instant::now();
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status.code(),
                None if begun.elapsed() > time => panic!("it does not end"),
                None => thread::sleep(Duration::from_millis(50)),
            }
        }
    }

    /// Ends the input; gives the code that the server ends with, and what it complained of.
    pub(crate) fn ended_saying(mut self) -> (Option<i32>, String) {
        drop(self.input.take());
        let errors = self.errors.take().unwrap().join().unwrap();
        (self.child.wait().unwrap().code(), errors)
    }

    /// Sends Ctrl-C; gives the code that the server ends with.
    pub(crate) fn interrupted(mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        self.child.wait().unwrap().code()
    }

    /// Ends the input; the server is to end by itself, and well. Gives all that
    /// it still said.
    pub(crate) fn leave(mut self) -> Vec<Value> {
        drop(self.input.take());
        let begun = Instant::now();
        let mut said = Vec::new();
        loop {
            match self.hear_within(PATIENCE.saturating_sub(begun.elapsed())) {
                Ok(message) => said.push(message),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it does not end"),
            }
        }
        let status = self.child.wait().unwrap();
        let errors = self.errors.take().unwrap().join().unwrap();
        assert_eq!((status.code(), errors.as_str()), (Some(0), ""));
        said
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // One that ended already is what most tests ask for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
