//! `twochat mcp --http`, and agents that ask it. Nothing is waited for without a deadline,
//! and everything is read with an eye for the key.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Stdio},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{
    agent::{hello, notification, request},
    shell,
};

/// Longer than anything takes here, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(75);

/// A server that runs.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: SocketAddr,
    errors: Option<JoinHandle<String>>,
}

impl Served {
    /// At any free port, with these words and settings beside.
    pub(crate) fn with(words: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut command = shell::command(&["mcp", "--http", "127.0.0.1:0"], settings);
        command.args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let errors = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        let address = line.trim().strip_prefix("http://").and_then(|it| it.strip_suffix("/mcp"));
        let address = address.unwrap_or_else(|| panic!("{line}")).parse().unwrap();
        Self { child, address, errors: Some(errors) }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The code that it ends with, and what it said.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let begun = Instant::now();
        let code = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status.code(),
                None if begun.elapsed() > PATIENCE => panic!("it does not end"),
                None => thread::sleep(Duration::from_millis(20)),
            }
        };
        let errors = self.errors.take().unwrap().join().unwrap();
        assert!(!errors.contains("canary"), "the key is shown: {errors}");
        (code, errors)
    }

    /// The answer to a request of these headers, beside those that are always there.
    pub(crate) fn asked(&self, headers: &[(&str, &str)], body: &str) -> Reply {
        let host = self.address.to_string();
        let mut head = format!("POST /mcp HTTP/1.1\r\ncontent-length: {}\r\n", body.len());
        let usual = [
            ("host", host.as_str()),
            ("accept", "application/json, text/event-stream"),
            ("content-type", "application/json"),
            ("connection", "close"),
        ];
        let given = |name: &str| headers.iter().any(|(other, _)| *other == name);
        for (name, value) in usual.iter().filter(|(name, _)| !given(name)).chain(headers) {
            head += &format!("{name}: {value}\r\n");
        }
        self.told(format!("{head}\r\n{body}").as_bytes())
    }

    /// The answer to these bytes.
    pub(crate) fn told(&self, bytes: &[u8]) -> Reply {
        Reply::to(&mut self.connected(bytes))
    }

    /// A connection on which these bytes were sent.
    pub(crate) fn connected(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    }

    /// How many threads it has.
    pub(crate) fn threads(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap().count()
    }

    /// An agent that shook hands.
    pub(crate) fn agent(&self, token: Option<&str>) -> Remote<'_> {
        Remote::of(self, token).unwrap_or_else(|reply| panic!("{reply:?}"))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// All that comes until the connection ends.
    pub(crate) fn to(stream: &mut TcpStream) -> Self {
        let (begun, mut bytes, mut piece) = (Instant::now(), Vec::new(), vec![0; 64 << 10]);
        // What came before a connection was cut counts.
        while let Ok(length @ 1..) = stream.read(&mut piece) {
            bytes.extend_from_slice(&piece[..length]);
            assert!(begun.elapsed() < PATIENCE, "it does not end");
        }
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("canary"), "the key is shown: {text}");
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
        let head = head.to_lowercase();
        let body =
            if head.contains("transfer-encoding: chunked") { whole(body) } else { body.into() };
        Self { status, head, body }
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The messages in it, as JSON or as events.
    pub(crate) fn messages(&self) -> Vec<Value> {
        let events = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        let events: Vec<_> = events.filter_map(|event| event.parse().ok()).collect();
        if events.is_empty() { self.body.parse().into_iter().collect() } else { events }
    }

    /// The last of them.
    pub(crate) fn message(&self) -> Value {
        self.messages().pop().unwrap_or_else(|| panic!("{self:?}"))
    }
}

/// A body without the lengths of its pieces.
fn whole(mut pieces: &str) -> String {
    let mut body = String::new();
    while let Some((length, rest)) = pieces.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        body += &rest[..length];
        pieces = rest[length..].trim_start_matches("\r\n");
        if length == 0 {
            break;
        }
    }
    body
}

/// An agent with a session.
pub(crate) struct Remote<'a> {
    served: &'a Served,
    token: Option<String>,
    pub(crate) session: String,
    asked: AtomicUsize,
}

impl<'a> Remote<'a> {
    /// Shakes hands, unless that is refused.
    pub(crate) fn of(served: &'a Served, token: Option<&str>) -> Result<Self, Reply> {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers = bearer.iter().map(|it| ("authorization", it.as_str())).collect::<Vec<_>>();
        let welcome = request(0, "initialize", hello("2025-11-25")).to_string();
        let reply = served.asked(&headers, &welcome);
        let Some(session) = reply.header("mcp-session-id").map(str::to_owned) else {
            return Err(reply);
        };
        assert_eq!(reply.message()["result"]["serverInfo"]["name"], "twochat", "{reply:?}");
        let agent = Self { served, token: token.map(str::to_owned), session, asked: 1.into() };
        let reply = agent.told(&notification("notifications/initialized", json!({})));
        assert_eq!(reply.status, 202, "{reply:?}");
        Ok(agent)
    }

    /// The answer to a message in its session.
    pub(crate) fn told(&self, message: &Value) -> Reply {
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut headers = vec![("mcp-session-id", self.session.as_str())];
        headers.extend(bearer.iter().map(|it| ("authorization", it.as_str())));
        self.served.asked(&headers, &message.to_string())
    }

    /// Sends a request and gives its answer.
    pub(crate) fn ask(&self, method: &str, params: Value) -> Value {
        let id = self.asked.fetch_add(1, Relaxed);
        let reply = self.told(&request(id, method, params));
        assert_eq!(reply.status, 200, "{reply:?}");
        let answer = reply.message();
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// What a tool gives, right or wrong.
    pub(crate) fn call(&self, tool: &str, arguments: Value) -> Value {
        let mut answer = self.ask("tools/call", json!({ "name": tool, "arguments": arguments }));
        answer["result"].take()
    }

    /// The names of the tools that it sees.
    pub(crate) fn tools(&self) -> Vec<String> {
        let listed = self.ask("tools/list", json!({}));
        let tools = listed["result"]["tools"].as_array().unwrap();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }
}
