//! A summary is handed on to any program, and as a mail to any mailer.

use std::time::Instant;

use crate::support::{
    shell::{CANARY, run},
    told::told,
};

#[test]
fn a_program_gets_the_summary_and_not_the_key_and_what_it_writes_is_shown() {
    let settings = [("TWOCHAT_API_KEY", CANARY), ("FOR_THE_MODEL", "yes")];
    let line =
        "head -n 1; echo \"$FOR_THE_MODEL,$TWOCHAT_API_KEY.\"; env | grep -c TWOCHAT_ || true";
    let run = told(&["--no-api", "--to", line], &settings);
    assert_eq!(run.output(), "# Monday, 3 March 2025\nyes,.\n0\n");
}

#[test]
fn a_program_that_fails_or_takes_too_long_is_told_and_ends_it_with_1() {
    let failed = told(&["--no-api", "--to", "cat >/dev/null; echo no use >&2; exit 3"], &[]);
    let why = failed.message(1);
    assert!(why.contains("not handed on: --to failed with exit status: 3: no use"), "{why}");
    let empty = told(&["--no-api", "--to", " "], &[]);
    assert!(empty.code == Some(2) && empty.stdout.is_empty(), "{empty:?}");
    assert!(empty.stderr.contains("expected a command"), "{empty:?}");
    let begun = Instant::now();
    let slow = told(&["--no-api", "--to-time", "1", "--to", "sleep 60"], &[]);
    assert!(slow.message(1).contains("took longer than 1 s"), "{slow:?}");
    assert!(begun.elapsed().as_secs() < 50);
}

#[test]
fn a_mail_is_a_whole_message_of_two_forms_and_nobody_else_is_written_to() {
    let subject = "Morning\r\nBcc: eve@example.com\r\n\r\nñ";
    let words = ["--no-api", "--mail-to", "me@example.com", "--subject", subject];
    let run = told(&words, &[]);
    let mail = run.output();
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    let names = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    let names = names.filter_map(|line| line.split_once(": ")).map(|(name, _)| name);
    let names: Vec<_> = names.collect();
    for name in ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted"] {
        assert_eq!(names.iter().filter(|it| **it == name).count(), 1, "{name}: {head}");
    }
    assert!(!names.contains(&"Bcc") && head.is_ascii(), "{head}");
    assert!(head.contains("multipart/alternative"), "{head}");
    assert!(body.contains("text/plain") && body.contains("text/html"), "{body}");
    assert!(mail.is_ascii() && mail.lines().all(|line| line.len() < 998));
    for wrong in ["me", "a@b@c", "a b@example.com", "a@example.com\r\nBcc: x", "", "@", "<a@b.c>"] {
        let refused = self::run(&["digest", "--no-api", "--mail-to", wrong], &[]);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{wrong}: {refused:?}");
    }
    let unfit = told(&["--no-api", "--output", "html", "--mail-to", "me@example.com"], &[]);
    assert!(unfit.message(2).contains("--mail-to"), "{unfit:?}");
}
