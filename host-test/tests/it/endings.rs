//! `--all`: where the pages end, what could not be read or was lost on the way, and
//! that both are said.

use std::{
    fs,
    io::{BufRead, BufReader},
    ops::Range,
    path::Path,
    process::Stdio,
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{
    paged::{Page, component, page},
    raw::{Raw, Step},
    shell::{Run, asking, command, folder, run, waited},
};

fn all(component: &Path, more: &[&str]) -> Run {
    let component = component.to_str().unwrap();
    let words = ["call", "list", "--page-number", "0", "--component", component, "--all"];
    run(&[&words[..], more].concat(), &[])
}

fn numbers(run: &Run) -> Vec<String> {
    run.stdout.split('"').skip(3).step_by(4).map(str::to_owned).collect()
}

fn rows(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("ROW{number:03}")).collect()
}

#[test]
fn a_short_page_is_no_end_and_an_empty_one_is() {
    let pages = [
        page(0..5, Some(1)),
        page(5..6, Some(2)),
        page(6..9, Some(3)),
        page(0..0, Some(4)),
        page(9..10, None),
    ];
    let ended = all(&component("endings-empty.wasm", &pages), &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!(numbers(&ended), rows(0..9));
}

#[test]
fn a_page_of_which_no_record_can_be_read_is_no_end() {
    let odd = Page { skipped: vec!["$.rows[0]", "$.rows[1]"], ..page(0..0, Some(2)) };
    let pages = [page(0..4, Some(1)), odd, page(4..6, Some(3)), page(0..0, None)];
    let ended = all(&component("endings-odd.wasm", &pages), &[]);
    assert_eq!((ended.code, numbers(&ended)), (Some(0), rows(0..6)), "{ended:?}");
    assert!(ended.stderr.contains("2 records could not be read"), "{ended:?}");
}

#[test]
fn pages_of_which_nothing_can_be_read_do_not_go_on_for_ever() {
    let odd = |n: u32| Page { skipped: vec!["$.rows[0]"], ..page(0..0, Some(n + 1)) };
    let pages: Vec<_> = [page(0..4, Some(1))].into_iter().chain((1..60).map(odd)).collect();
    let ended = all(&component("endings-unread.wasm", &pages), &[]);
    assert_eq!((ended.code, numbers(&ended)), (Some(0), rows(0..4)), "{ended:?}");
    assert!(ended.stderr.contains("20 records could not be read"), "{ended:?}");
    let why = "the last 20 pages brought nothing new, so page 20 is taken for the end";
    assert!(ended.stderr.contains(why), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_warns_of_is_told_with_its_number() {
    let row = json!({ "uuid": "ROW005", "details": [] });
    let warned = json!({ "success": true, "contacts": [row], "errors": ["shard \u{1b}2 is down"] });
    let turns = vec![contacts(0..5, None), reply("200 OK", &warned), contacts(0..0, None)];
    let ended = all_of(turns, &[]).await;
    assert_eq!((ended.code, ended.stdout.lines().count()), (Some(0), 6), "{ended:?}");
    assert!(ended.stderr.contains("twochat: page 1 warns: shard"), "{ended:?}");
    assert!(ended.stderr.contains("2 is down") && !ended.stderr.contains('\u{1b}'), "{ended:?}");
}

#[test]
fn a_total_that_is_not_reached_knows_better_than_a_page_that_names_no_next_one() {
    let first = Page { count: Some(7), ..page(0..4, Some(1)) };
    let pages = [first, page(4..6, None), page(6..7, None), page(0..0, None)];
    let ended = all(&component("endings-total.wasm", &pages), &[]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    assert_eq!(numbers(&ended), rows(0..7));
}

#[test]
fn pages_that_only_repeat_what_came_are_the_end_and_shifted_ones_are_not() {
    // One page came twice, as rows were added meanwhile; the last comes for ever.
    let pages =
        [page(0..3, Some(1)), page(0..3, Some(2)), page(1..4, Some(3)), page(4..6, Some(9))];
    let mut pages = pages.to_vec();
    pages.extend((5..40).map(|next| page(4..6, Some(next.max(9)))));
    for (number, page) in pages.iter_mut().enumerate() {
        page.next = Some(u32::try_from(number).unwrap() + 1);
    }
    let ended = all(&component("endings-repeated.wasm", &pages), &[]);
    assert_eq!((ended.code, numbers(&ended)), (Some(0), rows(0..6)), "{ended:?}");
    let expected =
        "twochat: the last 2 pages brought nothing new, so page 5 is taken for the end\n";
    assert_eq!(ended.stderr, expected);

    let backwards = all(&component("endings-back.wasm", &[page(0..3, Some(0))]), &[]);
    assert_eq!(backwards.code, Some(3), "{backwards:?}");
    assert!(backwards.stderr.contains("page 0 names page 0 as the next"), "{backwards:?}");
}

#[test]
fn rows_that_are_missing_from_a_total_are_told_and_a_count_of_the_page_is_none() {
    let counted = |count, last| {
        let first = Page { count: Some(count), ..page(0..4, Some(1)) };
        [first, Page { count: Some(1), ..page(4..last, Some(2)) }, page(0..0, None)]
    };
    let short = all(&component("endings-short.wasm", &counted(7, 6)), &[]);
    assert_eq!((short.code, numbers(&short).len()), (Some(0), 6));
    let expected = "twochat: 7 rows were expected, 6 came: some may have been deleted or shifted \
                    meanwhile; run it again to be sure\n";
    assert_eq!(short.stderr, expected);
    for (name, count) in [("whole", 6), ("of-page", 4), ("less", 2)] {
        let whole = all(&component(&format!("endings-{name}.wasm"), &counted(count, 6)), &[]);
        assert_eq!((whole.code, whole.stderr.as_str()), (Some(0), ""), "{name}: {whole:?}");
    }
}

#[test]
fn records_that_could_not_be_read_are_told_with_the_place_of_the_first() {
    let mut pages = [page(0..4, Some(1)), page(4..5, Some(2)), page(5..6, None)];
    pages[0].count = Some(9);
    pages[1].skipped = vec!["$.rows[1]", "$.rows[2]"];
    pages[2].skipped = vec!["$.rows[0]"];
    let file = component("endings-skipped.wasm", &pages);
    let run_all = all(&file, &[]);
    assert_eq!((run_all.code, numbers(&run_all).len()), (Some(0), 6));
    let expected = "twochat: 3 records could not be read, the first at $.rows[1] of page 1\n";
    assert_eq!(run_all.stderr, expected, "nine less three are six, so none is missing");
    let words = ["call", "list", "--component", file.to_str().unwrap(), "--page-number"];
    let one = run(&[&words[..], &["2"]].concat(), &[]);
    assert_eq!((one.code, one.stdout.is_empty()), (Some(0), false));
    assert_eq!(one.stderr, "twochat: 1 record could not be read, at $.rows[0]\n");
    let none = run(&[&words[..], &["0"]].concat(), &[]);
    assert_eq!(none.stderr, "");
}

#[test]
fn a_table_of_one_page_says_which_is_next() {
    let file = component("endings-table.wasm", &[page(0..4, Some(1)), page(4..5, None)]);
    let words = ["call", "list", "--component", file.to_str().unwrap(), "--output", "table"];
    let first = run(&[&words[..], &["--page-number", "0"]].concat(), &[]);
    let text = first.output();
    assert!(text.ends_with("page 0 of more; next: --page-number 1\n"), "{text}");
    let last = run(&[&words[..], &["--page-number", "1"]].concat(), &[]);
    assert!(!last.output().contains("next"), "{last:?}");
}

#[test]
fn the_ending_of_a_file_says_its_form_unless_a_flag_does() {
    let folder = folder("endings-form");
    let component = component("endings-form.wasm", &[page(0..4, None)]);
    for (name, flags, first) in [
        ("a.csv", &[][..], "uuid"),
        ("a.CSV", &[], "uuid"),
        ("a.jsonl", &[], "{\"uuid\":\"ROW000\"}"),
        ("a.ndjson", &[], "{\"uuid\":\"ROW000\"}"),
        ("a.txt", &[], "{\"uuid\":\"ROW000\"}"),
        ("b.csv", &["--output", "jsonl"], "{\"uuid\":\"ROW000\"}"),
        ("b.txt", &["--output", "csv"], "uuid"),
        ("c.csv", &["--bom"], "\u{feff}uuid"),
        ("d.xlsx", &["--output", "csv"], "uuid"),
        ("plain", &[], "{\"uuid\":\"ROW000\"}"),
    ] {
        let file = folder.join(name);
        let done = all(&component, &[&["--to", file.to_str().unwrap()], flags].concat());
        assert_eq!(done.output(), "", "{name}");
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!((text.lines().next(), text.lines().count() >= 4), (Some(first), true), "{name}");
    }
    for name in ["e.xlsx", "e.XLSX", "e.tsv", "e.parquet", "e.csv.gz"] {
        let file = folder.join(name);
        let refused = all(&component, &["--to", file.to_str().unwrap()]);
        let why = refused.message(2);
        assert!(why.contains("JSON Lines (.jsonl) or CSV (.csv), and ."), "{why}");
        assert!(why.ends_with("--output jsonl or --output csv") && !file.exists(), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_wait_is_told_once_also_where_no_line_changes() {
    let wait = b"HTTP/1.1 429 No\r\nretry-after: 40\r\ncontent-length: 0\r\n\r\n";
    let server = Raw::in_turn(vec![contacts(0..5, None), vec![Step::Send(wait[..].into())]]).await;
    let words = ["call", "list-contacts", "--results-per-page", "5", "--all"];
    let mut waiting = command(&words, &asking(&server.base_url()));
    let mut waiting = waiting.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut told = String::new();
    BufReader::new(waiting.stderr.take().unwrap()).read_line(&mut told).unwrap();
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    assert_eq!(told, "twochat: page 1: rate-limited: waiting 40 s\n");
}

/// A reply of a server.
fn reply(status: &str, body: &Value) -> Vec<Step> {
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
    vec![Step::Send((head + &body).into())]
}

/// A page of contacts.
fn contacts(numbers: Range<u32>, count: Option<u32>) -> Vec<Step> {
    let row = |number| json!({ "uuid": format!("ROW{number:03}"), "details": [] });
    let rows: Vec<_> = numbers.map(row).collect();
    reply("200 OK", &json!({ "success": true, "contacts": rows, "count": count }))
}

fn refusal(status: &str) -> Vec<Step> {
    reply(status, &json!({ "detail": "Not Found" }))
}

/// All pages of a server that answers so, five rows a page.
async fn all_of(turns: Vec<Vec<Step>>, more: &[&str]) -> Run {
    let server = Raw::in_turn(turns).await;
    let words = ["call", "list-contacts", "--results-per-page", "5", "--all"];
    run(&[&words[..], more].concat(), &asking(&server.base_url()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_refused_after_the_last_row_is_the_end() {
    for status in ["404 Not Found", "400 Bad Request", "422 No"] {
        for (pages, came) in [
            (vec![contacts(0..5, None), contacts(5..8, None)], 8),
            (vec![contacts(0..5, Some(8)), contacts(5..8, Some(8))], 8),
            // As its pages may be that large and no larger.
            (vec![contacts(0..3, None), contacts(3..6, None), contacts(6..8, None)], 8),
            (vec![contacts(0..3, None)], 3),
        ] {
            let ended = all_of([pages, vec![refusal(status)]].concat(), &[]).await;
            assert_eq!((ended.code, ended.stderr.contains('{')), (Some(0), false), "{ended:?}");
            assert_eq!(ended.stdout.lines().count(), came, "{status}");
        }
    }
    let file = folder("endings-refused").join("rows.csv");
    let to = ["--to", file.to_str().unwrap()];
    let pages = vec![contacts(0..5, Some(7)), contacts(5..7, Some(7)), refusal("404 No")];
    assert_eq!(all_of(pages, &to).await.output(), "");
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 8);
    assert!(!file.with_file_name("rows.csv.resume").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_refused_while_rows_are_missing_is_a_failure_that_says_so() {
    let full = "rows may be missing: nothing says that the page before was the last";
    for (pages, why) in [
        (vec![], None),
        (vec![contacts(0..5, Some(9)), contacts(5..8, Some(9))], Some("1 of the rows that were")),
        (vec![contacts(0..5, Some(99))], Some("94 of the rows that were counted are missing")),
        (vec![contacts(0..5, None), contacts(5..10, None)], Some(full)),
        (vec![contacts(0..3, None), contacts(3..6, None)], Some(full)),
    ] {
        let ended = all_of([pages, vec![refusal("404 Not Found")]].concat(), &[]).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("\"not-found\""), "{ended:?}");
        assert_eq!(ended.stderr.contains("is refused; "), why.is_some(), "{ended:?}");
        assert!(ended.stderr.contains(why.unwrap_or_default()), "{ended:?}");
    }
    // What says nothing of a page is no end of them.
    for status in ["401 No", "402 No", "403 No", "405 No", "302 Elsewhere"] {
        let pages = vec![contacts(0..5, None), contacts(5..8, None), refusal(status)];
        assert_eq!(all_of(pages, &["--no-retry"]).await.code, Some(1), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_ends_the_pages_only_where_it_is_about_one_or_gives_no_reason() {
    let refused = |words: &str| reply("404 No", &json!({ "detail": words }));
    let taken = "page 2 is refused, and is taken for the end";
    for (last, words, code, said) in [
        // About the page, however full the one before was.
        (10, "Invalid page.", 0, ""),
        (8, "There is no such PAGE", 0, ""),
        (8, "", 0, taken),
        (8, "Not found.", 0, taken),
        (8, "The channel is gone", 1, "rows may be missing"),
        (10, "That page number is beyond the last one", 0, ""),
        // Of pages, but not that there is none.
        (8, "404 page not found", 1, "rows may be missing"),
        (10, "The page could not be loaded: shard 3 is down", 1, "rows may be missing"),
        (8, "Your plan allows 2 pages, no more", 1, "rows may be missing"),
        (8, "The page number must be at most 1", 1, "rows may be missing"),
        (10, "Not found.", 1, "rows may be missing"),
    ] {
        let pages = vec![contacts(0..5, None), contacts(5..last, None), refused(words)];
        let ended = all_of(pages, &[]).await;
        assert_eq!(ended.code, Some(code), "{words}: {ended:?}");
        assert!(ended.stderr.contains(said), "{words}: {ended:?}");
        assert_eq!(ended.stderr.is_empty(), said.is_empty(), "{words}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_of_any_page_is_heeded() {
    let expected = "twochat: 12 rows were expected, 8 came: ";
    for turns in [
        vec![contacts(0..5, None), contacts(5..8, Some(12)), contacts(0..0, None)],
        vec![contacts(0..5, Some(5)), contacts(5..8, None), contacts(0..0, Some(12))],
        vec![contacts(0..5, Some(12)), contacts(5..8, Some(9)), contacts(0..0, Some(0))],
    ] {
        let ended = all_of(turns, &[]).await;
        assert!(ended.stderr.starts_with(expected) && ended.code == Some(0), "{ended:?}");
    }
    // It does not see what is before the page that it begins with.
    let turns = vec![contacts(5..8, Some(12)), contacts(0..0, Some(12))];
    assert_eq!(all_of(turns, &["--page-number", "1"]).await.stderr, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn details_that_could_not_be_read_are_counted_over_all_pages() {
    let page = |number: u32, odd: usize| {
        let row = json!({ "uuid": format!("ROW{number}"), "details": vec![7; odd] });
        reply("200 OK", &json!({ "success": true, "contacts": [row] }))
    };
    let ended = all_of(vec![page(0, 2), page(1, 0), page(2, 3), contacts(0..0, None)], &[]).await;
    let expected = "5 entries of details could not be read: see unread-details\n";
    assert!(ended.stderr.contains(expected) && ended.code == Some(0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_page_warns_of_is_told_in_every_form() {
    let row = json!({ "uuid": "ROW0", "details": [] });
    let warned = json!({ "success": true, "contacts": [row], "warning": "\u{1b}shards are late" });
    for form in ["json", "jsonl", "csv", "table"] {
        let server = Raw::in_turn(vec![reply("200 OK", &warned)]).await;
        let words = ["call", "list-contacts", "--output", form];
        let ended = run(&words, &asking(&server.base_url()));
        let told = if form == "json" { &ended.stdout } else { &ended.stderr };
        assert!(told.contains("shards are late") && !told.contains('\u{1b}'), "{form}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_broken_export_goes_on_it_knows_how_long_the_page_before_was() {
    for (rows, code) in [(8, 0), (10, 1)] {
        let file = folder("endings-broken").join("rows");
        let to = ["--no-retry", "--to", file.to_str().unwrap()];
        let turns = vec![
            contacts(0..5, None),
            contacts(5..rows, None),
            refusal("500 Broken"),
            refusal("404 Not Found"),
        ];
        let server = Raw::in_turn(turns).await;
        let words = ["call", "list-contacts", "--results-per-page", "5", "--all"];
        for code in [1, code] {
            let ended = run(&[&words[..], &to].concat(), &asking(&server.base_url()));
            assert_eq!(ended.code, Some(code), "{ended:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_whose_file_is_deleted_or_replaced_meanwhile_is_none_that_worked() {
    let slow = [vec![Step::Pause(Duration::from_secs(1))], contacts(5..8, None)].concat();
    for (name, is_replaced) in [("deleted", false), ("replaced", true)] {
        let file = folder("endings-gone").join(name);
        let turns = vec![contacts(0..5, None), slow.clone(), contacts(0..0, None)];
        let server = Raw::in_turn(turns).await;
        let words = ["call", "list-contacts", "--results-per-page", "5", "--all", "--to"];
        let words = [&words[..], &[file.to_str().unwrap()]].concat();
        let mut export = command(&words, &asking(&server.base_url()));
        let export = export.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while fs::read_to_string(&file).is_ok_and(|rows| rows.is_empty()) || !file.exists() {
            thread::sleep(Duration::from_millis(2));
        }
        fs::remove_file(&file).unwrap();
        if is_replaced {
            fs::write(&file, "mine\n").unwrap();
        }
        let ended = waited(export);
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(3), "{said}");
        assert!(said.contains(&format!("{name} was deleted or replaced meanwhile")), "{said}");
        assert!(!said.contains("goes on from there"), "{said}");
        assert_eq!(fs::read_to_string(&file).ok().as_deref(), is_replaced.then_some("mine\n"));
    }
}
