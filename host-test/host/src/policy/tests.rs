//! Which policies are refused, and what is said of them.

use std::os::unix::fs::PermissionsExt;

use super::*;

/// A policy with a connection and two personas.
const GOOD: &str = r#"
default-persona = "reader"

[connections.work]
secret = { env = "KEY" }

[personas.reader]
connection = "work"
actions = ["look"]

[personas.writer]
connection = "work"
actions = ["look", "write"]
revoked = true
"#;

fn why(text: &str) -> String {
    let Err(why) = Policy::parse(text) else { panic!("it is taken: {text}") };
    assert!(!why.contains('\n') && why.len() < 300, "{why}");
    why
}

fn vendor() -> Arc<Vendor> {
    Arc::new(Vendor::new("https://api.example.com/v1", "x-api-key".parse().unwrap()))
}

#[test]
fn a_policy_says_who_may_do_what_and_everything_has_a_default() {
    let policy = Policy::parse(GOOD).unwrap();
    let (reader, work) = policy.grant(None).unwrap();
    assert_eq!(
        (reader.actions.as_slice(), work.base_url(&vendor())),
        (["look".to_owned()].as_slice(), "https://api.example.com/v1")
    );
    assert_eq!(policy.grant(Some("reader")).unwrap().0.actions, reader.actions);
    assert!(policy.grant(Some("writer")).unwrap_err().contains("`writer` is revoked"));
    assert!(policy.grant(Some("nobody")).unwrap_err().ends_with("there are reader, writer"));
    let connection = work.connection(&vendor()).unwrap();
    assert!(connection.key().is_none());
    assert_eq!(
        Policy::parse("").unwrap().grant(None).unwrap_err(),
        " has no persona yet: write one into it"
    );
    let revoked = GOOD.replace("secret", "revoked = true\nsecret");
    assert!(
        Policy::parse(&revoked)
            .unwrap()
            .grant(None)
            .unwrap_err()
            .contains("connection `work` is revoked")
    );
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_field() {
    for (from, to, expected) in [
        ("default-persona =", "default-persona", "line 2: "),
        (
            "default-persona = \"reader\"",
            "default-persona = \"x\"",
            "line 2: default-persona: there is no persona `x`; there are reader, writer",
        ),
        (
            "default-persona",
            "default-person",
            "line 2: default-person: there is no field `default-person`; did you mean `default-persona`?",
        ),
        (
            "secret = { env = \"KEY\" }",
            "",
            "line 4: connections.work.secret: it is missing: where the key is kept, such as secret = {",
        ),
        (
            "{ env = \"KEY\" }",
            "{ file = \"KEY\" }",
            "line 5: connections.work.secret: expected { env = \"NAME\" }",
        ),
        (
            "{ env = \"KEY\" }",
            "{ env = \"KEY\", age = \"x\" }",
            "line 5: connections.work.secret: expected { env = \"NAME\" }",
        ),
        (
            "{ env = \"KEY\" }",
            "\"the key itself\"",
            "line 5: connections.work.secret: expected { env = \"NAME\" }",
        ),
        (
            "{ env = \"KEY\" }",
            "{ command = [] }",
            "line 5: connections.work.secret: the command has no program",
        ),
        (
            "{ env = \"KEY\" }",
            "{ env = \"A=B\" }",
            "line 5: connections.work.secret: there is no environment variable of such a name",
        ),
        (
            "secret =",
            "base-url = \"http://api.example.com/open\"\nsecret =",
            "line 5: connections.work.base-url: it cannot be used: it is http, which is allowed only on a loopback address",
        ),
        (
            "secret =",
            "methods = [\"GET\", \"get\"]\nsecret =",
            "line 5: connections.work.methods: `get` is none of GET, POST, PUT, PATCH, DELETE, HEAD",
        ),
        (
            "secret =",
            "at-once = 0\nsecret =",
            "line 5: connections.work.at-once: 0 would let nothing pass",
        ),
        (
            "secret =",
            "at-once = -1\nsecret =",
            "line 5: connections.work.at-once: expected a whole number, such as at-once = 16",
        ),
        (
            "secret =",
            "base_url = \"https://api.example.com\"\nsecret =",
            "line 5: connections.work.base_url: there is no field `base_url`; did you mean `base-url`?",
        ),
        (
            "connection = \"work\"",
            "connection = \"wrok\"",
            "line 8: personas.reader.connection: there is no connection `wrok`; there is only work",
        ),
        (
            "connection = \"work\"",
            "",
            "line 7: personas.reader.connection: it is missing: the name of a connection, such as",
        ),
        (
            "[\"look\"]",
            "\"look\"",
            "line 9: personas.reader.actions: expected a list of actions, such as actions = [",
        ),
        (
            "revoked = true",
            "revoked = \"no\"",
            "line 14: personas.writer.revoked: expected true or false, such as revoked = true",
        ),
        (
            "revoked = true",
            "revoke = true",
            "line 14: personas.writer.revoke: there is no field `revoke`; did you mean `revoked`?",
        ),
        (
            "[personas.writer]",
            "[personas.reader]",
            "line 11: personas.reader: it stands there twice: keep one of them",
        ),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let said = why(&GOOD.replacen(from, to, 1));
        assert!(said.starts_with(expected), "{said}\nexpected {expected}");
    }
}

#[test]
fn a_field_that_stands_there_twice_is_told_by_its_whole_name() {
    for (text, expected) in [
        ("[rules.r]\non = \"a\"\non = \"b\"", "line 3: rules.r.on: it stands there twice: "),
        ("[rules.r]\nwhen.a = 1\nwhen.a = 2", "line 3: rules.r.when.a: it stands there twice"),
        ("[rules.r]\nwhen = { a = 1, a = 2 }", "line 2: rules.r.when.a: it stands there twice"),
        ("[rules.\"a b\"]\nx = 1\n[rules.\"a b\"]", "line 3: rules.a b: it stands there twice"),
        ("[rules.r]\nx = 1\nx.a = 2", "line 3: rules.r.x: it stands there twice"),
        ("revoked = 1\n# [x]\nrevoked = 2", "line 3: revoked: it stands there twice"),
    ] {
        let said = why(text);
        assert!(said.starts_with(expected), "{said}\nexpected {expected}");
    }
    let said = why("[rules.r]\non = \"a\"\non = \"b\"");
    assert!(said.contains("the name of an event, or a list of them, such as on = "), "{said}");
}

#[test]
fn a_default_that_stands_at_the_end_is_told_where_it_belongs() {
    let moved = GOOD.replace("default-persona = \"reader\"", "");
    let why = why(&format!("{moved}\n\ndefault-persona = \"reader\"\n"));
    assert!(
        why.starts_with("line 17: personas.writer.default-persona: it stands below a [table]"),
        "{why}"
    );
}

#[test]
fn a_field_is_told_with_the_line_of_the_last_part_of_it_that_stands_there() {
    let text = "[rules.a]\nwhen = { b.c = 1 }\nx.y = [\n  { k = 1 },\n  { k = 2 },\n]\n";
    for (path, line) in [
        (&["rules", "a", "when", "b", "c"][..], 2),
        (&["rules", "a", "x", "y", "1", "k"], 5),
        (&["rules", "a", "x", "y", "1", "z"], 5),
        (&["rules", "a", "none"], 1),
    ] {
        let told = in_field(text, path, "no");
        assert_eq!(told, format!("line {line}: {}: no", path.join(".")));
    }
}

#[test]
fn a_secret_in_the_file_is_not_repeated() {
    for secret in ["\"canary\"", "{ key = \"canary\" }", "{ env = \"canary=x\" }", "canary"] {
        let said = why(&GOOD.replace("{ env = \"KEY\" }", secret));
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn a_file_that_others_may_write_or_replace_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    let mode = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::write(&file, GOOD).unwrap();
    mode(&file, 0o644);
    assert_eq!(
        Policy::read(&file).unwrap().audit(),
        folder.path().canonicalize().unwrap().join("audit.jsonl")
    );
    for open in [0o664, 0o646] {
        mode(&file, open);
        assert!(Policy::read(&file).unwrap_err().contains("can be written by others"), "{open:o}");
    }
    mode(&file, 0o600);
    for open in [0o770, 0o707] {
        mode(folder.path(), open);
        assert!(Policy::read(&file).unwrap_err().contains("can be replaced by others"), "{open:o}");
    }
    // Where nobody takes away what is another's.
    mode(folder.path(), 0o1777);
    Policy::read(&file).unwrap();
    let missing = Policy::read(&folder.path().join("none.toml")).unwrap_err();
    assert!(missing.contains("none.toml cannot be read: "), "{missing}");
    assert!(Policy::read(folder.path()).unwrap_err().ends_with("it is not a file"));
    fs::write(&file, vec![b'#'; 2 << 20]).unwrap();
    assert!(Policy::read(&file).unwrap_err().contains("it is larger than 1048576 bytes"));
    fs::write(&file, [0xFF, 0xFE]).unwrap();
    assert!(Policy::read(&file).unwrap_err().ends_with("is not text"));
}

#[test]
fn a_change_leaves_all_else_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new").join("policy.toml");
    let read = || fs::read_to_string(&file).unwrap();
    let base_url = "https://api.example.com/open";
    let asks = None;
    assert!(change(&file, Change::Revoke("work")).is_err() && !file.exists());
    let none = folder.path().join("policy.toml");
    assert!(change(&none, Change::Revoke("work")).unwrap_err().contains("there is no policy"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was left");
    let begun = begin(&file, "work").unwrap();
    assert!(begun.connections().is_empty() && !file.exists());
    change(&file, Change::Connect { name: "work", base_url, asks }).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let begun = read();

    let text = format!(
        "# Mine.\n{begun}at-once   = 4 # few\n\n[personas.a]\nconnection='work'\nactions=[]\n"
    );
    fs::write(&file, &text).unwrap();
    assert!(change(&file, Change::Revoke("work")).unwrap().connections()["work"].revoked);
    assert_eq!(read(), text.replace("# few\n", "# few\nrevoked = true\n"));
    change(&file, Change::Connect { name: "work", base_url: "https://other.example", asks })
        .unwrap();
    assert_eq!(read(), text);
    let policy = change(&file, Change::RevokePersona("a")).unwrap();
    assert!(policy.personas()["a"].revoked && !policy.connections()["work"].revoked);
    change(&file, Change::Connect { name: "home", base_url, asks }).unwrap();
    let (work, rest) = text.split_once("\n[personas.a]").unwrap();
    assert!(read().starts_with(work) && read().contains(rest.trim()), "{}", read());

    let other = Vendor { methods: vec![Method::GET], ..(*vendor()).clone() };
    let asks = Some(&other);
    change(&file, Change::Connect { name: "other", base_url, asks }).unwrap();
    let written = read();
    assert!(written.contains("key-header = \"x-api-key\"\nmethods = [\"GET\"]\n"), "{written}");
    let policy = Policy::read(&file).unwrap();
    let other = &policy.connections()["other"];
    assert_eq!(*other, Entry::new("other", base_url, asks));
    assert_eq!(other.connection(&vendor()).unwrap().methods(), [Method::GET]);

    let before = read();
    for unknown in [Change::Revoke("none"), Change::RevokePersona("work")] {
        assert!(change(&file, unknown).unwrap_err().contains("it has no `"));
    }
    assert_eq!(read(), before);
}

#[test]
fn a_connection_may_be_named_before_it_is_made_and_no_other_may() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    let persona = "[personas.a]\nconnection = 'work'\nactions = []\n";
    fs::write(&file, persona).unwrap();
    assert!(begin(&file, "home").unwrap_err().contains("there is no connection `work`"));
    let begun = begin(&file, "work").unwrap();
    assert!(begun.connections().is_empty() && begun.personas().contains_key("a"));
    let base_url = "https://api.example.com/open";
    let connect = |name, stored: &mut bool| {
        connect(&file, name, base_url, None, None, || {
            *stored = true;
            Ok(())
        })
    };
    let mut stored = false;
    assert!(connect("home", &mut stored).is_err() && !stored);
    let policy = connect("work", &mut stored).unwrap();
    assert!(stored && policy.grant(Some("a")).is_ok());
}

#[test]
fn changes_at_the_same_time_are_all_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    let names: Vec<_> = (0..12).map(|n| format!("n{n}")).collect();
    let all = |change_of: &(dyn Fn(&str) -> Result<Policy, String> + Sync)| {
        std::thread::scope(|scope| {
            let runs: Vec<_> =
                names.iter().map(|name| scope.spawn(move || change_of(name))).collect();
            runs.into_iter().for_each(|run| drop(run.join().unwrap().unwrap()));
        });
    };
    all(&|name| {
        change(&file, Change::Connect { name, base_url: "https://api.example.com/v1", asks: None })
    });
    assert_eq!(Policy::read(&file).unwrap().connections().len(), names.len());
    all(&|name| change(&file, Change::Revoke(name)));
    let policy = Policy::read(&file).unwrap();
    assert!(policy.connections().values().all(|line| line.revoked), "{policy:?}");
}

#[test]
fn a_change_that_would_break_the_policy_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    for text in [
        "[connections.work]\nsecret = CANARY\n",
        "[connections.work]\nsecret = { env = \"K\" }\nat-once = 0\n",
    ] {
        fs::write(&file, text).unwrap();
        let why = change(&file, Change::Revoke("work")).unwrap_err();
        assert!(why.contains("line ") && !why.contains("CANARY") && !why.contains('\n'), "{why}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
}

#[test]
fn what_is_no_file_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(Policy::read(&pipe).unwrap_err().ends_with("it is not a file"));
}

#[test]
fn a_policy_is_found_through_a_link_and_its_paths_start_where_it_is() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (file, link) = (folder.path().join("policy.toml"), other.path().join("policy.toml"));
    fs::write(&file, GOOD).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let audit = Policy::read(&link).unwrap().audit();
    assert_eq!(audit, folder.path().canonicalize().unwrap().join("audit.jsonl"));
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(Policy::read(&link).unwrap_err().contains("can be replaced by others"));
}

#[test]
fn every_folder_and_link_on_the_way_is_judged() {
    let top = tempfile::tempdir().unwrap();
    let at = |name: &str| top.path().join(name);
    for folder in ["a", "a/b", "c", "c/d", "e"] {
        fs::create_dir(at(folder)).unwrap();
    }
    fs::write(at("a/b/policy.toml"), GOOD).unwrap();
    // A link to a file behind a link to a folder.
    std::os::unix::fs::symlink("../../e/b/policy.toml", at("c/d/policy.toml")).unwrap();
    std::os::unix::fs::symlink(at("a/b"), at("e/b")).unwrap();
    let link = at("c/d/policy.toml");
    Policy::read(&link).unwrap();
    for folder in ["a", "a/b", "c", "c/d", "e", ""] {
        let folder = at(folder);
        let mode = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        for open in [0o770, 0o707] {
            mode(open);
            let why = Policy::read(&link).unwrap_err();
            let expected = format!(
                "can be replaced by others: they may write to its folder {0}, \
                 `chmod go-w {0}`",
                folder.display().to_string().trim_end_matches('/')
            );
            assert!(why.contains(&expected), "{why}\n{expected}");
        }
        mode(0o1777);
        Policy::read(&link).unwrap();
        mode(0o700);
    }
    if std::os::unix::fs::lchown(at("e/b"), Some(65534), None).is_ok() {
        let why = Policy::read(&link).unwrap_err();
        assert!(why.ends_with("e/b is a link of another user: delete it"), "{why}");
    }
    fs::remove_file(at("e/b")).unwrap();
    std::os::unix::fs::symlink("../e/b", at("e/b")).unwrap();
    assert!(Policy::read(&link).unwrap_err().contains("too many links"));
}

#[test]
fn private_addresses_and_bounds_are_as_the_connection_says() {
    let of = |more: &str| {
        let text = GOOD.replace("secret =", &format!("{more}\nsecret ="));
        format!(
            "{:?}",
            Policy::parse(&text).unwrap().grant(None).unwrap().1.connection(&vendor()).unwrap()
        )
    };
    assert!(of("").contains("addresses: Public") && of("").contains("at_once: 16"), "{}", of(""));
    assert!(of("private-addresses = true").contains("addresses: Private"));
    assert!(of("private-addresses = false").contains("addresses: Public"));
    let bounded = of("at-once = 3\nrequests-per-call = 2\nreply-bytes = 100");
    assert!(bounded.contains("at_once: 3, per_call: 2, reply: 100"), "{bounded}");
}

#[test]
fn a_token_stands_for_one_persona() {
    let [mine, other] = ["mine", "other"].map(Fingerprint::of);
    let text = GOOD.replace("[personas.writer]", "[personas.writer]\ntoken-sha256 = \"MINE\"");
    let text = text.replace("MINE", &mine.to_string());
    let policy = Policy::parse(&text).unwrap();
    assert_eq!((policy.shown_by(&mine), policy.shown_by(&other)), (Some("writer"), None));
    let twice =
        text.replace("[personas.reader]", &format!("[personas.reader]\ntoken-sha256 = \"{mine}\""));
    let why = why(&twice);
    assert!(
        why.contains("personas.writer.token-sha256: the persona `reader` has the same"),
        "{why}"
    );
    let short = super::tests::why(&text.replace(&mine.to_string(), "abc"));
    assert!(short.contains("64 hexadecimal digits"), "{short}");
}
