//! Rules that can never be followed are refused before anything is received.

use crate::support::{
    reacting::{CONTACT, Reacting},
    receiver::EVENT,
    shell::{CANARY, Run, run},
};

/// What the policy says of itself, without a receiver.
fn checked(reacting: &Reacting) -> Run {
    let policy = reacting.file("policy.toml");
    let words = ["connections", "--check", "--policy", policy.to_str().unwrap()];
    run(&words, &[("WORK_KEY", CANARY)])
}

#[test]
fn a_rule_that_cannot_be_followed_is_told_with_its_field_and_what_was_meant() {
    for (from, to, expected) in [
        ("create-contact", "create-contcat", "did you mean `create-contact`?"),
        ("arguments.first-name", "arguments.frist-name", "did you mean `first-name`?"),
        (
            "arguments.details",
            "arguments.last-name.x",
            "arguments.last-name: it stands there twice: keep one of them",
        ),
        ("persona = \"writer\"\ncall", "persona = \"writr\"\ncall", "there is no persona `writr`"),
        (
            "persona = \"writer\"\ncall",
            "persona = \"reader\"\ncall",
            "may not call `create-contact`",
        ),
        (
            "{ from = \"contact.first-name\", or = \"Unknown\" }",
            "\"{{contact.first_name}}\"",
            "arguments.first-name: a value of the event is never pasted into a text: write { from = \"contact.first-name\" }",
        ),
        (
            "{ from = \"phone-number\" }",
            "{ event = \"phone-number\" }",
            "arguments.details.0.value: `event` takes nothing from the event: write { from = \"phone-number\" }",
        ),
        ("has = [\"phone-number\"]", "has = \"phone-number\"", "has: expected a list of paths"),
        ("has =", "hass =", "hass: there is no field `hass`; did you mean `has`?"),
        ("call =", "run = [\"/bin/true\"]\ncall =", "expected one of `call`, `run` and `forward`"),
        ("or = \"Unknown\"", "orr = \"Unknown\"", "expected { from = \"path\" }"),
        (
            "conversation.new\"",
            "conversation.nwe\"",
            "on: there is no event `whatsapp.conversation.nwe`; did you mean `whatsapp.conversation.new`?",
        ),
        (
            "on = \"whatsapp.conversation.new\"",
            "on = []",
            "new-contact.on: it names no event: name",
        ),
        ("[rules.new-contact]", "[rules.\"\"]", "a rule needs a name"),
        (
            "{ from = \"contact.first-name\", or = \"Unknown\" }",
            "{ from = \"contact.first-name\", optional = true }",
            "arguments.first-name: it needs `first-name`, so that cannot be optional: write `or",
        ),
        (
            "{ from = \"phone-number\" }",
            "\"415 555\"",
            "new-contact.arguments.details.0.value: expected an international number",
        ),
        (
            "arguments.details",
            "arguments.channel-uuid = \"415 555\"\narguments.details",
            "arguments.channel-uuid: expected a text of the form",
        ),
        (
            "has =",
            "when = { direction = \"incomming\" }\nhas =",
            "when.direction: there is no value `incomming`; did you mean `incoming`?",
        ),
        (
            "has =",
            "when.contact.frist-name = \"A\"\nhas =",
            "when.contact.frist-name: there is no field `frist-name`; did you mean `first-name`?",
        ),
        (
            "has =",
            "when = { channel-phone-number = \"14155550100\" }\nhas =",
            "when.channel-phone-number: expected a text of the form ^[+][1-9][0-9]{7,14}$, not",
        ),
        (
            "has =",
            "when = { content = \"mesage\" }\nhas =",
            "when.content: there is no value `mesage`; did you mean `message`?",
        ),
        (
            "has = [\"phone-number\"]",
            "has = [\"phone-numbr\"]",
            "has.0: there is no field `phone-numbr`; did you mean `phone-number`?",
        ),
        (
            "once-per = \"phone-number\"",
            "once-per = \"number\"",
            "once-per: there is no field `number`",
        ),
        (
            "\"contact.first-name\"",
            "\"contact.firstname\"",
            "arguments.first-name: there is no field `firstname`; did you mean `first-name`?",
        ),
        (
            "\"contact.first-name\"",
            "\"contact\"",
            "arguments.first-name: expected a text, and there stands a record",
        ),
        (
            "\"whatsapp-phone\"",
            "\"whatsap-phone\"",
            "arguments.details.0.kind: there is no value `whatsap-phone`; did you mean `whatsapp-phone`?",
        ),
        (
            "arguments.details",
            "arguments.profile-pic-url = 7\narguments.details",
            "arguments.profile-pic-url: expected a text, not 7",
        ),
        (
            "arguments.first-name = { from = \"contact.first-name\", or = \"Unknown\" }",
            "",
            "arguments: it needs `first-name`",
        ),
    ] {
        let rules = CONTACT.replacen(from, to, 1);
        assert_ne!(rules, CONTACT, "{from}");
        let reacting = Reacting::of("wrong", "http://127.0.0.1:1/open", &rules);
        let (refused, checked) = (reacting.fails(), checked(&reacting));
        for message in [&refused.stderr, &checked.stderr] {
            assert!(message.contains(expected), "{to}: {message}");
            assert!(message.contains("line "), "{message}");
        }
        assert_eq!((refused.code, checked.code), (Some(2), Some(2)), "{checked:?}");
    }
    let whole = Reacting::of("right", "http://127.0.0.1:1/open", CONTACT);
    assert_eq!(checked(&whole).code, Some(0));
}

#[test]
fn a_program_or_a_secret_that_is_not_there_is_told_with_its_line_by_both() {
    let forward =
        |secret: &str| format!("forward = \"https://example.com/hook\"\nsecret = {secret}");
    let malformed = forward("{ env = \"WORK_KEY\" }");
    for (rule, expected) in [
        ("run = [\"/no/such/program\"]", "run: the program /no/such/program cannot be run"),
        (&*forward("{ env = \"NOT_SET\" }"), "secret: the environment variable NOT_SET is not set"),
        (&*malformed, "secret: expected whsec_ and 24 to 64 random bytes"),
        (
            "forward = \"https://10.0.0.1/hook\"\nsecret = { env = \"WORK_KEY\" }",
            "forward: 10.0.0.1 is no address that the target may have",
        ),
    ] {
        let rules = format!("[rules.office]\n{rule}\n");
        let reacting = Reacting::of("not-there", "http://127.0.0.1:1/open", &rules);
        let text = std::fs::read_to_string(reacting.file("policy.toml")).unwrap();
        let field = format!("{} = ", expected.split(':').next().unwrap());
        let before = text.rsplit_once(&format!("\n{field}")).unwrap().0;
        let line = 2 + before.matches('\n').count();
        let told = format!("policy.toml: line {line}: rules.office.{expected}");
        for refused in [reacting.fails(), checked(&reacting)] {
            assert!(refused.stderr.contains(&told), "{told}: {refused:?}");
            assert_eq!(refused.code, Some(2), "{refused:?}");
        }
    }
}

#[test]
fn all_that_cannot_be_followed_is_told_at_once_each_with_its_line() {
    let rules = CONTACT
        .replace("has = [\"phone-number\"]", "has = [\"phone-numbr\"]")
        .replace("\"whatsapp-phone\"", "\"whatsap-phone\"");
    let reacting = Reacting::of("both", "http://127.0.0.1:1/open", &rules);
    let text = std::fs::read_to_string(reacting.file("policy.toml")).unwrap();
    let line = |of: &str| 1 + text.lines().position(|line| line.contains(of)).unwrap();
    let refused = reacting.fails();
    for (of, field) in [("numbr", "has.0"), ("whatsap-phone", "arguments.details.0.kind")] {
        let told = format!("policy.toml: line {}: rules.new-contact.{field}: ", line(of));
        assert!(refused.stderr.contains(&told), "{refused:?}");
    }
}

#[test]
fn a_rule_whose_persona_has_to_ask_somebody_is_refused() {
    let reacting = Reacting::of("asks", "http://127.0.0.1:1/open", CONTACT);
    let text = std::fs::read_to_string(reacting.file("policy.toml")).unwrap();
    for asks in [
        "actions = []\nask = [\"create-contact\"]",
        "actions = [\"create-contact\"]\nask = [\"create-contact\"]",
    ] {
        reacting.write(&text.replacen("actions = [\"create-contact\"]", asks, 1));
        for message in [reacting.fails().message(2), &checked(&reacting).stderr] {
            assert!(
                message.contains("rules.new-contact.persona: the persona `writer` has to ask"),
                "{message}"
            );
        }
    }
}

#[test]
fn an_event_that_is_new_to_everybody_is_taken_where_there_is_a_url_for_it() {
    let rules = CONTACT.replace(EVENT, "whatsapp.story.seen");
    let reacting = Reacting::of("novel", "http://127.0.0.1:1/open", &rules);
    assert!(reacting.fails().message(2).contains("there is no event `whatsapp.story.seen`"));
    reacting.receives(&["--event", "whatsapp.story.seen"]).says("handed on to new-contact");
}

#[test]
fn a_rule_for_an_event_without_a_url_here_is_told_and_others_go_on() {
    let rules = CONTACT.replace(EVENT, "whatsapp.message.received");
    let reacting = Reacting::of("elsewhere", "http://127.0.0.1:1/open", &rules);
    let receiver = reacting.receives(&["--dry-run"]);
    receiver.says("rules.new-contact.on: there is no url for `whatsapp.message.received`");
    let help = run(&["listen", "--help"], &[]);
    assert!(help.output().contains("--public-url"));
}

#[test]
fn an_event_that_nobody_knows_is_received_and_what_may_be_meant_is_told_once() {
    let reacting = Reacting::of("unknown-event", "http://127.0.0.1:1/open", "");
    let meant = "there is no event `whatsapp.mesage.received`; did you mean \
                 `whatsapp.message.received`?";
    let receiver = reacting.receives(&["--event", "whatsapp.mesage.received"]);
    receiver.path("whatsapp.mesage.received");
    let said = receiver.said();
    assert!(said.matches("--event ").count() == 1 && said.contains(meant), "{said}");
}

#[test]
fn the_rule_of_the_help_is_one_that_can_be_followed() {
    let pages = ["listen", "connections"].map(|page| run(&[page, "--help"], &[]));
    for page in &pages {
        let (_, rule) = page.output().split_once("  [rules.new-contact]\n").unwrap();
        let (rule, more) = rule.split_once("\n\n").unwrap();
        assert!(more.contains("host-test/README.md"), "{more}");
        let rule = rule.replace("\"assistant\"", "\"writer\"");
        let rules = format!("[rules.new-contact]\n{rule}");
        let reacting = Reacting::of("help", "http://127.0.0.1:1/open", &rules);
        assert_eq!(checked(&reacting).code, Some(0), "{rules}");
    }
}

#[test]
fn private_addresses_are_advised_only_where_they_help() {
    for (address, more, is_advised) in [
        ("10.0.0.1", "", true),
        ("169.254.169.254", "", false),
        ("100.100.100.200", "private-addresses = true", false),
        ("metadata.google.internal", "", false),
        ("0.0.0.0", "", false),
    ] {
        let rules = format!(
            "[rules.office]\nforward = \"https://{address}/hook\"\n\
             secret = {{ env = \"WORK_KEY\" }}\n{more}\n"
        );
        let reacting = Reacting::of("advised", "http://127.0.0.1:1/open", &rules);
        let refused = reacting.fails().message(2).to_owned();
        assert!(refused.contains(&format!("forward: {address} is ")), "{refused}");
        assert_eq!(refused.contains("allows those of your own"), is_advised, "{refused}");
    }
}
