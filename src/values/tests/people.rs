//! How people are named and reached: what is taken, and what is meant by the rest.

use super::*;

#[test]
fn a_text_holds_something_to_read() {
    assert_taken(Text::of, &["Ada", " Ada ", "艾达", "0", "12 Rue\nde la Paix"]);
    let refused = ["", " ", "\t\r\n", "\u{a0}\u{3000}", "12\u{200B}", "a\u{2028}b", "\u{7}"];
    assert_refused(Text::of, &refused);
}

#[test]
fn a_name_is_one_line_of_what_can_be_seen() {
    assert_taken(Name::of, &["Ada", " Ada ", "艾达", "Zoë", "👩\u{200D}💻 Ada", "می\u{200C}خواهم"]);
    let refused = ["", " ", "\u{3000}", "A\u{200B}da", "Ada\n", "\u{2800}", "\u{FEFF}Ada", "A\tda"];
    assert_refused(Name::of, &refused);
    assert_refused(Name::of, &["Love\u{E0041}lace", "\u{200B}", "L\0"]);
    let why = refusal(Name::of, "A\u{200B}da\u{E0041}");
    assert!(why.ends_with("found \"AU+200BdaU+E0041\""), "{why}");
}

#[test]
fn a_pasted_number_is_refused_with_the_one_to_write() {
    for (pasted, meant) in [
        ("+1 415 555 0123", "+14155550123"),
        ("+1-415-555-0123", "+14155550123"),
        ("+1 (415) 555\u{2011}0123", "+14155550123"),
        ("+1.415.555.0123", "+14155550123"),
        ("tel:+1-415-555-0123", "+14155550123"),
        ("TEL: +14155550123", "+14155550123"),
        ("0014155550123", "+14155550123"),
        ("00 1 415 555 0123", "+14155550123"),
        ("\u{202A}+1\u{a0}415\u{a0}555\u{a0}0123\u{202C}", "+14155550123"),
        ("＋１４１５５５５０１２３", "+14155550123"),
        ("+١٤١٥٥٥٥٠١٢٣", "+14155550123"),
        ("+1 415 555 \u{2212} 0123", "+14155550123"),
        (" +14155550123\n", "+14155550123"),
    ] {
        let why = refusal(PhoneNumber::of, pasted);
        assert!(why.contains(&format!("; write {meant}; found")), "{why}");
    }
    for unclear in [
        "415 555 0123",
        "14155550123",
        "0415 5550123",
        "+44 (0)20 7946 0958",
        "+595 0981 222 333",
        "+44-020-7946-0958",
        "+1 415 555 0123 x5",
        "+1 415 555 0123 / 0124",
        "+14155550123, +14155550124",
        "+14155550123 +14155550124",
        "+1 415 555 0123;ext=5",
        "tel:4155550123",
        "telephone",
        "000 14155550123",
        "+1 415",
        "call me",
        "",
    ] {
        let why = refusal(PhoneNumber::of, unclear);
        assert!(!why.contains("write"), "{why}");
    }
}

#[test]
fn a_domain_has_only_what_a_domain_can_have() {
    let long = ["ada@", &"a".repeat(63), ".com"].concat();
    assert_taken(
        Email::of,
        &[
            "ada@xn--bcher-kva.example",
            "ada@bücher.example",
            "ada@пример.example",
            "ada@例え.example",
            "ada@उदाहरण.example",
            "ada@a-b.c3.example",
            "ada@1.example",
            &long,
        ],
    );
    let too_long = ["ada@", &"a".repeat(64), ".com"].concat();
    assert_refused(
        Email::of,
        &[
            "ada@exam_ple.com",
            "ada@exam!ple.com",
            "ada@example.com/path",
            "ada@example.com?x",
            "ada@exam$ple.com",
            "ada@exam%ple.com",
            "ada@'example'.com",
            "ada@192.0.2.1",
            "ada@example。com",
            "ada@example．com",
            "ada@exam❤ple.com",
            "ada@exam😀ple.com",
            "ada@exam–ple.com",
            "ada@exam\u{200B}ple.com",
            "ada@exam\u{AD}ple.com",
            "a\u{200D}da@example.com",
            "a\u{E0041}da@example.com",
            &too_long,
        ],
    );
}

#[test]
fn a_phone_number_has_a_plus_and_8_to_15_digits() {
    assert_taken(PhoneNumber::of, &["+14155550123", "+12345678", "+123456789012345"]);
    assert_refused(
        PhoneNumber::of,
        &[
            "",
            "+",
            "14155550123",
            "0014155550123",
            "+1234567",
            "+1234567890123456",
            "+04155550123",
            "+1 415 555 0123",
            "+1-415-555-0123",
            "+1415555O123",
            "++14155550123",
            " +14155550123",
            "+14155550123\n",
            "+１４１５５５５０１２３",
            "+١٢٣٤٥٦٧٨٩",
        ],
    );
}

#[test]
fn an_email_address_has_one_at_sign_and_a_domain_with_a_dot() {
    assert_taken(
        Email::of,
        &["ada@example.com", "ada.lovelace+2chat@mail.example.com", "o'hara@example.ie"],
    );
    assert_refused(
        Email::of,
        &[
            "",
            "@",
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "ada@@example.com",
            "ada@home@example.com",
            "ada@example..com",
            "ada@.example.com",
            "ada@example.com.",
            ".ada@example.com",
            "a..da@example.com",
            "ada@-example.com",
            "ada@example-.com",
            "ada lovelace@example.com",
            "ada@example.com ",
            "ada@example.com\r\nbcc: eve@example.com",
            "Ada <ada@example.com>",
            "ada@example.com,eve@example.com",
            "ada@[127.0.0.1]",
            "\"ada\"@example.com",
        ],
    );
}

#[test]
fn an_email_address_is_no_longer_than_mail_can_carry() {
    let local = |length: usize| ["a".repeat(length).as_str(), "@example.com"].concat();
    let domain = |length: usize| ["ada@", &"a.".repeat((length - 8) / 2), "com"].concat();
    assert_taken(Email::of, &[&local(64), &domain(253)]);
    assert_refused(Email::of, &[&local(65), &domain(257)]);
}
