//! `--all`: that every row of every page comes out once, whatever happens to
//! the list, the server, the file or the command on the way.

mod resumed;

use std::{
    collections::HashSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use mock::{Fault, Mock, Options, Reply};
use serde_json::{Value, json};

use crate::support::shell::{CANARY, asking, command, folder, run, twochat_with, waited};

const FORMS: [&str; 2] = ["jsonl", "csv"];

/// The uuid of a contact of the mock.
fn uuid(number: usize) -> String {
    format!("CON{number:08x}-36dc-4103-b2a2-{number:012x}")
}

/// The uuids of the rows in the order in which they stand there.
fn uuids(rows: &str, form: &str) -> Vec<String> {
    if form == "jsonl" {
        let row = |line: &str| line.parse::<Value>().unwrap_or_else(|e| panic!("{e}: {line}"));
        return rows.lines().map(|line| row(line)["uuid"].as_str().unwrap().to_owned()).collect();
    }
    let mut rows = csv::Reader::from_reader(rows.as_bytes());
    let column = rows.headers().unwrap().iter().position(|name| name == "uuid").unwrap();
    rows.records().map(|row| row.unwrap()[column].to_owned()).collect()
}

/// No row stands there twice, and those of the first contacts all do.
fn assert_whole(rows: &str, form: &str, contacts: usize) {
    let uuids = uuids(rows, form);
    let different: HashSet<_> = uuids.iter().cloned().collect();
    assert_eq!(different.len(), uuids.len(), "{form}: a row is doubled");
    let lost: Vec<_> = (1..=contacts).map(uuid).filter(|uuid| !different.contains(uuid)).collect();
    assert!(lost.is_empty(), "{form}: {} are lost, the first {:?}", lost.len(), lost.first());
}

/// The pages that were asked for, oldest first.
fn pages(twochat: &Mock) -> Vec<usize> {
    let requests = twochat.requests().into_iter().filter(|request| request.method == "GET");
    requests.map(|request| request.query_value("page_number").unwrap().parse().unwrap()).collect()
}

/// Waits until the mock has had as many requests.
fn wait_for_requests(twochat: &Mock, count: usize) {
    let patience = Instant::now() + Duration::from_secs(60);
    while twochat.requests().len() < count {
        assert!(Instant::now() < patience, "the requests never came");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Adds contacts to the mock, one after the other.
struct Adder(TcpStream);

impl Adder {
    fn to(twochat: &Mock) -> Self {
        let base = twochat.base_url();
        let address = base.trim_start_matches("http://").trim_end_matches("/open");
        Self(TcpStream::connect(address).unwrap())
    }

    fn add(&mut self) {
        let body =
            r#"{"first_name":"Late","contact_detail":[{"type":"PH","value":"+14155550199"}]}"#;
        let (length, stream) = (body.len(), &mut self.0);
        write!(
            stream,
            "POST /open/contacts HTTP/1.1\r\nhost: mock\r\nx-user-api-key: {CANARY}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let start = head.len();
            assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
            if let Some(value) = head[start..].to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).unwrap();
        assert!(head.starts_with("HTTP/1.1 201"), "{head}{}", String::from_utf8_lossy(&answer));
    }
}

/// How often the mock gave out a row that it had given out before.
fn given_twice(twochat: &Mock) -> usize {
    let mut seen = HashSet::new();
    let mut doubled = 0;
    for exchange in twochat.exchanges() {
        // Read by eye: as JSON a hundred thousand rows would take many seconds.
        let body = String::from_utf8(exchange.reply.unwrap().body).unwrap();
        for row in body.split(r#""uuid":""#).skip(1) {
            doubled += usize::from(!seen.insert(row[..row.find('"').unwrap()].to_owned()));
        }
    }
    doubled
}

#[tokio::test]
async fn every_contact_comes_out_once_from_pages_of_the_largest_size() {
    for contacts in [0, 1, 99, 100, 101, 1_000] {
        for form in FORMS {
            let twochat = twochat_with(contacts).await;
            let arguments = ["call", "list-contacts", "--all", "--output", form];
            let export = run(&arguments, &asking(&twochat.base_url()));
            let expected: Vec<_> = (1..=contacts).map(uuid).collect();
            assert_eq!(uuids(export.output(), form), expected, "{contacts} as {form}");
            assert_eq!(pages(&twochat), (0..=contacts.div_ceil(100)).collect::<Vec<_>>());
            for request in twochat.requests() {
                assert_eq!(request.query_value("results_per_page"), Some("100"));
            }
        }
    }
}

#[tokio::test]
async fn the_rows_are_those_of_the_pages_and_the_same_in_both_forms() {
    let twochat = twochat_with(7).await;
    let base = twochat.base_url();
    let export = |more: &[&str]| {
        let arguments = [&["call", "list-contacts", "--all"], more].concat();
        run(&arguments, &asking(&base)).output().to_owned()
    };
    let rows: Vec<Value> =
        export(&["--results-per-page", "3"]).lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(pages(&twochat), [0, 1, 2, 3], "the caller's own page size counts");
    let page = run(&["call", "list-contacts"], &asking(&base)).result();
    assert_eq!(page["contacts"], Value::from(rows.clone()));

    let table = export(&["--output", "csv"]);
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let names = table.headers().unwrap().clone();
    for (cells, row) in table.records().zip(&rows) {
        for (name, cell) in names.iter().zip(&cells.unwrap()) {
            match &row[name] {
                Value::Null => assert_eq!(cell, ""),
                Value::String(text) => assert_eq!(cell, text),
                other => assert_eq!(cell, other.to_string()),
            }
        }
    }
    let rest = export(&["--results-per-page", "3", "--page-number", "2"]);
    assert_eq!(uuids(&rest, "jsonl"), [uuid(7)], "the first page is the caller's to name");
    let channel = rows[0]["channel-uuid"].as_str().unwrap();
    let mine = export(&["--channel-uuid", channel]);
    assert_eq!(uuids(&mine, "jsonl"), [uuid(1), uuid(4), uuid(7)]);
}

#[tokio::test]
async fn contacts_that_are_added_meanwhile_neither_hide_nor_double_another() {
    for fault in [None, Some(Fault::NewestFirst)] {
        for form in FORMS {
            let twochat = twochat_with(1_000).await;
            fault.into_iter().for_each(|fault| twochat.switch_on(fault));
            let base = twochat.base_url();
            let mut adder = Adder::to(&twochat);
            let arguments = ["call", "list-contacts", "--all", "--output", form];
            let export = thread::scope(|scope| {
                let export = scope.spawn(|| run(&arguments, &asking(&base)));
                wait_for_requests(&twochat, 1);
                for _ in 0..150 {
                    adder.add();
                    thread::sleep(Duration::from_millis(1));
                }
                export.join().unwrap()
            });
            assert_whole(export.output(), form, 1_000);
            if fault.is_some() {
                assert!(given_twice(&twochat) > 0, "nothing moved, so nothing was shown");
            }
        }
    }
}

#[tokio::test]
async fn contacts_that_deletions_hid_are_missed_by_the_count_of_the_first_page() {
    let twochat = twochat_with(10).await;
    twochat.switch_on(Fault::CountIsTotal);
    let arguments = ["call", "list-contacts", "--all", "--results-per-page", "3"];
    let export = || run(&arguments, &asking(&twochat.base_url()));
    assert_eq!(export().stderr, "");

    twochat.switch_on(Fault::Deletions);
    let shifted = export();

    // One is hidden behind each of the pages but the last.
    let came = [1, 2, 3, 5, 6, 7, 9, 10].map(uuid);
    assert_eq!((shifted.code, uuids(&shifted.stdout, "jsonl")), (Some(0), came.to_vec()));
    assert!(shifted.stderr.contains("10 rows were expected, 8 came"), "{shifted:?}");
}

/// The memory that a process holds itself, in bytes: the pages of its program, which are most
/// in a debug build, come and go as the system likes.
fn own_memory(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim_end_matches("kB").trim().parse::<u64>().unwrap() << 10)
}

#[tokio::test]
async fn a_hundred_thousand_contacts_take_little_memory_while_some_are_added() {
    let twochat = twochat_with(100_000).await;
    twochat.switch_on(Fault::NewestFirst);
    let file = folder("pages-many").join("contacts.csv");
    let to = ["--output", "csv", "--to", file.to_str().unwrap()];
    let arguments = [&["call", "list-contacts", "--all"], &to[..]].concat();
    let mut child = command(&arguments, &asking(&twochat.base_url())).spawn().unwrap();
    let running = AtomicBool::new(true);
    let (status, peak) = thread::scope(|scope| {
        scope.spawn(|| {
            let mut adder = Adder::to(&twochat);
            while running.load(Ordering::Relaxed) {
                adder.add();
                thread::sleep(Duration::from_millis(20));
            }
        });
        let mut peak = 0;
        let status = loop {
            peak = own_memory(&child).unwrap_or_default().max(peak);
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            thread::sleep(Duration::from_millis(10));
        };
        running.store(false, Ordering::Relaxed);
        (status, peak)
    });
    assert!(status.success(), "{status}");
    assert_whole(&fs::read_to_string(&file).unwrap(), "csv", 100_000);
    assert!(given_twice(&twochat) > 0, "nothing moved, so nothing was shown");
    println!("peak memory: {} KiB", peak >> 10);
    assert!((1 << 20..24_000_000).contains(&peak), "{peak} bytes");
}

#[tokio::test]
async fn a_server_that_asks_for_patience_gets_it() {
    let twochat = twochat_with(200).await;
    let base = twochat.base_url();
    let arguments = ["call", "list-contacts", "--all", "--results-per-page", "10"];
    let export = thread::scope(|scope| {
        let export = scope.spawn(|| run(&arguments, &asking(&base)));
        wait_for_requests(&twochat, 3);
        twochat.switch_on(Fault::Status(429));
        let refused = |exchange: &mock::Exchange| {
            exchange.reply.as_ref().is_some_and(|reply| reply.status == 429)
        };
        let patience = Instant::now() + Duration::from_secs(30);
        while !twochat.exchanges().iter().any(refused) {
            assert!(Instant::now() < patience, "it was through before it was refused");
            thread::sleep(Duration::from_millis(1));
        }
        twochat.switch_off(Fault::Status(429));
        export.join().unwrap()
    });
    assert_whole(export.output(), "jsonl", 200);
    let pages = pages(&twochat);
    assert!(pages.windows(2).any(|pair| pair[0] == pair[1]), "a page again: {pages:?}");
}

#[tokio::test]
async fn an_error_that_stays_comes_last_and_before_it_how_to_go_on() {
    let options = Options { contacts: 450, max_api_requests: 3, ..Options::default() };
    let spent = Mock::start(Options { key: CANARY.to_owned(), ..options }).await.unwrap();
    let stopped = run(&["call", "list-contacts", "--all"], &asking(&spent.base_url()));
    assert_eq!(stopped.code, Some(1), "{stopped:?}");
    let lines: Vec<_> = stopped.stderr.lines().collect();
    assert_eq!(
        lines[..lines.len() - 1],
        ["twochat: stopped at page 3, after 300 rows; the same call with --page-number 3 goes on \
          from there"]
    );
    let error: Value = lines[lines.len() - 1].parse().unwrap();
    assert_eq!(error["kind"], "quota-exhausted", "{error}");
    assert_eq!(pages(&spent), [0, 1, 2, 3], "an error that stays is not asked for again");

    let twochat = twochat_with(450).await;
    let arguments = ["call", "list-contacts", "--all", "--page-number", "3"];
    let rest = run(&arguments, &asking(&twochat.base_url()));
    let rows = [stopped.stdout.as_str(), rest.output()].concat();
    assert_eq!(uuids(&rows, "jsonl"), (1..=450).map(uuid).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_the_export_without_complaint() {
    for form in FORMS {
        let twochat = twochat_with(100_000).await;
        let arguments = ["call", "list-contacts", "--all", "--output", form];
        let mut command = command(&arguments, &asking(&twochat.base_url()));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("uuid"), "{line}");
        let output = waited(child);
        assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()), "{form}");
        let asked = twochat.requests().len();
        assert!(asked < 20, "{form}: {asked} pages were paid for after the reader left");
    }
}

#[tokio::test]
async fn rows_that_cannot_be_written_are_exit_3() {
    let twochat = twochat_with(1_000).await;
    let mut command = command(&["call", "list-contacts", "--all"], &asking(&twochat.base_url()));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = waited(command.stdout(full).stderr(Stdio::piped()).spawn().unwrap());
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{message}");
    assert!(message.starts_with("twochat: the rows cannot be written: No space"), "{message}");
    assert_eq!(pages(&twochat).len(), 1);
}

#[tokio::test]
async fn what_all_cannot_mean_is_exit_2_and_nothing_is_sent() {
    let twochat = twochat_with(3).await;
    let base = twochat.base_url();
    let settings = asking(&base);
    for form in ["table", "json"] {
        let refused = run(&["call", "list-contacts", "--all", "--output", form], &settings);
        let expected = "--all writes rows as they come: use --output jsonl, csv or singer";
        assert_eq!(refused.message(2), expected);
    }
    for (flags, place) in [
        (&["--page-number", "two"][..], "page-number: \"two\" cannot be used"),
        (&["--page-number", "-1"], "page-number: -1 cannot be used"),
        (&["--page-number", "4294967296"], "page-number: 4294967296 cannot be used"),
        (&[r#"{"page-number": [1]}"#], "page-number: [1] cannot be used"),
        (&["--results-per-page", "all"], "results-per-page: \"all\" cannot be used"),
        (&[r#"{"page": 1}"#], "page: there is no such field"),
    ] {
        let refused = run(&[&["call", "list-contacts", "--all"], flags].concat(), &settings);
        assert!(refused.message(2).starts_with(place), "{flags:?}: {refused:?}");
    }
    for (arguments, word) in [
        (&["call", "test-api-key", "--all"][..], "unexpected argument '--all'"),
        (&["call", "create-contact", "--all"], "unexpected argument '--all'"),
        (&["call", "list-webhook-subscriptions", "--to", "f"], "unexpected argument '--to'"),
        (&["call", "list-contacts", "--to", "rows"], "--all"),
    ] {
        let refused = run(arguments, &settings);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{refused:?}");
        assert!(refused.stderr.contains(word), "{refused:?}");
    }
    assert_eq!(twochat.requests(), []);
}

#[tokio::test]
async fn a_server_that_gives_the_same_page_for_ever_is_left_before_it_costs_every_credit() {
    let twochat = twochat_with(0).await;
    let row = json!({ "uuid": "CON00000001-36dc-4103-b2a2-000000000001", "details": [] });
    twochat.answer_with(Reply::json(200, json!({ "success": true, "contacts": [row] })));
    let words = ["call", "list-contacts", "--all", "--results-per-page", "1"];
    let run = run(&words, &asking(&twochat.base_url()));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("the last 2 pages brought nothing new"), "{run:?}");
    assert_eq!(uuids(&run.stdout, "jsonl").len(), 1);
    assert_eq!(twochat.requests().len(), 3);
}
