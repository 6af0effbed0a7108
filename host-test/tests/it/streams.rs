//! Where the command writes: through one door, to streams that may be closed or full,
//! and never what would steer a terminal.

use std::{fs, process::Output};

use serde_json::Value;

use crate::support::{
    root,
    shell::{asking, on_a_terminal, output, program, run, twochat_with},
};

fn shell(line: &str, settings: &[(&str, &str)]) -> Output {
    output(program("sh", settings).args(["-c", line]))
}

#[test]
fn nothing_is_written_but_through_the_one_door() {
    let mut folders = vec![root().join("host-test/src")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("terminal.rs") {
                files += 1;
                let text = fs::read_to_string(&path).unwrap();
                for way in
                    ["println!", "print!(", "io::stdout", "io::stderr", "stdout()", "anstream"]
                {
                    assert!(!text.contains(way), "{} uses {way}", path.display());
                }
            }
        }
    }
    assert!(files > 20);
}

#[tokio::test]
async fn a_stderr_that_takes_nothing_changes_no_exit_code() {
    let twochat = twochat_with(3).await;
    let base = twochat.base_url();
    for stderr in ["2>&-", "2>/dev/full"] {
        for (words, code) in [
            ("call list-contacts", 0),
            ("call list-contacts --all", 0),
            (
                "call create-contact --first-name A --details '{\"kind\":\"phone\",\"value\":\"1\"}'",
                1,
            ),
            ("call list-contacts --nosuch", 2),
            ("call nosuch", 2),
            ("nosuch", 2),
            ("--nosuch", 2),
            ("call list-contacts --component /no/such", 3),
            ("mock --port 1 --fault nosuch", 2),
        ] {
            let ended = shell(&format!("twochat {words} {stderr}"), &asking(&base));
            assert_eq!(ended.status.code(), Some(code), "{words} {stderr}: {ended:?}");
            assert_eq!(ended.stdout.is_empty(), code != 0, "{words} {stderr}");
        }
    }
}

#[tokio::test]
async fn a_stdout_that_takes_nothing_is_told() {
    let twochat = twochat_with(3).await;
    let base = twochat.base_url();
    for (stdout, why) in [(">&-", "standard output is closed"), (">/dev/full", "No space left")] {
        for words in [
            "call list-contacts",
            "call list-contacts --output csv",
            "call list-contacts --all",
            "tools",
            "inspect",
            "completions bash",
            "--help",
            "call --help",
        ] {
            let ended = shell(&format!("twochat {words} {stdout}"), &asking(&base));
            let told = String::from_utf8(ended.stderr).unwrap();
            assert_eq!(ended.status.code(), Some(3), "{words} {stdout}: {told}");
            assert!(
                told.starts_with("twochat: ") && told.contains(why),
                "{words} {stdout}: {told}"
            );
        }
    }
    // What is meant to be thrown away is.
    let thrown = shell("twochat call list-contacts >/dev/null", &asking(&base));
    assert!(thrown.status.success() && thrown.stderr.is_empty(), "{thrown:?}");
    let both = shell("exec twochat call list-contacts <>/dev/null 1<&0", &asking(&base));
    assert!(both.status.success(), "a device that can be read as well is not closed: {both:?}");
}

#[test]
fn a_word_that_is_not_understood_is_repeated_without_what_steers_a_terminal() {
    let steering = "--no\u{1b}[2Jsuch\u{9b}31m\u{202e}";
    for words in [&[steering][..], &["call", steering], &["call", "list-contacts", steering]] {
        let refused = run(words, &[]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains("unexpected argument"), "{refused:?}");
        assert!(!refused.stderr.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{refused:?}");
    }
    let shown = on_a_terminal("twochat call --no\u{1b}[2Jsuch; test $? = 2", &[]);
    assert!(!shown.contains("\u{1b}[2J"), "{shown:?}");
    let coloured = on_a_terminal("twochat --nosuch; test $? = 2", &[]);
    assert!(coloured.contains("\u{1b}["), "a plain mistake is shown in colours: {coloured:?}");
}

#[tokio::test]
async fn an_error_is_laid_out_on_a_terminal_and_one_line_of_json_elsewhere() {
    let twochat = twochat_with(3).await;
    let base = twochat.base_url();
    let line = "twochat call list-contacts --results-per-page 1000";
    let shown = on_a_terminal(&format!("{line}; test $? = 1"), &asking(&base));
    let lines: Vec<_> = shown.lines().map(str::trim_end).collect();
    assert!(!lines[0].starts_with('{') && lines[0].contains("100"), "{shown}");
    for expected in ["  kind          invalid-input", "  field         results-per-page"] {
        assert!(lines.contains(&expected), "{shown}");
    }
    assert_eq!(
        lines.last(),
        Some(&"It was not carried out. Correct the arguments and call again."),
        "{shown}"
    );
    let ended = shell(line, &asking(&base));
    let told = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(told.parse::<Value>().unwrap()["kind"], "invalid-input", "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_counts_rates_and_waits_on_a_terminal_and_nowhere_else() {
    use crate::support::raw::{Raw, Step};
    let reply = |head: &str, body: &str| {
        let length = body.len();
        let text = format!(
            "HTTP/1.1 {head}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        vec![Step::Send(text.into())]
    };
    let turns = || {
        vec![
            reply("429 Too Many\r\nretry-after: 3", "{}"),
            reply("200 OK", r#"{"success":true,"contacts":[{"uuid":"CON1","details":[]}]}"#),
            reply("200 OK", r#"{"success":true,"contacts":[]}"#),
        ]
    };
    let limited = Raw::in_turn(turns()).await;
    let shown =
        on_a_terminal("twochat call list-contacts --all --to -", &asking(&limited.base_url()));
    for expected in ["0 rows, 0 rows/s, ", "rate-limited: waiting 3 s", "waiting 2 s", "1 row"] {
        assert!(shown.contains(expected), "{expected}: {shown:?}");
    }
    // The row stands on a line that nothing else is on.
    let row = shown.lines().find(|line| line.contains("CON1")).unwrap();
    let row = row.rsplit(['\r', 'K']).find(|part| !part.is_empty()).unwrap();
    assert!(row.starts_with("{\"uuid\":\"CON1\"") && row.ends_with('}'), "{shown:?}");

    let limited = Raw::in_turn(turns()).await;
    let line = "twochat call list-contacts --all";
    let ended = shell(line, &asking(&limited.base_url()));
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
    let waits = "twochat call list-contacts --output json 2>/dev/tty";
    let limited = Raw::in_turn(turns()).await;
    let shown = on_a_terminal(waits, &asking(&limited.base_url()));
    assert!(shown.contains("rate-limited: waiting 3 s"), "{shown:?}");
}
