//! The mock in a process of its own, which gives the same reply to every request.

use std::{
    env,
    io::{BufRead, BufReader, Write, stdin},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use mock::{Fault, Mock, Options};

use crate::native::Native;

/// For [`serve`]: no request is answered.
pub(crate) const HANGING: &str = "hanging";
/// For [`serve`], before a number: that many contacts, in pages.
pub(crate) const ALL: &str = "all ";

/// Serves one page of so many contacts, and tells for each line of input how many
/// requests there were, until the input ends.
pub(crate) async fn serve(mode: &str) {
    let contacts = mode.trim_start_matches(ALL).parse().unwrap_or_default();
    let options = Options {
        contacts,
        requests_per_minute: u32::MAX,
        max_api_requests: u64::MAX,
        ..Options::default()
    };
    let vendor = Mock::start(options).await.unwrap();
    if mode == HANGING {
        vendor.switch_on(Fault::Hang);
    } else if !mode.starts_with(ALL) {
        Native::new(&vendor.base_url()).page(0).await;
        // Made once: what remains is the time to send it.
        let reply = vendor.exchanges().remove(0).reply.unwrap();
        assert_eq!(reply.status, 200);
        vendor.answer_with(reply);
    }
    println!("{}", vendor.base_url());
    for _ in stdin().lines().map_while(Result::ok) {
        println!("{}", vendor.requests().len());
    }
}

pub(crate) struct Vendor {
    process: Child,
    asked: Option<ChildStdin>,
    told: BufReader<ChildStdout>,
    base_url: String,
}

impl Vendor {
    pub(crate) fn start(mode: &str) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["vendor", mode])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let asked = process.stdin.take();
        let told = BufReader::new(process.stdout.take().unwrap());
        let mut this = Self { process, asked, told, base_url: String::new() };
        this.base_url = this.line();
        this
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// How many requests have arrived.
    pub(crate) fn requests(&mut self) -> usize {
        writeln!(self.asked.as_mut().unwrap()).unwrap();
        self.line().parse().unwrap()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.told.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        drop(self.asked.take());
        let _ = self.process.wait();
    }
}
