//! The contract as a page: sound, whole, of nothing but itself, and unmoved by what a
//! stranger's docs say.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use host::{docs::Docs, imports::Outline, reference};
use wit_parser::{TypeDefKind, UnresolvedPackageGroup};

use crate::support::{
    CONNECTOR,
    described::{WIT, edited, gzip, with_docs},
    everything::{EVERYTHING_WAT, HOST},
    names,
    shell::{fed, run},
};

/// What a page is made of; nothing of it runs, and nothing is fetched.
const ELEMENTS: [&str; 33] = [
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "nav",
    "main",
    "header",
    "footer",
    "section",
    "article",
    "div",
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "a",
    "code",
    "pre",
    "span",
    "strong",
    "figure",
    "figcaption",
    "em",
    "br",
];

/// A page that is sound.
struct Page {
    html: String,
    /// What stands between its tags.
    text: String,
    ids: BTreeSet<String>,
}

impl Page {
    /// Reads it, and proves what holds for every page.
    fn read(html: &str) -> Self {
        let body = html.strip_prefix("<!DOCTYPE html>").expect("a page of HTML");
        let (mut open, mut ids, mut links) = (Vec::new(), BTreeSet::new(), Vec::new());
        let (mut text, mut rest) = (String::new(), body);
        while let Some((before, behind)) = rest.split_once('<') {
            assert!(!before.contains('>') || open.last() == Some(&"style"), "{before}");
            text += before;
            let (tag, behind) = behind.split_once('>').expect("a tag ends");
            rest = behind;
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "closed where it is not open");
                text.push(' ');
                continue;
            }
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            assert!(ELEMENTS.contains(&name), "an element <{tag}>");
            for attribute in attributes.split_inclusive('"').collect::<Vec<_>>().chunks(2) {
                let [name, value] = attribute else { panic!("{tag}") };
                let (name, value) = (name.trim(), value.trim_end_matches('"').to_owned());
                match name {
                    "id=\"" => assert!(ids.insert(value.clone()), "two of {value}"),
                    "href=\"" => links.push(value),
                    "class=\"" | "aria-label=\"" | "lang=\"" => {}
                    _ => assert!(tag.starts_with("meta "), "<{tag}> has {name}"),
                }
            }
            if name != "meta" {
                open.push(name);
            }
        }
        assert_eq!((open, rest), (Vec::new(), ""), "not closed");
        for link in links {
            assert!(ids.contains(link.strip_prefix('#').expect(&link)), "{link} leads nowhere");
        }
        assert!(html.contains("default-src 'none'") && !html.contains("url("));
        Self { html: html.to_owned(), text, ids }
    }

    /// Of the component of every type, with this WIT as its docs.
    fn of(wit: &str) -> Self {
        let bytes = with_docs(wat::parse_str(EVERYTHING_WAT).unwrap(), &gzip(wit.as_bytes()));
        assert_eq!(Docs::of(&bytes).wit(), wit, "it is no WIT");
        Self::of_component(&bytes)
    }

    fn of_component(bytes: &[u8]) -> Self {
        let connector = HOST.load(bytes).unwrap_or_else(|error| panic!("{error}"));
        let outline = Outline::of(bytes).unwrap();
        Self::read(&reference::page(&connector, &outline, "its digest", bytes.len()))
    }

    fn has(&self, part: &str) {
        assert!(self.html.contains(part), "{part}: {}", self.html);
    }

    /// What follows the place until the next.
    fn at(&self, id: &str) -> &str {
        let place = format!(" id=\"{id}\"");
        let (_, behind) = self.html.split_once(&place).unwrap_or_else(|| panic!("{id}"));
        behind.split(" id=\"").next().unwrap()
    }
}

fn own() -> Page {
    Page::read(run(&["tools", "--reference"], &[]).output())
}

#[test]
fn the_page_of_the_connector_has_a_place_for_all_of_its_contract() {
    let page = own();
    let wit = Docs::of(CONNECTOR).wit().to_owned();
    let package = UnresolvedPackageGroup::parse("package.wit", &wit).unwrap().main;
    let mut places: Vec<_> = names().iter().map(|name| format!("actions.{name}")).collect();
    let types = package.interfaces.iter().find(|(_, it)| it.name.as_deref() == Some("types"));
    for (name, id) in &types.unwrap().1.types {
        places.push(format!("types.{name}"));
        let place = |member: &str| format!("types.{name}.{member}");
        match &package.types[*id].kind {
            TypeDefKind::Record(it) => places.extend(it.fields.iter().map(|it| place(&it.name))),
            TypeDefKind::Enum(it) => places.extend(it.cases.iter().map(|it| place(&it.name))),
            other => panic!("{other:?}"),
        }
    }
    assert!(places.len() > 100, "{places:?}");
    for place in places {
        assert!(page.ids.contains(&place), "{place}");
    }
    let found = run(&["inspect", "--output", "json"], &[]).result();
    page.has(found["sha256"].as_str().unwrap());
    for import in found["imports"].as_array().unwrap() {
        page.has(import["name"].as_str().unwrap());
    }
    for said in
        ["https://api.p.2chat.io/open", "GET, POST, DELETE", "x-user-api-key", "TWOCHAT_BASE_URL"]
    {
        page.has(said);
    }
    assert!(
        !page.text.contains("Origin:") && !page.text.contains("Title: Create"),
        "{}",
        page.text
    );
}

#[test]
fn a_component_that_can_be_read_only_once_has_a_page_too() {
    let words = "tools --reference --component /dev/stdin --allow-import wasi:cli".split(' ');
    let piped = fed(&words.collect::<Vec<_>>(), &[], CONNECTOR.to_vec());
    assert_eq!(piped.output(), own().html);
}

#[test]
fn the_page_of_the_connector_says_what_a_caller_must_know() {
    let page = own();
    for (id, said) in [
        ("types.webhook-subscription.hook-url", "sensitive"),
        ("types.contact-query.results-per-page", "Limits: 1 to 100"),
        ("types.contact-query.results-per-page", "optional"),
        ("types.new-contact.first-name", "Characters: 1 or more"),
        ("types.new-contact.details", "Entries: 1 or more"),
        ("types.new-contact.details", "[{kind: whatsapp-phone, value: &quot;+14155550123&quot;}]"),
        ("types.new-contact.details", "list&lt;<a href=\"#types.new-contact-detail\">"),
        ("types.error-kind.unauthorized", "Replace the key."),
        ("actions.list-contacts", "each call costs one API credit"),
        ("actions.list-contacts", "-&gt; result&lt;<a href=\"#types.contact-page\">"),
    ] {
        assert!(page.at(id).contains(said), "{id}: {}", page.at(id));
    }
    assert!(!page.at("types.new-contact.first-name").contains("optional"));
    // Shown with the action that takes it, and the error apart from the values.
    let place = |id: &str| page.html.find(&format!(" id=\"{id}\"")).unwrap();
    assert!(place("actions.create-contact") < place("types.new-contact"));
    assert!(place("types.new-contact") < place("actions.get-api-usage-info"));
    assert!(place("_errors") < place("types.retry") && place("types.retry") < place("_types"));
    page.has("create-contact({first-name: &quot;Ada&quot;, details: [");
}

#[test]
fn a_stranger_s_contract_is_shown_with_the_same_care() {
    let page = Page::of(WIT);
    for (id, said) in [
        ("actions.echo", "Echo of all"),
        ("things.everything.u8", "Limits: 1 to 100"),
        ("things.everything.pair", "tuple&lt;<a href=\"#things.span\">span</a>"),
        ("things.everything.maybe", "<a href=\"#things.perhaps\">perhaps</a>"),
        ("things.shape.line", "From here to there."),
        ("things.rights.share", "To give away."),
        ("things.tag", "another name"),
        ("actions.remind.about", "Characters: 1 to 80"),
        ("actions.remind", "not safe, it reminds twice."),
        ("actions.fail", "effect not said"),
    ] {
        let rest = &page.html[page.html.find(&format!(" id=\"{id}\"")).unwrap()..];
        let overview = page.at("_overview");
        assert!(rest.contains(said) || overview.contains(said), "{id} {said}: {rest}");
    }
    page.has("<p>What can be done with things.</p><p>Two paragraphs of it.</p>");
    page.has("Where it sends requests, and how it gets a key, it does not say.");
}

#[test]
fn a_component_without_docs_says_so() {
    let page = Page::of_component(&wat::parse_str(EVERYTHING_WAT).unwrap());
    page.has("This file carries no docs.");
    for action in ["echo", "remind", "fail"] {
        assert!(page.at(&format!("actions.{action}")).contains("does not say what this action"));
    }
    let other = Page::of("package a:b;\ninterface more {\n  /// Unseen.\n  f: func();\n}\n");
    assert!(!other.text.contains("carries no docs") && !other.text.contains("Unseen"));
}

#[test]
fn docs_of_other_types_than_an_action_has_are_not_shown() {
    for (line, by) in [
        ("    %u8: u8,", "    %u8: u16,"),
        ("    %u8: u8,", "    number: u8,"),
        ("    maybe: perhaps,", "    maybe: u32,"),
        ("    red,", "    blue,"),
        ("    line(u32),", "    line(inner),"),
        ("    share,", "    give,"),
        ("    pair: tuple<span, tag>,", "    pair: tuple<tag>,"),
        ("    outcome: result<u8, tag>,", "    outcome: result<u8>,"),
        ("(value: everything) -> everything;", "(value: everything);"),
        ("(value: everything) -> everything;", "(it: everything) -> everything;"),
    ] {
        let page = Page::of(&edited(line, by));
        let echo = page.at("actions.echo");
        assert!(echo.contains("other types than this action has"), "{by}: {echo}");
        assert!(!page.text.contains("Give a thing") && !page.ids.contains("things.inner"), "{by}");
        assert!(page.at("actions.remind").contains("it reminds twice"), "{by}");
    }
    let page = Page::of(&edited("  fail: func() -> result;", "  fall: func() -> result;"));
    page.has("Only in its docs, and not in the file: <code>fall</code>.");
}

#[test]
fn a_stranger_s_docs_put_nothing_into_the_page() {
    let evil = "</style></dd><script>alert(1)</script>\"><img src=x onerror='a()'> & &lt; `<b>\"`";
    let escaped = "&lt;/style&gt;&lt;/dd&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&gt;\
                   &lt;img src=x onerror='a()'&gt; &amp; &amp;lt; <code>&lt;b&gt;&quot;</code>";
    // Wherever docs may stand, and behind each form.
    let lines = WIT.lines().map(|line| {
        let (indent, said) = line.split_at(line.len() - line.trim_start().len());
        match said.strip_prefix("/// ") {
            Some(form) if form.starts_with("Title: ") => format!("{indent}/// Title: {evil}"),
            Some(form) if form.starts_with("Effect: ") => {
                format!("{indent}/// Effect: {evil} Repeating: {evil}")
            }
            Some("Example: \"word\"") => {
                format!("{indent}/// Example: {}", serde_json::json!(evil))
            }
            Some(form) if form.starts_with("Limits: ") || form.starts_with("Example: ") => {
                line.to_owned()
            }
            Some(_) => format!("{indent}/// {evil}\n{indent}///\n{indent}/// - {evil}"),
            None => line.to_owned(),
        }
    });
    let world = format!(
        "/// {evil}\n///\n/// Origin: https://a.example\n/// Methods: GET\n/// Key header: x-key\n\
         /// Key setting: KEY. {evil}\nworld w {{ export actions; }}\n"
    );
    let page = Page::of(&(lines.collect::<Vec<_>>().join("\n") + &world));
    assert!(page.html.matches(escaped).count() > 30, "{}", page.html);
    let wrong = world.replace("https://a.example", &format!("https://{evil}"));
    Page::of(&format!("{WIT}{wrong}")).has("What it states cannot be used");
}

#[test]
fn names_that_are_the_same_have_places_of_their_own() {
    let page = Page::of(
        "package actions:types@0.1.0;
         interface actions {
           use types.{subject};
           enum color { red, dark-green }
           remind: func(minutes: u8, about: option<subject>);
           fail: func() -> result;
         }
         interface types {
           use errors.{subject as other};
           type subject = other;
         }
         interface errors { type subject = overview; type overview = string; }
         world overview { use errors.{subject}; export actions; }",
    );
    for id in ["types.subject", "types.other", "errors.subject", "errors.overview"] {
        assert!(page.ids.contains(id), "{id}: {:?}", page.ids);
    }
    assert!(!page.ids.contains("actions.subject"), "it is only used there");
}

#[test]
fn docs_without_end_make_a_page_with_one() {
    let words = "/// word word word word\n".repeat(3_000);
    let long = "word ".repeat(50_000);
    let ticks = "`` ` ".repeat(20_000);
    for docs in [words, format!("/// {long}\n"), format!("/// {ticks}\n").repeat(3)] {
        let started = Instant::now();
        let page = Page::of(&edited("  /// Give a thing\n", &docs));
        assert!(page.html.len() < 60_000, "{} bytes", page.html.len());
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    }
    // Types upon types, of which no action takes or gives any.
    let tower = |of: fn(usize) -> String| {
        let types: String =
            (1..10_000).map(|n| format!("  type t{n} = {};\n", of(n - 1))).collect();
        let wit =
            edited("  type span = u8;", &format!("  type t0 = u8;\n{types}  type span = t9999;"));
        let started = Instant::now();
        assert!(Page::of(&wit).html.len() < 60_000);
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    };
    tower(|n| format!("t{n}"));
    tower(|n| format!("list<t{n}>"));
    tower(|n| format!("tuple<t{n}, t{n}>"));
}
