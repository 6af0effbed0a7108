//! Which values are taken, and how hostile ones are refused.

use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;

mod people;

const CHANNEL: &str = "WPN66037eca-9ad1-4c96-9eff-526a90a48c77";

/// Takes an argument of this name, or refuses it.
type Of<'t, T> = fn(&str, &'t str) -> error::Result<T>;

fn assert_taken<'t, T>(of: Of<'t, T>, texts: &[&'t str]) {
    for text in texts {
        assert!(of("field", text).is_ok(), "{text:?} was refused");
    }
}

fn assert_refused<'t, T>(of: Of<'t, T>, texts: &[&'t str]) {
    for text in texts {
        assert!(of("field", text).is_err(), "{text:?} was taken");
    }
}

fn refusal<'t, T>(of: Of<'t, T>, text: &'t str) -> String {
    let failure = of("field", text).err().unwrap();
    assert_eq!(failure.field.as_deref(), Some("field"));
    failure.message
}

fn key(text: &str) -> ApiKey {
    ApiKey::parse(text).unwrap().unwrap()
}

#[test]
fn a_web_url_is_absolute_and_http_or_https() {
    assert_taken(
        WebUrl::of,
        &[
            "https://example.com",
            "HTTP://EXAMPLE.COM/ADA.JPEG",
            "https://example.com/ada.jpeg?size=200#face",
            "https://example.com:8443/ada.jpeg",
            "https://[2001:db8::1]/ada.jpeg",
            "https://bücher.example/ada.jpeg",
        ],
    );
    assert_refused(
        WebUrl::of,
        &[
            "",
            "example.com/ada.jpeg",
            "//example.com/ada.jpeg",
            "https:/example.com",
            "https://",
            "https:///ada.jpeg",
            "https://?ada",
            "ftp://example.com/ada.jpeg",
            "javascript:alert(1)",
            "data:image/png;base64,AAAA",
            "file:///etc/passwd",
            " https://example.com",
            "https://example.com/a b",
            "https://example.com\\@evil.example",
            "https://example.com/\r\nHost: evil.example",
            "https://example.com:port",
            "https://example.com:",
        ],
    );
}

#[test]
fn a_channel_is_a_whatsapp_prefix_and_a_uuid() {
    assert_taken(
        ChannelUuid::of,
        &[
            CHANNEL,
            "WAN66037eca-9ad1-4c96-9eff-526a90a48c77",
            "WPN66037ECA-9AD1-4C96-9EFF-526A90A48C77",
        ],
    );
    assert_refused(
        ChannelUuid::of,
        &[
            "",
            "WPN",
            "66037eca-9ad1-4c96-9eff-526a90a48c77",
            "DID66037eca-9ad1-4c96-9eff-526a90a48c77",
            "wpn66037eca-9ad1-4c96-9eff-526a90a48c77",
            "WPN-66037eca-9ad1-4c96-9eff-526a90a48c77",
            "WPN66037eca9ad14c969eff526a90a48c77",
            "WPN66037eca-9ad1-4c96-9eff-526a90a48c7",
            "WPN66037eca-9ad1-4c96-9eff-526a90a48c777",
            "WPN66037eca-9ad1-4c96-9eff-526a90a48c7g",
            "WPN66037eca-9ad1-4c96-9eff-526a90a48c77&page_number=1",
            "WPN66037ec\u{e9}-9ad1-4c96-9eff-526a90a48c7",
        ],
    );
}

#[test]
fn a_channel_reads_as_it_came() {
    assert_eq!(&*ChannelUuid::of("", CHANNEL).unwrap(), CHANNEL);
}

#[test]
fn a_refusal_quotes_the_text_and_shows_a_good_value() {
    for (why, quoted, shown) in [
        (refusal(Name::of, " "), "\" \"", "Ada"),
        (refusal(PhoneNumber::of, "call me"), "\"call me\"", "+14155550123"),
        (refusal(Email::of, "ada"), "\"ada\"", "ada@example.com"),
        (refusal(WebUrl::of, "ada.jpeg"), "\"ada.jpeg\"", "https://example."),
        (refusal(ChannelUuid::of, "1"), "\"1\"", CHANNEL),
    ] {
        assert!(why.ends_with(quoted) && why.contains(shown), "{why}");
    }
}

#[test]
fn every_good_value_that_a_refusal_shows_is_taken() {
    fn example(why: String) -> String {
        let (_, example) = why.rsplit_once("for example ").unwrap();
        example.split_once("; found ").unwrap().0.to_owned()
    }
    assert!(Name::of("", &example(refusal(Name::of, ""))).is_ok());
    assert!(Text::of("", &example(refusal(Text::of, ""))).is_ok());
    assert!(PhoneNumber::of("", &example(refusal(PhoneNumber::of, ""))).is_ok());
    assert!(Email::of("", &example(refusal(Email::of, ""))).is_ok());
    assert!(WebUrl::of("", &example(refusal(WebUrl::of, ""))).is_ok());
    assert!(ChannelUuid::of("", &example(refusal(ChannelUuid::of, ""))).is_ok());
}

#[test]
fn a_base_url_is_split_into_what_a_request_needs() {
    for (text, https, authority, path) in [
        ("https://api.p.2chat.io/open", true, "api.p.2chat.io", "/open"),
        ("https://api.p.2chat.io/open/", true, "api.p.2chat.io", "/open"),
        ("https://api.p.2chat.io", true, "api.p.2chat.io", ""),
        ("https://api.p.2chat.io/", true, "api.p.2chat.io", ""),
        ("HTTPS://example.com:8443/a/b//", true, "example.com:8443", "/a/b"),
        ("https://[2001:db8::1]:8443/open", true, "[2001:db8::1]:8443", "/open"),
        ("http://127.0.0.1:8080/open", false, "127.0.0.1:8080", "/open"),
        ("http://127.255.0.9", false, "127.255.0.9", ""),
        ("http://[::1]:8080/open", false, "[::1]:8080", "/open"),
        ("http://[::1]", false, "[::1]", ""),
        ("http://localhost:65535", false, "localhost:65535", ""),
        ("http://LocalHost/open", false, "LocalHost", "/open"),
    ] {
        let expected = BaseUrl { https, authority: authority.into(), path: path.into() };
        assert_eq!(BaseUrl::parse(text), Ok(expected), "{text}");
    }
}

#[test]
fn http_is_taken_only_to_this_machine() {
    for text in [
        "http://api.p.2chat.io/open",
        "http://example.com",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1.",
        "http://127.0.0",
        "http://127.1",
        "http://2130706433",
        "http://0x7f.0.0.1",
        "http://127.0.0.256",
        "http://127.0.0.+1",
        "http://127.0.0.",
        "http://127..0.1",
        "http://128.0.0.1",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "http://localhost.evil.example",
        "http://evil-localhost",
        "http://localhost.",
        "http://127.0.0.1%2eevil.example",
        "http://[::2]",
        "http://[::]",
        "http://[::ffff:10.0.0.1]",
        "http://[2001:db8::1]",
    ] {
        let why = BaseUrl::parse(text).expect_err(text);
        assert!(why.contains("loopback"), "{text}: {why}");
    }
}

#[test]
fn a_number_that_other_readers_take_as_octal_is_not_this_machine() {
    // inet_aton, and with it many name lookups, reads 0127 as 87.
    for text in ["http://0127.0.0.1", "http://00127.0.0.1:8080/open"] {
        assert!(BaseUrl::parse(text).is_err(), "{text} was taken");
    }
}

#[test]
fn user_info_is_refused_wherever_it_points() {
    for text in [
        "https://user:pw@example.com",
        "https://user@example.com/open",
        "https://@example.com",
        "http://localhost@evil.example",
        "http://localhost:8080@evil.example/open",
        "http://evil.example@localhost",
        "http://a@b@127.0.0.1",
    ] {
        let why = BaseUrl::parse(text).expect_err(text);
        assert!(why.contains("user info"), "{text}: {why}");
        assert!(!why.contains("pw"), "{why}");
    }
}

#[test]
fn only_a_path_may_follow_the_host() {
    for text in [
        "https://example.com?key=1",
        "https://example.com/open?key=1",
        "https://example.com#open",
        "https://example.com/open#",
        "http://localhost?@evil.example",
        "http://localhost#@evil.example",
    ] {
        let why = BaseUrl::parse(text).expect_err(text);
        assert!(why.contains("query or a fragment"), "{text}: {why}");
    }
}

#[test]
fn what_readers_could_split_differently_is_no_base_url() {
    for text in [
        "",
        "api.p.2chat.io/open",
        "https",
        "https:",
        "https://",
        "https:///open",
        "https://:443",
        "https://@",
        "https:/example.com",
        "ftp://example.com",
        "httpss://example.com",
        "http://localhost\\@evil.example",
        "http://evil.example\\@localhost",
        "https://example.com\\open",
        "https://exam ple.com",
        "https://example.com/op en",
        "https://example.com\r\nx-user-api-key: planted",
        "https://example.com/open\u{0}",
        "https://example.com/\u{7f}",
        "https://example.com:",
        "https://example.com:0",
        "https://example.com:70000",
        "https://example.com:-1",
        "https://example.com:+1",
        "https://example.com:8o",
        "https://example.com:80:80",
        "https://::1",
        "https://[::1",
        "https://::1]",
        "https://[::1]evil.example",
        "https://[::1]:",
        "https://[example.com]",
        "https://[]",
        "https://{host}",
        "é",
        "httpé://example.com",
    ] {
        assert!(BaseUrl::parse(text).is_err(), "{text:?} was taken");
    }
}

#[test]
fn a_base_url_is_ascii() {
    for text in [
        "https://bücher.example",
        "https://example.com/öffnen",
        "http://127.0.0.１",
        "http://①27.0.0.1",
    ] {
        let why = BaseUrl::parse(text).expect_err(text);
        assert!(why.contains("outside ASCII"), "{text}: {why}");
    }
}

#[test]
fn a_key_is_taken_whatever_its_shape_less_the_space_around_it() {
    for (text, expected) in [
        ("my_api_key_value", "my_api_key_value"),
        ("\t my_api_key_value \r\n", "my_api_key_value"),
        ("two words", "two words"),
        ("ключ", "ключ"),
        ("x", "x"),
    ] {
        assert_eq!(key(text).header_value(), expected.as_bytes());
    }
}

#[test]
fn a_blank_key_is_none() {
    for text in ["", " ", "\r\n\t"] {
        assert!(ApiKey::parse(text).unwrap().is_none(), "{text:?}");
    }
}

#[test]
fn a_key_with_control_characters_is_refused_without_being_shown() {
    for text in ["secret\r\nx-evil: 1", "sec\0ret", "sec\tret", "secret\u{7f}!", "sec\u{85}ret"] {
        let why = ApiKey::parse(text).unwrap_err();
        assert!(!why.contains("sec"), "{why}");
    }
}

#[test]
fn the_debug_text_of_a_key_does_not_show_it() {
    assert_eq!(format!("{:?}", key("my_api_key_value")), "ApiKey");
    assert_eq!(format!("{:#?}", Some(key("my_api_key_value"))), "Some(\n    ApiKey,\n)");
}

#[test]
fn every_occurrence_of_a_key_is_masked() {
    let key = key("my_api_key_value");
    for (text, expected) in [
        ("", ""),
        ("nothing here", "nothing here"),
        ("my_api_key_value", "[key]"),
        ("my_api_key_valuemy_api_key_value", "[key][key]"),
        ("known: my_api_key_value, again: my_api_key_value!", "known: [key], again: [key]!"),
        ("émy_api_key_valueé", "é[key]é"),
        ("my_api_key_valu", "my_api_key_valu"),
    ] {
        assert_eq!(key.mask(text.to_owned()), expected);
    }
}

#[test]
fn even_a_short_key_is_masked() {
    assert_eq!(key("1234").mask("id 1234".to_owned()), "id [key]");
}

/// Urls made of the parts with which one host is passed off as another.
fn tricky_url() -> impl Strategy<Value = String> {
    const NUMBERS: &[&str] = &["127", "0127", "0", "1", "01", "255", "256", "0x7f", "+1", ""];
    const PARTS: &[&str] = &[
        "127.0.0.1",
        "localhost",
        "[::1]",
        "::1",
        "[",
        "]",
        ".",
        ":",
        ":8080",
        "@",
        "/",
        "/open",
        "\\",
        "?",
        "#",
        "%2e",
        "evil.example",
        "é",
        "\n",
    ];
    let scheme = prop::sample::select(vec!["http://", "http://", "https://", "HTTP://", "http:"]);
    let quad = prop::collection::vec(prop::sample::select(NUMBERS), 3..6).prop_map(|n| n.join("."));
    let quad = prop::option::of(quad).prop_map(Option::unwrap_or_default);
    let parts = prop::collection::vec(prop::sample::select(PARTS), 0..5);
    (scheme, quad, parts)
        .prop_map(|(scheme, quad, parts)| [scheme, &quad, &parts.concat()].concat())
}

proptest! {
    #[test]
    fn no_text_makes_a_value_panic(text in "(?s).{0,80}", url in tricky_url()) {
        for text in [text, url] {
            let _ = Text::of("", &text);
            let _ = PhoneNumber::of("", &text);
            let _ = Email::of("", &text);
            let _ = WebUrl::of("", &text);
            let _ = ChannelUuid::of("", &text);
            let _ = BaseUrl::parse(&text);
            let _ = ApiKey::parse(&text);
        }
    }

    #[test]
    fn a_number_is_taken_exactly_in_the_form_of_e164(text in "\\+?[0-9]{6,17}[0-9 a]?") {
        let digits = text.strip_prefix('+').unwrap_or("");
        let expected = (8..=15).contains(&digits.chars().count())
            && digits.chars().all(|c| c.is_ascii_digit())
            && !digits.starts_with('0');
        prop_assert_eq!(PhoneNumber::of("", &text).is_ok(), expected);
    }

    #[test]
    fn http_leads_only_to_this_machine(url in tricky_url()) {
        if let Ok(BaseUrl { https: false, authority, .. }) = BaseUrl::parse(&url) {
            let host = match authority.rsplit_once(':') {
                Some((host, port)) if port.parse::<u16>().is_ok() => host,
                _ => authority.as_str(),
            };
            // The standard library's reader takes no octal numbers.
            let is_127 = host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
            prop_assert!(is_127 || host == "localhost" || host == "[::1]", "{}", url);
        }
    }

    #[test]
    fn a_taken_base_url_can_stand_in_a_request(url in tricky_url()) {
        if let Ok(base) = BaseUrl::parse(&url) {
            prop_assert!(!base.authority.is_empty());
            prop_assert!(!base.authority.contains(['@', '/', '?', '#', '\\']));
            prop_assert!(base.path.is_empty() || base.path.starts_with('/'));
            prop_assert!(!base.path.ends_with('/') && !base.path.contains(['?', '#', '\\']));
            prop_assert!(!url.contains(char::is_control) && url.is_ascii());
        }
    }

    #[test]
    fn a_taken_key_can_stand_in_a_header(text in "(?s).{0,40}") {
        if let Ok(Some(key)) = ApiKey::parse(&text) {
            prop_assert!(!key.header_value().is_empty());
            prop_assert!(key.header_value().iter().all(|byte| *byte >= b' ' && *byte != 0x7f));
        }
    }

    #[test]
    fn a_masked_text_never_holds_the_key(
        secret in "[A-Za-z0-9_-]{8,40}",
        around in prop::collection::vec("(?s).{0,9}", 1..5),
    ) {
        let masked = key(&secret).mask(around.join(&secret));
        prop_assert!(!masked.contains(&secret), "{}", masked);
    }
}
