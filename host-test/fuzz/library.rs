//! Whatever a component, a vendor or an operator's file says: the library never panics,
//! and hides what is to be hidden.

mod mutation;

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use self::mutation::{any_json, fuzz, mutated, mutated_text};
use crate::{
    docs::Docs,
    gate::path::is_plain,
    hiding::Hiding,
    imports::Outline,
    log::{self, Ended, Log},
    policy::Policy,
    proxy::Proxy,
    secret::Secret,
};

const SECRET: &str = "secret-8Kd2";

/// Texts that say it, as vendors say things.
const TEXTS: &[&str] = &[
    r#"{"hook_url": "secret-8Kd2", "a": [1, {"b": "canary-4Zt9wQ"}]}"#,
    r#"[{"hook-url":{"token":"secret-8Kd2"}},{"HOOK_URL":["secret-8Kd2"]},7,"x"]"#,
    r#"{"params": "{\"hook_url\":\"secret-8Kd2\",\"k\":\"canary-4Zt9wQ\"}"}"#,
    "{\"hook_url\":\"secret-8Kd2\"}\n{\"hook_url\":null}\n{\"key\":\"canary-4Zt9wQ\"}",
    r#""{\"a\":\"{\\\"hook_url\\\":\\\"secret-8Kd2\\\"}\"}""#,
    r#"{'hook_url': 'secret-8Kd2'} // canary-4Zt9wQ"#,
    "hook_url=secret-8Kd2&key=canary-4Zt9wQ",
    "no key at all, and a long line of prose: with a colon",
];

/// Whether a strict reader finds the key anywhere, or a member that was to be hidden,
/// in the value or in the JSON of its texts.
fn shows(value: &Value, key: &str) -> Option<String> {
    match value {
        Value::String(text) if text.contains(key) => Some(text.clone()),
        Value::String(text) => {
            let inner = serde_json::Deserializer::from_str(text.trim_start_matches('\u{FEFF}'));
            inner.into_iter().map_while(Result::ok).find_map(|inner| shows(&inner, key))
        }
        Value::Array(items) => items.iter().find_map(|item| shows(item, key)),
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let is_masked = name.to_lowercase().replace('_', "-") == "hook-url";
            if name.contains(key) || (is_masked && value.to_string().contains(SECRET)) {
                return Some(format!("{name}: {value}"));
            }
            shows(value, key)
        }),
        _ => None,
    }
}

#[test]
fn neither_the_key_nor_a_masked_member_is_found_in_what_is_shown() {
    let masks = ["hook-url".to_owned()];
    fuzz("hiding", |u| {
        let key = *u.choose(&["canary-4Zt9wQ", "can\\ary\"4Z", "canary/4Zt9 wQ"])?;
        let say = |text: String| text.replace("canary-4Zt9wQ", key);
        let mut text = say(mutated_text(u, TEXTS)?);
        for _ in 0..u.int_in_range(0..=2)? {
            text = json!({ "text": text, "hook_url": SECRET, "b": [key] }).to_string();
        }
        let mut value = match u.int_in_range(0..=3)? {
            0 => serde_json::from_str(&text).unwrap_or(Value::Null),
            1 => json!({ "hook-url": any_json(u, 2)?, key: text, "other": any_json(u, 2)? }),
            2 => json!([text, [[{ "name": text }]]]),
            _ => json!(text),
        };
        let before = value.to_string();
        let secret = Secret::new(key).unwrap();
        Hiding::of(Some(&secret), &masks).hide(&mut value);
        assert_eq!(shows(&value, key), None, "{before}\n{value}");
        // Nor where only a lenient reader would find it.
        let shown = value.to_string();
        for bare in [r#"\"hook_url\": \"secret-8Kd2"#, "'hook_url': 'secret-8Kd2"] {
            assert!(!shown.contains(bare), "{before}\n{shown}");
        }
        Ok(())
    });
}

const POLICIES: &[&str] = &[
    r#"default-persona = "reader"
[connections.work]
base-url = "https://api.example.com/v1"
secret = { age = "work.age", identity = "identity.txt" }
methods = ["GET"]
private-addresses = true
at-once = 2
requests-per-call = 3
reply-bytes = 100000
proxy = "http://user:pass@proxy.example:3128"
[personas.reader]
connection = "work"
actions = ["look"]
mask = ["value"]
show = ["hook-url"]
[audit]
redact = ["value"]
"#,
    "[connections.\"a b\"]\nsecret = { env = \"KEY\" }\nrevoked = true\n",
    "[connections.a]\nsecret = { command = [\"/bin/cat\", \"key\"] }\nca = \"roots.pem\"\nproxy = false\n",
];

#[test]
fn a_policy_is_taken_or_refused_in_one_line() {
    fuzz("policy", |u| {
        let text = mutated_text(u, POLICIES)?;
        match Policy::parse(&text) {
            Ok(policy) => {
                let names = policy.personas().keys().map(|name| Some(name.as_str()));
                for name in names.chain([None]) {
                    let _ = policy.grant(name);
                }
            }
            Err(why) => assert!(!why.contains('\n') && why.len() < 1_000, "{why}"),
        }
        Ok(())
    });
}

const PACKAGE: &str = "package a:b@1.0.0;\n/// All.\ninterface actions {\n  use types.{thing};\n\
    \x20 /// Look.\n  ///\n  /// Title: A look\n  /// Effect: reads. Repeating: safe.\n\
    \x20 look: func(it: thing) -> result<list<thing>, string>;\n}\ninterface types {\n\
    \x20 /// A thing.\n  record thing {\n    /// Limits: 1..100\n    /// Example: 7\n    n: u8,\n\
    \x20   /// Sensitive: x.\n    url: option<string>,\n  }\n}\nworld w { export actions; }\n";

#[test]
fn a_package_of_docs_is_read_or_is_none() {
    fuzz("docs", |u| {
        let wit = mutated_text(u, &[PACKAGE])?;
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(wit.as_bytes()).unwrap();
        let packed = packed.finish().unwrap();
        let packed = if u.ratio(1, 4)? { mutated(u, &[&packed])? } else { packed };
        let mut component = b"\0asm\x0d\0\x01\0".to_vec();
        let mut section = vec![14];
        section.extend_from_slice(b"wit-package.gz");
        section.extend_from_slice(&packed);
        component.push(0);
        let length = u32::try_from(section.len()).unwrap();
        component.extend([
            (length & 127) as u8 | 128,
            (length >> 7 & 127) as u8 | 128,
            (length >> 14) as u8,
        ]);
        component.extend(section);
        let component = if u.ratio(1, 4)? { mutated(u, &[&component])? } else { component };
        let docs = Docs::of(&component);
        assert!(docs.about(&["actions"]).len() < 10_000);
        assert!(docs.function("actions", "look").is_none() || docs.wit().contains("look"));
        let _ = (docs.imports(), docs.exports(), docs.sensitive(), Outline::of(&component));
        Ok(())
    });
}

#[test]
fn a_plain_segment_is_a_name_however_often_it_is_decoded() {
    const SEGMENTS: &[&str] = &[
        "contacts",
        "..",
        "%2e%2e",
        "%252e%252e",
        "a%2Fb",
        "..;v=1",
        "caf%C3%A9",
        "．．",
        "..%00",
    ];
    fuzz("segments", |u| {
        let mut segment = mutated_text(u, SEGMENTS)?.replace(['/', '?', '#'], "");
        let was = segment.clone();
        if is_plain(&segment) {
            for _ in 0..3 {
                let name = segment.split(';').next().unwrap_or_default().trim();
                assert!(
                    name != "." && name != ".." && !segment.contains(['/', '\\', '\0']),
                    "{was}"
                );
                segment = percent_decoded(&segment);
            }
        }
        Ok(())
    });
}

fn percent_decoded(text: &str) -> String {
    let form = format!("a={}", text.replace('+', "%2B").replace('&', "%26"));
    let decoded = url::form_urlencoded::parse(form.as_bytes()).next();
    decoded.map(|(_, value)| value.into_owned()).unwrap_or_default()
}

#[test]
fn a_proxy_shows_no_password() {
    const URLS: &[&str] = &[
        "http://user:pass-8Kd2@proxy.example:3128",
        "https://user:pass-8Kd2@[2001:db8::1]/",
        "user:pass-8Kd2@proxy",
        "http://proxy.example",
        "socks5://user:pass-8Kd2@proxy:1080",
    ];
    fuzz("proxies", |u| {
        let url = mutated_text(u, URLS)?;
        let shown = match Proxy::new(&url) {
            Ok(proxy) => format!("{proxy:?}"),
            Err(why) => why.to_string(),
        };
        // What a change moved elsewhere is no password.
        let has_password = url.contains(":pass-8Kd2@") && url.matches("pass-8Kd2").count() == 1;
        assert!(!has_password || !shown.contains("pass-8Kd2"), "{url}: {shown}");
        Ok(())
    });
}

#[test]
fn a_log_is_read_whatever_stands_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::open(&folder.path().join("log")).unwrap();
    for user in ["7", "8"] {
        let asked = json!({ "user": user, "action": "look", "arguments": { "a": [1, "b"] } });
        let mut open = log.start(serde_json::from_value(asked).unwrap()).unwrap();
        open.finish(&mut Ended { result: Some(json!("good")), ..Ended::default() }).unwrap();
    }
    let sample = std::fs::read(log.path()).unwrap();
    assert_eq!(log::read(log.path(), 3, |_| true).unwrap().calls.len(), 2);
    let file = tempfile::NamedTempFile::new().unwrap();
    fuzz("log", |u| {
        std::fs::write(file.path(), mutated(u, &[&sample, b""])?).unwrap();
        let found = log::read(file.path(), u.int_in_range(0..=3)?, |_| true).unwrap();
        assert!(found.calls.len() <= 3);
        Ok(())
    });
}
