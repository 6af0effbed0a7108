//! `--to`: what somebody did to a broken export, full disks, names that are no file,
//! and CSV for spreadsheets.

use std::{
    fs,
    io::Read,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use mock::{Fault, Mock, Reply};
use serde_json::json;

use crate::support::shell::{
    Run, asking, command, ended, fed, folder, output, program, run, twochat_with,
};

const CONTACTS: usize = 200;

fn export(twochat: &Mock, file: &Path, more: &[&str]) -> Run {
    let base = twochat.base_url();
    run(&words(file, more), &asking(&base))
}

fn words<'a>(file: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    let size = ["call", "list-contacts", "--results-per-page", "20", "--all", "--to"];
    [&size[..], &[file.to_str().unwrap()], more].concat()
}

fn beside(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}.resume", file.display()))
}

/// Leaves behind what an export does that was killed in the middle.
fn break_off(twochat: &Mock, file: &Path, more: &[&str]) {
    let before = twochat.requests().len();
    let base = twochat.base_url();
    let mut command = command(&words(file, more), &asking(&base));
    let mut child: Child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let patience = Instant::now() + Duration::from_secs(30);
    while twochat.requests().len() < before + 3 {
        assert!(Instant::now() < patience, "no page came");
        thread::sleep(Duration::from_millis(1));
    }
    twochat.switch_on(Fault::Hang);
    while twochat.exchanges().last().is_none_or(|last| last.reply.is_some()) {
        assert!(Instant::now() < patience, "it was through before it hung");
        thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    twochat.switch_off(Fault::Hang);
}

#[tokio::test]
async fn an_export_that_somebody_touched_is_not_gone_on_with_and_left_as_it_is() {
    let folder = folder("exports-touched");
    let twochat = twochat_with(CONTACTS).await;
    for form in ["jsonl", "csv"] {
        let good = folder.join(format!("good.{form}"));
        break_off(&twochat, &good, &[]);
        let (rows, noted) = (fs::read(&good).unwrap(), fs::read(beside(&good)).unwrap());
        let text = String::from_utf8(rows.clone()).unwrap();
        let line = text.lines().nth(3).unwrap();
        let longer = format!("{line}{}", " ".repeat(7));
        for (name, touched) in [
            ("ends", text.replace('\n', "\r\n").into_bytes()),
            ("mark", [b"\xEF\xBB\xBF", &rows[..]].concat()),
            ("changed", text.replacen("Contact", "Kontact", 1).into_bytes()),
            ("swapped", text.replacen("00000002", "00000003", 1).into_bytes()),
            ("longer", text.replacen(line, &longer, 1).into_bytes()),
            ("missing", text.replacen(&format!("{line}\n"), "", 1).into_bytes()),
            ("torn", rows[..rows.len() / 2].to_vec()),
        ] {
            if touched == rows {
                assert_eq!(name, "changed", "nothing was touched");
                continue;
            }
            let file = folder.join(format!("{name}.{form}"));
            fs::write(&file, &touched).unwrap();
            fs::write(beside(&file), &noted).unwrap();
            let asked = twochat.requests().len();
            let refused = export(&twochat, &file, &[]);
            let why = refused.message(2);
            assert!(
                why.contains("as they were written") || why.contains("shorter"),
                "{name}: {why}"
            );
            assert!(
                why.contains("delete it and ") && why.contains(".resume to start anew"),
                "{why}"
            );
            assert_eq!(fs::read(&file).unwrap(), touched, "{name}");
            assert_eq!(twochat.requests().len(), asked, "{name}: something was sent");
        }
        // And the one that nobody touched goes on.
        assert_eq!(export(&twochat, &good, &[]).output(), "");
        let lines = fs::read_to_string(&good).unwrap().lines().count();
        assert_eq!(lines, CONTACTS + usize::from(form == "csv"));
    }
}

#[tokio::test]
async fn a_file_and_what_lies_beside_it_are_for_their_owner_alone_and_no_link_is_followed() {
    let folder = folder("exports-owner");
    let twochat = twochat_with(CONTACTS).await;
    let file = folder.join("rows.jsonl");
    break_off(&twochat, &file, &[]);
    for name in [&file, &beside(&file)] {
        assert_eq!(fs::metadata(name).unwrap().permissions().mode() & 0o777, 0o600, "{name:?}");
    }
    let link = folder.join("link.jsonl");
    symlink(folder.join("elsewhere"), &link).unwrap();
    let refused = export(&twochat, &link, &[]);
    assert!(refused.message(2).contains("it is a symbolic link"), "{refused:?}");
    assert!(!folder.join("elsewhere").exists());
    let noted = folder.join("noted.jsonl");
    symlink(beside(&file), beside(&noted)).unwrap();
    assert!(export(&twochat, &noted, &[]).message(2).contains("noted.jsonl.resume: "));
    assert!(!noted.exists());
    // As root it can belong to somebody else.
    if std::os::unix::fs::chown(&file, Some(65534), None).is_ok() {
        let refused = export(&twochat, &file, &[]);
        assert!(refused.message(2).contains("it belongs to another user"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_disk_that_is_full_leaves_no_file_that_passes_for_a_finished_one() {
    let folder = folder("exports-full");
    let twochat = twochat_with(CONTACTS).await;
    let base = twochat.base_url();
    // So many bytes of the disk are free, of which a note takes a page, and two while
    // it is replaced.
    for (free, kept) in [(0, false), (8 << 10, false), (64 << 10, true)] {
        let disk = folder.join(free.to_string());
        fs::create_dir(&disk).unwrap();
        let (place, saved) = (disk.display(), folder.join(format!("saved-{free}")));
        let line = words(&disk.join("rows.jsonl"), &[]).join(" ");
        let script = format!(
            "mount -t tmpfs -o size=96k none '{place}' || exit 99
            head -c {} /dev/zero > '{place}/others'
            twochat {line}; code=$?; rm '{place}/others'; cp -r '{place}' '{}'; exit $code",
            (96 << 10) - free,
            saved.display()
        );
        let mut command = program("unshare", &asking(&base));
        let full = ended(output(command.args(["--mount", "sh", "-c", &script])));
        if full.code == Some(99) || full.stderr.contains("unshare failed") {
            println!("disks can be mounted by root alone: {full:?}");
            return;
        }
        assert_eq!(full.code, Some(3), "{free}: {full:?}");
        assert!(full.stderr.contains("the rows cannot be written: No space"), "{free}: {full:?}");
        let (rows, noted) = (saved.join("rows.jsonl"), saved.join("rows.jsonl.resume"));
        assert_eq!((rows.exists(), noted.exists()), (kept, kept), "{free}: {full:?}");
        assert_eq!(full.stderr.contains("the same call goes on from there"), kept, "{full:?}");
        // With room again it ends as if nothing had been.
        assert_eq!(export(&twochat, &rows, &[]).output(), "");
        assert_eq!(fs::read_to_string(&rows).unwrap().lines().count(), CONTACTS);
    }
}

#[tokio::test]
async fn names_that_are_no_file_work_or_are_refused_with_a_reason() {
    let folder = folder("exports-names");
    let twochat = twochat_with(30).await;
    for output in ["-", "/dev/stdout", "/dev/fd/1"] {
        let rows = export(&twochat, Path::new(output), &[]);
        assert_eq!(rows.output().lines().count(), 30, "{output}");
    }
    for nothing in ["/dev/null", "/dev/full"] {
        let done = export(&twochat, Path::new(nothing), &[]);
        let expected = if nothing == "/dev/null" { Some(0) } else { Some(3) };
        assert_eq!((done.code, done.stdout.as_str()), (expected, ""), "{done:?}");
        assert!(!Path::new(&format!("{nothing}.resume")).exists());
    }
    let fifo = folder.join("fifo");
    assert!(program("mkfifo", &[]).arg(&fifo).status().unwrap().success());
    let reader = {
        let fifo = fifo.clone();
        thread::spawn(move || {
            let mut text = String::new();
            fs::File::open(fifo).unwrap().read_to_string(&mut text).unwrap();
            text
        })
    };
    assert_eq!(export(&twochat, &fifo, &["--output", "csv"]).output(), "");
    assert_eq!(reader.join().unwrap().lines().count(), 31);

    fs::write(folder.join("there"), "mine").unwrap();
    let asked = twochat.requests().len();
    for (name, why) in [
        (folder.clone(), "it is a folder; name a file in it"),
        (folder.join("no/rows"), "there is no folder "),
        (folder.join("there"), "it exists already and is no export that broke"),
    ] {
        let refused = export(&twochat, &name, &[]);
        assert!(refused.message(2).contains(why), "{refused:?}");
    }
    assert_eq!(fs::read_to_string(folder.join("there")).unwrap(), "mine");
    assert_eq!(twochat.requests().len(), asked);
}

#[tokio::test]
async fn a_byte_order_mark_is_taken_before_arguments_and_given_where_it_is_asked_for() {
    let folder = folder("exports-mark");
    let twochat = twochat_with(CONTACTS).await;
    let base = twochat.base_url();
    let text = "\u{feff}{\"results-per-page\": 7}";
    let file = folder.join("arguments.json");
    fs::write(&file, text).unwrap();
    let at = format!("@{}", file.display());
    let call = ["call", "list-contacts"];
    let read = |run: &Run| run.result()["contacts"].as_array().unwrap().len();
    assert_eq!(read(&run(&[&call[..], &[&at]].concat(), &asking(&base))), 7);
    let piped = fed(&[&call[..], &["-"]].concat(), &asking(&base), text.into());
    assert_eq!(read(&piped), 7);
    assert_eq!(read(&run(&[&call[..], &[text]].concat(), &asking(&base))), 7);
    let marked = "\u{feff}[{\"kind\": \"email\", \"value\": \"a@example.com\"}]";
    let words = ["call", "create-contact", "--first-name", "Ada", "--details", marked];
    assert_eq!(run(&words, &asking(&base)).result()["details"][0]["kind"], "email");

    for more in [&["--bom"][..], &["--bom", "--output", "csv"], &["--bom", "--all"]] {
        let csv = run(&[&call[..], more].concat(), &asking(&base));
        let text = csv.output();
        assert!(text.starts_with("\u{feff}id,uuid,"), "{more:?}: {text}");
        assert_eq!(text.matches('\u{feff}').count(), 1, "{more:?}");
    }
    let marked = folder.join("marked.csv");
    break_off(&twochat, &marked, &["--bom"]);
    assert_eq!(export(&twochat, &marked, &["--bom"]).output(), "");
    let text = fs::read_to_string(&marked).unwrap();
    // A header, and the contact that was created.
    assert_eq!((text.matches('\u{feff}').count(), text.lines().count()), (1, CONTACTS + 2));
    for (flags, why) in [
        (&["--bom", "--output", "json"][..], "--bom is for CSV"),
        (&["--spread", "--output", "table"], "--spread is for CSV"),
        (&["--columns", "uuid", "--output", "jsonl"], "--columns is for tables and CSV"),
    ] {
        let refused = run(&[&call[..], flags].concat(), &asking(&base));
        assert!(refused.message(2).starts_with(why), "{refused:?}");
    }
    let none = run(&["call", "test-api-key", "--spread"], &asking(&base));
    assert!(none.message(2).contains("no list of values by kind"), "{none:?}");
}

#[tokio::test]
async fn details_are_spread_over_columns_and_none_is_lost() {
    let twochat = twochat_with(0).await;
    let detail = |code: &str, value: &str| json!({ "id": 1, "type": code, "value": value });
    let first = json!({ "uuid": "CON1", "details": [
        detail("PH", "+1"), detail("PH", "+2"), detail("PH", "+3"), detail("PH", "+4"),
        detail("E", "a@b.example"), detail("XX", "odd"),
    ] });
    let second =
        json!({ "uuid": "CON2", "details": [detail("WAPH", "+5"), detail("A", "1 Street")] });
    let reply = json!({ "success": true, "contacts": [first, second] });
    twochat.answer_with(Reply::json(200, reply));
    let base = twochat.base_url();
    let kinds: Vec<String> = {
        let page = run(&["call", "list-contacts"], &asking(&base)).result();
        let details = page["contacts"].as_array().unwrap().iter();
        let details = details.flat_map(|row| row["details"].as_array().unwrap().clone());
        details.map(|detail| detail["kind"].as_str().unwrap().to_owned()).collect()
    };
    for all in [&[][..], &["--all"]] {
        let words = [&["call", "list-contacts", "--spread"], all].concat();
        let done = run(&words, &asking(&base));
        assert_eq!(done.code, Some(0), "{done:?}");
        let mut rows = csv::Reader::from_reader(done.stdout.as_bytes());
        let names = rows.headers().unwrap().clone();
        for kind in ["phone", "whatsapp-phone", "email", "address"] {
            for name in [kind.to_owned(), format!("{kind}-2"), format!("{kind}-3")] {
                assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
            }
        }
        assert!(!names.iter().any(|name| name == "details"), "{names:?}");
        let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
        let cell = |row: usize, name: &str| {
            rows[row][names.iter().position(|known| known == name).unwrap()].to_owned()
        };
        assert_eq!(
            ["phone", "phone-2", "phone-3", "email"].map(|name| cell(0, name)),
            ["+1", "+2", "+3", "a@b.example"]
        );
        let more: Vec<serde_json::Value> = cell(0, "more-details")
            .parse::<serde_json::Value>()
            .unwrap()
            .as_array()
            .unwrap()
            .clone();
        let values: Vec<_> = more.iter().map(|detail| detail["value"].as_str().unwrap()).collect();
        assert_eq!(values, ["+4", "odd"], "{kinds:?}");
        assert_eq!(
            (cell(1, "address"), cell(1, "more-details")),
            ("1 Street".into(), String::new())
        );
        assert!(done.stderr.contains("twochat: 2 entries are of another kind"), "{done:?}");
        assert!(done.stderr.contains("they stand together as JSON"), "{done:?}");
    }
    let chosen =
        run(&["call", "list-contacts", "--spread", "--columns", "uuid,phone"], &asking(&base));
    assert_eq!(chosen.stdout, "uuid,phone\nCON1,+1\nCON2,\n");
    assert!(chosen.stderr.contains("they are left out, as --columns has it"), "{chosen:?}");
}

#[tokio::test]
async fn columns_are_chosen_in_order_and_an_unknown_one_is_told_before_anything_is_sent() {
    let twochat = twochat_with(2).await;
    let base = twochat.base_url();
    let call = |more: &[&str]| run(&[&["call", "list-contacts"], more].concat(), &asking(&base));
    let csv = call(&["--columns", "last-name,uuid", "--output", "csv"]);
    assert_eq!(csv.output().lines().next(), Some("last-name,uuid"));
    let all = call(&["--columns", "uuid", "--all"]);
    assert_eq!(all.output().lines().next(), Some("uuid"));
    let table = call(&["--columns", "uuid,first-name"]);
    assert!(table.output().lines().nth(1).unwrap().contains("uuid"), "{table:?}");
    assert!(!table.output().contains("details"), "{table:?}");
    let asked = twochat.requests().len();
    for more in [&["--columns", "uuid,frist-name"][..], &["--all", "--columns", "frist-name"]] {
        let refused = call(more);
        let expected = "there is no column `frist-name`; did you mean `first-name`? There are id";
        assert!(refused.message(2).starts_with(expected), "{refused:?}");
    }
    let file = folder("exports-columns").join("rows.csv");
    let to = ["--all", "--columns", "first-name", "--to", file.to_str().unwrap()];
    assert!(call(&to).message(2).contains("--to needs uuid among --columns"));
    assert_eq!((twochat.requests().len(), file.exists()), (asked, false));
}
