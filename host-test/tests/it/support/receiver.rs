//! `twochat listen`, and somebody who delivers to it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, kill_process};

use super::{remote::Reply, shell};

/// Longer than anything takes here, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(75);
/// The event that most tests are about.
pub(crate) const EVENT: &str = "whatsapp.conversation.new";

/// One that runs.
pub(crate) struct Receiver {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) store: PathBuf,
    shown: Arc<Mutex<String>>,
    said: Arc<Mutex<String>>,
}

impl Receiver {
    /// One for this store, with these words and settings beside.
    pub(crate) fn with(store: &Path, words: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut kept = vec!["listen", "--store", store.to_str().unwrap()];
        if !words.contains(&"--listen") {
            kept.extend(["--listen", "127.0.0.1:0"]);
        }
        let mut command = shell::command(&[&kept[..], words].concat(), settings);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let shown = heard(child.stdout.take().unwrap());
        let said = heard(child.stderr.take().unwrap());
        let listening = "listening at http://";
        let line = until(|| {
            let said = said.lock().unwrap();
            assert!(!said.contains("cannot be used"), "{said}");
            let (_, rest) = said.split_once(listening)?;
            Some(rest.split_whitespace().next()?.to_owned())
        });
        let address = line.parse().unwrap();
        Self { child, address, store: store.to_owned(), shown, said }
    }

    /// One for the event that most tests are about, in a folder of its own, and the path of
    /// its url.
    pub(crate) fn of(test: &str, words: &[&str]) -> (Self, String) {
        let store = shell::folder(&format!("listen-{test}")).join("events.sqlite");
        let receiver = Self::with(&store, &[&["--event", EVENT], words].concat(), &[]);
        let path = receiver.path(EVENT);
        (receiver, path)
    }

    /// The path of a url that was made for this event.
    pub(crate) fn path(&self, event: &str) -> String {
        let url = until(|| {
            let shown = self.shown.lock().unwrap();
            let line = shown.lines().find_map(|line| line.strip_prefix(event)?.strip_prefix(' '));
            line.map(str::to_owned)
        });
        url.rsplit_once('/').map(|(_, token)| format!("/{token}")).unwrap()
    }

    /// What it said until now.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it said this.
    pub(crate) fn says(&self, words: &str) {
        until(|| self.said().contains(words).then_some(()));
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn connected(&self) -> TcpStream {
        connected(self.address)
    }

    /// The answer to a delivery.
    pub(crate) fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Reply {
        self.told("POST", path, "", body)
    }

    /// The answer to any request; each further header ends its line.
    pub(crate) fn told(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: impl AsRef<[u8]>,
    ) -> Reply {
        let (mut stream, body) = (self.connected(), body.as_ref());
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
             content-length: {length}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        // Whoever refuses may not read on.
        let _ = stream.write_all(body);
        Reply::to(&mut stream)
    }

    /// Ends it at once, as a crash does.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    /// Asks it to end, and gives how it did and what it said.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        self.interrupt();
        let status = until(|| self.child.try_wait().unwrap());
        (status, self.said())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until there is something.
pub(crate) fn until<T>(mut there_is: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = there_is() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not come");
        thread::sleep(Duration::from_millis(10));
    }
}

fn connected(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// All that comes, as it comes.
fn heard(stream: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let hears = Arc::clone(&text);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            assert!(!line.contains("canary"), "the key is shown: {line}");
            assert!(!line.contains('\u{1b}'), "it is no terminal: {line}");
            *hears.lock().unwrap() += &(line + "\n");
        }
    });
    text
}

/// Somebody who delivers one after another over one connection.
pub(crate) struct Sender {
    stream: BufReader<TcpStream>,
    path: String,
}

impl Sender {
    pub(crate) fn to(address: SocketAddr, path: &str) -> Self {
        Self { stream: BufReader::new(connected(address)), path: path.to_owned() }
    }

    /// The status of the answer, if one came.
    pub(crate) fn post(&mut self, body: &str) -> Option<u16> {
        let (path, length) = (&self.path, body.len());
        let request =
            format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}");
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        let (mut status, mut length) = (None, 0);
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let line = line.trim_end().to_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest.split(' ').next()?.parse().ok();
            }
            if let Some(rest) = line.strip_prefix("content-length: ") {
                length = rest.parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        status
    }
}

/// The store, as another program sees it.
pub(crate) fn looked_into(store: &Path) -> Connection {
    let opened = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    opened.busy_timeout(PATIENCE).unwrap();
    opened
}

/// A number that the store knows.
pub(crate) fn number(store: &Path, query: &str) -> i64 {
    looked_into(store).query_row(query, [], |row| row.get(0)).unwrap()
}
