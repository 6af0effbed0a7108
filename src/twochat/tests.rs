//! How a request is made from a call and the settings.

use proptest::prelude::*;

use super::*;
use crate::text::find;

const KEY: &str = "UAK0c9f1d8e-1111-4222-8333-444455556666";

fn settings(variables: &[(&str, &str)]) -> Settings {
    from_variables(variables).unwrap()
}

fn from_variables(variables: &[(&str, &str)]) -> Result<Settings> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Settings::from_variables(variables.iter().map(owned))
}

fn with_key() -> Settings {
    settings(&[("TWOCHAT_API_KEY", KEY)])
}

fn header<'r>(request: &'r Request, sought: &str) -> Vec<&'r str> {
    let named = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(sought));
    named.map(|(_, value)| core::str::from_utf8(value).unwrap()).collect()
}

#[test]
fn without_settings_calls_go_to_2chat_and_unsigned() {
    let request = sign(Call::get("/info"), &settings(&[]));
    assert_eq!((request.method, request.https), (Method::Get, true));
    assert_eq!(request.authority, "api.p.2chat.io");
    assert_eq!(request.path_and_query, "/open/info");
    assert_eq!(header(&request, "x-user-api-key"), [""; 0]);
}

#[test]
fn blank_settings_and_those_of_others_count_as_none() {
    for variables in [
        &[("TWOCHAT_BASE_URL", ""), ("TWOCHAT_API_KEY", "")][..],
        &[("TWOCHAT_BASE_URL", " \n"), ("TWOCHAT_API_KEY", "\t ")],
        &[("PATH", "/bin"), ("API_KEY", "other"), ("twochat_api_key", "other")],
        &[("TWOCHAT_API_KEY ", "other"), ("TWOCHAT_BASE_URL_2", "http://evil.example")],
    ] {
        let request = sign(Call::get("/info"), &settings(variables));
        assert!(request == sign(Call::get("/info"), &settings(&[])), "{variables:?}");
    }
}

#[test]
fn a_base_url_moves_every_call() {
    for (base, expected) in [
        ("http://127.0.0.1:8080/open", (false, "127.0.0.1:8080", "/open/info")),
        (" https://twochat.example/a/b/ \n", (true, "twochat.example", "/a/b/info")),
        ("https://twochat.example", (true, "twochat.example", "/info")),
    ] {
        let request = sign(Call::get("/info"), &settings(&[("TWOCHAT_BASE_URL", base)]));
        let address = (request.https, &*request.authority, &*request.path_and_query);
        assert_eq!(address, expected, "{base}");
    }
}

#[test]
fn settings_that_cannot_be_used_are_named_and_not_shown() {
    for (setting, value) in [
        ("TWOCHAT_BASE_URL", "http://evil-secret.example"),
        ("TWOCHAT_BASE_URL", "https://user:secret@twochat.example"),
        ("TWOCHAT_BASE_URL", "https://twochat.example?key=secret"),
        ("TWOCHAT_BASE_URL", "secret"),
        ("TWOCHAT_API_KEY", "secret\r\nx-evil: 1"),
    ] {
        let failure = from_variables(&[("PATH", "/bin"), (setting, value)]).unwrap_err();
        assert_eq!((failure.kind, failure.status), (ErrorKind::Misconfigured, None), "{value}");
        assert!(failure.message.contains(setting), "{}", failure.message);
        assert!(failure.message.contains("Expected"), "{}", failure.message);
        assert!(!failure.message.contains("secret"), "{}", failure.message);
    }
}

#[test]
fn the_key_is_in_its_header_and_nowhere_else() {
    let call = Call::post("/contacts", br#""Ada""#.to_vec());
    let request = sign(call, &settings(&[("TWOCHAT_API_KEY", &[" ", KEY, "\n"].concat())]));
    assert_eq!(header(&request, "x-user-api-key"), [KEY]);

    let holds_key = |bytes: &[u8]| find(&String::from_utf8_lossy(bytes), KEY).is_some();
    assert_eq!(request.headers.iter().filter(|(_, value)| holds_key(value)).count(), 1);
    assert!(!request.path_and_query.contains(KEY) && !request.authority.contains(KEY));
    assert!(!request.body.as_deref().is_some_and(holds_key));
}

#[test]
fn the_debug_text_of_settings_does_not_show_the_key() {
    assert!(!format!("{:?}", with_key()).contains(KEY));
}

#[test]
fn a_get_or_a_delete_asks_for_json_and_has_no_body() {
    for (call, method) in
        [(Call::get("/webhooks"), Method::Get), (Call::delete("/webhooks"), Method::Delete)]
    {
        let request = sign(call, &with_key());
        assert_eq!((request.method, &*request.path_and_query), (method, "/open/webhooks"));
        assert_eq!(header(&request, "accept"), ["application/json"]);
        assert!(header(&request, "user-agent")[0].starts_with("twochat-connector/0."));
        assert_eq!(request.body, None);
        for name in ["content-type", "content-length", "host", "connection", "transfer-encoding"] {
            assert_eq!(header(&request, name), [""; 0], "{name}");
        }
    }
}

#[test]
fn a_body_tells_the_exact_length_of_its_json() {
    type Make = fn(&str, Vec<u8>) -> Call;
    let methods: [(Method, Make); 3] =
        [(Method::Post, Call::post), (Method::Put, Call::put), (Method::Patch, Call::patch)];
    let texts = ["", "Ada", "é艾\u{1f600}\"\\\n"].map(|text| serde_json::to_vec(text).unwrap());
    for (text, (method, make)) in
        texts.into_iter().flat_map(|text| methods.map(|it| (text.clone(), it)))
    {
        let request = sign(make("/contacts", text.clone()), &settings(&[]));
        let body = request.body.clone().unwrap();
        assert_eq!((request.method, &*request.path_and_query), (method, "/open/contacts"));
        assert_eq!(body, text);
        assert_eq!(header(&request, "content-type"), ["application/json"]);
        assert_eq!(header(&request, "content-length"), [body.len().to_string()]);
        assert_eq!(header(&request, "host"), [""; 0]);
    }
}

#[test]
fn what_has_a_meaning_in_a_query_is_escaped() {
    let query = vec![
        ("a", "+14155550123".to_owned()),
        ("b", "x&y=z #?/%".to_owned()),
        ("c", "é\r\n".to_owned()),
        ("d", String::new()),
        ("e", "A-z.0_~".to_owned()),
    ];
    let request = sign(Call { query, ..Call::get("/contacts") }, &settings(&[]));
    assert_eq!(
        request.path_and_query,
        "/open/contacts?a=%2B14155550123&b=x%26y%3Dz%20%23%3F%2F%25&c=%C3%A9%0D%0A&d=&e=A-z.0_~"
    );
}

#[test]
fn an_id_is_one_segment_of_the_path() {
    let request = sign(Call::delete("/contacts").with_id("CON-1/a?x#y%2F z\r\né"), &settings(&[]));
    let escaped = "/open/contacts/CON-1%2Fa%3Fx%23y%252F%20z%0D%0A%C3%A9";
    assert_eq!(request.path_and_query, escaped);
}

proptest! {
    #[test]
    fn any_argument_comes_back_from_the_query_as_it_went_in(value in "(?s).{0,40}") {
        let query = vec![("q", value.clone()), ("r", "end".to_owned())];
        let request = sign(Call { query, ..Call::get("/contacts") }, &settings(&[]));
        let escaped = request.path_and_query.strip_prefix("/open/contacts?q=").unwrap();
        let escaped = escaped.strip_suffix("&r=end").unwrap();
        let mut bytes = Vec::new();
        let mut rest = escaped.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                let digits = core::str::from_utf8(&digits).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
            } else {
                prop_assert!(byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
                bytes.push(byte);
            }
        }
        prop_assert_eq!(String::from_utf8(bytes).unwrap(), value);
    }
}

#[test]
fn the_world_states_what_is_asked_for() {
    let world = include_str!("../../wit/world.wit");
    let states = |line: String| assert!(world.contains(&line), "{line}");
    let (origin, path) = DEFAULT_BASE_URL.split_once("/open").unwrap();
    states(format!("/// Origin: {origin}\n/// Path: /open{path}\n"));
    states(format!("/// Key setting: {API_KEY_SETTING}. "));
    states(format!("/// Base URL setting: {BASE_URL_SETTING}. "));
    assert!(world.to_lowercase().contains(&format!("/// key header: {API_KEY_HEADER}\n")));
}
