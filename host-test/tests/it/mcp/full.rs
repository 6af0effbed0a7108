//! The disk of the log is full: nothing is sent that cannot be written down, and what was
//! sent waits for room and is then shown. Seen on a small disk of the server's own, where
//! the system lends one.

use std::{
    fs,
    io::{ErrorKind, Write},
    iter,
    path::{Path, PathBuf},
    sync::mpsc::RecvTimeoutError,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    agent::{Agent, request},
    raw::{Raw, Step},
    shell::{asking, folder, program, run},
};

/// So many calls are under way when it fills.
const CALLS: usize = 8;

fn call(id: usize) -> Value {
    request(id, "tools/call", json!({ "name": "list-contacts", "arguments": {} }))
}

fn is_good(answer: &Value) {
    assert_eq!(answer["result"]["isError"], json!(false), "{answer}");
}

/// A page that needs more of the log than the rest of what it has of the disk already.
fn page() -> String {
    let name = "x".repeat(5000);
    let body = json!({ "success": true, "contacts": [{ "uuid": "CON-1", "first_name": name }] });
    let body = body.to_string();
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// A server that keeps its log on a disk of 256 KiB, and where the disk is seen from here.
fn on_a_small_disk(base_url: &str) -> Option<(Agent, PathBuf)> {
    if !program("unshare", &[]).args(["-m", "true"]).status().is_ok_and(|it| it.success()) {
        eprintln!("not seen: only root on Linux may mount a small disk");
        return None;
    }
    let disk = folder("mcp-full");
    let mounted = "mount -t tmpfs -o size=256k none \"$0\" && exec twochat mcp --audit \"$0/log\"";
    let mut server = program("unshare", &asking(base_url));
    server.args(["-m", "sh", "-c", mounted]).arg(&disk);
    let agent = Agent::run(server).greeted();
    let seen = Path::new("/proc").join(agent.id().to_string()).join("root");
    let disk = seen.join(disk.strip_prefix("/").unwrap());
    Some((agent, disk))
}

/// Leaves no byte of room.
fn fill(disk: &Path) {
    let mut other = fs::File::create(disk.join("other")).unwrap();
    // The last bytes do not take many at once.
    for bytes in [1 << 20, 4096, 1] {
        let why = iter::repeat_with(|| other.write_all(&vec![b'x'; bytes])).find_map(Result::err);
        assert_eq!(why.unwrap().kind(), ErrorKind::StorageFull);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_keeps_calls_from_being_sent_and_loses_none_that_was() {
    let slow = vec![Step::Pause(Duration::from_secs(4)), Step::Send(page().into())];
    let server = Raw::replying(slow).await;
    let Some((mut agent, disk)) = on_a_small_disk(&server.base_url()) else { return };
    let room = || fs::remove_file(disk.join("other")).unwrap();

    for id in 1000..1000 + CALLS {
        agent.say(&call(id));
    }
    let begun = Instant::now();
    while server.requests().len() < CALLS {
        assert!(begun.elapsed() < Duration::from_secs(20), "{} came", server.requests().len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    fill(&disk);
    // They end, and none is shown.
    let answer = agent.hear_within(Duration::from_secs(6));
    assert_eq!(answer, Err(RecvTimeoutError::Timeout));
    let why = agent.fails("list-contacts", json!({}));
    assert!(why.contains("cannot be written to") && why.contains("Nothing was sent"), "{why}");
    assert_eq!(server.requests().len(), CALLS);

    room();
    for _ in 0..CALLS {
        is_good(&agent.hear());
    }
    let log = disk.join("log");
    let shown = run(&["audit", log.to_str().unwrap(), "--output", "jsonl"], &[]);
    let calls: Vec<Value> = shown.stdout.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(calls.len(), CALLS, "{shown:?}");
    assert!(calls.iter().all(|call| call["result"].is_object()), "{shown:?}");
    assert_eq!(agent.leave(), [] as [Value; 0]);
}
