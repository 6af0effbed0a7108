//! `twochat sync`: that whoever stands in a file is in 2Chat once, and everybody else is
//! left alone.

mod answers;
mod killed;
mod planned;
mod singer;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use mock::Mock;
use serde_json::Value;

use crate::support::shell::{Run, asking, folder, run};

/// A file of its own, in a folder of its own.
fn file(test: &str, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let file = folder(&format!("sync-{test}")).join(name);
    fs::write(&file, bytes).unwrap();
    file
}

/// Where it is noted what was sent.
fn journal(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.sync", file.display()))
}

fn sync(twochat: &Mock, file: &Path, more: &[&str]) -> Run {
    let words = [&["sync", file.to_str().unwrap()], more].concat();
    run(&words, &asking(&twochat.base_url()))
}

/// The summary of a sync that went on without asking.
fn summary(twochat: &Mock, file: &Path, more: &[&str], code: i32) -> Value {
    let run = sync(twochat, file, &[&["--yes", "--output", "json"], more].concat());
    assert_eq!(run.code, Some(code), "{run:?}");
    // Standard output is for the states of a tap, where there is one.
    let said = if run.stdout.is_empty() { &run.stderr } else { &run.stdout };
    let summary = said.lines().find(|line| line.starts_with('{')).unwrap_or_default();
    summary.parse().unwrap_or_else(|error| panic!("{error}: {run:?}"))
}

/// How many rows there are of each end, none left out.
fn counts(summary: &Value) -> String {
    let ends = ["new", "created", "there", "double", "unusable", "failed", "open", "not-sent"];
    let counts = ends.map(|end| (end, summary[end].as_u64().unwrap()));
    let rows = summary["rows"].as_array().unwrap().len() as u64;
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), rows, "{summary}");
    let counts = counts.iter().filter(|(_, count)| *count > 0);
    counts.map(|(end, count)| format!("{count} {end}")).collect::<Vec<_>>().join(", ")
}

/// How often each number or address stands in 2Chat.
fn known(twochat: &Mock) -> BTreeMap<String, usize> {
    let words = ["call", "list-contacts", "--all", "--output", "jsonl"];
    let export = run(&words, &asking(&twochat.base_url()));
    let mut known = BTreeMap::new();
    for row in export.output().lines() {
        let row: Value = row.parse().unwrap();
        for detail in row["details"].as_array().unwrap() {
            *known.entry(detail["value"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    known
}

fn numbers(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("+59598{:07}", 1_000_000 + number))
}

/// A file of so many people, and their numbers.
fn people(count: usize) -> String {
    let row = |number: String| format!("Ada {number},{number}\n");
    "name,phone\n".to_owned() + &numbers(count).map(row).collect::<String>()
}

/// Each of so many is there once, and nobody else is.
fn assert_once(twochat: &Mock, count: usize) {
    let known = known(twochat);
    let twice: Vec<_> = known.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{} are there twice: {:?}", twice.len(), twice.first());
    let missing: Vec<_> = numbers(count).filter(|it| !known.contains_key(it)).collect();
    assert!(missing.is_empty(), "{} are missing: {:?}", missing.len(), missing.first());
    assert_eq!(known.len(), count);
}

/// How many calls that create somebody came.
fn creations(twochat: &Mock) -> usize {
    twochat.requests().iter().filter(|request| request.method == "POST").count()
}
