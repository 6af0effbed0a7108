//! How do fuzzed inputs come about? Good samples, changed a few times each.

use std::cell::Cell;

use arbtest::arbitrary::{Result, Unstructured};

/// What makes readers stumble, to be put somewhere.
const TOKENS: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\n",
    b"\0",
    b"'",
    b"#",
    b"=",
    b" ",
    b"\t",
    b"null",
    b"true",
    b"false",
    b"0",
    b"-0",
    b"-1",
    b"1e999",
    b"1e-7",
    b"0.1",
    b"00",
    b"18446744073709551616",
    b"9007199254740993",
    b"\"\"",
    b"{}",
    b"[]",
    b"[[[[[[[[[[[[[[[[",
    b"{\"a\":{\"a\":{\"a\":",
    b"\\ud800",
    b"\\u0000",
    b"\\\"",
    b"\\u00e9",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    "\u{202e}".as_bytes(),
    "\u{e0041}".as_bytes(),
    "\u{fffd}".as_bytes(),
    "é".as_bytes(),
    b"<html>",
    b"data: ",
];

/// One of the samples, as it is or with up to eight changes.
pub(crate) fn mutated(u: &mut Unstructured<'_>, samples: &[&[u8]]) -> Result<Vec<u8>> {
    let mut bytes = u.choose(samples)?.to_vec();
    for _ in 0..u.int_in_range(0..=8)? {
        let at = u.choose_index(bytes.len() + 1)?;
        let end = (at + u.int_in_range(0..=12)?).min(bytes.len());
        match u.int_in_range(0..=6)? {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.truncate(at),
            2 => drop(bytes.splice(at..end, u.bytes((end - at).min(u.len()))?.iter().copied())),
            3 => {
                let again = bytes[at..end].repeat(u.int_in_range(1..=40)?);
                drop(bytes.splice(at..at, again));
            }
            4 => {
                let other = u.choose(samples)?;
                let from = u.choose_index(other.len() + 1)?;
                let to = (from + u.int_in_range(0..=60)?).min(other.len());
                drop(bytes.splice(at..end, other[from..to].iter().copied()));
            }
            _ => drop(bytes.splice(at..end, u.choose(TOKENS)?.iter().copied())),
        }
    }
    Ok(bytes)
}

/// As [`mutated`], for what takes text alone.
#[allow(dead_code, reason = "not every crate needs texts")]
pub(crate) fn mutated_text(u: &mut Unstructured<'_>, samples: &[&str]) -> Result<String> {
    let samples: Vec<_> = samples.iter().map(|sample| sample.as_bytes()).collect();
    Ok(String::from_utf8_lossy(&mutated(u, &samples)?).into_owned())
}

/// Any JSON value, nested up to a depth.
#[allow(dead_code, reason = "not every crate needs values")]
pub(crate) fn any_json(u: &mut Unstructured<'_>, depth: usize) -> Result<serde_json::Value> {
    const TEXTS: [&str; 14] = [
        "",
        " ",
        "null",
        "None",
        "0",
        "-1",
        "7",
        "1.0",
        "true",
        "no",
        "PH",
        "é\u{202e}",
        "2025-03-03T18:43:51Z",
        "{\"a\":1}",
    ];
    let most = if depth == 0 { 5 } else { 7 };
    Ok(match u.int_in_range(0..=most)? {
        0 => serde_json::Value::Null,
        1 => u.arbitrary::<bool>()?.into(),
        2 => u.arbitrary::<i64>()?.into(),
        3 => u.arbitrary::<f64>()?.into(),
        4 => (*u.choose(&TEXTS)?).into(),
        5 => u.arbitrary::<&str>()?.into(),
        6 => (0..u.int_in_range(0..=3)?)
            .map(|_| any_json(u, depth - 1))
            .collect::<Result<Vec<_>>>()?
            .into(),
        _ => (0..u.int_in_range(0..=3)?)
            .map(|_| Ok((u.arbitrary::<String>()?, any_json(u, depth - 1)?)))
            .collect::<Result<serde_json::Map<_, _>>>()?
            .into(),
    })
}

/// Tries it with one input after another for `ARBTEST_BUDGET_MS` milliseconds, else for
/// a moment, and says how often. What fails names the seed that shows it again.
pub(crate) fn fuzz(name: &str, property: impl Fn(&mut Unstructured<'_>) -> Result<()>) {
    let executions = Cell::new(0u64);
    arbtest::arbtest(|u| {
        executions.set(executions.get() + 1);
        property(u)
    })
    .size_max(2_048)
    .run();
    println!("{name}: {} executions", executions.get());
    assert!(executions.get() > 10, "{name} was not tried");
}
