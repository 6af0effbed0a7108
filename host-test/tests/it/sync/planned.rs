//! What is shown before anything is done, what is refused, and how every row ends.

use std::fs;

use mock::Mock;
use serde_json::Value;

use super::{counts, creations, file, journal, known, summary, sync};
use crate::support::{
    reacting::Reacting,
    shell::{CANARY, asking, on_a_terminal, run, twochat_with},
};

const PEOPLE: &str = "\
First Name,Last Name,Mobile Phone,E-mail Address,Business Fax
Ada,Lovelace,+595 981 222-331,ada@example.com,1
Bob,,(0981) 222 332,,
Cy,\"broken,,,
Dora,,'00595981222333 ::: +1 415 555 0123 ext. 5,Dora@Example.com,
Ada,L.,+595981222331,ada2@example.com,
Eve,,5.95981E+11,,
Fay,,,,
Gus,,+14155550100,,
";

async fn planned(test: &str) -> (Mock, std::path::PathBuf) {
    (twochat_with(3).await, file(test, "people.csv", PEOPLE))
}

#[tokio::test]
async fn every_row_has_an_end_and_a_second_run_creates_nothing() {
    let (twochat, file) = planned("ends").await;
    let first = summary(&twochat, &file, &["--country", "PY"], 1);
    assert_eq!(counts(&first), "3 created, 1 there, 1 double, 3 unusable");
    let why = |line: u64| {
        let rows = first["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["line"] == line).unwrap();
        assert_eq!(row["end"], "unusable", "{row}");
        row["why"].as_str().unwrap().to_owned()
    };
    assert!(why(4).contains("quotes") && why(7).contains("shortened"), "{first}");
    assert!(why(8).contains("no number"), "{first}");
    assert_eq!(first["rows"][3]["notes"][0], "the extension 5 of +14155550123 is left out");
    assert_eq!(first["rows"][4]["of-line"], 2, "{first}");
    let known = known(&twochat);
    for value in
        ["+595981222331", "ada@example.com", "ada2@example.com", "+595981222332", "+14155550123"]
    {
        assert_eq!(known.get(value), Some(&1), "{value}: {known:?}");
    }
    let created = &first["rows"][0];
    assert_eq!(created["name"], "Ada Lovelace", "{first}");
    let details = ["+595981222331", "ada@example.com", "ada2@example.com"];
    assert_eq!(created["details"], serde_json::json!(details), "{first}");
    assert!(!journal(&file).exists());

    let second = summary(&twochat, &file, &["--country", "PY"], 1);
    assert_eq!(counts(&second), "4 there, 1 double, 3 unusable");
    assert_eq!(creations(&twochat), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persona_that_has_a_person_asked_is_told_what_to_write_and_shown_the_plan() {
    let twochat = twochat_with(0).await;
    let reacting = Reacting::of("sync-asks", &twochat.base_url(), "");
    let (policy, people) = (reacting.file("policy.toml"), reacting.file("people.csv"));
    fs::write(&people, "name,phone\nAda,+595981222333\n").unwrap();
    let text = fs::read_to_string(&policy).unwrap();
    let sync = |actions: &str, more: &str| {
        reacting.write(&text.replace("actions = [\"list-contacts\"]", actions));
        let words = ["sync", people.to_str().unwrap(), more, "--persona", "reader", "--policy"];
        run(&[&words[..], &[policy.to_str().unwrap()]].concat(), &[("WORK_KEY", CANARY)])
    };
    let asks = "actions = [\"list-contacts\"]\nask = [\"create-contact\"]";
    let refused = sync(asks, "--yes");
    let why = refused.message(2);
    for words in [
        "`reader` has a person asked before each `create-contact`",
        "in `actions` instead of in `ask` in ",
        policy.to_str().unwrap(),
        "--dry-run shows",
    ] {
        assert!(why.contains(words), "{words}: {why}");
    }
    assert_eq!(why.matches("Nothing was sent").count(), 1, "{why}");
    assert_eq!(twochat.requests(), []);
    // To see what would be done, the list is enough.
    for actions in [asks, "actions = [\"list-contacts\"]"] {
        let planned = sync(actions, "--dry-run");
        assert!(planned.output().contains("1 to be created"), "{planned:?}");
    }
    let lists = "actions = []\nask = [\"list-contacts\"]";
    let refused = sync(lists, "--dry-run");
    let why = refused.message(2);
    assert!(why.contains("before each `list-contacts`"), "{why}");
}

#[tokio::test]
async fn what_the_plan_says_of_a_row_is_not_said_again_and_what_it_left_out_is() {
    let rows: String = (0..8).map(|row| format!("Eve {row},letters\n")).collect();
    let (twochat, file) = (
        twochat_with(0).await,
        file("once", "p.csv", format!("name,phone\nA,+595981222331\n{rows}")),
    );
    let ended = sync(&twochat, &file, &["--yes"]);
    let all = format!("{}{}", ended.stdout, ended.stderr);
    for line in 3..=10 {
        assert_eq!(all.matches(&format!("line {line}: ")).count(), 1, "{line}: {all}");
    }
    assert!(ended.stdout.contains("and 3 more") && ended.stderr.contains("8 of 9 rows"), "{all}");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_told_before_anything_else() {
    let twochat = twochat_with(0).await;
    for name in ["nothere.csv", "nothere"] {
        let gone = sync(&twochat, std::path::Path::new(name), &[]);
        assert!(
            gone.message(2).contains(&format!("{name} cannot be read: No such file")),
            "{gone:?}"
        );
    }
}

#[tokio::test]
async fn a_dry_run_shows_the_plan_and_creates_nothing() {
    let (twochat, file) = planned("dry").await;
    let shown = sync(&twochat, &file, &["--dry-run", "--country", "PY"]);
    for line in [
        "left out: Business Fax",
        "8 rows: 3 to be created, 1 there already, 1 double in the file, 3 not usable",
        "  line 2 Ada Lovelace: +595981222331, ada@example.com, ada2@example.com",
        "  line 3 Bob: +595981222332",
        "  line 6 Ada L.: as line 2; adds ada2@example.com to it",
        "  line 9 Gus: 2Chat has it as Ada Lovelace",
    ] {
        assert!(shown.output().lines().any(|it| it == line), "{line}: {shown:?}");
    }
    assert_eq!(shown.code, Some(0), "also with rows that are not usable: {shown:?}");
    let help = sync(&twochat, &file, &["--help"]);
    assert!(help.output().contains("It ends with 0, also where rows are not usable"), "{help:?}");
    let json = sync(&twochat, &file, &["--dry-run", "--output", "json"]);
    let json: Value = json.output().parse().unwrap();
    assert_eq!(counts(&json), "2 new, 1 there, 1 double, 4 unusable", "without a country");
    assert!(json.to_string().contains("give --country"));
    assert_eq!((creations(&twochat), journal(&file).exists()), (0, false));
}

#[tokio::test]
async fn a_row_whose_letters_cannot_be_read_is_not_used_and_the_others_are() {
    let twochat = twochat_with(0).await;
    let rows = [
        "name,phone\nPeña,+595981222331\n".as_bytes(),
        b"Mu\xf1oz,+595981222332\n",
        "Gómez,+595981222333\n".as_bytes(),
    ];
    let file = file("letters", "p.csv", rows.concat());
    let shown = sync(&twochat, &file, &["--dry-run"]);
    assert!(shown.stderr.contains("some letters in line 3 cannot be read as UTF-8"), "{shown:?}");
    let summary = summary(&twochat, &file, &[], 1);
    assert_eq!(counts(&summary), "2 created, 1 unusable");
    let why = summary["rows"][1]["why"].as_str().unwrap();
    assert_eq!(why, "name `Mu\u{fffd}oz` has letters that cannot be read");
}

#[tokio::test]
async fn where_nobody_can_be_asked_nothing_is_sent() {
    let (twochat, file) = planned("asks").await;
    let message = sync(&twochat, &file, &[]).message(2).to_owned();
    assert!(message.contains("--yes") && message.ends_with("Nothing was sent."), "{message}");
    assert_eq!(twochat.requests(), []);
}

#[tokio::test]
async fn on_a_terminal_it_is_asked_and_only_yes_counts() {
    let (twochat, file) = planned("terminal").await;
    let base = twochat.base_url();
    for (answer, created) in [("n", 0), ("", 0), ("y", 2)] {
        let line = format!(
            "printf '{answer}\\n' > '{0}.in'; script -qec \"twochat sync '{0}'\" /dev/null < \
             '{0}.in'; true",
            file.display()
        );
        let shown = on_a_terminal(&line, &asking(&base));
        assert!(shown.contains("Create 2, for an API credit each? [y/N]"), "{shown}");
        assert_eq!(creations(&twochat), created, "{answer}: {shown}");
    }
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused_before_anything_is_sent() {
    let twochat = twochat_with(1).await;
    let cases: [(&str, &str, &[&str], &str); 13] = [
        ("people.csv", "PK\u{3}\u{4}xl", &[], "is a spreadsheet or a zip; export it as CSV"),
        (
            "people.csv",
            "name,phone,Ask\nAda,1,+595981222333\n",
            &[],
            "--map \"Ask=phone\" takes them, --map \"Ask=ignore\" leaves them out. Nothing was",
        ),
        ("people.csv", "who,reach\nAda,+595981222333\n", &[], "such as --map \"reach=phone\""),
        ("people.csv", "name,Mobile\nAda,1\n", &["--map", "Mobil=phone"], "did you mean `Mobile`"),
        ("people.csv", "name,Mobile\nAda,1\n", &["--map", "Mobile=phon"], "did you mean `phone`"),
        (
            "people.csv",
            "name,Mobile\nAda,1\n",
            &["--map", "Mobile=phone", "--map", "Mobile=email"],
            "mapped twice",
        ),
        ("people.csv", "who,what\nAda,1\n", &[], "There are who, what"),
        (
            "people.csv",
            "Number,Kunde,Mobile\n7,Ada,+595981222333\n8,Bo,+595981222334\n",
            &[],
            "no column is known to hold a name; say by --map which does, such as --map \"Kunde=name\"",
        ),
        ("people.csv", "name,phone\n", &[], "has no rows"),
        ("people.csv", "", &[], "has no rows"),
        ("people.xlsx", "name,phone\nAda,1\n", &[], "is a spreadsheet; export it as CSV"),
        ("people.list", "name,phone\nAda,1\n", &[], "say --format"),
        ("people.csv", "name,phone\nAda,1\n", &["--country", "XX"], "two letters"),
    ];
    for (name, text, more, expected) in cases {
        let file = file("misuse", name, text);
        let refused = sync(&twochat, &file, &[&["--yes"], more].concat());
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{refused:?}");
        assert!(refused.stderr.contains(expected), "{expected}: {refused:?}");
        assert!(!journal(&file).exists());
    }
    let missing = sync(&twochat, &file("gone", "x", "").with_file_name("no.csv"), &["--yes"]);
    assert!(missing.message(2).contains("no.csv cannot be read"), "{missing:?}");
    assert_eq!(twochat.requests(), []);
}

#[tokio::test]
async fn every_form_and_encoding_gives_the_same_people() {
    let csv = "Nombre;Teléfono\nPeña;+595981222333\n";
    let utf_16: Vec<u8> =
        csv.replace(';', "\t").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Peña\r\nTEL;TYPE=CELL:+595 981\r\n  222333\r\n\
                PHOTO:https://example.com/a.jpeg\r\nEND:VCARD\r\n";
    let singer = "{\"type\":\"RECORD\",\"stream\":\"s\",\"record\":{\"nombre\":\"Peña\",\"phone\":\"+595981222333\"}}\n";
    for (name, bytes) in [
        ("plain.csv", csv.as_bytes().to_vec()),
        ("mark.csv", [b"\xef\xbb\xbf", csv.as_bytes()].concat()),
        ("unicode.txt", [b"\xff\xfe".to_vec(), utf_16].concat()),
        ("old.csv", b"Nombre;Tel\xe9fono\r\nPe\xf1a;+595981222333\r\n".to_vec()),
        ("rows.jsonl", b"{\"Nombre\":\"Pe\xc3\xb1a\",\"Celular\":[\"+595981222333\"]}\n".to_vec()),
        ("cards.vcf", card.as_bytes().to_vec()),
        ("tap.singer", singer.as_bytes().to_vec()),
    ] {
        let twochat = twochat_with(0).await;
        let file = file("forms", name, bytes);
        assert_eq!(counts(&summary(&twochat, &file, &[], 0)), "1 created", "{name}");
        let sent = twochat.requests().into_iter().find(|request| request.method == "POST").unwrap();
        assert!(sent.body.contains("\"first_name\":\"Peña\""), "{name}: {}", sent.body);
        assert!(sent.body.contains("+595981222333"), "{name}: {}", sent.body);
    }
}

#[tokio::test]
async fn whoever_has_nothing_but_an_address_is_known_by_it() {
    let twochat = twochat_with(0).await;
    let people =
        "name,address\nAda,\"1 Example Street\nSpringfield\"\nAda,1 example street springfield\n";
    let file = file("address", "people.csv", people);
    assert_eq!(counts(&summary(&twochat, &file, &[], 0)), "1 created, 1 double");
    assert_eq!(counts(&summary(&twochat, &file, &[], 0)), "1 there, 1 double");
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_left_as_it_is() {
    let (twochat, file) = planned("journal").await;
    let other = file.with_file_name("notes.txt");
    for text in ["my notes\n", "my notes", "{\"a\": 1}\nx\n"] {
        fs::write(&other, text).unwrap();
        let refused = sync(&twochat, &file, &["--yes", "--journal", other.to_str().unwrap()]);
        assert!(refused.message(2).contains("it is no journal"), "{refused:?}");
        assert_eq!(fs::read_to_string(&other).unwrap(), text);
    }
    assert_eq!(twochat.requests(), []);
}

#[tokio::test]
async fn a_family_with_one_number_and_an_office_with_one_address_stay_several_people() {
    let twochat = twochat_with(0).await;
    let rows = "name,phone,email\n\
        Mum,\"+595981222331, +595212223330\",\n\
        Dad,\"+595981222332, +595212223330\",\n\
        Kid,+595212223330,\n\
        Anna,+595981222334,info@example.com\n\
        Bert,+595981222335,info@example.com\n";
    let file = file("family", "people.csv", rows);
    let shown = sync(&twochat, &file, &["--dry-run"]);
    for line in [
        "  line 3 Dad: +595981222332, +595212223330; shares +595212223330 with line 2, Mum",
        "  line 6 Bert: +595981222335, info@example.com; shares info@example.com with line 5, Anna",
    ] {
        assert!(shown.output().lines().any(|it| it == line), "{line}: {shown:?}");
    }
    assert!(shown.stdout.contains("line 4 Kid: it has +595212223330 of line 2, Mum"), "{shown:?}");
    assert_eq!(counts(&summary(&twochat, &file, &[], 1)), "4 created, 1 unusable");
    let of_both = known(&twochat);
    assert_eq!((of_both["+595212223330"], of_both["info@example.com"]), (2, 2));
    assert_eq!(counts(&summary(&twochat, &file, &[], 1)), "4 there, 1 unusable");
    // Whoever comes later shares it with somebody who is there.
    let aunt = self::file("aunt", "p.csv", "name,phone\nAunt,\"+595981222339, +595212223330\"\n");
    let first = summary(&twochat, &aunt, &[], 0);
    assert_eq!(counts(&first), "1 created", "{first}");
    assert_eq!(first["rows"][0]["notes"][0], "shares +595212223330 with Mum in 2Chat");
    assert_eq!(counts(&summary(&twochat, &aunt, &[], 0)), "1 there");
}

#[tokio::test]
async fn who_shares_a_number_and_has_no_answer_is_not_taken_for_the_other() {
    let twochat = twochat_with(0).await;
    let rows = "name,phone\nMum,+595212223330\n";
    summary(&twochat, &file("mum", "p.csv", rows), &[], 0);
    let dad = file("dad", "p.csv", "name,phone\nDad,\"+595981222332, +595212223330\"\n");
    twochat.switch_on(mock::Fault::CreationLost);
    assert_eq!(counts(&summary(&twochat, &dad, &[], 1)), "1 open");
    twochat.clear();
    assert_eq!(counts(&summary(&twochat, &dad, &[], 0)), "1 created");
}

#[tokio::test]
async fn a_name_that_stands_in_two_columns_is_told() {
    let twochat = twochat_with(0).await;
    let file = file("two-names", "p.csv", "First Name,First Name,phone\nAda,Bob,+595981222331\n");
    let shown = sync(&twochat, &file, &["--dry-run"]);
    let told = "line 2 Ada: +595981222331; First Name `Bob` is left out, as there is `Ada`";
    assert!(shown.output().contains(told), "{shown:?}");
}
