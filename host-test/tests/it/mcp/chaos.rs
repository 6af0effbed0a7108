//! Everything goes wrong at once: the server hangs, cuts and floods, the log cannot
//! be used and can again, keys change and the persona is revoked and not. Every call ends
//! in time, and the log has all that were made.

use std::{
    collections::HashMap,
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::symlink,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    agent::{Agent, request},
    shell::{folder, run},
};

/// So many are under way at first; as many come later, a few at a time.
const AT_FIRST: u64 = 200;
const CALLS: u64 = 2 * AT_FIRST;
/// So long all goes wrong.
const CHAOS: Duration = Duration::from_secs(10);
/// Longer than a call may take, on a machine with much else to do.
const DEADLINE: Duration = Duration::from_secs(65);
const BODY: &str = "{\"success\":true,\"contacts\":[]}";

/// A server that does harm until it is told to be good.
#[derive(Clone, Default)]
struct Server {
    is_good: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
    hanging: Arc<Mutex<Vec<TcpStream>>>,
}

impl Server {
    fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/open", listener.local_addr().unwrap());
        let server = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (server, stream) = (server.clone(), stream.unwrap());
                thread::spawn(move || server.serve(stream));
            }
        });
        base
    }

    fn serve(self, mut stream: TcpStream) {
        let mut buffer = [0; 4096];
        while stream.read(&mut buffer).is_ok_and(|read| read > 0) {
            let good = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{BODY}", BODY.len());
            let manner = self.count.fetch_add(1, SeqCst) % 6;
            let written = match manner {
                _ if self.is_good.load(SeqCst) => stream.write_all(good.as_bytes()),
                0 => {
                    self.hanging.lock().unwrap().push(stream);
                    return;
                }
                1 => return,
                2 => {
                    let _ = stream.write_all(&good.as_bytes()[..good.len() - 5]);
                    return;
                }
                3 => {
                    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                    let chunk = [&b"10000\r\n"[..], &[b' '; 0x10000], b"\r\n"].concat();
                    let _ = stream.write_all(head);
                    // Until nobody takes more.
                    while stream.write_all(&chunk).is_ok() && !self.is_good.load(SeqCst) {}
                    return;
                }
                4 => stream.write_all(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"),
                _ => stream.write_all(good.as_bytes()),
            };
            if written.is_err() {
                return;
            }
        }
    }

    fn comes_back(&self) {
        self.is_good.store(true, SeqCst);
        self.hanging.lock().unwrap().clear();
    }
}

/// Puts something in the place of a file at once.
fn put(place: &Path, make: impl Fn(&Path)) {
    let beside = place.with_extension("new");
    make(&beside);
    fs::rename(beside, place).unwrap();
}

fn policy(base: &str, key: &str, revoked: bool) -> String {
    format!(
        "default-persona = \"p\"\n[connections.work]\nbase-url = \"{base}\"\n\
         secret = {{ command = [\"/bin/echo\", \"chaos-{key}\"] }}\n\
         [personas.p]\nconnection = \"work\"\nactions = [\"list-contacts\"]\nrevoked = {revoked}\n"
    )
}

fn call(id: u64) -> Value {
    request(id, "tools/call", json!({ "name": "list-contacts", "arguments": {} }))
}

fn words(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_default()
}

#[test]
fn when_everything_goes_wrong_every_call_ends_and_is_in_the_log() {
    let server = Server::default();
    let base = server.start();
    let folder = folder("mcp-chaos");
    let (file, log) = (folder.join("policy.toml"), folder.join("audit.jsonl"));
    let disk = folder.join("disk.jsonl");
    let write =
        |key: &str, revoked| put(&file, |new| fs::write(new, policy(&base, key, revoked)).unwrap());
    let log_to = |target: &Path| put(&log, |new| symlink(target, new).unwrap());
    write("key-0", false);
    log_to(&disk);
    let name = file.to_str().unwrap();
    let mut agent = Agent::started(&["--policy", name], &[]);

    let begun = Instant::now();
    for id in 0..AT_FIRST {
        agent.say(&call(id));
    }
    let mut answers = HashMap::new();
    let mut hear = |agent: &Agent, time| {
        while let Ok(answer) = agent.hear_within(time) {
            let known = answers.insert(answer["id"].as_u64().unwrap(), answer.clone());
            assert!(known.is_none(), "answered twice: {answer}");
            if answers.len() as u64 == CALLS {
                break;
            }
        }
        answers.len() as u64
    };
    let mut later = AT_FIRST..CALLS;
    for round in 0.. {
        later.by_ref().take(8).for_each(|id| agent.say(&call(id)));
        write(&format!("key-{round}"), false);
        if round % 5 == 2 {
            write("no-key", true);
            hear(&agent, Duration::from_millis(50));
            write("key", false);
        }
        if round % 5 == 4 {
            // One that others may write to is not used.
            log_to(Path::new("/dev/full"));
            hear(&agent, Duration::from_millis(20));
            log_to(&disk);
        }
        hear(&agent, Duration::from_millis(200));
        if begun.elapsed() > CHAOS && later.is_empty() {
            break;
        }
    }
    write("last-key", false);
    log_to(&disk);
    server.comes_back();
    let left = DEADLINE.saturating_sub(begun.elapsed());
    while hear(&agent, left / 8) < CALLS {
        assert!(begun.elapsed() < DEADLINE, "not all have ended");
    }

    // Now all is well, and little is left of it.
    for _ in 0..20 {
        let result = agent.call("list-contacts", json!({}));
        assert_eq!(result["structuredContent"]["contacts"], json!([]), "{result}");
    }
    if let (Some(peak), Some(now)) = (agent.megabytes("VmHWM:"), agent.megabytes("VmRSS:")) {
        assert!(peak < 400 && now < 200, "{peak} MB at most, {now} MB now");
    }
    log_to(Path::new("/dev/full"));
    let why = agent.fails("list-contacts", json!({}));
    assert!(why.contains("cannot be used: others may write to it"), "{why}");
    log_to(&disk);
    write("last-key", true);
    let why = agent.fails("list-contacts", json!({}));
    assert!(why.contains("the persona `p` is revoked"), "{why}");
    agent.leave();

    let unwritten = answers.values().filter(|answer| {
        let words = words(answer);
        words.contains("cannot be used: ") && words.contains("Nothing was sent")
    });
    let written = usize::try_from(CALLS).unwrap() + 21 - unwritten.count();
    let shown = run(&["audit", disk.to_str().unwrap(), "--output", "jsonl"], &[]);
    let calls: Vec<Value> = shown.output().lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(calls.len(), written);
    // One that has no time never ended.
    assert!(calls.iter().all(|call| call["milliseconds"].as_u64().is_some_and(|it| it < 62_000)));
    let kinds = |kind: &str| calls.iter().filter(|call| call["error"]["kind"] == kind).count();
    let good = calls.iter().filter(|call| call["error"].is_null()).count();
    let failed = kinds("unexpected-reply") + kinds("interrupted");
    assert!(good > 20 && failed > 0, "{good} {failed}");
}
